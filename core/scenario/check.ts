import { type JsonPath, parseJsonPath } from '../spec/json-path.ts'
import type { Check } from '../spec/load-test.ts'
import { compilePattern } from '../spec/pattern.ts'
import { parseSelector, type Selector } from '../spec/selector.ts'
import type { MarkupWish } from './markup.ts'
import { compileMatcher } from './matcher.ts'
import type { Names } from './names.ts'
import type { ResponseView } from './response-view.ts'
import type { UserScope } from './user-scope.ts'
import { shown } from './value.ts'

/** Null: it holds; else a sentence that says what was expected and what was found. */
export type CompiledCheck = (scope: UserScope, view: ResponseView) => string | null

/** Checks of everything but the status. `wishes` are those of the whole step. */
export function compileCheck(
  check: Exclude<Check, { kind: 'status' }>,
  names: Names,
  wishes: MarkupWish[],
): CompiledCheck {
  switch (check.kind) {
    case 'json': {
      const path = jsonPathOf(check.expression)
      const match = compileMatcher(check.matcher, names, false)
      return (scope, view) => {
        const looked = look(path, view)
        const expected = match(scope, looked.value)
        if (expected === null && looked.problem === null) return null
        if (looked.problem !== null) return `expected ${path.text} in the body, but ${looked.problem}`
        return `expected ${path.text} to be ${expected}, got ${shown(looked.value)}`
      }
    }
    case 'header': {
      const name = check.header.toLowerCase()
      const match = compileMatcher(check.matcher, names, true)
      return (scope, view) => {
        const actual = view.header(name)
        const expected = match(scope, actual)
        return expected === null
          ? null
          : `expected the header ${name} to be ${expected}, got ${shown(actual)}`
      }
    }
    case 'cookie': {
      const { cookie } = check
      const match = compileMatcher(check.matcher, names, true)
      return (scope, view) => {
        const actual = view.cookie(cookie)
        const expected = match(scope, actual)
        return expected === null
          ? null
          : `expected the cookie ${cookie} to be ${expected}, got ${shown(actual)}`
      }
    }
    case 'regex': {
      const pattern = compilePattern(check.pattern)
      const group = Math.min(1, pattern.groups)
      const match = compileMatcher(check.matcher, names, true)
      return (scope, view) => {
        const actual = pattern.first(view.text, group)
        const expected = match(scope, actual)
        return expected === null
          ? null
          : `expected /${check.pattern.slice(0, 80)}/ in the body to be ${expected}, got ${shown(actual)}`
      }
    }
    case 'css': {
      const { of } = check
      const selector = selectorOf(check.selector)
      const wish = wishes.push({ selector, of, most: of === 'count' ? mostCounted : 1 }) - 1
      const match = compileMatcher(check.matcher, names, true)
      const subject = typeof of === 'object' ? `[${of.attribute}] of ` : of === 'count' ? 'the count of ' : ''
      const what = `${subject}${check.selector.slice(0, 80)}`
      return (scope, view) => {
        const { values, problem } = view.marked(wish)
        if (problem !== null) return `expected ${what} in the body, but the document ${problem}`
        const actual = of === 'count' ? values.length : values[0]
        const expected = match(scope, actual)
        return expected === null ? null : `expected ${what} to be ${expected}, got ${shown(actual)}`
      }
    }
    case 'body': {
      const match = compileMatcher(check.matcher, names, true)
      return (scope, view) => {
        const actual = view.text === '' ? undefined : view.text
        const expected = match(scope, actual ?? (check.matcher.op === 'exists' ? undefined : ''))
        return expected === null ? null : `expected the body to be ${expected}, got ${shown(actual)}`
      }
    }
    case 'size': {
      const match = compileMatcher(check.matcher, names, false)
      return (scope, view) => {
        const expected = match(scope, view.response.bodyBytes)
        return expected === null
          ? null
          : `expected a body of ${expected} bytes, got ${view.response.bodyBytes}`
      }
    }
    case 'messages': {
      const match = compileMatcher(check.matcher, names, false)
      return (scope, view) => {
        const expected = match(scope, view.response.messages)
        return expected === null ? null : `expected ${expected} messages, got ${view.response.messages}`
      }
    }
    case 'time': {
      const match = compileMatcher(check.matcher, names, false)
      return (scope, view) => {
        const expected = match(scope, view.response.serviceMs)
        if (expected === null) return null
        return `expected a service time of ${expected} ms, got ${Number(view.response.serviceMs.toFixed(3))}`
      }
    }
    default:
      return check satisfies never
  }
}

/** What a path finds in a body; `problem` where the body could not be searched at all. */
export function look(path: JsonPath, view: ResponseView): { value: unknown; problem: string | null } {
  const document = view.document
  if (!document.ok) return { value: undefined, problem: document.problem }
  const found = path.find(document.value)
  if (found.found) return { value: found.value, problem: null }
  return { value: undefined, problem: found.gaveUp ? 'it is too large or too deep to search for it' : null }
}

/** Of elements that a selector matches. */
const mostCounted = 100_000

/** Of a LoadTest that has been accepted. */
export function selectorOf(text: string): Selector {
  const parsed = parseSelector(text)
  if (!parsed.ok) throw new TypeError(parsed.message)
  return parsed.selector
}

/** Of a LoadTest that has been accepted. */
export function jsonPathOf(expression: string): JsonPath {
  const parsed = parseJsonPath(expression)
  if (!parsed.ok) throw new TypeError(parsed.message)
  return parsed.path
}
