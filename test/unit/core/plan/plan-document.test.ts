import test from 'ava'
import { planDocument } from '../../../../core/plan/plan-document.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import { roster } from '../../../kit/arbitrary-roster.ts'
import { planFacts as facts, shopLoad as shop } from '../../../kit/shop-load.ts'

test('the same LoadTest, seed and roster give the same document, byte for byte', (t) => {
  const once = JSON.stringify(planDocument(shop, planRun(shop, 1), roster(5), facts))
  const again = JSON.stringify(
    planDocument(structuredClone(shop), planRun(structuredClone(shop), 1), roster(5), facts),
  )
  t.is(again, once)
})

test("the shards of a document sum to its arrivals, and the curve's area to them too", (t) => {
  const document = planDocument(
    shop,
    planRun(shop, 1),
    [
      { worker: 'a', weight: 3, threads: 2 },
      { worker: 'b', weight: 2, threads: 1 },
    ],
    facts,
  )
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
