import { markdownTable } from '../markdown.ts'
import { sectionText } from '../section.ts'
import type { ClusterFigures } from './cluster-bench.ts'

export function clusterSection({ wish, load, busyCores, simulation }: ClusterFigures): string {
  const { workers, seconds } = wish
  return sectionText({
    title: 'A thousand workers',
    what: `\`breakwater run FILE --nats URL\`, its store on, conducts ${workers.toLocaleString('en-US')} simulated workers for ${seconds} s: real agents, that speak the real protocol over a real nats-server with JetStream from another process and make up what they measure: 20 series a worker and second with 100 samples in a histogram. They end one after the other, six milliseconds apart. The controller has core 0 for itself, and its CPU time is the kernel's, of all of its threads. The bench fails unless the result is exact: every count, every percentile of every step equal to that of one histogram of all samples, and no snapshot missing.`,
    samples: [{ load, othersCores: null }],
    versions: [],
    missing: [],
    tables: [
      clusterTable(simulation),
      ...(busyCores === null ? [] : [`Cores busy with all of it: ${busyCores.toFixed(2)}.`]),
    ],
  })
}

export function clusterTable({
  startS,
  cpu,
  residentMiB,
  verdictS,
  endS,
  merge,
  warnings,
}: ClusterFigures['simulation']): string {
  const at = (part: number) => residentMiB[Math.round((residentMiB.length - 1) * part)] ?? '–'
  return markdownTable([
    ['what', 'figure'],
    ['CPU of the controller under load, of one core (%)', (100 * cpu.mean).toFixed(0)],
    ['the busiest second of it (%)', (100 * cpu.busiestSecond).toFixed(0)],
    ['from the last snapshot to the verdict, result.json (s)', verdictS.toFixed(2)],
    ['to the end of the process, reports and all (s)', endS.toFixed(2)],
    ['from the first hello to the start instant (s)', startS.toFixed(2)],
    [
      'resident, MiB, at 0 %, 25 %, 50 %, 75 %, 100 % of the load',
      [0, 0.25, 0.5, 0.75, 1].map(at).join(', '),
    ],
    ['snapshots expected, received, missing', [merge.expected, merge.received, merge.missing].join(', ')],
    ['sent again, as no acknowledgement had come in time', `${warnings.length}`],
  ])
}
