import test from 'ava'
import fc from 'fast-check'
import { countOwn, workerStripe } from '../../../../core/plan/stripe.ts'
import { weightsOf } from '../../../../core/plan/weights.ts'

const known = fc.record({
  threads: fc.integer({ min: 1, max: 64 }),
  perThread: fc.double({ min: 1, max: 100_000, noNaN: true }),
})

test('weights are small whole numbers in proportion to capacity, equal where it is about the same', (t) => {
  for (const [capacities, expected] of [
    [[9_000], [1]],
    [
      [9_000, 9_000, 9_000],
      [1, 1, 1],
    ],
    // Within the tolerance of a calibration.
    [
      [9_000, 8_600],
      [1, 1],
    ],
    [
      [10_000, 5_000],
      [2, 1],
    ],
    [
      [10_000, 6_600, 3_300],
      [3, 2, 1],
    ],
    [
      [12_000, 9_000],
      [4, 3],
    ],
    // As near as it comes: nobody has no share at all.
    [[100_000, 10], [1, 1].map((_, j) => (j === 0 ? 32 : 1))],
  ] as const) {
    t.deepEqual(weightsOf(capacities.map((perThread) => ({ threads: 1, perThread }))), expected)
  }
})

test('where the capacity of one is not known, each thread counts the same', (t) => {
  t.deepEqual(
    weightsOf([
      { threads: 4, perThread: 9_000 },
      { threads: 8, perThread: null },
    ]),
    [4, 8],
  )
  t.deepEqual(
    weightsOf([
      { threads: 4, perThread: 9_000 },
      { threads: 8, perThread: 9_000 },
    ]),
    [1, 2],
  )
})

test('no weight is above 32 or below 1, and the stronger never has less', (t) => {
  fc.assert(
    fc.property(fc.array(known, { minLength: 1, maxLength: 12 }), (sharers) => {
      const weights = weightsOf(sharers)
      const capacities = sharers.map(({ threads, perThread }) => threads * perThread)
      t.true(weights.every((weight) => Number.isInteger(weight) && weight >= 1 && weight <= 32))
      for (const [i, a] of capacities.entries()) {
        for (const [j, b] of capacities.entries()) {
          if (a >= b) t.true((weights[i] as number) >= (weights[j] as number))
        }
      }
    }),
  )
})

test('shards of whatever weights sum to the whole', (t) => {
  fc.assert(
    fc.property(fc.array(known, { minLength: 1, maxLength: 8 }), fc.nat(5_000), (sharers, planned) => {
      const weights = weightsOf(sharers)
      const roster = sharers.map(({ threads }, j) => ({
        worker: `w${j}`,
        weight: weights[j] as number,
        threads,
      }))
      const shards = roster.map(({ worker }) => countOwn(workerStripe(roster, worker), 0, planned))
      t.is(
        shards.reduce((sum, shard) => sum + shard, 0),
        planned,
      )
      const all = weights.reduce((sum, weight) => sum + weight, 0)
      for (const [j, shard] of shards.entries()) {
        t.true(Math.abs(shard - (planned * (weights[j] as number)) / all) < 1)
      }
    }),
  )
})
