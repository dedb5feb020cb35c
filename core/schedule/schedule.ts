/**
 * When the arrivals of one open phase are intended to start. Times in ms since the phase began. Deterministic: every worker
 * that asks gets the same answer.
 */
export interface Schedule {
  /** The number of arrivals: n with n < Λ(T) − 1e-9, or process points below Λ(T). */
  readonly planned: number
  readonly durationMs: number
  /** Intended start of the n-th arrival (n ≥ 0); undefined once the phase is over. Allocates nothing. Cheapest when n grows. */
  startOf(arrival: number): number | undefined
  /** λ(t), iterations per second. */
  rateAt(timeMs: number): number
  /** Λ(t): arrivals expected before t. */
  expectedBefore(timeMs: number): number
  /** The first arrival whose intended start is at or after t; `planned` when there is none. */
  firstAtOrAfter(timeMs: number): number
}
