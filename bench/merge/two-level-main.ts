import { createMerge, type MergedMetrics } from '../../core/measure/merge.ts'
import { seriesTable } from '../../core/measure/series.ts'
import { decodeSnapshot, encodeSnapshot } from '../../proto/codec.ts'
import { clusterTest } from '../cluster/cluster-load.ts'
import { RegionalMerge } from '../cluster/regional-merge.ts'
import { SimulatedMeasure } from '../cluster/simulated-measure.ts'
import { snapshotOfSecond } from '../cluster/simulated-snapshot.ts'
import type { TwoLevelFigures } from './merge-bench.ts'

/** Merges the snapshots of so many workers in so many regions, and the regions' snapshots; and all at once. Prints what that took; throws unless both are the same. */
const [regions = 1, workers = 1, seconds = 1] = process.argv.slice(2).map(Number)
const table = seriesTable(clusterTest(regions * workers, seconds))
const flat = createMerge(table)
const top = createMerge(table)
const spent = { region: 0, top: 0, flat: 0 }
let upward = 0
let upwardBytes = 0
let downwardBytes = 0

const cluster = Array.from({ length: regions }, (_, region) => ({
  merge: new RegionalMerge(table, `region-${region}`, workers),
  measures: Array.from({ length: workers }, (_, n) => new SimulatedMeasure(table, region * workers + n)),
}))
for (let second = 0; second < seconds; second++) {
  for (const [region, { merge, measures }] of cluster.entries()) {
    const payloads = measures.map((measure, n) => {
      const snapshot = snapshotOfSecond('bench', region * workers + n, second, measure)
      if (second < seconds - 1) return encodeSnapshot(snapshot)
      return encodeSnapshot({ ...snapshot, final: true, totals: [measure.totals(seconds)] })
    })
    downwardBytes += payloads.reduce((sum, { length }) => sum + length, 0)
    const told = timed('region', () => {
      for (const payload of payloads) merge.add(decodeSnapshot(payload))
      return merge.take('bench', 1).map(encodeSnapshot)
    })
    timed('top', () => {
      for (const payload of told) top.add(decodeSnapshot(payload))
    })
    timed('flat', () => {
      for (const payload of payloads) flat.add(decodeSnapshot(payload))
    })
    upward += told.length
    upwardBytes += told.reduce((sum, { length }) => sum + length, 0)
  }
}
if (everything(top.metrics) !== everything(flat.metrics))
  throw new Error('what was merged in two levels is not what was merged in one')

const snapshots = regions * workers * seconds
const figures: TwoLevelFigures = {
  ...{ regions, workers, seconds },
  regionMicros: (1e6 * spent.region) / snapshots,
  topMicros: (1e6 * spent.top) / (regions * seconds),
  flatMicros: (1e6 * spent.flat) / snapshots,
  workerBytes: downwardBytes / snapshots,
  regionBytes: upwardBytes / (regions * seconds),
  regionSnapshots: upward / (regions * seconds),
}
process.stdout.write(JSON.stringify(figures))

/** Bit for bit: each series over the run and in each second, and the lags. */
function everything(metrics: MergedMetrics): string {
  const { keys } = table
  const text = (value: unknown) =>
    JSON.stringify(value, (_, v) => (v instanceof Uint8Array ? Buffer.from(v).toString('base64') : v))
  return [
    ...keys.map(({ id }) => text(metrics.totals([id]).toDelta(id))),
    ...keys.flatMap(({ id }) =>
      Array.from({ length: seconds }, (_, second) =>
        text(metrics.window([id], second, second + 1).toDelta(id)),
      ),
    ),
    text(metrics.lags([0]).sendLag.toSparse()),
    text(metrics.workers.every(({ proof }) => proof.state === 'proven')),
  ].join('\n')
}

function timed<T>(what: keyof typeof spent, work: () => T): T {
  const before = process.cpuUsage()
  const done = work()
  const { user, system } = process.cpuUsage(before)
  spent[what] += (user + system) / 1e6
  return done
}
