/**
 * The integral Λ of a phase's rate λ and its inverse: how many arrivals are expected before an instant, and when a given number of them is
 * reached. Times in ms since the phase began, λ per second.
 */
export interface Cumulative {
  readonly durationMs: number
  /** Λ(T) */
  readonly total: number
  /** λ(t); 0 outside [0, T). At a jump, the rate behind it. */
  rateAt(timeMs: number): number
  /** Λ(t); flat outside [0, T]. */
  before(timeMs: number): number
  /**
   * Λ⁻¹: the instant from which Λ exceeds `count` (so an arrival never falls into a stretch without rate), for 0 ≤ count ≤ Λ(T). A function
   * of `count` alone, whatever was asked before. Allocates nothing.
   */
  inverse(count: number): number
}

/** Counts this close are the same: rounding in Λ must not move an arrival over a stretch without rate, nor add one to the plan. */
export const countTolerance = 1e-9
