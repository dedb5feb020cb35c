import test from 'ava'
import type { Json } from '../../../../core/spec/load-test.ts'
import { parseLoadTest } from '../../../../core/spec/parse.ts'
import { leavesOf } from '../../../../core/spec/step-tree.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

const id = { id: { json: '$.id' } }
const capture = (path = '/c'): Json => ({ get: path, capture: id })
const use: Json = { get: '/use/${id}' }

function issuesOf(steps: readonly Json[], more: Readonly<Record<string, Json>> = {}): readonly string[] {
  const parsed = parseLoadTest({
    apiVersion: 'breakwater.dev/v1',
    kind: 'LoadTest',
    metadata: { name: 'shop' },
    spec: {
      target: { url: 'http://shop.test' },
      scenarios: [{ name: 'browse', steps }],
      load: [{ phase: 'steady', rate: 10, duration: '1s' }],
      variables: { tier: 'gold' },
      ...more,
    } as Json,
  })
  return parsed.ok ? [] : parsed.issues.map(({ path, code }) => `${path} ${code}`)
}

const gold = { var: 'tier', equals: 'gold' }
const known: readonly (readonly [string, readonly Json[]])[] = [
  ['captured in a group', [{ group: 'g', steps: [capture()] }, use]],
  ['captured in a repeat, which goes round once at least', [{ repeat: 2, steps: [capture()] }, use]],
  ['captured in both branches', [{ if: gold, then: [capture('/a')], else: [capture('/b')] }, use]],
  [
    'captured by every choice that is ever taken',
    [
      {
        choose: [
          { weight: 1, steps: [capture('/a')] },
          { weight: 2, steps: [capture('/b')] },
          { weight: 0, steps: [{ get: '/z' }] },
        ],
      },
      use,
    ],
  ],
  ['captured by a poll', [{ poll: capture(), until: { status: 200 } }, use]],
  [
    'asked for before it is used',
    [
      { if: gold, then: [capture()] },
      { if: { var: 'id', exists: true }, then: [use] },
    ],
  ],
  [
    'asked for the other way round',
    [
      { if: gold, then: [capture()] },
      { if: { var: 'id', not: { exists: true } }, then: [{ get: '/' }], else: [use] },
    ],
  ],
  ['a loop variable within its loop', [{ repeat: 2, as: 'i', steps: [{ get: '/${i}' }] }]],
  [
    'one loop variable in two loops behind each other',
    [
      { repeat: 2, as: 'i', steps: [{ get: '/${i}' }] },
      { forEach: { of: ['a'], as: 'i' }, steps: [{ get: '/${i}' }] },
    ],
  ],
  ['used in `until`', [capture(), { poll: { get: '/j' }, until: { json: { '$.id': '${id}' } } }]],
]

for (const [title, steps] of known) {
  test(`a name is known where it is ${title}`, (t) => {
    t.deepEqual(issuesOf(steps), [])
  })
}

const unknown: readonly (readonly [string, readonly Json[], ...string[]])[] = [
  [
    'one branch alone',
    [{ if: gold, then: [capture()] }, use],
    'scenarios[0].steps[1].get maybe-not-captured',
  ],
  [
    'one choice of two',
    [
      {
        choose: [
          { weight: 1, steps: [capture()] },
          { weight: 1, steps: [{ get: '/b' }] },
        ],
      },
      use,
    ],
    'scenarios[0].steps[1].get maybe-not-captured',
  ],
  [
    'a forEach, whose list may be empty',
    [{ forEach: { of: ['a'], as: 'x' }, steps: [capture('/${x}')] }, use],
    'scenarios[0].steps[1].get maybe-not-captured',
  ],
  [
    'the other branch',
    [{ if: gold, then: [capture()], else: [use] }],
    'scenarios[0].steps[0].else[0].get used-before-capture',
  ],
  [
    'a condition that asks for something else',
    [
      { if: gold, then: [capture()] },
      { if: { var: 'id', equals: 1 }, then: [use] },
    ],
    'scenarios[0].steps[1].if.var maybe-not-captured',
    'scenarios[0].steps[1].then[0].get maybe-not-captured',
  ],
  [
    'a loop that is over',
    [{ repeat: 2, as: 'i', steps: [{ get: '/' }] }, { get: '/${i}' }],
    'scenarios[0].steps[1].get unknown-name',
  ],
  [
    'a later pass of its loop',
    [{ repeat: 2, steps: [use, capture()] }],
    'scenarios[0].steps[0].steps[0].get used-before-capture',
  ],
]

for (const [title, steps, ...issues] of unknown) {
  test(`a name is not known where it is captured by ${title}`, (t) => {
    t.deepEqual(issuesOf(steps), issues)
  })
}

test('what a flow uses must be known wherever it is used, and is told once', (t) => {
  const flows = { pay: [use] }
  t.deepEqual(issuesOf([capture(), { use: 'pay' }], { flows }), [])
  t.deepEqual(issuesOf([{ use: 'pay' }, { use: 'pay' }], { flows }), ['flows.pay[0].get unknown-name'])
})

test('what set-up captures is known to all, by its name under setup', (t) => {
  const setup = [capture('/seed')]
  t.deepEqual(issuesOf([{ get: '/${setup.id}' }], { setup, teardown: [{ delete: '/${setup.id}' }] }), [])
  t.deepEqual(issuesOf([{ get: '/${id}' }], { setup }), ['scenarios[0].steps[0].get unknown-name'])
  t.deepEqual(issuesOf([{ get: '/' }], { setup: [...setup, { get: '/${setup.id}' }] }), [
    'setup[1].get conflict',
  ])
  t.deepEqual(issuesOf([{ get: '/${setup.id}' }], { setup: [{ if: gold, then: setup }] }), [
    'scenarios[0].steps[0].get unknown-name',
  ])
})

test('the steps of a flow stand where it is used, and keep their place in the file', (t) => {
  const spec = parsedTest({
    flows: { login: [{ get: '/form' }, { use: 'post' }], post: [{ post: '/login' }] },
    scenarios: [{ name: 'browse', onStart: [{ use: 'login' }], steps: [{ get: '/' }, { use: 'login' }] }],
  })
  const [scenario] = spec.scenarios
  t.deepEqual(
    [...(scenario?.onStart ?? []), ...(scenario?.steps ?? [])].map(({ path }) => path),
    ['flows.login[0]', 'flows.post[0]', 'scenarios[0].steps[0]', 'flows.login[0]', 'flows.post[0]'],
  )
})

test('flows that double with every level are refused before they grow', (t) => {
  const flows = Object.fromEntries(
    Array.from({ length: 40 }, (_, n): [string, Json] => [
      `f${n}`,
      n === 0 ? [{ get: '/' }] : [{ use: `f${n - 1}` }, { use: `f${n - 1}` }],
    ]),
  )
  const before = performance.now()
  t.true(issuesOf([{ use: 'f39' }], { flows }).some((issue) => issue.endsWith('too-many')))
  t.true(performance.now() - before < 5000)
})

test('a condition is written in three ways', (t) => {
  const conditions = (...list: readonly Json[]) =>
    parsedTest({
      variables: { tier: 'gold' },
      scenarios: [
        { name: 'browse', steps: list.map((condition) => ({ if: condition, then: [{ get: '/' }] })) },
      ],
    }).scenarios[0]?.steps.map((step) => (step.kind === 'if' ? step.condition : null))
  const equals = { op: 'equals', value: 'gold' }
  t.deepEqual(
    conditions(
      { var: 'tier', equals: 'gold' },
      { var: 'tier', not: { equals: 'gold' } },
      { not: { var: 'tier', equals: 'gold' } },
      { var: 'tier', in: ['gold', 1] },
      { var: 'tier', matches: '^g' },
      { var: 'tier', is: '> 3' },
    ),
    [
      { variable: 'tier', matcher: equals, negated: false },
      { variable: 'tier', matcher: equals, negated: true },
      { variable: 'tier', matcher: equals, negated: true },
      { variable: 'tier', matcher: { op: 'in', values: ['gold', 1] }, negated: false },
      { variable: 'tier', matcher: { op: 'matches', pattern: '^g' }, negated: false },
      { variable: 'tier', matcher: { op: '>', value: 3 }, negated: false },
    ] as never,
  )
})

test('an objective may name a group with its scenario or alone, and asks it for what it has', (t) => {
  const scenarios = [{ name: 'browse', steps: [{ group: 'pay', steps: [{ get: '/' }] }] }]
  const selector = (that: string) => parsedTest({ scenarios, objectives: [that] }).objectives[0]?.selector
  t.like(selector('p95(browse/pay) < 1s'), { scenario: 'browse', name: 'pay' })
  t.like(selector('p95(pay) < 1s'), { scenario: null, name: 'pay' })
  for (const that of ['checks(pay) > 9%', 'iteration_p95(pay) < 1s', 'p95(pay,ok) < 1s']) {
    t.deepEqual(issuesOf([], { scenarios, objectives: [that] }), ['objectives[0] conflict'], that)
  }
})

test('leaves are found at any depth', (t) => {
  const [scenario] = parsedTest({
    variables: { tier: 'gold' },
    scenarios: [
      {
        name: 'browse',
        steps: [
          { group: 'g', steps: [{ repeat: 2, steps: [{ get: '/1' }, { think: '1s' }] }] },
          { if: gold, then: [{ get: '/2' }], else: [{ poll: { get: '/3' }, until: { status: 200 } }] },
        ],
      },
    ],
  }).scenarios
  t.deepEqual(
    [...leavesOf(scenario?.steps ?? [])].map((leaf) => (leaf.kind === 'http' ? leaf.url : leaf.kind)),
    ['/1', 'think', '/2', '/3'],
  )
})
