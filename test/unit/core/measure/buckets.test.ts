import test from 'ava'
import fc from 'fast-check'
import hdr from 'hdr-histogram-js'
import {
  bucketCount,
  bucketIndexOf,
  highestEquivalentOf,
  highestMicros,
  lowestOf,
  middleOf,
} from '../../../../core/measure/buckets.ts'

const reference = new hdr.Float64Histogram(1, 3_600_000_000, 3)

const micros = fc.oneof(
  fc.integer({ min: 1, max: 5_000 }),
  fc.integer({ min: 1, max: highestMicros }),
  fc
    .tuple(fc.integer({ min: 0, max: 31 }), fc.integer({ min: -2, max: 2 }))
    .map(([power, off]) => Math.min(highestMicros, Math.max(1, 2 ** power + off))),
)

test('the index space is the one of the reference', (t) => {
  t.is(bucketCount, reference.countsArrayLength)
})

test('every time falls into the bucket that the reference puts it in', (t) => {
  fc.assert(
    fc.property(micros, (value) => {
      const index = bucketIndexOf(value)
      return (
        index === reference.countsArrayIndex(value) &&
        lowestOf(index) === reference.lowestEquivalentValue(value) &&
        highestEquivalentOf(index) === reference.highestEquivalentValue(value) &&
        middleOf(index) === reference.medianEquivalentValue(value)
      )
    }),
    { numRuns: 3_000 },
  )
  t.pass()
})

test('every bucket holds its own lowest, middle and highest time, and the next begins where it ends', (t) => {
  const top = bucketIndexOf(highestMicros)
  for (let index = 1; index < top; index++) {
    if (
      bucketIndexOf(lowestOf(index)) !== index ||
      bucketIndexOf(middleOf(index)) !== index ||
      bucketIndexOf(highestEquivalentOf(index)) !== index ||
      lowestOf(index + 1) !== highestEquivalentOf(index) + 1
    ) {
      t.fail(`bucket ${index}`)
    }
  }
  t.pass()
})

for (const [value, counted] of [
  [0, 1],
  [-5, 1],
  [0.3, 1],
  [Number.NaN, 1],
  [1.9, 1],
  [2047.99, 2047],
  [2048.5, 2048],
  [3_600_000_001, highestMicros],
  [Number.POSITIVE_INFINITY, highestMicros],
] as const) {
  test(`${value} µs counts as ${counted} µs`, (t) => {
    t.is(bucketIndexOf(value), bucketIndexOf(counted))
  })
}
