import hdr from 'hdr-histogram-js'

/**
 * Histograms in anyone's units and range: the reference's own arithmetic, where ours is fixed to 1 µs … 1 h. It grows with its values, and adds
 * others by the lowest value of each of their buckets, as the reference does.
 */
export interface AnyHistogram {
  readonly digits: number
  record(value: number, count: number): void
  /** Lowest value and count of each bucket that holds something, ascending. */
  forEach(visit: (value: number, count: number) => void): void
  summary(): HistogramSummary
}

/** 0 throughout where nothing was recorded, as the reference tools print it. */
export interface HistogramSummary {
  readonly total: number
  /** 0, or the lowest equivalent value of the smallest that is not. */
  readonly min: number
  readonly max: number
  readonly mean: number
  readonly stddev: number
  /** By percentile as text: `50`, `99.9`. */
  readonly percentiles: Readonly<Record<string, number>>
}

const percentiles = [0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999, 100]

/** `digits`: 0 … 5; `from`: what it holds at first. */
export function createAnyHistogram(digits: number, from?: AnyHistogram): AnyHistogram {
  const histogram = new hdr.Float64Histogram(1, 2, digits)
  histogram.autoResize = true
  from?.forEach((value, count) => {
    histogram.recordValueWithCount(value, count)
  })
  return {
    digits,
    forEach: (visit) => {
      for (let index = 0; index < histogram.countsArrayLength; index++) {
        const count = histogram.getCountAtIndex(index)
        if (count > 0) visit(histogram.valueFromIndex(index), count)
      }
    },
    record: (value, count) => histogram.recordValueWithCount(value, count),
    summary: () => ({
      total: histogram.totalCount,
      min: histogram.totalCount === 0 || histogram.getCountAtIndex(0) > 0 ? 0 : histogram.minNonZeroValue,
      max: histogram.totalCount === 0 ? 0 : histogram.highestEquivalentValue(histogram.maxValue),
      mean: histogram.mean,
      stddev: histogram.stdDeviation,
      percentiles: Object.fromEntries(percentiles.map((p) => [String(p), histogram.getValueAtPercentile(p)])),
    }),
  }
}
