import { checkDistinct } from './distinct-names.ts'
import type { Issue } from './issue.ts'
import type { Json, Scenario } from './load-test.ts'
import { under } from './path.ts'
import { fieldsOf, itemsOf, type RawMap } from './raw.ts'
import { scenarioHeadSchema } from './schema-scenario.ts'
import {
  outlineBlocks,
  outlineLeaves,
  type StepOutline,
  type StepReader,
  wholeSteps,
} from './step-outline.ts'
import { openedStream } from './stream-path.ts'
import { readThink } from './think-text.ts'

/** What can be known of a scenario, whether or not all of it is right. */
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

/** Reads as much as can be read; what the shape has wrong is told elsewhere (shape-issues.ts). */
export function outlineScenarios(
  input: Json | undefined,
  reader: StepReader,
  issues: Issue[],
): readonly ScenarioOutline[] {
  const outlines = itemsOf(input).map((raw, index) =>
    outlineScenario(fieldsOf(raw), under('scenarios', [index]), reader, issues),
  )
  checkDistinct(outlines, 'scenario', 'name', issues)
  checkReserved(outlines, issues)
  for (const outline of outlines) checkGroups(outline, outlines, issues)
  return outlines
}

function outlineScenario(fields: RawMap, path: string, reader: StepReader, issues: Issue[]): ScenarioOutline {
  const { steps: rawSteps, onStart: rawOnStart, ...rest } = fields
  const head = scenarioHeadSchema.safeParse(rest).data
  const onStart = reader.list(rawOnStart, under(path, ['onStart']))
  const steps = reader.list(rawSteps, under(path, ['steps']))
  const outline = {
    path,
    name: typeof fields.name === 'string' ? fields.name : undefined,
    weight: typeof fields.weight === 'number' ? fields.weight : fields.weight === undefined ? 1 : undefined,
    onStart,
    steps,
  }
  if (head === undefined) return { ...outline, scenario: undefined }
  const think = head.think === undefined ? null : readThink(head.think, under(path, ['think']), issues)
  const [wholeStart, whole] = [wholeSteps(onStart), wholeSteps(steps)]
  if (wholeStart === undefined || whole === undefined || think === undefined)
    return { ...outline, scenario: undefined }
  const leaves = [...outlineLeaves(steps)]
  if (leaves.length > 0 && leaves.every(({ step }) => step?.kind === 'think')) {
    issues.push({
      path: under(path, ['steps']),
      code: 'conflict',
      message: 'The scenario only pauses: it makes no request.',
      hint: 'Add a request, such as `- get: /`.',
    })
  }
  return {
    ...outline,
    scenario: { name: head.name, weight: head.weight ?? 1, onStart: wholeStart, think, steps: whole },
  }
}

/** An objective may name a group or a stream in the place of a step, or alone in that of a scenario. */
function checkGroups(
  { onStart, steps }: ScenarioOutline,
  outlines: readonly ScenarioOutline[],
  issues: Issue[],
): void {
  const all = [...onStart, ...steps]
  const stepNames = new Set([...outlineLeaves(all)].map(({ name }) => name))
  const groups = [...outlineBlocks(all)].flatMap(({ path, block: { head } }) =>
    head?.kind === 'group' ? [{ path: under(path, ['group']), name: head.name, isStream: false }] : [],
  )
  const groupNames = new Set(groups.map(({ name }) => name))
  const streams = [...outlineLeaves(all)].flatMap(({ path, step }) => {
    const name = openedStream(step)
    return name === undefined ? [] : [{ path: under(path, [step?.kind ?? '']), name, isStream: true }]
  })
  for (const { path, name, isStream } of [...groups, ...streams]) {
    const other = stepNames.has(name)
      ? 'a step of the scenario'
      : isStream && groupNames.has(name)
        ? 'a group of the scenario'
        : outlines.some((scenario) => scenario.name === name)
          ? 'a scenario'
          : name === 'ok'
            ? 'the word for good responses in an objective'
            : null
    if (other === null) continue
    issues.push({
      path,
      code: 'duplicate-name',
      message: `The name \`${name}\` is already that of ${other}.`,
      hint: isStream
        ? 'Give the stream a name of its own with `as`: results and objectives go by it.'
        : 'Give the group a name of its own: results and objectives go by it.',
    })
  }
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
