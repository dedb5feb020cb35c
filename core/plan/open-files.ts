import type { LoadTest, Scenario } from '../spec/load-test.ts'
import { openingsOf, requestsOfScenario } from '../spec/step-tree.ts'
import { planConnections } from './connections.ts'
import { inFlightBound, stalledInFlight } from './in-flight.ts'
import type { RunPlan } from './plan.ts'

/** More connections than a process may have files open. */
export interface FileShortage {
  /** That one worker may have open at once. */
  readonly connections: number
  /** The limit that suffices. */
  readonly needed: number
}

/** What a worker has open besides: its modules, pipes, the bus. */
const ownFiles = 64

/** Of each of so many workers that share the load; null: the limit suffices, or nobody knows it. */
export function fileShortage(
  test: LoadTest,
  plan: RunPlan,
  workers: number,
  openFiles: number | null,
): FileShortage | null {
  if (openFiles === null) return null
  const connections = planConnections(test, plan, workers).reduce(
    (sum, { share, perWorker }) => sum + (perWorker ?? withoutPool(test, plan, share === 'stream')),
    0,
  )
  const needed = connections + ownFiles
  return needed <= openFiles ? null : { connections, needed }
}

/** Connections that arrivals have of their own: as many as may be in flight where everything stalls. */
function withoutPool(test: LoadTest, plan: RunPlan, ofStreams: boolean): number {
  const opensOne = (scenario: Scenario) => !ofStreams || openingsOf(requestsOfScenario(scenario)).length > 0
  return Math.min(inFlightBound(test, plan), stalledInFlight(test, plan, opensOne))
}
