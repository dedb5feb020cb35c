import type { Micros } from '../plan/plan.ts'
import type { FailureSample } from './request-error.ts'
import type { SeriesTable } from './series.ts'
import type { SeriesSum } from './series-sum.ts'
import type { Health, RequestCounts, ShardState } from './snapshot.ts'
import type { LagSums } from './sparse-series.ts'
import type { Totals } from './totals.ts'

/**
 * What the cluster measured, as far as it has arrived: a view that grows with the merge. `series` are ids of the table, added up as one;
 * open and closed phases are never to be mixed in one question. Every sum handed out is the asker's own.
 */
export interface MergedMetrics {
  readonly table: SeriesTable
  /** The whole run. Where a worker's snapshots are missing, its stated totals stand in for them. */
  totals(series: readonly number[]): SeriesSum
  /** What completed in the whole seconds [fromS, toS). Of what is missing nothing is in it. */
  window(series: readonly number[], fromS: number, toS: number): SeriesSum
  /** As `window`, with no histogram but `kinds`' and so far cheaper: none for counters alone. */
  counters(series: readonly number[], fromS: number, toS: number): SeriesSum
  /** Each second from `fromS` to before `toS`, those in which nothing completed too. */
  perSecond(series: readonly number[], fromS: number, toS: number): Iterable<Windowed>
  /**
   * Each window of `lengthS` seconds that lies within [fromS, toS), by its end. Costs two seconds' counts a step. `sum` is valid until the next step.
   */
  sliding(series: readonly number[], lengthS: number, fromS: number, toS: number): Iterable<Windowed>
  /** The first and the last second with a sample; null before there is one. */
  readonly seconds: { readonly first: number; readonly last: number } | null
  /** Lags of these phases, of all workers or of one incarnation; the whole run. */
  lags(phases: readonly number[], incarnation?: string): LagSums
  /** Of all workers, by the second of the send. */
  lagsOfSecond(phases: readonly number[], second: number): LagSums
  /** Seconds before it are told by each of these incarnations, as far as one can know; those that are through hold nothing back. */
  throughSecond(incarnations: readonly string[]): number
  /** The highest number of its snapshots that has come; `isWhole`: its last one and every one before it have. */
  progress(incarnation: string): { readonly newest: number; readonly isWhole: boolean }
  /** By worker, then incarnation. */
  readonly workers: readonly WorkerMeasure[]
  worker(incarnation: string): WorkerMeasure | null
  /** The first five of each step and error. */
  readonly failures: readonly FailureSample[]
  /** Snapshots: those that must exist (by their numbers), those that came, those that came again, those that did not come. */
  readonly snapshots: {
    readonly expected: number
    readonly received: number
    readonly duplicates: number
    readonly missing: number
  }
}

export interface Windowed {
  readonly fromS: number
  readonly toS: number
  readonly sum: SeriesSum
}

export interface WorkerMeasure {
  readonly worker: string
  readonly incarnation: string
  /** Distinct ones that came. */
  readonly snapshots: number
  readonly duplicates: number
  /** Numbers below the highest seen that did not come. */
  readonly missing: number
  /** Its last snapshot has come. */
  readonly final: boolean
  /** Its last snapshot has come, counted or not: everything that it has sent is known. */
  readonly isTold: boolean
  /** Intended instant of the last iteration that it started or skipped, of snapshots that count; 0: none. */
  readonly decidedAt: Micros
  /** Cluster time of its newest snapshot that counts. */
  readonly newestAt: Micros
  readonly proof: Proof
  /** The newest of each thread and phase. */
  readonly shards: readonly ShardState[]
  /** The newest of each thread; `sent` and `overrun` also of those snapshots of which nothing else counts. */
  readonly requests: readonly RequestCounts[]
  /** In sequence. */
  readonly health: readonly HealthSample[]
  readonly startSkew: Micros | null
  /** The first ones that it gave. */
  readonly warnings: readonly string[]
}

export interface HealthSample {
  readonly at: Micros
  readonly health: Health
}

/**
 * Whether the sum of a worker's intervals is what it states at its end.
 * - `open`: it has not stated its totals (yet), and nothing is missing so far.
 * - `proven`: they are equal.
 * - `repaired`: `missingSamples` requests were in no interval that came; the stated totals stand in for them, windows lack them.
 * - `incomplete`: intervals are missing, and there are no totals to repair them.
 * - `contradicted`: the intervals hold more than the totals. A defect; the intervals count.
 */
export type Proof =
  | { readonly state: 'open' }
  | { readonly state: 'proven' }
  | { readonly state: 'repaired'; readonly missingSamples: number }
  | { readonly state: 'incomplete' }
  | { readonly state: 'contradicted' }

export type { LagSums, SeriesSum, Totals }
