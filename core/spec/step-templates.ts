import type { Files } from './files.ts'
import { messagePath } from './grpc-call.ts'
import type {
  Auth,
  Body,
  Check,
  Credential,
  Expected,
  Json,
  LeafStep,
  Matcher,
  Step,
  StreamStep,
} from './load-test.ts'
import { under } from './path.ts'
import { isBlock } from './step-tree.ts'
import { openingKeys } from './stream-words.ts'
import { templateFilesOf, templateLines } from './template-files.ts'

/** Text that is a template, with the place it stands at. */
export interface PlacedTemplate {
  readonly path: string
  readonly text: string
  /** Where it is a line of a file. */
  readonly file?: string
  readonly line?: number
}

/** Of a step that holds no others; blocks have none of their own here. */
export function leafTemplates(step: Step, files: Files): Iterable<PlacedTemplate> {
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

export function* checkTemplates(check: Check, path: string): Generator<PlacedTemplate> {
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

export function* matcherTemplates(matcher: Matcher, path: string): Generator<PlacedTemplate> {
  if (matcher.op === 'not') yield* matcherTemplates(matcher.matcher, under(path, ['not']))
  else if (matcher.op === 'equals') yield* jsonTemplates(matcher.value, path)
  else if (matcher.op === 'in') yield* jsonTemplates(matcher.values, path)
  else if (matcher.op === 'contains') yield { path, text: matcher.text }
}

export function* authTemplates(auth: Auth | null, path: string): Generator<PlacedTemplate> {
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

export function* recordTemplates(
  record: Readonly<Record<string, string>>,
  path: string,
): Generator<PlacedTemplate> {
  for (const [key, text] of Object.entries(record)) yield { path: under(path, [key]), text }
}

/** Every text in a JSON value. */
export function* jsonTemplates(value: Json, path: string): Generator<PlacedTemplate> {
  if (typeof value === 'string') yield { path, text: value }
  else if (Array.isArray(value)) {
    for (const [index, item] of value.entries()) yield* jsonTemplates(item, under(path, [index]))
  } else if (typeof value === 'object' && value !== null) {
    for (const [key, item] of Object.entries(value as Readonly<Record<string, Json>>)) {
      yield* jsonTemplates(item, under(path, [key]))
    }
  }
}
