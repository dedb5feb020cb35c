/**
 * Samples that a percentile needs before anything can be said about it with 95 % confidence: the smallest n with (p/100)ⁿ ≤ 5 %,
 * so that at least one sample lies above it. p90 29, p95 59, p99 299, p99.9 2,995. `p` in percent, below 100.
 */
export function samplesNeeded(p: number): number {
  return Math.ceil(Math.log(0.05) / Math.log(p / 100))
}

/** A sliding window with fewer samples is not evaluated: on average not one would lie above the percentile. */
export function windowSamplesNeeded(p: number): number {
  return Math.ceil(100 / (100 - p) - 1e-9)
}
