export interface Spread {
  readonly median: number
  readonly least: number
  readonly most: number
}

/** Of at least one value. */
export function spreadOf(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const low = sorted[Math.floor(middle)] ?? Number.NaN
  const high = sorted[Math.ceil(middle)] ?? Number.NaN
  return { median: (low + high) / 2, least: sorted[0] ?? Number.NaN, most: sorted.at(-1) ?? Number.NaN }
}

/** The median, with the least and the most of more than one. */
export function spreadText(values: readonly number[], digits = 0): string {
  const { median, least, most } = spreadOf(values)
  const [middle, low, high] = [median, least, most].map((value) =>
    value.toLocaleString('en-US', { minimumFractionDigits: digits, maximumFractionDigits: digits }),
  )
  return values.length < 2 ? (middle ?? '') : `${middle} (${low} … ${high})`
}
