import type { Micros } from '../plan/plan.ts'
import type { FailureSample, RequestError } from './request-error.ts'

/**
 * Sparse counts of a histogram: varint pairs (distance to the previous non-zero bucket's index, count) in the index space of core/measure/buckets.ts.
 * Empty where nothing was recorded.
 */
export type SparseCounts = Uint8Array

/** What one thread recorded for one series in one interval. Add them up in any order. */
export interface SeriesDelta {
  /** Index into the series table (core/measure/series.ts). */
  readonly series: number
  readonly ok: number
  readonly failed: number
  /** Of those, completed inside the phase's window (not in its drain). */
  readonly inWindow: number
  /** Of those inside the window, the good ones. */
  readonly okInWindow: number
  readonly bytesIn: number
  readonly bytesOut: number
  readonly checksPassed: number
  readonly checksFailed: number
  readonly errors: Readonly<Partial<Record<RequestError, number>>>
  /** Response times of good ones and of failed ones, µs; all = their sum. Iterations: their durations. */
  readonly responseOk: SparseCounts
  readonly responseFailed: SparseCounts
  /** Of what was sent. Empty for iterations and groups. */
  readonly service: SparseCounts
  /** With `detail: true`; else empty. */
  readonly connect: SparseCounts
  readonly tls: SparseCounts
  readonly ttfb: SparseCounts
}

/** Per phase and thread, not per series. */
export interface LagDelta {
  readonly phase: number
  readonly sendLag: SparseCounts
  readonly pacerLag: SparseCounts
}

/** One whole second of cluster time: [second, second + 1) s, by completion; a lag by the send. */
export interface Interval {
  readonly second: number
  readonly thread: number
  readonly series: readonly SeriesDelta[]
  readonly lags: readonly LagDelta[]
}

/** Where one thread stands with one phase. Every count is cumulative since the run's start: the newest wins. */
export interface ShardState {
  readonly thread: number
  readonly phase: number
  readonly epoch: number
  /** Open phases: every own arrival below it is decided (started or skipped). */
  readonly through: number
  readonly started: number
  readonly skippedInFlight: number
  readonly skippedLate: number
  readonly completed: number
  readonly failed: number
  readonly interrupted: number
  /** Iterations under way now. */
  readonly inFlight: number
  /** Per scenario index (as in the LoadTest), iterations under way now: lost ones are judged where they belong. */
  readonly inFlightByScenario: readonly number[]
  /** Closed phases: users at work now. */
  readonly users: number
  /** Closed phases: users that were at work elsewhere before an epoch gave them to this thread, and began their scenario anew. */
  readonly moved: number
  /** This thread has nothing more to start in this phase. */
  readonly done: boolean
  /** Open phases: own arrivals it had decided that the plan of its epoch has not any more: it heard of the lower rate too late. Absent: none. */
  readonly beyondPlan?: number
}

/** Cumulative per thread; what the worker itself sends has a number behind theirs. */
export interface RequestCounts {
  readonly thread: number
  readonly attempted: number
  readonly sent: number
  readonly ok: number
  readonly failed: number
  readonly interrupted: number
  /** Good answers that are redirects which nobody follows or asks for. */
  readonly redirected: number
  readonly overrun: number
  readonly setup: number
  readonly teardown: number
  readonly auth: number
  readonly errors: Readonly<Partial<Record<RequestError, number>>>
  /** How often a forEach went round at most, by its path. */
  readonly passes: Readonly<Record<string, number>>
}

export interface Health {
  /** Of one core, the whole process, over the last second. */
  readonly cpu: number
  readonly threads: readonly ThreadHealth[]
  readonly rssBytes: number
  readonly openSockets: number
}

export interface ThreadHealth {
  readonly thread: number
  /** Of one core, over the last second (cgroup quota respected). */
  readonly cpu: number
  readonly loopDelayP99Ms: number
  readonly gcPauseMs: number
  /** Part of the last second in which it was ready to run but another thread had its core; 0 where nobody tells. */
  readonly runQueueWait: number
}

/** `replaced`: its share was given to others without it. */
export type EndedBy = 'left' | 'data' | 'silence' | 'halt' | 'replaced'

/** One worker's counters and histograms since the snapshot before. Keyed (run, incarnation, sequence); sequences start at 1 and never restart. */
export interface Snapshot {
  readonly run: string
  readonly worker: string
  readonly incarnation: string
  readonly sequence: number
  readonly epoch: number
  /** Cluster time at which it was taken. */
  readonly at: Micros
  /** Intended instant of the last iteration that its threads have started or skipped; 0: none. */
  readonly decidedAt: Micros
  readonly intervals: readonly Interval[]
  readonly shards: readonly ShardState[]
  readonly requests: readonly RequestCounts[]
  readonly health: Health | null
  readonly failures: readonly FailureSample[]
  /** First tick − start instant, µs; null before the first tick. The largest of the threads'. */
  readonly startSkew: Micros | null
  /** What its operator should know, a sentence with the remedy each; secrets redacted. Each is said once. */
  readonly warnings: readonly string[]
  /**
   * Why this worker ends before its share is done: its operator told it to leave, data with `onEnd: error` is at its end, or no controller was heard
   * for too long. Null: it does not.
   */
  readonly endedBy: EndedBy | null
  /** True: nothing follows; `totals` holds the sum of all intervals, so that a missing one costs resolution, not truth. */
  readonly final: boolean
  /** `second` is -1 here. Null before the last snapshots: where one were too large, the totals are spread over several, which add up. */
  readonly totals: readonly Interval[] | null
}
