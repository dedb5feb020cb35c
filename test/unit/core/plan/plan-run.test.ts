import test from 'ava'
import fc from 'fast-check'
import { planRun } from '../../../../core/plan/plan-run.ts'
import { anyOpenPhase } from '../../../kit/arbitrary-phase.ts'
import { loadTest } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase, openPhase, sinePhase } from '../../../kit/phases.ts'

test('phases follow each other, save those that say when', (t) => {
  const plan = planRun(
    loadTest({
      load: [
        constantPhase(50, 10_000, { name: 'warmup', record: false }),
        constantPhase(20, 30_000, { name: 'beside', atMs: 5000 }),
        closedPhase({ name: 'users', durationMs: 20_000 }),
        constantPhase(100, 1500.5, { name: 'last' }),
      ],
    }),
    1,
  )
  t.deepEqual(
    plan.phases.map(({ name, startAt, endAt, recorded }) => [name, startAt, endAt, recorded]),
    [
      ['warmup', 0, 10_000_000, false],
      ['beside', 5_000_000, 35_000_000, true],
      ['users', 10_000_000, 30_000_000, true],
      ['last', 30_000_000, 31_500_500, true],
    ],
  )
  t.is(plan.endAt, 35_000_000)
})

test('rows of unique data go to open phases in their order, and to leases behind them', (t) => {
  const plan = planRun(
    loadTest({ load: [constantPhase(50, 10_000), closedPhase(), constantPhase(20, 10_000)] }),
    1,
  )
  t.deepEqual(
    plan.phases.map((phase) => [phase.planned, phase.firstRow]),
    [
      [500, 0],
      [0, 500],
      [200, 500],
    ],
  )
  t.is(plan.planned, 700)
  t.is(plan.leaseFrom, 700)
})

const peaks: readonly (readonly [title: string, load: Parameters<typeof loadTest>[0], peak: number])[] = [
  ['one after the other: the higher', { load: [constantPhase(50, 1000), constantPhase(80, 1000)] }, 80],
  ['side by side: the sum', { load: [constantPhase(50, 1000), constantPhase(80, 1000, { atMs: 500 })] }, 130],
  [
    'a ramp up beside a ramp down of twice its slope: where they begin',
    {
      load: [
        openPhase([
          [0, 0],
          [1000, 100],
        ]),
        openPhase(
          [
            [0, 200],
            [1000, 0],
          ],
          { atMs: 0 },
        ),
      ],
    },
    200,
  ],
  [
    'the rate before a jump down counts, with what runs beside it',
    {
      load: [
        openPhase([
          [0, 0],
          [500, 300],
          [500, 10],
          [1000, 10],
        ]),
        constantPhase(5, 1000, { atMs: 0 }),
      ],
    },
    305,
  ],
  [
    'phases that only touch do not add up',
    { load: [constantPhase(50, 1000, { atMs: 1000 }), constantPhase(80, 1000)] },
    80,
  ],
  ['a sine at its crest', { load: [sinePhase({ mean: 300, amplitude: 200, periodMs: 1000 }, 4000)] }, 500],
  [
    'a sine that ends before its crest',
    { load: [sinePhase({ mean: 300, amplitude: 200, periodMs: 12_000 }, 1000)] },
    400,
  ],
  [
    'a sine beside a constant',
    {
      load: [
        sinePhase({ mean: 300, amplitude: 200, periodMs: 1000 }, 4000),
        constantPhase(7, 10_000, { atMs: 0 }),
      ],
    },
    507,
  ],
  ['users have no rate', { load: [closedPhase()] }, 0],
]

for (const [title, load, peak] of peaks) {
  test(`peak rate, ${title}`, (t) => {
    t.is(planRun(loadTest(load), 1).peakRate, peak)
  })
}

test('most users at once are those that the ramp reaches', (t) => {
  const plan = planRun(
    loadTest({ load: [closedPhase({ durationMs: 5000, users: { from: 0, to: 100, overMs: 10_000 } })] }),
    1,
  )
  t.is(plan.phases[0]?.peakUsers, 49)
})

test('the same LoadTest and seed give the same plan, byte for byte', (t) => {
  fc.assert(
    fc.property(fc.array(anyOpenPhase, { minLength: 1, maxLength: 4 }), fc.nat(), (load, seed) => {
      const once = JSON.stringify(planRun(loadTest({ load }), seed))
      const copy = JSON.parse(JSON.stringify(loadTest({ load })))
      return JSON.stringify(planRun(copy, seed)) === once
    }),
    { numRuns: 100 },
  )
  t.pass()
})

test('another seed plans other Poisson arrivals', (t) => {
  const poisson = loadTest({ load: [constantPhase(100, 60_000, { arrivals: 'poisson' })] })
  t.not(planRun(poisson, 1).planned, planRun(poisson, 2).planned)
})
