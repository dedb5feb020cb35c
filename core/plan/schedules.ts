import { createSchedule } from '../schedule/create-schedule.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { LoadTest } from '../spec/load-test.ts'

/** One per phase of the LoadTest, in its order; null for closed phases. A schedule keeps a cursor: each thread makes its own. */
export function createSchedules(test: LoadTest, seed: number): readonly (Schedule | null)[] {
  return test.load.map((phase, index) => (phase.loop === 'open' ? createSchedule(phase, seed, index) : null))
}
