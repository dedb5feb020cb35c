import { bucketCount, bucketIndexOf } from './buckets.ts'
import type { SparseCounts } from './snapshot.ts'
import { VarintWriter } from './varint.ts'

const pageBits = 5
const pageSize = 1 << pageBits
const pageMask = pageSize - 1
const pageCount = bucketCount >>> pageBits

const writer = new VarintWriter()
const nothing: SparseCounts = new Uint8Array(0)
/** Stand in for the tables of a histogram that has not been touched yet. Never written. */
const untouchedPlaces = new Uint16Array(pageCount)
const untouchedCounts = new Uint32Array(0)

/**
 * Counts of one series in one interval, 32-bit. A page of 32 buckets takes memory from its first sample on, and clearing touches
 * only such pages: a series that is used costs 1.5 kB and its pages, not the 94 kB of a full array, and next to nothing before.
 */
export class PagedCounts {
  /** Per page, 1 + its place in `#counts`; 0: untouched. */
  #places = untouchedPlaces
  #counts = untouchedCounts
  #touched = 0
  #lowestPage = pageCount
  #highestPage = -1

  get isEmpty(): boolean {
    return this.#touched === 0
  }

  /** Clamped to 1 µs … 1 h. */
  record(micros: number): void {
    const index = bucketIndexOf(micros)
    const page = index >>> pageBits
    let place = this.#places[page] as number
    if (place === 0) place = this.#touch(page)
    const at = ((place - 1) << pageBits) | (index & pageMask)
    this.#counts[at] = (this.#counts[at] as number) + 1
  }

  /** In ascending order of their indices. */
  forEach(visit: (index: number, count: number) => void): void {
    for (let page = this.#lowestPage; page <= this.#highestPage; page++) {
      const place = this.#places[page] as number
      if (place === 0) continue
      const from = (place - 1) << pageBits
      for (let offset = 0; offset < pageSize; offset++) {
        const count = this.#counts[from + offset] as number
        if (count !== 0) visit((page << pageBits) | offset, count)
      }
    }
  }

  toSparse(): SparseCounts {
    if (this.#touched === 0) return nothing
    let previous = 0
    this.forEach((index, count) => {
      writer.write(index - previous)
      writer.write(count)
      previous = index
    })
    return writer.take()
  }

  clear(): void {
    if (this.#touched === 0) return
    this.#counts.fill(0, 0, this.#touched << pageBits)
    this.#places.fill(0, this.#lowestPage, this.#highestPage + 1)
    this.#touched = 0
    this.#lowestPage = pageCount
    this.#highestPage = -1
  }

  #touch(page: number): number {
    if (this.#counts.length === 0) {
      this.#places = new Uint16Array(pageCount)
      this.#counts = new Uint32Array(4 * pageSize)
    }
    if ((this.#touched + 1) << pageBits > this.#counts.length) {
      const larger = new Uint32Array(this.#counts.length * 2)
      larger.set(this.#counts)
      this.#counts = larger
    }
    this.#touched++
    this.#places[page] = this.#touched
    if (page < this.#lowestPage) this.#lowestPage = page
    if (page > this.#highestPage) this.#highestPage = page
    return this.#touched
  }
}
