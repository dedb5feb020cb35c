import { noBody, noText } from './answer-words.ts'
import { type Asked, checkExpression, checkPattern, checkSelector } from './capture-normal.ts'
import type { Issue } from './issue.ts'
import type { Check, Matcher } from './load-test.ts'
import { type Compared, readMatcher } from './matcher-text.ts'
import { under } from './path.ts'
import { show } from './quantity.ts'
import type { CheckWish, MatcherWish } from './schema-answer.ts'
import { readStatus } from './status-text.ts'

/** In the order of the language: status, json, header, cookie, regex, css, body, size, messages, time. */
export function readChecks(wish: CheckWish, asked: Asked, path: string, issues: Issue[]): readonly Check[] {
  const checks: Check[] = []
  const isGrpc = asked.protocol === 'grpc'
  const add = (
    wish: MatcherWish | undefined,
    compared: Compared,
    at: string,
    build: (matcher: Matcher) => Check,
  ) => {
    const matcher = wish === undefined ? undefined : readMatcher(wish, compared, at, issues)
    if (matcher !== undefined) checks.push(build(matcher))
  }
  /** Places in the body. */
  const inside = (at: string, isText: boolean): string => {
    if (!asked.hasBody) noBody(at, issues)
    if (isText && isGrpc) noText(at, 'A gRPC message is not text.', issues)
    return at
  }

  if (wish.status !== undefined)
    checks.push(readStatusCheck(wish.status, asked, under(path, ['status']), issues))
  for (const [expression, matcher] of Object.entries(wish.json ?? {})) {
    const at = inside(under(path, ['json', expression]), false)
    checkExpression(expression, at, issues)
    add(matcher, 'value', at, (matcher) => ({ kind: 'json', expression, matcher }))
  }
  for (const [header, matcher] of Object.entries(wish.header ?? {})) {
    const at = under(path, ['header', header])
    add(matcher, 'value', at, (matcher) => ({ kind: 'header', header: header.toLowerCase(), matcher }))
  }
  for (const [cookie, matcher] of Object.entries(wish.cookie ?? {})) {
    const at = under(path, ['cookie', cookie])
    if (isGrpc) noText(at, 'The answer to a gRPC call sets no cookies.', issues)
    add(matcher, 'value', at, (matcher) => ({ kind: 'cookie', cookie, matcher }))
  }
  for (const [pattern, matcher] of Object.entries(wish.regex ?? {})) {
    const at = inside(under(path, ['regex', pattern]), true)
    checkPattern(pattern, null, at, at, issues)
    add(matcher, 'value', at, (matcher) => ({ kind: 'regex', pattern, matcher }))
  }
  for (const [selector, wanted] of Object.entries(wish.css ?? {})) {
    const at = under(path, ['css', selector])
    if (!asked.hasBody) noBody(at, issues)
    if (isGrpc) noText(at, 'A gRPC message is neither HTML nor XML.', issues)
    checkSelector(selector, at, issues)
    const isMap = typeof wanted === 'object' && wanted !== null
    if (isMap && 'attribute' in wanted) {
      const of = { attribute: wanted.attribute }
      add(wanted.is, 'value', under(at, ['is']), (matcher) => ({ kind: 'css', selector, of, matcher }))
    } else if (isMap && 'count' in wanted) {
      add(wanted.count, 'value', under(at, ['count']), (matcher) => ({
        kind: 'css',
        selector,
        of: 'count',
        matcher,
      }))
    } else add(wanted, 'value', at, (matcher) => ({ kind: 'css', selector, of: 'text', matcher }))
  }
  if (wish.body !== undefined) {
    const at = inside(under(path, ['body']), true)
    add(wish.body, 'text', at, (matcher) => ({ kind: 'body', matcher }))
  }
  add(wish.size, 'size', under(path, ['size']), (matcher) => ({ kind: 'size', matcher }))
  if (wish.messages !== undefined) {
    const at = under(path, ['messages'])
    if (!isGrpc) {
      issues.push({
        path: at,
        code: 'conflict',
        message: 'An HTTP answer has no messages to count.',
        hint: 'Write `size` for its bytes.',
      })
    }
    add(wish.messages, 'count', at, (matcher) => ({ kind: 'messages', matcher }))
  }
  add(wish.time, 'time', under(path, ['time']), (matcher) => ({ kind: 'time', matcher }))
  return checks
}

function readStatusCheck(
  status: NonNullable<CheckWish['status']>,
  { protocol }: Asked,
  path: string,
  issues: Issue[],
): Check {
  const isList = Array.isArray(status)
  const given = isList ? status : [status]
  const ranges = given.map((one) => readStatus(one, protocol))
  ranges.forEach((range, index) => {
    if ('from' in range) return
    issues.push({
      path: isList ? under(path, [index]) : path,
      code: 'out-of-range',
      message: `${show(given[index])} is not a status of ${protocol === 'http' ? 'HTTP' : 'gRPC'}.`,
      hint: range.hint,
    })
  })
  return { kind: 'status', anyOf: ranges.filter((range) => 'from' in range) }
}
