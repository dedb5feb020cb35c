import type { Json } from '../../core/spec/load-test.ts'
import { inputBounds } from '../../core/spec/plain-input.ts'
import { mostSteps } from '../../core/spec/step-outline.ts'
import type { DraftScenario, DraftStep } from './draft.ts'

/** What is left of the language's bounds once a file has its head, its comments and its indentation. */
const mostBytes = inputBounds.bytes * 0.75
const mostValues = inputBounds.values * 0.75

/** A line with its indentation; a value with its comma, its blanks and its quotes. */
const bytesOfLine = 60
const bytesOfValue = 8

/** Keeps the steps that a LoadTest has room for, from the first on; what they need of each other stands before them. */
export function boundScenarios(scenarios: readonly DraftScenario[]): {
  readonly scenarios: readonly DraftScenario[]
  /** Those of which nothing can run, to be written as comments. */
  readonly asides: readonly DraftScenario[]
  /** How many steps found no room. */
  readonly left: number
} {
  let bytes = 0
  let values = 0
  let steps = 0
  let left = 0
  const fits = (step: DraftStep): boolean => {
    const cost = costOf(step as unknown as Json)
    bytes += cost.bytes
    values += cost.values
    steps++
    return bytes <= mostBytes && values <= mostValues && steps <= mostSteps
  }
  let isFull = false
  const kept = (list: readonly DraftStep[]): readonly DraftStep[] =>
    list.flatMap((step): readonly DraftStep[] => {
      if (step.kind === 'group') {
        const inner = kept(step.steps)
        return inner.some(makesRequests) ? [{ ...step, steps: inner }] : []
      }
      isFull ||= !fits(step)
      if (isFull) left++
      return isFull ? [] : [step]
    })
  const bounded = scenarios.map((scenario) => ({ ...scenario, steps: kept(scenario.steps) }))
  // What is a comment alone takes what is left.
  const withAsides = bounded.map((scenario) => {
    const asides = (scenario.asides ?? []).filter((aside) => {
      bytes += 2 * costOf(aside as unknown as Json).bytes
      return bytes <= mostBytes
    })
    return { ...scenario, asides }
  })
  const runs = ({ steps }: DraftScenario) => steps.some(makesRequests)
  return {
    scenarios: withAsides.filter(runs),
    asides: withAsides
      .filter((scenario) => !runs(scenario) && scenario.asides.length > 0)
      .map(({ asides, ...scenario }) => ({ ...scenario, steps: asides })),
    left,
  }
}

function makesRequests(step: DraftStep): boolean {
  return step.kind === 'group' ? step.steps.some(makesRequests) : step.kind !== 'think'
}

function costOf(value: Json): { bytes: number; values: number } {
  if (typeof value !== 'object' || value === null) {
    return { bytes: Buffer.byteLength(JSON.stringify(value) ?? '') + bytesOfValue, values: 1 }
  }
  let bytes = bytesOfLine
  let values = 1
  for (const [key, item] of Object.entries(value)) {
    const cost = costOf(item as Json)
    bytes += cost.bytes + (Array.isArray(value) ? 0 : Buffer.byteLength(JSON.stringify(key)))
    values += cost.values
  }
  return { bytes, values }
}
