import { Worker } from 'node:worker_threads'
import { BreakwaterError } from '../../core/error.ts'
import type { EpochOrder } from '../../core/plan/plan.ts'
import { entryUrl } from './entry-url.ts'
import type { FenceQuestion } from './fence.ts'
import type { Captured, FromThread, OnceStage, StageResult, ThreadPart, ToThread } from './thread-protocol.ts'

export interface ThreadsOptions {
  readonly count: number
  /** What all threads prepare. */
  readonly prepare: Omit<Extract<ToThread, { type: 'prepare' }>, 'type' | 'thread' | 'threads'>
  readonly onPart: (part: ThreadPart) => void
  /** Answered by `rows`, once for each call. */
  readonly onRowsWanted: (thread: number, source: number) => void
  /** A thread holds back what it would send; answered by `confirm`. */
  readonly onFenced: (thread: number, question: FenceQuestion) => void
  /** A target did not take its token. */
  readonly onTokenRefused: (target: number) => void
  /** A thread has died after it was prepared: nothing more comes from it. */
  readonly onFailed: (error: unknown) => void
}

/** The engine threads of one run on one worker. */
export interface EngineThreads {
  readonly count: number
  /** Resolves with the transport's name when all are prepared. Rejects with the first failure: a BreakwaterError, or a defect. */
  prepare(): Promise<string>
  /** Set-up or teardown, once at a time. Rejects where the thread dies. */
  perform(stage: OnceStage, setup: Captured): Promise<StageResult>
  /** `startLocalMs` is on the clock of worker/engine/clock.ts: localMs. */
  arm(startLocalMs: number, epoch: EpochOrder, setup: Captured): void
  epoch(epoch: EpochOrder): void
  confirm(thread: number, question: number): void
  rows(thread: number, source: number, from: number, count: number): void
  /** For every thread. */
  token(target: number, token: string): void
  stop(): void
  abort(): void
  /** Closes their connections and ends them, whatever they are doing. */
  exit(): Promise<void>
}

export type StartThreads = (options: ThreadsOptions) => EngineThreads

/** A thread that has not ended by itself by then is terminated. */
const exitGraceMs = 2_000

export const startThreads: StartThreads = (options) => {
  const { count, prepare, onPart, onFenced, onRowsWanted, onTokenRefused, onFailed } = options
  const waiting = new Map<number, { resolve: (transport: string) => void; reject: (why: unknown) => void }>()
  let performing: { resolve: (result: StageResult) => void; reject: (why: unknown) => void } | null = null
  let isLeaving = false

  const fail = (thread: number, error: unknown): void => {
    const preparing = waiting.get(thread)
    waiting.delete(thread)
    performing?.reject(error)
    performing = null
    if (preparing !== undefined) preparing.reject(error)
    else if (!isLeaving) onFailed(error)
  }

  const receive = (thread: number, message: FromThread): void => {
    switch (message.type) {
      case 'prepared':
        waiting.get(thread)?.resolve(message.transport)
        waiting.delete(thread)
        return
      case 'failed':
        fail(thread, errorOf(message))
        return
      case 'performed':
        performing?.resolve(message.result)
        performing = null
        return
      case 'rowsWanted':
        onRowsWanted(thread, message.source)
        return
      case 'tokenRefused':
        onTokenRefused(message.target)
        return
      case 'fenced':
        onFenced(thread, message)
        return
      case 'part':
        onPart(message.part)
        return
      default:
        message satisfies never
    }
  }

  const start = (_: unknown, thread: number): Worker => {
    const worker = new Worker(entryUrl('../thread-main', import.meta.url), { name: `engine ${thread}` })
    let failure: unknown = null
    worker.on('message', (message: FromThread) => receive(thread, message))
    worker.on('error', (error) => {
      failure = error
    })
    worker.on('exit', (code) => {
      if (!isLeaving) fail(thread, failure ?? new Error(`engine thread ${thread} ended with code ${code}`))
    })
    return worker
  }

  const workers = Array.from({ length: count }, start)
  const post = (thread: number, message: ToThread): void => workers[thread]?.postMessage(message)
  const postAll = (message: ToThread): void => {
    for (const worker of workers) worker.postMessage(message)
  }

  return {
    count,
    async prepare() {
      const names = await Promise.all(
        workers.map(
          (worker, thread) =>
            new Promise<string>((resolve, reject) => {
              waiting.set(thread, { resolve, reject })
              worker.postMessage({ type: 'prepare', ...prepare, thread, threads: count } satisfies ToThread)
            }),
        ),
      )
      return names[0] ?? ''
    },
    perform(stage, setup) {
      return new Promise((resolve, reject) => {
        performing = { resolve, reject }
        post(0, { type: 'perform', stage, setup })
      })
    },
    arm: (startLocalMs, epoch, setup) => postAll({ type: 'arm', startLocalMs, epoch, setup }),
    epoch: (epoch) => postAll({ type: 'epoch', epoch }),
    confirm: (thread, question) => post(thread, { type: 'confirm', question }),
    rows: (thread, source, from, rows) => post(thread, { type: 'rows', source, from, count: rows }),
    token: (target, token) => postAll({ type: 'token', target, token }),
    stop: () => postAll({ type: 'stop' }),
    abort: () => postAll({ type: 'abort' }),
    async exit() {
      isLeaving = true
      postAll({ type: 'exit' })
      await Promise.all(workers.map(ended))
    },
  }
}

function ended(worker: Worker): Promise<void> {
  // threadId is -1 when it has ended.
  if (worker.threadId === -1) return Promise.resolve()
  return new Promise((resolve) => {
    const insist = setTimeout(() => void worker.terminate(), exitGraceMs)
    worker.once('exit', () => {
      clearTimeout(insist)
      resolve()
    })
  })
}

function errorOf({ code, message, hint }: Extract<FromThread, { type: 'failed' }>): Error {
  return code === null
    ? new Error(message)
    : new BreakwaterError(code, message, hint === null ? {} : { hint })
}
