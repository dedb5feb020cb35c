import { hostname } from 'node:os'
import { connectNats } from '../../bus/nats.ts'
import { conductRun } from '../../cli/conduct-run.ts'
import { newIncarnation } from '../../cli/local-cluster.ts'
import { prepareRun, type RunOptions } from '../../cli/run-order.ts'
import type { LoadedTest } from '../../cli/spec-source.ts'
import type { Conductor } from '../../controller/run/conductor.ts'
import type { RunEvent } from '../../controller/run/run-order.ts'
import type { SeriesSum } from '../../core/measure/series-sum.ts'
import { noRails } from '../../core/plan/guard-rails.ts'
import type { Files } from '../../core/scenario/compiled.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { type Accounts, accountRun } from '../../core/verdict/accounts.ts'
import type { RunRecord } from '../../core/verdict/run-record.ts'
import { version } from '../../core/version.ts'
import { createSubjects } from '../../proto/subjects.ts'
import { createAgent } from '../../worker/agent/agent.ts'
import { localMs } from '../../worker/engine/clock.ts'
import { startThreads } from '../../worker/engine/threads.ts'
import { parsedTest } from './parsed-test.ts'

export interface Ran {
  readonly record: RunRecord
  readonly accounts: Accounts
  readonly events: readonly RunEvent[]
  /** All requests of recorded phases. */
  readonly total: SeriesSum
}

export interface RunWish extends Partial<RunOptions> {
  /** Null: the bus in memory, with as many workers in this process. */
  readonly natsUrl?: string | null
  readonly files?: Files
  readonly onConductor?: (conductor: Conductor) => void
}

/** A run from plan to accounts, as `breakwater run` does it; `spec` is what a user would write. */
export async function runSpec(spec: Readonly<Record<string, Json>>, wish: RunWish = {}): Promise<Ran> {
  const { files = {}, ...rest } = wish
  return runLoaded({ test: parsedTest(spec), files, secrets: [], unset: [], reflected: [], source: '' }, rest)
}

/** The same of a LoadTest that has been read. */
export async function runLoaded(loaded: LoadedTest, wish: Omit<RunWish, 'files'> = {}): Promise<Ran> {
  const { natsUrl = null, onConductor = () => {}, ...options } = wish
  const prepared = prepareRun(loaded, {
    seed: 1,
    workers: 1,
    threads: 1,
    pace: 'timer',
    engine: 'auto',
    strict: false,
    ...options,
  })
  const events: RunEvent[] = []
  const record = await conductRun(prepared, {
    natsUrl,
    strict: false,
    onEvent: (event) => events.push(event),
    onConductor,
    log: () => {},
  })
  return {
    record,
    accounts: accountRun(
      record,
      prepared.compiled.scenarios.map((scenario) => scenario.mostRequests),
    ),
    events,
    total: record.metrics.totals(record.table.select((key) => key.kind === 'step')),
  }
}

/** Workers of this process that are connected to a NATS server. */
export async function startNatsWorkers(natsUrl: string, count: number): Promise<{ close(): Promise<void> }> {
  const workers = await Promise.all(
    Array.from({ length: count }, async (_, index) => {
      const bus = await connectNats({ url: natsUrl, name: `worker ${index + 1}` })
      const agent = createAgent({
        bus,
        subjects: createSubjects(),
        id: `n${index + 1}`,
        incarnation: newIncarnation(),
        version,
        host: hostname(),
        pid: process.pid,
        labels: {},
        threads: 1,
        startThreads,
        rails: noRails,
        objects: new Map(),
        localNowMs: localMs,
        log: () => {},
      })
      return { bus, agent }
    }),
  )
  return {
    async close() {
      await Promise.all(workers.map(({ agent }) => agent.close()))
      await Promise.all(workers.map(({ bus }) => bus.close()))
    },
  }
}
