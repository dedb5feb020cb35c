import test from 'ava'
import { seriesLabel, seriesTable } from '../../../../core/measure/series.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { constantPhase } from '../../../kit/phases.ts'

const shop = loadTest({
  scenarios: [
    scenario({
      name: 'browse',
      onStart: [httpGet('/login')],
      steps: [httpGet('/a'), httpGet('/b'), httpGet('/a')],
    }),
    scenario({ name: 'pay', weight: 0, steps: [httpGet('/pay')] }),
  ],
  load: [
    constantPhase(1, 1_000, { name: 'warmup', record: false }),
    constantPhase(1, 1_000, { name: 'ramp' }),
    constantPhase(1, 1_000, { name: 'mixed', mix: { pay: 1 } }),
    constantPhase(1, 1_000, { name: 'proto', mix: { toString: 1 } }),
  ],
})

test('a series for each recorded phase, scenario of its mix, and step name', (t) => {
  const table = seriesTable(shop)
  t.deepEqual(
    table.keys.map((key) => seriesLabel(key, shop)),
    [
      'browse iteration @ramp',
      'browse/GET /login @ramp',
      'browse/GET /a @ramp',
      'browse/GET /b @ramp',
      'pay iteration @mixed',
      'pay/GET /pay @mixed',
    ],
  )
  t.true(table.keys.every((key, id) => key.id === id))
})

test('series are found by phase, scenario and name, and −1 stands for those that are not recorded', (t) => {
  const table = seriesTable(shop)
  t.is(table.stepSeries(1, 0, 'GET /a'), 2)
  t.is(table.iterationSeries(2, 1), 4)
  t.is(table.stepSeries(0, 0, 'GET /a'), -1)
  t.is(table.iterationSeries(1, 1), -1)
  t.is(table.groupSeries(1, 0, 'GET /a'), -1)
  t.deepEqual(
    table.select((key) => key.phase === 1 && key.kind === 'step'),
    [1, 2, 3],
  )
})
