import { usersAt } from '../schedule/users.ts'
import type { DataSource, LoadTest, Phase } from '../spec/load-test.ts'
import { connectionsPerWorker, type PlannedConnections, planConnections } from './connections.ts'
import { inFlightBound } from './in-flight.ts'
import type { PlannedPhase, RosterEntry, RunPlan } from './plan.ts'
import type { PlanFacts, PlanWarning } from './plan-warning.ts'
import { iterationCount, plannedRequests, type RequestCount, requestCount } from './request-count.ts'
import { createSchedules } from './schedules.ts'
import { countOwn, workerStripe } from './stripe.ts'
import { planWarnings } from './warnings.ts'

/** What `breakwater plan --json` prints. Times in ms since the run's start, rates per second. */
export interface PlanDocument {
  readonly schema: 'breakwater.dev/plan/v1'
  readonly name: string
  readonly seed: number
  readonly workers: readonly { readonly id: string; readonly weight: number; readonly planned: number }[]
  readonly planned: number
  readonly peakRate: number
  /** When the last phase ends; what is in flight then may take up to `drainMs` more. */
  readonly durationMs: number
  readonly drainMs: number
  /** Iterations in flight per worker at most. */
  readonly inFlightPerWorker: number
  /** To all hosts, at most; null: one for each arrival. */
  readonly connectionsPerWorker: number | null
  readonly connections: readonly PlannedConnections[]
  readonly phases: readonly {
    readonly name: string
    readonly kind: 'open' | 'closed'
    readonly recorded: boolean
    readonly startMs: number
    readonly durationMs: number
    readonly planned: number
    readonly peakRate: number
    readonly peakUsers: number
    /** `most` is null where the target decides. */
    readonly iterations: { readonly least: number; readonly most: number | null }
    /** Arrivals, or users at most, of each worker, in the order of `workers`. */
    readonly shards: readonly number[]
  }[]
  /** Of all phases, if none fails; set-up and teardown apart. */
  readonly requests: RequestCount
  /** Per iteration, what is done once per user apart; their share of the phases that have no mix of their own. */
  readonly scenarios: readonly {
    readonly name: string
    readonly share: number
    readonly requests: RequestCount
  }[]
  readonly data: readonly PlannedData[]
  readonly curve: LoadCurve
  readonly warnings: readonly PlanWarning[]
}

export interface PlannedData {
  readonly name: string
  readonly file: string | null
  /** Null: no template reads it. */
  readonly rows: number | null
  readonly pick: DataSource['pick']
  readonly onEnd: DataSource['onEnd']
}

/** The load over time in steps of equal length: arrivals per second, and users, on average. */
export interface LoadCurve {
  readonly stepMs: number
  readonly rates: readonly number[]
  readonly users: readonly number[]
}

/** Pure: the same LoadTest, plan and roster give the same document, byte for byte. */
export function planDocument(
  test: LoadTest,
  plan: RunPlan,
  roster: readonly RosterEntry[],
  facts: PlanFacts,
): PlanDocument {
  const stripes = roster.map(({ worker }) => workerStripe(roster, worker))
  const phases = plan.phases.map((phase) => ({
    name: phase.name,
    kind: phase.loop,
    recorded: phase.recorded,
    startMs: phase.startAt / 1000,
    durationMs: (phase.endAt - phase.startAt) / 1000,
    planned: phase.planned,
    peakRate: phase.peakRate,
    peakUsers: phase.peakUsers,
    iterations: iterationCount(test.load[phase.index] as Phase, phase.planned),
    shards: stripes.map((stripe) =>
      countOwn(stripe, 0, phase.loop === 'open' ? phase.planned : phase.peakUsers),
    ),
  }))
  const connections = planConnections(test, plan, roster.length)
  return {
    schema: 'breakwater.dev/plan/v1',
    name: test.name,
    seed: plan.seed,
    workers: roster.map(({ worker, weight }, index) => ({
      id: worker,
      weight,
      planned: phases.reduce(
        (sum, phase) => sum + (phase.kind === 'open' ? (phase.shards[index] ?? 0) : 0),
        0,
      ),
    })),
    planned: plan.planned,
    peakRate: plan.peakRate,
    durationMs: plan.endAt / 1000,
    drainMs: test.limits.drainMs,
    inFlightPerWorker: inFlightBound(test, plan),
    connectionsPerWorker: connectionsPerWorker(connections),
    connections,
    phases,
    requests: plannedRequests(test, plan),
    scenarios: plannedScenarios(test),
    data: plannedData(test, facts),
    curve: loadCurve(test, plan, 60),
    warnings: planWarnings(test, plan, roster, facts),
  }
}

function plannedScenarios({ scenarios }: LoadTest): PlanDocument['scenarios'] {
  const sum = scenarios.reduce((total, { weight }) => total + weight, 0)
  return scenarios.map(({ name, weight, steps }) => ({
    name,
    share: sum === 0 ? 0 : weight / sum,
    requests: requestCount(steps),
  }))
}

function plannedData({ data }: LoadTest, { rows }: PlanFacts): readonly PlannedData[] {
  return Object.entries(data).map(([name, { source, pick, onEnd }], index) => {
    const file = 'file' in source ? source.file : null
    return { name, file, rows: rows[index] ?? null, pick, onEnd }
  })
}

export function loadCurve(test: LoadTest, plan: RunPlan, steps: number): LoadCurve {
  const schedules = createSchedules(test, plan.seed)
  const stepMs = plan.endAt / 1000 / steps
  const over = (of: (phase: PlannedPhase, fromMs: number, toMs: number) => number) =>
    Array.from({ length: steps }, (_, step) =>
      plan.phases.reduce((sum, phase) => {
        const fromMs = step * stepMs - phase.startAt / 1000
        return sum + of(phase, fromMs, fromMs + stepMs)
      }, 0),
    )
  return {
    stepMs,
    rates: over(({ index }, fromMs, toMs) => {
      const schedule = schedules[index]
      if (schedule === null || schedule === undefined || stepMs === 0) return 0
      return (1000 * (schedule.expectedBefore(toMs) - schedule.expectedBefore(fromMs))) / stepMs
    }),
    users: over(({ index }, fromMs, toMs) => {
      const phase = test.load[index]
      return phase?.loop === 'closed' ? usersAt(phase, (fromMs + toMs) / 2) : 0
    }),
  }
}
