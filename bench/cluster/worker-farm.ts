import { connectNats } from '../../bus/nats.ts'
import { newIncarnation } from '../../cli/local-cluster.ts'
import { type SeriesTable, seriesTable } from '../../core/measure/series.ts'
import { noRails } from '../../core/plan/guard-rails.ts'
import { version } from '../../core/version.ts'
import { createSubjects } from '../../proto/subjects.ts'
import { createAgent } from '../../worker/agent/agent.ts'
import { localMs } from '../../worker/engine/clock.ts'
import { addDraws, type Draws, noDraws } from './reference.ts'
import { simulatedThreads } from './simulated-threads.ts'

export interface FarmOptions {
  readonly natsUrl: string
  readonly workers: number
  /** To the server; workers share them. */
  readonly connections: number
  readonly onArmed: (startLocalMs: number) => void
  /** All workers have handed over the last that they measured, which is this. */
  readonly onDrained: (draws: Draws) => void
  readonly onWarning: (message: string) => void
}

export interface Farm {
  close(): Promise<void>
}

/** After the whole second, for each worker more. */
const staggerMs = 0.4
const drainStaggerMs = 6

/** Many workers in this process: real agents over real connections, which speak the real protocol. Only what they measure is made up. */
export async function startFarm(options: FarmOptions): Promise<Farm> {
  const { natsUrl, workers, connections, onArmed, onDrained, onWarning } = options
  const buses = await Promise.all(
    Array.from({ length: connections }, (_, number) => connectNats({ url: natsUrl, name: `farm ${number}` })),
  )
  const inTurn = oneByOne()
  const tables = new Map<string, SeriesTable>()
  let draws: Draws | null = null
  let armed = 0
  let drained = 0
  const agents = Array.from({ length: workers }, (_, worker) => {
    const id = `w${String(worker + 1).padStart(5, '0')}`
    return createAgent({
      bus: buses[worker % connections] as (typeof buses)[number],
      subjects: createSubjects(),
      ...{
        id,
        incarnation: newIncarnation(),
        version,
        host: 'farm',
        pid: process.pid,
        labels: {},
        threads: 1,
      },
      startThreads: simulatedThreads({
        worker,
        tableOf({ run, test }) {
          const table = tables.get(run) ?? seriesTable(test)
          tables.set(run, table)
          return table
        },
        localNowMs: localMs,
        delayMs: worker * staggerMs,
        inTurn,
        drainMs: worker * drainStaggerMs,
        onArmed(startLocalMs) {
          armed++
          if (armed === workers) onArmed(startLocalMs)
        },
        onDrained(measure) {
          draws ??= noDraws(measure.table)
          addDraws(draws, measure.draws)
          drained++
          if (drained === workers) onDrained(draws)
        },
      }),
      rails: noRails,
      objects: new Map(),
      localNowMs: localMs,
      log: (level, message) => level === 'warn' && onWarning(`${id}: ${message}`),
    })
  })
  return {
    async close() {
      await Promise.all(agents.map((agent) => agent.close()))
      await Promise.all(buses.map((bus) => bus.close()))
    },
  }
}

/** One piece of work in each turn of the event loop. */
function oneByOne(): (work: () => void) => void {
  const waiting: (() => void)[] = []
  const next = (): void => {
    waiting.shift()?.()
    if (waiting.length > 0) setImmediate(next)
  }
  return (work) => {
    waiting.push(work)
    if (waiting.length === 1) setImmediate(next)
  }
}
