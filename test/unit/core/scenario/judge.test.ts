import test from 'ava'
import type { Judgement, ReceivedResponse } from '../../../../core/scenario/compiled.ts'
import type { Capture, Check, Json, Matcher } from '../../../../core/spec/load-test.ts'
import { cpuMs } from '../../../kit/cpu-time.ts'
import {
  answer,
  compiled,
  grpcStep,
  httpStep,
  onlyRequest,
  scenarioOf,
  scenarioTest,
} from '../../../kit/scenario.ts'

const variables = {
  seven: { kind: 'value' as const, value: 7 },
  word: { kind: 'value' as const, value: 'done' },
}

function judge(checks: Check[], response: ReceivedResponse, captures: Capture[] = []): Judgement {
  const subject = compiled(scenarioTest([scenarioOf([httpStep({ checks, captures })])], { variables }))
  return onlyRequest(subject).judge(subject.createScope(), response)
}

const only = (status: number): Check => ({ kind: 'status', anyOf: [{ from: status, to: status }] })

const statuses: readonly (readonly [Check[], number, string | null, string | null])[] = [
  [[], 200, null, null],
  [[], 302, null, null],
  [[], 399, null, null],
  [[], 404, 'status_4xx', 'expected a status below 400, got 404'],
  [[], 503, 'status_5xx', 'expected a status below 400, got 503'],
  [
    [],
    407,
    'status_4xx',
    'expected a status below 400, got 407, by which a proxy asks for target.proxy.auth',
  ],
  [[], 999, 'status', 'expected a status below 400, got 999'],
  [[only(404)], 404, null, null],
  [[only(503)], 503, null, null],
  [[only(404)], 200, 'status', 'expected status 404, got 200'],
  [[only(200)], 503, 'status_5xx', 'expected status 200, got 503'],
  [[only(200)], 401, 'status_4xx', 'expected status 200, got 401'],
  [
    [
      {
        kind: 'status',
        anyOf: [
          { from: 200, to: 299 },
          { from: 404, to: 404 },
        ],
      },
    ],
    404,
    null,
    null,
  ],
  [
    [
      {
        kind: 'status',
        anyOf: [
          { from: 200, to: 299 },
          { from: 404, to: 404 },
        ],
      },
    ],
    302,
    'status',
    'expected status 200 to 299 or 404, got 302',
  ],
]

for (const [i, [checks, status, error, detail]] of statuses.entries()) {
  test(`status ${status} with ${checks.length} status check(s) gives ${error ?? 'no error'} (${i})`, (t) => {
    const judged = judge(checks, answer({ status }))
    t.deepEqual([judged.error, judged.detail], [error, detail])
    t.deepEqual(
      [judged.checksPassed, judged.checksFailed],
      checks.length === 0 ? [0, 0] : error === null ? [1, 0] : [0, 1],
    )
  })
}

const shop =
  '{"ok":true,"n":7,"s":"7","state":"done","list":[1,"two",{"a":1}],"o":{"a":1,"b":[null]},"nil":null,"odd":{"__proto__":{}}}'

const matchers: readonly (readonly [string, Matcher, boolean])[] = [
  ['$.ok', { op: 'equals', value: true }, true],
  ['$.ok', { op: 'equals', value: 'true' }, false],
  ['$.n', { op: 'equals', value: 7 }, true],
  ['$.s', { op: 'equals', value: 7 }, false],
  ['$.n', { op: 'equals', value: '${seven}' }, true],
  ['$.s', { op: 'equals', value: '${seven}' }, false],
  ['$.state', { op: 'equals', value: '${word}' }, true],
  ['$.o', { op: 'equals', value: { b: [null], a: 1 } }, true],
  ['$.o', { op: 'equals', value: { b: [null] } }, false],
  ['$.o', { op: 'equals', value: { b: [null], a: 1, c: 1 } }, false],
  ['$.odd', { op: 'equals', value: { a: {} } }, false],
  ['$.nil', { op: 'equals', value: null }, true],
  ['$.nope', { op: 'equals', value: null }, false],
  ['$.list', { op: 'equals', value: [1, 'two', { a: 1 }] }, true],
  ['$.list', { op: 'equals', value: [1, 'two'] }, false],
  ['$.state', { op: 'contains', text: 'on' }, true],
  ['$.state', { op: 'contains', text: '${word}' }, true],
  ['$.state', { op: 'contains', text: 'x' }, false],
  ['$.list', { op: 'contains', text: 'two' }, true],
  ['$.list', { op: 'contains', text: '1' }, true],
  ['$.list', { op: 'contains', text: 'tw' }, false],
  ['$.nope', { op: 'contains', text: '' }, false],
  ['$.state', { op: 'matches', pattern: '^d.n.$' }, true],
  ['$.state', { op: 'matches', pattern: '^o' }, false],
  ['$.n', { op: 'matches', pattern: '^[0-9]$' }, true],
  ['$.nope', { op: 'matches', pattern: '.*' }, false],
  ['$.n', { op: '>', value: 6 }, true],
  ['$.n', { op: '>', value: 7 }, false],
  ['$.n', { op: '>=', value: 7 }, true],
  ['$.n', { op: '<', value: 7 }, false],
  ['$.n', { op: '<=', value: 7 }, true],
  ['$.s', { op: '<', value: 8 }, true],
  ['$.state', { op: '<', value: 8 }, false],
  ['$.nil', { op: '<', value: 8 }, false],
  ['$.nope', { op: '<', value: 8 }, false],
  ['$.nil', { op: 'exists', exists: true }, true],
  ['$.nope', { op: 'exists', exists: true }, false],
  ['$.nope', { op: 'exists', exists: false }, true],
  ['$.ok', { op: 'exists', exists: false }, false],
  ['$.state', { op: 'in', values: ['open', '${word}'] }, true],
  ['$.state', { op: 'in', values: ['open', 'shut'] }, false],
  ['$.n', { op: 'in', values: ['7', 8] }, false],
]

for (const [expression, matcher, holds] of matchers) {
  test(`${expression} ${JSON.stringify(matcher)} ${holds ? 'holds' : 'fails'}`, (t) => {
    const judged = judge([{ kind: 'json', expression, matcher }], answer({ body: shop }))
    t.is(judged.error, holds ? null : 'check')
    t.deepEqual([judged.checksPassed, judged.checksFailed], holds ? [1, 0] : [0, 1])
  })
}

const others: readonly (readonly [Check, string | null])[] = [
  [{ kind: 'header', header: 'Content-Type', matcher: { op: 'contains', text: 'json' } }, null],
  [{ kind: 'header', header: 'x-n', matcher: { op: 'equals', value: 5 } }, null],
  [
    { kind: 'header', header: 'x-n', matcher: { op: '<', value: 5 } },
    'expected the header x-n to be < 5, got "5"',
  ],
  [{ kind: 'header', header: 'x-two', matcher: { op: 'equals', value: 'a, b' } }, null],
  [
    { kind: 'header', header: 'x-none', matcher: { op: 'exists', exists: true } },
    'expected the header x-none to be something, got nothing',
  ],
  [{ kind: 'body', matcher: { op: 'contains', text: '"done"' } }, null],
  [
    { kind: 'body', matcher: { op: 'equals', value: 'hello' } },
    `expected the body to be "hello", got ${JSON.stringify(shop.slice(0, 80))}… (${shop.length} characters)`,
  ],
  [{ kind: 'size', matcher: { op: 'equals', value: shop.length } }, null],
  [
    { kind: 'size', matcher: { op: '>', value: 1e6 } },
    `expected a body of > 1000000 bytes, got ${shop.length}`,
  ],
  [{ kind: 'time', matcher: { op: '<', value: 100 } }, null],
  [{ kind: 'time', matcher: { op: '<', value: 10 } }, 'expected a service time of < 10 ms, got 12'],
  [
    { kind: 'json', expression: '$.state', matcher: { op: 'equals', value: 'failed' } },
    'expected $.state to be "failed", got "done"',
  ],
  [
    { kind: 'json', expression: '$.nope', matcher: { op: 'in', values: [1, 'a'] } },
    'expected $.nope to be one of 1, "a", got nothing',
  ],
]

for (const [check, detail] of others) {
  test(`${JSON.stringify(check)} ${detail === null ? 'holds' : 'says what it found'}`, (t) => {
    const headers = ['content-type', 'application/json', 'x-n', '5', 'x-two', 'a', 'x-two', 'b']
    t.is(judge([check], answer({ body: shop, headers })).detail, detail)
  })
}

const bodies: readonly (readonly [string, string, string])[] = [
  ['an empty body', '', 'the body is empty'],
  ['HTML', '<html>', 'the body is not JSON'],
  ['half of a document', '{"a":', 'the body is not JSON'],
  ['brackets', '['.repeat(200_000), 'the body is nested deeper than 512'],
  ['nested arrays', `${'['.repeat(50_000)}${']'.repeat(50_000)}`, 'the body is nested deeper than 512'],
]

for (const [what, body, problem] of bodies) {
  test(`${what} in place of JSON fails checks and captures, whatever they ask for`, (t) => {
    const check: Check = { kind: 'json', expression: '$.a', matcher: { op: 'exists', exists: false } }
    t.deepEqual(judge([check], answer({ body })), {
      error: 'check',
      detail: `expected $.a in the body, but ${problem}`,
      checksPassed: 0,
      checksFailed: 1,
    })
    const capture: Capture = { name: 'a', from: 'json', expression: '$.a' }
    t.deepEqual(judge([], answer({ body }), [capture]), {
      error: 'capture',
      detail: `expected $.a to capture, but ${problem}`,
      checksPassed: 0,
      checksFailed: 0,
    })
  })
}

test('brackets in strings are no nesting', (t) => {
  const body = JSON.stringify({ a: `"\\${'[{'.repeat(50_000)}` })
  t.is(
    judge([{ kind: 'json', expression: '$.a', matcher: { op: 'exists', exists: true } }], answer({ body }))
      .error,
    null,
  )
})

test('a document nested 30,000 deep in a small body fails the check that compares it, and does not throw', (t) => {
  const deep = `${'['.repeat(30_000)}${']'.repeat(30_000)}`
  const steps = [
    httpStep({ captures: [{ name: 'it', from: 'json', expression: '$' }] }),
    httpStep({ checks: [{ kind: 'json', expression: '$', matcher: { op: 'equals', value: '${it}' } }] }),
    httpStep({ url: '/${it}', body: { kind: 'json', value: '${it}' } }),
  ]
  const subject = compiled(scenarioTest([scenarioOf(steps)]))
  const scope = subject.createScope()
  const [first, second, third] = subject.requests
  t.is(first?.judge(scope, answer({ body: deep })).error, null)
  t.is(second?.judge(scope, answer({ body: deep })).detail, 'the answer is nested too deeply to check')
  const request = third?.render(scope)
  t.deepEqual(request?.kind === 'http' && [request.path, request.body], ['/null', 'null'])
})

test('a status that is wrong is the error, whatever else is wrong, and every check is counted', (t) => {
  const checks: Check[] = [
    { kind: 'body', matcher: { op: 'contains', text: 'x' } },
    only(200),
    { kind: 'size', matcher: { op: '<', value: 100 } },
  ]
  const judged = judge(checks, answer({ status: 500 }), [{ name: 'a', from: 'header', header: 'a' }])
  t.deepEqual(judged, {
    error: 'status_5xx',
    detail: 'expected status 200, got 500',
    checksPassed: 1,
    checksFailed: 2,
  })
})

test('captures take their values with their types, and lose them when the next answer has none', (t) => {
  const captures: Capture[] = [
    { name: 'id', from: 'json', expression: '$.items[0].id' },
    { name: 'item', from: 'json', expression: '$.items[0]' },
    { name: 'where', from: 'header', header: 'Location' },
    { name: 'code', from: 'status' },
  ]
  const value: Json = ['${id}', '${item}', '${where}', '${code}']
  const steps = [httpStep({ captures }), httpStep({ method: 'POST', body: { kind: 'json', value } })]
  const subject = compiled(scenarioTest([scenarioOf(steps)]))
  const scope = subject.createScope()
  const [first, second] = subject.requests
  t.deepEqual(first?.needs, { headers: true, body: true, cookies: true })
  const body = () => {
    const request = second?.render(scope)
    return request?.kind === 'http' ? request.body : null
  }
  const good = answer({ status: 201, body: '{"items":[{"id":5}]}', headers: ['location', '/x'] })
  t.is(first?.judge(scope, good).error, null)
  t.is(body(), '[5,{"id":5},"/x",201]')
  const bad = first?.judge(scope, answer({ body: '{"items":[]}' }))
  t.deepEqual(
    [bad?.error, bad?.detail],
    ['capture', 'expected $.items[0].id to capture, but it is not in the answer'],
  )
  t.is(body(), '[null,null,null,200]')
  first?.judge(scope, good)
  scope.reset()
  t.is(body(), '[null,null,null,null]')
})

test('nothing of a response is wanted that nobody looks at', (t) => {
  const needs = (checks: Check[], captures: Capture[] = []) => {
    const subject = compiled(scenarioTest([scenarioOf([httpStep({ checks, captures })])]))
    return onlyRequest(subject).needs
  }
  t.deepEqual(needs([only(200)]), { headers: false, body: false, cookies: false })
  t.deepEqual(needs([{ kind: 'size', matcher: { op: '>', value: 0 } }], [{ name: 'a', from: 'status' }]), {
    headers: false,
    body: false,
    cookies: false,
  })
  t.true(needs([{ kind: 'body', matcher: { op: 'contains', text: 'a' } }]).body)
  t.true(needs([{ kind: 'json', expression: '$', matcher: { op: 'exists', exists: true } }]).body)
  t.true(needs([{ kind: 'header', header: 'a', matcher: { op: 'exists', exists: true } }]).headers)
})

const grpcStatuses: readonly (readonly [Check[], number, string | null, string | null])[] = [
  [[], 0, null, null],
  [[], 14, 'grpc_UNAVAILABLE', 'expected status OK, got UNAVAILABLE (14)'],
  [[], 99, 'grpc_UNKNOWN', 'expected status OK, got UNKNOWN (99)'],
  [[only(5)], 5, null, null],
  [[only(5)], 0, 'status', 'expected status NOT_FOUND (5), got OK (0)'],
  [[only(0)], 4, 'grpc_DEADLINE_EXCEEDED', 'expected status OK (0), got DEADLINE_EXCEEDED (4)'],
]

for (const [checks, status, error, detail] of grpcStatuses) {
  test(`gRPC status ${status} with ${checks.length} status check(s) gives ${error ?? 'no error'}`, (t) => {
    const subject = compiled(scenarioTest([scenarioOf([grpcStep({ checks })])]))
    const judged = onlyRequest(subject).judge(subject.createScope(), answer({ status }))
    t.deepEqual([judged.error, judged.detail], [error, detail])
  })
}

test('gRPC messages are looked into like JSON bodies', (t) => {
  const step = grpcStep({
    checks: [
      { kind: 'json', expression: '$.items[0].id', matcher: { op: 'equals', value: 3 } },
      { kind: 'body', matcher: { op: 'contains', text: '"id":3' } },
    ],
  })
  const subject = compiled(scenarioTest([scenarioOf([step])]))
  const request = onlyRequest(subject)
  t.true(request.needs.body)
  const judged = request.judge(subject.createScope(), answer({ status: 0, message: { items: [{ id: 3 }] } }))
  t.deepEqual(judged, { error: null, detail: null, checksPassed: 2, checksFailed: 0 })
})

test('a regular expression that blows up elsewhere takes linear time on a megabyte', (t) => {
  const body = `${'a'.repeat(1 << 20)}!`
  const spent = cpuMs(() => {
    for (const pattern of ['(a+)+$', '(a|a)*$', '^(\\w+\\s?)*$', '(x+x+)+y']) {
      judge([{ kind: 'body', matcher: { op: 'matches', pattern } }], answer({ body }))
    }
  })
  t.true(spent < 2000, `${spent} ms`)
})

test('a JSON path over 50 MB is bounded, and so is its detail', (t) => {
  const body = Buffer.from(`["${'x'.repeat(46_000_000)}",${'1,'.repeat(2_000_000)}1]`)
  const path = (expression: string) =>
    judge([{ kind: 'json', expression, matcher: { op: 'equals', value: 0 } }], answer({ body })).detail ?? ''
  const spent = cpuMs(() => {
    t.is(path('$..nope'), 'expected $..nope in the body, but it is too large or too deep to search for it')
    t.regex(path('$[0]'), /^expected \$\[0\] to be 0, got "x{80}"… \(46000000 characters\)$/)
  })
  t.true(spent < 5_000, `${spent} ms`)
})
