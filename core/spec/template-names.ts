import type { Issue } from './issue.ts'
import type { Check, DataSource, Json, Matcher, Step, Target } from './load-test.ts'
import { nearest } from './nearest.ts'
import { under } from './path.ts'
import type { ScenarioOutline, StepOutline } from './scenario-normal.ts'
import { notYet } from './shape-issues.ts'
import { type Expression, expressionsOf, parseTemplate } from './template.ts'

/** What templates may refer to anywhere. `data` maps a source to its columns; null: not known yet. */
export interface KnownNames {
  readonly variables: ReadonlySet<string>
  readonly data: ReadonlyMap<string, ReadonlySet<string> | null>
}

/** Text that is a template, with the place it stands at. */
export interface PlacedTemplate {
  readonly path: string
  readonly text: string
}

export function knownColumns(
  data: Readonly<Record<string, Pick<DataSource, 'columns'>>>,
): KnownNames['data'] {
  return new Map(Object.entries(data).map(([name, { columns }]) => [name, columns && new Set(columns)]))
}

/** Templates of every request: no captures there, for the first request has none. */
export function checkTargetTemplates(
  target: Pick<Target, 'headers' | 'grpc'>,
  known: KnownNames,
  issues: Issue[],
): void {
  const templates = [
    ...recordTemplates(target.headers, 'target.headers'),
    ...recordTemplates(target.grpc?.metadata ?? {}, 'target.grpc.metadata'),
  ]
  for (const template of templates) checkTemplate(template, known, new Set(), new Map(), issues)
}

/**
 * Walks a scenario as a user does, onStart first, and looks up every name: variables, columns, and captures made earlier on the path. Codes:
 * `unknown-name`, `used-before-capture`, `unknown-column`, and those of parseTemplate.
 */
export function checkScenarioTemplates(
  scenario: Pick<ScenarioOutline, 'onStart' | 'steps'>,
  known: KnownNames,
  issues: Issue[],
): void {
  const path = [...scenario.onStart, ...scenario.steps]
  const capturedAt = new Map<string, string>()
  for (const { captures, path: at } of path) {
    for (const capture of captures) if (!capturedAt.has(capture)) capturedAt.set(capture, at)
  }
  const captured = new Set<string>()
  for (const { step, captures } of path) {
    if (step !== undefined) {
      for (const template of stepTemplates(step)) checkTemplate(template, known, captured, capturedAt, issues)
    }
    for (const capture of captures) captured.add(capture)
  }
}

export function outlineOf(step: Step): StepOutline {
  return {
    path: step.path,
    name: step.kind === 'think' ? undefined : step.name,
    captures: step.kind === 'think' ? [] : step.captures.map(({ name }) => name),
    step,
  }
}

function checkTemplate(
  { path, text }: PlacedTemplate,
  known: KnownNames,
  captured: ReadonlySet<string>,
  capturedAt: ReadonlyMap<string, string>,
  issues: Issue[],
): void {
  const parsed = parseTemplate(text, path)
  if (!parsed.ok) {
    issues.push(...parsed.issues)
    return
  }
  for (const expression of expressionsOf(parsed.value)) {
    const issue = nameIssue(expression, known, captured, capturedAt)
    if (issue !== undefined) issues.push({ path, ...issue })
  }
}

function nameIssue(
  expression: Expression,
  known: KnownNames,
  captured: ReadonlySet<string>,
  capturedAt: ReadonlyMap<string, string>,
): Omit<Issue, 'path'> | undefined {
  if (expression.kind === 'column') return columnIssue(expression.source, expression.column, known)
  if (expression.kind !== 'name') return undefined
  const { name } = expression
  if (known.variables.has(name) || captured.has(name)) return undefined
  const later = capturedAt.get(name)
  if (later !== undefined) {
    return {
      code: 'used-before-capture',
      message: `\`${name}\` is used before it is known: it is captured at ${later}.`,
      hint: 'Move this step behind that one, or capture the value earlier.',
    }
  }
  if (known.data.has(name)) {
    const columns = known.data.get(name)
    return {
      code: 'unknown-name',
      message: `\`${name}\` is a data source, and a template takes one of its columns.`,
      hint: `Write \${${name}.${columns?.values().next().value ?? 'column'}}.`,
    }
  }
  const names = [...known.variables, ...captured]
  const near = nearest(name, names)
  return {
    code: 'unknown-name',
    message: `There is no variable and no capture called \`${name}\` at this point.`,
    hint:
      near !== undefined
        ? `Did you mean \`${near}\`?`
        : names.length > 0
          ? `Known here: ${names.slice(0, 20).join(', ')}. For text, put quotes around it; for a literal \${, write $\${.`
          : 'Define it under `variables`, or capture it in an earlier step.',
  }
}

function columnIssue(source: string, column: string, known: KnownNames): Omit<Issue, 'path'> | undefined {
  const columns = known.data.get(source)
  if (columns === undefined) {
    if (source === 'setup') return notYet('setup')
    const near = nearest(source, known.data.keys())
    return {
      code: 'unknown-name',
      message: `There is no data source called \`${source}\`.`,
      hint:
        near === undefined
          ? `Define it under \`data\`: ${source}: { csv: ${source}.csv }.`
          : `Did you mean \`${near}\`?`,
    }
  }
  // What is wrong with a source without columns is said where it is defined.
  if (columns === null || columns.size === 0 || columns.has(column)) return undefined
  const near = nearest(column, columns)
  return {
    code: 'unknown-column',
    message: `\`${source}\` has no column \`${column}\`.`,
    hint:
      near === undefined
        ? `Its columns are ${[...columns].slice(0, 20).join(', ')}.`
        : `Did you mean \`${source}.${near}\`?`,
  }
}

function* stepTemplates(step: Step): Generator<PlacedTemplate> {
  switch (step.kind) {
    case 'think':
      return
    case 'grpc':
      yield* jsonTemplates(step.message, under(step.path, ['message']))
      yield* recordTemplates(step.metadata, under(step.path, ['metadata']))
      break
    case 'http': {
      yield { path: under(step.path, [step.method.toLowerCase()]), text: step.url }
      yield* jsonTemplates(step.query, under(step.path, ['query']))
      yield* recordTemplates(step.headers, under(step.path, ['headers']))
      if (step.body.kind === 'json') yield* jsonTemplates(step.body.value, under(step.path, ['json']))
      if (step.body.kind === 'form') yield* jsonTemplates(step.body.fields, under(step.path, ['form']))
      if (step.body.kind === 'text') yield { path: under(step.path, ['text']), text: step.body.text }
      break
    }
    default:
      return step satisfies never
  }
  for (const check of step.checks) yield* checkTemplates(check, under(step.path, ['check']))
}

function* checkTemplates(check: Check, path: string): Generator<PlacedTemplate> {
  if (check.kind === 'status') return
  const below =
    check.kind === 'json'
      ? ['json', check.expression]
      : check.kind === 'header'
        ? ['header', check.header]
        : [check.kind]
  yield* matcherTemplates(check.matcher, under(path, below))
}

function* matcherTemplates(matcher: Matcher, path: string): Generator<PlacedTemplate> {
  if (matcher.op === 'equals') yield* jsonTemplates(matcher.value, path)
  else if (matcher.op === 'in') yield* jsonTemplates(matcher.values, path)
  else if (matcher.op === 'contains') yield { path, text: matcher.text }
}

function* recordTemplates(record: Readonly<Record<string, string>>, path: string): Generator<PlacedTemplate> {
  for (const [key, text] of Object.entries(record)) yield { path: under(path, [key]), text }
}

/** Every text in a JSON value. */
function* jsonTemplates(value: Json, path: string): Generator<PlacedTemplate> {
  if (typeof value === 'string') yield { path, text: value }
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* jsonTemplates(item, under(path, [index]))
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value as Readonly<Record<string, Json>>)) {
      yield* jsonTemplates(item, under(path, [key]))
    }
  }
}
