import { BreakwaterError } from '../error.ts'
import type { RequestError } from './request-error.ts'
import type { SeriesTable } from './series.ts'
import { histogramKinds, seriesCounters } from './series-sum.ts'
import type { Interval, Snapshot } from './snapshot.ts'
import { checkSparse } from './totals.ts'

/** Seconds of ten years: what lies beyond is no measurement. */
const latestSecond = 315_360_000

/** Before anything of it is merged, so that a snapshot counts as a whole or not at all. Throws BreakwaterError `bad-message`. */
export function checkSnapshot(table: SeriesTable, snapshot: Snapshot): void {
  if (!Number.isSafeInteger(snapshot.sequence) || snapshot.sequence < 1) {
    throw refused(snapshot, `its number is ${snapshot.sequence}`)
  }
  for (const interval of snapshot.intervals) {
    if (!Number.isInteger(interval.second) || interval.second < 0 || interval.second > latestSecond) {
      throw refused(snapshot, `it holds a second ${interval.second}`)
    }
    checkInterval(table, interval, snapshot)
  }
  for (const interval of snapshot.totals ?? []) checkInterval(table, interval, snapshot)
}

/** `of`: the snapshot that it is said to be part of, where it is one. */
export function checkInterval(table: SeriesTable, interval: Interval, of: Snapshot | null = null): void {
  for (const delta of interval.series) {
    if (table.keys[delta.series] === undefined) {
      throw refused(of, `it holds series ${delta.series}, and the LoadTest has ${table.keys.length}`)
    }
    for (const counter of seriesCounters) {
      if (!isCount(delta[counter])) throw refused(of, `${counter} is ${delta[counter]}`)
    }
    for (const name in delta.errors) {
      const count = delta.errors[name as RequestError]
      if (!isCount(count)) throw refused(of, `errors ${name} is ${count}`)
    }
    for (const kind of histogramKinds) checkSparse(delta[kind])
  }
  for (const lag of interval.lags) {
    if (table.recorded[lag.phase] !== true) {
      throw refused(of, `it holds lags of phase ${lag.phase}, which is not recorded`)
    }
    checkSparse(lag.sendLag)
    checkSparse(lag.pacerLag)
  }
}

function isCount(value: number | undefined): boolean {
  return Number.isSafeInteger(value) && (value as number) >= 0
}

function refused(of: Snapshot | null, what: string): BreakwaterError {
  const subject = of === null ? 'what was kept of this run' : `snapshot ${of.sequence} of worker ${of.worker}`
  return new BreakwaterError('bad-message', `${subject} is malformed: ${what}`, {
    hint: 'Controller and workers must run the same version of Breakwater and the same LoadTest.',
  })
}
