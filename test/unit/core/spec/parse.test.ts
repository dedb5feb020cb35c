import test from 'ava'
import fc from 'fast-check'
import { renderIssues } from '../../../../core/spec/issue-text.ts'
import type { Json, LoadTest, Phase, Step } from '../../../../core/spec/load-test.ts'
import { parseLoadTest, parseLoadTestText } from '../../../../core/spec/parse.ts'
import { parseYaml } from '../../../../core/spec/yaml.ts'
import { version } from '../../../../core/version.ts'
import { malformedFiles, specText } from '../../../kit/malformed-files.ts'

function accepted(text: string): LoadTest {
  const parsed = parseLoadTestText(text)
  if (!parsed.ok) throw new Error(renderIssues(parsed.issues, 'test.yaml'))
  return parsed.value
}

const phase = (text: string): Phase | undefined =>
  accepted(specText({ load: `- { phase: p, ${text} }` })).load[0]

const step = (text: string, target?: string): Step | undefined =>
  accepted(specText({ scenarios: `- name: browse\n  steps: [ ${text} ]`, ...(target && { target }) }))
    .scenarios[0]?.steps[0]

test('a short LoadTest has every default filled in', (t) => {
  t.deepEqual(accepted(specText()), {
    name: 'test',
    labels: {},
    target: {
      url: 'http://127.0.0.1:9',
      protocol: null,
      timeoutMs: { connect: 5000, request: 10_000 },
      headers: {},
      auth: null,
      tls: {
        caFile: null,
        certFile: null,
        keyFile: null,
        insecureSkipVerify: false,
        serverName: null,
        resume: false,
      },
      connections: { share: 'pool', max: null, idleMs: 30_000, lifetimeMs: null, warm: 0 },
      dns: { refreshMs: 30_000, family: null, pick: 'roundRobin', hosts: {} },
      proxy: null,
      compression: false,
      grpc: null,
      followRedirects: 0,
      userAgent: `breakwater/${version}`,
      maxBodyBytes: 10 * 1024 * 1024,
    },
    targets: {},
    variables: {},
    data: {},
    setup: [],
    teardown: [],
    scenarios: [
      {
        name: 'browse',
        weight: 1,
        onStart: [],
        think: null,
        steps: [
          {
            kind: 'http',
            path: 'scenarios[0].steps[0]',
            name: 'GET /',
            method: 'GET',
            url: '/',
            query: {},
            headers: {},
            body: { kind: 'none' },
            followRedirects: null,
            captures: [],
            checks: [],
            onError: 'stop',
            timeoutMs: null,
            target: null,
          },
        ],
      },
    ],
    load: [
      {
        name: 'steady',
        record: true,
        atMs: null,
        mix: null,
        loop: 'open',
        arrivals: 'uniform',
        durationMs: 1000,
        rate: {
          kind: 'linear',
          label: 'constant',
          points: [
            { atMs: 0, perSecond: 10 },
            { atMs: 1000, perSecond: 10 },
          ],
        },
      },
    ],
    limits: { inFlight: null, backlog: 0.001, drainMs: 30_000, maxRate: null },
    detail: false,
    workers: { count: null, threads: null, onLoss: 'reassign', grow: false, waitMs: 60_000 },
    objectives: [],
  })
})

const linear = (label: string, durationMs: number, ...points: [atMs: number, perSecond: number][]) => ({
  durationMs,
  rate: { kind: 'linear', label, points: points.map(([atMs, perSecond]) => ({ atMs, perSecond })) },
})

const phases: readonly (readonly [text: string, normal: object])[] = [
  ['rate: 30/m, duration: 10s', linear('constant', 10_000, [0, 0.5], [10_000, 0.5])],
  ['rate: 100/h, duration: 1d', linear('constant', 86_400_000, [0, 1 / 36], [86_400_000, 1 / 36])],
  ['rate: { from: 0, to: 500 }, duration: 1m', linear('ramp', 60_000, [0, 0], [60_000, 500])],
  [
    'rate: { shape: spike, base: 100, peak: 1000, rise: 5s, hold: 20s, fall: 5s }',
    linear('spike', 30_000, [0, 100], [5000, 1000], [25_000, 1000], [30_000, 100]),
  ],
  [
    'rate: { steps: [ { rate: 1, for: 1m }, { rate: 2, for: 500ms } ] }, duration: 60.5s',
    linear('steps', 60_500, [0, 1], [60_000, 1], [60_000, 2], [60_500, 2]),
  ],
  [
    'rate: { shape: sine, mean: 300, amplitude: 200, period: 2m }, duration: 4m, arrivals: poisson',
    {
      durationMs: 240_000,
      arrivals: 'poisson',
      rate: { kind: 'sine', mean: 300, amplitude: 200, periodMs: 120_000 },
    },
  ],
  [
    'rate: { csv: traffic.csv }',
    { durationMs: 0, rate: { kind: 'linear', label: 'replay', file: 'traffic.csv', points: [] } },
  ],
  [
    'at: 1m, scenarios: { browse: 2 }, users: 20, pace: 30s, duration: 5m, record: false',
    {
      atMs: 60_000,
      mix: { browse: 2 },
      record: false,
      loop: 'closed',
      users: { from: 20, to: 20, overMs: 0 },
      paceMs: 30_000,
      iterations: null,
      durationMs: 300_000,
    },
  ],
  ['users: { from: 0, to: 200, over: 1m }, duration: 10m', { users: { from: 0, to: 200, overMs: 60_000 } }],
  ['users: 1, iterations: 10', { iterations: 10, durationMs: 600_000 }],
  ['users: 1, iterations: 10, maxDuration: 1m', { iterations: 10, durationMs: 60_000 }],
]

for (const [text, normal] of phases) {
  test(`the phase { ${text} } is read`, (t) => {
    t.like(phase(text), normal)
  })
}

const steps: readonly (readonly [text: string, normal: object])[] = [
  [
    '{ get: "/p?a=1", name: page, timeout: 2s, onError: continue, query: { n: 1 }, headers: { x: "y" } }',
    {
      method: 'GET',
      name: 'page',
      timeoutMs: 2000,
      onError: 'continue',
      query: { n: 1 },
      headers: { x: 'y' },
    },
  ],
  ['{ get: "/p/$${x}?a=1" }', { name: 'GET /p/$${x}', url: '/p/$${x}?a=1' }],
  [
    '{ post: /, json: { a: [1, null] } }',
    { method: 'POST', body: { kind: 'json', value: { a: [1, null] } } },
  ],
  ['{ post: /, json: null }', { body: { kind: 'json', value: null } }],
  ['{ put: /, form: { a: 1, b: x } }', { method: 'PUT', body: { kind: 'form', fields: { a: 1, b: 'x' } } }],
  ['{ patch: /, text: hello }', { method: 'PATCH', body: { kind: 'text', text: 'hello' } }],
  ['{ delete: / }', { method: 'DELETE' }],
  ['{ head: / }', { method: 'HEAD' }],
  ['{ options: / }', { method: 'OPTIONS' }],
  [
    '{ get: /, capture: { a: { json: "$.a" }, b: { header: ETag }, c: { status: true } } }',
    {
      captures: [
        { name: 'a', from: 'json', expression: '$.a' },
        { name: 'b', from: 'header', header: 'etag' },
        { name: 'c', from: 'status' },
      ],
    },
  ],
  ['{ get: /, check: { status: 404 } }', { checks: [{ kind: 'status', anyOf: [{ from: 404, to: 404 }] }] }],
  [
    '{ get: /, check: { status: [2xx, "301..303"] } }',
    {
      checks: [
        {
          kind: 'status',
          anyOf: [
            { from: 200, to: 299 },
            { from: 301, to: 303 },
          ],
        },
      ],
    },
  ],
  [
    '{ get: /, check: { json: { "$.a": true, "$.b": "> 3", "$.c": "~x", "$.d": "/^y$/", "$.e": "= > 3", "$.f": { in: [1, 2] }, "$.g": { exists: false }, "$.h": null } } }',
    {
      checks: [
        { kind: 'json', expression: '$.a', matcher: { op: 'equals', value: true } },
        { kind: 'json', expression: '$.b', matcher: { op: '>', value: 3 } },
        { kind: 'json', expression: '$.c', matcher: { op: 'contains', text: 'x' } },
        { kind: 'json', expression: '$.d', matcher: { op: 'matches', pattern: '^y$' } },
        { kind: 'json', expression: '$.e', matcher: { op: 'equals', value: '> 3' } },
        { kind: 'json', expression: '$.f', matcher: { op: 'in', values: [1, 2] } },
        { kind: 'json', expression: '$.g', matcher: { op: 'exists', exists: false } },
        { kind: 'json', expression: '$.h', matcher: { op: 'equals', value: null } },
      ],
    },
  ],
  [
    '{ get: /, check: { header: { Content-Type: "~json" }, body: "~items", size: "< 10KiB", time: "<= 2s" } }',
    {
      checks: [
        { kind: 'header', header: 'content-type', matcher: { op: 'contains', text: 'json' } },
        { kind: 'body', matcher: { op: 'contains', text: 'items' } },
        { kind: 'size', matcher: { op: '<', value: 10_240 } },
        { kind: 'time', matcher: { op: '<=', value: 2000 } },
      ],
    },
  ],
]

for (const [text, normal] of steps) {
  test(`the step ${text.slice(0, 100)} is read`, (t) => {
    t.like(step(text), normal)
  })
}

test('a gRPC call is read, its codes by number or name', (t) => {
  const call = step(
    '{ grpc: shop.v1.Cart/Add, message: { id: 1 }, metadata: { tenant: demo }, deadline: 2s, check: { status: [OK, 5] } }',
    'url: grpc://127.0.0.1:9\ngrpc: { protos: [shop.proto] }',
  )
  t.like(call, {
    kind: 'grpc',
    method: 'shop.v1.Cart/Add',
    name: 'shop.v1.Cart/Add',
    messages: [{ id: 1 }],
    messagesFrom: 'message',
    betweenMs: 0,
    until: [],
    metadata: { tenant: 'demo' },
    timeoutMs: 2000,
    checks: [
      {
        kind: 'status',
        anyOf: [
          { from: 0, to: 0 },
          { from: 5, to: 5 },
        ],
      },
    ],
  } as object)
})

const streams: readonly (readonly [text: string, normal: object])[] = [
  ['', { messages: [{}], messagesFrom: null, betweenMs: 0, until: [] }],
  ['messages: []', { messages: [], messagesFrom: 'messages' }],
  [
    'messages: [ { id: 1 }, { id: 2 } ], between: 100ms',
    { messages: [{ id: 1 }, { id: 2 }], messagesFrom: 'messages', betweenMs: 100 },
  ],
  ['until: { messages: 5 }', { until: [{ kind: 'messages', matcher: { op: 'equals', value: 5 } }] }],
  ['until: { messages: ">= 5" }', { until: [{ kind: 'messages', matcher: { op: '>=', value: 5 } }] }],
  [
    'until: { json: { "$.state": done, "$.id": "> 3" } }',
    {
      until: [
        { kind: 'json', expression: '$.state', matcher: { op: 'equals', value: 'done' } },
        { kind: 'json', expression: '$.id', matcher: { op: '>', value: 3 } },
      ],
    },
  ],
  ['check: { messages: "3" }', { checks: [{ kind: 'messages', matcher: { op: 'equals', value: 3 } }] }],
  ['check: { messages: ">= 3" }', { checks: [{ kind: 'messages', matcher: { op: '>=', value: 3 } }] }],
  ['metadata: { Trace-Bin: AAEC, x: "a ~" }', { metadata: { 'Trace-Bin': 'AAEC', x: 'a ~' } }],
]
for (const [text, normal] of streams) {
  test(`the stream { ${text} } is read`, (t) => {
    const wish = `{ grpc: shop.v1.Cart/Watch${text && `, ${text}`} }`
    t.like(step(wish, 'url: grpc://127.0.0.1:9\ngrpc: { protos: [shop.proto] }'), normal)
  })
}

const thinks: readonly (readonly [text: string, think: object])[] = [
  ['1s', { kind: 'constant', ms: 1000 }],
  ['200ms..1s', { kind: 'range', fromMs: 200, toMs: 1000 }],
  ['{ lognormal: { median: 2s, p95: 8s } }', { kind: 'lognormal', medianMs: 2000, p95Ms: 8000 }],
  ['{ exponential: 1s }', { kind: 'exponential', meanMs: 1000 }],
]

for (const [text, think] of thinks) {
  test(`the pause ${text} is read, between steps and as a step`, (t) => {
    const test = accepted(
      specText({ scenarios: `- { name: a, think: ${text}, steps: [ { get: / }, { think: ${text} } ] }` }),
    )
    t.deepEqual(test.scenarios[0]?.think as object, think)
    t.deepEqual(test.scenarios[0]?.steps[1] as object, {
      kind: 'think',
      path: 'scenarios[0].steps[1]',
      think,
    })
  })
}

test('variables, data, limits, workers and labels are read', (t) => {
  const text = specText({
    variables: 'tier: gold\nlist: [1, 2]\nmap: { value: { a: "$${b}" } }\ntoken: { env: TOKEN }',
    data: 'users: { csv: data/users.csv }\nr: { rows: [ { a: 1 }, { a: null } ], pick: sequential }\nx: { csv: x.csv, pick: random }',
    limits: '{ inFlight: 5, backlog: 1%, drain: 0s, maxRate: 600/m }',
    workers: '{ count: 4, threads: auto, onLoss: fail, wait: 5s }',
    detail: 'true',
  }).replace('name: test', 'name: test, labels: { team: web }')
  t.like(accepted(text), {
    labels: { team: 'web' },
    variables: {
      tier: { kind: 'value', value: 'gold' },
      list: { kind: 'value', value: [1, 2] },
      map: { kind: 'value', value: { a: '${b}' } },
      token: { kind: 'env', name: 'TOKEN' },
    },
    data: {
      users: {
        source: { kind: 'csv', file: 'data/users.csv' },
        columns: null,
        pick: 'unique',
        onEnd: 'stop',
      },
      r: {
        source: { kind: 'rows', rows: [{ a: 1 }, { a: null }] },
        columns: ['a'],
        pick: 'sequential',
        onEnd: 'recycle',
      },
      x: { source: { kind: 'csv', file: 'x.csv' }, columns: null, pick: 'random', onEnd: 'recycle' },
    },
    limits: { inFlight: 5, backlog: 0.01, drainMs: 0, maxRate: 10 },
    workers: { count: 4, threads: null, onLoss: 'fail', waitMs: 5000 },
    detail: true,
  } as object)
})

test('captures of onStart and of earlier steps are known, in the order of the path', (t) => {
  const test = accepted(
    specText({
      variables: 'v: 1',
      data: 'users: { csv: u.csv }',
      scenarios: [
        '- name: a',
        '  onStart: [ { post: /login, json: { u: "${users.name}" }, capture: { sid: { json: "$.sid" } } } ]',
        '  steps:',
        '    - { get: "/${sid}/${v}", capture: { id: { header: location } } }',
        '    - { get: "/${id}", check: { json: { "$.id": "${id}" } } }',
      ].join('\n'),
    }),
  )
  t.is(test.scenarios[0]?.steps.length, 2)
})

test('64 phases, 16 of them at once, and 500 steps are possible', (t) => {
  const after = Array.from({ length: 32 }, (_, i) => `- { phase: a${i}, rate: 1, duration: 1s }`)
  const atOnce = [40, 41].flatMap((at) =>
    Array.from({ length: 16 }, (_, i) => `- { phase: at${at}-${i}, at: ${at}s, rate: 1, duration: 1s }`),
  )
  const test = accepted(
    specText({
      load: [...after, ...atOnce].join('\n'),
      scenarios: `- name: a\n  steps:\n${'    - get: /\n'.repeat(500).trimEnd()}`,
    }),
  )
  t.is(test.load.length, 64)
  t.is(test.scenarios[0]?.steps.length, 500)
})

test('the result is frozen and the input unchanged', (t) => {
  const yaml = parseYaml(specText({ variables: 'a: { value: { b: [1] } }' }))
  if (!yaml.ok) return t.fail()
  const before = structuredClone(yaml.value.value)
  const parsed = parseLoadTest(yaml.value.value)
  if (!parsed.ok) return t.fail()
  t.deepEqual(yaml.value.value, before)
  const test = parsed.value
  const walk = (value: unknown): void => {
    if (typeof value !== 'object' || value === null) return
    t.true(Object.isFrozen(value))
    for (const part of Object.values(value)) walk(part)
  }
  walk(test)
})

test('what is read is plain JSON', (t) => {
  const test = accepted(specText({ objectives: '- p95 < 1s', variables: 'a: { env: A }' }))
  t.deepEqual(JSON.parse(JSON.stringify(test)), test)
})

test('issues come with positions, in the order of the text', (t) => {
  const text = specText({
    load: '- { phase: a, rate: -1, duration: 1s }',
    target: 'url: http://h\n"time out": 5',
  })
  const parsed = parseLoadTestText(text)
  if (parsed.ok) return t.fail()
  t.deepEqual(
    parsed.issues.map(({ path, line, column }) => [path, line, column]),
    [
      ['target["time out"]', 7, 5],
      ['load[0].rate', 11, 19],
    ],
  )
  t.is(text.split('\n')[6]?.slice(4, 14), '"time out"')
})

test('a thousand issues are cut short and counted', (t) => {
  const parsed = parseLoadTestText(
    specText({ scenarios: `- name: a\n  steps:\n${'    - {}\n'.repeat(400)}` }),
  )
  if (parsed.ok) return t.fail()
  t.is(parsed.issues.length, 201)
  t.is(parsed.issues.at(-1)?.message, 'There are 200 more issues.')
})

test('hostile values are refused and never thrown at', (t) => {
  const circle: Record<string, unknown> = {}
  circle.self = circle
  let deep: unknown = 1
  for (let i = 0; i < 100_000; i++) deep = { a: deep }
  const wide = Object.fromEntries(Array.from({ length: 300_000 }, (_, i) => [`k${i}`, i]))
  const hostile = [
    undefined,
    null,
    NaN,
    Infinity,
    5n,
    Symbol('s'),
    () => 1,
    new Date(0),
    new Map(),
    circle,
    deep,
    wide,
    'x'.repeat(2 ** 21),
  ]
  for (const value of hostile) {
    t.false(parseLoadTest(value).ok)
    t.false(
      parseLoadTest({ apiVersion: 'breakwater.dev/v1', kind: 'LoadTest', metadata: value, spec: value }).ok,
    )
  }
  t.is(({} as Record<string, unknown>).admin, undefined)
})

const sound = JSON.parse(
  JSON.stringify(
    (
      parseYaml(specText({ objectives: '- p95(browse@steady,ok) < 1s', variables: 'a: 1' })) as {
        value: { value: Json }
      }
    ).value.value,
  ),
) as Json

/** Places in a JSON value, by path. */
function placesIn(value: Json, path: (string | number)[] = []): (string | number)[][] {
  if (typeof value !== 'object' || value === null) return [path]
  return [
    path,
    ...Object.entries(value).flatMap(([key, item]) =>
      placesIn(item as Json, [...path, Array.isArray(value) ? Number(key) : key]),
    ),
  ]
}

function replaced(value: Json, path: readonly (string | number)[], by: unknown): unknown {
  const [first, ...rest] = path
  if (first === undefined) return by
  const copy = structuredClone(value) as Record<string | number, Json>
  copy[first] = replaced(copy[first] ?? null, rest, by) as Json
  return copy
}

test('any JSON and any mutation of a sound LoadTest is read or refused, never thrown at', (t) => {
  fc.assert(
    fc.property(fc.constantFrom(...placesIn(sound)), fc.jsonValue(), fc.boolean(), (path, value, whole) => {
      const parsed = parseLoadTest(whole ? value : replaced(sound, path, value))
      if (!parsed.ok)
        t.true(
          parsed.issues.length > 0 &&
            parsed.issues.every(({ hint, message }) => hint !== '' && message !== ''),
        )
    }),
    { numRuns: 500 },
  )
})

test('any damage to the text of a LoadTest is read or refused, never thrown at', (t) => {
  const texts = malformedFiles.map(({ text }) => text).filter((text) => text.length < 5000)
  fc.assert(
    fc.property(
      fc.constantFrom(specText(), ...texts),
      fc.nat(),
      fc.nat(20),
      fc.string({ unit: fc.constantFrom(...'{}[]:,-&*!|>\'"%@`#? \n\t$a1') }),
      (text, at, length, noise) => {
        const start = at % text.length || 0
        const parsed = parseLoadTestText(text.slice(0, start) + noise + text.slice(start + length))
        if (!parsed.ok) t.true(parsed.issues.length > 0)
      },
    ),
    { numRuns: 500 },
  )
})
