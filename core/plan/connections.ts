import type { LoadTest } from '../spec/load-test.ts'
import { endpointUrl, routesOf, targetsOf } from '../spec/targets.ts'
import { inFlightBound, mostSideBySide } from './in-flight.ts'
import type { RunPlan } from './plan.ts'

/** The connections that one worker may have open to one host at once. */
export interface PlannedConnections {
  /** The URL of the target, or of its gRPC endpoint. */
  readonly url: string
  readonly share: 'pool' | 'user'
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
  return routesOf(test).flatMap(({ target: number, kind }) => {
    const target = targets[number]
    if (target === undefined) return []
    const { share, max } = target.connections
    const perWorker = share === 'user' && open ? null : Math.min(max ?? wanted, wanted)
    return [{ url: endpointUrl(target, kind), share, perWorker }]
  })
}

/** Of all hosts together; null: one for each arrival. */
export function connectionsPerWorker(connections: readonly PlannedConnections[]): number | null {
  return connections.reduce<number | null>(
    (sum, { perWorker }) => (sum === null || perWorker === null ? null : sum + perWorker),
    0,
  )
}
