import { Document, isCollection, type Node, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import type { Json } from '../../core/spec/load-test.ts'
import { apiVersion } from '../../core/spec/schema.ts'
import { commentLines, printable } from './comment.ts'
import type {
  Draft,
  DraftBody,
  DraftField,
  DraftRequest,
  DraftScenario,
  DraftStep,
  DraftTarget,
  DraftVariable,
} from './draft.ts'

/** Longer ones take a line for each of their parts. */
const mostOnOneLine = 90
/** Beyond these a value stands on one line whatever its length: as lines it would be all indentation. */
const mostLines = 60
const mostNesting = 6

/** The file of a draft: in blocks, small maps on one line, notes as comments. */
export function draftText(draft: Draft): string {
  const document = new Document()
  document.commentBefore = commentLines(draft.head)
  const metadata = oneLine({ name: draft.name })
  const more = draft.targets ?? []
  const spec = map([
    line('target', target(draft.target)),
    ...(more.length === 0 ? [] : [line('targets', targets(more))]),
    ...(draft.variables.length === 0 ? [] : [line('variables', variables(draft.variables))]),
    line('scenarios', withAsides(list(draft.scenarios.map(scenario)), (draft.asides ?? []).map(scenario))),
    line('load', list(load)),
    line('objectives', list(objectives)),
  ])
  for (const pair of spec.items.slice(1)) (pair.key as Scalar).spaceBefore = true
  const whole = map([
    line('apiVersion', scalar(apiVersion)),
    line('kind', scalar('LoadTest')),
    line('metadata', metadata),
    line('spec', spec),
  ])
  return written(document, whole)
}

function written(document: Document, contents: Node): string {
  document.contents = contents as never
  return document.toString({
    lineWidth: 0,
    // Otherwise a long quoted text would be broken at its line ends.
    doubleQuotedMinMultiLineLength: Number.MAX_SAFE_INTEGER,
  })
}

/** What cannot be run stands behind the items as a comment, so that taking the `# ` away makes items of it. */
function withAsides(items: YAMLSeq, asides: readonly Node[]): YAMLSeq {
  if (asides.length > 0) {
    const text = written(new Document(), list(asides)).trimEnd()
    items.comment = text
      .split('\n')
      .map((line) => ` ${printable(line)}`)
      .join('\n')
  }
  return items
}

const load = [noted(oneLine({ phase: 'steady', rate: 1, duration: '1m' }), 'iterations started per second')]

const objectives = [
  scalar('error_rate < 1%'),
  noted(scalar('p95 < 2s'), 'guess: say what is fast enough for your users'),
]

function target({ url, note, headers, more = [] }: DraftTarget): Node {
  return map([
    line('url', scalar(url), note),
    ...fields('headers', headers),
    ...more.map((field) => line(field.key, jsonNode(field.value), field.note)),
  ])
}

function targets(more: NonNullable<Draft['targets']>): Node {
  return map(more.map((one) => line(one.name, target(one))))
}

function variables(entries: readonly DraftVariable[]): Node {
  return map(
    entries.map(({ name, value, note }) =>
      line(name, 'env' in value ? oneLine({ env: value.env }) : constant(value.constant), note),
    ),
  )
}

/** A map among the variables would be read as one of the language's own. */
function constant(value: Json): Node {
  const isMap = typeof value === 'object' && value !== null && !Array.isArray(value)
  return jsonNode(isMap ? { value } : value)
}

function scenario({ name, weight, notes, steps, asides = [] }: DraftScenario): Node {
  return above(
    map([
      line('name', scalar(name)),
      ...(weight === undefined ? [] : [line('weight', scalar(weight))]),
      line('steps', withAsides(list(steps.map(step)), asides.map(step))),
    ]),
    notes,
  )
}

function step(draft: DraftStep): Node {
  if (draft.kind === 'think') return map([line('think', scalar(draft.think), draft.note)])
  if (draft.kind === 'group')
    return map([line('group', scalar(draft.name)), line('steps', list(draft.steps.map(step)))])
  const { poll, notes } = draft
  if (poll === undefined) return above(request(draft), notes)
  const polled = [
    line('poll', request(draft)),
    line('until', oneLine({ json: poll.until })),
    line('every', scalar(poll.every)),
  ]
  return above(map(polled), notes)
}

function request(draft: DraftRequest): YAMLMap {
  const { method, path, name, target: host, redirects, query, headers, body, captures, checks } = draft
  return map([
    line(method, scalar(path)),
    ...(name === undefined ? [] : [line('name', scalar(name))]),
    ...(host === undefined ? [] : [line('target', scalar(host))]),
    ...fields('query', query),
    ...fields('headers', headers),
    ...bodyLines(body),
    ...(redirects === undefined ? [] : [line('followRedirects', scalar(redirects))]),
    ...fields('capture', captures),
    ...fields('check', checks),
  ])
}

function bodyLines(body: DraftBody): readonly Pair[] {
  switch (body.kind) {
    case 'none':
      return []
    case 'json':
      return [line('json', jsonNode(body.value), body.note)]
    case 'form':
    case 'multipart':
      return fields(body.kind, body.fields, true)
    case 'text':
      return [line('text', scalar(body.text), body.note)]
    default:
      return body satisfies never
  }
}

/** On one line where nothing is to be said about a part of it. */
function fields(key: string, entries: readonly DraftField[], evenIfEmpty = false): readonly Pair[] {
  if (entries.length === 0 && !evenIfEmpty) return []
  const whole = Object.fromEntries(entries.map(({ key, value }) => [key, value]))
  const [only] = entries
  if (entries.every(({ note }) => note === undefined) && isShort(whole)) return [line(key, oneLine(whole))]
  if (entries.length === 1 && only !== undefined && isShort(whole))
    return [line(key, oneLine(whole), only.note)]
  return [line(key, map(entries.map(({ key, value, note }) => line(key, jsonNode(value), note))))]
}

function jsonNode(value: Json): Node {
  if (typeof value !== 'object' || value === null) return scalar(value)
  return isShort(value) || isLarge(value) ? oneLine(value) : blocks(value)
}

/** Parts that are short stand on one line each. */
function blocks(value: Json): Node {
  if (Array.isArray(value)) return list(value.map(jsonNode))
  return map(Object.entries(value as object).map(([key, item]) => line(key, jsonNode(item))))
}

function isShort(value: Json): boolean {
  return JSON.stringify(value).length <= mostOnOneLine
}

function isLarge(value: Json): boolean {
  let left = mostLines
  const fits = (item: Json, depth: number): boolean => {
    if (--left < 0 || depth > mostNesting) return false
    if (typeof item !== 'object' || item === null) return true
    return Object.values(item).every((child) => fits(child, depth + 1))
  }
  return !fits(value, 0)
}

function oneLine(value: Json): Node {
  const node = plain(value)
  if (isCollection(node)) node.flow = true
  return node
}

/** By hand: the library's own way takes a map of thousands of keys quadratic time. */
function plain(value: Json): Node {
  if (typeof value !== 'object' || value === null) return scalar(value)
  if (Array.isArray(value)) return list(value.map(plain))
  return map(Object.entries(value).map(([key, item]) => line(key, plain(item))))
}

function scalar(value: string | number | boolean | null): Scalar {
  return new Scalar(typeof value === 'string' ? value.toWellFormed() : value)
}

function list(items: readonly Node[]): YAMLSeq {
  const node = new YAMLSeq()
  node.items.push(...items)
  return node
}

function map(pairs: readonly Pair[]): YAMLMap {
  const node = new YAMLMap()
  for (const pair of pairs) node.items.push(pair as never)
  return node
}

/** A note stands beside what takes one line, and above what takes more. */
function line(key: string, value: Node, note?: string): Pair {
  const name = scalar(key)
  if (note !== undefined) {
    if (isCollection(value) && !value.flow) name.commentBefore = commentLines([note])
    else value.comment = commentLines([note])
  }
  return new Pair(name, value)
}

function noted(node: Node, note: string): Node {
  node.comment = commentLines([note])
  return node
}

function above(node: Node, notes: readonly string[]): Node {
  node.commentBefore = commentLines(notes)
  return node
}
