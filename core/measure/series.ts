import type { LoadTest, Phase, Scenario } from '../spec/load-test.ts'
import { groupNames, requestsOfScenario } from '../spec/step-tree.ts'

/** What a series is of. Names, not indices: the table is made alike from one LoadTest by every part of the cluster. */
export interface SeriesKey {
  readonly id: number
  readonly kind: 'step' | 'iteration' | 'group'
  readonly phase: number
  /** Index of the scenario in the LoadTest. */
  readonly scenario: number
  /** Step or group name; null for iterations. */
  readonly name: string | null
}

/** Every series of a LoadTest; those of phases with `record: false` do not exist. */
export interface SeriesTable {
  /** `keys[id].id === id` */
  readonly keys: readonly SeriesKey[]
  /** Number of phases of the LoadTest. */
  readonly phases: number
  /** By phase index. */
  readonly recorded: readonly boolean[]
  /** −1: not recorded. */
  stepSeries(phase: number, scenario: number, name: string): number
  iterationSeries(phase: number, scenario: number): number
  groupSeries(phase: number, scenario: number, name: string): number
  /** Ids for which it holds, ascending. */
  select(holds: (key: SeriesKey) => boolean): readonly number[]
}

/**
 * For each recorded phase and each scenario of its mix with a weight: the iterations, the steps by name (`onStart` first; one
 * series for all steps of one name), then the groups.
 */
export function seriesTable(test: LoadTest): SeriesTable {
  const keys: SeriesKey[] = []
  const ids = new Map<string, number>()
  const add = (kind: SeriesKey['kind'], phase: number, scenario: number, name: string | null): void => {
    const key = lookupKey(kind, phase, scenario, name)
    if (ids.has(key)) return
    ids.set(key, keys.length)
    keys.push({ id: keys.length, kind, phase, scenario, name })
  }
  test.load.forEach((phase, phaseIndex) => {
    if (!phase.record) return
    test.scenarios.forEach((scenario, scenarioIndex) => {
      if (weightIn(phase, scenario) <= 0) return
      add('iteration', phaseIndex, scenarioIndex, null)
      for (const { name } of requestsOfScenario(scenario)) add('step', phaseIndex, scenarioIndex, name)
      for (const name of groupNames(scenario)) add('group', phaseIndex, scenarioIndex, name)
    })
  })
  const find = (kind: SeriesKey['kind'], phase: number, scenario: number, name: string | null): number =>
    ids.get(lookupKey(kind, phase, scenario, name)) ?? -1
  return {
    keys,
    phases: test.load.length,
    recorded: test.load.map((phase) => phase.record),
    stepSeries: (phase, scenario, name) => find('step', phase, scenario, name),
    iterationSeries: (phase, scenario) => find('iteration', phase, scenario, null),
    groupSeries: (phase, scenario, name) => find('group', phase, scenario, name),
    select: (holds) => keys.filter(holds).map((key) => key.id),
  }
}

/** For people: `browse/GET /items @ramp`, iterations `browse iteration @ramp`. */
export function seriesLabel(key: SeriesKey, test: LoadTest): string {
  const scenario = test.scenarios[key.scenario]?.name ?? `scenario ${key.scenario}`
  const phase = test.load[key.phase]?.name ?? `phase ${key.phase}`
  return key.name === null ? `${scenario} iteration @${phase}` : `${scenario}/${key.name} @${phase}`
}

function weightIn(phase: Phase, scenario: Scenario): number {
  if (phase.mix === null) return scenario.weight
  return Object.hasOwn(phase.mix, scenario.name) ? (phase.mix[scenario.name] ?? 0) : 0
}

function lookupKey(kind: SeriesKey['kind'], phase: number, scenario: number, name: string | null): string {
  return `${kind} ${phase} ${scenario} ${name ?? ''}`
}
