/** Round numbers for axes. */

export interface NiceScale {
  readonly top: number
  /** From 0 to the top. */
  readonly ticks: readonly number[]
  /** How many rows of text the axis gets: the same number for each tick. */
  readonly rows: number
}

const intervals = [4, 3, 2] as const
const rowsOf = { 2: 6, 3: 6, 4: 8 } as const

/** The lowest round top at or above `highest`, with two to four intervals; of whole numbers where `whole`. */
export function niceScale(highest: number, whole: boolean): NiceScale {
  if (!(highest > 0)) return { top: 0, ticks: [0], rows: 0 }
  if (whole && highest === 1) return { top: 1, ticks: [0, 1], rows: 2 }
  const [best] = intervals
    .map((count) => ({ count, step: niceStep(highest / count, whole) }))
    .toSorted((a, b) => a.count * a.step - b.count * b.step)
  const { count, step } = best as NonNullable<typeof best>
  return {
    top: count * step,
    ticks: Array.from({ length: count + 1 }, (_, tick) => tick * step),
    rows: rowsOf[count],
  }
}

/** 1, 2, 2.5 or 5 times a power of ten, at least `least`. */
function niceStep(least: number, whole: boolean): number {
  let power = 10 ** Math.floor(Math.log10(least))
  if (whole) power = Math.max(1, power)
  for (const factor of [1, 2, 2.5, 5, 10]) {
    const step = factor * power
    // A hair below counts: 0.30000000000000004 ÷ 3.
    if (step >= least * (1 - 1e-9) && !(whole && !Number.isInteger(step))) return step
  }
  return 10 * power
}

const s = 1000
const m = 60 * s
const h = 60 * m
const d = 24 * h
const timeSteps = [
  ...[1, 2, 5, 10, 20, 50, 100, 200, 500],
  ...[s, 2 * s, 5 * s, 10 * s, 15 * s, 30 * s],
  ...[m, 2 * m, 5 * m, 10 * m, 15 * m, 30 * m],
  ...[h, 2 * h, 3 * h, 6 * h, 12 * h, d, 2 * d, 5 * d, 10 * d],
]

/** Columns that one label takes, with the blanks around it: `1m 30s`. */
const labelColumns = 9

export function niceTimes(
  endMs: number,
  columns: number,
): { readonly endMs: number; readonly ticks: readonly number[] } {
  const most = Math.max(1, Math.floor(columns / labelColumns))
  const step = timeSteps.find((one) => endMs / one <= most) ?? endMs
  const ticks = Array.from({ length: Math.floor(endMs / step) + 1 }, (_, tick) => tick * step)
  return { endMs, ticks: ticks.filter((ms) => ms < endMs) }
}
