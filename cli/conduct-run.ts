import type { Bus } from '../bus/bus.ts'
import type { NatsAccess } from '../bus/nats-access.ts'
import { type Conductor, createConductor, type Keeping } from '../controller/run/conductor.ts'
import type { RunEvent } from '../controller/run/run-order.ts'
import type { TermLease } from '../controller/run/term-lease.ts'
import type { Log } from '../core/telemetry/log-event.ts'
import type { RunRecord } from '../core/verdict/run-record.ts'
import { createSubjects } from '../proto/subjects.ts'
import { localMs } from '../worker/engine/clock.ts'
import { leadRun, refuseWhileHalted } from './lead-run.ts'
import { startLocalCluster } from './local-cluster.ts'
import type { PreparedRun } from './run-order.ts'

export interface ConductOptions {
  /** Null: workers inside this process, over a bus in memory. */
  readonly natsUrl: string | null
  readonly natsAccess?: NatsAccess | undefined
  readonly strict: boolean
  /** For who steers the run; null: any. */
  readonly maxRate?: number | null
  /** Null: nobody could take the run up again. */
  readonly keeping?: Keeping | null
  readonly onEvent: (event: RunEvent) => void
  /** Called once, before the first worker has answered: for a live view, and to end the run. */
  readonly onConductor: (conductor: Conductor, bus: Bus) => void
  readonly log: Log
}

/**
 * One run, as its controller: with the workers that are connected to a NATS server, or with workers of its own. The same code either way.
 * @throws BreakwaterError for what kept the run from starting; nothing was sent then.
 */
export async function conductRun(prepared: PreparedRun, options: ConductOptions): Promise<RunRecord> {
  const { objects, compiled } = prepared
  const { keeping = null, log } = options
  const subjects = createSubjects()
  const { bus, close } = await join()
  let isOver = false
  let lease: TermLease | null = null
  try {
    if (keeping?.stored == null) await refuseWhileHalted(bus, subjects, log)
    lease = await leadRun(bus, subjects, prepared.order, log)
    const order = { ...prepared.order, term: lease?.term ?? prepared.order.term }
    await keeping?.held.raise(order.term)
    const conductor = createConductor({
      bus,
      subjects,
      order,
      objects,
      rowCounts: compiled.sources.map((source) => source.rows),
      strict: options.strict,
      maxRate: options.maxRate ?? null,
      keeping,
      localNowMs: localMs,
      wallNowMs: Date.now,
      onEvent: options.onEvent,
      log,
    })
    lease?.onLost((term) => conductor.rival(term))
    options.onConductor(conductor, bus)
    const record = await conductor.record
    isOver = true
    return record
  } finally {
    await lease?.close(isOver)
    await close()
  }

  async function join(): Promise<{ bus: Bus; close: () => Promise<void> }> {
    if (options.natsUrl === null) {
      const cluster = startLocalCluster({
        workers: prepared.order.workers ?? 1,
        subjects,
        objects,
        log,
      })
      return { bus: cluster.bus, close: () => cluster.close() }
    }
    const { connectNats } = await import('../bus/nats.ts')
    const { natsUrl: url, natsAccess: access } = options
    const name = `breakwater run ${prepared.order.run}`
    const connected = await connectNats({
      url,
      name,
      role: 'controller',
      ...(access && { access }),
      onRefused: (what) => log('warn', what, 'nats-refused'),
    })
    return { bus: connected, close: () => connected.close() }
  }
}
