import { busySeconds, busyThreads, recordedSeconds } from './generator.ts'
import { busyCpu, gcPauseLimitMs } from './limit-hit.ts'
import { counted, durationText, percentText, stretchText } from './quantity-text.ts'
import type { RunRecord } from './run-record.ts'

/** How the generator's machines fared: warnings, each with its remedy. They decide nothing, but under --strict. */
export interface HealthReport {
  readonly warnings: readonly string[]
  /** Highest second of any thread, of its share. */
  readonly cpuMax: number | null
}

const loopDelayLimitMs = 20
const loopDelaySeconds = 3
const queueSeconds = 3
/** Of each second: below it, what came late says so by itself. */
const queueShare = 0.3

export function examineHealth(record: RunRecord): HealthReport {
  const threads = record.metrics.workers.flatMap(({ health }) =>
    health.flatMap((sample) => sample.health.threads),
  )
  return {
    warnings: [
      ...cpuWarnings(record),
      ...queueWarnings(record),
      ...loopWarnings(record),
      ...gcWarnings(record),
    ],
    cpuMax: threads.reduce<number | null>((most, { cpu }) => Math.max(most ?? 0, cpu), null),
  }
}

/** Threads that spin, and closed loops, use a whole core by design. */
function cpuWarnings(record: RunRecord): readonly string[] {
  if (record.pace === 'spin') return []
  const closed = new Set(recordedSeconds(record, 'closed'))
  const paced = recordedSeconds(record, 'open').filter((second) => !closed.has(second))
  const busy = busyThreads(record, busySeconds, ({ cpu }) => cpu > busyCpu).filter(
    ({ fromS, toS }) => paced.filter((second) => second >= fromS && second < toS).length >= busySeconds,
  )
  const [worst] = busy.toSorted((a, b) => b.cpu - a.cpu)
  if (worst === undefined) return []
  return [
    `Thread ${worst.thread} of worker ${worst.worker} was above 80 % CPU ${stretchText(worst)} (up to ${percentText(worst.cpu)})${others(busy.length)}. Start more workers or threads, or lower the rate.`,
  ]
}

function queueWarnings(record: RunRecord): readonly string[] {
  const waiting = busyThreads(record, queueSeconds, ({ runQueueWait }) => runQueueWait > queueShare)
  const [first] = waiting
  if (first === undefined) return []
  return [
    `Thread ${first.thread} of worker ${first.worker} was ready to run but waited for a core more than ${percentText(queueShare)} of the time ${stretchText(first)}${others(waiting.length)}. Other processes use its core: give the workers cores of their own, or move the target elsewhere.`,
  ]
}

function loopWarnings(record: RunRecord): readonly string[] {
  const slow = busyThreads(
    record,
    loopDelaySeconds,
    ({ loopDelayP99Ms }) => loopDelayP99Ms > loopDelayLimitMs,
  )
  const [first] = slow
  if (first === undefined) return []
  return [
    `Thread ${first.thread} of worker ${first.worker} reacted late ${stretchText(first)}: the delay of its event loop (p99) was above ${durationText(loopDelayLimitMs)}${others(slow.length)}. Something else may use its core: give the workers cores of their own, or lower the rate.`,
  ]
}

function gcWarnings(record: RunRecord): readonly string[] {
  const pauses = record.metrics.workers.flatMap(({ worker, health }) =>
    health.flatMap(({ at, health: { threads } }) =>
      threads
        .filter(({ gcPauseMs }) => gcPauseMs > gcPauseLimitMs)
        .map(({ thread, gcPauseMs }) => ({ worker, thread, gcPauseMs, at })),
    ),
  )
  const [worst] = pauses.sort((a, b) => b.gcPauseMs - a.gcPauseMs)
  if (worst === undefined) return []
  return [
    `Thread ${worst.thread} of worker ${worst.worker} paused ${durationText(worst.gcPauseMs)} within one second to collect garbage, at ${durationText(worst.at / 1000)}${others(pauses.length)}. Give the worker more memory, or look at less of the answers' bodies.`,
  ]
}

function others(count: number): string {
  return count > 1 ? `, and so ${counted(count - 1, 'time')} more` : ''
}
