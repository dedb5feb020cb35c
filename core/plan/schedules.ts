import { createSchedule } from '../schedule/create-schedule.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { RatePiece } from '../schedule/steered-cumulative.ts'
import type { LoadTest } from '../spec/load-test.ts'

/**
 * One per phase of the LoadTest, in its order; null for closed phases. A schedule keeps a cursor: each thread makes its own. `pieces`: how each phase was
 * steered.
 */
export function createSchedules(
  test: LoadTest,
  seed: number,
  pieces: readonly (readonly RatePiece[])[] = [],
): readonly (Schedule | null)[] {
  return test.load.map((phase, index) =>
    phase.loop === 'open' ? createSchedule(phase, seed, index, pieces[index]) : null,
  )
}
