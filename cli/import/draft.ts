import type { Json } from '../../core/spec/load-test.ts'

/**
 * A LoadTest on its way to a file, with what is to be said about its parts. Every text in it that the language reads as a template is one
 * already: literals have gone through `literal`. What a note says is made safe for a comment when it is written.
 */
export interface Draft {
  readonly name: string
  /** Above everything: what it was made from, and what was left out. */
  readonly head: readonly string[]
  readonly target: DraftTarget
  /** Beside the main one, by name. */
  readonly targets?: readonly (DraftTarget & { readonly name: string })[]
  readonly variables: readonly DraftVariable[]
  readonly scenarios: readonly DraftScenario[]
  /** Written as comments: nobody can run them as they are. */
  readonly asides?: readonly DraftScenario[]
}

export interface DraftTarget {
  readonly url: string
  readonly note?: string
  readonly headers: readonly DraftField[]
  /** Whatever else is to be said of it, such as `auth`. */
  readonly more?: readonly DraftField[]
}

export interface DraftVariable {
  readonly name: string
  /** A constant, or the name of a variable of the environment. */
  readonly value: { readonly constant: Json } | { readonly env: string }
  readonly note?: string
}

export interface DraftScenario {
  readonly name: string
  /** 0: only where a phase names it; undefined: the language's default. */
  readonly weight?: number
  readonly notes: readonly string[]
  readonly steps: readonly DraftStep[]
  /** Written as comments behind the steps. */
  readonly asides?: readonly DraftRequest[]
}

export type DraftStep = DraftRequest | DraftPause | DraftGroup

export interface DraftGroup {
  readonly kind: 'group'
  readonly name: string
  readonly steps: readonly DraftStep[]
}

export interface DraftPause {
  readonly kind: 'think'
  readonly think: string
  readonly note?: string
}

export interface DraftRequest {
  readonly kind: 'http'
  readonly method: DraftMethod
  /** Begins with a slash. */
  readonly path: string
  readonly name?: string
  /** A name of `targets`. */
  readonly target?: string
  readonly query: readonly DraftField[]
  readonly headers: readonly DraftField[]
  readonly body: DraftBody
  readonly captures: readonly DraftField[]
  readonly checks: readonly DraftField[]
  /** How many redirects are followed. */
  readonly redirects?: number
  /** It is made again and again. */
  readonly poll?: DraftPoll
  /** Above the step. */
  readonly notes: readonly string[]
}

export interface DraftPoll {
  /** What the body is at last, by JSONPath. */
  readonly until: Readonly<Record<string, string | boolean | { readonly not: string | boolean }>>
  readonly every: string
}

export type DraftMethod = 'get' | 'post' | 'put' | 'patch' | 'delete' | 'head' | 'options'

export type DraftBody =
  | { readonly kind: 'none' }
  | { readonly kind: 'json'; readonly value: Json; readonly note?: string }
  | { readonly kind: 'form' | 'multipart'; readonly fields: readonly DraftField[] }
  | { readonly kind: 'text'; readonly text: string; readonly note?: string }

/** A line of a map. `note` stands beside it. */
export interface DraftField {
  readonly key: string
  readonly value: Json
  readonly note?: string
}

/** What a note says of a value that nobody has stated. */
export function guess(reason: string): string {
  return `guess: ${reason}`
}

/** Text as a template that always makes this text. */
export function literal(text: string): string {
  return text.toWellFormed().replaceAll('${', () => '$${')
}

/** Text for a path or a query: delimiters in it are data. */
export function encoded(text: string): string {
  return literal(encodeURIComponent(text.toWellFormed()))
}

/** The same for every text of a JSON value. Keys are no templates. */
export function literalJson(value: Json): Json {
  return mapTexts(value, literal)
}

/** A JSON value with every text in it replaced. */
export function mapTexts(value: Json, change: (text: string) => Json): Json {
  if (typeof value === 'string') return change(value)
  if (Array.isArray(value)) return value.map((item) => mapTexts(item, change))
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, mapTexts(item, change)]))
}
