import type hdr from 'hdr-histogram-js'
import { createMerge } from '../../core/measure/merge.ts'
import { seriesTable } from '../../core/measure/series.ts'
import { histogramKinds } from '../../core/measure/series-sum.ts'
import type { Snapshot, SparseCounts } from '../../core/measure/snapshot.ts'
import { Totals } from '../../core/measure/totals.ts'
import { decodeSnapshot, encodeSnapshot } from '../../proto/codec.ts'
import { clusterTest } from '../cluster/cluster-load.ts'
import { addDraws, newReference, noDraws, referenceOf, sameHistogram, stepsOf } from '../cluster/reference.ts'
import { SimulatedMeasure } from '../cluster/simulated-measure.ts'
import { snapshotOfSecond } from '../cluster/simulated-snapshot.ts'
import type { MergeRound } from './merge-bench.ts'

/** Decodes and merges the snapshots of so many workers and seconds, lets the reference add up the same histograms, and prints what each took. */
const [workers = 1, seconds = 1] = process.argv.slice(2).map(Number)
const table = seriesTable(clusterTest(workers, seconds))
const measures = Array.from({ length: workers }, (_, worker) => new SimulatedMeasure(table, worker))
const firstSecond: Snapshot[] = []
const payloads: Uint8Array[] = []
for (let second = 0; second < seconds; second++) {
  for (const [worker, measure] of measures.entries()) {
    const snapshot = snapshotOfSecond('bench', worker, second, measure)
    if (second === 0) firstSecond.push(snapshot)
    payloads.push(encodeSnapshot(snapshot))
  }
}

const decodeS = cpuSecondsOf(() => {
  for (const payload of payloads) decodeSnapshot(payload)
})
const merge = createMerge(table)
const mergeS = cpuSecondsOf(() => {
  for (const payload of payloads) merge.add(decodeSnapshot(payload))
})

const histograms = firstSecond.flatMap(histogramsOf)
const decoded = new Map<string, { histogram: hdr.Histogram; buckets: number }>()
for (const { text, counts } of histograms) {
  if (!decoded.has(text)) decoded.set(text, decodedByReference(counts))
}
const sums = new Map([...new Set(histograms.map(({ key }) => key))].map((key) => [key, newReference()]))
const referenceS = cpuSecondsOf(() => {
  for (const { key, text } of histograms) sums.get(key)?.add(decoded.get(text)?.histogram as hdr.Histogram)
})

const draws = noDraws(table)
for (const measure of measures) addDraws(draws, measure.draws)
const steps = stepsOf(table)
if (!sameHistogram(merge.metrics.totals(steps).response, referenceOf(draws, steps)))
  throw new Error('what was merged is not one histogram of all samples')

const round: MergeRound = {
  snapshots: payloads.length,
  bytes: payloads.reduce((sum, { length }) => sum + length, 0) / payloads.length,
  histograms: histograms.length / workers,
  buckets: histograms.reduce((sum, { text }) => sum + (decoded.get(text)?.buckets ?? 0), 0) / workers,
  decodeMicros: (1e6 * decodeS) / payloads.length,
  mergeMicros: (1e6 * mergeS) / payloads.length,
  referenceMicros: (1e6 * referenceS) / workers,
}
process.stdout.write(JSON.stringify(round))

/** `text`: the counts again, by which equal ones are found. */
function histogramsOf({ intervals }: Snapshot): { key: string; text: string; counts: SparseCounts }[] {
  return intervals.flatMap(({ series }) =>
    series.flatMap((delta) =>
      histogramKinds
        .filter((kind) => delta[kind].length > 0)
        .map((kind) => ({
          key: `${delta.series} ${kind}`,
          text: Buffer.from(delta[kind]).toString('latin1'),
          counts: delta[kind],
        })),
    ),
  )
}

function decodedByReference(counts: SparseCounts): { histogram: hdr.Histogram; buckets: number } {
  const histogram = newReference()
  const buckets = [...Totals.of(counts).buckets()]
  for (const { lowest, count } of buckets) histogram.recordValueWithCount(lowest, count)
  return { histogram, buckets: buckets.length }
}

function cpuSecondsOf(work: () => void): number {
  const before = process.cpuUsage()
  work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1e6
}
