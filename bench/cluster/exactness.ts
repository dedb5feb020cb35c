import type { SeriesTable } from '../../core/measure/series.ts'
import { bytesInPerBatch, bytesOutPerBatch, samplesPerBatch } from './measured-batch.ts'
import { type Draws, referenceOf, stepsOf } from './reference.ts'

/** What of a result.json is looked at. */
export interface SimulatedResult {
  readonly verdict: string
  readonly ledger: {
    readonly planned: number
    readonly started: number
    readonly lost: number
    readonly balanced: boolean
  }
  readonly requests: { readonly sent: number; readonly ok: number; readonly failed: number }
  readonly metrics: readonly {
    readonly scope: string
    readonly phase: string | null
    readonly step: string | null
    readonly count: number
    readonly errors: number
    readonly bytesIn: number
    readonly bytesOut: number
    readonly responseMs: Readonly<Record<string, number | null>>
  }[]
  readonly workers: readonly { readonly state: string; readonly snapshots: number }[]
  readonly epochs: readonly unknown[]
  readonly merge: {
    readonly expected: number
    readonly received: number
    readonly duplicates: number
    readonly missing: number
  }
}

const percentiles = { p50: 50, p75: 75, p90: 90, p95: 95, p99: 99, p999: 99.9, max: 100 }

/** How a result is not what was made up: a sentence each. None: it is exact and complete. */
export function differences(
  table: SeriesTable,
  draws: Draws,
  { workers, seconds }: { readonly workers: number; readonly seconds: number },
  result: SimulatedResult,
): readonly string[] {
  const wrong: string[] = []
  const expect = (what: string, is: unknown, should: unknown) => {
    if (is !== should) wrong.push(`${what} is ${is}, and should be ${should}`)
  }
  const iterations = workers * seconds * samplesPerBatch
  const steps = stepsOf(table)
  expect('verdict', result.verdict, 'pass')
  expect('ledger.planned', result.ledger.planned, iterations)
  expect('ledger.started', result.ledger.started, iterations)
  expect('ledger.balanced', result.ledger.balanced, true)
  expect('requests.sent', result.requests.sent, iterations * steps.length)
  expect('merge.received', result.merge.received, workers * seconds)
  expect('merge.expected', result.merge.expected, workers * seconds)
  expect('merge.missing', result.merge.missing, 0)
  expect('workers that drained', result.workers.filter(({ state }) => state === 'drained').length, workers)
  expect('epochs', result.epochs.length, 1)
  for (const metric of result.metrics) {
    const series = seriesOf(table, metric, steps)
    const reference = referenceOf(draws, series)
    const of = `${metric.scope} ${metric.step ?? ''}`.trim()
    expect(`count of ${of}`, metric.count, reference.totalCount)
    const failed = series.reduce((sum, id) => sum + failedOf(draws, id), 0)
    expect(`errors of ${of}`, metric.errors, failed)
    const batches = series.length * workers * seconds
    if (metric.scope !== 'iteration') {
      expect(`bytesIn of ${of}`, metric.bytesIn, batches * bytesInPerBatch)
      expect(`bytesOut of ${of}`, metric.bytesOut, batches * bytesOutPerBatch)
    }
    for (const [key, p] of Object.entries(percentiles))
      expect(`${key} of ${of}`, metric.responseMs[key], reference.getValueAtPercentile(p) / 1000)
  }
  return wrong
}

function seriesOf(
  table: SeriesTable,
  { scope, step }: SimulatedResult['metrics'][number],
  steps: readonly number[],
): readonly number[] {
  if (scope === 'iteration') return table.select(({ kind }) => kind === 'iteration')
  return step === null ? steps : table.select(({ kind, name }) => kind === 'step' && name === step)
}

/** In every eighth batch a request has failed. */
function failedOf(draws: Draws, series: number): number {
  return (draws[series] ?? []).reduce((sum, times, number) => sum + (number % 8 === 0 ? times : 0), 0)
}
