import test from 'ava'
import fc from 'fast-check'
import hdr from 'hdr-histogram-js'
import { BreakwaterError } from '../../../../core/error.ts'
import { bucketCount, bucketIndexOf, highestMicros } from '../../../../core/measure/buckets.ts'
import { PagedCounts } from '../../../../core/measure/counts.ts'
import { checkSparse, rankOf, Totals } from '../../../../core/measure/totals.ts'

const values = fc.array(
  fc.oneof(fc.integer({ min: 1, max: 20_000 }), fc.integer({ min: 1, max: highestMicros })),
  { maxLength: 400 },
)
const percents = [0, 50, 75, 90, 95, 99, 99.9, 99.99, 100]

function counted(samples: readonly number[]): PagedCounts {
  const counts = new PagedCounts()
  for (const sample of samples) counts.record(sample)
  return counts
}

function recorded(samples: readonly number[]): Totals {
  const totals = new Totals()
  for (const sample of samples) totals.record(sample)
  return totals
}

function referenceOf(samples: readonly number[]): InstanceType<typeof hdr.Float64Histogram> {
  const reference = new hdr.Float64Histogram(1, 3_600_000_000, 3)
  for (const sample of samples) reference.recordValue(sample)
  return reference
}

test('percentiles, minimum, maximum and mean equal those of the reference', (t) => {
  fc.assert(
    fc.property(values, (samples) => {
      if (samples.length === 0) return
      const totals = recorded(samples)
      const reference = referenceOf(samples)
      for (const p of percents.slice(1)) t.is(totals.percentile(p), reference.getValueAtPercentile(p))
      t.is(totals.max, reference.maxValue === 0 ? 0 : reference.highestEquivalentValue(reference.maxValue))
      t.is(totals.min, reference.lowestEquivalentValue(reference.minNonZeroValue))
      t.true(Math.abs((totals.mean as number) - reference.mean) <= 1e-9 * reference.mean)
    }),
  )
})

test('sparse counts carry everything that was recorded', (t) => {
  fc.assert(
    fc.property(values, (samples) => {
      const totals = Totals.of(counted(samples).toSparse())
      t.true(totals.equals(recorded(samples)))
      t.is(totals.total, samples.length)
      t.deepEqual(totals.toSparse(), counted(samples).toSparse())
    }),
  )
})

test('adding up parts in any order gives the whole', (t) => {
  fc.assert(
    fc.property(fc.array(values, { maxLength: 6 }), (parts) => {
      const forwards = new Totals()
      for (const part of parts) forwards.addSparse(counted(part).toSparse())
      const backwards = new Totals()
      for (const part of [...parts].reverse()) backwards.addAll(recorded(part))
      t.true(forwards.equals(recorded(parts.flat())))
      t.true(forwards.equals(backwards))
    }),
  )
})

test('taking away what was added leaves what was there', (t) => {
  fc.assert(
    fc.property(values, values, (kept, passing) => {
      const totals = recorded(kept)
      totals.addAll(recorded(passing))
      totals.subtractAll(recorded(passing))
      t.true(totals.equals(recorded(kept)))
      t.false(totals.isNegative)
    }),
  )
})

test('ranks and counts agree with the sorted samples', (t) => {
  fc.assert(
    fc.property(values, fc.integer({ min: 1, max: highestMicros }), (samples, limit) => {
      const totals = recorded(samples)
      const atOrBelow = samples.filter((sample) => bucketIndexOf(sample) <= bucketIndexOf(limit)).length
      t.is(totals.countAtOrBelow(limit), atOrBelow)
      const { first, last } = totals.rankBounds(limit)
      t.is(last, atOrBelow)
      t.is(
        last - first + 1,
        samples.filter((sample) => bucketIndexOf(sample) === bucketIndexOf(limit)).length,
      )
      const sorted = [...samples].sort((a, b) => a - b)
      sorted.forEach((sample, at) => {
        t.is(bucketIndexOf(totals.valueAtRank(at + 1) as number), bucketIndexOf(sample))
      })
      t.is(totals.valueAtRank(samples.length + 1), null)
      t.is(totals.valueAtRank(0), null)
    }),
    { numRuns: 30 },
  )
})

test('clearing counts leaves nothing behind, and they serve again', (t) => {
  fc.assert(
    fc.property(values, values, (before, after) => {
      const counts = counted(before)
      counts.clear()
      t.true(counts.isEmpty)
      t.is(counts.toSparse().length, 0)
      for (const sample of after) counts.record(sample)
      t.deepEqual(counts.toSparse(), counted(after).toSparse())
    }),
  )
})

test('an empty histogram has no figures', (t) => {
  const totals = new Totals()
  t.deepEqual(
    [totals.total, totals.min, totals.max, totals.mean, totals.percentile(50), totals.countAtOrBelow(1)],
    [0, null, null, null, null, 0],
  )
  t.is(totals.toSparse().length, 0)
})

test('counts beyond 32 bits are exact', (t) => {
  const totals = new Totals()
  totals.record(1_000, 2 ** 40)
  const sparse = totals.toSparse()
  totals.addSparse(sparse)
  totals.record(5_000)
  t.is(totals.total, 2 ** 41 + 1)
  t.is(totals.percentile(100), 5_003)
  t.is(totals.valueAtRank(2 ** 41), 1_000)
})

for (const [p, total, rank] of [
  [50, 1, 1],
  [0, 10, 1],
  [95, 20, 19],
  [99, 100, 99],
  [99.9, 1_000, 999],
  [99.9, 3_000, 2_997],
  [99.99, 10_000, 9_999],
  [99.9, 1_001, 1_000],
  [55, 100, 55],
  [7, 100, 7],
  [100, 7, 7],
] as const) {
  test(`p${p} of ${total} samples is the one of rank ${rank}`, (t) => {
    t.is(rankOf(p, total), rank)
  })
}

test('the rank is that of exact arithmetic for every percentage with three decimals', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 100_000_000 }),
      (mille, total) => {
        const exact = (BigInt(mille) * BigInt(total) + 99_999n) / 100_000n
        return BigInt(rankOf(mille / 1_000, total)) === exact
      },
    ),
    { numRuns: 5_000 },
  )
  t.pass()
})

for (const [fault, bytes] of [
  ['a number without its end', [0x80]],
  ['a distance without a count', [5]],
  ['a bucket above one hour', [0xff, 0xff, 0x7f, 1]],
  ['a distance that comes round to a low index', [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x0f, 1]],
  ['a number of more than 53 bits', [1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01]],
  ['an empty bucket', [5, 0]],
  ['a bucket that comes twice', [5, 1, 0, 1]],
] as const) {
  test(`sparse counts with ${fault} are refused`, (t) => {
    const error = t.throws(() => checkSparse(Uint8Array.from(bytes)), { instanceOf: BreakwaterError })
    t.is(error?.code, 'bad-message')
    t.throws(() => new Totals().addSparse(Uint8Array.from(bytes)), { instanceOf: BreakwaterError })
  })
}

test('random bytes are refused or counted inside the range, never written beyond it', (t) => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 60 }), (bytes) => {
      const totals = new Totals()
      try {
        totals.addSparse(bytes)
      } catch (error) {
        if (!(error instanceof BreakwaterError && error.code === 'bad-message')) throw error
      }
      for (const { index, count } of totals.buckets()) {
        t.true(index < bucketCount && Number.isSafeInteger(count))
      }
    }),
    { numRuns: 2_000 },
  )
})
