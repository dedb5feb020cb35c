import type { RunRecord } from '../verdict/run-record.ts'
import { csvLine } from './csv.ts'
import { toMs } from './distribution.ts'

const head = [
  'phase',
  'scenario',
  'kind',
  'name',
  'from_s',
  'length_s',
  'count',
  'ok',
  'failed',
  'rate_per_s',
  'bytes_in',
  'bytes_out',
  'response_p50_ms',
  'response_p75_ms',
  'response_p90_ms',
  'response_p95_ms',
  'response_p99_ms',
  'response_max_ms',
  'response_ok_p95_ms',
  'service_p95_ms',
]

/** Lines of one series: so many seconds are told one by one, longer runs in wider intervals, so that these files cost by series, not by length. */
const mostIntervals = 600

/** Seconds of one interval of a run's files by series and time: 1 up to ten minutes, 144 for a day. */
export function intervalSeconds(record: RunRecord): number {
  const { seconds } = record.metrics
  const length = seconds === null ? 0 : seconds.last + 1
  return Math.max(1, Math.ceil(length / mostIntervals))
}

/** `series.csv`, piece by piece: a line for each series and interval in which something of it completed, by time. */
export function* seriesCsv(record: RunRecord): Generator<string> {
  yield csvLine(head)
  const { metrics, test } = record
  if (metrics.seconds === null) return
  const lengthS = intervalSeconds(record)
  const first = metrics.seconds.first - (metrics.seconds.first % lengthS)
  for (let fromS = first; fromS <= metrics.seconds.last; fromS += lengthS) {
    let lines = ''
    for (const key of record.table.keys) {
      const sum = metrics.window([key.id], fromS, fromS + lengthS)
      if (sum.count === 0) continue
      const response = sum.failed === 0 ? sum.responseOk : sum.response
      const percentiles = [50, 75, 90, 95, 99].map((p) => toMs(response.percentile(p)))
      lines += csvLine([
        test.load[key.phase]?.name ?? null,
        test.scenarios[key.scenario]?.name ?? null,
        key.kind,
        key.name,
        fromS,
        lengthS,
        sum.count,
        sum.ok,
        sum.failed,
        sum.count / lengthS,
        sum.bytesIn,
        sum.bytesOut,
        ...percentiles,
        toMs(response.max),
        toMs(sum.responseOk.percentile(95)),
        toMs(sum.service.percentile(95)),
      ])
    }
    if (lines !== '') yield lines
  }
}
