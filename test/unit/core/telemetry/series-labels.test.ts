import test from 'ava'
import { seriesTable } from '../../../../core/measure/series.ts'
import { stepLabels } from '../../../../core/telemetry/series-labels.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

const load = ['ramp', 'steady'].map((phase) => ({ phase, rate: 10, duration: '1s' }))
const scenarios = ['browse', 'buy'].map((name) => ({
  name,
  steps: [
    { name: 'first', get: '/' },
    { name: 'second', get: '/' },
  ],
}))
const spec = parsedTest({ target: { url: 'http://127.0.0.1:9' }, scenarios, load })

function distinct(most: number) {
  const labels = [...stepLabels(seriesTable(spec), spec, most).values()]
  return [...new Set(labels.map(({ phase, scenario, step }) => `${phase}/${scenario}/${step}`))]
}

for (const [most, count, first] of [
  [8, 8, 'ramp/browse/first'],
  [7, 4, 'ramp/browse/'],
  [3, 2, 'ramp//'],
  [1, 1, '//'],
] as const) {
  test(`of eight steps, ${most} labels at most give ${count}`, (t) => {
    t.is(distinct(most).length, count)
    t.is(distinct(most)[0], first)
  })
}
