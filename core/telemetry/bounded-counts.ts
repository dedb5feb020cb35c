import { bucketCount, highestEquivalentOf, middleOf } from '../measure/buckets.ts'
import type { SparseCounts } from '../measure/snapshot.ts'
import { type Totals, walkSparse } from '../measure/totals.ts'
import type { BoundedSum } from './metric.ts'

/** Upper bounds, and for each HDR bucket the place of the first bound that it lies under. */
export interface Bounds {
  readonly seconds: readonly number[]
  readonly placeOf: Uint8Array
}

/** Ascending, at most 254. A bucket that holds a bound is counted above it: at most 0.1 % of the bound. */
export function boundsOf(...seconds: readonly number[]): Bounds {
  const placeOf = new Uint8Array(bucketCount)
  let place = 0
  for (let index = 0; index < bucketCount; index++) {
    while (place < seconds.length && highestEquivalentOf(index) > (seconds[place] as number) * 1e6) place++
    placeOf[index] = place
  }
  return { seconds, placeOf }
}

/** Alike for workers and controller, so that one can be drawn over the other. */
export const responseBounds = boundsOf(
  ...[0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60],
)
export const lagBounds = boundsOf(
  ...[0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.1, 0.5, 1, 5],
)

/**
 * Times of a histogram by a few fixed bounds. Unlike quantiles these can be added up over workers, which is why they are what Prometheus gets; the
 * percentiles of a run come from all of its buckets.
 */
export class BoundedCounts {
  static of(bounds: Bounds, totals: Totals): BoundedCounts {
    const counts = new BoundedCounts(bounds)
    totals.forEach((index, count) => {
      counts.addAt(index, count)
    })
    return counts
  }

  readonly #bounds: Bounds
  readonly #counts: Float64Array
  #sumMicros = 0

  constructor(bounds: Bounds) {
    this.#bounds = bounds
    this.#counts = new Float64Array(bounds.seconds.length + 1)
  }

  add(sparse: SparseCounts): void {
    walkSparse(sparse, this)
  }

  addAt(index: number, count: number): void {
    const place = this.#bounds.placeOf[index] as number
    this.#counts[place] = (this.#counts[place] as number) + count
    this.#sumMicros += middleOf(index) * count
  }

  get isEmpty(): boolean {
    return this.#sumMicros === 0
  }

  read(): BoundedSum {
    let count = 0
    const cumulative = Array.from(this.#bounds.seconds, (_, place) => {
      count += this.#counts[place] as number
      return count
    })
    count += this.#counts[this.#bounds.seconds.length] as number
    return { bounds: this.#bounds.seconds, cumulative, count, sum: this.#sumMicros / 1e6 }
  }
}
