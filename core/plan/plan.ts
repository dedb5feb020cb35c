import type { RatePiece } from '../schedule/steered-cumulative.ts'

/** Microseconds since the run's start instant: cluster time. */
export type Micros = number

export interface RosterEntry {
  readonly worker: string
  /** Capacity share, a whole number ≥ 1. */
  readonly weight: number
  readonly threads: number
}

/** A stretch of the run with one assignment of shards. Epoch 1 starts at 0. */
export interface Epoch {
  readonly number: number
  readonly at: Micros
  readonly cause: 'start' | 'lost' | 'left' | 'joined' | 'steer' | 'pause' | 'resume' | 'phase'
  /** How many times the rates of the LoadTest open phases have from here on. */
  readonly rateFactor: number
  /** The run is paused, since this instant: no phase's time goes on. Null: it is not. */
  readonly pausedAt: Micros | null
  readonly roster: readonly RosterEntry[]
  /** One per phase of the LoadTest, in its order. */
  readonly phases: readonly EpochPhase[]
}

/** An epoch as workers are told of it: one may have heard of none of those before it. */
export interface EpochOrder extends Epoch {
  /** By phase: how it was steered so far. */
  readonly pieces: readonly (readonly RatePiece[])[]
}

export interface EpochPhase {
  /**
   * Where the phase's own time is 0: it starts (or started) then. A pause moves it on where the phase was not over, so that a phase which has begun before the
   * pause began that much earlier: core/plan/phase-time.ts tells when.
   */
  readonly startAt: Micros
  /** When it is over: start + duration; earlier where its iterations were done before their time. While paused: as if the run went on at once. */
  readonly endAt: Micros
  /** Open phases: arrivals below it belong to earlier epochs. 0 in epoch 1. */
  readonly firstArrival: number
}

/**
 * The arrivals (or users) of one thread in one epoch: those n ≥ firstArrival with n mod cycle in `slots`.
 * The i-th of them, counted from 0, is ⌊i/slots.length⌋·cycle + slots[i mod slots.length].
 */
export interface Stripe {
  readonly cycle: number
  /** Ascending. Empty: nothing is its own. */
  readonly slots: readonly number[]
}

export interface PlannedPhase {
  readonly index: number
  readonly name: string
  readonly loop: 'open' | 'closed'
  readonly recorded: boolean
  readonly startAt: Micros
  readonly endAt: Micros
  /** Arrivals; 0 for closed phases, which have no plan. */
  readonly planned: number
  /** Highest λ in the phase, per second; 0 for closed phases. */
  readonly peakRate: number
  /** Most users at once; 0 for open phases. */
  readonly peakUsers: number
  /** Rows of unique data that open phases before this one take: this phase's arrival n takes row firstRow + n. */
  readonly firstRow: number
}

export interface RunPlan {
  readonly seed: number
  readonly phases: readonly PlannedPhase[]
  /** Of open phases. */
  readonly planned: number
  /** When the last phase ends. */
  readonly endAt: Micros
  /** Highest sum of λ over phases that run side by side, per second. */
  readonly peakRate: number
  /** The first row behind those of the open phases: where leases for closed users begin. */
  readonly leaseFrom: number
}
