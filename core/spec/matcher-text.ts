import type { Issue } from './issue.ts'
import type { Json, Matcher } from './load-test.ts'
import { under } from './path.ts'
import { patternProblem } from './pattern.ts'
import { type Reading, readDuration, readSize, show } from './quantity.ts'
import type { MatcherWish, PlainMatcherWish } from './schema-answer.ts'

/** What is compared decides how a limit is written: bytes, durations, or bare numbers. */
export type Compared = 'value' | 'text' | 'size' | 'time' | 'count'

/** Undefined where `issues` says why. */
export function readMatcher(
  wish: MatcherWish,
  compared: Compared,
  path: string,
  issues: Issue[],
): Matcher | undefined {
  if (typeof wish === 'object' && wish !== null && 'not' in wish) {
    const matcher = readPlain(wish.not, compared, under(path, ['not']), issues)
    return matcher && { op: 'not', matcher }
  }
  return readPlain(wish, compared, path, issues)
}

type PlainMatcher = Exclude<Matcher, { readonly op: 'not' }>

function readPlain(
  wish: PlainMatcherWish,
  compared: Compared,
  path: string,
  issues: Issue[],
): PlainMatcher | undefined {
  const refuse = (message: string, hint: string, below: readonly string[] = []): undefined => {
    issues.push({ path: under(path, below), code: 'wrong-matcher', message, hint })
  }
  const matcher = typeof wish === 'object' && wish !== null ? fromMap(wish) : fromScalar(wish, compared)
  if ('problem' in matcher) return refuse(matcher.problem, matcher.hint)
  if (matcher.op === 'matches') {
    const problem = patternProblem(matcher.pattern)
    if (problem !== undefined) {
      return refuse(
        `The regular expression ${show(matcher.pattern)} cannot be used: ${problem}.`,
        'Write RE2 syntax: no look-around, no back-references.',
        typeof wish === 'object' ? ['matches'] : [],
      )
    }
  }
  const isComparison = ['<', '<=', '>', '>='].includes(matcher.op)
  if (compared === 'time' && !isComparison) {
    return refuse(
      `The time is compared with ${show(wish)}, which it would hardly ever equal.`,
      'Write a comparison with a duration: < 2s.',
    )
  }
  if (
    compared === 'size' &&
    !isComparison &&
    !(matcher.op === 'equals' && typeof matcher.value === 'number')
  ) {
    return refuse(`${show(wish)} is not a number of bytes.`, 'Write a number, or a comparison: > 0, < 10KiB.')
  }
  if (compared === 'count' && !isComparison && !(matcher.op === 'equals' && isCount(matcher.value))) {
    return refuse(`${show(wish)} is not a number of messages.`, 'Write a number, or a comparison: 3, >= 3.')
  }
  if (compared === 'text' && isComparison) {
    return refuse(
      `${show(wish)} compares a whole body with a number.`,
      'Write `size` for its bytes, `~text` for a part of it, or `= text` to equal it.',
    )
  }
  return matcher
}

function isCount(value: Json): boolean {
  return Number.isInteger(value) && (value as number) >= 0
}

type Refused = { readonly problem: string; readonly hint: string }

function fromMap(wish: Exclude<PlainMatcherWish, null | string | number | boolean>): PlainMatcher {
  if ('exists' in wish) return { op: 'exists', exists: wish.exists }
  const how = wish.ignoreCase === true ? ({ ignoreCase: true } as const) : {}
  if ('equals' in wish) return { op: 'equals', value: wish.equals, ...how }
  if ('contains' in wish) return { op: 'contains', text: wish.contains, ...how }
  if ('matches' in wish) return { op: 'matches', pattern: wish.matches, ...how }
  return { op: 'in', values: wish.in, ...how }
}

function fromScalar(wish: Json, compared: Compared): PlainMatcher | Refused {
  if (typeof wish !== 'string') return { op: 'equals', value: wish }
  const text = wish.trimStart()
  const comparison = /^(<=|>=|<|>)\s*(.*)$/s.exec(text)
  if (comparison !== null) {
    const [, op = '<', limit = ''] = comparison
    const reading = readLimit(limit.trim(), compared)
    if (reading.ok) return { op: op as '<' | '<=' | '>' | '>=', value: reading.value }
    return {
      problem: `${show(wish)} compares with something else than ${compared === 'time' ? 'a duration' : 'a number'}.`,
      hint: `${reading.hint} To equal text that begins with \`${op}\`, write \`= ${text.slice(0, 20)}\`.`,
    }
  }
  if (text.startsWith('=')) return { op: 'equals', value: text.slice(1).trim() }
  if (text.startsWith('~')) {
    const part = text.slice(1)
    if (part === '')
      return { problem: 'After `~` nothing stands that could be contained.', hint: 'Write it like ~items.' }
    return { op: 'contains', text: part }
  }
  if (text.length > 2 && text.startsWith('/') && text.endsWith('/'))
    return { op: 'matches', pattern: text.slice(1, -1) }
  if (compared === 'count' && /^\d{1,9}$/.test(text)) return { op: 'equals', value: Number(text) }
  if (compared === 'size') {
    const bytes = readSize(text)
    if (bytes.ok) return { op: 'equals', value: bytes.value }
  }
  return { op: 'equals', value: wish }
}

function readLimit(limit: string, compared: Compared): Reading {
  if (compared === 'time') return readDuration(limit)
  if (/^-?\d{1,15}(\.\d{1,15})?$/.test(limit)) return { ok: true, value: Number(limit) }
  if (compared === 'size') return readSize(limit)
  return { ok: false, code: 'wrong-matcher', message: '', hint: 'Write a number: > 0.' }
}
