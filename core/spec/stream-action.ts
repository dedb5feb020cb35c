import { readChecks } from './check-normal.ts'
import { checkHeaders } from './headers.ts'
import type { Issue } from './issue.ts'
import type { Check, Expected, StreamAction, StreamBody } from './load-test.ts'
import { under } from './path.ts'
import { show } from './quantity.ts'
import type { MatcherWish } from './schema-answer.ts'
import type { StepWish } from './schema-scenario.ts'
import { checkPath } from './step-normal.ts'
import {
  type ActionKind,
  type ExpectWish,
  openingKeys,
  type StreamKind,
  type StreamWish,
} from './stream-words.ts'

/** What a step does, with all that belongs to it. */
export function actionWith(
  kind: StreamKind,
  action: ActionKind,
  wish: StepWish,
  stream: StreamWish,
  path: string,
  issues: Issue[],
): StreamAction {
  const at = under(path, [kind])
  switch (action) {
    case 'open': {
      const opening = openingKeys[kind]
      const url = stream[opening] ?? ''
      const { query = {}, headers = {} } = wish
      checkPath(url, under(at, [opening]), issues)
      checkHeaders(headers, under(path, ['headers']), issues)
      checkHandshakeHeaders(headers, under(path, ['headers']), issues)
      const subprotocols = stream.subprotocols ?? []
      checkSubprotocols(subprotocols, under(at, ['subprotocols']), issues)
      return { kind: 'open', url, query, headers, subprotocols }
    }
    case 'send': {
      const message = messageOf(stream.send ?? '', under(at, ['send']), issues)
      const expected = stream.expect === undefined ? null : expectedOf(stream, under(at, ['expect']), issues)
      return { kind: 'send', message, expected }
    }
    case 'expect':
      return { kind: 'expect', expected: expectedOf(stream, under(at, ['expect']), issues) }
    case 'close': {
      const { code = 1000, reason = '' } = typeof stream.close === 'object' ? stream.close : {}
      checkClose(code, reason, under(at, ['close']), issues)
      return { kind: 'close', code, reason }
    }
    default:
      return action satisfies never
  }
}

function checkHandshakeHeaders(
  headers: Readonly<Record<string, string>>,
  path: string,
  issues: Issue[],
): void {
  for (const name of Object.keys(headers).filter((one) => /^sec-websocket-/i.test(one))) {
    issues.push({
      path: under(path, [name]),
      code: 'conflict',
      message: `The header \`${name}\` is part of the handshake.`,
      hint: /protocol$/i.test(name) ? 'Write `subprotocols` below `ws`.' : 'Leave it out.',
    })
  }
}

function checkSubprotocols(subprotocols: readonly string[], path: string, issues: Issue[]): void {
  subprotocols.forEach((subprotocol, index) => {
    const isToken = /^[!#$%&'*+\-.0-9A-Z^_`|a-z~]+$/.test(subprotocol)
    if (isToken && subprotocols.indexOf(subprotocol) === index) return
    issues.push({
      path: under(path, [index]),
      code: isToken ? 'duplicate-key' : 'wrong-format',
      message: isToken
        ? `${show(subprotocol)} stands twice.`
        : `${show(subprotocol)} cannot be a subprotocol.`,
      hint: isToken ? 'Keep one of the two.' : 'Write letters, digits and - . _.',
    })
  })
}

function messageOf(send: NonNullable<StreamWish['send']>, path: string, issues: Issue[]): StreamBody {
  if (typeof send === 'string') return { kind: 'text', text: send }
  if ('json' in send) return { kind: 'json', value: send.json }
  if ('text' in send) return { kind: 'text', text: send.text }
  if (!/^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/.test(send.base64)) {
    issues.push({
      path: under(path, ['base64']),
      code: 'wrong-format',
      message: `${show(send.base64)} is not base64.`,
      hint: 'Write letters, digits, + and /, in groups of four, = at the end: AAEC.',
    })
  }
  return { kind: 'base64', base64: send.base64 }
}

function expectedOf(
  { expect = {}, count = 1 }: Pick<StreamWish, 'expect' | 'count'>,
  path: string,
  issues: Issue[],
): Expected {
  const { event, id, text, json }: ExpectWish = typeof expect === 'string' ? { text: expect } : expect
  const check = {
    header: Object.fromEntries(
      Object.entries({ event, id }).filter((field): field is [string, MatcherWish] => field[1] !== undefined),
    ),
    ...(text === undefined ? {} : { body: text }),
    ...(json === undefined ? {} : { json }),
  }
  const found: Issue[] = []
  const checks = readChecks(check, { protocol: 'http', hasBody: true }, path, found)
  for (const issue of found) issues.push({ ...issue, path: writtenPath(issue.path, path, expect) })
  const conditions = checks.filter(isCondition)
  return { count, conditions: [...conditions].sort((a, b) => costs[a.kind] - costs[b.kind]) }
}

function isCondition(check: Check): check is Expected['conditions'][number] {
  return Object.hasOwn(costs, check.kind)
}

/** What costs least is looked at first: most messages are not the one. */
const costs = { header: 0, body: 1, json: 2 } as const

/** The conditions were read as checks; their paths as the file has them. */
function writtenPath(path: string, below: string, expect: unknown): string {
  const body = under(below, ['body'])
  if (path.startsWith(body))
    return under(below, typeof expect === 'string' ? [] : ['text']) + path.slice(body.length)
  const header = under(below, ['header'])
  return path.startsWith(header) ? below + path.slice(header.length) : path
}

function checkClose(code: number, reason: string, path: string, issues: Issue[]): void {
  if (code > 1001 && code < 3000) {
    issues.push({
      path: under(path, ['code']),
      code: 'out-of-range',
      message: `${code} is not a code that a client may close with.`,
      hint: 'Write 1000, 1001, or one of your own from 3000 to 4999.',
    })
  }
  // RFC 6455 §5.5: a control frame has 125 bytes at most, of which two are the code.
  if (utf8Length(reason) > 123) {
    issues.push({
      path: under(path, ['reason']),
      code: 'out-of-range',
      message: 'The reason has more than 123 bytes.',
      hint: 'Write a shorter one.',
    })
  }
}

function utf8Length(text: string): number {
  let bytes = 0
  for (const character of text) {
    const point = character.codePointAt(0) ?? 0
    bytes += point < 0x80 ? 1 : point < 0x800 ? 2 : point < 0x10000 ? 3 : 4
  }
  return bytes
}
