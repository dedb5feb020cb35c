import test from 'ava'
import { renderIssues } from '../../../../core/spec/issue-text.ts'
import type { LoadTest, StreamStep } from '../../../../core/spec/load-test.ts'
import { parseLoadTestText } from '../../../../core/spec/parse.ts'
import { routesOf } from '../../../../core/spec/targets.ts'
import { specText } from '../../../kit/malformed-files.ts'

function accepted(steps: string, more: Readonly<Record<string, string>> = {}): LoadTest {
  const text = specText({
    scenarios: `- name: talk\n  steps:\n${steps.trim().replace(/^/gm, '    ')}`,
    ...more,
  })
  const parsed = parseLoadTestText(text)
  if (!parsed.ok) throw new Error(renderIssues(parsed.issues, 'test.yaml'))
  return parsed.value
}

const streamSteps = (steps: string): StreamStep[] => accepted(steps).scenarios[0]?.steps as never

test('a WebSocket is opened, spoken to, waited on and closed', (t) => {
  const steps = streamSteps(`
- ws: { connect: "/chat?room=1", as: chat, subprotocols: [ v2, v1 ] }
  query: { page: 1 }
  headers: { x-id: "\${uuid()}" }
  check: { status: 101, header: { x-room: "~1" } }
  capture: { room: { header: X-Room } }
- ws: { send: { json: { room: "\${room}" } }, expect: { json: { "$.type": ack, "$.n": "> 3" }, text: "~ok" }, within: 2s }
  capture: { id: { json: "$.id" } }
- ws: { send: hello }
- ws: { send: { base64: AAEC }, on: chat }
- ws: { send: { text: "\${id}" }, expect: {} }
- ws: { expect: "~hello", count: 3 }
  timeout: 4s
- ws: { close: { code: 4000, reason: done } }
  onError: continue`)
  t.deepEqual(
    steps.map(({ kind, name, stream, timeoutMs, onError, target }) => ({
      kind,
      name,
      stream,
      timeoutMs,
      onError,
      target,
    })),
    [
      { name: 'WS connect /chat', stream: 'chat', timeoutMs: null, onError: 'stop' },
      { name: 'WS send', stream: null, timeoutMs: 2000, onError: 'stop' },
      { name: 'WS send', stream: null, timeoutMs: null, onError: 'stop' },
      { name: 'WS send chat', stream: 'chat', timeoutMs: null, onError: 'stop' },
      { name: 'WS send', stream: null, timeoutMs: null, onError: 'stop' },
      { name: 'WS expect', stream: null, timeoutMs: 4000, onError: 'stop' },
      { name: 'WS close', stream: null, timeoutMs: null, onError: 'continue' },
    ].map((one) => ({ kind: 'ws', target: null, ...one })),
  )
  t.deepEqual(
    steps.map(({ action }) => action),
    [
      {
        kind: 'open',
        url: '/chat?room=1',
        query: { page: 1 },
        headers: { 'x-id': '${uuid()}' },
        subprotocols: ['v2', 'v1'],
      },
      {
        kind: 'send',
        message: { kind: 'json', value: { room: '${room}' } },
        expected: {
          count: 1,
          conditions: [
            { kind: 'body', matcher: { op: 'contains', text: 'ok' } },
            { kind: 'json', expression: '$.type', matcher: { op: 'equals', value: 'ack' } },
            { kind: 'json', expression: '$.n', matcher: { op: '>', value: 3 } },
          ],
        },
      },
      { kind: 'send', message: { kind: 'text', text: 'hello' }, expected: null },
      { kind: 'send', message: { kind: 'base64', base64: 'AAEC' }, expected: null },
      { kind: 'send', message: { kind: 'text', text: '${id}' }, expected: { count: 1, conditions: [] } },
      {
        kind: 'expect',
        expected: { count: 3, conditions: [{ kind: 'body', matcher: { op: 'contains', text: 'hello' } }] },
      },
      { kind: 'close', code: 4000, reason: 'done' },
    ],
  )
})

test('server-sent events are opened, waited for and closed', (t) => {
  const steps = streamSteps(`
- sse: { open: /events }
- sse: { expect: { json: { "$.sku": a }, event: price, id: "/^[0-9]+$/" }, count: 2, within: 5s }
  capture: { last: { header: id } }
  name: price
- sse: { close: true }`)
  t.deepEqual(
    steps.map(({ kind, name, stream, timeoutMs }) => [kind, name, stream, timeoutMs]),
    [
      ['sse', 'SSE open /events', 'sse', null],
      ['sse', 'price', null, 5000],
      ['sse', 'SSE close', null, null],
    ],
  )
  t.deepEqual(steps[1]?.action, {
    kind: 'expect',
    expected: {
      count: 2,
      conditions: [
        { kind: 'header', header: 'event', matcher: { op: 'equals', value: 'price' } },
        { kind: 'header', header: 'id', matcher: { op: 'matches', pattern: '^[0-9]+$' } },
        { kind: 'json', expression: '$.sku', matcher: { op: 'equals', value: 'a' } },
      ],
    },
  })
})

test('what follows the opening of a stream takes no route of its own', (t) => {
  const loadTest = accepted(
    `
- ws: { connect: /chat }
  target: media
- ws: { send: x }
- sse: { open: /events }`,
    { targets: 'media: { url: wss://media.test }' },
  )
  t.deepEqual(routesOf(loadTest), [
    { target: 0, kind: 'sse' },
    { target: 1, kind: 'ws' },
  ])
  t.is(loadTest.targets.media?.url, 'https://media.test')
})

const sound = {
  'two streams beside each other': `
- ws: { connect: /a, as: a }
- ws: { connect: /b, as: b }
- ws: { send: x, on: a }
- ws: { close: true, on: b }
- ws: { send: x, on: a }`,
  'a stream of each kind under its own name': `
- ws: { connect: /a }
- sse: { open: /b }
- ws: { send: x }
- sse: { expect: {} }`,
  'a stream that is opened again after its close': `
- ws: { connect: /a }
- ws: { close: true }
- ws: { connect: /a }
- ws: { send: x }`,
  'a stream that a loop opens and closes': `
- repeat: 3
  steps: [ { ws: { connect: /a } }, { ws: { send: x } }, { ws: { close: true } } ]`,
  'a stream that a loop uses': `
- ws: { connect: /a }
- repeat: 3
  steps: [ { ws: { send: x } } ]
- ws: { close: true }`,
  'a stream that either branch opens': `
- choose:
    - { weight: 1, steps: [ { ws: { connect: /a } } ] }
    - { weight: 1, steps: [ { ws: { connect: /b } } ] }
- ws: { send: x }`,
  'a stream that one branch opens and uses': `
- if: { var: tier, equals: gold }
  then: [ { ws: { connect: /a } }, { ws: { send: x } }, { ws: { close: true } } ]
- ws: { connect: /b }`,
}

for (const [what, steps] of Object.entries(sound)) {
  test(`${what} is accepted`, (t) => {
    t.notThrows(() => accepted(steps, { variables: 'tier: gold' }))
  })
}

test('a stream that onStart opens is open in every iteration', (t) => {
  const parsed = parseLoadTestText(
    specText({
      scenarios: `- name: talk
  onStart: [ { ws: { connect: /a } } ]
  steps: [ { ws: { send: x } }, { sse: { open: /b } } ]`,
    }),
  )
  t.true(parsed.ok)
})

interface Refused {
  readonly steps: string
  readonly issues: readonly (readonly [path: string, code: string, message: RegExp, hint: RegExp])[]
}

const refused: Readonly<Record<string, Refused>> = {
  'a WebSocket that does nothing': {
    steps: '- ws: { within: 2s }',
    issues: [['ws', 'missing', /does nothing/, /connect, send, expect or close/]],
  },
  'two things at once': {
    steps: '- ws: { connect: /a, send: x }',
    issues: [['ws.send', 'conflict', /both `connect` and `send`/, /two steps/]],
  },
  'three things at once': {
    steps: '- ws: { connect: /a }\n- ws: { send: x, expect: "~y", close: true }',
    issues: [['[1].ws.close', 'conflict', /both `send` and `close`/, /two steps/]],
  },
  'a message over server-sent events': {
    steps: '- sse: { open: /a }\n- sse: { send: x }',
    issues: [['[1].sse.send', 'unknown-key', /no key `send`/, /./]],
  },
  'a time limit for nothing': {
    steps: '- ws: { connect: /a }\n- ws: { send: x, within: 1s, count: 2 }',
    issues: [
      ['[1].ws.within', 'conflict', /waits for none/, /Write `expect`/],
      ['[1].ws.count', 'conflict', /waits for none/, /Write `expect`/],
    ],
  },
  'two time limits': {
    steps: '- ws: { connect: /a }\n- ws: { expect: {}, within: 1s }\n  timeout: 2s',
    issues: [['[1].timeout', 'conflict', /mean the same/, /Keep one/]],
  },
  'a capture from a message that nobody waits for': {
    steps:
      '- ws: { connect: /a }\n- ws: { send: x }\n  capture: { id: { json: "$.id" } }\n  check: { body: "~x" }',
    issues: [
      ['[1].capture', 'conflict', /waits for none/, /`expect` beside `send`/],
      ['[1].check', 'conflict', /waits for none/, /`expect` beside `send`/],
    ],
  },
  'the status of a message': {
    steps:
      '- ws: { connect: /a }\n- ws: { expect: {} }\n  capture: { s: { status: true } }\n  check: { status: 101, header: { a: b }, time: "< 1s" }',
    issues: [
      ['[1].capture.s.status', 'conflict', /has no `status`/, /`json` or `body`/],
      ['[1].check.status', 'conflict', /has no `status`/, /`json` or `body`/],
      ['[1].check.header', 'conflict', /has no `header`/, /`json` or `body`/],
      ['[1].check.time', 'conflict', /no service time/, /`within`/],
    ],
  },
  'the body of a handshake': {
    steps: '- ws: { connect: /a }\n  check: { json: { "$.a": 1 } }\n  capture: { id: { json: "$.id" } }',
    issues: [
      ['[0].check.json', 'conflict', /has no `json`/, /`status` or `header`/],
      ['[0].capture.id.json', 'conflict', /has no `json`/, /`status` or `header`/],
    ],
  },
  'a field that events do not have': {
    steps:
      '- sse: { open: /a }\n- sse: { expect: {} }\n  capture: { r: { header: retry } }\n  check: { header: { data: x } }',
    issues: [
      ['[1].capture.r.header', 'conflict', /no field "retry"/, /`event` or `id`/],
      ['[1].check.header.data', 'conflict', /no field "data"/, /`event` or `id`/],
    ],
  },
  'a request beside a message': {
    steps: '- ws: { connect: /a }\n- ws: { send: x }\n  json: { a: 1 }\n  headers: { a: b }\n  target: media',
    issues: [
      ['[1].json', 'conflict', /has no `json`/, /below it/],
      ['[1].headers', 'conflict', /has no `headers`/, /opens the stream/],
      ['[1].target', 'conflict', /has no `target`/, /where it was opened/],
    ],
  },
  'a verb beside a WebSocket': {
    steps: '- { get: /, ws: { connect: /a } }',
    issues: [['[0].ws', 'conflict', /both `get` and `ws`/, /two steps/]],
  },
  'words of another action': {
    steps: '- ws: { connect: /a, on: chat, count: 2 }\n- ws: { close: true, as: chat }',
    issues: [
      ['[0].ws.on', 'conflict', /`connect` has no `on`/, /stands behind `as`/],
      ['[0].ws.count', 'conflict', /`connect` has no `count`/, /as, subprotocols/],
      ['[1].ws.as', 'conflict', /`close` has no `as`/, /on/],
    ],
  },
  'headers of the handshake itself': {
    steps:
      '- ws: { connect: /a, subprotocols: [ "a b", c, c ] }\n  headers: { Sec-WebSocket-Protocol: c, Upgrade: x }',
    issues: [
      ['[0].ws.subprotocols[0]', 'wrong-format', /cannot be a subprotocol/, /letters/],
      ['[0].ws.subprotocols[2]', 'duplicate-key', /twice/, /Keep one/],
      ['[0].headers.Sec-WebSocket-Protocol', 'conflict', /part of the handshake/, /`subprotocols`/],
      ['[0].headers.Upgrade', 'conflict', /transport/, /Leave it out/],
    ],
  },
  'matchers that cannot be read': {
    steps:
      '- ws: { connect: /a }\n- ws: { expect: { text: "> 5", json: { "$[": 1 } } }\n- ws: { expect: "~" }',
    issues: [
      ['[1].ws.expect.text', 'wrong-matcher', /./, /./],
      ['[1].ws.expect.json["$["]', 'wrong-expression', /./, /./],
      ['[2].ws.expect', 'wrong-matcher', /./, /./],
    ],
  },
  'templates that cannot be filled in': {
    steps:
      '- ws: { connect: "/${a}" }\n- ws: { send: { json: { x: "${b}" } }, expect: { json: { "$.x": "${c}" } } }\n- ws: { expect: "~${d}" }',
    issues: [
      ['[0].ws.connect', 'unknown-name', /`a`/, /./],
      ['[1].ws.send.json.x', 'unknown-name', /`b`/, /./],
      ['[1].ws.expect.json["$.x"]', 'unknown-name', /`c`/, /./],
      ['[2].ws.expect', 'unknown-name', /`d`/, /./],
    ],
  },
  'bytes that are none, and a code that no client sends': {
    steps: '- ws: { connect: /a }\n- ws: { send: { base64: "AAE" } }\n- ws: { close: { code: 1006 } }',
    issues: [
      ['[1].ws.send.base64', 'wrong-format', /not base64/, /groups of four/],
      ['[2].ws.close.code', 'out-of-range', /1006/, /3000 to 4999/],
    ],
  },
  'a message before anything is open': {
    steps: '- ws: { send: x }\n- ws: { connect: /a }',
    issues: [
      ['[0].ws', 'not-open', /`ws` is not open here: it is opened at scenarios\[0\].steps\[1\]/, /behind/],
    ],
  },
  'a message where nothing is ever opened': {
    steps: '- ws: { send: x }\n- get: /',
    issues: [['[0].ws', 'not-open', /No step opens a WebSocket/, /ws: \{ connect: \/chat \}/]],
  },
  'a message after the close': {
    steps: '- ws: { connect: /a }\n- ws: { close: true }\n- ws: { send: x }',
    issues: [['[2].ws', 'not-open', /not open here/, /before its close/]],
  },
  'a stream that nobody opened': {
    steps: '- ws: { connect: /a, as: chat }\n- ws: { send: x, on: caht }\n- ws: { send: x, on: zzz }',
    issues: [
      ['[1].ws.on', 'unknown-name', /called `caht`/, /Did you mean `chat`/],
      ['[2].ws.on', 'unknown-name', /called `zzz`/, /as: zzz/],
    ],
  },
  'one of several streams that is not named': {
    steps: '- ws: { connect: /a, as: a }\n- ws: { connect: /b, as: b }\n- ws: { send: x }',
    issues: [['[2].ws', 'missing', /several \(a, b\)/, /on: a/]],
  },
  'a stream that is open already': {
    steps: '- ws: { connect: /a }\n- ws: { connect: /b }',
    issues: [
      ['[1].ws.connect', 'already-open', /is open already, since scenarios\[0\].steps\[0\]/, /as: ws2/],
    ],
  },
  'a stream that a loop leaves open': {
    steps: '- repeat: 2\n  steps: [ { ws: { connect: /a } } ]',
    issues: [['[0].steps[0].ws.connect', 'already-open', /by the pass of the loop before/, /close: true/]],
  },
  'a stream that one branch alone opens': {
    steps:
      '- if: { var: tier, equals: gold }\n  then: [ { ws: { connect: /a } } ]\n- ws: { send: x }\n- ws: { connect: /b }',
    issues: [
      ['[1].ws', 'maybe-not-open', /may not be open here/, /on every path/],
      ['[2].ws.connect', 'already-open', /may be open already/, /./],
    ],
  },
  'an events step on a WebSocket': {
    steps: '- ws: { connect: /a, as: chat }\n- sse: { open: /b, as: feed }\n- sse: { close: true, on: chat }',
    issues: [['[2].sse.on', 'conflict', /`chat` is a WebSocket/, /as `ws`/]],
  },
  'one name for streams that differ': {
    steps: '- ws: { connect: /a, as: one }\n- ws: { close: true }\n- sse: { open: /b, as: one }',
    issues: [['[2].sse', 'conflict', /of the other kind/, /with `as`/]],
  },
  'a stream called like a step': {
    steps: '- ws: { connect: /a, as: chat }\n  name: chat',
    issues: [['[0].ws', 'duplicate-name', /that of a step/, /with `as`/]],
  },
  'a stream called like a group': {
    steps: '- group: chat\n  steps: [ { ws: { connect: /a, as: chat } } ]',
    issues: [['[0].steps[0].ws', 'duplicate-name', /that of a group/, /with `as`/]],
  },
  'a stream called like the scenario': {
    steps: '- ws: { connect: /a, as: talk }',
    issues: [['[0].ws', 'duplicate-name', /that of a scenario/, /with `as`/]],
  },
  'a path that names a host': {
    steps: '- ws: { connect: "ws://other/chat" }\n- sse: { open: events }',
    issues: [
      ['[0].ws.connect', 'wrong-path', /names a host/, /targets/],
      ['[1].sse.open', 'wrong-path', /slash/, /"\/events"/],
    ],
  },
}

for (const [what, { steps, issues }] of Object.entries(refused)) {
  test(`${what} is refused, with what to do`, (t) => {
    const text = specText({
      scenarios: `- name: talk\n  steps:\n${steps.replace(/^/gm, '    ')}`,
      variables: 'tier: gold',
    })
    const parsed = parseLoadTestText(text)
    if (parsed.ok) return t.fail('was accepted')
    t.deepEqual(
      parsed.issues.map(({ path, code }) => [path.replace('scenarios[0].steps', ''), code]),
      issues.map(([path, code]) => [path.startsWith('[') ? path : `[0].${path}`, code]),
      renderIssues(parsed.issues, 'test.yaml'),
    )
    parsed.issues.forEach(({ message, hint, line }, index) => {
      t.regex(message, issues[index]?.[2] as RegExp)
      t.regex(hint, issues[index]?.[3] as RegExp)
      t.regex(message, /^[^\n]+[.!?)…]$/)
      t.true((line ?? 0) >= 1)
    })
  })
}

test('a stream of the user is not closed by an iteration, nor opened twice', (t) => {
  const parsed = parseLoadTestText(
    specText({
      scenarios: `- name: talk
  onStart: [ { ws: { connect: /a } } ]
  steps: [ { ws: { connect: /b } }, { ws: { close: true } } ]`,
    }),
  )
  t.deepEqual(parsed.ok || parsed.issues.map(({ path, code }) => [path, code]), [
    ['scenarios[0].steps[0].ws.connect', 'already-open'],
  ])
  const closed = parseLoadTestText(
    specText({
      scenarios: `- name: talk
  onStart: [ { ws: { connect: /a } } ]
  steps: [ { ws: { close: true } } ]`,
    }),
  )
  t.deepEqual(closed.ok || closed.issues.map(({ path, code }) => [path, code]), [
    ['scenarios[0].steps[0].ws', 'conflict'],
  ])
})

test('a broken step hides nothing else, and makes nothing else look broken', (t) => {
  const parsed = parseLoadTestText(
    specText({
      scenarios:
        '- name: talk\n  steps: [ { ws: { conect: /a } }, { ws: { send: x } }, { sse: { expect: "~" } } ]',
    }),
  )
  t.deepEqual(
    parsed.ok || parsed.issues.map(({ path, code }) => [path.replace('scenarios[0].steps', ''), code]),
    [
      ['[0].ws.conect', 'unknown-key'],
      ['[2].sse.expect', 'wrong-matcher'],
    ],
  )
})

test('a stream is judged by its name, as a group is', (t) => {
  const objectives = '- p95(talk/chat) < 5s\n- p99(chat) < 9s'
  const loadTest = accepted('- ws: { connect: /a, as: chat }', { objectives })
  t.deepEqual(
    loadTest.objectives.map(({ selector }) => [selector.scenario, selector.name]),
    [
      ['talk', 'chat'],
      [null, 'chat'],
    ],
  )
})

test('a gRPC target has no streams of this kind', (t) => {
  const parsed = parseLoadTestText(
    specText({
      target: 'url: grpc://127.0.0.1:9\ngrpc: { protos: [ a.proto ] }',
      scenarios: '- { name: talk, steps: [ { ws: { connect: /a } }, { ws: { send: x } } ] }',
    }),
  )
  t.deepEqual(parsed.ok || parsed.issues.map(({ path, code }) => [path, code]), [
    ['scenarios[0].steps[0]', 'conflict'],
  ])
})
