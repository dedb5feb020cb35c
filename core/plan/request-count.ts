import type { LoadTest, Phase, Scenario, Step } from '../spec/load-test.ts'
import { createMix } from './mix.ts'
import type { RunPlan } from './plan.ts'

/** How many requests there will be if none of them fails. */
export interface RequestCount {
  readonly least: number
  /** Null: as many as the target, or a list in one of its answers, has it. */
  readonly most: number | null
  /** On average; null where it depends on values, on answers or on how fast they come. */
  readonly expected: number | null
}

const none: RequestCount = { least: 0, most: 0, expected: 0 }

/** Of one pass through these steps. */
export function requestCount(steps: readonly Step[]): RequestCount {
  return steps.map(ofStep).reduce(plus, none)
}

function ofStep(step: Step): RequestCount {
  switch (step.kind) {
    case 'http':
    case 'grpc':
    case 'ws':
    case 'sse':
      return { least: 1, most: 1, expected: 1 }
    case 'think':
      return none
    case 'group':
      return requestCount(step.steps)
    case 'repeat':
      return times(requestCount(step.steps), step.times)
    case 'forEach': {
      const one = requestCount(step.steps)
      if (typeof step.of !== 'string') return times(one, step.of.length)
      return one.most === 0 ? none : { least: 0, most: null, expected: null }
    }
    case 'if':
      return eitherOf([requestCount(step.then), requestCount(step.else)], null)
    case 'choose': {
      const sum = step.options.reduce((total, { weight }) => total + weight, 0)
      const taken = step.options.filter(({ weight }) => weight > 0)
      return eitherOf(
        taken.map(({ steps }) => requestCount(steps)),
        taken.map(({ weight }) => weight / sum),
      )
    }
    case 'poll':
      return { least: 1, most: step.max, expected: step.max === 1 ? 1 : null }
    default:
      return step satisfies never
  }
}

/** `shares` null: nobody knows which of them it will be. */
function eitherOf(counts: readonly RequestCount[], shares: readonly number[] | null): RequestCount {
  const least = Math.min(...counts.map((one) => one.least))
  const most = counts.reduce<number | null>(
    (most, one) => (most === null || one.most === null ? null : Math.max(most, one.most)),
    0,
  )
  if (shares === null) return { least, most, expected: least === most ? least : null }
  const expected = counts.reduce<number | null>((sum, one, index) => {
    return sum === null || one.expected === null ? null : sum + one.expected * (shares[index] ?? 0)
  }, 0)
  return { least, most, expected }
}

export function plus(a: RequestCount, b: RequestCount): RequestCount {
  return {
    least: a.least + b.least,
    most: a.most === null || b.most === null ? null : a.most + b.most,
    expected: a.expected === null || b.expected === null ? null : a.expected + b.expected,
  }
}

function times({ least, most, expected }: RequestCount, factor: number): RequestCount {
  return {
    least: least * factor,
    most: most === null ? null : most * factor,
    expected: expected === null ? null : expected * factor,
  }
}

/** Iterations of a phase; `most` is null where the target decides. */
export function iterationCount(
  phase: Phase,
  planned: number,
): { readonly least: number; readonly most: number | null } {
  if (phase.loop === 'open') return { least: planned, most: planned }
  if (phase.iterations !== null) return { least: phase.iterations, most: phase.iterations }
  if (phase.paceMs === null) return { least: 0, most: null }
  const users = Math.max(phase.users.from, phase.users.to)
  return { least: 0, most: users * Math.ceil(phase.durationMs / phase.paceMs) }
}

/** Of all phases, without set-up and teardown. Who is a user once, starts once. */
export function plannedRequests(test: LoadTest, plan: RunPlan): RequestCount {
  return test.load
    .map((phase, index) => ofPhase(test, phase, plan.phases[index]?.planned ?? 0))
    .reduce(plus, none)
}

function ofPhase(test: LoadTest, phase: Phase, planned: number): RequestCount {
  const { least, most } = iterationCount(phase, planned)
  const shares = createMix(test, phase).shares.map(({ scenario, share }) => {
    const { onStart, steps } = test.scenarios[scenario] as Scenario
    return { share, start: requestCount(onStart), pass: requestCount(steps) }
  })
  const isExact = shares.length === 1
  const users = phase.loop === 'open' ? planned : Math.max(phase.users.from, phase.users.to)
  const expected = shares.reduce<number | null>((sum, { share, start, pass }) => {
    if (sum === null || start.expected === null || pass.expected === null || least !== most) return null
    return sum + share * (least * pass.expected + Math.min(users, least) * start.expected)
  }, 0)
  // Which scenario an iteration takes is drawn: the bounds are those of all iterations taking the shortest, or the longest.
  const bound = (
    of: (one: RequestCount) => number,
    pick: (...values: number[]) => number,
    iterations: number,
  ) =>
    iterations * pick(...shares.map(({ pass }) => of(pass))) +
    Math.min(users, iterations) * pick(...shares.map(({ start }) => of(start)))
  const isBounded =
    most !== null && shares.every(({ start, pass }) => start.most !== null && pass.most !== null)
  return {
    least: bound((one) => one.least, Math.min, least),
    most: isBounded ? bound((one) => one.most ?? 0, Math.max, most) : null,
    expected: expected === null ? null : isExact ? expected : Math.round(expected),
  }
}
