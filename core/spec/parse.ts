import { normalData, normalVariables } from './data-normal.ts'
import { frozen } from './frozen.ts'
import type { Issue, Parsed } from './issue.ts'
import type { Json, Limits, LoadTest, Objective, Target, WorkersWish } from './load-test.ts'
import { knownColumns } from './name-issues.ts'
import { normalObjective, type Scopes } from './objective-normal.ts'
import { under } from './path.ts'
import { checkMaxRate, checkMixes, outlinePhases, type PhaseOutline, scenariosOf } from './phases.ts'
import { plainInput } from './plain-input.ts'
import { type Positions, placed } from './positions.ts'
import { fieldsOf, itemsOf } from './raw.ts'
import { readSalvaged, salvage } from './salvage.ts'
import { outlineScenarios, type ScenarioOutline } from './scenario-normal.ts'
import { metadataSchema } from './schema.ts'
import { objectiveMapSchema, objectiveSchema } from './schema-objective.ts'
import { limitsSchema, workersSchema } from './schema-run.ts'
import { shapeIssues } from './shape-issues.ts'
import { outlineBlocks, outlineLeaves, type StepOutline, StepReader, wholeSteps } from './step-outline.ts'
import { checkStepTargets } from './step-targets.ts'
import { checkStreamPaths, openedStream } from './stream-path.ts'
import { readTarget, readTargets } from './target-normal.ts'
import { targetPaths } from './targets.ts'
import { checkStepTemplates, checkTargetTemplates } from './template-names.ts'
import { parseYaml } from './yaml.ts'

const mostIssues = 200

export interface ParseOptions {
  /** Where the input stands in a text: issues then carry line and column. */
  readonly positions?: Positions
}

/**
 * Reads a LoadTest and fills in every default. Never throws, never changes `input`; every issue comes at once (up to 200), in the order of
 * the text where positions are given. What lies in files is not read: `completeLoadTest` does that. References stay:
 * `resolveReferences` replaces them.
 */
export function parseLoadTest(input: unknown, { positions }: ParseOptions = {}): Parsed<LoadTest> {
  const plain = plainInput(input)
  if (!plain.ok) return refused(plain.issues, positions)
  const issues: Issue[] = [...shapeIssues(plain.value)]
  const test = normalTest(plain.value, issues)
  if (issues.length > 0) return refused(issues, positions)
  if (test === undefined) throw new TypeError('a LoadTest without issues could not be read')
  return { ok: true, value: frozen(test) }
}

/** `parseYaml` and `parseLoadTest` in one. */
export function parseLoadTestText(text: string): Parsed<LoadTest> {
  const yaml = parseYaml(text)
  if (!yaml.ok) return yaml
  return parseLoadTest(yaml.value.value, { positions: yaml.value.positions })
}

/**
 * Looks at each part by itself, so that what is wrong in one doesn't hide what is wrong in another. Undefined only where the shape has issues,
 * which are told already.
 */
function normalTest(input: Json, issues: Issue[]): LoadTest | undefined {
  const { metadata: rawMetadata, spec: rawSpec } = fieldsOf(input)
  const spec = fieldsOf(rawSpec)
  const metadata = metadataSchema.safeParse(rawMetadata).data
  const target = readTarget(spec.target, 'target', issues)
  const named = readTargets(spec.targets, issues)
  const variables = normalVariables(fieldsOf(spec.variables), issues)
  const data = normalData(fieldsOf(spec.data), issues)
  const reader = new StepReader(fieldsOf(spec.flows), issues)
  reader.readFlows()
  const scenarios = outlineScenarios(spec.scenarios, reader, issues)
  const setup = reader.list(spec.setup, 'setup')
  const teardown = reader.list(spec.teardown, 'teardown')
  const phases = outlinePhases(spec.load, issues)
  const limits = normalLimits(spec.limits)
  const workers = normalWorkers(spec.workers)
  const detail = spec.detail === true

  const steps = [...setup, ...scenarios.flatMap(({ onStart, steps }) => [...onStart, ...steps]), ...teardown]
  checkTemplates(spec, { target, named, setup, teardown, scenarios, data }, issues)
  checkStepTargets({ main: target, named }, [...outlineLeaves(steps)], issues)
  for (const { onStart, steps } of scenarios) checkStreamPaths(onStart, steps, issues)
  for (const steps of [setup, teardown]) checkStreamPaths([], steps, issues)
  checkMixes(phases, scenarios, issues)
  if (limits !== undefined) checkMaxRate(phases, limits.maxRate, issues)
  const scopes = scopesOf(scenarios, phases, detail)
  const objectives = itemsOf(spec.objectives).flatMap((raw, index): Objective | [] => {
    const path = under('objectives', [index])
    const salvaged = salvage(typeof raw === 'string' ? objectiveSchema : objectiveMapSchema, raw)
    if (salvaged === undefined) return []
    return readSalvaged(salvaged, issues, (wish, found) => normalObjective(wish, scopes, path, found)) ?? []
  })

  const targets = whole(named)
  if (metadata === undefined || target === undefined || targets === undefined) return undefined
  if (limits === undefined || workers === undefined) return undefined
  return {
    name: metadata.name,
    labels: metadata.labels ?? {},
    target,
    targets,
    variables,
    data,
    setup: wholeSteps(setup) ?? [],
    teardown: wholeSteps(teardown) ?? [],
    scenarios: scenariosOf(scenarios),
    load: phases.flatMap(({ phase }) => phase ?? []),
    limits,
    detail,
    workers,
    objectives,
  }
}

function checkTemplates(
  spec: Readonly<Record<string, Json>>,
  parts: {
    readonly target: Target | undefined
    readonly named: Readonly<Record<string, Target | undefined>>
    readonly setup: readonly StepOutline[]
    readonly teardown: readonly StepOutline[]
    readonly scenarios: readonly ScenarioOutline[]
    readonly data: LoadTest['data']
  },
  issues: Issue[],
): void {
  // Names whose definition is wrong exist all the same: that they are wrong is told where they are defined.
  const unread = Object.keys(fieldsOf(spec.data)).map((name): [string, null] => [name, null])
  const known = {
    variables: new Set(Object.keys(fieldsOf(spec.variables))),
    data: new Map([...unread, ...knownColumns(parts.data)]),
  }
  const paths = targetPaths({ targets: parts.named })
  for (const [index, target] of [parts.target, ...Object.values(parts.named)].entries()) {
    if (target !== undefined) checkTargetTemplates(target, paths[index] ?? '', known, issues)
  }
  checkStepTemplates(parts, known, issues)
}

function whole(
  targets: Readonly<Record<string, Target | undefined>>,
): Readonly<Record<string, Target>> | undefined {
  const entries = Object.entries(targets).flatMap(([name, target]) =>
    target === undefined ? [] : [[name, target] as const],
  )
  return entries.length < Object.keys(targets).length ? undefined : Object.fromEntries(entries)
}

function scopesOf(
  scenarios: readonly ScenarioOutline[],
  phases: readonly PhaseOutline[],
  detail: boolean,
): Scopes {
  return {
    detail,
    phases,
    scenarios: scenarios.map(({ name, onStart, steps }) => {
      const all = [...onStart, ...steps]
      const leaves = [...outlineLeaves(all)]
      const heads = [...outlineBlocks(all)].map(({ block }) => block.head)
      return {
        name,
        steps: leaves.flatMap((step) => step.name ?? []),
        groups: [
          ...heads.flatMap((head) => (head?.kind === 'group' ? head.name : [])),
          ...leaves.flatMap(({ step }) => openedStream(step) ?? []),
        ],
        complete:
          leaves.every((step) => step.name !== undefined || step.step?.kind === 'think') &&
          heads.every((head) => head !== undefined),
      }
    }),
  }
}

function normalLimits(input: Json | undefined): Limits | undefined {
  const wish = limitsSchema.safeParse(input ?? {}).data
  return (
    wish && {
      inFlight: wish.inFlight ?? null,
      backlog: wish.backlog ?? 0.001,
      drainMs: wish.drain ?? 30_000,
      maxRate: wish.maxRate ?? null,
    }
  )
}

function normalWorkers(input: Json | undefined): WorkersWish | undefined {
  const wish = workersSchema.safeParse(input ?? {}).data
  return (
    wish && {
      count: wish.count ?? null,
      threads: wish.threads === undefined || wish.threads === 'auto' ? null : wish.threads,
      onLoss: wish.onLoss ?? 'reassign',
      grow: wish.grow ?? false,
      waitMs: wish.wait ?? 60_000,
    }
  )
}

function refused(issues: readonly Issue[], positions: Positions | undefined): Parsed<never> {
  const ordered = placed(distinct(issues), positions)
  if (ordered.length <= mostIssues) return { ok: false, issues: ordered }
  const rest: Issue = {
    path: '',
    code: 'too-many',
    message: `There are ${ordered.length - mostIssues} more issues.`,
    hint: 'Mend the ones above first.',
  }
  return { ok: false, issues: [...ordered.slice(0, mostIssues), rest] }
}

/** What is wrong in a flow is found wherever it is used, and told once. */
function distinct(issues: readonly Issue[]): readonly Issue[] {
  return [...new Map(issues.map((issue) => [JSON.stringify(issue), issue])).values()]
}
