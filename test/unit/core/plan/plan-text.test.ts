import test from 'ava'
import { planDocument } from '../../../../core/plan/plan-document.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import { planText } from '../../../../core/plan/plan-text.ts'
import type { OpenPhase } from '../../../../core/spec/load-test.ts'
import { roster } from '../../../kit/arbitrary-roster.ts'
import { matchesGolden } from '../../../kit/golden.ts'
import { loadTest } from '../../../kit/load-test.ts'
import { type Corner, closedPhase, openPhase, sinePhase } from '../../../kit/phases.ts'

const shop = loadTest({
  load: [
    shaped(
      'constant',
      'warmup',
      [
        [0, 50],
        [10_000, 50],
      ],
      { record: false },
    ),
    shaped('ramp', 'ramp', [
      [0, 50],
      [60_000, 500],
    ]),
    shaped('spike', 'spike', [
      [0, 100],
      [5000, 3000],
      [25_000, 3000],
      [30_000, 100],
    ]),
    sinePhase({ mean: 300, amplitude: 200, periodMs: 60_000 }, 120_000, { name: 'day', arrivals: 'poisson' }),
    closedPhase({
      name: 'pay',
      atMs: 60_000,
      paceMs: 30_000,
      users: { from: 0, to: 20, overMs: 30_000 },
      durationMs: 90_000,
    }),
  ],
})

test('a plan for three workers reads well', async (t) => {
  await matchesGolden(t, 'plan/three-workers.txt', planText(shop, planRun(shop, 1), roster(3)))
})

test('a plan for twelve workers shows how far the shards are apart', async (t) => {
  await matchesGolden(t, 'plan/twelve-workers.txt', planText(shop, planRun(shop, 1), roster(12)))
})

test('a plan for one worker has no shards', async (t) => {
  const smoke = loadTest({
    load: [closedPhase({ name: 'smoke', users: { from: 1, to: 1, overMs: 0 }, iterations: 10 })],
  })
  await matchesGolden(t, 'plan/one-worker.txt', planText(smoke, planRun(smoke, 1), roster(1)))
})

test('the same LoadTest, seed and roster give the same document, byte for byte', (t) => {
  const once = JSON.stringify(planDocument(shop, planRun(shop, 1), roster(5)))
  const again = JSON.stringify(
    planDocument(structuredClone(shop), planRun(structuredClone(shop), 1), roster(5)),
  )
  t.is(again, once)
})

test("the shards of a document sum to its arrivals, and the curve's area to them too", (t) => {
  const document = planDocument(shop, planRun(shop, 1), [
    { worker: 'a', weight: 3, threads: 2 },
    { worker: 'b', weight: 2, threads: 1 },
  ])
  const open = document.phases.filter((phase) => phase.kind === 'open')
  for (const phase of open)
    t.is(
      phase.shards.reduce((sum, n) => sum + n, 0),
      phase.planned,
    )
  t.is(
    document.workers.reduce((sum, worker) => sum + worker.planned, 0),
    document.planned,
  )
  const expected = 500 + 16_500 + 75_500 + 36_000
  const area = document.curve.rates.reduce((sum, rate) => sum + (rate * document.curve.stepMs) / 1000, 0)
  t.true(Math.abs(area - expected) < 1e-6, `${area}`)
})

function shaped(
  label: Extract<OpenPhase['rate'], { kind: 'linear' }>['label'],
  name: string,
  corners: readonly Corner[],
  overrides: Partial<OpenPhase> = {},
): OpenPhase {
  const points = corners.map(([atMs, perSecond]) => ({ atMs, perSecond }))
  return openPhase(corners, { name, rate: { kind: 'linear', label, points }, ...overrides })
}
