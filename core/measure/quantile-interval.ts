/**
 * A confidence interval of a quantile that asks nothing of the distribution: between the order statistics of these ranks (1 … n). Null: it lies
 * beyond the samples, there are too few of them.
 */
export interface RankInterval {
  readonly lower: number | null
  readonly upper: number | null
  /** P(lower ≤ samples below the quantile < upper), at least the confidence asked for. */
  readonly coverage: number
}

/**
 * The number of n samples below the p-quantile is binomial B(n, p). With equal tails of α/2 = (1 − confidence)/2,
 *
 *     lower = the largest l with P(B < l)  ≤ α/2
 *     upper = the smallest u with P(B ≥ u) ≤ α/2
 *     coverage = P(l ≤ B < u)
 *
 * p in (0, 1). Source: David and Nagaraja, Order Statistics, §7.1.
 */
export function quantileInterval(n: number, p: number, confidence = 0.95): RankInterval {
  const tail = (1 - confidence) / 2
  const { from, terms } = binomialTerms(n, p)
  let below = 0
  let lower = from
  for (const term of terms) {
    if (below + term > tail) break
    below += term
    lower++
  }
  let above = 0
  let upper = from + terms.length
  for (const term of terms.toReversed()) {
    if (above + term > tail) break
    above += term
    upper--
  }
  return { lower: lower === 0 ? null : lower, upper: upper > n ? null : upper, coverage: 1 - below - above }
}

/**
 * The fewest samples of which the largest is above the p-quantile with that (one-sided) confidence: pⁿ ≤ 1 − confidence, so
 * n = ⌈ln(1 − confidence) ÷ ln p⌉. 29 for p90, 59 for p95, 299 for p99, 2,995 for p99.9 at 95 %.
 */
export function fewestSamples(p: number, confidence = 0.95): number {
  return Math.ceil(Math.log(1 - confidence) / Math.log(p))
}

/**
 * P(B = k) from k = `from` on, where it is not negligible: from the mode outwards by P(k+1) ÷ P(k) = (n − k)/(k + 1) · p/(1 − p), then
 * divided by their sum. About 20·√(n·p·(1 − p)) terms.
 */
function binomialTerms(n: number, p: number): { readonly from: number; readonly terms: readonly number[] } {
  const odds = p / (1 - p)
  const mode = Math.min(n, Math.floor((n + 1) * p))
  const downwards: number[] = []
  let weight = 1
  for (let k = mode; k > 0; k--) {
    weight *= k / (n - k + 1) / odds
    if (weight < negligible) break
    downwards.push(weight)
  }
  const upwards = [1]
  weight = 1
  for (let k = mode; k < n; k++) {
    weight *= ((n - k) / (k + 1)) * odds
    if (weight < negligible) break
    upwards.push(weight)
  }
  const weights = [...downwards.reverse(), ...upwards]
  const sum = weights.reduce((total, term) => total + term, 0)
  return { from: mode - downwards.length, terms: weights.map((term) => term / sum) }
}

const negligible = 1e-22
