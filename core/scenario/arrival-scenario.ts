import { createMix } from '../plan/mix.ts'
import { Random } from '../random.ts'
import type { LoadTest } from '../spec/load-test.ts'
import { engineStream } from './user-scope.ts'

/** The index of the scenario that an arrival of an open phase takes, or would have taken: what its scope's first draw chooses. */
export function arrivalScenario(test: LoadTest, seed: number, phase: number): (arrival: number) => number {
  const { choose, shares } = createMix(test, test.load[phase] ?? { mix: null })
  const [only] = shares
  if (shares.length === 1 && only !== undefined) return () => only.scenario
  const random = new Random()
  return (arrival) => {
    random.seed(seed, engineStream + phase, arrival)
    return choose(random.next())
  }
}
