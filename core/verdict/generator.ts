import type { HealthSample } from '../measure/merged-metrics.ts'
import type { LoadTest } from '../spec/load-test.ts'
import type { Accounts } from './accounts.ts'
import { busyCpu } from './limit-hit.ts'
import { microsPerSecond, phaseTimeSpans, type Seconds, secondsTouched, unionOf } from './recorded-time.ts'
import type { RunRecord } from './run-record.ts'
import { isLatency } from './scope.ts'

/** Whether the generator itself was at fault, and when. */
export interface Generator {
  /** Pacer lag above it speaks against the generator, ms. */
  readonly lateLimitMs: number
  /** The highest p99 of pacer lag that three recorded seconds in a row reached, ms; null: there were no three. */
  readonly latenessMs: number | null
  /** Stretches of three seconds or more with pacer lag above the limit. */
  readonly late: readonly Seconds[]
  /** Threads above 80 % CPU for ten seconds or more while closed phases ran. */
  readonly busy: readonly BusyThread[]
  /** Stretches of three seconds or more in which a thread had nothing to spare: nothing skipped then speaks against the target. */
  readonly saturated: readonly BusyThread[]
  /** Recorded phases whose target had it too easy. */
  readonly short: readonly ShortPhase[]
}

export interface BusyThread extends Seconds {
  readonly worker: string
  readonly thread: number
  /** Highest second, of the thread's share. */
  readonly cpu: number
}

export interface ShortPhase {
  readonly phase: number
  readonly late: number
  readonly lost: number
  readonly planned: number
}

const lateSecondsInARow = 3
/** Arrivals of a phase that may be lost before the target had it too easy. */
export const lostLimit = 0.01
export const busySeconds = 10
const saturatedCpu = 0.9
const saturatedSeconds = 3
/** In `spin` a thread is always busy; one that is saturated as well comes late to everything. */
const saturatedLoopDelayMs = 5

export function examineGenerator(record: RunRecord, accounts: Accounts): Generator {
  const limit = lateLimitMs(record.test)
  const lateness = new Lateness(limit)
  for (const second of recordedSeconds(record, 'open')) lateness.add(second, pacerLagMs(record, second))
  const closed = recordedSeconds(record, 'closed')
  return {
    lateLimitMs: limit,
    latenessMs: lateness.highestMs,
    late: lateness.stretches,
    busy: busyThreads(record, busySeconds, ({ cpu }) => cpu > busyCpu).filter((busy) =>
      closed.some((second) => second >= busy.fromS && second < busy.toS),
    ),
    saturated: busyThreads(
      record,
      saturatedSeconds,
      ({ cpu, loopDelayP99Ms }) =>
        cpu > saturatedCpu && (record.pace === 'timer' || loopDelayP99Ms > saturatedLoopDelayMs),
    ),
    short: shortPhases(record, accounts),
  }
}

/** max(5 ms, 10 % of the tightest latency limit) */
export function lateLimitMs(test: LoadTest): number {
  const limits = test.objectives.filter(({ metric }) => isLatency(metric)).map(({ limit }) => limit.value)
  return limits.length === 0 ? 5 : Math.max(5, 0.1 * Math.min(...limits))
}

/** p99 of the cluster's pacer lag in one second, over all recorded phases; null: nothing was paced. */
export function pacerLagMs(record: RunRecord, second: number): number | null {
  const phases = record.test.load.flatMap((phase, index) => (phase.record ? [index] : []))
  const p99 = record.metrics.lagsOfSecond(phases, second).pacerLag.percentile(99)
  return p99 === null ? null : p99 / 1000
}

/** Three seconds in a row, taken one by one. A second in which nothing was due says nothing, and is passed over. */
export class Lateness {
  readonly #limitMs: number
  readonly #stretches: { fromS: number; toS: number }[] = []
  /** Of the last seconds with a lag, at most three. */
  #recent: number[] = []
  #rowFrom = 0
  #rowLength = 0
  highestMs: number | null = null

  constructor(limitMs: number) {
    this.#limitMs = limitMs
  }

  get stretches(): readonly Seconds[] {
    return this.#stretches
  }

  /** Late seconds at the end that may yet become three. */
  get maybeLate(): Seconds | null {
    return this.#rowLength === 0 || this.#rowLength >= lateSecondsInARow
      ? null
      : { fromS: this.#rowFrom, toS: Number.POSITIVE_INFINITY }
  }

  /** In ascending order. */
  add(second: number, ms: number | null): void {
    if (ms === null) return
    this.#recent = [...this.#recent, ms].slice(-lateSecondsInARow)
    if (this.#recent.length === lateSecondsInARow) {
      this.highestMs = Math.max(this.highestMs ?? 0, Math.min(...this.#recent))
    }
    if (ms <= this.#limitMs) {
      this.#rowLength = 0
      return
    }
    if (this.#rowLength === 0) this.#rowFrom = second
    this.#rowLength++
    const last = this.#stretches.at(-1)
    if (this.#rowLength === lateSecondsInARow) {
      this.#stretches.push({ fromS: this.#rowFrom, toS: second + 1 })
    } else if (this.#rowLength > lateSecondsInARow && last !== undefined) {
      last.toS = second + 1
    }
  }
}

/** Seconds that recorded phases of a loop touch, ascending. */
export function recordedSeconds(record: RunRecord, loop: 'open' | 'closed'): readonly number[] {
  const spans = record.test.load.flatMap((phase, index) =>
    phase.record && phase.loop === loop ? phaseTimeSpans(record, index) : [],
  )
  const seconds = new Set<number>()
  for (const span of unionOf(spans)) {
    const { fromS, toS } = secondsTouched(span)
    for (let second = fromS; second < toS; second++) seconds.add(second)
  }
  return [...seconds]
}

/** Stretches of at least so many seconds in which each health sample of a thread was so. */
export function busyThreads(
  record: RunRecord,
  atLeastS: number,
  isBusy: (health: HealthSample['health']['threads'][number]) => boolean,
): readonly BusyThread[] {
  const found: BusyThread[] = []
  for (const { worker, health } of record.metrics.workers) {
    const threads = new Set(health.flatMap((sample) => sample.health.threads.map(({ thread }) => thread)))
    for (const thread of threads) {
      const rows: { fromS: number; toS: number; cpu: number }[] = []
      let inRow = false
      for (const { at, health: sample } of health) {
        const own = sample.threads.find((one) => one.thread === thread)
        if (own === undefined) continue
        if (!isBusy(own)) {
          inRow = false
          continue
        }
        // A sample is of the second before it.
        const toS = Math.round(at / microsPerSecond)
        const row = rows.at(-1)
        if (inRow && row !== undefined && toS - row.toS <= 1) {
          row.toS = toS
          row.cpu = Math.max(row.cpu, own.cpu)
        } else {
          rows.push({ fromS: toS - 1, toS, cpu: own.cpu })
        }
        inRow = true
      }
      for (const row of rows) if (row.toS - row.fromS >= atLeastS) found.push({ worker, thread, ...row })
    }
  }
  return found
}

function shortPhases(record: RunRecord, accounts: Accounts): readonly ShortPhase[] {
  return accounts.phases.flatMap(({ ledger }, phase) => {
    if (record.test.load[phase]?.record !== true) return []
    const { lost, planned, skippedBy } = ledger
    const isShort = skippedBy.late > 0 || lost > lostLimit * planned
    return isShort ? [{ phase, late: skippedBy.late, lost, planned }] : []
  })
}
