import test from 'ava'
import { createMix } from '../../../../core/plan/mix.ts'
import { arrivalScenario } from '../../../../core/scenario/arrival-scenario.ts'
import { compileTest } from '../../../../core/scenario/compile.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

test('the scenario of an arrival is the one that a user’s scope draws first', (t) => {
  const shop = parsedTest({
    scenarios: [
      { name: 'browse', weight: 3, steps: [{ get: '/' }] },
      { name: 'buy', weight: 1, steps: [{ get: '/buy' }] },
      { name: 'idle', weight: 2, steps: [{ get: '/idle' }] },
    ],
    load: [
      { phase: 'first', rate: 10, duration: '1s' },
      { phase: 'second', rate: 10, duration: '1s', scenarios: { buy: 1, idle: 1 } },
    ],
  })
  const scope = compileTest(shop, {}, () => 0).createScope()
  for (const [phase, wish] of shop.load.entries()) {
    const scenarioOf = arrivalScenario(shop, 42, phase)
    const mix = createMix(shop, wish)
    const drawn = Array.from({ length: 300 }, (_, arrival) => {
      scope.begin(42, phase, arrival, 0, 0)
      return mix.choose(scope.random())
    })
    t.deepEqual(
      drawn.map((_, arrival) => scenarioOf(arrival)),
      drawn,
    )
    t.is(new Set(drawn).size, mix.shares.length)
  }
})
