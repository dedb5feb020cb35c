import { collectDefaultMetrics, Registry } from 'prom-client'
import type { BoundedSum, Metric, Reading } from '../../core/telemetry/metric.ts'

/** The text that Prometheus scrapes. */
export interface MetricsPage {
  readonly contentType: string
  render(): Promise<string>
}

interface Value {
  readonly metricName?: string
  readonly labels: Readonly<Record<string, string>>
  readonly value: number
}

/** Gauges whose names end like those of counters: Prometheus' own lint refuses them. */
const misnamed = [
  'nodejs_active_handles_total',
  'nodejs_active_requests_total',
  'nodejs_active_resources_total',
]

/**
 * Metrics of Node's main thread, and what `read` gives: it is asked once for each page. `labels` stand on every line.
 * A metric without a value is on the page with its name and help alone.
 */
export function createMetricsPage(
  metrics: readonly Metric[],
  read: () => readonly Reading[],
  labels: Readonly<Record<string, string>>,
): MetricsPage {
  const registry = new Registry()
  registry.setDefaultLabels(labels)
  collectDefaultMetrics({ register: registry })
  for (const name of misnamed) registry.removeSingleMetric(name)
  let values = new Map<string, Value[]>()
  for (const { name, type, help } of metrics) {
    // prom-client's own counters and histograms are for counting; these are counted already.
    const get = async () => ({ name, help, type, values: values.get(name) ?? [], aggregator: 'sum' })
    registry.registerMetric({ name, get } as unknown as Parameters<Registry['registerMetric']>[0])
  }
  return {
    contentType: registry.contentType,
    async render() {
      values = valuesOf(read())
      return registry.metrics()
    },
  }
}

function valuesOf(readings: readonly Reading[]): Map<string, Value[]> {
  const values = new Map<string, Value[]>()
  for (const { metric, labels, value } of readings) {
    let own = values.get(metric.name)
    if (own === undefined) {
      own = []
      values.set(metric.name, own)
    }
    if (typeof value === 'number') own.push({ labels, value })
    else own.push(...histogramValues(metric.name, labels, value))
  }
  return values
}

function histogramValues(name: string, labels: Value['labels'], sum: BoundedSum): readonly Value[] {
  const bucket = (le: string, value: number): Value => ({
    metricName: `${name}_bucket`,
    labels: { ...labels, le },
    value,
  })
  return [
    ...sum.bounds.map((bound, place) => bucket(String(bound), sum.cumulative[place] ?? 0)),
    bucket('+Inf', sum.count),
    { metricName: `${name}_sum`, labels, value: sum.sum },
    { metricName: `${name}_count`, labels, value: sum.count },
  ]
}
