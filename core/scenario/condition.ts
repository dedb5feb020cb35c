import type { Condition } from '../spec/load-test.ts'
import { compileValue } from './expression.ts'
import { compileMatcher } from './matcher.ts'
import type { Names } from './names.ts'
import { valueIn } from './part.ts'
import type { UserScope } from './user-scope.ts'

/** Text and numbers are equal where they read alike: CSV values and captures from headers are text. */
export function compileCondition(
  { variable, matcher, negated }: Condition,
  names: Names,
): (scope: UserScope) => boolean {
  const subject = compileValue(`\${${variable}}`, names)
  const match = compileMatcher(matcher, names, true)
  return (scope) => (match(scope, valueIn(scope, subject)) === null) !== negated
}
