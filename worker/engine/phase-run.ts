import type { ShardState } from '../../core/measure/snapshot.ts'
import type { Mix } from '../../core/plan/mix.ts'
import type { Epoch, Micros, Stripe } from '../../core/plan/plan.ts'
import type { CompiledScenario } from '../../core/scenario/compiled.ts'
import type { Schedule } from '../../core/schedule/schedule.ts'
import type { IterationOwner, IterationPool, PhaseSeries } from './iteration.ts'
import type { IterationRunner } from './iteration-runner.ts'
import type { Rows } from './rows.ts'

/** One phase on one thread. */
export interface PhaseRun extends IterationOwner {
  /** A new epoch has begun. */
  enter(entry: EpochEntry): void
  /** Starts what is due. At most `budget` iterations, so that answers are read between. */
  turn(now: Micros, budget: number): void
  /** Intended instant of the last iteration that it has started or skipped; 0: none. */
  readonly decidedAt: Micros
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

/** An epoch as one phase on one thread has it. */
export interface EpochEntry {
  readonly epoch: Epoch
  readonly stripe: Stripe
  /** Open phases: as they are steered; the same object where that is as before. */
  readonly schedule: Schedule | null
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
  /** Asks for the first blocks of what the phase's scenarios draw uniquely. */
  readonly prefetch: () => void
}

/** Iterations of open phases under way, and how many there may be. Closed phases are bounded by their users. */
export interface InFlight {
  open: number
  bound: number
}
