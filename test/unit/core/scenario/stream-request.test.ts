import test from 'ava'
import fc from 'fast-check'
import type {
  CompiledRequest,
  RenderedRequest,
  StreamOperation,
  StreamRequest,
  Wanted,
} from '../../../../core/scenario/compiled.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { answer, compiled } from '../../../kit/scenario.ts'

interface Subject {
  readonly requests: readonly CompiledRequest[]
  /** As one user renders them, in their order. */
  readonly rendered: readonly StreamRequest[]
}

function subjectOf(steps: readonly Json[], more: Readonly<Record<string, Json>> = {}): Subject {
  const subject = compiled(parsedTest({ scenarios: [{ name: 'talk', steps: [...steps] }], ...more }))
  const scope = subject.createScope()
  scope.begin(1, 0, 0, 0, 0)
  const rendered = subject.requests.map((request) => request.constant ?? request.render(scope))
  return {
    requests: subject.requests,
    rendered: rendered.filter(isStream),
  }
}

const isStream = (one: RenderedRequest): one is StreamRequest => one.kind === 'ws' || one.kind === 'sse'

const operationsOf = (subject: Subject): StreamOperation[] =>
  subject.rendered.map(({ operation }) => operation)

function wantedOf(expect: Json, variables: Readonly<Record<string, Json>> = {}): Wanted {
  const [, operation] = operationsOf(subjectOf([{ ws: { connect: '/' } }, { ws: { expect } }], { variables }))
  if (operation?.kind !== 'expect') throw new Error('the second step expects')
  return operation.wanted
}

const message = (text: string, headers: readonly string[] = []) => ({
  headers,
  body: new TextEncoder().encode(text),
})

test('a stream is opened by the request that an HTTP step would make', (t) => {
  const [ws, sse] = subjectOf(
    [
      {
        ws: { connect: '/a|b?x=1', as: 'chat', subprotocols: ['v2'] },
        query: { page: '${uuid()}' },
        headers: { 'X-Id': '${tier}' },
      },
      { sse: { open: '/events' } },
    ],
    {
      target: { url: 'ws://shop.test/base', headers: { accept: 'application/json' } },
      variables: { tier: 'gold' },
    },
  ).rendered
  t.regex(ws?.path ?? '', /^\/base\/a%7Cb\?x=1&page=[0-9a-f-]{36}$/)
  t.like(ws, {
    kind: 'ws',
    target: 0,
    name: 'chat',
    headers: ['user-agent', 'breakwater/0.1.0', 'accept', 'application/json', 'x-id', 'gold'],
    operation: { kind: 'open', subprotocols: ['v2'], life: 'iteration', keeps: false },
  })
  t.like(sse, { kind: 'sse', path: '/base/events', name: 'sse' })
  t.deepEqual(sse?.headers, ['user-agent', 'breakwater/0.1.0', 'accept', 'text/event-stream'])
})

test('streams have numbers of their own in a scenario, behind its groups, and go where they were opened', (t) => {
  const { rendered } = subjectOf(
    [
      { group: 'pay', steps: [{ ws: { connect: '/a', as: 'a' }, target: 'media' }] },
      { ws: { connect: '/b', as: 'b' } },
      { ws: { send: 'x', on: 'a' } },
      { ws: { close: true, on: 'b' } },
    ],
    { targets: { media: { url: 'https://media.test' } } },
  )
  t.deepEqual(
    rendered.map(({ target, stream, name }) => [target, stream, name]),
    [
      [1, 1, 'a'],
      [0, 2, 'b'],
      [1, 1, 'a'],
      [0, 2, 'b'],
    ],
  )
})

test('messages are kept only on streams on which some step waits for earlier ones', (t) => {
  const [first, second] = operationsOf(
    subjectOf([
      { ws: { connect: '/a', as: 'a' } },
      { ws: { connect: '/b', as: 'b' } },
      { ws: { send: 'x', expect: 'x', on: 'a' } },
      { ws: { expect: 'x', on: 'b' } },
    ]),
  )
  t.like(first, { keeps: false })
  t.like(second, { keeps: true })
})

test('what onStart opens is the user’s', (t) => {
  const subject = compiled(
    parsedTest({
      flows: { join: [{ ws: { connect: '/a' } }] },
      scenarios: [
        { name: 'talk', onStart: [{ use: 'join' }], steps: [{ ws: { send: 'x' } }] },
        { name: 'once', steps: [{ use: 'join' }] },
      ],
    }),
  )
  const lives = subject.requests.flatMap(({ constant }) =>
    constant?.kind === 'ws' && constant.operation.kind === 'open' ? [constant.operation.life] : [],
  )
  t.deepEqual(lives, ['user', 'iteration'])
  t.deepEqual(
    subject.scenarios.map(({ hasStreams, groups, mostRequests }) => [hasStreams, groups, mostRequests]),
    [
      [true, ['ws'], 1],
      [true, ['ws'], 1],
    ],
  )
})

test('messages are text, JSON that keeps types, or bytes', (t) => {
  const [, text, json, bytes] = operationsOf(
    subjectOf(
      [
        { ws: { connect: '/' } },
        { ws: { send: 'hi ${n}' } },
        { ws: { send: { json: { n: '${n}', t: 'a ${n}' } } } },
        { ws: { send: { base64: 'AAH/' } } },
      ],
      { variables: { n: 5 } },
    ),
  )
  t.like(text, { kind: 'send', data: 'hi 5', wanted: null })
  t.like(json, { data: '{"n":5,"t":"a 5"}' })
  t.deepEqual(bytes?.kind === 'send' && bytes.data, Uint8Array.of(0, 1, 255))
})

test('what does not vary is one and the same object', (t) => {
  const { requests } = subjectOf([
    { ws: { connect: '/' } },
    { ws: { send: 'x' } },
    { ws: { send: '${uuid()}' } },
    { ws: { send: 'x', expect: 'x' } },
    { ws: { close: true } },
  ])
  t.deepEqual(
    requests.map(({ constant }) => constant !== null),
    [true, true, false, false, true],
  )
})

const matches: readonly (readonly [
  expect: Json,
  text: string,
  headers: readonly string[],
  expected: boolean,
])[] = [
  [{}, 'anything', [], true],
  ['hello', 'hello', [], true],
  ['hello', 'hello you', [], false],
  ['~hello', 'oh hello you', [], true],
  ['/^h.*o$/', 'hello', [], true],
  [{ text: { in: ['a', 'b'] } }, 'b', [], true],
  [{ json: { '$.type': 'ack' } }, '{"type":"ack"}', [], true],
  [{ json: { '$.type': 'ack' } }, '{"type":"nak"}', [], false],
  [{ json: { '$.type': 'ack' } }, 'ack', [], false],
  [{ json: { '$.type': 'ack' } }, '', [], false],
  [{ json: { '$.type': 'ack', '$.n': '> 3' } }, '{"type":"ack","n":4}', [], true],
  [{ json: { '$.type': 'ack', '$.n': '> 3' } }, '{"type":"ack","n":3}', [], false],
  [{ json: { '$.type': '${who}' } }, '{"type":"ada"}', [], true],
  ['~${who}', 'it is ada', [], true],
]

for (const [expect, text, headers, expected] of matches) {
  test(`${JSON.stringify(expect)} ${expected ? 'matches' : 'does not match'} ${JSON.stringify(text)}`, (t) => {
    t.is(wantedOf(expect, { who: 'ada' }).accepts(message(text, headers)), expected)
  })
}

test('events are matched by their type and id as well', (t) => {
  const [, operation] = operationsOf(
    subjectOf([{ sse: { open: '/' } }, { sse: { expect: { event: 'price', id: '> 5' }, count: 2 } }]),
  )
  if (operation?.kind !== 'expect') return t.fail()
  const { wanted } = operation
  t.is(wanted.count, 2)
  t.true(wanted.accepts(message('x', ['event', 'price', 'id', '6'])))
  t.false(wanted.accepts(message('x', ['event', 'price', 'id', '5'])))
  t.false(wanted.accepts(message('x', ['event', 'price'])))
  t.false(wanted.accepts(message('x', ['event', 'other', 'id', '6'])))
})

test('whatever a message is, looking at it throws nothing', (t) => {
  const wanted = wantedOf({ json: { '$..a[?(@.b > 1)].c': 'x' }, text: '/(a+)+$/' })
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      (body) => typeof wanted.accepts({ headers: [], body }) === 'boolean',
    ),
  )
  const deep = '['.repeat(200_000)
  const startedAt = performance.now()
  t.false(wanted.accepts(message(deep)))
  t.false(wanted.accepts(message(`${'a'.repeat(1_000_000)}!`)))
  t.true(performance.now() - startedAt < 3_000)
})

test('a handshake is right with 101, a feed with 200, unless a check says otherwise; a message has no status', (t) => {
  const { requests } = subjectOf([
    { ws: { connect: '/a', as: 'a' } },
    { sse: { open: '/b', as: 'b' } },
    { ws: { connect: '/c', as: 'c' }, check: { status: 401 } },
    { ws: { expect: {}, on: 'a' }, check: { body: 'x' } },
  ])
  const judged = (index: number, status: number, body = '') => {
    const request = requests[index] as CompiledRequest
    const subject = compiled(parsedTest())
    return request.judge(subject.createScope(), answer({ status, body })).error
  }
  t.is(judged(0, 101), null)
  t.is(judged(0, 200), 'status')
  t.is(judged(0, 302), 'status')
  t.is(judged(0, 403), 'status_4xx')
  t.is(judged(1, 200), null)
  t.is(judged(1, 204), 'status')
  t.is(judged(1, 500), 'status_5xx')
  t.is(judged(2, 401), null)
  t.is(judged(2, 101), 'status')
  t.is(judged(3, 0, 'x'), null)
  t.is(judged(3, 0, 'y'), 'check')
})

test('cookies go with the opening of a stream, and what it sets comes back to the requests behind it', (t) => {
  const subject = compiled(
    parsedTest({
      scenarios: [{ name: 'talk', steps: [{ post: '/login' }, { ws: { connect: '/chat' } }, { get: '/' }] }],
    }),
  )
  const scope = subject.createScope()
  const [login, chat, page] = subject.requests
  if (login === undefined || chat === undefined || page === undefined) return t.fail()
  t.true(login.needs.cookies && chat.needs.cookies)
  scope.storeCookies(['sid=1; Path=/'], login.constant ?? login.render(scope))
  const opening = chat.render(scope)
  t.deepEqual(opening.kind === 'ws' && opening.headers.slice(-2), ['cookie', 'sid=1'])
  scope.storeCookies(['room=2; Path=/'], opening)
  const last = page.render(scope)
  t.deepEqual(last.kind === 'http' && last.headers.slice(-2), ['cookie', 'sid=1; room=2'])
})

test('the target’s authorization goes with the opening of a stream, as with a request', (t) => {
  const { rendered } = subjectOf(
    [{ ws: { connect: '/' } }, { sse: { open: '/' }, headers: { authorization: 'own' } }],
    {
      target: { url: 'http://shop.test', auth: { bearer: 'abc' } },
    },
  )
  const authorization = (one: StreamRequest | undefined) =>
    one?.headers[(one?.headers.indexOf('authorization') ?? -2) + 1]
  t.is(authorization(rendered[0]), 'Bearer abc')
  t.is(authorization(rendered[1]), 'own')
})

test('no compression is asked for, whatever the target says of requests', (t) => {
  const { rendered } = subjectOf([{ ws: { connect: '/' } }, { sse: { open: '/' } }], {
    target: { url: 'http://shop.test', compression: true },
  })
  t.false(rendered.some(({ headers }) => headers.includes('accept-encoding')))
})
