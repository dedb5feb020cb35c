import type { SeriesKey } from '../measure/series.ts'
import { createMix } from '../plan/mix.ts'
import type { Micros } from '../plan/plan.ts'
import type { LoadTest, Metric, Objective, RequestStep, Scenario, Think } from '../spec/load-test.ts'
import { isOpening, mostOf, requestsOfScenario } from '../spec/step-tree.ts'
import { requestTimeoutMs } from '../spec/targets.ts'
import { phaseTimeSpans, type Span, unionOf } from './recorded-time.ts'
import type { RunRecord } from './run-record.ts'

/** What an objective looks at, in the open phases or in the closed ones: they are never judged as one. */
export interface Scope {
  readonly loop: 'open' | 'closed'
  /** Recorded phases, ascending. */
  readonly phases: readonly number[]
  /** What is judged: steps, groups or iterations. */
  readonly series: readonly number[]
  /** `series` are those of a group. */
  readonly ofGroup: boolean
  /** Iterations of the scenarios in it. */
  readonly iterations: readonly number[]
  /** For people: `open total`, `browse/product @spike`. */
  readonly label: string
  /** When its phases were under way; ascending and apart. */
  readonly spans: readonly Span[]
  /** What one iteration of a scenario, by its index, could have done in it at most. */
  readonly most: readonly Most[]
  /** Longest that a request (or iteration) in it is waited for: what the worst case takes, µs. */
  readonly slowestMicros: Micros
}

export interface Most {
  readonly iterations: 0 | 1
  readonly requests: number
  readonly checks: number
}

/** One hour: the worst case of an iteration, and the highest time that is kept. */
const slowestIterationMicros = 3_600_000_000

/**
 * The scopes of an objective that hold something; open before closed. Each must hold. Phases of one loop that make no check leave `checks` to those of the
 * other.
 */
export function scopesOf(record: RunRecord, objective: Objective): readonly Scope[] {
  const loops = objective.limit.unit === 'of planned' ? (['open'] as const) : (['open', 'closed'] as const)
  const scopes = loops.flatMap((loop) => scopeOf(record, objective, loop) ?? [])
  if (objective.metric.kind !== 'checks') return scopes
  const checked = scopes.filter((scope) => scope.most.some(({ checks }) => checks > 0))
  return checked.length > 0 ? checked : scopes
}

/** Iterations, not requests, are what it counts. */
export function isOfIterations({ metric, limit }: Pick<Objective, 'metric' | 'limit'>): boolean {
  return limit.unit === 'of planned' || (metric.kind === 'percentile' && metric.of === 'iteration')
}

/** A limit in ms: what a late generator would make look worse. */
export function isLatency(metric: Metric): boolean {
  return metric.kind === 'percentile' || metric.kind === 'mean' || metric.kind === 'max'
}

function scopeOf(record: RunRecord, objective: Objective, loop: Scope['loop']): Scope | null {
  const { test, table } = record
  const { selector } = objective
  const inScope = (key: SeriesKey): boolean => {
    const phase = test.load[key.phase]
    return (
      phase?.loop === loop &&
      (selector.phase === null || phase.name === selector.phase) &&
      (selector.scenario === null || test.scenarios[key.scenario]?.name === selector.scenario)
    )
  }
  const iterations = table.select((key) => key.kind === 'iteration' && inScope(key))
  const series = isOfIterations(objective) ? iterations : seriesOf(record, objective, inScope)
  const phases = [...new Set(series.map((id) => table.keys[id]?.phase ?? 0))].sort((a, b) => a - b)
  if (phases.length === 0) return null
  const taken = new Set(series.map((id) => table.keys[id]?.scenario))
  const isGroup = series.some((id) => table.keys[id]?.kind === 'group')
  const seen = (path: string) => mostPasses(record, path)
  const mostIn = (scenario: Scenario, of: (step: RequestStep) => number): number =>
    mostOf(
      [...scenario.onStart, ...scenario.steps],
      (step) => {
        if (step.kind === 'think') return 0
        if (step.kind === 'group') return isGroup && step.name === selector.name ? 1 : 0
        if (isGroup) return isOpening(step) && step.stream === selector.name ? 1 : 0
        return selector.name === null || step.name === selector.name ? of(step) : 0
      },
      seen,
    )
  const scenarios = test.scenarios.map((scenario, index) => (taken.has(index) ? scenario : null))
  const judged = scenarios
    .flatMap((scenario) => (scenario === null ? [] : requestsOfScenario(scenario)))
    .filter((step) => selector.name === null || step.name === selector.name)
  return {
    loop,
    phases,
    series,
    ofGroup: isGroup,
    iterations,
    label: labelOf(objective, loop),
    spans: unionOf(phases.flatMap((phase) => phaseTimeSpans(record, phase))),
    most: scenarios.map((scenario) => ({
      iterations: scenario === null ? 0 : 1,
      requests: scenario === null ? 0 : mostIn(scenario, () => 1),
      checks: scenario === null ? 0 : mostIn(scenario, (step) => step.checks.length),
    })),
    slowestMicros:
      isGroup || isOfIterations(objective)
        ? slowestIterationMicros
        : Math.max(...judged.map((step) => requestTimeoutMs(test, step)), 0) * 1000,
  }
}

/** How often a forEach was seen to go round; one pass at least, where it was not seen at all. */
function mostPasses({ metrics }: RunRecord, path: string): number {
  const counts = metrics.workers.flatMap(({ requests }) => requests)
  return counts.reduce((most, { passes }) => Math.max(most, passes[path] ?? 0), 1)
}

/** A name is a step's, or else a group's. */
function seriesOf(
  { table }: RunRecord,
  { selector }: Objective,
  inScope: (key: SeriesKey) => boolean,
): readonly number[] {
  if (selector.name === null) return table.select((key) => key.kind === 'step' && inScope(key))
  const named = (kind: SeriesKey['kind']) =>
    table.select((key) => key.kind === kind && key.name === selector.name && inScope(key))
  const steps = named('step')
  return steps.length > 0 ? steps : named('group')
}

function labelOf({ selector, metric, limit }: Objective, loop: Scope['loop']): string {
  const scope = [selector.scenario, selector.name].filter((part) => part !== null).join('/')
  const what = isOfIterations({ metric, limit }) ? 'iterations' : selector.ok ? 'good responses' : ''
  const words = [scope === '' ? `${loop} total` : scope, what].filter((part) => part !== '').join(' ')
  return selector.phase === null ? words : `${words} @${selector.phase}`
}

/** The longest that an iteration of these scenarios can take: all timeouts and think times. Infinity where a think time is not bounded. */
export function longestIterationMicros(test: LoadTest, phase: number): Micros {
  const shares = createMix(test, test.load[phase] ?? { mix: null }).shares
  const longest = shares.map(({ scenario }) => {
    const one = test.scenarios[scenario]
    return one === undefined ? 0 : longestMs(test, one)
  })
  return Math.max(0, ...longest) * 1000
}

function longestMs(test: LoadTest, scenario: Scenario): number {
  const between = scenario.think === null ? 0 : longestThinkMs(scenario.think)
  return mostOf([...scenario.onStart, ...scenario.steps], (step, pollMs) => {
    if (step.kind === 'group') return 0
    if (step.kind === 'think') return longestThinkMs(step.think)
    return between + pollMs + requestTimeoutMs(test, step)
  })
}

function longestThinkMs(think: Think): number {
  switch (think.kind) {
    case 'constant':
      return think.ms
    case 'range':
      return think.toMs
    case 'lognormal':
    case 'exponential':
      return Number.POSITIVE_INFINITY
    default:
      return think satisfies never
  }
}
