import type { SeriesKey, SeriesTable } from '../measure/series.ts'
import type { LoadTest } from '../spec/load-test.ts'

/** What tells the steps of a run apart; '' where they are added up because there are too many. */
export interface StepLabels {
  readonly phase: string
  readonly scenario: string
  readonly step: string
}

/** More are added up: a page of them would take longer to make than a monitoring system should cost. */
export const mostStepLabels = 200

/** By series id, of steps alone. Steps by phase, scenario and name; where there are too many, by phase and scenario, then by phase. */
export function stepLabels(
  table: SeriesTable,
  test: LoadTest,
  most = mostStepLabels,
): ReadonlyMap<number, StepLabels> {
  const steps = table.keys.filter(({ kind }) => kind === 'step')
  const whole = (key: SeriesKey): StepLabels => ({
    phase: phaseLabel(test, key.phase),
    scenario: test.scenarios[key.scenario]?.name ?? '',
    step: key.name ?? '',
  })
  const coarser = [
    whole,
    (key: SeriesKey) => ({ ...whole(key), step: '' }),
    (key: SeriesKey) => ({ ...whole(key), scenario: '', step: '' }),
    () => ({ phase: '', scenario: '', step: '' }),
  ]
  const fine = coarser.find((labels) => new Set(steps.map((key) => keyOf(labels(key)))).size <= most)
  return new Map(steps.map((key) => [key.id, (fine ?? whole)(key)]))
}

export function phaseLabel(test: LoadTest, phase: number): string {
  return test.load[phase]?.name ?? String(phase)
}

export function keyOf(labels: StepLabels): string {
  return JSON.stringify([labels.phase, labels.scenario, labels.step])
}
