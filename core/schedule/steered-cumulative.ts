import { type Cumulative, countTolerance } from './cumulative.ts'

/** From an instant of the phase's own time on, which pauses stop, its rate is this many times what the LoadTest says. */
export interface RatePiece {
  /** ms since the phase began, ≥ 0; ascending in a list. */
  readonly fromMs: number
  /** 0 and more; the last one wins. */
  readonly factor: number
}

/**
 * Λ of a phase that is steered while it lasts. From u on, with the factor f, until the next piece:
 *
 *   Λ′(t) = Λ′(u) + f·(Λ(t) − Λ(u))        Λ′⁻¹(n) = Λ⁻¹(Λ(u) + (n − Λ′(u))/f)
 *
 * and before the first piece Λ′ = Λ. Where f is 0 no arrival falls.
 */
export function steeredCumulative(base: Cumulative, pieces: readonly RatePiece[]): Cumulative {
  const all = pieces[0]?.fromMs === 0 ? pieces : [{ fromMs: 0, factor: 1 }, ...pieces]
  const count = all.length
  const startMs = Float64Array.from(all, ({ fromMs }) => Math.min(fromMs, base.durationMs))
  const factor = Float64Array.from(all, (piece) => piece.factor)
  /** Λ(u) and Λ′(u) of each piece's start. */
  const planned = Float64Array.from(startMs, (ms) => base.before(ms))
  const reached = new Float64Array(count + 1)
  for (let p = 0; p < count; p++) {
    const until = p + 1 < count ? (planned[p + 1] as number) : base.total
    const grown = (factor[p] as number) * (until - (planned[p] as number))
    reached[p + 1] = (reached[p] as number) + grown
  }

  /** The last piece that begins at or below a key. */
  function pieceAt(keys: Float64Array, key: number): number {
    let low = 0
    let high = count
    while (high - low > 1) {
      const middle = (low + high) >>> 1
      if ((keys[middle] as number) <= key) low = middle
      else high = middle
    }
    return low
  }

  return {
    durationMs: base.durationMs,
    total: reached[count] as number,
    rateAt: (timeMs) => (factor[pieceAt(startMs, timeMs)] as number) * base.rateAt(timeMs),
    before(timeMs) {
      const p = pieceAt(startMs, timeMs)
      const grown = (factor[p] as number) * (base.before(timeMs) - (planned[p] as number))
      return Math.min((reached[p] as number) + Math.max(0, grown), reached[p + 1] as number)
    },
    inverse(wanted) {
      const p = pieceAt(reached, wanted + countTolerance)
      const by = factor[p] as number
      const begin = startMs[p] as number
      // Behind the last arrival, where the rest of the phase has none.
      if (by === 0) return begin
      const beyond = Math.max(0, wanted - (reached[p] as number)) / by
      return Math.max(begin, base.inverse(Math.min(base.total, (planned[p] as number) + beyond)))
    },
  }
}
