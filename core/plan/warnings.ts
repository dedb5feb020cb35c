import type { LoadTest, Objective, Phase, Scenario } from '../spec/load-test.ts'
import { groupNames, mostOf, requestsOfScenario } from '../spec/step-tree.ts'
import { calibrationRules } from './calibration-warnings.ts'
import { inFlightBound, stalledInFlight } from './in-flight.ts'
import { createMix } from './mix.ts'
import type { PlannedPhase, RosterEntry, RunPlan } from './plan.ts'
import { count, duration, rate } from './plan-format.ts'
import type { PlanFacts, PlanWarning, Rule } from './plan-warning.ts'
import { resourceRules } from './resource-warnings.ts'
import { samplesNeeded, windowSamplesNeeded } from './samples.ts'

export function planWarnings(
  test: LoadTest,
  plan: RunPlan,
  roster: readonly RosterEntry[],
  facts: PlanFacts,
): readonly PlanWarning[] {
  return [...rules, ...resourceRules, ...calibrationRules].flatMap((rule) => rule(test, plan, roster, facts))
}

const rules: readonly Rule[] = [
  nothingJudged,
  nothingRecorded,
  emptyPhases,
  idleGaps,
  idleUsers,
  cappedByInFlight,
  tooFewSamples,
  muchMemory,
]

function nothingJudged(test: LoadTest): readonly PlanWarning[] {
  if (test.objectives.length > 0) return []
  return [
    {
      code: 'no-objectives',
      message: 'No objective is given, so nothing is judged.',
      hint: 'Add at least one under objectives, such as "p95 < 1s".',
    },
  ]
}

function nothingRecorded(_test: LoadTest, plan: RunPlan): readonly PlanWarning[] {
  if (plan.phases.some((phase) => phase.recorded)) return []
  return [
    {
      code: 'nothing-recorded',
      message: 'No phase is recorded, so there will be no metrics.',
      hint: 'Remove record: false from at least one phase.',
    },
  ]
}

function emptyPhases(_test: LoadTest, plan: RunPlan): readonly PlanWarning[] {
  return plan.phases.flatMap((phase) => {
    if (phase.planned > 0 || phase.peakUsers > 0) return []
    const what = phase.loop === 'open' ? 'arrival' : 'user'
    return [
      {
        code: 'empty-phase',
        message: `Phase ${phase.name} plans no ${what}.`,
        hint: phase.loop === 'open' ? 'Raise its rate or its duration.' : 'Give it users.',
      },
    ]
  })
}

function idleGaps(_test: LoadTest, plan: RunPlan): readonly PlanWarning[] {
  const warnings: PlanWarning[] = []
  let busyUntil = 0
  for (const phase of plan.phases.toSorted((a, b) => a.startAt - b.startAt)) {
    if (phase.startAt > busyUntil) {
      const gap = duration((phase.startAt - busyUntil) / 1000)
      warnings.push({
        code: 'idle-gap',
        message: `Nothing runs for ${gap} before phase ${phase.name}.`,
        hint: 'Let it start earlier, unless the pause is meant.',
      })
    }
    busyUntil = Math.max(busyUntil, phase.endAt)
  }
  return warnings
}

function idleUsers(test: LoadTest, plan: RunPlan): readonly PlanWarning[] {
  return test.load.flatMap((phase, index) => {
    const users = plan.phases[index]?.peakUsers ?? 0
    if (phase.loop !== 'closed' || phase.iterations === null || phase.iterations >= users) return []
    return [
      {
        code: 'idle-users',
        message: `Phase ${phase.name} has ${count(users)} users for ${count(phase.iterations)} iterations: some have nothing to do.`,
        hint: 'Give it at least as many iterations as users.',
      },
    ]
  })
}

/** Iterations in flight that one worker may still be asked to hold. */
const mostSettable = 100_000

function cappedByInFlight(
  test: LoadTest,
  plan: RunPlan,
  roster: readonly RosterEntry[],
): readonly PlanWarning[] {
  const bound = inFlightBound(test, plan) * roster.length
  const stalled = stalledInFlight(test, plan)
  if (bound >= stalled) return []
  const enough = Math.ceil(stalled / roster.length)
  const remedy = enough <= mostSettable ? `Set limits.inFlight to ${enough}` : 'Raise limits.inFlight'
  const fullAfter = duration(Math.max(1, Math.round((1000 * bound) / plan.peakRate)))
  return [
    {
      code: 'in-flight-caps',
      message: `If the target stalls at ${rate(plan.peakRate)}, ${count(bound)} iterations in flight are reached after ${fullAfter}; further arrivals are then skipped and counted.`,
      hint: `${remedy}, use more workers, or shorten target.timeout.`,
    },
  ]
}

function tooFewSamples(test: LoadTest, plan: RunPlan): readonly PlanWarning[] {
  return test.objectives.flatMap((objective) => {
    const { metric } = objective
    if (metric.kind !== 'percentile') return []
    const needed = objective.overMs === null ? samplesNeeded(metric.p) : windowSamplesNeeded(metric.p)
    const most = mostSamples(test, plan, objective)
    if (most === null || most >= needed) return []
    const found = count(Math.floor(most))
    return [
      objective.overMs === null
        ? {
            code: 'too-few-samples',
            message: `"${objective.that}" needs ${count(needed)} samples, but the load gives about ${found}: it will be unknown.`,
            hint: 'Raise the rate or the duration, or choose a lower percentile.',
          }
        : {
            code: 'window-too-short',
            message: `"${objective.that}" over ${duration(objective.overMs)} needs ${count(needed)} samples in a window, but the load gives at most about ${found}: no window will be judged.`,
            hint: 'Widen the window, or choose a lower percentile.',
          },
    ]
  })
}

/** The most samples an objective can see, in its window if it has one; null where the target's speed decides that, or its scope has none of its own. */
function mostSamples(test: LoadTest, plan: RunPlan, objective: Objective): number | null {
  let most = 0
  let inScope = false
  for (const [index, phase] of test.load.entries()) {
    const planned = plan.phases[index] as PlannedPhase
    if (!phase.record || (objective.selector.phase ?? phase.name) !== phase.name) continue
    const perIteration = samplesPerIteration(test, phase, objective)
    if (perIteration === 0) continue
    inScope = true
    if (phase.loop === 'closed' && (phase.iterations === null || objective.overMs !== null)) return null
    const iterations = phase.loop === 'closed' ? (phase.iterations ?? 0) : planned.planned
    const inWindow =
      objective.overMs === null
        ? iterations
        : Math.min(iterations, (planned.peakRate * objective.overMs) / 1000)
    most += inWindow * perIteration
  }
  return inScope ? most : null
}

function samplesPerIteration(test: LoadTest, phase: Phase, { metric, selector }: Objective): number {
  return createMix(test, phase).shares.reduce((sum, { scenario: index, share }) => {
    const scenario = test.scenarios[index] as Scenario
    if (selector.scenario !== null && selector.scenario !== scenario.name) return sum
    if (metric.kind === 'percentile' && metric.of === 'iteration') return sum + share
    const onStart = phase.loop === 'open' ? scenario.onStart : []
    const isIn = ({ name }: { readonly name: string }) => (selector.name ?? name) === name
    const requests = mostOf([...onStart, ...scenario.steps], (step) => {
      if (step.kind === 'think') return 0
      return step.kind === 'group' ? Number(step.name === selector.name) : Number(isIn(step))
    })
    return sum + share * requests
  }, 0)
}

/** What one series keeps of one second in which it has samples, in the memory of the process that leads the run; measured, rounded up. */
const bytesPerSeriesSecond = 1_500
const muchBytes = 2 * 1024 ** 3

function muchMemory(test: LoadTest, plan: RunPlan): readonly PlanWarning[] {
  const bytes = plan.phases.reduce((sum, { index, recorded, startAt, endAt }) => {
    const phase = test.load[index]
    if (!recorded || phase === undefined) return sum
    const series = createMix(test, phase).shares.reduce((all, { scenario }) => {
      const one = test.scenarios[scenario] as Scenario
      const names = new Set(requestsOfScenario(one).map(({ name }) => name))
      return all + 1 + names.size + groupNames(one).length
    }, 0)
    return sum + series * ((endAt - startAt) / 1_000_000) * bytesPerSeriesSecond
  }, 0)
  if (bytes <= muchBytes) return []
  return [
    {
      code: 'much-memory',
      message: `Every second of every series is kept until the end: up to ${(bytes / 1024 ** 3).toFixed(1)} GiB in the process that leads the run.`,
      hint: 'Give steps that may be measured as one the same name, or split the run; NODE_OPTIONS=--max-old-space-size=16000 raises the limit of that process.',
    },
  ]
}
