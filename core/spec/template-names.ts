import type { Files } from './files.ts'
import { messagePath } from './grpc-call.ts'
import type { Issue } from './issue.ts'
import type {
  Auth,
  Body,
  Check,
  Condition,
  Credential,
  DataSource,
  Expected,
  Json,
  LeafStep,
  Matcher,
  Step,
  StreamStep,
  Target,
} from './load-test.ts'
import { nearest } from './nearest.ts'
import { under } from './path.ts'
import type { ScenarioOutline } from './scenario-normal.ts'
import { type BlockOutline, outlineLeaves, type StepOutline } from './step-outline.ts'
import { isBlock } from './step-tree.ts'
import { openingKeys } from './stream-normal.ts'
import { type Expression, expressionsOf, parseTemplate } from './template.ts'
import { templateFilesOf, templateLines } from './template-files.ts'

/** What templates may refer to anywhere. `data` maps a source to its columns; null: not known yet. */
export interface KnownNames {
  readonly variables: ReadonlySet<string>
  readonly data: ReadonlyMap<string, ReadonlySet<string> | null>
  /** What set-up captures; `setup`: these are its own steps. */
  readonly setup: ReadonlySet<string> | 'setup'
  /** Rows are not drawn here. */
  readonly withoutRows?: boolean
  /** Of which some are templates. */
  readonly files: Files
}

/** Text that is a template, with the place it stands at. */
export interface PlacedTemplate {
  readonly path: string
  readonly text: string
  /** Where it is a line of a file. */
  readonly file?: string
  readonly line?: number
}

/** Of one file; the rest is likely to be the same mistake. */
const mostFileIssues = 10

export function knownColumns(
  data: Readonly<Record<string, Pick<DataSource, 'columns'>>>,
): KnownNames['data'] {
  return new Map(Object.entries(data).map(([name, { columns }]) => [name, columns && new Set(columns)]))
}

/** Templates of every request: no captures there, for the first request of set-up has none. */
export function checkTargetTemplates(
  target: Pick<Target, 'headers' | 'auth' | 'grpc'>,
  path: string,
  known: Omit<KnownNames, 'setup' | 'files'>,
  issues: Issue[],
): void {
  const templates = [
    ...recordTemplates(target.headers, under(path, ['headers'])),
    ...authTemplates(target.auth, under(path, ['auth'])),
    ...recordTemplates(target.grpc?.metadata ?? {}, under(path, ['grpc', 'metadata'])),
  ]
  const nothing: Captured = { known: new Map(), maybe: new Map() }
  const names: KnownNames = { ...known, setup: new Set(), files: {} }
  for (const template of templates) checkTemplate(template, names, nothing, new Map(), issues)
}

/** Set-up first, whose captures all scenarios and the teardown know; each scenario by itself. */
export function checkStepTemplates(
  { setup, scenarios, teardown }: WalkedSteps,
  known: Omit<KnownNames, 'setup' | 'files'>,
  issues: Issue[],
  files: Files = {},
): void {
  // Rows belong to iterations, and these are none.
  const once = { ...known, files, data: new Map<string, null>(), withoutRows: true }
  const seeded = walkSteps(setup, { ...once, setup: 'setup' }, issues)
  const all = { setup: new Set(seeded.known.keys()) }
  for (const { onStart, steps } of scenarios) {
    walkSteps([...onStart, ...steps], { ...known, files, ...all }, issues)
  }
  walkSteps(teardown, { ...once, ...all }, issues)
}

export interface WalkedSteps {
  readonly setup: readonly StepOutline[]
  readonly teardown: readonly StepOutline[]
  readonly scenarios: readonly Pick<ScenarioOutline, 'onStart' | 'steps'>[]
}

/** Captures and loop variables at one point of a path: those that are there, and those that may be. By name, where they were made. */
interface Captured {
  readonly known: ReadonlyMap<string, string>
  readonly maybe: ReadonlyMap<string, string>
}

/**
 * Goes through steps as a user does, along every path, and looks up every name: variables, columns, and captures made earlier. A capture is known
 * behind branches only where each of them makes it. Codes: `unknown-name`, `used-before-capture`, `maybe-not-captured`, `unknown-column`,
 * `duplicate-name`, and those of parseTemplate. Returns what is captured at the end.
 */
function walkSteps(outlines: readonly StepOutline[], known: KnownNames, issues: Issue[]): Captured {
  const capturedAt = new Map<string, string>()
  for (const { captures, path } of outlineLeaves(outlines)) {
    for (const capture of captures) if (!capturedAt.has(capture)) capturedAt.set(capture, path)
  }
  return new PathWalk(known, capturedAt, issues).list(outlines, { known: new Map(), maybe: new Map() })
}

class PathWalk {
  readonly #names: KnownNames
  readonly #capturedAt: ReadonlyMap<string, string>
  readonly #issues: Issue[]
  readonly #inFiles = new Map<string, number>()

  constructor(names: KnownNames, capturedAt: ReadonlyMap<string, string>, issues: Issue[]) {
    this.#names = names
    this.#capturedAt = capturedAt
    this.#issues = issues
  }

  list(outlines: readonly StepOutline[], before: Captured): Captured {
    return outlines.reduce((at, outline) => this.#step(outline, at), before)
  }

  #step({ path, step, captures, block }: StepOutline, before: Captured): Captured {
    if (block !== null) return this.#block(block, path, before)
    if (step !== undefined) this.#templates(leafTemplates(step, this.#names.files), before)
    return withNames(before, captures, path)
  }

  #block({ head, lists }: BlockOutline, path: string, before: Captured): Captured {
    const [first = [], second = []] = lists
    // What cannot be read may be taken or not.
    if (head === undefined) return lists.map((list) => this.list(list, before)).reduce(either, before)
    switch (head.kind) {
      case 'group':
        return this.list(first, before)
      case 'repeat':
        return this.#loop(first, head.as, under(path, ['as']), before)
      case 'forEach': {
        this.#templates(jsonTemplates(head.of, under(path, ['forEach', 'of'])), before)
        // The list may be empty.
        return either(before, this.#loop(first, head.as, under(path, ['forEach', 'as']), before))
      }
      case 'if': {
        const { condition } = head
        this.#condition(condition, path, before)
        const [inThen, inElse] = asked(condition, before)
        return either(this.list(first, inThen), this.list(second, inElse))
      }
      case 'choose': {
        const [taken, ...others] = lists
          .filter((_, index) => head.weights[index] !== 0)
          .map((list) => this.list(list, before))
        return others.reduce(either, taken ?? before)
      }
      case 'poll': {
        const polled = this.list(first, before)
        for (const check of head.until) this.#templates(checkTemplates(check, under(path, ['until'])), before)
        return polled
      }
      default:
        return head satisfies never
    }
  }

  /** The loop variable is known inside alone; it hides nothing, so that a name means one thing along a path. */
  #loop(steps: readonly StepOutline[], as: string | null, path: string, before: Captured): Captured {
    if (as === null) return this.list(steps, before)
    const other = this.#names.variables.has(as)
      ? 'a variable'
      : this.#names.data.has(as)
        ? 'a data source'
        : before.known.has(as) || this.#capturedAt.has(as)
          ? 'a capture or of a loop around this one'
          : null
    if (other !== null || as === 'setup') {
      this.#issues.push({
        path,
        code: 'duplicate-name',
        message: `The name \`${as}\` is already that of ${other ?? 'what `setup` captured'}.`,
        hint: 'Give the loop variable a name of its own.',
      })
      return this.list(steps, before)
    }
    const { known, maybe } = this.list(steps, withNames(before, [as], path))
    const without = new Map(known)
    without.delete(as)
    return { known: without, maybe }
  }

  #condition({ variable, matcher }: Condition, path: string, before: Captured): void {
    const at = under(path, ['if', 'var'])
    const isAsked = matcher.op === 'exists'
    const names = isAsked
      ? { known: new Map([...before.maybe, ...before.known]), maybe: before.maybe }
      : before
    this.#templates([{ path: at, text: `\${${variable}}` }], names)
    this.#templates(matcherTemplates(matcher, under(path, ['if'])), before)
  }

  /** Said with the line; of each file a few. */
  #inFile({ file = '', line }: PlacedTemplate, found: readonly Issue[]): readonly Issue[] {
    const before = this.#inFiles.get(file) ?? 0
    this.#inFiles.set(file, before + found.length)
    return found
      .slice(0, Math.max(0, mostFileIssues - before))
      .map((issue) => ({ ...issue, message: `${file}, line ${line}: ${issue.message}` }))
  }

  #templates(templates: Iterable<PlacedTemplate>, captured: Captured): void {
    for (const template of templates) {
      const found: Issue[] = []
      checkTemplate(template, this.#names, captured, this.#capturedAt, found)
      this.#issues.push(...(template.file === undefined ? found : this.#inFile(template, found)))
    }
  }
}

/** Behind `if: { var: id, exists: true }` it is there in `then`. */
function asked({ variable, matcher, negated }: Condition, before: Captured): readonly [Captured, Captured] {
  const path = before.maybe.get(variable)
  if (matcher.op !== 'exists' || path === undefined) return [before, before]
  const there = withNames(before, [variable], path)
  return matcher.exists === negated ? [before, there] : [there, before]
}

function withNames({ known, maybe }: Captured, names: readonly string[], path: string): Captured {
  if (names.length === 0) return { known, maybe }
  return { known: new Map([...known, ...names.map((name): [string, string] => [name, path])]), maybe }
}

/** Behind two branches: known is what both know. */
function either(a: Captured, b: Captured): Captured {
  if (a === b) return a
  return {
    known: new Map([...a.known].filter(([name]) => b.known.has(name))),
    maybe: new Map([...a.maybe, ...b.maybe, ...a.known, ...b.known]),
  }
}

function checkTemplate(
  { path, text }: PlacedTemplate,
  known: KnownNames,
  captured: Captured,
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
  captured: Captured,
  capturedAt: ReadonlyMap<string, string>,
): Omit<Issue, 'path'> | undefined {
  if (expression.kind === 'column') return columnIssue(expression.source, expression.column, known)
  if (expression.kind !== 'name') return undefined
  const { name } = expression
  if (known.variables.has(name) || captured.known.has(name)) return undefined
  const maybe = captured.maybe.get(name)
  if (maybe !== undefined) {
    return {
      code: 'maybe-not-captured',
      message: `\`${name}\` may not be known here: it is captured at ${maybe}, which is not on every path to this step.`,
      hint: `Capture it on every path, give it a value under \`variables\`, or ask first: if: { var: ${name}, exists: true }.`,
    }
  }
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
  const inSetup = known.setup !== 'setup' && known.setup.has(name)
  if (inSetup) {
    return {
      code: 'unknown-name',
      message: `\`${name}\` was captured by \`setup\`.`,
      hint: `Write \${setup.${name}}.`,
    }
  }
  const names = [...known.variables, ...captured.known.keys()]
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
  if (source === 'setup') return setupIssue(column, known.setup)
  const columns = known.data.get(source)
  if (columns === undefined && known.withoutRows === true) {
    return {
      code: 'conflict',
      message: 'Rows belong to iterations, and set-up and teardown are none.',
      hint: 'Write the value under `variables`.',
    }
  }
  if (columns === undefined) {
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

function setupIssue(name: string, setup: KnownNames['setup']): Omit<Issue, 'path'> | undefined {
  if (setup === 'setup') {
    return {
      code: 'conflict',
      message: 'Within `setup`, what was captured goes by its own name.',
      hint: `Write \${${name}}.`,
    }
  }
  if (setup.has(name)) return undefined
  const near = nearest(name, setup)
  return {
    code: 'unknown-name',
    message: `\`setup\` captures no \`${name}\` on every path.`,
    hint:
      near !== undefined
        ? `Did you mean \`setup.${near}\`?`
        : setup.size > 0
          ? `It captures ${[...setup].slice(0, 20).join(', ')}.`
          : 'Write it as a step: setup: [ { post: /seed, capture: { tenant: { json: "$.id" } } } ].',
  }
}

function leafTemplates(step: Step, files: Files): Iterable<PlacedTemplate> {
  return isBlock(step) ? [] : stepTemplates(step, files)
}

function* stepTemplates(step: LeafStep, files: Files): Generator<PlacedTemplate> {
  switch (step.kind) {
    case 'think':
      return
    case 'grpc':
      for (const [index, message] of step.messages.entries()) {
        yield* jsonTemplates(message, messagePath(step, index))
      }
      for (const check of step.until) yield* checkTemplates(check, under(step.path, ['until']))
      yield* recordTemplates(step.metadata, under(step.path, ['metadata']))
      break
    case 'http': {
      yield { path: under(step.path, [step.method.toLowerCase()]), text: step.url }
      yield* jsonTemplates(step.query, under(step.path, ['query']))
      yield* recordTemplates(step.headers, under(step.path, ['headers']))
      yield* bodyTemplates(step.body, step.path, files)
      break
    }
    case 'ws':
    case 'sse':
      yield* streamTemplates(step)
      break
    default:
      return step satisfies never
  }
  for (const { name, otherwise } of step.captures) {
    if (otherwise !== undefined)
      yield* jsonTemplates(otherwise, under(step.path, ['capture', name, 'default']))
  }
  for (const check of step.checks) yield* checkTemplates(check, under(step.path, ['check']))
}

function* streamTemplates({ kind, path, action }: StreamStep): Generator<PlacedTemplate> {
  const at = under(path, [kind])
  switch (action.kind) {
    case 'open':
      yield { path: under(at, [openingKeys[kind]]), text: action.url }
      yield* jsonTemplates(action.query, under(path, ['query']))
      yield* recordTemplates(action.headers, under(path, ['headers']))
      return
    case 'send': {
      const { message, expected } = action
      const sent = under(at, ['send'])
      if (message.kind === 'json') yield* jsonTemplates(message.value, under(sent, ['json']))
      if (message.kind === 'text') yield { path: sent, text: message.text }
      if (expected !== null) yield* expectedTemplates(expected, under(at, ['expect']))
      return
    }
    case 'expect':
      yield* expectedTemplates(action.expected, under(at, ['expect']))
      return
    case 'close':
      return
    default:
      return action satisfies never
  }
}

function* expectedTemplates({ conditions }: Expected, path: string): Generator<PlacedTemplate> {
  for (const condition of conditions) {
    const below =
      condition.kind === 'json'
        ? ['json', condition.expression]
        : condition.kind === 'header'
          ? [condition.header]
          : []
    yield* matcherTemplates(condition.matcher, under(path, below))
  }
}

function* bodyTemplates(body: Body, path: string, files: Files): Generator<PlacedTemplate> {
  if (body.kind === 'json') yield* jsonTemplates(body.value, under(path, ['json']))
  else if (body.kind === 'form') yield* jsonTemplates(body.fields, under(path, ['form']))
  else if (body.kind === 'text') yield { path: under(path, ['text']), text: body.text }
  else if (body.kind === 'multipart') {
    for (const { place, filename, content } of body.parts) {
      const at = under(path, ['multipart', ...place])
      if (filename !== null) yield { path: under(at, ['filename']), text: filename }
      if (content.kind === 'text') yield { path: at, text: content.text }
      else if (content.kind === 'json') yield* jsonTemplates(content.value, under(at, ['json']))
    }
  }
  for (const file of templateFilesOf(body, path)) yield* templateLines(file, files)
}

function* checkTemplates(check: Check, path: string): Generator<PlacedTemplate> {
  if (check.kind !== 'status') yield* matcherTemplates(check.matcher, under(path, placeOf(check)))
}

function placeOf(check: Exclude<Check, { readonly kind: 'status' }>): readonly string[] {
  switch (check.kind) {
    case 'json':
      return ['json', check.expression]
    case 'header':
      return ['header', check.header]
    case 'cookie':
      return ['cookie', check.cookie]
    case 'regex':
      return ['regex', check.pattern]
    case 'css':
      return ['css', check.selector, ...(check.of === 'text' ? [] : [check.of === 'count' ? 'count' : 'is'])]
    case 'body':
    case 'size':
    case 'messages':
    case 'time':
      return [check.kind]
    default:
      return check satisfies never
  }
}

function* matcherTemplates(matcher: Matcher, path: string): Generator<PlacedTemplate> {
  if (matcher.op === 'not') yield* matcherTemplates(matcher.matcher, under(path, ['not']))
  else if (matcher.op === 'equals') yield* jsonTemplates(matcher.value, path)
  else if (matcher.op === 'in') yield* jsonTemplates(matcher.values, path)
  else if (matcher.op === 'contains') yield { path, text: matcher.text }
}

function* authTemplates(auth: Auth | null, path: string): Generator<PlacedTemplate> {
  if (auth === null || auth.kind === 'oauth2') return
  const parts: readonly (readonly [readonly string[], Credential])[] =
    auth.kind === 'bearer'
      ? [[['bearer'], auth.token]]
      : [
          [['basic', 'user'], auth.user],
          [['basic', 'password'], auth.password],
        ]
  for (const [below, credential] of parts) {
    if (credential.kind === 'template') yield { path: under(path, below), text: credential.text }
  }
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
