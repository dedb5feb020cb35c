import { exitCodes } from '../../core/error.ts'
import { talkToCluster } from '../cluster-talk.ts'
import type { Console } from '../console.ts'
import type { NatsFlags } from '../nats-flags.ts'
import { workerTable } from '../worker-table.ts'

/** The workers of a cluster, what they do and how they fare; needs no controller. */
export async function listWorkers(console: Console, flags: NatsFlags): Promise<number> {
  const cluster = await talkToCluster(console, flags, 'workers')
  try {
    const [workers, gone] = await Promise.all([cluster.workers(), cluster.lost()])
    const heard = new Set(workers.map(({ id }) => id))
    const lost = gone.filter(({ id }) => !heard.has(id))
    console.answer({
      text: () => workerTable(workers, lost, console.columns, console.paint),
      document: () => ({
        // A key for sealing is bytes, and of use to no reader.
        workers: workers.map(({ sealingKey: _, ...worker }) => worker),
        lost,
        droppedMessages: cluster.droppedMessages,
      }),
    })
    return exitCodes.pass
  } finally {
    await cluster.close()
  }
}
