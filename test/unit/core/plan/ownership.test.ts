import test from 'ava'
import { isBehind, isOverrun } from '../../../../core/plan/ownership.ts'
import type { Epoch } from '../../../../core/plan/plan.ts'

function epoch(number: number, at: number, workers: readonly string[], firstArrival = 0): Epoch {
  const roster = workers.map((worker) => ({ worker, weight: 1, threads: 1 }))
  const cause = number === 1 ? 'start' : 'lost'
  return {
    number,
    at,
    cause,
    rateFactor: 1,
    pausedAt: null,
    roster,
    phases: [{ startAt: 0, endAt: 1e7, firstArrival }],
  }
}

test('what a worker decided on from the epoch without it on is overrun', (t) => {
  const epochs = [epoch(1, 0, ['a', 'b']), epoch(2, 5_000_000, ['a']), epoch(3, 9_000_000, ['a', 'b', 'c'])]
  for (const [worker, decidedAt, expected] of [
    ['b', 4_999_999, false],
    ['b', 5_000_000, true],
    ['b', 8_999_999, true],
    ['b', 9_000_000, false],
    ['a', 8_000_000, false],
    ['c', 9_500_000, false],
    ['c', 4_000_000, true],
    // Prepared, and waiting for its first epoch.
    ['c', 0, false],
  ] as const) {
    t.is(isOverrun(epochs, { worker, decidedAt, shards: [] }), expected, `${worker} at ${decidedAt}`)
  }
  t.false(isOverrun([], { worker: 'a', decidedAt: 1, shards: [] }))
})

test('so is what it decided on by an epoch that was over, where it is another’s by the next one', (t) => {
  // By the first, b has 1, 4, 7, 10, 13 …; by the second, 1, 3, 5, 7, 9, 11, 13 …
  const epochs = [epoch(1, 0, ['a', 'b', 'c']), epoch(2, 5_000_000, ['a', 'b'], 6)]
  const told = (of: number, through: number) =>
    isOverrun(epochs, {
      worker: 'b',
      decidedAt: 9_000_000,
      shards: [{ thread: 0, phase: 0, epoch: of, through }],
    })
  t.false(told(1, 4), 'all before the second epoch')
  t.false(told(1, 7), '7 is to come')
  t.false(told(1, 10), '7 is its own by both')
  t.true(told(1, 13), '10 is another’s')
  t.false(told(2, 13), 'it knew of the second')
})

test('a worker is behind where an epoch that it had not heard of leaves it arrivals', (t) => {
  // By the first, b has 1, 4, 7 …; by the second, from 6 on, 7, 9, 11 …
  const epochs = [epoch(1, 0, ['a', 'b', 'c']), epoch(2, 5_000_000, ['a', 'b'], 6)]
  const behind = (of: number, through: number, planned: number) => {
    const shards = [{ thread: 0, phase: 0, epoch: of, through }]
    return isBehind(epochs, { worker: 'b', shards }, () => planned)
  }
  t.true(behind(1, 20, 20), '9 is its own by the second')
  t.false(behind(1, 8, 8), '7 is, and it is decided')
  t.false(behind(1, 4, 6), 'nothing is planned behind the second')
  t.false(behind(2, 15, 20), 'what it left by an epoch that it knew is another matter')
  t.false(isBehind(epochs, { worker: 'b', shards: [] }, () => 20))
})
