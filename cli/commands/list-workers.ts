import { exitCodes } from '../../core/error.ts'
import { rate } from '../../core/plan/plan-format.ts'
import { plural } from '../../core/report/number-format.ts'
import type { WorkerHello } from '../../proto/messages.ts'
import { talkToCluster } from '../cluster-talk.ts'
import type { Console } from '../console.ts'
import type { NatsFlags } from '../nats-flags.ts'

/** The workers of a cluster and what they do; needs no controller. */
export async function listWorkers(console: Console, flags: NatsFlags): Promise<number> {
  const cluster = await talkToCluster(console, flags, 'workers')
  try {
    const workers = await cluster.workers()
    console.answer({
      text: () => (workers.length === 0 ? 'no worker beats at this NATS server' : table(workers)),
      // A key for sealing is bytes, and of use to no reader.
      document: () => ({ workers: workers.map(({ sealingKey: _, ...worker }) => worker) }),
    })
    return exitCodes.pass
  } finally {
    await cluster.close()
  }
}

function table(workers: readonly WorkerHello[]): string {
  const rows = workers.map(({ id, threads, state, run, host, version, halt, capacity }) => [
    id,
    plural(threads, 'thread'),
    capacity === undefined ? 'not calibrated' : `${rate(capacity)}`,
    halt === undefined ? state : `${state}, halted by ${halt.by}`,
    run === null ? '–' : `run ${run}`,
    host,
    version,
  ])
  const widths = (rows[0] ?? []).map((_, column) =>
    Math.max(...rows.map((row) => (row[column] ?? '').length)),
  )
  return rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
