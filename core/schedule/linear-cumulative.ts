import type { RatePoint } from '../spec/load-test.ts'
import { type Cumulative, countTolerance } from './cumulative.ts'

/**
 * λ straight between the points. With r₀ and r₁ the rates at the ends of a segment of length d ms, k = (r₁ − r₀)/d and τ ms since its start:
 *
 *   1000·(Λ(τ) − Λ₀) = y = r₀τ + kτ²/2   ⇒   τ = 2y / (r₀ + √(r₀² + 2ky))
 *
 * the form of the root that cancels nothing, for k of either sign and for k = 0.
 */
export function linearCumulative(points: readonly RatePoint[]): Cumulative {
  const segments = Math.max(0, points.length - 1)
  const startMs = new Float64Array(segments + 1)
  const startRate = new Float64Array(segments)
  const slope = new Float64Array(segments)
  const reached = new Float64Array(segments + 1)

  for (let s = 0; s < segments; s++) {
    const from = points[s] as RatePoint
    const to = points[s + 1] as RatePoint
    const lengthMs = to.atMs - from.atMs
    startMs[s] = from.atMs
    startRate[s] = from.perSecond
    slope[s] = lengthMs > 0 ? (to.perSecond - from.perSecond) / lengthMs : 0
    reached[s + 1] = (reached[s] as number) + (lengthMs * (from.perSecond + to.perSecond)) / 2000
  }
  const durationMs = points[segments]?.atMs ?? 0
  const total = reached[segments] as number
  startMs[segments] = durationMs

  // The last segment used: arrivals are mostly asked for in order.
  let cursor = 0

  function seek(keys: Float64Array, key: number): number {
    if (holds(keys, key, cursor)) return cursor
    cursor =
      cursor + 1 < segments && holds(keys, key, cursor + 1) ? cursor + 1 : lastAtOrBelow(keys, key, segments)
    return cursor
  }

  function holds(keys: Float64Array, key: number, s: number): boolean {
    return (keys[s] as number) <= key && (s + 1 === segments || key < (keys[s + 1] as number))
  }

  return {
    durationMs,
    total,
    rateAt(timeMs) {
      if (!(timeMs >= 0 && timeMs < durationMs)) return 0
      const s = seek(startMs, timeMs)
      return Math.max(0, (startRate[s] as number) + (slope[s] as number) * (timeMs - (startMs[s] as number)))
    },
    before(timeMs) {
      if (!(timeMs > 0)) return 0
      if (timeMs >= durationMs) return total
      const s = seek(startMs, timeMs)
      const sinceMs = timeMs - (startMs[s] as number)
      const grown = (sinceMs * ((startRate[s] as number) + ((slope[s] as number) * sinceMs) / 2)) / 1000
      return Math.min((reached[s] as number) + grown, reached[s + 1] as number)
    },
    inverse(count) {
      const s = seek(reached, count + countTolerance)
      const rate = startRate[s] as number
      const scaled = 1000 * Math.max(0, count - (reached[s] as number))
      const begin = startMs[s] as number
      if (scaled === 0) return begin
      const root = Math.sqrt(Math.max(0, rate * rate + 2 * (slope[s] as number) * scaled))
      return Math.min(begin + (2 * scaled) / (rate + root), startMs[s + 1] as number)
    },
  }
}

/** Index of the last of the first `length` ascending keys that is ≤ key: among equal ones (a jump, a stretch without rate) the last. */
function lastAtOrBelow(keys: Float64Array, key: number, length: number): number {
  let low = 0
  let high = length
  while (high - low > 1) {
    const middle = (low + high) >>> 1
    if ((keys[middle] as number) <= key) low = middle
    else high = middle
  }
  return low
}
