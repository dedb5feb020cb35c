import test from 'ava'
import type { Files } from '../../../../core/scenario/compiled.ts'
import type { GrpcStep, Json, LoadTest } from '../../../../core/spec/load-test.ts'
import { checkGrpcSteps, reflectedCalls } from '../../../../worker/transport/check-grpc-steps.ts'
import { protoFileService } from '../../../../worker/transport/proto-files.ts'
import { shopFiles } from '../../../kit/grpc-shop.ts'
import { grpcStep, scenarioOf } from '../../../kit/scenario.ts'

function loadTestOf(step: Partial<GrpcStep>, protos: readonly string[] = ['shop.proto']): LoadTest {
  return {
    target: { grpc: { url: null, protos, metadata: {} } },
    targets: {},
    setup: [],
    teardown: [],
    scenarios: [scenarioOf([grpcStep(step)])],
  } as unknown as LoadTest
}

const foundIn = (step: Partial<GrpcStep>, files: Files = shopFiles) =>
  checkGrpcSteps(loadTestOf(step), files).map(({ path, code, hint }) => [path, code, hint])

const found = (method: string, message: Json) =>
  foundIn({ method, messages: [message], messagesFrom: 'message' })

const add = 'shop.v1.Cart/Add'
const watch = 'shop.v1.Cart/Watch'
const fill = 'shop.v1.Cart/Fill'
const talk = 'shop.v1.Cart/Talk'
const at = 'scenarios[0].steps[0]'
const fiveMessages = { kind: 'messages', matcher: { op: 'equals', value: 5 } } as const

const good: readonly (readonly [string, Json])[] = [
  ['nothing', {}],
  [
    'every kind of field',
    { id: 1, name: 'x', photo: 'AAEC', kind: 'GIFT', tags: ['a'], stock: { b: 1 }, weight: 0.5 },
  ],
  ['a large integer as text', { id: '9007199254740993' }],
  ['an enum by number', { kind: 1 }],
  ['a message in a message', { price: { currency: 'EUR', units: 1 }, at: { seconds: 1 } }],
  [
    'a template in place of anything',
    { id: '${id}', price: '${price}', kind: 'K${k}', tags: '${tags}', fragile: '${f}' },
  ],
]
for (const [what, message] of good) {
  test(`${what} fits`, (t) => {
    t.deepEqual(found(add, message), [])
  })
}

const bad: readonly (readonly [string, Json, readonly string[]])[] = [
  ['a field that is near another', { nmae: 'x' }, [`${at}.message.nmae`, 'unknown-name', 'Write name.']],
  ['a text for an integer', { id: 'many' }, [`${at}.message.id`, 'wrong-type']],
  ['a fraction for an integer', { delay_ms: 1.5 }, [`${at}.message.delay_ms`, 'wrong-type']],
  ['a negative unsigned', { delay_ms: -1 }, [`${at}.message.delay_ms`, 'wrong-type']],
  ['a number for a text', { name: 1 }, [`${at}.message.name`, 'wrong-type']],
  ['what is no base64', { photo: 'not base64!' }, [`${at}.message.photo`, 'wrong-type']],
  ['an unknown enum value', { kind: 'GIFTT' }, [`${at}.message.kind`, 'unknown-name', 'Write GIFT.']],
  ['one for many', { tags: 'a' }, [`${at}.message.tags`, 'wrong-type']],
  ['a text among many', { tags: ['a', 1] }, [`${at}.message.tags[1]`, 'wrong-type']],
  ['a wrong value in a map', { stock: { b: 'x' } }, [`${at}.message.stock.b`, 'wrong-type']],
  [
    'a wrong field within',
    { price: { unit: 1 } },
    [`${at}.message.price.unit`, 'unknown-name', 'Write units.'],
  ],
  ['a text for a message', { price: 'much' }, [`${at}.message.price`, 'wrong-type']],
  ['an escaped hole, which is text', { id: '$${id}' }, [`${at}.message.id`, 'wrong-type']],
  ['a list for the message', [1], [`${at}.message`, 'wrong-type']],
]
for (const [what, message, expected] of bad) {
  test(`${what} is an issue`, (t) => {
    t.deepEqual(
      found(add, message).map((issue) => issue.slice(0, expected.length)),
      [expected],
    )
  })
}

test('a method nobody describes is an issue that names the nearest', (t) => {
  t.deepEqual(found('shop.v1.Cart/Ad', {}), [[`${at}.grpc`, 'unknown-name', `Write ${add}.`]])
})

test('what the server is to describe is left for the start, and nothing else', (t) => {
  const calls = (reflection: boolean, ...methods: readonly string[]): LoadTest =>
    ({
      target: { grpc: { url: null, protos: ['shop.proto'], reflection, metadata: {} } },
      targets: {},
      setup: [],
      teardown: [],
      scenarios: [
        scenarioOf(
          methods.map((method) => grpcStep({ method, messages: [{ nmae: 1 }], messagesFrom: 'message' })),
        ),
      ],
    }) as unknown as LoadTest
  const asked = calls(true, add, 'shop.v1.Other/Do', 'shop.v1.Other/Do')
  t.deepEqual(reflectedCalls(asked, shopFiles), ['shop.v1.Other/Do'])
  t.deepEqual(
    checkGrpcSteps(asked, shopFiles).map(({ path }) => path),
    [`${at}.message.nmae`],
  )
  t.deepEqual(reflectedCalls(calls(true, add), shopFiles), [])
  t.deepEqual(reflectedCalls(calls(false, 'shop.v1.Other/Do'), shopFiles), [])
  t.is(checkGrpcSteps(calls(false, 'shop.v1.Other/Do'), shopFiles)[0]?.code, 'unknown-name')
})

const list = 'Write them as a list: messages: [ {…}, {…} ].'
const kinds: readonly (readonly [string, Partial<GrpcStep>, readonly (readonly string[])[]])[] = [
  ['one message for a unary method', { method: add, messagesFrom: 'message' }, []],
  ['a list of one for a unary method', { method: add, messagesFrom: 'messages' }, []],
  ['no message for a unary method', { method: add, messagesFrom: null }, []],
  [
    'two messages for a unary method',
    { method: add, messages: [{}, {}], messagesFrom: 'messages' },
    [[`${at}.messages`, 'conflict', 'Write `message` with the one, or a step for each.']],
  ],
  [
    'an empty list for a unary method',
    { method: add, messages: [], messagesFrom: 'messages' },
    [[`${at}.messages`, 'conflict', 'Write `message` with the one, or a step for each.']],
  ],
  [
    'until for a unary method',
    { method: add, until: [fiveMessages] },
    [[`${at}.until`, 'conflict', 'Leave `until` out; `check` looks at the answer.']],
  ],
  ['until for a stream of the server', { method: watch, until: [fiveMessages] }, []],
  ['until for streams both ways', { method: talk, messagesFrom: 'messages', until: [fiveMessages] }, []],
  [
    'until for a stream of the client',
    { method: fill, messagesFrom: 'messages', until: [fiveMessages] },
    [[`${at}.until`, 'conflict', 'Leave `until` out; `check` looks at the answer.']],
  ],
  [
    'two messages for a stream of the server',
    { method: watch, messages: [{}, {}], messagesFrom: 'messages' },
    [[`${at}.messages`, 'conflict', 'Write `message` with the one, or a step for each.']],
  ],
  ['several messages for a stream', { method: fill, messages: [{}, {}], messagesFrom: 'messages' }, []],
  ['an empty stream', { method: talk, messages: [], messagesFrom: 'messages' }, []],
  [
    'message for a stream of the client',
    { method: fill, messagesFrom: 'message' },
    [[`${at}.message`, 'conflict', list]],
  ],
  ['nothing for a stream of the client', { method: talk, messagesFrom: null }, [[at, 'missing', list]]],
  [
    'an unknown field in the second message',
    { method: fill, messages: [{}, { nmae: 'x' }], messagesFrom: 'messages' },
    [[`${at}.messages[1].nmae`, 'unknown-name', 'Write name.']],
  ],
  [
    'templates in messages',
    { method: fill, messages: ['${item}', { id: '${id}' }], messagesFrom: 'messages' },
    [],
  ],
]
for (const [what, step, expected] of kinds) {
  test(`${what}: ${expected.length === 0 ? 'fits' : 'is an issue'}`, (t) => {
    t.deepEqual(foundIn(step), expected)
  })
}

test('a file that is missing, broken or refers to nothing is an issue of the target', (t) => {
  const text = (source: string) => new TextEncoder().encode(source)
  const codes = (files: Files) =>
    protoFileService(['a.proto'], files).issues.map(({ path, code }) => [path, code])
  t.deepEqual(codes({}), [['target.grpc.protos[0]', 'missing-file']])
  t.deepEqual(codes({ 'a.proto': text('syntax = "proto3"; message {') }), [
    ['target.grpc.protos[0]', 'bad-proto'],
  ])
  t.deepEqual(codes({ 'a.proto': text('syntax = "proto3"; import "b.proto";') }), [
    ['target.grpc.protos[0]', 'missing-file'],
  ])
  t.deepEqual(codes({ 'a.proto': text('syntax = "proto3"; message A { B b = 1; }') }), [
    ['target.grpc.protos', 'bad-proto'],
  ])
})

test('an import that is missing is named, with the places where it may lie', (t) => {
  const files = { 'api/a.proto': new TextEncoder().encode('syntax = "proto3"; import "lib/b.proto";') }
  const [issue] = protoFileService(['api/a.proto'], files).issues
  t.is(issue?.message, 'api/a.proto imports lib/b.proto, which is not there.')
  t.regex(issue?.hint ?? '', /^Put it at api\/lib\/b\.proto or lib\/b\.proto;/)
})

test('google/protobuf and the options of google/api are known without a file', (t) => {
  const imports = ['google/api/annotations', 'google/protobuf/descriptor', 'google/protobuf/struct']
  const source = `syntax = "proto3"; ${imports.map((name) => `import "${name}.proto";`).join(' ')}
    extend google.protobuf.MethodOptions { string own = 50001; }
    message A { google.protobuf.Struct any = 1; }
    service S { rpc M(A) returns (A) { option (own) = "x"; option (google.api.http) = { get: "/a" }; } }`
  const { methods, issues } = protoFileService(['a.proto'], { 'a.proto': new TextEncoder().encode(source) })
  t.deepEqual(issues, [])
  t.deepEqual([...methods.keys()], ['S/M'])
})

test('imports are looked up beside the importing file, then from the folder of the LoadTest', (t) => {
  const text = (source: string) => new TextEncoder().encode(`syntax = "proto3"; ${source}`)
  const files = {
    'api/a.proto': text('import "b.proto"; import "lib/c.proto"; service S { rpc M(B) returns (C); }'),
    'api/b.proto': text('message B {}'),
    'lib/c.proto': text('import "api/b.proto"; message C { B b = 1; }'),
  }
  const { methods, issues } = protoFileService(['./api/a.proto', 'api/b.proto'], files)
  t.deepEqual(issues, [])
  t.deepEqual([...methods.keys()], ['S/M'])
})
