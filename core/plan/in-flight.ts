import type { LoadTest, Phase, Scenario, Think } from '../spec/load-test.ts'
import { onceThrough } from '../spec/step-tree.ts'
import { requestTimeoutMs, targetOf } from '../spec/targets.ts'
import { createMix } from './mix.ts'
import type { PlannedPhase, RunPlan } from './plan.ts'

const mostInFlight = 10_000

/**
 * Iterations that may be in flight at once in one worker: as the LoadTest says, else min(10,000, peak rate × (timeouts + think)), so
 * that a target that answers nothing at all does not make the generator skip, unless the rate is high. Any worker may come to carry the whole rate,
 * so it is not divided among them. A rate that is steered up finds room for as much more.
 */
export function inFlightBound(test: LoadTest, plan: RunPlan, rateFactor = 1): number {
  const stalled = stalledInFlight(test, plan) * Math.max(1, rateFactor)
  return test.limits.inFlight ?? Math.min(mostInFlight, Math.max(1, Math.ceil(stalled)))
}

/**
 * Iterations in flight in the whole cluster when every request takes until its timeouts: Little's law at the highest rate. `counts`: of these
 * scenarios alone.
 */
export function stalledInFlight(
  test: LoadTest,
  plan: RunPlan,
  counts: (scenario: Scenario) => boolean = () => true,
): number {
  const most = mostSideBySide(plan, ({ index, peakRate }) => {
    const phase = test.load[index]
    return phase?.loop === 'open' ? (peakRate * stalledMs(test, phase, counts)) / 1000 : 0
  })
  return Math.ceil(most)
}

/** Highest sum over phases that run at once. Whatever runs at once does so when the last of it begins. */
export function mostSideBySide(plan: RunPlan, of: (phase: PlannedPhase) => number): number {
  const sums = plan.phases.map(({ startAt }) =>
    plan.phases.reduce(
      (sum, phase) => sum + (phase.startAt <= startAt && startAt < phase.endAt ? of(phase) : 0),
      0,
    ),
  )
  return Math.max(0, ...sums)
}

/** How long an iteration of a phase lasts, by the shares of its scenarios, when every request takes until its timeouts. */
function stalledMs(test: LoadTest, phase: Phase, counts: (scenario: Scenario) => boolean): number {
  return createMix(test, phase).shares.reduce((sum, { scenario: index, share }) => {
    const scenario = test.scenarios[index] as Scenario
    return counts(scenario) ? sum + share * iterationMs(test, scenario) : sum
  }, 0)
}

/** Loops once: an iteration does not go round while nothing answers. */
function iterationMs(test: LoadTest, { onStart, steps, think }: Scenario): number {
  const between = think === null ? 0 : meanThinkMs(think)
  let requests = 0
  const sum = onceThrough([...onStart, ...steps], (step) => {
    if (step.kind === 'think') return meanThinkMs(step.think) - between
    requests++
    const timeoutMs = targetOf(test, step).timeoutMs.connect + requestTimeoutMs(test, step)
    return timeoutMs + between
  })
  // None before the first request.
  return Math.max(0, requests > 0 ? sum - between : sum)
}

/** 95 % of a lognormal distribution lie below median·e^(1.645σ); its mean is median·e^(σ²/2). */
export function meanThinkMs(think: Think): number {
  switch (think.kind) {
    case 'constant':
      return think.ms
    case 'range':
      return (think.fromMs + think.toMs) / 2
    case 'lognormal':
      return think.medianMs * Math.exp((Math.log(think.p95Ms / think.medianMs) / 1.6448536269514722) ** 2 / 2)
    case 'exponential':
      return think.meanMs
    default:
      return think satisfies never
  }
}
