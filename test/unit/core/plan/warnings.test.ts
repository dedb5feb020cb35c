import test from 'ava'
import { connectionsPerWorker, planConnections } from '../../../../core/plan/connections.ts'
import { inFlightBound, meanThinkMs } from '../../../../core/plan/in-flight.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import type { PlanFacts } from '../../../../core/plan/plan-warning.ts'
import { samplesNeeded, windowSamplesNeeded } from '../../../../core/plan/samples.ts'
import { planWarnings } from '../../../../core/plan/warnings.ts'
import type { LoadTest, Objective, Target } from '../../../../core/spec/load-test.ts'
import { roster } from '../../../kit/arbitrary-roster.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'

const judged = { objectives: [p(50)] }
const twoSteps = [scenario({ steps: [httpGet('/a'), httpGet('/b', { timeoutMs: 1000 })] })]

const bounds: readonly (readonly [title: string, overrides: Partial<LoadTest>, bound: number])[] = [
  ['the rate times connect and request timeout', { load: [constantPhase(10, 1000)] }, 150],
  ['never more than 10,000', { load: [constantPhase(5000, 1000)] }, 10_000],
  ['at least one', { load: [closedPhase()] }, 1],
  ['as the LoadTest says', { limits: { ...loadTest().limits, inFlight: 77 } }, 77],
  ['each request with its own timeout', { scenarios: twoSteps, load: [constantPhase(10, 1000)] }, 210],
  [
    'with think time between the steps',
    {
      scenarios: [scenario({ think: { kind: 'constant', ms: 1000 }, steps: [httpGet('/a'), httpGet('/b')] })],
      load: [constantPhase(10, 1000)],
    },
    310,
  ],
  [
    "a think step stands in the scenario's place",
    {
      scenarios: [
        scenario({
          think: { kind: 'constant', ms: 1000 },
          steps: [
            httpGet('/a'),
            { kind: 'think', path: '', think: { kind: 'constant', ms: 4000 } },
            httpGet('/b'),
          ],
        }),
      ],
      load: [constantPhase(10, 1000)],
    },
    340,
  ],
  [
    'onStart included: open arrivals are new users',
    { scenarios: [scenario({ onStart: [httpGet('/login')] })], load: [constantPhase(10, 1000)] },
    300,
  ],
  [
    'scenarios by their weights',
    {
      scenarios: [scenario({ weight: 3 }), scenario({ name: 'long', steps: [httpGet('/a'), httpGet('/b')] })],
      load: [constantPhase(8, 1000)],
    },
    150,
  ],
  [
    'the sum of phases side by side, but not of those one after the other',
    {
      load: [
        constantPhase(10, 1000),
        constantPhase(20, 1000),
        constantPhase(5, 2000, { atMs: 0 }),
        constantPhase(1, 1000, { atMs: 5000 }),
      ],
    },
    375,
  ],
]

for (const [title, overrides, bound] of bounds) {
  test(`bound of iterations in flight: ${title}`, (t) => {
    const run = loadTest(overrides)
    t.is(inFlightBound(run, planRun(run, 1)), bound)
  })
}

test('mean think times', (t) => {
  t.is(meanThinkMs({ kind: 'range', fromMs: 200, toMs: 1000 }), 600)
  t.is(meanThinkMs({ kind: 'exponential', meanMs: 700 }), 700)
  // σ = ln 4 / 1.645 = 0.8428, e^(σ²/2) = 1.4265
  t.is(Math.round(meanThinkMs({ kind: 'lognormal', medianMs: 2000, p95Ms: 8000 })), 2853)
})

const connections: readonly (readonly [
  title: string,
  overrides: Partial<LoadTest>,
  workers: number,
  most: number | null,
])[] = [
  ['as many as may be in flight', { load: [constantPhase(10, 1000)] }, 2, 150],
  [
    'users divided among the workers',
    { load: [closedPhase({ users: { from: 5, to: 11, overMs: 1000 } })] },
    2,
    6,
  ],
  ['both', { load: [closedPhase(), constantPhase(10, 1000, { atMs: 0 })] }, 1, 160],
  [
    'no more than the LoadTest allows',
    { target: target({ max: 64 }), load: [constantPhase(10, 1000)] },
    1,
    64,
  ],
  ['one for each arrival', { target: target({ share: 'user' }), load: [constantPhase(10, 1000)] }, 1, null],
]

for (const [title, overrides, workers, most] of connections) {
  test(`connections per worker: ${title}`, (t) => {
    const run = loadTest(overrides)
    t.is(connectionsPerWorker(planConnections(run, planRun(run, 1), workers)), most)
  })
}

const cases: readonly (readonly [title: string, overrides: Partial<LoadTest>, codes: readonly string[]])[] = [
  ['nothing to say', judged, []],
  ['no objectives', {}, ['no-objectives']],
  [
    'nothing recorded',
    { ...judged, load: [constantPhase(100, 10_000, { record: false })] },
    ['nothing-recorded'],
  ],
  ['no arrivals', { ...judged, load: [constantPhase(100, 10_000), constantPhase(0, 1000)] }, ['empty-phase']],
  ['a gap', { ...judged, load: [constantPhase(100, 10_000, { atMs: 5000 })] }, ['idle-gap']],
  [
    'no gap where another phase fills it',
    { ...judged, load: [constantPhase(100, 10_000, { atMs: 5000 }), constantPhase(10, 6000)] },
    [],
  ],
  [
    'users without work',
    { ...judged, load: [constantPhase(100, 10_000), closedPhase({ iterations: 9 })] },
    ['idle-users'],
  ],
  ['a rate the bound would cap', { ...judged, load: [constantPhase(5000, 10_000)] }, ['in-flight-caps']],
  [
    'more connections than ports',
    { ...judged, load: [closedPhase({ users: { from: 90_000, to: 90_000, overMs: 0 } })] },
    ['ephemeral-ports'],
  ],
  [
    'a port for each arrival',
    {
      ...judged,
      target: target({ share: 'user' }),
      load: [constantPhase(4000, 1000)],
      limits: { ...loadTest().limits, inFlight: 1e6 },
    },
    ['ephemeral-ports'],
  ],
  ['p99.9 of 1,000 samples', { objectives: [p(99.9)] }, ['too-few-samples']],
  ['p99.9 of 3,000 samples', { objectives: [p(99.9)], load: [constantPhase(100, 30_000)] }, []],
  [
    'phases that are not recorded give no samples',
    { objectives: [p(99)], load: [constantPhase(10, 10_000), constantPhase(100, 10_000, { record: false })] },
    ['too-few-samples'],
  ],
  [
    'one phase alone',
    {
      objectives: [p(99, { phase: 'a' })],
      load: [constantPhase(10, 10_000, { name: 'a' }), constantPhase(100, 10_000)],
    },
    ['too-few-samples'],
  ],
  [
    'a rare scenario',
    {
      objectives: [p(99, { scenario: 'rare' })],
      scenarios: [scenario({ weight: 99 }), scenario({ name: 'rare' })],
    },
    ['too-few-samples'],
  ],
  ['users go as fast as the target lets them', { objectives: [p(99.9)], load: [closedPhase()] }, []],
  [
    'users with few iterations',
    { objectives: [p(99.9)], load: [closedPhase({ iterations: 100 })] },
    ['too-few-samples'],
  ],
  ['a window too short', { objectives: [{ ...p(99), overMs: 900 }] }, ['window-too-short']],
  ['a window just long enough', { objectives: [{ ...p(99), overMs: 1000 }] }, []],
  [
    'ten connections carry 2,000 requests per second only while answers take 5 ms',
    {
      ...judged,
      target: target({ max: 10 }),
      scenarios: [scenario({ steps: [httpGet('/a'), httpGet('/b')] })],
      load: [constantPhase(2000, 1000)],
      limits: { ...loadTest().limits, inFlight: 100_000 },
    },
    ['connections-cap'],
  ],
  [
    'a thousand connections carry ten requests per second whatever happens',
    { ...judged, target: target({ max: 1000 }), load: [constantPhase(10, 60_000)] },
    [],
  ],
  [
    'a day of 30 steps fills the memory of whoever leads it',
    {
      ...judged,
      scenarios: [
        scenario({ steps: Array.from({ length: 30 }, (_, n) => httpGet(`/${n}`, { name: `step ${n}` })) }),
      ],
      load: [constantPhase(1, 86_400_000)],
    },
    ['much-memory'],
  ],
  [
    'a day of 30 steps of one name does not',
    {
      ...judged,
      scenarios: [
        scenario({ steps: Array.from({ length: 30 }, (_, n) => httpGet(`/${n}`, { name: 'step' })) }),
      ],
      load: [constantPhase(1, 86_400_000)],
    },
    [],
  ],
]

const unknown: PlanFacts = { rows: [], openFiles: null, localPorts: null, calibration: null }

const machineCases: readonly (readonly [
  title: string,
  overrides: Partial<LoadTest>,
  facts: Partial<PlanFacts>,
  codes: readonly string[],
])[] = [
  [
    'a process that may have 1,024 files open cannot have 2,000 users',
    users(2000),
    { openFiles: 1024 },
    ['file-descriptors'],
  ],
  ['one that may have 4,096 can', users(2000), { openFiles: 4096 }, []],
  [
    'arrivals with a connection of their own are as many as may be in flight',
    { ...judged, target: target({ share: 'user' }), load: [constantPhase(100, 10_000)] },
    { openFiles: 1024 },
    ['file-descriptors'],
  ],
  [
    'a machine with few local ports has them used up sooner',
    users(2000),
    { localPorts: 500 },
    ['ephemeral-ports'],
  ],
  ['rows that are used up stop a phase', rows('stop'), { rows: [50] }, ['too-few-rows']],
  ['rows that are used up end a run', rows('error'), { rows: [50] }, ['too-few-rows']],
  ['rows that suffice are not worth a word', rows('stop'), { rows: [1000] }, []],
  ['rows that begin again are never used up', rows('recycle'), { rows: [50] }, []],
  ['rows that nobody reads are never used up', rows('stop'), { rows: [null] }, []],
]

for (const [title, overrides, facts, codes] of machineCases) {
  test(`warnings of a plan: ${title}`, (t) => {
    const run = loadTest(overrides)
    const warnings = planWarnings(run, planRun(run, 1), roster(2), { ...unknown, ...facts })
    t.deepEqual(
      warnings.map((warning) => warning.code),
      [...codes],
    )
  })
}

test('rows that are used up are told with the phase and the arrival', (t) => {
  const run = loadTest({
    ...rows('stop'),
    load: [constantPhase(10, 10_000, { name: 'first' }), constantPhase(10, 10_000, { name: 'second' })],
  })
  const [warning] = planWarnings(run, planRun(run, 1), roster(1), { ...unknown, rows: [130] })
  t.regex(
    warning?.message ?? '',
    /130 rows, .* after 30 of the 100 arrivals of phase second: the phase stops/,
  )
})

function users(count: number): Partial<LoadTest> {
  return { ...judged, load: [closedPhase({ users: { from: count, to: count, overMs: 0 } })] }
}

function rows(onEnd: 'stop' | 'recycle' | 'error'): Partial<LoadTest> {
  const source = { kind: 'csv', file: 'users.csv' } as const
  return { ...judged, data: { users: { source, columns: ['name'], pick: 'unique', onEnd } } }
}

for (const [title, overrides, codes] of cases) {
  test(`warnings of a plan: ${title}`, (t) => {
    const run = loadTest(overrides)
    const warnings = planWarnings(run, planRun(run, 1), roster(2), unknown)
    t.deepEqual(
      warnings.map((warning) => warning.code),
      [...codes],
    )
    for (const { message, hint } of warnings) {
      t.regex(message, /^["A-Z].*\.$/)
      t.regex(hint, /^[A-Z].*\.$/)
    }
  })
}

test('samples that percentiles need', (t) => {
  t.deepEqual([50, 90, 95, 99, 99.9].map(samplesNeeded), [5, 29, 59, 299, 2995])
  t.deepEqual([50, 90, 95, 99, 99.9].map(windowSamplesNeeded), [2, 10, 20, 100, 1000])
})

function p(percentile: number, selector: Partial<Objective['selector']> = {}): Objective {
  return {
    that: `p${percentile} < 1s`,
    metric: { kind: 'percentile', p: percentile, of: 'response' },
    selector: { ok: false, scenario: null, name: null, phase: null, ...selector },
    op: '<',
    limit: { unit: 'ms', value: 1000 },
    overMs: null,
    abort: false,
    afterMs: 0,
    afterGiven: false,
  }
}

function target(connections: Partial<Target['connections']>): Target {
  const { target: plain } = loadTest()
  return { ...plain, connections: { ...plain.connections, ...connections } }
}
