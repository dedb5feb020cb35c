import type { ThreadHealth } from '../measure/snapshot.ts'
import { durationText, percentText } from './quantity-text.ts'
import { microsPerSecond, type Seconds } from './recorded-time.ts'
import type { RunRecord } from './run-record.ts'

/** What a thread was short of. */
export interface LimitHit {
  readonly worker: string
  readonly thread: number
  readonly limit: 'core' | 'queue' | 'garbage'
  /** `core`: CPU of its share; `queue`: part of the time that it waited for a core; `garbage`: ms of a second. */
  readonly value: number
}

export const busyCpu = 0.8
/** Part of a second in which a thread was ready to run and another one had its core: enough to look there where something was late. */
const queueLimit = 0.1
/** In one second, ms. */
export const gcPauseLimitMs = 100

/**
 * The limit that a thread met hardest in these seconds; null: none that is known. A thread that waits for a core cannot use it, so that of both the wait is
 * told; garbage is collected on the thread's own CPU time, so that it is told before that.
 */
export function limitHit(record: RunRecord, stretches: readonly Seconds[]): LimitHit | null {
  const samples = record.metrics.workers.flatMap(({ worker, health }) =>
    health
      // A sample is of the second before it.
      .filter(({ at }) => isWithin(Math.round(at / microsPerSecond) - 1, stretches))
      .flatMap((sample) => sample.health.threads.map((thread) => ({ worker, ...thread }))),
  )
  const worst = (
    limit: LimitHit['limit'],
    of: (thread: ThreadHealth) => number,
    above: number,
  ): LimitHit | null => {
    const [first] = samples.filter((one) => of(one) > above).toSorted((a, b) => of(b) - of(a))
    return first === undefined
      ? null
      : { worker: first.worker, thread: first.thread, limit, value: of(first) }
  }
  return (
    worst('queue', ({ runQueueWait }) => runQueueWait, queueLimit) ??
    worst('garbage', ({ gcPauseMs }) => gcPauseMs, gcPauseLimitMs) ??
    worst('core', ({ cpu }) => cpu, busyCpu)
  )
}

/** What it was, and what to change; a pace of `spin` uses its core by design. */
export function limitText({ worker, thread, limit, value }: LimitHit, pace: RunRecord['pace']): string {
  const who = `Thread ${thread} of worker ${worker}`
  switch (limit) {
    case 'core':
      return pace === 'spin'
        ? ''
        : `${who} used ${percentText(value)} of its core: start more threads or workers (--threads, --workers), or lower the rate. `
    case 'queue':
      return `${who} was ready to run but waited for a core ${percentText(value)} of a second: other processes use it. Give the workers cores of their own, or move the target elsewhere. `
    case 'garbage':
      return `${who} paused ${durationText(value)} within a second to collect garbage: give the worker more memory, or look at less of the answers' bodies. `
    default:
      return limit satisfies never
  }
}

function isWithin(second: number, stretches: readonly Seconds[]): boolean {
  return stretches.some(({ fromS, toS }) => second >= fromS && second < toS)
}
