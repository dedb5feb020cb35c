import type { Issue } from './issue.ts'
import type { Condition, Matcher } from './load-test.ts'
import { readMatcher } from './matcher-text.ts'
import { under } from './path.ts'
import { show } from './quantity.ts'
import type { MatcherWish } from './schema-answer.ts'
import type { ConditionWish } from './schema-scenario.ts'
import { parseTemplate } from './template.ts'

const comparisons = ['equals', 'in', 'matches', 'is', 'exists'] as const

type Compared = Pick<ConditionWish, (typeof comparisons)[number]>

/** `{ var, equals }`, `{ var, not: { equals } }` or `{ not: { var, equals } }`. Undefined where `issues` says why. */
export function readCondition(wish: ConditionWish, path: string, issues: Issue[]): Condition | undefined {
  const { not } = wish
  const inner = not !== undefined && 'var' in not ? not.var : undefined
  const variable = wish.var ?? inner
  if (variable === undefined) {
    issues.push({
      path: under(path, ['var']),
      code: 'missing',
      message: 'The condition names nothing to look at.',
      hint: 'Write { var: tier, equals: gold }.',
    })
    return undefined
  }
  if (
    not !== undefined &&
    (comparisons.some((key) => wish[key] !== undefined) || (wish.var !== undefined && inner !== undefined))
  ) {
    issues.push({
      path: under(path, ['not']),
      code: 'conflict',
      message: 'The condition says both what must hold and, under `not`, what must not.',
      hint: 'Keep one of them; put another `if` inside where both must hold.',
    })
    return undefined
  }
  const isNamed = checkVariable(variable, under(path, inner === undefined ? ['var'] : ['not', 'var']), issues)
  const matcher = readComparison(not ?? wish, not === undefined ? path : under(path, ['not']), issues)
  if (!isNamed || matcher === undefined) return undefined
  return { variable, matcher, negated: not !== undefined }
}

function readComparison(wish: Compared, path: string, issues: Issue[]): Matcher | undefined {
  const [given, second] = comparisons.filter((key) => wish[key] !== undefined)
  if (given === undefined || second !== undefined) {
    issues.push({
      path: second === undefined ? path : under(path, [second]),
      code: second === undefined ? 'missing' : 'conflict',
      message:
        second === undefined
          ? 'The condition compares with nothing.'
          : `The condition has both \`${given}\` and \`${second}\`.`,
      hint: `Write one of ${comparisons.join(', ')}: { var: tier, equals: gold }.`,
    })
    return undefined
  }
  const value = wish[given]
  const matcher = given === 'is' ? String(value) : ({ [given]: value } as MatcherWish)
  return readMatcher(matcher, 'value', given === 'is' ? under(path, ['is']) : path, issues)
}

/** What may stand here is what may stand in a hole and has a name: a call would be drawn anew. */
function checkVariable(variable: string, path: string, issues: Issue[]): boolean {
  const parsed = parseTemplate(`\${${variable}}`, path)
  const [hole] = parsed.ok ? parsed.value.parts : []
  if (hole?.kind === 'hole' && (hole.expression.kind === 'name' || hole.expression.kind === 'column'))
    return true
  issues.push({
    path,
    code: 'wrong-format',
    message: `${show(variable)} is not the name of anything.`,
    hint: 'Write a name alone, without ${}: tier, users.plan, setup.tenant.',
  })
  return false
}
