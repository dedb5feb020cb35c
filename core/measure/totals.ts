import { bucketCount, bucketIndexOf, highestEquivalentOf, lowestOf, middleOf } from './buckets.ts'
import type { PagedCounts } from './counts.ts'
import type { SparseCounts } from './snapshot.ts'
import { malformed, readVarint, type VarintCursor, VarintWriter } from './varint.ts'

const pageBits = 5
const pageSize = 1 << pageBits
const pageMask = pageSize - 1
const pageCount = bucketCount >>> pageBits

const cursor: VarintCursor = { at: 0 }
const writer = new VarintWriter()
/** Stand in for the tables of an empty histogram. Never written. */
const untouchedPlaces = new Uint16Array(pageCount)
const untouchedCounts = new Float64Array(0)

/**
 * A histogram of the whole, wherever counts are added up: exact up to 2⁵³ − 1 per bucket. Takes no memory while empty, and then
 * that of its touched pages. Times in µs; what is asked of an empty one is null.
 */
export class Totals {
  /** Per page, 1 + its place in `#counts`; 0: untouched. */
  #places = untouchedPlaces
  #counts = untouchedCounts
  #touched = 0
  #total = 0
  #lowestPage = pageCount
  #highestPage = -1

  static of(sparse: SparseCounts): Totals {
    const totals = new Totals()
    totals.addSparse(sparse)
    return totals
  }

  /** Number of samples. */
  get total(): number {
    return this.#total
  }

  /** Clamped to 1 µs … 1 h. */
  record(micros: number, count = 1): void {
    this.addAt(bucketIndexOf(micros), count)
  }

  /** `index` of core/measure/buckets.ts. Below zero, `count` takes away. */
  addAt(index: number, count: number): void {
    const page = index >>> pageBits
    let place = this.#places[page] as number
    if (place === 0) place = this.#touch(page)
    const at = ((place - 1) << pageBits) | (index & pageMask)
    this.#counts[at] = (this.#counts[at] as number) + count
    this.#total += count
  }

  /** Walks the payload straight into the counts. Throws BreakwaterError `bad-message`; what stood before the fault is added then: `checkSparse` first where that matters. */
  addSparse(sparse: SparseCounts): void {
    // The engine's and the controller's innermost loop: most numbers are of one byte.
    const length = sparse.length
    let counts = this.#counts
    let index = 0
    let total = 0
    let page = -1
    let from = 0
    for (let at = 0; at < length; ) {
      let distance = sparse[at] as number
      if (distance < 0x80) at++
      else {
        cursor.at = at
        distance = readVarint(sparse, cursor)
        at = cursor.at
      }
      index = nextIndex(index, distance, total === 0)
      let count = sparse[at] as number
      if (count < 0x80) at++
      else {
        cursor.at = at
        count = readVarint(sparse, cursor)
        at = cursor.at
      }
      if (count === 0) throw malformed('an empty bucket is listed')
      if (index >>> pageBits !== page) {
        page = index >>> pageBits
        from = ((this.#places[page] || this.#touch(page)) - 1) << pageBits
        counts = this.#counts
      }
      const place = from | (index & pageMask)
      counts[place] = (counts[place] as number) + count
      this.#total += count
      total += count
    }
  }

  addCounts(counts: PagedCounts): void {
    counts.forEach((index, count) => {
      this.addAt(index, count)
    })
  }

  addAll(other: Totals): void {
    other.forEach((index, count) => {
      this.addAt(index, count)
    })
  }

  /** Takes another's counts away; what this leaves below zero stays so (`isNegative` tells). */
  subtractAll(other: Totals): void {
    other.forEach((index, count) => {
      this.addAt(index, -count)
    })
  }

  /** Buckets that hold something, ascending. */
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

  /** Buckets that hold something, ascending, with the times they stand for. */
  *buckets(): Generator<Bucket> {
    const found: Bucket[] = []
    this.forEach((index, count) => {
      found.push({ index, lowest: lowestOf(index), highest: highestEquivalentOf(index), count })
    })
    yield* found
  }

  /** Highest equivalent value of the sample of rank max(1, ⌈p·N/100⌉); p in percent, 0 … 100. */
  percentile(p: number): number | null {
    return this.valueAtRank(rankOf(p, this.#total))
  }

  /** Highest equivalent value of the k-th smallest sample, 1 ≤ k ≤ total; null beyond. */
  valueAtRank(rank: number): number | null {
    const index = this.#indexAtRank(rank)
    return index === null ? null : highestEquivalentOf(index)
  }

  /** Ranks of the samples in the bucket of `micros`: the first and the last of them; `last < first` where it holds none. */
  rankBounds(micros: number): { readonly first: number; readonly last: number } {
    const index = bucketIndexOf(micros)
    const last = this.#countUpTo(index)
    return { first: this.#countUpTo(index - 1) + 1, last }
  }

  /** Samples that are not told apart from `micros` or are below it. */
  countAtOrBelow(micros: number): number {
    return this.#countUpTo(bucketIndexOf(micros))
  }

  /** Lowest equivalent value of the smallest sample. */
  get min(): number | null {
    const index = this.#indexAtRank(1)
    return index === null ? null : lowestOf(index)
  }

  /** Highest equivalent value of the largest sample. */
  get max(): number | null {
    return this.valueAtRank(this.#total)
  }

  /** From the middles of the buckets. */
  get mean(): number | null {
    if (this.#total === 0) return null
    let sum = 0
    this.forEach((index, count) => {
      sum += middleOf(index) * count
    })
    return sum / this.#total
  }

  get isNegative(): boolean {
    let negative = false
    this.forEach((_, count) => {
      if (count < 0) negative = true
    })
    return negative
  }

  equals(other: Totals): boolean {
    if (this.#total !== other.#total) return false
    const mine = this.toSparse()
    const others = other.toSparse()
    return mine.length === others.length && mine.every((byte, at) => byte === others[at])
  }

  /** Counts must not be negative. */
  toSparse(): SparseCounts {
    let previous = 0
    for (let page = this.#lowestPage; page <= this.#highestPage; page++) {
      const place = this.#places[page] as number
      if (place === 0) continue
      const from = (place - 1) << pageBits
      const first = page << pageBits
      for (let offset = 0; offset < pageSize; offset++) {
        const count = this.#counts[from + offset] as number
        if (count === 0) continue
        const index = first | offset
        writer.write(index - previous)
        writer.write(count)
        previous = index
      }
    }
    return writer.take()
  }

  clear(): void {
    if (this.#touched === 0) return
    this.#places.fill(0, this.#lowestPage, this.#highestPage + 1)
    this.#counts.fill(0, 0, this.#touched << pageBits)
    this.#touched = 0
    this.#total = 0
    this.#lowestPage = pageCount
    this.#highestPage = -1
  }

  #indexAtRank(rank: number): number | null {
    if (this.#touched === 0 || rank < 1 || rank > this.#total) return null
    let seen = 0
    for (let page = this.#lowestPage; page <= this.#highestPage; page++) {
      const place = this.#places[page] as number
      if (place === 0) continue
      const from = (place - 1) << pageBits
      for (let offset = 0; offset < pageSize; offset++) {
        seen += this.#counts[from + offset] as number
        if (seen >= rank) return (page << pageBits) | offset
      }
    }
    return null
  }

  #countUpTo(highest: number): number {
    if (this.#touched === 0) return 0
    let seen = 0
    for (let page = 0; page <= highest >>> pageBits; page++) {
      const place = this.#places[page] as number
      if (place === 0) continue
      const from = (place - 1) << pageBits
      const end = Math.min(pageSize - 1, highest - (page << pageBits))
      for (let offset = 0; offset <= end; offset++) seen += this.#counts[from + offset] as number
    }
    return seen
  }

  #touch(page: number): number {
    if (this.#counts.length === 0) {
      this.#places = new Uint16Array(pageCount)
      this.#counts = new Float64Array(2 * pageSize)
    }
    if ((this.#touched + 1) << pageBits > this.#counts.length) {
      const larger = new Float64Array(this.#counts.length * 2)
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

/** Times in µs; both ends belong to it. */
export interface Bucket {
  readonly index: number
  readonly lowest: number
  readonly highest: number
  readonly count: number
}

/**
 * max(1, ⌈p·N/100⌉), of the decimal number p: 99.9 is not representable, and must not make 999 of 1,000 into 1,000. So what
 * is within the error of two roundings above a whole number counts as that number.
 */
export function rankOf(p: number, total: number): number {
  const exact = (p * total) / 100
  return Math.max(1, Math.ceil(exact - exact * 2 ** -51))
}

/** Throws BreakwaterError `bad-message` unless `addSparse` will take it. */
export function checkSparse(sparse: SparseCounts): void {
  walkSparse(sparse, nobody)
}

const nobody = { addAt(): void {} }

/** Each bucket that holds something, ascending. Throws BreakwaterError `bad-message`; what stood before the fault has been told of then. */
export function walkSparse(sparse: SparseCounts, into: { addAt(index: number, count: number): void }): void {
  const length = sparse.length
  let index = 0
  for (let at = 0; at < length; ) {
    const isFirst = at === 0
    // Most numbers are of one byte, and this is the controller's innermost loop.
    let distance = sparse[at] as number
    if (distance < 0x80) at++
    else {
      cursor.at = at
      distance = readVarint(sparse, cursor)
      at = cursor.at
    }
    index = nextIndex(index, distance, isFirst)
    let count = sparse[at] as number
    if (count < 0x80) at++
    else {
      cursor.at = at
      count = readVarint(sparse, cursor)
      at = cursor.at
    }
    if (count === 0) throw malformed('an empty bucket is listed')
    into.addAt(index, count)
  }
}

function nextIndex(index: number, distance: number, isFirst: boolean): number {
  if (distance === 0 && !isFirst) throw malformed('a bucket comes twice')
  const next = index + distance
  if (next >= bucketCount) throw malformed(`bucket ${next} is above one hour`)
  return next
}
