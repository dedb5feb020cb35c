import type { Matcher } from '../spec/load-test.ts'
import { compilePattern } from '../spec/pattern.ts'
import { sameJson } from '../spec/same-json.ts'
import { compileJson, compileText } from './expression.ts'
import type { Names } from './names.ts'
import { type Part, valueIn } from './part.ts'
import type { UserScope } from './user-scope.ts'
import { shown, textOf } from './value.ts'

/** `actual` is undefined where there is nothing. Null: it matches; else what was expected, as a sentence goes on: `expected … 200`. */
export type Match = (scope: UserScope, actual: unknown) => string | null

/** Characters that a regular expression looks at; the rest of a longer text is not searched. */
const mostSearched = 1 << 20

/**
 * `loose`: the actual value is text (a header, a body), so that the number 5 and the text "5" are equal. Linear in the value's size,
 * regular expressions included.
 */
export function compileMatcher(matcher: Matcher, names: Names, loose: boolean): Match {
  switch (matcher.op) {
    case 'equals': {
      const expected = compileJson(matcher.value, names)
      return (scope, actual) => {
        const value = valueIn(scope, expected)
        return equal(actual, value, loose) ? null : shown(value)
      }
    }
    case 'in': {
      // An array is JSON too, so that choices which don't vary are made once.
      const choices = compileJson(matcher.values, names) as Part<readonly unknown[]>
      return (scope, actual) => {
        const values = valueIn(scope, choices)
        return values.some((value) => equal(actual, value, loose))
          ? null
          : `one of ${values.slice(0, 10).map(shown).join(', ')}`
      }
    }
    case 'contains': {
      const expected = compileText(matcher.text, names)
      return (scope, actual) => {
        const text = valueIn(scope, expected)
        return contains(actual, text) ? null : `something with ${shown(text)} in it`
      }
    }
    case 'matches': {
      const pattern = compilePattern(matcher.pattern)
      return (_scope, actual) => {
        if (actual !== undefined && pattern.test(textOf(actual).slice(0, mostSearched))) return null
        return `a match of /${matcher.pattern.slice(0, 80)}/`
      }
    }
    case '<':
      return comparison(matcher.op, matcher.value, (actual) => actual < matcher.value)
    case '<=':
      return comparison(matcher.op, matcher.value, (actual) => actual <= matcher.value)
    case '>':
      return comparison(matcher.op, matcher.value, (actual) => actual > matcher.value)
    case '>=':
      return comparison(matcher.op, matcher.value, (actual) => actual >= matcher.value)
    case 'exists':
      return (_scope, actual) => {
        if ((actual !== undefined) === matcher.exists) return null
        return matcher.exists ? 'something' : 'nothing'
      }
    default:
      return matcher satisfies never
  }
}

function comparison(op: string, limit: number, holds: (actual: number) => boolean): Match {
  const expected = `${op} ${limit}`
  return (_scope, actual) => {
    const number =
      typeof actual === 'number'
        ? actual
        : typeof actual === 'string' && actual.trim() !== ''
          ? Number(actual)
          : Number.NaN
    return holds(number) ? null : expected
  }
}

function contains(actual: unknown, text: string): boolean {
  if (Array.isArray(actual)) return actual.some((item) => typeof item !== 'object' && textOf(item) === text)
  return actual !== undefined && actual !== null && textOf(actual).includes(text)
}

function equal(actual: unknown, expected: unknown, loose: boolean): boolean {
  if (loose && typeof actual === 'string') return actual === textOf(expected)
  return sameJson(actual, expected)
}
