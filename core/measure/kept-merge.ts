import type { Micros } from '../plan/plan.ts'
import type { HealthSample } from './merged-metrics.ts'
import type { FailureSample } from './request-error.ts'
import type { Interval, RequestCounts, ShardState } from './snapshot.ts'

/**
 * What a merge holds, as plain values: whoever keeps them can make the merge again (`createMerge`). Sums over the whole run follow from those of the
 * seconds.
 */
export interface KeptMerge {
  /** One for each second, `thread` 0. */
  readonly seconds: readonly Interval[]
  readonly incarnations: readonly KeptIncarnation[]
  /** All of them. */
  readonly failures: readonly FailureSample[]
}

export interface KeptIncarnation {
  readonly worker: string
  readonly incarnation: string
  /** Of its snapshots: all numbers up to this one have come, and those beyond it. */
  readonly contiguous: number
  readonly beyond: readonly number[]
  readonly duplicates: number
  /** Sums of its intervals, `second` -1. */
  readonly sums: Interval
  /** What it states at its end, `second` -1, and the first snapshot that said so. Null: nothing yet. */
  readonly stated: Interval | null
  readonly statedFrom: number | null
  readonly finalSequence: number | null
  readonly shards: readonly Numbered<ShardState>[]
  readonly requests: readonly Numbered<RequestCounts>[]
  /** Of snapshots of which nothing counts but what was sent, and whether the last one of all is among them. */
  readonly overrun: readonly Numbered<RequestCounts>[]
  readonly isOverrunFinal: boolean
  readonly health: readonly Numbered<HealthSample>[]
  readonly startSkew: Micros | null
  readonly warnings: readonly string[]
  readonly newestAt: Micros
  readonly decidedAt: Micros
  readonly ahead: readonly Numbered<Told>[]
  readonly throughByThread: readonly (readonly [thread: number, second: number])[]
  readonly throughDefault: number
}

/** Where the newest wins. */
export interface Numbered<T> {
  readonly sequence: number
  readonly value: T
}

/** Seconds before `through` are complete for these threads; no threads: for all that are in it. */
export interface Told {
  readonly threads: readonly number[]
  readonly through: number
}
