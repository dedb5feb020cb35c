import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus, Subscription } from '../bus/bus.ts'
import { BreakwaterError, type ErrorCode, errorCatalogue } from '../core/error.ts'
import {
  decodeControllerBeat,
  decodeHello,
  decodeRunStatus,
  encodeHaltOrder,
  encodeRunRequest,
  refuseStranger,
} from '../proto/codec.ts'
import { keepHalt } from '../proto/kept-halt.ts'
import type { Halt, RunRequest, RunStatus, WorkerHello } from '../proto/messages.ts'
import { createReception, type HeardMessage } from '../proto/reception.ts'
import { createSubjects } from '../proto/subjects.ts'
import type { Console } from './console.ts'
import { type NatsFlags, readNatsAccess } from './nats-flags.ts'
import { whoAsks } from './who.ts'

/** What a command that controls no run can hear and ask on a cluster's NATS server. */
export interface ClusterTalk {
  /** Who beats now, by id; the newest of each. */
  workers(): Promise<readonly HeardWorker[]>
  /** Those of runs under control that do not beat any more. */
  lost(): Promise<readonly LostWorker[]>
  /** What was heard and is none of this cluster. */
  readonly droppedMessages: number
  /** All load is forbidden, or allowed again (null). Who was heard, once all of them obey, or time is up. */
  order(halt: Halt | null, obeys: (worker: WorkerHello) => boolean): Promise<Ordered>
  /** Runs that are under control now, the oldest first. */
  runs(): Promise<readonly string[]>
  /**
   * `run`: its id, or `latest`.
   * @throws BreakwaterError `unknown-run` where no controller answers for it, or what it refuses with
   */
  ask(run: string, request: Omit<RunRequest, 'by'>): Promise<RunStatus>
  close(): Promise<void>
}

export interface HeardWorker extends WorkerHello {
  readonly heardMsAgo: number
}

export interface LostWorker {
  readonly id: string
  readonly run: string
  readonly status: string
}

export interface Ordered {
  readonly workers: readonly WorkerHello[]
  /** The server keeps it for workers that were not there. */
  readonly isKept: boolean
}

/** Longer than it is between two beats: whoever is there was heard. */
const listenMs = 1_200
/** A little longer than it is between two beats. */
const oneBeatMs = 600
const answerMs = 3_000
/** An order goes out so often: a worker may be connecting just then. */
const repeatMs = 200

/** `command`: as a person writes it. Throws BreakwaterError `usage` where no NATS server is named. */
export async function talkToCluster(
  console: Console,
  flags: NatsFlags,
  command: string,
): Promise<ClusterTalk> {
  const url = flags.nats ?? console.config.natsUrl
  if (url === null) {
    throw new BreakwaterError('usage', 'the cluster is reached through a NATS server', {
      hint: `Name it: breakwater ${command} --nats nats://localhost:4222, or set BREAKWATER_NATS_URL.`,
    })
  }
  const { connectNats } = await import('../bus/nats.ts')
  const access = await readNatsAccess(flags, console.config)
  const onRefused = (what: string) => console.note(`warning: ${what}`)
  const name = `breakwater ${command}`
  const bus = await connectNats({ url, name, role: 'controller', access, onRefused })
  return talk(bus, (text) => console.note(text))
}

function talk(bus: Bus, note: (text: string) => void): ClusterTalk {
  const subjects = createSubjects()
  const reception = createReception(bus, (text) => note(`warning: ${text}`))

  async function hear(
    listen: () => readonly Subscription[],
    listening: () => Promise<unknown> = () => sleep(listenMs),
  ): Promise<void> {
    const subscriptions = listen()
    await listening()
    for (const subscription of subscriptions) subscription.unsubscribe()
  }

  async function workers(
    listening?: (heard: ReadonlyMap<string, WorkerHello>) => Promise<unknown>,
  ): Promise<readonly HeardWorker[]> {
    const heard = new Map<string, WorkerHello & { heardAtMs: number }>()
    const onHello = (worker: WorkerHello, { subject }: HeardMessage): void => {
      if (subjects.workerOf(subject) !== worker.id) refuseStranger(`it is said to be of ${worker.id}`)
      heard.set(worker.id, { ...worker, heardAtMs: performance.now() })
    }
    await hear(
      () => [
        reception.listen(subjects.hello('*'), 'hello', decodeHello, onHello),
        reception.listen(subjects.beat('*'), 'beat', decodeHello, onHello),
      ],
      listening && (() => listening(heard)),
    )
    const nowMs = performance.now()
    return [...heard.values()]
      .sort((a, b) => (a.id < b.id ? -1 : 1))
      .map(({ heardAtMs, ...worker }) => ({ ...worker, heardMsAgo: Math.round(nowMs - heardAtMs) }))
  }

  /** The oldest first. Once somebody is heard, no longer than `enoughMs`. */
  async function runs(enoughMs = listenMs): Promise<readonly string[]> {
    const heard = new Set<string>()
    await hear(
      () => [
        reception.listen(subjects.control('*'), 'control', decodeControllerBeat, ({ run }) => heard.add(run)),
      ],
      async () => {
        await sleep(enoughMs)
        if (heard.size === 0) await sleep(listenMs - enoughMs)
      },
    )
    return [...heard].sort()
  }

  async function ask(wanted: string, wish: Omit<RunRequest, 'by'>): Promise<RunStatus> {
    const run = wanted === 'latest' ? (await runs(oneBeatMs)).at(-1) : wanted
    if (run === undefined) {
      throw new BreakwaterError('unknown-run', 'no run is under control at this NATS server', {
        hint: 'If its process has died, take it up: breakwater run --resume latest.',
      })
    }
    if (!/^[\w-]+$/.test(run)) throw unknownRun(run)
    const request = encodeRunRequest({ ...wish, by: whoAsks() })
    try {
      const status = decodeRunStatus(await bus.request(subjects.steer(run), request, { timeoutMs: answerMs }))
      if (status.refusal !== null) throw refusedBy(status.refusal)
      return status
    } catch (error) {
      const code = error instanceof BreakwaterError ? error.code : null
      if (code === 'bus-no-responders' || code === 'bus-timeout') throw unknownRun(run)
      throw error
    }
  }

  async function lost(): Promise<readonly LostWorker[]> {
    const asked = await Promise.all(
      (await runs()).map(async (run) => {
        try {
          const { workers } = await ask(run, { action: 'show' })
          return workers.map(({ id, status }) => ({ id, run, status }))
        } catch (error) {
          // It has just ended.
          if (error instanceof BreakwaterError) return []
          throw error
        }
      }),
    )
    return asked.flat().filter(({ status }) => status === 'lost' || status === 'failed')
  }

  async function keptByServer(halt: Halt | null): Promise<boolean> {
    const { durable } = bus
    if (durable === null || !durable.isOffered) return false
    try {
      return await keepHalt(await durable.openBucket({ name: subjects.haltBucket, maxAgeMs: null }), halt)
    } catch (error) {
      if (!(error instanceof BreakwaterError)) throw error
      note(`warning: workers that are not there now will not hear of it: ${error.message}`)
      return false
    }
  }

  return {
    runs: () => runs(),
    workers: () => workers(),
    async order(halt, obeys) {
      const keeping = keptByServer(halt)
      const heard = await workers(async (heard) => {
        for (let waitedMs = 0; waitedMs < answerMs; ) {
          bus.publish(subjects.halt, encodeHaltOrder({ halt }))
          await sleep(repeatMs)
          waitedMs += repeatMs
          if (waitedMs >= listenMs && [...heard.values()].every(obeys)) return
        }
      })
      return { workers: heard, isKept: await keeping }
    },
    ask,
    lost,
    get droppedMessages() {
      return reception.droppedCount
    },
    close: () => bus.close(),
  }
}

function refusedBy({ code, message, hint }: NonNullable<RunStatus['refusal']>): BreakwaterError {
  const known = Object.hasOwn(errorCatalogue, code) ? (code as ErrorCode) : 'not-steerable'
  return new BreakwaterError(known, message, { hint })
}

function unknownRun(run: string): BreakwaterError {
  return new BreakwaterError('unknown-run', `no controller of run ${run} answers at this NATS server`, {
    hint: `If it is over, see its results. If its process has died, take it up: breakwater run --resume ${run}.`,
  })
}
