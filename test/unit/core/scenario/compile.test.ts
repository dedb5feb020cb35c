import test from 'ava'
import fc from 'fast-check'
import { BreakwaterError } from '../../../../core/error.ts'
import type { CompiledTest, RenderedRequest } from '../../../../core/scenario/compiled.ts'
import type { LoadTest, Step, Think } from '../../../../core/spec/load-test.ts'
import { parseLoadTestText } from '../../../../core/spec/parse.ts'
import {
  answer,
  closedPhase,
  compiled,
  grpcStep,
  httpStep,
  onlyRequest,
  openPhase,
  scenarioOf,
  scenarioTest,
} from '../../../kit/scenario.ts'

const everything = scenarioTest(
  [
    scenarioOf([
      httpStep({ url: '/${uuid()}/${randomInt(1,1000000)}', headers: { r: '${randomString(8)}' } }),
      httpStep({
        method: 'POST',
        body: { kind: 'json', value: { a: '${uuid()}', b: '${pick(1,2,3)}', i: '${iteration()}' } },
      }),
      grpcStep({ messages: [{ id: '${randomInt(1,1000000)}' }], metadata: { k: '${uuid()}' } }),
    ]),
  ],
  { load: [openPhase, closedPhase] },
)

function renderAll(
  test: CompiledTest,
  scope: ReturnType<CompiledTest['createScope']>,
): readonly RenderedRequest[] {
  return test.requests.map((request) => request.render(scope))
}

test('the same seed, phase and key render the same requests, in any order and on any worker', (t) => {
  const key = fc.record({
    phase: fc.integer({ min: 0, max: 1 }),
    a: fc.integer({ min: 0, max: 2 ** 53 - 1 }),
    b: fc.nat(100),
    c: fc.nat(1000),
  })
  const here = compiled(everything)
  const shared = here.createScope()
  fc.assert(
    fc.property(fc.nat(), fc.array(key, { minLength: 1, maxLength: 20 }), (seed, keys) => {
      const elsewhere = compiled(everything)
      const there = new Map(
        keys.toReversed().map((it) => {
          const scope = elsewhere.createScope()
          scope.begin(seed, it.phase, it.a, it.b, it.c)
          scope.random()
          return [it, renderAll(elsewhere, scope)]
        }),
      )
      for (const it of keys) {
        shared.reset()
        shared.begin(seed, it.phase, it.a, it.b, it.c)
        t.deepEqual(renderAll(here, shared), there.get(it))
      }
    }),
    { numRuns: 50 },
  )
})

test('what the engine draws does not depend on what templates draw, and the other way round', (t) => {
  const subject = compiled(everything)
  const [quiet, busy] = [subject.createScope(), subject.createScope()]
  quiet.begin(7, 0, 3, 0, 0)
  busy.begin(7, 0, 3, 0, 0)
  const rendered = renderAll(subject, busy)
  t.is(quiet.random(), busy.random())
  t.is(quiet.random(), busy.random())
  t.deepEqual(renderAll(subject, quiet), rendered)
  t.not(quiet.random(), quiet.random())
  const drawing = compiled(scenarioTest([scenarioOf([httpStep({ url: '/${randomInt(0,999999)}' })])]))
  const scope = drawing.createScope()
  scope.begin(7, 0, 3, 0, 0)
  const request = onlyRequest(drawing).render(scope)
  t.not(request.path, `/${Math.floor(scope.random() * 1_000_000)}`)
})

test('every part of the key changes what is drawn', (t) => {
  const subject = compiled(everything)
  const scope = subject.createScope()
  const drawn = new Set<string>()
  for (const [seed, phase, a, b, c] of [
    [1, 0, 0, 0, 0],
    [2, 0, 0, 0, 0],
    [1, 1, 0, 0, 0],
    [1, 0, 1, 0, 0],
    [1, 0, 0, 1, 0],
    [1, 0, 0, 0, 1],
  ] as const) {
    scope.begin(seed, phase, a, b, c)
    drawn.add(JSON.stringify(renderAll(subject, scope).slice(0, 1)))
    drawn.add(String(scope.random()))
  }
  t.is(drawn.size, 12)
})

test("iteration() is the arrival's number in an open phase, the user's count in a closed one", (t) => {
  const subject = compiled(everything)
  const scope = subject.createScope()
  scope.begin(1, 0, 11, 0, 0)
  t.is(scope.iteration, 11)
  scope.begin(1, 1, 2, 1, 5)
  t.is(scope.iteration, 5)
})

const pause: Think = { kind: 'constant', ms: 5 }
const own: Think = { kind: 'constant', ms: 9 }
const think: Step = { kind: 'think', path: '', think: own }

function shapeOf(program: CompiledTest['scenarios'][number]['program']): string {
  return program
    .map((op) => (op.kind === 'request' ? op.request.name : op.kind === 'think' ? 'own' : op.kind))
    .join(' ')
}

const [a, b, c] = [httpStep({ name: 'a' }), httpStep({ name: 'b' }), httpStep({ name: 'c' })]

const programs: readonly (readonly [readonly Step[], readonly Step[], string, string])[] = [
  [[], [a, b], '', 'a pause b'],
  [[], [a, think, b, c], '', 'a own b pause c'],
  [[], [think, a, b, think], '', 'own a pause b own'],
  [[a, b], [c], 'a pause b', 'pause c'],
  [[a, think], [b], 'a own', 'b'],
  [[a], [think, b], 'a', 'own b'],
]

for (const [onStart, steps, first, then] of programs) {
  test(`think times lie between steps: ${first} | ${then}`, (t) => {
    const [scenario] = compiled(scenarioTest([scenarioOf(steps, { onStart, think: pause })])).scenarios
    t.deepEqual([shapeOf(scenario?.onStart ?? []), shapeOf(scenario?.program ?? [])], [first, then])
  })
}

test('requests are numbered through all scenarios, and know their step', (t) => {
  const subject = compiled(
    scenarioTest([
      scenarioOf([b], { name: 'one', onStart: [a] }),
      scenarioOf([grpcStep({ name: 'call', path: 'x', timeoutMs: 7, onError: 'continue' })], { name: 'two' }),
    ]),
  )
  t.deepEqual(
    subject.requests.map(({ index, scenario, name, protocol, timeoutMs, onError }) => [
      index,
      scenario,
      name,
      protocol,
      timeoutMs,
      onError,
    ]),
    [
      [0, 0, 'a', 'http', 10_000, 'stop'],
      [1, 0, 'b', 'http', 10_000, 'stop'],
      [2, 1, 'call', 'grpc', 7, 'continue'],
    ],
  )
  t.deepEqual(
    subject.scenarios.map(({ mostRequests }) => mostRequests),
    [2, 1],
  )
})

test('the most requests of an iteration count every redirect that may be followed', (t) => {
  const followed = httpStep({ followRedirects: 4 })
  const poll = { kind: 'poll' as const, path: 'p', step: followed, until: [], everyMs: 1, max: 3 }
  const most = (steps: readonly Step[], followRedirects: number) =>
    compiled(scenarioTest([scenarioOf(steps)], { target: { followRedirects } })).scenarios[0]?.mostRequests
  t.is(most([httpStep(), grpcStep()], 0), 2)
  t.is(most([httpStep(), grpcStep()], 2), 4)
  t.is(most([followed, httpStep()], 2), 8)
  t.is(most([httpStep({ followRedirects: 0 })], 2), 1)
  t.is(most([poll], 0), 15)
})

const data: LoadTest['data'] = {
  unused: { source: { kind: 'rows', rows: [{ a: 1 }] }, columns: ['a'], pick: 'unique', onEnd: 'stop' },
  users: { source: { kind: 'csv', file: 'u.csv' }, columns: ['name', 'id'], pick: 'unique', onEnd: 'stop' },
  goods: {
    source: { kind: 'rows', rows: [{ id: 5 }, { id: 6 }] },
    columns: ['id'],
    pick: 'random',
    onEnd: 'recycle',
  },
}

test("rows are drawn from the sources that templates read; those of onStart are the user's", (t) => {
  const subject = compiled(
    scenarioTest(
      [
        scenarioOf(
          [httpStep({ method: 'POST', body: { kind: 'json', value: ['${goods.id}', '${users.name}'] } })],
          {
            onStart: [httpStep({ url: '/${users.name}' })],
          },
        ),
        scenarioOf([httpStep()], { name: 'plain' }),
      ],
      { data },
    ),
    { 'u.csv': new TextEncoder().encode('name,id\nada,1\ngrace,2\n') },
  )
  t.deepEqual(
    subject.scenarios.map(({ draws, onStartDraws }) => [draws, onStartDraws]),
    [
      [[1, 2], [1]],
      [[], []],
    ],
  )
  t.deepEqual(
    subject.sources.map(({ rows, pick }) => [rows, pick]),
    [
      [0, 'unique'],
      [2, 'unique'],
      [2, 'random'],
    ],
  )
  const scope = subject.createScope()
  const body = () => {
    const request = subject.requests[1]?.render(scope)
    return request?.kind === 'http' ? request.body : null
  }
  scope.drawRow(1, 1)
  scope.drawRow(2, 0)
  t.is(body(), '[5,"grace"]')
  scope.reset()
  t.is(body(), '[null,null]')
})

test('gRPC requests carry path, message with types, and metadata', (t) => {
  const target = {
    url: 'grpc://h:1',
    grpc: { url: null, protos: [], reflection: false, metadata: { 'X-Team': 'web', k: 'target' } },
  }
  const step = grpcStep({
    messages: [{ id: '${seven}', list: ['<${seven}>', { deep: true }], __proto__x: 1 }],
    metadata: { K: '${seven}\n' },
  })
  const variables = { seven: { kind: 'value' as const, value: 7 } }
  const request = onlyRequest(compiled(scenarioTest([scenarioOf([step])], { target, variables })))
  t.deepEqual(request.constant, {
    kind: 'grpc',
    target: 0,
    path: '/shop.Cart/Get',
    messages: [{ id: 7, list: ['<7>', { deep: true }], __proto__x: 1 }],
    betweenMs: 0,
    timeoutMs: 10_000,
    metadata: ['x-team', 'web', 'k', '7'],
  })
  t.deepEqual(request.needs, { headers: false, body: false, cookies: false })
})

test('a key called __proto__ is a key of the message', (t) => {
  for (const id of ['1', '${iteration()}']) {
    const step = grpcStep({ messages: [JSON.parse(`{"__proto__":{"id":"${id}"}}`)] })
    const subject = compiled(scenarioTest([scenarioOf([step])]))
    const request = onlyRequest(subject).render(subject.createScope())
    t.true(request.kind === 'grpc' && Object.hasOwn(request.messages[0] as object, '__proto__'))
  }
})

test('a variable that still waits for the environment is an error', (t) => {
  const variables = { token: { kind: 'env' as const, name: 'API_TOKEN' } }
  t.throws(() => compiled(scenarioTest([scenarioOf([httpStep()])], { variables })), {
    instanceOf: BreakwaterError,
    code: 'invalid-spec',
    message: /API_TOKEN/,
  })
})

test('a scope describes its captures and variables, those with names of secrets hidden', (t) => {
  const variables = {
    tier: { kind: 'value' as const, value: 'gold' },
    apiToken: { kind: 'value' as const, value: 'x' },
  }
  const steps = [
    httpStep({
      captures: [
        { name: 'code', from: 'status' },
        { name: 'password', from: 'status' },
      ],
    }),
  ]
  const subject = compiled(scenarioTest([scenarioOf(steps)], { variables }))
  const scope = subject.createScope()
  subject.requests[0]?.judge(scope, {
    status: 201,
    headers: null,
    body: null,
    message: null,
    messages: 0,
    stream: null,
    serviceMs: 1,
    bodyBytes: 0,
  })
  t.deepEqual(scope.describe(), { tier: 'gold', apiToken: '***', code: 201, password: '***' })
})

test('what core/spec accepts compiles, and says what the file says', (t) => {
  const parsed = parseLoadTestText(`
apiVersion: breakwater.dev/v1
kind: LoadTest
metadata: { name: shop }
spec:
  target: { url: "http://shop.test/api", headers: { accept: application/json } }
  variables: { tier: gold }
  data: { users: { rows: [ { name: ada, id: 7 } ], pick: sequential } }
  scenarios:
    - name: browse
      think: 10ms
      onStart: [ { post: /login, json: { u: "\${users.name}" }, capture: { sid: { json: "$.sid" } } } ]
      steps:
        - get: /products
          query: { page: "\${randomInt(1,1)}", tier: "\${tier}" }
          headers: { x-sid: "\${sid}" }
          capture: { id: { json: "$.items[0].id" } }
          check: { status: 2xx, json: { "$.ok": true, "$.n": "> 1" }, body: "~items", size: "> 0", header: { content-type: "/json$/" }, time: "< 2s" }
        - post: /cart
          json: { id: "\${id}", user: "\${users.id}" }
          check: { json: { "$.id": "\${id}" } }
  load: [ { phase: p, rate: 10, duration: 1s } ]
`)
  if (!parsed.ok) return t.fail(JSON.stringify(parsed.issues))
  const subject = compiled(parsed.value)
  const [login, products, cart] = subject.requests
  const scope = subject.createScope()
  scope.reset()
  scope.begin(1, 0, 0, 0, 0)
  scope.drawRow(0, 0)
  const line = (request = login) => {
    const made = request?.render(scope)
    return made?.kind === 'http' ? [made.method, made.path, made.headers.at(-1), made.body] : made
  }
  t.deepEqual(line(login), ['POST', '/api/login', 'application/json', '{"u":"ada"}'])
  t.is(login?.judge(scope, answer({ body: '{"sid":"s 1"}' })).error, null)
  t.deepEqual(line(products), ['GET', '/api/products?page=1&tier=gold', 's 1', null])
  const body = '{"ok":true,"n":2,"items":[{"id":5}]}'
  t.deepEqual(products?.judge(scope, answer({ body, headers: ['content-type', 'application/json'] })), {
    error: null,
    detail: null,
    checksPassed: 7,
    checksFailed: 0,
  })
  t.deepEqual(line(cart), ['POST', '/api/cart', 'application/json', '{"id":5,"user":7}'])
  t.is(cart?.judge(scope, answer({ body: '{"id":5}' })).error, null)
  t.is(cart?.judge(scope, answer({ body: '{"id":6}' })).detail, 'expected $.id to be 5, got 6')
})
