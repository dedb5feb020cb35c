import hdr from 'hdr-histogram-js'
import type { SeriesTable } from '../../core/measure/series.ts'
import type { Totals } from '../../core/measure/totals.ts'
import { batchesOf, batchesPerKind } from './measured-batch.ts'

/** How often each batch was drawn, by series and batch: all that there is to know of what was measured. */
export type Draws = readonly number[][]

export function noDraws({ keys }: SeriesTable): Draws {
  return keys.map(() => Array(batchesPerKind).fill(0))
}

export function addDraws(sum: Draws, more: Draws): void {
  for (const [series, drawn] of more.entries()) {
    const into = sum[series] as number[]
    for (const [number, times] of drawn.entries()) into[number] = (into[number] as number) + times
  }
}

export function stepsOf({ select }: SeriesTable): readonly number[] {
  return select(({ kind }) => kind === 'step')
}

/** The reference's own histogram, in our range. */
export function newReference(): hdr.Histogram {
  return new hdr.Float64Histogram(1, 3_600_000_000, 3)
}

/** Response times of all attempts of these series, every sample counted in one histogram of the reference. */
export function referenceOf(draws: Draws, series: readonly number[]): hdr.Histogram {
  const histogram = newReference()
  for (const id of series) {
    for (const [number, { okMicros, failedMicros }] of batchesOf(id).entries()) {
      const times = draws[id]?.[number] ?? 0
      if (times === 0) continue
      for (const micros of [...okMicros, ...failedMicros])
        histogram.recordValueWithCount(Math.floor(micros), times)
    }
  }
  return histogram
}

export const comparedPercentiles = [0.1, 50, 75, 90, 95, 99, 99.9, 99.99, 100]

export function sameHistogram(ours: Totals, reference: hdr.Histogram): boolean {
  return (
    ours.total === reference.totalCount &&
    comparedPercentiles.every((p) => ours.percentile(p) === reference.getValueAtPercentile(p))
  )
}
