import { sectionText } from '../section.ts'
import { closedConnections, openConnections } from './http-contenders.ts'
import { openTable, type PeersFigures, perCpuSecondTable } from './peers-table.ts'

export function peersSection({ wish, versions, missing, closed, open }: PeersFigures): string {
  const { rounds, seconds, rate } = wish
  return sectionText({
    title: 'HTTP/1.1 beside other tools',
    what: `\`get: /\` of a static answer by nginx: ${closedConnections} connections in a closed loop, then ${rate.toLocaleString('en-US')}/s in an open one (hey, fortio and autocannon over ${openConnections} connections), ${seconds} s each, ${rounds} rounds by turns. Breakwater runs with one worker and one thread, and records and reports everything it always does. Ratios are of runs of the same round.`,
    samples: [...closed, ...open],
    versions,
    missing,
    tables: [perCpuSecondTable('closed loop', closed, seconds, ['wrk']), openTable(open, rate * seconds)],
  })
}
