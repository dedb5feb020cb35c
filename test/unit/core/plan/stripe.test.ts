import test from 'ava'
import fc from 'fast-check'
import type { RosterEntry } from '../../../../core/plan/plan.ts'
import {
  arrivalAt,
  countOwn,
  indexOfFirst,
  ownsArrival,
  slotOwners,
  stripeOf,
  workerStripe,
} from '../../../../core/plan/stripe.ts'
import { createSchedule } from '../../../../core/schedule/create-schedule.ts'
import { anyOpenPhase } from '../../../kit/arbitrary-phase.ts'
import { anyRoster, roster, stripesOf } from '../../../kit/arbitrary-roster.ts'

const weights = fc.array(fc.integer({ min: 1, max: 30 }), { minLength: 1, maxLength: 20 })

test('every arrival has exactly one owner, for any workers, weights and threads', (t) => {
  fc.assert(
    fc.property(anyRoster, fc.nat({ max: 1e9 }), (workers, from) => {
      const stripes = stripesOf(workers)
      for (let n = from; n < from + 60; n++) {
        if (stripes.filter((stripe) => ownsArrival(stripe, n)).length !== 1) return false
      }
      return true
    }),
  )
  t.pass()
})

test('shards sum to the whole', (t) => {
  fc.assert(
    fc.property(anyRoster, fc.nat({ max: 1e9 }), fc.nat({ max: 1e6 }), (workers, from, count) => {
      const own = stripesOf(workers).map((stripe) => countOwn(stripe, from, from + count))
      return own.reduce((sum, n) => sum + n, 0) === count
    }),
  )
  t.pass()
})

test('the union of the stripes is the unsharded schedule, Poisson too', (t) => {
  fc.assert(
    fc.property(anyOpenPhase, anyRoster, fc.nat(), (phase, workers, seed) => {
      const whole = createSchedule(phase, seed, 0)
      const expected = Array.from({ length: whole.planned }, (_, n) => whole.startOf(n))
      const union = stripesOf(workers).flatMap((stripe) => {
        const schedule = createSchedule(phase, seed, 0)
        const starts: number[] = []
        for (let i = 0; ; i++) {
          const startMs = schedule.startOf(arrivalAt(stripe, i))
          if (startMs === undefined) return starts
          starts.push(startMs)
        }
      })
      union.sort((a, b) => a - b)
      return union.length === expected.length && union.every((startMs, i) => startMs === expected[i])
    }),
    { numRuns: 60 },
  )
  t.pass()
})

test("a worker's share is never a whole slot away from its weight", (t) => {
  fc.assert(
    fc.property(weights, (given) => {
      const owners = slotOwners(given)
      const total = given.reduce((sum, weight) => sum + weight, 0)
      const most = given.length === 1 ? 0 : 1 - 1 / (2 * given.length - 2)
      const taken = given.map(() => 0)
      for (const [slot, owner] of owners.entries()) {
        taken[owner] = (taken[owner] as number) + 1
        for (const [j, weight] of given.entries()) {
          const off = (taken[j] as number) - ((slot + 1) * weight) / total
          if (Math.abs(off) > most + 1e-9) return false
        }
      }
      return given.every((weight, j) => (taken[j] as number) * total === weight * owners.length)
    }),
  )
  t.pass()
})

test('the gap between two own arrivals is less than two shares, for any worker', (t) => {
  fc.assert(
    fc.property(anyRoster, (workers) => {
      const total = workers.reduce((sum, { weight }) => sum + weight, 0)
      return workers.every(({ worker, weight }) => {
        const stripe = workerStripe(workers, worker)
        for (let i = 1; i <= 2 * stripe.slots.length; i++) {
          const gap = arrivalAt(stripe, i) - arrivalAt(stripe, i - 1)
          if (gap >= 1 + (2 * total) / weight) return false
        }
        return true
      })
    }),
  )
  t.pass()
})

const patterns: readonly (readonly [weights: readonly number[], owners: string])[] = [
  [[1], 'a'],
  [[5], 'a'],
  [[1, 1, 1], 'abc'],
  [[2, 2], 'ab'],
  [[4, 2, 2], 'abca'],
  [[3, 1], 'aaba'],
  [[5, 1, 1], 'aabaaca'],
  [[1, 2, 3], 'cbcabc'],
]

for (const [given, expected] of patterns) {
  test(`weights ${given.join(':')} take turns as ${expected}`, (t) => {
    t.is(
      slotOwners(given)
        .map((owner) => 'abc'[owner])
        .join(''),
      expected,
    )
  })
}

test('threads take the arrivals of their worker in turn', (t) => {
  const workers: readonly RosterEntry[] = [
    { worker: 'a', weight: 2, threads: 3 },
    { worker: 'b', weight: 1, threads: 1 },
  ]
  const whole = workerStripe(workers, 'a')
  for (let i = 0; i < 30; i++) {
    t.is(arrivalAt(stripeOf(workers, 'a', i % 3), Math.floor(i / 3)), arrivalAt(whole, i))
  }
})

test('index arithmetic: the first own arrival at or after any arrival', (t) => {
  fc.assert(
    fc.property(anyRoster, fc.nat({ max: 1e6 }), (workers, n) =>
      stripesOf(workers).every((stripe) => {
        const i = indexOfFirst(stripe, n)
        return arrivalAt(stripe, i) >= n && (i === 0 || arrivalAt(stripe, i - 1) < n)
      }),
    ),
  )
  t.pass()
})

test('a worker that is not on the roster owns nothing', (t) => {
  const stripe = stripeOf(roster(3), 'stranger', 0)
  t.is(countOwn(stripe, 0, 1e6), 0)
  t.is(arrivalAt(stripe, 0), Number.POSITIVE_INFINITY)
  t.false(ownsArrival(stripe, 0))
})

test('a thousand workers are striped in no time', (t) => {
  const many = Array.from({ length: 1000 }, (_, index) => 1 + (index % 8))
  const begin = process.cpuUsage().user
  t.is(slotOwners(many).length, 4500)
  t.true(process.cpuUsage().user - begin < 1_000_000)
})

test('workers of one weight own slots in their order, as many as there are', (t) => {
  t.deepEqual(slotOwners(Array(1000).fill(7)), [...Array(1000).keys()])
  const thousand = roster(1000)
  t.deepEqual(workerStripe(thousand, thousand[417]?.worker ?? ''), { cycle: 1000, slots: [417] })
  t.deepEqual(workerStripe(thousand, 'nobody'), { cycle: 1000, slots: [] })
})
