import { bounded } from './rendered-size.ts'
import type { UserScope } from './user-scope.ts'

/** A value that is known when the test is compiled, or a function of the user's scope. */
export type Part<T = unknown> =
  | { readonly varies: false; readonly value: T }
  | { readonly varies: true; readonly of: (scope: UserScope) => T }

export function valueIn<T>(scope: UserScope, part: Part<T>): T {
  return part.varies ? part.of(scope) : part.value
}

/** Of a part that has been seen not to vary. */
export function settledValue<T>(part: Part<T>): T {
  if (part.varies) throw new TypeError('a part that varies has no value of its own')
  return part.value
}

export function known<T>(value: T): Part<T> {
  return { varies: false, value }
}

export function mapped<A, B>(part: Part<A>, change: (value: A) => B): Part<B> {
  if (!part.varies) return known(change(part.value))
  const { of } = part
  return { varies: true, of: (scope) => change(of(scope)) }
}

export function mapped2<A, B, C>(a: Part<A>, b: Part<B>, change: (a: A, b: B) => C): Part<C> {
  if (!a.varies && !b.varies) return known(change(a.value, b.value))
  return {
    varies: true,
    of: (scope) => change(valueIn(scope, a), valueIn(scope, b)),
  }
}

/** Texts one behind the other; neighbours that are known become one. Throws TooLargeError, now or when it is filled in. */
export function joined(parts: readonly Part<string>[]): Part<string> {
  // Literal, hole, literal, hole, …, literal.
  const literals = ['']
  const holes: ((scope: UserScope) => string)[] = []
  for (const part of parts) {
    if (part.varies) {
      holes.push(part.of)
      literals.push('')
    } else literals[literals.length - 1] = bounded(literals.at(-1) + part.value)
  }
  const [before = '', after = ''] = literals
  const only = holes[0]
  if (only === undefined) return known(before)
  if (holes.length === 1) return { varies: true, of: (scope) => bounded(before + only(scope) + after) }
  return {
    varies: true,
    of: (scope) => {
      let text = before
      for (let i = 0; i < holes.length; i++)
        text = bounded(text + (holes[i]?.(scope) ?? '') + literals[i + 1])
      return text
    },
  }
}
