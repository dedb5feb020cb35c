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

/**
 * `loose`: the actual value is text (a header, a body), so that the number 5 and the text "5" are equal. Linear in the value's size,
 * regular expressions included.
 */
export function compileMatcher(matcher: Matcher, names: Names, loose: boolean): Match {
  if (matcher.op === 'not') {
    const { holds, expected } = compileComparison(matcher.matcher, names, loose)
    return (scope, actual) => (holds(scope, actual) ? `anything but ${expected(scope)}` : null)
  }
  const { holds, expected } = compileComparison(matcher, names, loose)
  return (scope, actual) => (holds(scope, actual) ? null : expected(scope))
}

interface Comparison {
  holds(scope: UserScope, actual: unknown): boolean
  /** The end of a sentence. */
  expected(scope: UserScope): string
}

function compileComparison(
  matcher: Exclude<Matcher, { readonly op: 'not' }>,
  names: Names,
  loose: boolean,
): Comparison {
  switch (matcher.op) {
    case 'equals': {
      const value = compileJson(matcher.value, names)
      const fold = foldOf(matcher.ignoreCase)
      return {
        holds: (scope, actual) => equal(fold(actual), fold(valueIn(scope, value)), loose),
        expected: (scope) => shown(valueIn(scope, value)),
      }
    }
    case 'in': {
      // An array is JSON too, so that choices which don't vary are made once.
      const choices = compileJson(matcher.values, names) as Part<readonly unknown[]>
      const fold = foldOf(matcher.ignoreCase)
      return {
        holds: (scope, actual) =>
          valueIn(scope, choices).some((value) => equal(fold(actual), fold(value), loose)),
        expected: (scope) => `one of ${valueIn(scope, choices).slice(0, 10).map(shown).join(', ')}`,
      }
    }
    case 'contains': {
      const part = compileText(matcher.text, names)
      const fold = foldOf(matcher.ignoreCase)
      return {
        holds: (scope, actual) => contains(actual, fold(valueIn(scope, part)) as string, fold),
        expected: (scope) => `something with ${shown(valueIn(scope, part))} in it`,
      }
    }
    case 'matches': {
      const pattern = compilePattern(matcher.pattern, { ignoreCase: matcher.ignoreCase === true })
      return {
        holds: (_scope, actual) => actual !== undefined && pattern.test(textOf(actual)),
        expected: () => `a match of /${matcher.pattern.slice(0, 80)}/`,
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
      return {
        holds: (_scope, actual) => (actual !== undefined) === matcher.exists,
        expected: () => (matcher.exists ? 'something' : 'nothing'),
      }
    default:
      return matcher satisfies never
  }
}

function comparison(op: string, limit: number, holds: (actual: number) => boolean): Comparison {
  const expected = `${op} ${limit}`
  return {
    holds(_scope, actual) {
      const number =
        typeof actual === 'number'
          ? actual
          : typeof actual === 'string' && actual.trim() !== ''
            ? Number(actual)
            : Number.NaN
      return holds(number)
    },
    expected: () => expected,
  }
}

type Fold = (value: unknown) => unknown

function foldOf(ignoreCase: true | undefined): Fold {
  return ignoreCase ? (value) => (typeof value === 'string' ? value.toLowerCase() : value) : (value) => value
}

function contains(actual: unknown, text: string, fold: Fold): boolean {
  if (Array.isArray(actual)) {
    return actual.some((item) => typeof item !== 'object' && fold(textOf(item)) === text)
  }
  return actual !== undefined && actual !== null && (fold(textOf(actual)) as string).includes(text)
}

function equal(actual: unknown, expected: unknown, loose: boolean): boolean {
  if (loose && typeof actual === 'string') return actual === textOf(expected)
  return sameJson(actual, expected)
}
