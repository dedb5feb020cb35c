import { markdownTable } from '../markdown.ts'
import { type Sample, samplesOf } from '../race.ts'
import { sectionText } from '../section.ts'
import { spreadText } from '../statistics.ts'
import type { ConnectionsFigures } from './connections-bench.ts'

export function connectionsSection({
  wish: { connections, rounds, seconds },
  samples,
}: ConnectionsFigures): string {
  return sectionText({
    title: 'Connections',
    what: `Memory of a whole run (controller, one worker, one thread) with a connection for each user: one user, ${connections.toLocaleString('en-US')} that make one request and then keep their connection idle, and as many that make a request every 2 s. ${seconds} s each, rounds by turns: ${rounds}. Resident memory is the median while all connections are open; \`at most\` has the start and the report in it.`,
    samples,
    versions: [],
    missing: [],
    tables: [connectionsTable(samples)],
  })
}

export function connectionsTable(samples: readonly Sample[]): string {
  const kinds = [...new Set(samples.map(({ contender }) => contender))]
  const rows = kinds.map((kind) => {
    const own = samplesOf(samples, kind)
    const column = (name: string) => spreadText(own.map(({ extra }) => extra[name] ?? Number.NaN))
    return [
      kind,
      ...['connections', 'residentMiB', 'mostMiB'].map(column),
      spreadText(own.map(({ ok }) => ok)),
      `${own.reduce((sum, { failed }) => sum + failed, 0)}`,
      spreadText(
        own.map(({ cpuS }) => cpuS),
        2,
      ),
    ]
  })
  return markdownTable([
    ['connections', 'open', 'resident (MiB)', 'at most (MiB)', 'good requests', 'failed', 'CPU seconds'],
    ...rows,
  ])
}
