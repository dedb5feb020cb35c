import test from 'ava'
import { clusterTest } from '../../../bench/cluster/cluster-load.ts'
import { differences, type SimulatedResult } from '../../../bench/cluster/exactness.ts'
import { addDraws, noDraws } from '../../../bench/cluster/reference.ts'
import { SimulatedMeasure } from '../../../bench/cluster/simulated-measure.ts'
import { snapshotOfSecond } from '../../../bench/cluster/simulated-snapshot.ts'
import { createMerge } from '../../../core/measure/merge.ts'
import { seriesTable } from '../../../core/measure/series.ts'

const wish = { workers: 3, seconds: 2 }
const table = seriesTable(clusterTest(wish.workers, wish.seconds))
const measures = [0, 1, 2].map((worker) => new SimulatedMeasure(table, worker))
const merge = createMerge(table)
for (const second of [0, 1]) {
  for (const [worker, measure] of measures.entries())
    merge.add(snapshotOfSecond('r', worker, second, measure))
}
const draws = noDraws(table)
for (const measure of measures) addDraws(draws, measure.draws)

function result(): SimulatedResult {
  const metric = (scope: string, step: string | null, series: readonly number[]) => {
    const sum = merge.metrics.totals(series)
    const ms = (p: number) => (sum.response.percentile(p) as number) / 1000
    const { count, failed: errors, bytesIn, bytesOut } = sum
    const responseMs = { p50: ms(50), p75: ms(75), p90: ms(90), p95: ms(95), p99: ms(99) }
    const far = { p999: ms(99.9), max: ms(100) }
    return {
      scope,
      phase: null,
      step,
      count,
      errors,
      bytesIn,
      bytesOut,
      responseMs: { ...responseMs, ...far },
    }
  }
  const steps = table.select(({ kind }) => kind === 'step')
  return {
    verdict: 'pass',
    ledger: { planned: 600, started: 600, lost: 0, balanced: true },
    requests: { sent: 11_400, ok: 0, failed: 0 },
    metrics: [
      metric('total', null, steps),
      metric(
        'iteration',
        null,
        table.select(({ kind }) => kind === 'iteration'),
      ),
      ...steps.map((id) => metric('step', table.keys[id]?.name ?? '', [id])),
    ],
    workers: [0, 1, 2].map(() => ({ state: 'drained', snapshots: 2 })),
    epochs: [{}],
    merge: { expected: 6, received: 6, duplicates: 0, missing: 0 },
  }
}

test('a result of what simulated workers made up is exact', (t) => {
  t.deepEqual(differences(table, draws, wish, result()), [])
})

test('a result that lacks one sample, or has a percentile a bucket off, is not', (t) => {
  const { metrics, ...rest } = result()
  const [total, ...others] = metrics as [SimulatedResult['metrics'][number], ...SimulatedResult['metrics']]
  const fewer = { ...rest, metrics: [{ ...total, count: total.count - 1 }, ...others] }
  t.deepEqual(differences(table, draws, wish, fewer), ['count of total is 11399, and should be 11400'])
  const p99 = (total.responseMs.p99 ?? 0) + 0.512
  const off = { ...rest, metrics: [{ ...total, responseMs: { ...total.responseMs, p99 } }, ...others] }
  t.regex(differences(table, draws, wish, off).join(), /^p99 of total is [\d.]+, and should be [\d.]+$/)
  t.regex(
    differences(table, draws, wish, {
      ...result(),
      merge: { ...rest.merge, received: 5, missing: 1 },
    }).join(),
    /merge.received is 5, and should be 6,merge.missing is 1/,
  )
})
