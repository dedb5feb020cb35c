import test from 'ava'
import { planRun } from '../../../../core/plan/plan-run.ts'
import { plannedRequests, type RequestCount, requestCount } from '../../../../core/plan/request-count.ts'
import type { HttpStep, LoadTest, Step } from '../../../../core/spec/load-test.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'

const path = 'scenarios[0].steps[0]'
const get = httpGet('/')
const two: readonly Step[] = [get, httpGet('/b')]
const poll = (max: number): Step => ({
  kind: 'poll',
  path,
  step: get as HttpStep,
  until: [],
  everyMs: 1,
  max,
})
const condition = { variable: 'x', matcher: { op: 'exists', exists: true }, negated: false } as const
const exactly = (count: number): RequestCount => ({ least: count, most: count, expected: count })

const cases: readonly (readonly [title: string, steps: readonly Step[], count: RequestCount])[] = [
  [
    'steps add up, pauses are none',
    [...two, { kind: 'think', path, think: { kind: 'constant', ms: 1 } }],
    exactly(2),
  ],
  ['a loop multiplies', [{ kind: 'repeat', path, times: 3, as: null, steps: two }], exactly(6)],
  [
    'a list that stands in the file is counted',
    [{ kind: 'forEach', path, of: ['a', 'b'], as: 'x', steps: two }],
    exactly(4),
  ],
  [
    'a list of an answer may have any length',
    [{ kind: 'forEach', path, of: '${ids}', as: 'x', steps: two }],
    { least: 0, most: null, expected: null },
  ],
  [
    'branches of one length are no doubt',
    [{ kind: 'if', path, condition, then: [get], else: [get] }],
    exactly(1),
  ],
  [
    'branches of two are',
    [{ kind: 'if', path, condition, then: two, else: [] }],
    { least: 0, most: 2, expected: null },
  ],
  [
    'a choice is known on average',
    [
      {
        kind: 'choose',
        path,
        options: [
          { weight: 3, steps: [get] },
          { weight: 1, steps: two },
          { weight: 0, steps: [] },
        ],
      },
    ],
    { least: 1, most: 2, expected: 1.25 },
  ],
  ['a poll asks at least once', [poll(30)], { least: 1, most: 30, expected: null }],
  ['a group is what it holds', [{ kind: 'group', path, name: 'g', steps: [poll(1), get] }], exactly(2)],
]

for (const [title, steps, count] of cases) {
  test(`requests of a pass: ${title}`, (t) => {
    t.deepEqual(requestCount(steps), count)
  })
}

const login = scenario({ onStart: [httpGet('/login')], steps: two })
const planned = (overrides: Partial<LoadTest>) => {
  const run = loadTest(overrides)
  return plannedRequests(run, planRun(run, 1))
}

test('each arrival is a new user, who starts first', (t) => {
  t.deepEqual(planned({ scenarios: [login], load: [constantPhase(10, 1000)] }), exactly(30))
})

test('a user of a closed phase starts once', (t) => {
  const load = [closedPhase({ users: { from: 5, to: 5, overMs: 0 }, iterations: 20 })]
  t.deepEqual(planned({ scenarios: [login], load }), exactly(45))
})

test('without a number of iterations the target decides', (t) => {
  t.deepEqual(planned({ load: [closedPhase()] }), { least: 0, most: null, expected: null })
})

test('a pace bounds what users can do', (t) => {
  const load = [closedPhase({ users: { from: 0, to: 4, overMs: 1000 }, paceMs: 10_000, durationMs: 60_000 })]
  t.deepEqual(planned({ load }), { least: 0, most: 24, expected: null })
})

test('a mix is known on average, and bounded by its shortest and its longest scenario', (t) => {
  const scenarios = [scenario({ steps: [get] }), scenario({ name: 'b', weight: 3, steps: two })]
  t.deepEqual(planned({ scenarios, load: [constantPhase(10, 1000)] }), { least: 10, most: 20, expected: 18 })
})
