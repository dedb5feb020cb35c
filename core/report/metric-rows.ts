import type { LagSums, SeriesSum } from '../measure/merged-metrics.ts'
import type { SeriesKey } from '../measure/series.ts'
import { cutSecond, microsPerSecond, phaseTimeSpans, unionOf } from '../verdict/recorded-time.ts'
import type { RunRecord } from '../verdict/run-record.ts'
import { distributionOf } from './distribution.ts'
import type { MetricRow } from './result.ts'

/** Step names that get rows of their own; the rest of a scenario's are added up as `__other__`. */
const mostNames = 500
export const otherSteps = '__other__'

/** Open before closed, and never both in one row. */
export const loops = ['open', 'closed'] as const
export type Loop = (typeof loops)[number]

/** What a row is of; `series` are the ids that it adds up. */
interface Scope {
  readonly scope: MetricRow['scope']
  readonly loop: Loop
  readonly phase: number | null
  readonly scenario: number | null
  readonly step: string | null
  readonly group: string | null
  readonly series: readonly number[]
}

/**
 * The total of the open phases, then of the closed ones, then each phase, then scenarios with their iterations, steps and groups: over all phases of
 * a loop (`phase: null`) first, then phase by phase.
 */
export function metricRows(record: RunRecord): readonly MetricRow[] {
  const named = namedSteps(record.table.keys)
  const present = loops.filter((loop) => phasesOf(record, loop).length > 0)
  const scopes = [
    ...present.map((loop) => totalScope(record, loop)),
    ...present.flatMap((loop) => phasesOf(record, loop).map((phase) => phaseScope(record, loop, phase))),
    ...present.flatMap((loop) => scenarioScopes(record, loop, null, named)),
    ...present.flatMap((loop) =>
      phasesOf(record, loop).flatMap((phase) => scenarioScopes(record, loop, phase, named)),
    ),
  ]
  return scopes.map((scope) => rowOf(record, scope))
}

/** Indices of the recorded phases of one loop. */
export function phasesOf(record: RunRecord, loop: Loop): readonly number[] {
  return record.test.load.flatMap((phase, index) => (phase.loop === loop && phase.record ? [index] : []))
}

/** All requests of these phases. */
export function stepsOf(record: RunRecord, phases: readonly number[]): readonly number[] {
  return record.table.select((key) => key.kind === 'step' && phases.includes(key.phase))
}

function totalScope(record: RunRecord, loop: Loop): Scope {
  const series = stepsOf(record, phasesOf(record, loop))
  return { scope: 'total', loop, phase: null, scenario: null, step: null, group: null, series }
}

function phaseScope(record: RunRecord, loop: Loop, phase: number): Scope {
  return {
    scope: 'phase',
    loop,
    phase,
    scenario: null,
    step: null,
    group: null,
    series: stepsOf(record, [phase]),
  }
}

function scenarioScopes(
  record: RunRecord,
  loop: Loop,
  phase: number | null,
  named: ReadonlySet<string>,
): readonly Scope[] {
  const phases = phase === null ? phasesOf(record, loop) : [phase]
  const keys = record.table.keys.filter((key) => phases.includes(key.phase))
  return record.test.scenarios.flatMap((_, scenario) => {
    const own = keys.filter((key) => key.scenario === scenario)
    if (own.length === 0) return []
    const base = { loop, phase, scenario, step: null, group: null }
    const ids = (kind: SeriesKey['kind']) => own.filter((key) => key.kind === kind).map((key) => key.id)
    const steps = byName(own, 'step', (key) => (named.has(nameKey(key)) ? (key.name ?? '') : otherSteps))
    const groups = byName(own, 'group', (key) => key.name ?? '')
    return [
      { ...base, scope: 'scenario' as const, series: ids('step') },
      { ...base, scope: 'iteration' as const, series: ids('iteration') },
      ...steps.map(([step, series]) => ({ ...base, scope: 'step' as const, step, series })),
      ...groups.map(([group, series]) => ({ ...base, scope: 'group' as const, group, series })),
    ]
  })
}

function byName(
  keys: readonly SeriesKey[],
  kind: SeriesKey['kind'],
  nameOf: (key: SeriesKey) => string,
): readonly (readonly [string, readonly number[]])[] {
  const found = new Map<string, number[]>()
  for (const key of keys) {
    if (key.kind !== kind) continue
    const name = nameOf(key)
    const ids = found.get(name)
    if (ids === undefined) found.set(name, [key.id])
    else ids.push(key.id)
  }
  return [...found]
}

function namedSteps(keys: readonly SeriesKey[]): ReadonlySet<string> {
  const names = new Set<string>()
  for (const key of keys) {
    if (key.kind === 'step' && names.size < mostNames) names.add(nameKey(key))
  }
  return names
}

function nameKey(key: SeriesKey): string {
  return `${key.scenario} ${key.name}`
}

function rowOf(record: RunRecord, scope: Scope): MetricRow {
  const sum = record.metrics.totals(scope.series)
  const phases = new Set(scope.series.map((id) => record.table.keys[id]?.phase ?? 0))
  const withLags = scope.scope === 'total' || scope.scope === 'phase'
  const lags = withLags ? record.metrics.lags([...phases]) : null
  return {
    scope: scope.scope,
    loop: scope.loop,
    phase: scope.phase === null ? null : (record.test.load[scope.phase]?.name ?? null),
    scenario: scope.scenario === null ? null : (record.test.scenarios[scope.scenario]?.name ?? null),
    step: scope.step,
    group: scope.group,
    ...measured(sum, rateOf(record, scope.series, [...phases], sum), lags),
    ...(record.test.detail && scope.scope !== 'iteration' && scope.scope !== 'group' ? detailOf(sum) : {}),
  }
}

type Measured = Omit<MetricRow, 'scope' | 'loop' | 'phase' | 'scenario' | 'step' | 'group'>

function measured(sum: SeriesSum, rate: number, lags: LagSums | null): Measured {
  return {
    count: sum.count,
    rate,
    errors: sum.failed,
    errorRate: sum.count === 0 ? null : sum.failed / sum.count,
    checks: { passed: sum.checksPassed, failed: sum.checksFailed },
    errorsBy: Object.fromEntries([...sum.errors].toSorted(([a], [b]) => (a < b ? -1 : 1))),
    bytesIn: sum.bytesIn,
    bytesOut: sum.bytesOut,
    responseMs: distributionOf(sum.response),
    responseOkMs: distributionOf(sum.responseOk),
    serviceMs: distributionOf(sum.service),
    sendLagMs: lags === null ? null : distributionOf(lags.sendLag),
    pacerLagMs: lags === null ? null : distributionOf(lags.pacerLag),
  }
}

/** Completed inside the windows ÷ the length of their union, per second; 0 where no phase was reached. */
function rateOf(
  record: RunRecord,
  series: readonly number[],
  phases: readonly number[],
  sum: SeriesSum,
): number {
  const spans = unionOf(phases.flatMap((phase) => phaseTimeSpans(record, phase)))
  const micros = spans.reduce((length, { from, to }) => length + to - from, 0)
  if (micros === 0) return 0
  const cut = cutSecond(record)
  const inWindow = Number.isFinite(cut) ? record.metrics.counters(series, 0, cut).inWindow : sum.inWindow
  return inWindow / (micros / microsPerSecond)
}

function detailOf(sum: SeriesSum): Pick<Required<MetricRow>, 'connectMs' | 'tlsMs' | 'ttfbMs'> {
  return {
    connectMs: distributionOf(sum.connect),
    tlsMs: distributionOf(sum.tls),
    ttfbMs: distributionOf(sum.ttfb),
  }
}
