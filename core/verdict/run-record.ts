import type { MergedMetrics } from '../measure/merge.ts'
import type { SeriesTable } from '../measure/series.ts'
import type { Epoch, RunPlan } from '../plan/plan.ts'
import type { LoadTest } from '../spec/load-test.ts'

/** Everything a run has left behind, from which accounts, verdict and report follow as pure functions. */
export interface RunRecord {
  readonly run: string
  readonly test: LoadTest
  readonly plan: RunPlan
  readonly table: SeriesTable
  readonly epochs: readonly Epoch[]
  readonly members: readonly MemberRecord[]
  readonly metrics: MergedMetrics
  readonly ended: 'finished' | 'aborted' | 'stopped' | 'halted' | 'interrupted'
  /** Why it ended early, in a sentence; null when it finished. */
  readonly endedWhy: string | null
  /** When the end was ordered, cluster time, µs; null when the run finished by itself. */
  readonly endingAt: number | null
  /** Wall clock of the start instant, ms since 1970 UTC. */
  readonly startedAtMs: number
  /** Cluster time of the end, µs. */
  readonly endedAt: number
  /** Where `onEnd: error` met the end of its data. */
  readonly dataEnded: boolean
  /** Why the set-up failed, so that nothing of the load was sent; null: it did not, or there was none. */
  readonly setupFailure: string | null
  /** What teardown could not take down; null: nothing, or there was none. */
  readonly teardownFailure: string | null
  /** Requests of set-up and teardown, which no worker's counts hold. */
  readonly onceRequests: { readonly setup: number; readonly teardown: number; readonly auth: number }
  /** What came over the bus and was no message of this cluster; nothing of it is in the numbers. */
  readonly dropped: readonly DroppedMessages[]
  readonly pace: 'timer' | 'spin'
  /** `--strict` */
  readonly strict: boolean
}

export interface DroppedMessages {
  /** What should have come there: `beat`, `snapshot` … */
  readonly message: string
  /** `too_large`, `protocol`, `malformed` or `stranger`. */
  readonly fault: string
  readonly count: number
}

/** One incarnation of a worker that took part. */
export interface MemberRecord {
  readonly id: string
  readonly incarnation: string
  readonly host: string
  readonly threads: number
  /** `left`: it drained because its operator told it to leave; the rest of its share went to the others, or was lost. */
  readonly state: 'drained' | 'left' | 'lost' | 'failed'
  /** Cluster time at which its loss was declared, µs; null when it drained. */
  readonly lostAt: number | null
  readonly why: string | null
  /** Half of the best round trip: how far the clocks may be apart, ms. */
  readonly clockUncertaintyMs: number
  /** How far its clock went from where it was at the start, as far as that exceeds twice the uncertainty of the readings, ms; 0: not at all. */
  readonly clockDriftMs: number
}
