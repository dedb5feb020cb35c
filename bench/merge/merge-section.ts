import { markdownTable } from '../markdown.ts'
import { sectionText } from '../section.ts'
import { spreadText } from '../statistics.ts'
import type { MergeFigures, MergeRound } from './merge-bench.ts'

export function mergeSection({ wish, rounds, loads }: MergeFigures): string {
  const [first] = rounds
  const of = (figure: number | undefined) => Math.round(figure ?? 0).toLocaleString('en-US')
  return sectionText({
    title: 'Merging',
    what: `Snapshots of ${of(wish.workers)} simulated workers over ${wish.seconds} s, each of 20 series with 100 samples in a histogram: ${of(first?.histograms)} histograms with ${of(first?.buckets)} buckets that hold something, ${of(first?.bytes)} bytes. They are decoded and merged in one process on one core, ${wish.rounds} rounds; what comes out equals one histogram of all samples, or the bench fails. The reference is hdr-histogram-js, which adds up (\`add\`) the same histograms after they were decoded.`,
    samples: loads.map((load) => ({ load, othersCores: null })),
    versions: [],
    missing: [],
    tables: [mergeTable(rounds)],
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
