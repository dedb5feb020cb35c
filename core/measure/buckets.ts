/**
 * HDR index arithmetic for 1 µs to 1 h with three significant digits, bit-identical to the reference implementations built with
 * (1, 3,600,000,000, 3). Values below 2,048 have a bucket each; every further octave [2^k, 2^(k+1)) has 1,024 buckets of width 2^(k−10):
 *
 *     index(v) = v                                   v < 2,048
 *     index(v) = shift·1,024 + ⌊v / 2^shift⌋         shift = ⌊log₂ v⌋ − 10
 *
 * Source: HdrHistogram, http://hdrhistogram.org (public domain).
 */

const subBucketHalf = 1024
const subBucketHalfBits = 10

export const lowestMicros = 1
/** One hour. */
export const highestMicros = 3_600_000_000
export const significantDigits = 3

/** Number of buckets: indices are 0 … 23,551. Index 0 is of 0 µs and stays empty. */
export const bucketCount = 23 * subBucketHalf

/**
 * The bucket of a time, which counts in whole microseconds (fractions are cut off, as the reference does).
 * What is below 1 µs (a clock read twice in one tick, a lag of nothing) counts as 1 µs, what is above 1 h as 1 h, NaN as 1 µs.
 */
export function bucketIndexOf(micros: number): number {
  if (!(micros >= lowestMicros)) return lowestMicros
  const value = Math.min(micros, highestMicros)
  const shift = 21 - Math.clz32(value)
  return shift <= 0 ? value | 0 : (shift << subBucketHalfBits) + (value >>> shift)
}

/** Lowest time of a bucket, µs. */
export function lowestOf(index: number): number {
  const shift = shiftOf(index)
  return shift === 0 ? index : (index - (shift << subBucketHalfBits)) * 2 ** shift
}

/** Highest time that the bucket can't tell from its lowest, µs. */
export function highestEquivalentOf(index: number): number {
  return lowestOf(index) + 2 ** shiftOf(index) - 1
}

/** The time that stands for a bucket in means: its lowest plus half its width, µs. */
export function middleOf(index: number): number {
  return lowestOf(index) + Math.floor(2 ** shiftOf(index) / 2)
}

function shiftOf(index: number): number {
  return index < 2 * subBucketHalf ? 0 : (index >>> subBucketHalfBits) - 1
}
