import type { LoadTest } from '../spec/load-test.ts'
import { openingsOf, requestsOfScenario } from '../spec/step-tree.ts'
import { endpointUrl, routesOf, targetNumber, targetsOf } from '../spec/targets.ts'
import { inFlightBound, mostSideBySide } from './in-flight.ts'
import type { RunPlan } from './plan.ts'

/** The connections that one worker may have open to one host at once. */
export interface PlannedConnections {
  /** The URL of the target, or of its gRPC endpoint. */
  readonly url: string
  /** `stream`: each has one of its own, outside of any pool. */
  readonly share: 'pool' | 'user' | 'stream'
  /** At most; null: one for each arrival, as fast as they come. */
  readonly perWorker: number | null
}

/** One for each transport that the steps need, in the order of the targets. A user has one request at a time, but its connections to all of them may stay open. */
export function planConnections(
  test: LoadTest,
  plan: RunPlan,
  workers: number,
): readonly PlannedConnections[] {
  const targets = targetsOf(test)
  const users = Math.ceil(mostSideBySide(plan, (phase) => phase.peakUsers) / workers)
  const open = plan.phases.some((phase) => phase.loop === 'open' && phase.peakRate > 0)
  const wanted = users + (open ? inFlightBound(test, plan) : 0)
  return routesOf(test).flatMap(({ target: number, kind }): PlannedConnections | [] => {
    const target = targets[number]
    if (target === undefined) return []
    if (kind === 'ws' || kind === 'sse') {
      const perWorker = open ? null : users * mostStreams(test, number, kind)
      return { url: endpointUrl(target, kind), share: 'stream', perWorker }
    }
    const { share, max } = target.connections
    const perWorker = share === 'user' && open ? null : Math.min(max ?? wanted, wanted)
    return { url: endpointUrl(target, kind), share, perWorker }
  })
}

/** Streams of a kind to a target that one user may have open at once: as many as the scenario has names for. */
function mostStreams(test: LoadTest, target: number, kind: 'ws' | 'sse'): number {
  const counts = test.scenarios.map((scenario) => {
    const openings = openingsOf(requestsOfScenario(scenario))
    const here = openings.filter((step) => step.kind === kind && targetNumber(test, step) === target)
    return new Set(here.map(({ stream }) => stream)).size
  })
  return Math.max(0, ...counts)
}

/** Of all hosts together; null: one for each arrival. */
export function connectionsPerWorker(connections: readonly PlannedConnections[]): number | null {
  return connections.reduce<number | null>(
    (sum, { perWorker }) => (sum === null || perWorker === null ? null : sum + perWorker),
    0,
  )
}
