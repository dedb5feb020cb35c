import test from 'ava'
import fc from 'fast-check'
import { peakOfAll, peaksOver } from '../../../../core/plan/peak-rate.ts'
import { loadCurve } from '../../../../core/plan/plan-document.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import { anyOpenPhase } from '../../../kit/arbitrary-phase.ts'
import { loadTest } from '../../../kit/load-test.ts'
import { constantPhase, sinePhase } from '../../../kit/phases.ts'
import { shopLoad } from '../../../kit/shop-load.ts'

test('the highest rate of a part is between its average and the highest of all', (t) => {
  fc.assert(
    fc.property(
      fc.array(anyOpenPhase, { minLength: 1, maxLength: 4 }),
      fc.integer({ min: 1, max: 80 }),
      (phases, steps) => {
        const run = loadTest({ load: phases.map((phase, index) => ({ ...phase, name: `p${index}` })) })
        const plan = planRun(run, 1)
        fc.pre(plan.endAt > 0)
        const peaks = peaksOver(run, plan.phases, plan.endAt, steps)
        // A rate that holds for no time at all is never reached.
        t.true(Math.max(...peaks) <= peakOfAll(run, plan.phases) * (1 + 1e-9))
        const { rates } = loadCurve(run, plan, steps)
        // Sine phases are looked at 64 times a period, which misses 0.13 % of their amplitude.
        for (const [index, rate] of rates.entries()) t.true((peaks[index] ?? 0) >= rate - 1, `${index}`)
      },
    ),
  )
})

test('a part before a jump does not see what comes behind it', (t) => {
  const run = loadTest({
    load: [constantPhase(1, 1000, { name: 'a' }), constantPhase(9, 1000, { name: 'b' })],
  })
  t.deepEqual(peaksOver(run, planRun(run, 1).phases, 2_000_000, 4), [1, 1, 9, 9])
})

test('phases side by side add up', (t) => {
  const load = [constantPhase(1, 2000, { name: 'a' }), constantPhase(9, 1000, { name: 'b', atMs: 500 })]
  const run = loadTest({ load })
  t.deepEqual(peaksOver(run, planRun(run, 1).phases, 2_000_000, 4), [1, 10, 10, 1])
})

test('the peak of a plan is on the curve that is drawn', (t) => {
  const plan = planRun(shopLoad, 1)
  t.is(Math.max(...peaksOver(shopLoad, plan.phases, plan.endAt, 60)), 3000)
})

test('a wave that swings a thousand times has its crest in every part', (t) => {
  const run = loadTest({ load: [sinePhase({ mean: 10, amplitude: 5, periodMs: 1000 }, 1_000_000)] })
  for (const peak of peaksOver(run, planRun(run, 1).phases, 1_000_000_000, 60)) t.true(peak > 14.9, `${peak}`)
})
