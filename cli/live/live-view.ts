/** What a person sees of a run while it goes on. Times in ms, rates per second. */
export interface LiveView {
  readonly name: string
  /** In a few words: `waiting for workers (1 of 3)`, `running`, `draining` … */
  readonly state: string
  /** Null until the start instant. */
  readonly run: LiveFigures | null
}

export interface LiveFigures {
  readonly elapsedMs: number
  /** Until the last phase's end. */
  readonly lengthMs: number
  /** Of the LoadTest's rates. */
  readonly rateFactor: number
  readonly paused: boolean
  /** Under way, in the LoadTest's order. */
  readonly phases: readonly LivePhase[]
  /** Iterations of open phases, by the schedule and as started; null where none is under way. */
  readonly openRate: { readonly planned: number; readonly started: number } | null
  /** Iterations that users of closed phases started; null where none is under way. */
  readonly closedRate: number | null
  /** Finished. */
  readonly requestRate: number
  /** Of recorded phases. Open and closed ones are never one figure. */
  readonly latencies: readonly LiveLatency[]
  readonly inFlight: number
  /** Null where no closed phase is under way. */
  readonly users: number | null
  readonly skipped: number
  readonly finished: number
  readonly failed: number
  readonly mostFrequentError: { readonly name: string; readonly count: number } | null
  readonly workersAtWork: number
  readonly workers: number
  /** Of the last 10 s; null before the first arrival. */
  readonly pacerLagP99Ms: number | null
  /** Of the busiest engine thread, as a fraction of one core; null before it is known. */
  readonly busiestCpu: number | null
}

export interface LivePhase {
  readonly name: string
  readonly elapsedMs: number
  readonly lengthMs: number
  readonly recorded: boolean
}

export interface LiveLatency {
  readonly loop: 'open' | 'closed'
  /** Of the last 10 s; null: no samples. */
  readonly recentP95Ms: number | null
  readonly p95Ms: number | null
}
