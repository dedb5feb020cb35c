import { lagBounds, responseBounds } from '../../core/telemetry/bounded-counts.ts'
import { busMetrics } from '../../core/telemetry/bus-metrics.ts'
import { controllerMetrics } from '../../core/telemetry/controller-metrics.ts'
import { logEvents } from '../../core/telemetry/log-event.ts'
import type { Metric } from '../../core/telemetry/metric.ts'
import { mostStepLabels } from '../../core/telemetry/series-labels.ts'
import { workerMetrics } from '../../core/telemetry/worker-metrics.ts'
import { type PageSection, pageText } from './markdown-page.ts'

export const observingReferencePath = 'docs/reference/observing.md'

/** Every metric and every event of a log, made from the definitions that are served and written. */
export function observingReferenceFiles(): ReadonlyMap<string, string> {
  return new Map([[observingReferencePath, observingReference()]])
}

function observingReference(): string {
  return pageText({
    title: 'Reference of metrics and logs',
    lead: [
      'Made from the code by `npm run generate`; do not edit. How to use them: [observe.md](../guide/observe.md).',
    ],
    sections: [
      metricSection('Metrics of a worker', workerMetrics, [
        '`breakwater worker --metrics`. Every line carries the label `worker`. Series with a `run` are of the run at hand or of the one before.',
        `Steps are told apart up to ${mostStepLabels} of them; beyond that those of a scenario are added up, and \`step\` is empty.`,
        `Upper bounds of \`response\` and \`service\`, s: ${list(responseBounds.seconds)}. Of the lags: ${list(lagBounds.seconds)}.`,
      ]),
      metricSection('Metrics of the controlling process', controllerMetrics, [
        '`breakwater run --metrics`. Figures are of the whole cluster, as far as they have arrived.',
      ]),
      metricSection('Metrics of both', busMetrics, [
        'Besides there are those that every program on Node has, of its main thread: `process_…` and `nodejs_…`.',
      ]),
      {
        title: 'Events of a log',
        level: 2,
        body: ['The field `event` of a line with `--log-format json`.'],
        tables: [
          {
            title: '',
            heads: ['Event', 'Means'],
            rows: Object.entries(logEvents).map(([event, meaning]) => [`\`${event}\``, meaning]),
          },
        ],
      },
    ],
  })
}

function metricSection(
  title: string,
  metrics: Readonly<Record<string, Metric>>,
  body: readonly string[],
): PageSection {
  const rows = Object.values(metrics).map(({ name, type, labels, help }) => [
    `\`${name}\``,
    type,
    labels.map((label) => `\`${label}\``).join(', '),
    help,
  ])
  return { title, level: 2, body, tables: [{ title: '', heads: ['Metric', 'Type', 'Labels', 'Help'], rows }] }
}

function list(values: readonly number[]): string {
  return values.join(', ')
}
