import { readChecks } from './check-normal.ts'
import { checkHeaders } from './headers.ts'
import type { Issue } from './issue.ts'
import type { Check, Expected, StreamAction, StreamBody, StreamStep } from './load-test.ts'
import { under } from './path.ts'
import { show } from './quantity.ts'
import type { MatcherWish } from './schema-answer.ts'
import type { StepWish } from './schema-scenario.ts'
import { checkPath, measured, refuseKeys } from './step-normal.ts'

export const streamKinds = ['ws', 'sse'] as const
export type StreamKind = (typeof streamKinds)[number]

type ActionKind = StreamAction['kind']
type WebSocketWish = NonNullable<StepWish['ws']>
type EventsWish = NonNullable<StepWish['sse']>
/** Of the one or of the other. */
type StreamWish = Omit<WebSocketWish, 'expect' | 'close'> &
  Pick<EventsWish, 'open'> & {
    readonly expect?: string | ExpectWish | undefined
    readonly close?: WebSocketWish['close'] | EventsWish['close']
  }

/** What opens a stream. */
export const openingKeys = { ws: 'connect', sse: 'open' } as const

const nouns = { ws: 'a WebSocket', sse: 'a stream of events' } as const

/** Keys below `ws` and `sse` beside the one that names the action. */
const parts: Readonly<Record<ActionKind, readonly string[]>> = {
  open: ['as', 'subprotocols'],
  send: ['expect', 'count', 'within', 'on'],
  expect: ['count', 'within', 'on'],
  close: ['on'],
}

/** Keys of the step. */
const beside: Readonly<Record<ActionKind, readonly string[]>> = {
  open: ['name', 'query', 'headers', 'timeout', 'target', 'capture', 'check', 'onError'],
  send: ['name', 'timeout', 'capture', 'check', 'onError'],
  expect: ['name', 'timeout', 'capture', 'check', 'onError'],
  close: ['name', 'timeout', 'onError'],
}

const besideHints: Readonly<Record<string, string>> = {
  json: 'Write the message below it: ws: { send: { json: … } }.',
  text: 'Write the message below it: ws: { send: "…" }.',
  message: 'Write the message below it: ws: { send: … }.',
  target: 'Leave it out: the stream goes where it was opened.',
  headers: 'Write headers beside the step that opens the stream.',
  query: 'Write the query beside the step that opens the stream.',
  deadline: 'Write `within`.',
}

/** A step of a stream as far as it can be told; undefined where not even what it does can. */
export function streamStep(
  kind: StreamKind,
  wish: StepWish,
  path: string,
  issues: Issue[],
): StreamStep | undefined {
  const stream: StreamWish = { ...wish.ws, ...wish.sse }
  const at = under(path, [kind])
  const action = actionOf(kind, { ...stream }, at, issues)
  if (action === undefined) return undefined
  refuseStrangers(kind, action, wish, { ...stream }, path, issues)
  const hasAnswer = action === 'open' || stream.expect !== undefined
  if (!hasAnswer) refuseLooks(wish, path, issues)
  if (stream.within !== undefined && wish.timeout !== undefined) {
    issues.push({
      path: under(path, ['timeout']),
      code: 'conflict',
      message: 'The step has both `within` and `timeout`, which mean the same.',
      hint: 'Keep one of them.',
    })
  }
  const found: Issue[] = []
  const base = measured(wish, defaultStreamName(kind, { ...stream }) ?? '', 'http', path, found)
  issues.push(...found)
  checkLooks(kind, action, wish, path, issues)
  return {
    kind,
    stream: action === 'open' ? (stream.as ?? kind) : (stream.on ?? null),
    action: actionWith(kind, action, wish, stream, path, issues),
    ...base,
    timeoutMs: wish.timeout ?? stream.within ?? null,
  }
}

/** What a step is called when it has no name of its own; undefined where it can't be told. */
export function defaultStreamName(
  kind: StreamKind,
  stream: Readonly<Record<string, unknown>>,
): string | undefined {
  const words = kind.toUpperCase()
  const opening = openingKeys[kind]
  const path = stream[opening]
  if (typeof path === 'string') return `${words} ${opening} ${path.split('?')[0] ?? path}`
  const action = ['send', 'expect', 'close'].find((key) => stream[key] !== undefined)
  if (action === undefined) return undefined
  return typeof stream.on === 'string' ? `${words} ${action} ${stream.on}` : `${words} ${action}`
}

function actionOf(
  kind: StreamKind,
  stream: Readonly<Record<string, unknown>>,
  path: string,
  issues: Issue[],
): ActionKind | undefined {
  const opening = openingKeys[kind]
  const keys = [opening, 'send', 'expect', 'close'].filter((key) => stream[key] !== undefined)
  const [first, second, third] = keys
  if (first === undefined) {
    const words = kind === 'ws' ? 'connect, send, expect or close' : 'open, expect or close'
    issues.push({
      path,
      code: 'missing',
      message: `The step does nothing with its ${kind === 'ws' ? 'WebSocket' : 'stream'}.`,
      hint: `Write one of ${words}, for example \`${kind}: { ${opening}: /${kind === 'ws' ? 'chat' : 'events'} }\`.`,
    })
    return undefined
  }
  const isTrip = first === 'send' && second === 'expect' && third === undefined
  if (second !== undefined && !isTrip) {
    issues.push({
      path: under(path, [first === 'send' && second === 'expect' ? (third ?? second) : second]),
      code: 'conflict',
      message: `The step has both \`${first}\` and \`${first === 'send' && second === 'expect' ? third : second}\`.`,
      hint: 'Make two steps of it, each behind its own dash.',
    })
  }
  return first === opening ? 'open' : (first as ActionKind)
}

function refuseStrangers(
  kind: StreamKind,
  action: ActionKind,
  wish: StepWish,
  stream: Readonly<Record<string, unknown>>,
  path: string,
  issues: Issue[],
): void {
  const opening = openingKeys[kind]
  const verb = action === 'open' ? opening : action
  const actions = [opening, 'send', 'expect', 'close']
  for (const key of Object.keys(stream)) {
    if (actions.includes(key) || parts[action].includes(key)) continue
    const instead = key === 'on' ? ' The name of a stream that is opened stands behind `as`.' : ''
    issues.push({
      path: under(path, [kind, key]),
      code: 'conflict',
      message: `\`${verb}\` has no \`${key}\`.`,
      hint: `Beside it stand ${parts[action].join(', ')}.${instead}`,
    })
  }
  if (action === 'send' && stream.expect === undefined) {
    for (const key of ['count', 'within'].filter((one) => stream[one] !== undefined)) {
      issues.push({
        path: under(path, [kind, key]),
        code: 'conflict',
        message: `\`${key}\` is about messages that are waited for, and the step waits for none.`,
        hint: 'Write `expect` beside it, or leave it out.',
      })
    }
  }
  const strangers = Object.keys(wish).filter((key) => key !== kind && !beside[action].includes(key))
  refuseKeys(
    strangers.filter((key) => !blockParts.includes(key)),
    path,
    `${verb === 'expect' ? 'an' : 'a'} ${verb} of ${nouns[kind]}`,
    (key) => besideHints[key] ?? `Beside it stand ${beside[action].join(', ')}.`,
    issues,
  )
}

/** They are told to belong to blocks, wherever they stand. */
const blockParts: readonly string[] = ['steps', 'as', 'then', 'else', 'until', 'every', 'max']

/** Nothing comes back that could be looked at. */
function refuseLooks(wish: StepWish, path: string, issues: Issue[]): void {
  for (const key of ['capture', 'check'] as const) {
    if (wish[key] === undefined) continue
    issues.push({
      path: under(path, [key]),
      code: 'conflict',
      message: `\`${key}\` looks at a message, and the step waits for none.`,
      hint: 'Write `expect` beside `send`, or leave it out.',
    })
  }
}

/** What captures and checks may look at: the handshake has a status and headers, a message has neither. */
function checkLooks(
  kind: StreamKind,
  action: ActionKind,
  { capture, check }: StepWish,
  path: string,
  issues: Issue[],
): void {
  const refused =
    action === 'open'
      ? ['json', 'regex', 'css', 'xml', 'text', 'body', 'size', 'messages']
      : [
          'status',
          'cookie',
          'messages',
          ...(kind === 'ws' ? ['header'] : []),
          ...(action === 'expect' ? ['time'] : []),
        ]
  const hint = (key: string) => {
    if (action === 'open')
      return 'Look at `status` or `header`; messages are looked at where they are expected.'
    return key === 'time' ? 'Write `within`.' : 'Look at `json` or `body` of the message.'
  }
  const what = action === 'open' ? 'The answer that opens a stream' : 'A message of a stream'
  const refuse = (at: string, key: string) => {
    issues.push({
      path: at,
      code: 'conflict',
      message:
        key === 'time' ? 'The step sends nothing, so it has no service time.' : `${what} has no \`${key}\`.`,
      hint: hint(key),
    })
  }
  for (const [name, from] of Object.entries(capture ?? {})) {
    for (const key of Object.keys(from))
      if (refused.includes(key)) refuse(under(path, ['capture', name, key]), key)
    if ('header' in from && kind === 'sse' && action !== 'open')
      checkEventField(from.header, under(path, ['capture', name, 'header']), issues)
  }
  for (const key of Object.keys(check ?? {}))
    if (refused.includes(key)) refuse(under(path, ['check', key]), key)
  if (kind === 'sse' && action !== 'open') {
    for (const header of Object.keys(check?.header ?? {}))
      checkEventField(header, under(path, ['check', 'header', header]), issues)
  }
}

function checkEventField(field: string, path: string, issues: Issue[]): void {
  if (['event', 'id'].includes(field.toLowerCase())) return
  issues.push({
    path,
    code: 'conflict',
    message: `An event has no field ${show(field)}.`,
    hint: 'Write `event` or `id`.',
  })
}

function actionWith(
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

function messageOf(send: NonNullable<WebSocketWish['send']>, path: string, issues: Issue[]): StreamBody {
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

interface ExpectWish {
  readonly event?: MatcherWish | undefined
  readonly id?: MatcherWish | undefined
  readonly text?: MatcherWish | undefined
  readonly json?: Record<string, MatcherWish> | undefined
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
