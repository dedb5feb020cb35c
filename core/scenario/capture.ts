import type { Capture, Take } from '../spec/load-test.ts'
import { compilePattern } from '../spec/pattern.ts'
import { jsonPathOf, look, selectorOf } from './check.ts'
import { compileJson } from './expression.ts'
import type { MarkupWish } from './markup.ts'
import type { Names } from './names.ts'
import { valueIn } from './part.ts'
import { orTooLarge } from './rendered-size.ts'
import type { ResponseView } from './response-view.ts'
import type { UserScope } from './user-scope.ts'

export interface CompiledCapture {
  read(view: ResponseView, scope: UserScope): Catch
  /** Null: the slot holds what was found; else why there was nothing, as a sentence. */
  keep(scope: UserScope, caught: Catch): string | null
}

/** Matches that a list takes, and among which one is picked. */
const mostMatches = 10_000

/** `value` undefined: nothing was found; `problem` says why, where more can be said than that. */
export interface Catch {
  readonly value: unknown
  readonly problem: string | null
}

/**
 * A capture that finds nothing leaves nothing, or what stands there for this case: never what an earlier iteration found. From here on the path
 * its name is known.
 */
export function compileCapture(capture: Capture, names: Names, wishes: MarkupWish[]): CompiledCapture {
  const { from, read } = compileSource(capture, wishes)
  // What stands there otherwise may read what was captured under the name before.
  const otherwise = capture.otherwise === undefined ? null : compileJson(capture.otherwise, names)
  const slot = names.capture(capture.name)
  return {
    read,
    keep(scope, { value, problem }) {
      scope.slots[slot] = value
      if (value !== undefined) return null
      if (otherwise === null)
        return `expected ${from} to capture, but ${problem ?? 'it is not in the answer'}`
      scope.slots[slot] = orTooLarge(
        () => valueIn(scope, otherwise),
        () => undefined,
      )
      return null
    },
  }
}

interface Source {
  /** As a sentence names it. */
  readonly from: string
  read(view: ResponseView, scope: UserScope): Catch
}

/** `wishes` are those of the whole step. */
function compileSource(capture: Capture, wishes: MarkupWish[]): Source {
  switch (capture.from) {
    case 'json': {
      const path = jsonPathOf(capture.expression)
      const { take } = capture
      if (take === undefined) return { from: path.text, read: (view) => look(path, view) }
      const most = matchesFor(take)
      return {
        from: path.text,
        read(view, scope) {
          const document = view.document
          if (!document.ok) return { value: undefined, problem: document.problem }
          const { values, gaveUp } = path.findAll(document.value, most)
          return gaveUp ? tooLarge : taken(values, take, scope)
        },
      }
    }
    case 'header': {
      const name = capture.header.toLowerCase()
      return { from: `the header ${name}`, read: (view) => found(view.header(name)) }
    }
    case 'cookie': {
      const { cookie } = capture
      return { from: `the cookie ${cookie}`, read: (view) => found(view.cookie(cookie)) }
    }
    case 'regex': {
      const pattern = compilePattern(capture.pattern)
      const group = capture.group ?? Math.min(1, pattern.groups)
      const from = `/${capture.pattern.slice(0, 80)}/`
      const { take } = capture
      if (take === undefined) return { from, read: (view) => found(ownText(pattern.first(view.text, group))) }
      const most = matchesFor(take)
      return {
        from,
        read: (view, scope) => taken(pattern.all(view.text, group, most), take, scope),
      }
    }
    case 'css': {
      const { attribute, take = 0 } = capture
      const of = attribute === null ? 'text' : { attribute }
      const wish = wishes.push({ selector: selectorOf(capture.selector), of, most: matchesFor(take) }) - 1
      return {
        from: `${capture.selector.slice(0, 80)}${attribute === null ? '' : ` [${attribute}]`}`,
        read(view, scope) {
          const { values, problem } = view.marked(wish)
          return problem === null
            ? taken(values, take, scope)
            : { value: undefined, problem: `the document ${problem}` }
        },
      }
    }
    case 'status':
      return { from: 'the status', read: (view) => found(view.response.status) }
    default:
      return capture satisfies never
  }
}

const tooLarge: Catch = { value: undefined, problem: 'it is too large or too deep to search for it' }

function found(value: unknown): Catch {
  return { value, problem: null }
}

/** One more than a list may have, so that it is seen where there are too many. */
function matchesFor(take: Take): number {
  return typeof take === 'number' && take >= 0 ? take + 1 : mostMatches + 1
}

function taken(matches: readonly unknown[], take: Take, scope: UserScope): Catch {
  if (typeof take === 'number' && take >= 0) return found(ownText(matches[take]))
  if (matches.length === 0) return found(undefined)
  if (matches.length > mostMatches)
    return { value: undefined, problem: `there are more than ${mostMatches} matches in the answer` }
  if (take === 'all') return found(matches.map(ownText))
  const index = take === 'random' ? Math.floor(scope.draws.next() * matches.length) : matches.length + take
  return found(ownText(matches[index]))
}

/** Texts shorter than this are copied by the engine itself. */
const leastShared = 13

/** A part of a text keeps the whole of it in memory, as long as the user has it. This is the part alone. */
function ownText(value: unknown): unknown {
  return typeof value === 'string' && value.length >= leastShared ? ` ${value}`.slice(1) : value
}
