import { count, longTime, percent, plural, time } from './number-format.ts'
import { percentileLimits } from './objective-view.ts'
import type { MetricRow, ResultDocument } from './result.ts'

/** What the figures mean for people who use the target: a few sentences without terms of the trade. */
export function plainWords(document: ResultDocument): readonly string[] {
  const totals = document.metrics.filter((row) => row.scope === 'total')
  return [
    ...totals.flatMap((row) => speed(row, totals.length > 1)),
    ...slowShare(document),
    ...totals.flatMap((row) => failures(row, totals.length > 1)),
    ...turnedAway(document),
    ...standing(document),
  ]
}

function speed(row: MetricRow, apart: boolean): readonly string[] {
  const { p50, p95, p99 } = row.responseMs
  if (p50 === null || p95 === null || p99 === null) return ['No request was measured.']
  const who = apart ? ` (${row.loop} phases)` : ''
  return [
    `Of ${plural(row.count, 'request')}${who}, half were done within ${time(p50)}, 95 in 100 within ${time(p95)}, and 99 in 100 within ${time(p99)}.`,
  ]
}

/** Read off the percentile curve, so to a few percent. */
function slowShare({ objectives, curves, metrics }: ResultDocument): readonly string[] {
  const broken = percentileLimits(objectives.filter((objective) => objective.result === 'fail'))
  return curves.flatMap(({ loop, points }) => {
    const total = metrics.find((row) => row.scope === 'total' && row.loop === loop)
    return broken.flatMap(({ limitMs, ok }) => {
      const within = points.findLast(
        (point) =>
          (ok ? point.okMs : point.ms) !== null && ((ok ? point.okMs : point.ms) as number) <= limitMs,
      )
      const share = 1 - (within?.percentile ?? 0) / 100
      if (total === undefined || share <= 0) return []
      const hourly = share * total.rate * 3600
      return [
        `About ${oneIn(share)} took longer than the limit of ${time(limitMs)}; at this load that is ${aboutHourly(hourly)}.`,
      ]
    })
  })
}

function failures(row: MetricRow, apart: boolean): readonly string[] {
  const who = apart ? ` of the ${row.loop} phases` : ''
  if (row.count === 0) return []
  if (row.errors === 0) return [`No request${who} failed.`]
  const [most] = Object.entries(row.errorsBy).toSorted(([, a], [, b]) => b - a)
  const share = row.errors / row.count
  return [
    `${capital(oneIn(share))}${who} failed (${percent(share)})${most === undefined ? '' : `, most often with ${most[0]}`}; at this load that is ${aboutHourly(share * row.rate * 3600)}.`,
  ]
}

function turnedAway({ ledger }: ResultDocument): readonly string[] {
  const { in_flight: waiting } = ledger.skippedBy
  if (waiting === 0) return []
  return [
    `${plural(waiting, 'user')} would have found no room (${percent(waiting / ledger.planned)} of those planned): so much work was waiting for the target that they were not let in.`,
  ]
}

function standing({ verdict, ended, startedAt, endedAt }: ResultDocument): readonly string[] {
  const lasted = longTime((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)
  switch (verdict) {
    case 'pass':
      return []
    case 'fail':
      return ended === 'finished' ? [] : [`The run was ended after ${lasted}, before its time.`]
    case 'inconclusive':
      return [
        'This run does not answer whether the target is good enough: mend what the verdict names, then run it again.',
      ]
    default:
      return verdict satisfies never
  }
}

/** one request in 83; 1.5 of 2 would be odd, so large shares are in ten. */
function oneIn(share: number): string {
  if (share >= 0.95) return 'nearly every request'
  if (share > 0.3) return `${Math.round(share * 10)} of 10 requests`
  return `one request in ${count(Math.round(1 / share))}`
}

function aboutHourly(perHour: number): string {
  if (perHour < 1) return 'less than one an hour'
  const rough = Number(perHour.toPrecision(2))
  return `about ${count(Math.round(rough))} an hour`
}

function capital(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
