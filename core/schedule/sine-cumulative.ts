import { type Cumulative, countTolerance } from './cumulative.ts'

export interface SineShape {
  readonly mean: number
  readonly amplitude: number
  readonly periodMs: number
}

/**
 * λ(t) = max(0, m + a·sin θ) with θ = 2πt/P, for m, a ≥ 0. Without the maximum
 *
 *   F(t) = (m·t + a·P/π · sin²(πt/P)) / 1000
 *
 * (1 − cos θ written as 2 sin²(θ/2), which cancels nothing near the start). Where a > m the rate is 0 between
 * θ = π + asin(m/a) and θ = 2π − asin(m/a), so a period has two pieces on which Λ grows. Λ⁻¹ by Newton's method, kept inside a bracket that halves
 * whenever a step would leave it.
 */
export function sineCumulative({ mean, amplitude, periodMs }: SineShape, durationMs: number): Cumulative {
  const low = amplitude > mean ? periodMs * (0.5 + Math.asin(mean / amplitude) / (2 * Math.PI)) : periodMs
  const high = amplitude > mean ? periodMs * (1 - Math.asin(mean / amplitude) / (2 * Math.PI)) : periodMs
  const unclipped = (ms: number) =>
    (mean * ms + ((amplitude * periodMs) / Math.PI) * Math.sin((Math.PI * ms) / periodMs) ** 2) / 1000
  const atLow = unclipped(low)
  const atHigh = unclipped(high)
  const perPeriod = atLow + unclipped(periodMs) - atHigh

  const rate = (ms: number) => Math.max(0, mean + amplitude * Math.sin((2 * Math.PI * ms) / periodMs))

  function before(timeMs: number): number {
    const periods = Math.floor(timeMs / periodMs)
    const ms = timeMs - periods * periodMs
    const part = ms <= low ? unclipped(ms) : ms <= high ? atLow : atLow + unclipped(ms) - atHigh
    return periods * perPeriod + part
  }

  /** Where F reaches `count` between two instants that enclose it. */
  function solve(count: number, fromMs: number, toMs: number): number {
    let below = fromMs
    let above = toMs
    let ms = (below + above) / 2
    for (let round = 0; round < 80; round++) {
      const miss = unclipped(ms) - count
      if (miss > 0) above = ms
      else below = ms
      const newton = ms - (1000 * miss) / rate(ms)
      const next = newton > below && newton < above ? newton : (below + above) / 2
      if (Math.abs(next - ms) <= 1e-12 * toMs) return next
      ms = next
    }
    return ms
  }

  const total = durationMs > 0 ? before(durationMs) : 0
  return {
    durationMs,
    total,
    rateAt: (timeMs) => (timeMs >= 0 && timeMs < durationMs ? rate(timeMs) : 0),
    before: (timeMs) => (timeMs > 0 ? Math.min(total, before(Math.min(timeMs, durationMs))) : 0),
    inverse(count) {
      const periods = perPeriod > 0 ? Math.floor((count + countTolerance) / perPeriod) : 0
      const part = Math.max(0, count - periods * perPeriod)
      const ms =
        part + countTolerance < atLow || low === high
          ? solve(part, 0, low)
          : solve(part - atLow + atHigh, high, periodMs)
      return Math.min(part === 0 ? periods * periodMs : periods * periodMs + ms, durationMs)
    },
  }
}
