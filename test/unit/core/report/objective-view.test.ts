import test from 'ava'
import { objectiveView, percentileLimits } from '../../../../core/report/objective-view.ts'
import type { ObjectiveResult } from '../../../../core/report/result.ts'
import { objective } from '../../../kit/report-sample.ts'

const distances: readonly (readonly [actual: number | null, limit: number, distance: string])[] = [
  [null, 400, ''],
  [400, 400, 'at the limit'],
  [0, 0.01, 'at zero'],
  [212, 400, '47 % below the limit'],
  [399.9, 400, 'just below the limit'],
  [412, 400, '3 % above the limit'],
  [700, 400, '75 % above the limit'],
  [1000, 400, '2.5 × the limit'],
  [10_003, 400, '25 × the limit'],
  [3, 0, '3 ms above the limit'],
]

for (const [actual, limit, distance] of distances) {
  test(`${actual} ms of ${limit} ms is ${distance || 'no distance'}`, (t) => {
    t.is(objectiveView(objective({ actual, limit })).distance, distance)
  })
}

test('an actual is written with as many digits as tell it from its limit', (t) => {
  t.is(objectiveView(objective({ actual: 0.00498339, limit: 0.005, unit: 'ratio' })).actual, '0.4983 %')
  t.is(objectiveView(objective({ actual: 400.04, limit: 400 })).actual, '400.04 ms')
  t.is(objectiveView(objective({ actual: 97.996, limit: 98, unit: '/s' })).actual, '97.996/s')
  t.is(objectiveView(objective({ actual: 400, limit: 400 })).actual, '400 ms')
})

test('best and worst case are shown where they differ', (t) => {
  t.is(objectiveView(objective({ best: 90, worst: 90 })).range, null)
  t.is(objectiveView(objective({ best: 90, worst: null })).range, null)
  t.is(objectiveView(objective({ best: 90, worst: 1200 })).range, '90 ms … 1.2 s')
})

test('charts draw the limits of percentiles over everything, and no others', (t) => {
  const of = (that: string, unit: ObjectiveResult['unit'] = 'ms') =>
    percentileLimits([objective({ that, unit, limit: 200 })]).map(({ percentile, ok }) => [percentile, ok])
  t.deepEqual(of('p95 < 200ms'), [[95, false]])
  t.deepEqual(of('p99.9(ok) <= 200ms'), [[99.9, true]])
  for (const that of ['p95(checkout) < 200ms', 'p95 > 200ms', 'mean < 200ms', 'iteration_p95 < 200ms']) {
    t.deepEqual(of(that), [], that)
  }
})
