import test from 'ava'
import { busMetrics } from '../../../../core/telemetry/bus-metrics.ts'
import { controllerMetrics } from '../../../../core/telemetry/controller-metrics.ts'
import type { Metric } from '../../../../core/telemetry/metric.ts'
import { workerMetrics } from '../../../../core/telemetry/worker-metrics.ts'

const all: readonly Metric[] = [
  ...Object.values(workerMetrics),
  ...Object.values(controllerMetrics),
  ...Object.values(busMetrics),
]

test('no two metrics have one name', (t) => {
  t.is(new Set(all.map(({ name }) => name)).size, all.length)
})

for (const { name, type, help, labels } of all) {
  test(`${name} is named and told as Prometheus wants it`, (t) => {
    t.regex(name, /^breakwater_[a-z][a-z0-9_]*$/)
    t.is(name.endsWith('_total'), type === 'counter')
    t.notRegex(name, /_(ms|milliseconds|micros|percent|kb|mb)(_|$)/)
    t.regex(help, /^[A-Z0-9].*\.$/)
    for (const label of labels) t.regex(label, /^[a-z_]+$/)
    // Whatever has as many values as there are requests would fill a Prometheus.
    for (const unbounded of ['url', 'path', 'query', 'user', 'message', 'trace']) {
      t.false(labels.includes(unbounded))
    }
  })
}
