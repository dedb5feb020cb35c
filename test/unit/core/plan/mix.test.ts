import test from 'ava'
import { createMix } from '../../../../core/plan/mix.ts'
import { scenarioOf } from '../../../kit/scenario.ts'

const scenarios = [
  scenarioOf([], { name: 'browse', weight: 3 }),
  scenarioOf([], { name: 'admin', weight: 0 }),
  scenarioOf([], { name: 'buy', weight: 1 }),
]

test("a phase without a mix chooses by the scenarios' weights", (t) => {
  const mix = createMix({ scenarios }, { mix: null })
  t.deepEqual(
    [0, 0.7499, 0.75, 1 - 2 ** -53].map((at) => mix.choose(at)),
    [0, 0, 2, 2],
  )
  t.deepEqual(mix.shares, [
    { scenario: 0, share: 0.75 },
    { scenario: 2, share: 0.25 },
  ])
})

test("a phase's mix replaces all weights", (t) => {
  const mix = createMix({ scenarios }, { mix: { admin: 2, buy: 2 } })
  t.deepEqual(
    [0, 0.49, 0.5, 0.99].map((at) => mix.choose(at)),
    [1, 1, 2, 2],
  )
})

test('weights that binary fractions cannot hold still choose the last one at the top', (t) => {
  const tenths = Array.from({ length: 10 }, (_, i) => scenarioOf([], { name: `s${i}`, weight: 0.1 }))
  const mix = createMix({ scenarios: tenths }, { mix: null })
  t.is(mix.choose(1 - 2 ** -53), 9)
  t.is(mix.choose(0.95), 9)
  t.is(mix.choose(0.05), 0)
})
