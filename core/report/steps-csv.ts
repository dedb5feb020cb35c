import { csvLine } from './csv.ts'
import type { Distribution, MetricRow, ResultDocument } from './result.ts'

const distributions = [
  ['response', 'responseMs'],
  ['response_ok', 'responseOkMs'],
  ['service', 'serviceMs'],
] as const satisfies readonly (readonly [string, keyof MetricRow])[]

const percentiles = [
  'mean',
  'min',
  'p50',
  'p75',
  'p90',
  'p95',
  'p99',
  'p999',
  'max',
] as const satisfies readonly (keyof Distribution)[]

const head = [
  'scope',
  'loop',
  'phase',
  'scenario',
  'step',
  'group',
  'count',
  'rate_per_s',
  'errors',
  'error_rate',
  'checks_passed',
  'checks_failed',
  'bytes_in',
  'bytes_out',
  ...distributions.flatMap(([name]) => percentiles.map((percentile) => `${name}_${percentile}_ms`)),
]

/** `steps.csv`: the metrics of the result, a line each, in its order. */
export function stepsCsv({ metrics }: ResultDocument): string {
  return [head, ...metrics.map(cellsOf)].map(csvLine).join('')
}

function cellsOf(row: MetricRow): readonly (string | number | null)[] {
  return [
    row.scope,
    row.loop,
    row.phase,
    row.scenario,
    row.step,
    row.group,
    row.count,
    row.rate,
    row.errors,
    row.errorRate,
    row.checks.passed,
    row.checks.failed,
    row.bytesIn,
    row.bytesOut,
    ...distributions.flatMap(([, key]) => percentiles.map((percentile) => row[key][percentile])),
  ]
}
