import type { ShardState } from '../../core/measure/snapshot.ts'
import type { Mix } from '../../core/plan/mix.ts'
import type { EpochPhase, Micros, Stripe } from '../../core/plan/plan.ts'
import type { CompiledScenario } from '../../core/scenario/compiled.ts'
import type { IterationOwner, IterationPool, PhaseSeries } from './iteration.ts'
import type { IterationRunner } from './iteration-runner.ts'
import type { Rows } from './rows.ts'

/** One phase on one thread. */
export interface PhaseRun extends IterationOwner {
  /** A new epoch has begun. */
  enter(epoch: number, phase: EpochPhase, stripe: Stripe): void
  /** Starts what is due. At most `budget` iterations, so that answers are read between. */
  turn(now: Micros, budget: number): void
  /** When it next has something to do; Infinity: nothing more. */
  nextAt(): Micros
  /** Rows that were asked for have come. */
  onRows(now: Micros): void
  /** No further iteration starts. */
  stop(): void
  /** Its time is over, or it has nothing to start in what is left of it. */
  isOver(now: Micros): boolean
  state(thread: number, now: Micros): ShardState
}

/** What all phases of a thread share, and this one's own mix and series. */
export interface PhaseContext {
  readonly seed: number
  readonly scenarios: readonly CompiledScenario[]
  readonly pool: IterationPool
  readonly runner: IterationRunner
  readonly rows: Rows
  readonly inFlight: InFlight
  readonly mix: Mix
  readonly series: PhaseSeries | null
}

/** Iterations of open phases under way, and how many there may be. Closed phases are bounded by their users. */
export interface InFlight {
  open: number
  readonly bound: number
}
