import { type Deflate, encodeHistogram } from './hdr-encoding.ts'
import type { MergedMetrics } from './merged-metrics.ts'
import type { SeriesKey } from './series.ts'
import type { Totals } from './totals.ts'

export interface LogHeader {
  /** Wall clock of the start instant, ms since 1970 UTC. */
  readonly startedAtMs: number
  /** Free text, a line each. */
  readonly comments: readonly string[]
}

export interface LogLine {
  /** As people know the series; see `logTag` for what becomes of it. */
  readonly tag: string
  /** Since the run's start. */
  readonly fromS: number
  readonly lengthS: number
  /** µs */
  readonly histogram: Totals
}

/**
 * A histogram log, format 1.3, as the reference tools read it: one line per tag and interval, timestamps in seconds
 * since the start (`BaseTime` tells which instant that is), the payload in µs, the maximum in ms beside it. Lines
 * must come by `fromS` (readers stop at what lies behind their range); those without samples are left out.
 */
export function* histogramLog(
  header: LogHeader,
  lines: Iterable<LogLine>,
  deflate?: Deflate,
): Generator<string> {
  const seconds = (header.startedAtMs / 1000).toFixed(3)
  const when = new Date(header.startedAtMs).toISOString()
  yield '#[Histogram log format version 1.3]\n'
  yield `#[StartTime: ${seconds} (seconds since epoch), ${when}]\n`
  yield `#[BaseTime: ${seconds} (seconds since epoch)]\n`
  for (const comment of header.comments) yield `#[${comment.replaceAll(/[\r\n]+/g, ' ')}]\n`
  yield '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"\n'
  for (const line of lines) {
    if (line.histogram.total === 0) continue
    const highest = line.histogram.max ?? 0
    const columns = [line.fromS.toFixed(3), line.lengthS.toFixed(3), (highest / 1000).toFixed(3)]
    yield `Tag=${logTag(line.tag)},${columns.join()},${encodeHistogram(line.histogram, deflate)}\n`
  }
}

/**
 * Response times of every step, all attempts: a line for each step and interval of `lengthS` seconds, by time, then in the order of the table. `label`
 * names a series for people.
 */
export function* stepLines(
  metrics: MergedMetrics,
  label: (key: SeriesKey) => string,
  lengthS = 1,
): Generator<LogLine> {
  if (metrics.seconds === null) return
  const { first, last } = metrics.seconds
  const steps = metrics.table.keys.filter((key) => key.kind === 'step')
  for (let fromS = first - (first % lengthS); fromS <= last; fromS += lengthS) {
    for (const step of steps) {
      const { response } = metrics.window([step.id], fromS, fromS + lengthS)
      if (response.total > 0) yield { tag: label(step), fromS, lengthS, histogram: response }
    }
  }
}

/**
 * A tag of a histogram log ends at a comma, and readers cut it at blanks and line breaks too: each run of those, and of control
 * characters, becomes one underscore. `browse/GET /items @ramp` is written `browse/GET_/items_@ramp`.
 */
export function logTag(label: string): string {
  return label.replaceAll(/[\s,\p{Cc}]+/gu, '_')
}
