import type { Files } from './files.ts'
import type { Issue } from './issue.ts'
import type { Condition, Target } from './load-test.ts'
import { type Captured, checkTemplate, type KnownNames } from './name-issues.ts'
import { under } from './path.ts'
import type { ScenarioOutline } from './scenario-normal.ts'
import { type BlockOutline, outlineLeaves, type StepOutline } from './step-outline.ts'
import {
  authTemplates,
  checkTemplates,
  jsonTemplates,
  leafTemplates,
  matcherTemplates,
  type PlacedTemplate,
  recordTemplates,
} from './step-templates.ts'

/** Of one file; the rest is likely to be the same mistake. */
const mostFileIssues = 10

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
