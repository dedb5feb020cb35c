import test from 'ava'
import { isOverrun } from '../../../../core/plan/ownership.ts'
import type { Epoch } from '../../../../core/plan/plan.ts'

function epoch(number: number, at: number, workers: readonly string[]): Epoch {
  const roster = workers.map((worker) => ({ worker, weight: 1, threads: 1 }))
  const cause = number === 1 ? 'start' : 'lost'
  return { number, at, cause, rateFactor: 1, pausedAt: null, roster, phases: [] }
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
    t.is(isOverrun(epochs, worker, decidedAt), expected, `${worker} at ${decidedAt}`)
  }
  t.false(isOverrun([], 'a', 1))
})
