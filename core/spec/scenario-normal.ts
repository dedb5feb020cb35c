import { checkDistinct } from './distinct-names.ts'
import type { Issue } from './issue.ts'
import type { Json, Scenario, Step } from './load-test.ts'
import { under } from './path.ts'
import { fieldsOf, itemsOf } from './raw.ts'
import { newsOf, salvage } from './salvage.ts'
import { scenarioHeadSchema, stepSchema } from './schema-scenario.ts'
import { defaultStepName, normalStep, verbs } from './step-normal.ts'
import { readThink } from './think-text.ts'

export const mostSteps = 500

/**
 * What can be known of a scenario, whether or not all of it is right: so that one broken step doesn't hide what is wrong elsewhere, and
 * doesn't make right things look wrong.
 */
export interface ScenarioOutline {
  readonly path: string
  /** Undefined where none can be read. */
  readonly name: string | undefined
  readonly weight: number | undefined
  readonly onStart: readonly StepOutline[]
  readonly steps: readonly StepOutline[]
  /** Where nothing in it is wrong. */
  readonly scenario: Scenario | undefined
}

export interface StepOutline {
  readonly path: string
  /** Of measured steps; undefined for pauses and where none can be read. */
  readonly name: string | undefined
  readonly captures: readonly string[]
  /** As far as it could be read. */
  readonly step: Step | undefined
}

/** Reads as much as can be read; what the shape has wrong is told elsewhere (shape-issues.ts). */
export function outlineScenarios(input: Json | undefined, issues: Issue[]): readonly ScenarioOutline[] {
  const outlines = itemsOf(input).map((raw, index) =>
    outlineScenario(raw, under('scenarios', [index]), issues),
  )
  const count = outlines.reduce((sum, { steps, onStart }) => sum + steps.length + onStart.length, 0)
  if (count > mostSteps) {
    issues.push({
      path: 'scenarios',
      code: 'too-many',
      message: `The scenarios have ${count} steps in all; at most ${mostSteps} are possible.`,
      hint: 'Split the test, or leave steps out that the objectives do not need.',
    })
  }
  checkDistinct(outlines, 'scenario', 'name', issues)
  checkReserved(outlines, issues)
  return outlines
}

function outlineScenario(raw: Json, path: string, issues: Issue[]): ScenarioOutline {
  const fields = fieldsOf(raw)
  const { steps: rawSteps, onStart: rawOnStart, ...rest } = fields
  const head = scenarioHeadSchema.safeParse(rest).data
  const onStart = itemsOf(rawOnStart).map((step, index) =>
    outlineStep(step, under(path, ['onStart', index]), issues),
  )
  const steps = itemsOf(rawSteps).map((step, index) =>
    outlineStep(step, under(path, ['steps', index]), issues),
  )
  const outline = {
    path,
    name: typeof fields.name === 'string' ? fields.name : undefined,
    weight: typeof fields.weight === 'number' ? fields.weight : fields.weight === undefined ? 1 : undefined,
    onStart,
    steps,
  }
  if (head === undefined) return { ...outline, scenario: undefined }
  const think = head.think === undefined ? null : readThink(head.think, under(path, ['think']), issues)
  const whole = [...onStart, ...steps].every(({ step }) => step !== undefined)
  if (!whole || think === undefined) return { ...outline, scenario: undefined }
  const scenario: Scenario = {
    name: head.name,
    weight: head.weight ?? 1,
    onStart: onStart.flatMap(({ step }) => step ?? []),
    think,
    steps: steps.flatMap(({ step }) => step ?? []),
  }
  if (steps.length > 0 && scenario.steps.every(({ kind }) => kind === 'think')) {
    issues.push({
      path: under(path, ['steps']),
      code: 'conflict',
      message: 'The scenario only pauses: it makes no request.',
      hint: 'Add a request, such as `- get: /`.',
    })
  }
  return { ...outline, scenario }
}

function outlineStep(raw: Json, path: string, issues: Issue[]): StepOutline {
  const salvaged = salvage(stepSchema, raw)
  const found: Issue[] = []
  const step = salvaged && normalStep(salvaged.wish, path, found)
  issues.push(...newsOf(found, salvaged?.whole ?? true))
  const fields = fieldsOf(raw)
  return { path, name: nameOf(fields), captures: Object.keys(fieldsOf(fields.capture)), step }
}

function nameOf(fields: Readonly<Record<string, Json>>): string | undefined {
  if (typeof fields.name === 'string') return fields.name
  for (const verb of [...verbs, 'grpc']) {
    const target = fields[verb]
    if (typeof target === 'string') return defaultStepName(verb, target)
  }
  return undefined
}

function checkReserved(outlines: readonly ScenarioOutline[], issues: Issue[]): void {
  for (const { path } of outlines.filter(({ name }) => name === 'ok')) {
    issues.push({
      path: under(path, ['name']),
      code: 'reserved-name',
      message:
        '`ok` cannot be the name of a scenario: in an objective, `p95(ok)` means good responses alone.',
      hint: 'Give it another name.',
    })
  }
}
