import type { NatsAccess } from '../bus/nats-access.ts'
import type { Conductor, Keeping } from '../controller/run/conductor.ts'
import type { RunEvent } from '../controller/run/run-order.ts'
import { BreakwaterError, type ErrorCode, exitCodes } from '../core/error.ts'
import { conductRun } from './conduct-run.ts'
import type { Console } from './console.ts'
import { finishRun } from './finish-run.ts'
import { createFollower, ofController } from './live/follow-run.ts'
import { type RunMetrics, startRunMetrics } from './metrics/run-metrics.ts'
import { railsOf } from './rail-flags.ts'
import type { ResultFolder } from './result-folder.ts'
import type { RunFlags } from './run-flags.ts'
import type { PreparedRun } from './run-order.ts'
import { onInterruption } from './signals.ts'
import type { LoadedTest } from './spec-source.ts'

export interface WholeRun {
  readonly prepared: PreparedRun
  readonly loaded: LoadedTest
  readonly folder: ResultFolder
  /** File or URL, as given. */
  readonly source: string
  readonly flags: RunFlags
  /** Null: workers inside this process. */
  readonly natsUrl: string | null
  readonly natsAccess: NatsAccess | undefined
  readonly keeping: Keeping | null
}

/** Conducts a run, shows it meanwhile, and writes its results. Returns the exit code. */
export async function runWhole(console: Console, whole: WholeRun): Promise<number> {
  const { prepared, loaded, folder, source, flags, natsUrl, natsAccess, keeping } = whole
  const { test, workers } = prepared.order
  const { strict = false } = flags
  console.about(() => ofController(prepared.order.run))
  const isQuiet = flags.quiet || console.logLevel === 'warn' || console.logLevel === 'error'
  const follower = createFollower(console, test.name, isQuiet)
  const events: object[] = (keeping?.stored?.events ?? []).map((text) => JSON.parse(text) as object)
  let isArmed = false
  const onEvent = (event: RunEvent): void => {
    isArmed ||= event.kind === 'armed'
    events.push({ at: new Date().toISOString(), ...event })
    follower.event(event)
  }
  let metrics: RunMetrics | null = null
  try {
    const watched = await startRunMetrics(flags, console.config, prepared.order.run)
    metrics = watched
    if (watched.url !== null) {
      if (console.logsJson) console.log('info', `metrics at ${watched.url}`, 'metrics')
      else follower.note(`metrics at ${watched.url}`)
    }
    const whatFollows = () =>
      isArmed
        ? 'no more load; what is in flight finishes, then the results are written. Once more interrupts it.'
        : 'leaving; the load has not begun.'
    return await interruptible(follower.note, whatFollows, async (onConductor) => {
      const record = await conductRun(prepared, {
        natsUrl,
        natsAccess,
        strict,
        maxRate: railsOf(flags, console.config).maxRate,
        keeping,
        onEvent,
        onConductor: (conductor, bus) => {
          watched.follow(conductor, bus)
          isArmed ||= conductor.state.startAtMs !== null
          follower.follow(conductor)
          if (natsUrl !== null && conductor.state.stage === 'gathering') follower.awaitWorkers(workers)
          onConductor(conductor)
        },
        log: follower.log,
      })
      follower.close()
      const onWritten = async (): Promise<void> => {
        await keeping?.held.finish().catch((error: unknown) => {
          follower.note(`warning: what was kept of this run could not be deleted: ${String(error)}`)
        })
      }
      return finishRun(console, { record, prepared, loaded, folder, events, source, flags, onWritten })
    })
  } catch (error) {
    if (isOver(error, keeping)) {
      await keeping?.held.discard()
      await folder.discard()
    }
    throw error
  } finally {
    follower.close()
    await metrics?.close()
    await keeping?.held.close()
  }
}

/** What was refused before its start is over. What someone else has taken over is not, nor a run that could not even be taken up. */
function isOver(error: unknown, keeping: Keeping | null): boolean {
  if (!(error instanceof BreakwaterError) || error.code === 'superseded') return false
  return keeping?.stored == null || refusals.has(error.code)
}

/** Of a conductor. */
const refusals: ReadonlySet<ErrorCode> = new Set(['too-few-workers', 'prepare-failed', 'stopped'])

/** Until the results are written: the first Ctrl-C drains, the second interrupts, a third ends this process without results. */
async function interruptible<T>(
  note: (text: string) => void,
  whatFollows: () => string,
  work: (onConductor: (conductor: Conductor) => void) => Promise<T>,
): Promise<T> {
  let conductor: Conductor | null = null
  const release = onInterruption({
    first: (signal) => {
      // Nothing has begun that could be ended in order.
      if (conductor === null) process.exit(exitCodes.interrupted)
      const why = signal === 'SIGINT' ? 'Ctrl-C' : signal
      note(`${why}: ${whatFollows()}`)
      conductor.end('stop', 'interrupted', why)
    },
    second: () => {
      note('interrupting what is in flight; the results are written. Once more leaves without them.')
      conductor?.end('abort', 'interrupted', 'interrupted again')
    },
  })
  try {
    return await work((begun) => {
      conductor = begun
    })
  } finally {
    release()
  }
}
