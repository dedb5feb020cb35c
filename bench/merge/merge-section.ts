import { markdownTable } from '../markdown.ts'
import { sectionText } from '../section.ts'
import { spreadText } from '../statistics.ts'
import type { MergeFigures, MergeRound, TwoLevelFigures } from './merge-bench.ts'

export function mergeSection({ wish, rounds, twoLevels, loads }: MergeFigures): string {
  const [first] = rounds
  const of = (figure: number | undefined) => Math.round(figure ?? 0).toLocaleString('en-US')
  return sectionText({
    title: 'Merging',
    what: `Snapshots of ${of(wish.workers)} simulated workers over ${wish.seconds} s, each of 20 series with 100 samples in a histogram: ${of(first?.histograms)} histograms with ${of(first?.buckets)} buckets that hold something, ${of(first?.bytes)} bytes. They are decoded and merged in one process on one core, ${wish.rounds} rounds; what comes out equals one histogram of all samples, or the bench fails. The reference is hdr-histogram-js, which adds up (\`add\`) the same histograms after they were decoded.`,
    samples: loads.map((load) => ({ load, othersCores: null })),
    versions: [],
    missing: [],
    tables: [mergeTable(rounds), twoLevelText(twoLevels), twoLevelTable(twoLevels)],
  })
}

export function mergeTable(rounds: readonly MergeRound[]): string {
  const row = (name: string, figure: (round: MergeRound) => number, digits: number) => [
    name,
    spreadText(rounds.map(figure), digits),
  ]
  return markdownTable([
    ['what', 'figure'],
    row('snapshots decoded and merged per CPU second', ({ mergeMicros }) => 1e6 / mergeMicros, 0),
    row('CPU µs per snapshot: decoded', ({ decodeMicros }) => decodeMicros, 0),
    row('CPU µs per snapshot: decoded and merged', ({ mergeMicros }) => mergeMicros, 0),
    row('CPU ns per bucket, decoded and merged', (r) => (1000 * r.mergeMicros) / r.buckets, 1),
    row('CPU µs per snapshot: hdr-histogram-js, added alone', ({ referenceMicros }) => referenceMicros, 0),
    row('hdr-histogram-js ÷ Breakwater', (r) => r.referenceMicros / r.mergeMicros, 1),
    row('one core, of 1,000 snapshots a second (%)', ({ mergeMicros }) => mergeMicros / 10, 0),
  ])
}

function twoLevelText({ regions, workers, seconds }: TwoLevelFigures): string {
  return `In two levels: ${regions} regional mergers take the snapshots of ${workers.toLocaleString('en-US')} workers each, and tell of them upward in snapshots of their own, ${seconds} s long, all in one process. What comes out equals, bit for bit, what one merge of all workers' snapshots holds, or the bench fails.`
}

export function twoLevelTable(figures: TwoLevelFigures): string {
  const { regions, workers, regionMicros, topMicros, flatMicros, workerBytes, regionBytes } = figures
  const core = (micros: number) => (micros / 10_000).toFixed(1)
  const megabytes = (bytes: number) => (bytes / 1e6).toFixed(1)
  return markdownTable([
    ['level', 'snapshots a second', 'MB a second', 'CPU, of one core (%)'],
    [
      'one region',
      workers.toLocaleString('en-US'),
      megabytes(workers * workerBytes),
      core(workers * regionMicros),
    ],
    [
      'above all regions',
      (regions * figures.regionSnapshots).toFixed(0),
      megabytes(regions * regionBytes),
      core(regions * topMicros),
    ],
    [
      'without regions',
      (regions * workers).toLocaleString('en-US'),
      megabytes(regions * workers * workerBytes),
      core(regions * workers * flatMicros),
    ],
  ])
}
