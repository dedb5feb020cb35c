import type { SeriesSum } from '../measure/series-sum.ts'
import { Totals } from '../measure/totals.ts'
import { phaseTime } from '../plan/phase-time.ts'
import { currentSchedules } from '../verdict/current-plan.ts'
import { phaseSpan } from '../verdict/recorded-time.ts'
import type { RunRecord } from '../verdict/run-record.ts'
import { toMs } from './distribution.ts'
import { type Loop, loops, phasesOf, stepsOf } from './metric-rows.ts'
import type { LatencyBands, Timeline } from './result.ts'

const mostRows = 600

/** What the charts show: at most 600 rows of equal width, each the exact merge of its seconds. The drain belongs to it. */
export function buildTimeline(record: RunRecord): Timeline {
  const lengthS = lengthOf(record)
  const stepS = Math.max(1, Math.ceil(lengthS / mostRows))
  const rows: Row[] = []
  for (let fromS = 0; fromS < lengthS; fromS += stepS) {
    rows.push({ fromS, toS: fromS + stepS, seconds: Math.min(stepS, lengthS - fromS) })
  }
  const present = loops.filter((loop) => phasesOf(record, loop).length > 0)
  const loop = present[0] ?? 'open'
  const requests = new Map(present.map((of) => [of, requestSums(record, of, rows)]))
  const iterations = new Map(present.map((of) => [of, iterationRates(record, of, rows)]))
  const both = [...requests.values()]
  const rateOf = (row: Row, at: number) =>
    both.reduce((count, sums) => count + (sums[at]?.count ?? 0), 0) / row.seconds
  return {
    stepS,
    atS: rows.map((row) => row.fromS),
    plannedRate: plannedRates(record, rows),
    iterationRate: rows.map((_, at) =>
      [...iterations.values()].reduce((sum, rates) => sum + (rates[at] ?? 0), 0),
    ),
    requestRate: rows.map(rateOf),
    loop,
    loopIterationRate: iterations.get(loop) ?? rows.map(() => 0),
    ...bandsOf(requests.get(loop) ?? []),
    closed: present.length === 2 ? bandsOf(requests.get('closed') ?? []) : null,
    errors: errorRates(both, rows),
    pacerLagP99: pacerLags(record, rows),
    cpuMax: highestCpu(record, rows),
  }
}

interface Row {
  readonly fromS: number
  readonly toS: number
  /** Of the run; the last row may reach beyond it. */
  readonly seconds: number
}

/** One row's requests: what is kept of a sum, so that 600 rows do not keep 600 histograms. */
interface RowSum {
  readonly count: number
  readonly errors: ReadonlyMap<string, number>
  readonly bands: Readonly<Record<keyof LatencyBands, number | null>>
}

/** Whole seconds up to the last phase's end, or to the last sample where that is later. */
function lengthOf(record: RunRecord): number {
  const ends = record.test.load.map((_, phase) => Math.ceil(phaseSpan(record, phase).to / 1_000_000))
  const last = record.metrics.seconds?.last ?? -1
  const reached = Math.min(Math.max(0, ...ends), Math.ceil(record.endedAt / 1_000_000))
  return Math.max(1, reached, last + 1)
}

function requestSums(record: RunRecord, loop: Loop, rows: readonly Row[]): readonly RowSum[] {
  const series = stepsOf(record, phasesOf(record, loop))
  return rows.map(({ fromS, toS }) => rowSum(record.metrics.window(series, fromS, toS)))
}

function rowSum(sum: SeriesSum): RowSum {
  const { response } = sum
  const at = (p: number) => toMs(response.percentile(p))
  return {
    count: sum.count,
    errors: new Map(sum.errors),
    bands: { p50: at(50), p75: at(75), p90: at(90), p95: at(95), p99: at(99), max: toMs(response.max) },
  }
}

function bandsOf(sums: readonly RowSum[]): LatencyBands {
  const column = (band: keyof LatencyBands) => sums.map((sum) => sum.bands[band])
  return {
    p50: column('p50'),
    p75: column('p75'),
    p90: column('p90'),
    p95: column('p95'),
    p99: column('p99'),
    max: column('max'),
  }
}

function iterationRates(record: RunRecord, loop: Loop, rows: readonly Row[]): readonly number[] {
  const phases = phasesOf(record, loop)
  const series = record.table.select((key) => key.kind === 'iteration' && phases.includes(key.phase))
  return rows.map(({ fromS, toS, seconds }) => record.metrics.counters(series, fromS, toS).count / seconds)
}

/** Of the recorded open phases, as they were steered: (Λ(t₂) − Λ(t₁)) ÷ (t₂ − t₁) over each row; 0 while paused, null where none of them runs. */
function plannedRates(record: RunRecord, rows: readonly Row[]): readonly (number | null)[] {
  const schedules = currentSchedules(record)
  const open = phasesOf(record, 'open').flatMap((phase) => {
    const schedule = schedules[phase]
    const { from, to } = phaseSpan(record, phase)
    return schedule ? [{ phase, schedule, from, to }] : []
  })
  return rows.map(({ fromS, toS, seconds }) => {
    const active = open.filter(({ from, to }) => from < toS * 1_000_000 && to > fromS * 1_000_000)
    if (active.length === 0) return null
    const arrivals = active.map(({ phase, schedule, to }) => {
      const before = (at: number) =>
        schedule.expectedBefore(phaseTime(record.epochs, phase, Math.min(at, to)) / 1000)
      return before(toS * 1_000_000) - before(fromS * 1_000_000)
    })
    return arrivals.reduce((sum, count) => sum + count, 0) / seconds
  })
}

/** Failed requests per second by error, by name; open and closed together: counts may be. */
function errorRates(
  sums: readonly (readonly RowSum[])[],
  rows: readonly Row[],
): Readonly<Record<string, readonly number[]>> {
  const names = new Set(sums.flatMap((of) => of.flatMap((sum) => [...sum.errors.keys()])))
  return Object.fromEntries(
    [...names]
      .toSorted()
      .map((name) => [
        name,
        rows.map(
          ({ seconds }, at) =>
            sums.reduce((count, of) => count + (of[at]?.errors.get(name) ?? 0), 0) / seconds,
        ),
      ]),
  )
}

function pacerLags(record: RunRecord, rows: readonly Row[]): readonly (number | null)[] {
  const phases = loops.flatMap((loop) => phasesOf(record, loop))
  return rows.map(({ fromS, seconds }) => {
    const lag = new Totals()
    for (let second = fromS; second < fromS + seconds; second++) {
      lag.addAll(record.metrics.lagsOfSecond(phases, second).pacerLag)
    }
    return toMs(lag.percentile(99))
  })
}

/** The busiest thread of all workers, of one core. */
function highestCpu(record: RunRecord, rows: readonly Row[]): readonly (number | null)[] {
  const stepS = (rows[0]?.toS ?? 1) - (rows[0]?.fromS ?? 0)
  const highest: (number | null)[] = rows.map(() => null)
  for (const worker of record.metrics.workers) {
    for (const { at, health } of worker.health) {
      const row = Math.min(rows.length - 1, Math.floor(at / 1_000_000 / stepS))
      const cpu = Math.max(0, ...health.threads.map((thread) => thread.cpu))
      highest[row] = Math.max(highest[row] ?? 0, cpu)
    }
  }
  return highest
}
