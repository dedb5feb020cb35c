import test from 'ava'
import fc from 'fast-check'
import { RegionalMerge } from '../../../bench/cluster/regional-merge.ts'
import { createMerge, type MergedMetrics } from '../../../core/measure/merge.ts'
import { seriesTable } from '../../../core/measure/series.ts'
import type { Snapshot } from '../../../core/measure/snapshot.ts'
import { decodeSnapshot, encodeSnapshot } from '../../../proto/codec.ts'
import { httpGet, loadTest, scenario } from '../../kit/load-test.ts'
import { arbitrarySample, requestCounts, snapshotsOf } from '../../kit/measured.ts'

const table = seriesTable(loadTest({ scenarios: [scenario({ steps: [httpGet('/'), httpGet('/item')] })] }))
const all = [0, 1, 2]
const seconds = 5

const workload = fc.array(arbitrarySample(3, seconds), { maxLength: 60 })

/** Over the wire, as everything comes. */
function sent(snapshot: Snapshot): Snapshot {
  return decodeSnapshot(encodeSnapshot(snapshot))
}

function measured(metrics: MergedMetrics): string {
  return JSON.stringify(
    {
      totals: all.map((id) => metrics.totals([id]).toDelta(id)),
      windows: [...Array(seconds).keys()].map((at) => metrics.window(all, at, at + 1).toDelta(0)),
      lags: [metrics.lags([0]).sendLag.toSparse(), metrics.lags([0]).pacerLag.toSparse()],
      failures: metrics.failures,
      proven: metrics.workers.every(({ proof }) => proof.state === 'proven'),
      missing: metrics.snapshots.missing,
    },
    (_, value) => {
      if (value instanceof Uint8Array) return [...value].join()
      if (value === null || typeof value !== 'object' || Array.isArray(value)) return value
      return Object.fromEntries(Object.entries(value).sort())
    },
  )
}

test('workers merged by regions, and regions merged, are the workers merged at once: in any grouping, order and repetition', (t) => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(workload, fc.nat(2)), { minLength: 1, maxLength: 6 }),
      fc.array(fc.tuple(fc.nat(), fc.boolean(), fc.boolean()), { maxLength: 60 }),
      (workers, choices) => {
        const flat = createMerge(table)
        const top = createMerge(table)
        const regions = [0, 1, 2].map(
          (number) =>
            new RegionalMerge(
              table,
              `region-${number}`,
              workers.filter(([, region]) => region === number).length,
            ),
        )
        const outboxes = workers.map(([samples, region], at) => ({
          region: regions[region] as RegionalMerge,
          snapshots: snapshotsOf(table, `i${at}`, samples).map((one) => ({
            ...one,
            requests: [requestCounts({ sent: one.sequence })],
          })),
        }))
        const pass = (region: RegionalMerge) => {
          for (const one of region.take('run1', 1)) t.true(top.add(sent(one)))
        }
        const deliver = (of: number, isRepeated: boolean) => {
          const outbox = outboxes[of % outboxes.length] as (typeof outboxes)[number]
          const [next] = outbox.snapshots
          if (next === undefined) return
          t.true(flat.add(sent(next)))
          t.true(outbox.region.add(sent(next)))
          if (isRepeated) t.false(outbox.region.add(sent(next)))
          outbox.snapshots.shift()
        }
        for (const [of, isRepeated, isPassed] of choices) {
          deliver(of, isRepeated)
          if (isPassed) pass((outboxes[of % outboxes.length] as (typeof outboxes)[number]).region)
        }
        for (const at of outboxes.keys()) while (outboxes[at]?.snapshots.length) deliver(at, false)
        for (const region of regions) pass(region)
        t.is(measured(top.metrics), measured(flat.metrics))
        const sum = (metrics: MergedMetrics) =>
          metrics.workers.flatMap(({ requests }) => requests).reduce((total, one) => total + one.sent, 0)
        t.is(sum(top.metrics), sum(flat.metrics))
      },
    ),
    { numRuns: 60 },
  )
})
