/** What of a run's load a worker can take. */
export interface Sharer {
  readonly threads: number
  /** Requests per second that each of its threads keeps, by the calibration of its machine; null: nobody has measured it. */
  readonly perThread: number | null
}

/** Calibrations of one machine differ by that much from day to day. */
const tolerance = 0.05
/** Of the strongest: the cycle of a stripe is as long as all weights together. */
const heaviest = 32

/**
 * Shares of the load as small whole numbers, in proportion to what each can do: its threads times what one of them keeps. Where that is not known of all of
 * them, each thread counts the same. The strongest gets the lowest weight m ≤ 32 with which everybody's weight wⱼ = max(1, round(m·cⱼ/c)) is within 5 % of
 * m·cⱼ/c, c being its capacity and cⱼ theirs; if none is, that with the smallest error.
 */
export function weightsOf(sharers: readonly Sharer[]): readonly number[] {
  const isKnown = sharers.every(({ perThread }) => perThread !== null && perThread > 0)
  if (!isKnown) return sharers.map(({ threads }) => threads)
  const capacities = sharers.map(({ threads, perThread }) => threads * (perThread as number))
  const strongest = Math.max(...capacities)
  const shares = capacities.map((capacity) => capacity / strongest)
  let best: readonly number[] = []
  let bestError = Number.POSITIVE_INFINITY
  for (let most = 1; most <= heaviest; most++) {
    const weights = shares.map((share) => Math.max(1, Math.round(most * share)))
    const error = Math.max(...shares.map((share, j) => Math.abs((weights[j] as number) / (most * share) - 1)))
    if (error <= tolerance) return weights
    if (error < bestError) {
      best = weights
      bestError = error
    }
  }
  return best
}
