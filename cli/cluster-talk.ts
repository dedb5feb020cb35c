import { setTimeout as sleep } from 'node:timers/promises'
import type { Bus } from '../bus/bus.ts'
import { BreakwaterError, type ErrorCode, errorCatalogue } from '../core/error.ts'
import {
  decodeControllerBeat,
  decodeHello,
  decodeRunStatus,
  encodeHaltOrder,
  encodeRunRequest,
} from '../proto/codec.ts'
import { keepHalt } from '../proto/kept-halt.ts'
import type { Halt, RunRequest, RunStatus, WorkerHello } from '../proto/messages.ts'
import { createSubjects } from '../proto/subjects.ts'
import type { Console } from './console.ts'
import { type NatsFlags, readNatsAccess } from './nats-flags.ts'
import { whoAsks } from './who.ts'

/** What a command that controls no run can hear and ask on a cluster's NATS server. */
export interface ClusterTalk {
  /** Who beats now, by id; the newest of each. */
  workers(): Promise<readonly WorkerHello[]>
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

  async function hear(
    names: readonly string[],
    handle: (payload: Uint8Array) => void,
    listening: () => Promise<unknown> = () => sleep(listenMs),
  ): Promise<void> {
    const subscriptions = names.map((subject) =>
      bus.subscribe(subject, ({ payload }) => {
        try {
          handle(payload)
        } catch (error) {
          // Whoever else publishes there is not who is looked for.
          if (!(error instanceof BreakwaterError)) throw error
        }
      }),
    )
    await listening()
    for (const subscription of subscriptions) subscription.unsubscribe()
  }

  async function workers(
    listening?: (heard: ReadonlyMap<string, WorkerHello>) => Promise<unknown>,
  ): Promise<readonly WorkerHello[]> {
    const heard = new Map<string, WorkerHello>()
    const hello = (payload: Uint8Array) => {
      const worker = decodeHello(payload)
      heard.set(worker.id, worker)
    }
    await hear([subjects.hello('*'), subjects.beat('*')], hello, listening && (() => listening(heard)))
    return [...heard.values()].sort((a, b) => (a.id < b.id ? -1 : 1))
  }

  /** The oldest first. Once somebody is heard, no longer than `enoughMs`. */
  async function runs(enoughMs = listenMs): Promise<readonly string[]> {
    const heard = new Set<string>()
    await hear(
      [subjects.control('*')],
      (payload) => heard.add(decodeControllerBeat(payload).run),
      async () => {
        await sleep(enoughMs)
        if (heard.size === 0) await sleep(listenMs - enoughMs)
      },
    )
    return [...heard].sort()
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
    async ask(wanted, wish) {
      const run = wanted === 'latest' ? (await runs(oneBeatMs)).at(-1) : wanted
      if (run === undefined) {
        throw new BreakwaterError('unknown-run', 'no run is under control at this NATS server', {
          hint: 'If its process has died, take it up: breakwater run --resume latest.',
        })
      }
      if (!/^[\w-]+$/.test(run)) throw unknownRun(run)
      const request = encodeRunRequest({ ...wish, by: whoAsks() })
      try {
        const status = decodeRunStatus(
          await bus.request(subjects.steer(run), request, { timeoutMs: answerMs }),
        )
        if (status.refusal !== null) throw refusedBy(status.refusal)
        return status
      } catch (error) {
        const code = error instanceof BreakwaterError ? error.code : null
        if (code === 'bus-no-responders' || code === 'bus-timeout') throw unknownRun(run)
        throw error
      }
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
