/**
 * The counts that a sum of n independent draws of chance p stays within: outside, to either side, it lies with a chance of at most alpha / 2.
 * From the exact distribution, each term by the one before it: P(k+1)/P(k) = (n−k)/(k+1) · p/(1−p).
 */
export function binomialBounds(
  n: number,
  p: number,
  alpha: number,
): { readonly least: number; readonly most: number } {
  const logs = [n * Math.log1p(-p)]
  for (let k = 0; k < n; k++) logs.push((logs[k] as number) + Math.log(((n - k) / (k + 1)) * (p / (1 - p))))
  const chances = logs.map(Math.exp)
  const outside = (from: readonly number[]) => {
    let tail = 0
    return from.findIndex((chance) => {
      tail += chance
      return tail > alpha / 2
    })
  }
  return { least: outside(chances), most: n - outside(chances.toReversed()) }
}
