import type { RunRecord } from '../verdict/run-record.ts'
import { csvLine } from './csv.ts'
import { distributionOf } from './distribution.ts'

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

/** Lines of one series: as many seconds as this are told one by one, longer runs in wider intervals. */
const mostIntervals = 3600

/** Seconds of one interval of a run's files by series and time: 1 up to an hour. */
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
      const response = distributionOf(sum.response)
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
        response.p50,
        response.p75,
        response.p90,
        response.p95,
        response.p99,
        response.max,
        distributionOf(sum.responseOk).p95,
        distributionOf(sum.service).p95,
      ])
    }
    if (lines !== '') yield lines
  }
}
