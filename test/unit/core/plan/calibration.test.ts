import test from 'ava'
import fc from 'fast-check'
import {
  highestOnTime,
  localWorkers,
  peakRequestRate,
  type RateLevel,
  workersFor,
} from '../../../../core/plan/calibration.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import { planWarnings } from '../../../../core/plan/warnings.ts'
import type { LoadTest } from '../../../../core/spec/load-test.ts'
import { roster } from '../../../kit/arbitrary-roster.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'

const level = (perSecond: number, ...pacerLagMs: (number | null)[]): RateLevel => ({ perSecond, pacerLagMs })
const machine = { closedPerSecond: 10_000, openPerSecond: 8000, cores: 4 }

const onTime: readonly (readonly [title: string, levels: readonly RateLevel[], highest: number | null])[] = [
  ['the last one where all are', [level(1, 1, 2), level(2, 1, 5)], 2],
  [
    'the last before it comes late for good',
    [level(1, 1, 1), level(2, 4, 3), level(3, 9, 80), level(4, 300, 500)],
    2,
  ],
  ['one late second is a pause of the machine', [level(1, 1, 1), level(2, 60, 2), level(3, 9, 80)], 2],
  [
    'what is kept at a higher rate was not too much at a lower one',
    [level(1, 1, 1), level(2, 60, 70), level(3, 2, 2)],
    3,
  ],
  ['a level that was not reached is not kept', [level(1, 1, 1), level(2, null, null)], 1],
  ['none where the lowest is late', [level(1, 6, 7), level(2, 8, 9)], null],
]

for (const [title, levels, highest] of onTime) {
  test(`the highest rate on time: ${title}`, (t) => {
    t.is(highestOnTime(levels)?.perSecond ?? null, highest)
  })
}

const twoRequests = { scenarios: [scenario({ steps: [httpGet('/a'), httpGet('/b')] })] }

const peaks: readonly (readonly [title: string, overrides: Partial<LoadTest>, peak: number])[] = [
  ['each request of an iteration counts', { ...twoRequests, load: [constantPhase(100, 1000)] }, 200],
  [
    'phases one after the other are not added up',
    { load: [constantPhase(100, 1000), constantPhase(300, 1000)] },
    300,
  ],
  [
    'phases side by side are',
    { load: [constantPhase(100, 1000, { atMs: 0 }), constantPhase(300, 1000, { atMs: 0 })] },
    400,
  ],
  ['a closed loop asks for no rate', { load: [closedPhase()] }, 0],
]

for (const [title, overrides, peak] of peaks) {
  test(`the peak rate of requests: ${title}`, (t) => {
    const run = loadTest(overrides)
    t.is(peakRequestRate(run, planRun(run, 1)), peak)
  })
}

test('workers for a rate keep a fifth in hand, are never more than cores, and never fewer for more', (t) => {
  t.is(workersFor(6400, machine), 1)
  t.is(workersFor(6401, machine), 2)
  t.is(workersFor(0, machine), 1)
  t.is(workersFor(1e9, machine), 4)
  fc.assert(
    fc.property(fc.nat(100_000), fc.nat(100_000), (a, b) => {
      return workersFor(Math.min(a, b), machine) <= workersFor(Math.max(a, b), machine)
    }),
  )
})

test('count: auto is what the calibration says; a number stays, and without a calibration it is one', (t) => {
  const workers = (count: number | 'auto' | null) => {
    const run = loadTest({ workers: { ...loadTest().workers, count }, load: [constantPhase(20_000, 1000)] })
    return [machine, null].map((calibration) => localWorkers(run, planRun(run, 1), calibration))
  }
  t.deepEqual(workers('auto'), [4, 1])
  t.deepEqual(workers(2), [2, 2])
  t.deepEqual(workers(null), [1, 1])
})

test('a plan warns of a peak above the calibration, and of auto without one', (t) => {
  const warningsOf = (
    perSecond: number,
    calibration: typeof machine | null,
    overrides: Partial<LoadTest> = {},
  ) => {
    const run = loadTest({ load: [constantPhase(perSecond, 1000)], ...overrides })
    const facts = { rows: [], openFiles: null, localPorts: null, calibration }
    return planWarnings(run, planRun(run, 1), roster(2), facts).filter(({ code }) => /calibrat/.test(code))
  }
  const threads = (count: number | null) => ({ workers: { ...loadTest().workers, threads: count } })
  // Four cores for two workers: two threads each.
  t.deepEqual(warningsOf(32_000, machine, threads(null)), [])
  const [beyond] = warningsOf(32_001, machine, threads(null))
  t.is(beyond?.code, 'beyond-calibration')
  t.regex(beyond?.message ?? '', /32,001 requests per second .* 2 workers with 2 threads .*: 32,000\/s\./)
  t.regex(beyond?.hint ?? '', /Use 3 such workers/)
  t.is(warningsOf(16_001, machine, threads(1)).length, 1)
  t.deepEqual(warningsOf(1e6, null), [])
  const auto = { workers: { ...loadTest().workers, count: 'auto' as const } }
  t.is(warningsOf(1, null, auto)[0]?.code, 'not-calibrated')
  t.deepEqual(warningsOf(1, machine, auto), [])
})
