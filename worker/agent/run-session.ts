import type { Bus } from '../../bus/bus.ts'
import { BreakwaterError } from '../../core/error.ts'
import type { EndedBy, Health, RequestCounts } from '../../core/measure/snapshot.ts'
import { assembleSnapshots } from '../../core/measure/snapshot-assembly.ts'
import { brokenByEpoch, brokenRails, type GuardRails, withNetworks } from '../../core/plan/guard-rails.ts'
import { fileShortage } from '../../core/plan/open-files.ts'
import type { EpochOrder } from '../../core/plan/plan.ts'
import { planRun } from '../../core/plan/plan-run.ts'
import type { Files } from '../../core/scenario/compiled.ts'
import { createRedactor } from '../../core/scenario/redact.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import type { Log } from '../../core/telemetry/log-event.ts'
import {
  decodeRowsReply,
  decodeSnapshotAck,
  decodeStandingReply,
  encodeRowsRequest,
  encodeSnapshot,
  encodeStandingRequest,
} from '../../proto/codec.ts'
import type { WorkerCommand } from '../../proto/messages.ts'
import { fetchObject } from '../../proto/objects.ts'
import type { Reception } from '../../proto/reception.ts'
import type { Subjects } from '../../proto/subjects.ts'
import { createTokenKeeper, type TokenKeeper } from '../auth/token-keeper.ts'
import { RequestTally } from '../engine/request-tally.ts'
import type { Captured, OnceStage, StageResult, ThreadPart } from '../engine/thread-protocol.ts'
import type { EngineThreads, StartThreads } from '../engine/threads.ts'
import type { AgentEvent } from './agent-state.ts'
import { indexData } from './data-index.ts'
import { joinParts, mostWaiting } from './held-parts.ts'
import { openFileLimit } from './open-files.ts'
import { createOutbox } from './outbox.ts'
import type { SessionObserver } from './session-observer.ts'
import { createStanding } from './standing.ts'

export interface SessionDependencies {
  readonly bus: Bus
  readonly subjects: Subjects
  readonly id: string
  readonly incarnation: string
  /** Threads of a run that does not say. */
  readonly threads: number
  readonly command: Extract<WorkerCommand, { type: 'prepare' }>
  /** Of the newest coordinator that has spoken. */
  readonly term: () => number
  readonly startThreads: StartThreads
  /** Of this worker's operator. */
  readonly rails: GuardRails
  /** Files that this process has already, by their digest. */
  readonly objects: ReadonlyMap<string, Uint8Array>
  /** This machine's monotonic clock, ms. */
  readonly localNowMs: () => number
  readonly onEvent: (event: AgentEvent) => void
  readonly observer?: SessionObserver
  readonly reception: Reception
  readonly log: Log
}

/** One run on this worker: its threads, and its snapshots on their way. */
export interface RunSession {
  /** Tells of it by the event `performed`. */
  perform(stage: OnceStage, setup: Captured): void
  arm(startLocalMs: number, epoch: EpochOrder, setup: Captured): void
  epoch(epoch: EpochOrder): void
  /** Why this worker's operator does not allow an epoch; null: it may begin. */
  notAllowed(epoch: EpochOrder): string | null
  /** Asks whether its share is still its own; tells of it by the event `standing`. */
  askStanding(): void
  /** Interrupts, because others have its share. */
  standDown(): void
  stop(): void
  /** Stops because this worker leaves. */
  leave(): void
  abort(): void
  /** Whether its controller takes snapshots from the stream. */
  streamed(isStreamed: boolean): void
  /** Interrupts because nobody controls the run. */
  silence(): void
  /** Interrupts, because all load is halted. */
  halt(): void
  close(): Promise<void>
}

/** A slow thread holds back the others' parts no longer than this. */
const partsTogetherMs = 200
const ackTimeoutMs = 2_000
/** From the stream's storage through the controller's, and back. */
const receiptDueMs = 3_000
const standingTimeoutMs = 1_000

export function createRunSession(dependencies: SessionDependencies): RunSession {
  const { bus, subjects, id, incarnation, command, objects, localNowMs, onEvent } = dependencies
  const { observer, reception } = dependencies
  const { run } = command
  const redactor = createRedactor(command.secrets)
  const log: Log = (level, message, event, fields) =>
    dependencies.log(level, redactor.text(message), event, fields)
  let threads: EngineThreads | null = null
  let closed = false
  let leaving = false
  /** What this worker interrupted its load for, by itself. */
  let cut: 'silence' | 'halt' | 'replaced' | null = null
  let sequence = 0
  let epoch = 0
  let decidedAt = 0
  let parts: ThreadPart[] = []
  let together: NodeJS.Timeout | undefined
  const drained = new Map<number, ThreadPart>()
  let keeper: TokenKeeper | null = null
  /** Token requests that a snapshot has counted, or is about to. */
  let authCounted = 0
  let warnings: string[] = []
  let hasAllDetail = true

  let isStreamed = false
  const outbox = createOutbox({
    async keep(snapshot) {
      if (bus.durable === null) return
      const { sequence } = snapshot
      await bus.durable.keep(subjects.stream(run, id), encodeSnapshot(snapshot), {
        id: `${run}/${incarnation}/${sequence}`,
        timeoutMs: ackTimeoutMs,
      })
    },
    isStreamed: () => isStreamed,
    receiptDue: () => new Promise((resolve) => setTimeout(resolve, receiptDueMs)),
    async deliver(snapshot) {
      const reply = await bus.request(subjects.snapshot(run, id), encodeSnapshot(snapshot), {
        timeoutMs: ackTimeoutMs,
      })
      const ack = decodeSnapshotAck(reply)
      if (ack.incarnation !== incarnation || ack.sequence !== snapshot.sequence) {
        throw new BreakwaterError(
          'bad-message',
          `snapshot ${snapshot.sequence} was acknowledged as ${ack.sequence}`,
        )
      }
      if (ack.term < dependencies.term()) {
        throw new BreakwaterError(
          'superseded',
          'it was acknowledged by a controller that was taken the place of',
        )
      }
    },
    pause,
    onTrouble(error) {
      observer?.resent()
      log('warn', `a snapshot was not acknowledged and is sent again: ${String(error)}`, 'snapshot-resent')
    },
  })

  const receipts = reception.listen(subjects.receipt(run, id), 'receipt', decodeSnapshotAck, (ack) => {
    if (ack.incarnation === incarnation && ack.term >= dependencies.term()) outbox.received(ack.sequence)
  })
  const states = bus.onState((state) => {
    if (state === 'connected') outbox.reconnected()
  })

  const standing = createStanding({
    async ask() {
      const question = encodeStandingRequest({ worker: id, incarnation, epoch })
      return decodeStandingReply(
        await bus.request(subjects.standing(run), question, { timeoutMs: standingTimeoutMs }),
      )
    },
    term: dependencies.term,
    onReply(reply) {
      // Commanded, it is refused; told in passing, it is not followed.
      const end = reply.epochs.findIndex((epoch) => notAllowed(epoch) !== null)
      const epochs = end === -1 ? reply.epochs : reply.epochs.slice(0, end)
      onEvent({ type: 'standing', run, reply: { ...reply, epochs }, nowMs: localNowMs() })
    },
    confirm: (thread, question) => threads?.confirm(thread, question),
    localNowMs,
    pause,
    onTrouble: (error) =>
      log('warn', `nobody has confirmed its share yet: ${String(error)}`, 'standing-unconfirmed'),
  })

  async function prepare(): Promise<void> {
    const test = allowed()
    observer?.began(run, command.test, () => outbox.waiting)
    const files: Record<string, Uint8Array> = {}
    for (const [path, ref] of Object.entries(command.files)) {
      files[path] =
        command.secretFiles?.[path] ??
        objects.get(ref.digest) ??
        (await fetchObject(bus, subjects.object(run), ref))
    }
    const indexes = await indexData(test, files)
    if (closed) return
    threads = dependencies.startThreads({
      count: command.threads ?? dependencies.threads,
      prepare: { ...prepareMessage(command, id, files), test, indexes },
      onPart,
      onFenced(thread, { question, mustBeAnswered }) {
        if (mustBeAnswered) {
          log(
            'warn',
            `thread ${thread} was stopped for more than a second: it sends nothing before its share is confirmed`,
          )
        }
        standing.fenced(thread, question)
      },
      onRowsWanted: (thread, source) => void lease(thread, source),
      onTokenRefused: (target) => keeper?.refused(target),
      onFailed: (error) => fail(error),
    })
    keeper = createTokenKeeper({
      test,
      files,
      nowMs: localNowMs,
      onToken(target, token) {
        redactor.add(token)
        threads?.token(target, token)
      },
      onWarning(message) {
        const safe = redactor.text(message)
        warnings.push(safe)
        // As a warning it comes by way of the snapshots.
        log('info', safe, 'token-trouble')
      },
    })
    await Promise.all([threads.prepare(), keeper.start()])
    onEvent({ type: 'prepared', run, threads: threads.count, nowMs: localNowMs() })
  }

  /** Told before anything is sent, and no reason to refuse: it may not come to that. */
  function checkOpenFiles({ roster }: EpochOrder): void {
    const limit = openFileLimit()
    const plan = planRun(command.test, command.seed)
    const shortage = fileShortage(command.test, plan, roster.length, limit)
    if (shortage === null) return
    log(
      'warn',
      `may open ${shortage.connections} connections, but its process may have only ${limit} files open; requests beyond fail as files. Raise the limit before it starts: ulimit -Hn ${shortage.needed}`,
    )
  }

  /** The test, where this worker may make its load. */
  function allowed(): LoadTest {
    const { test, seed } = command
    const broken = brokenRails(test, planRun(test, seed), dependencies.rails)
    if (broken.length === 0) return withNetworks(test, dependencies.rails)
    throw new BreakwaterError('not-allowed', `its operator does not allow this: ${broken.join('; ')}`, {
      hint: 'Change the LoadTest, or ask the operator of the worker for more (breakwater worker --help, Guard rails).',
    })
  }

  function notAllowed(epoch: EpochOrder): string | null {
    const broken = brokenByEpoch(command.test, epoch, dependencies.rails)
    return broken && `its operator does not allow this: ${broken}`
  }

  function fail(error: unknown): void {
    if (closed) return
    const message = redactor.text(error instanceof Error ? error.message : String(error))
    const hint =
      error instanceof BreakwaterError
        ? redactor.text(error.hint ?? '')
        : 'this is a defect of breakwater: please report it'
    log('warn', `run ${run} failed here: ${message}`, 'run-failed')
    onEvent({ type: 'failed', run, message, hint, nowMs: localNowMs() })
    threads?.abort()
  }

  async function lease(thread: number, source: number): Promise<void> {
    const wanted = encodeRowsRequest({ worker: id, incarnation, source })
    while (!closed) {
      try {
        const reply = decodeRowsReply(
          await bus.request(subjects.rows(run), wanted, { timeoutMs: ackTimeoutMs }),
        )
        threads?.rows(thread, source, reply.from, reply.count)
        return
      } catch (error) {
        log('warn', `no rows yet: ${String(error)}`, 'rows-awaited')
        await new Promise((resolve) => setTimeout(resolve, 200))
      }
    }
  }

  function onPart(part: ThreadPart): void {
    if (parts.length === 0 && drained.size === 0 && sequence === 0) onEvent({ type: 'started', run })
    parts.push(part)
    decidedAt = Math.max(decidedAt, part.decidedAt)
    if (part.drained) drained.set(part.thread, part)
    const count = threads?.count ?? 0
    if (drained.size === count) {
      void finish()
      return
    }
    const reported = new Set(parts.map((p) => p.thread))
    if (reported.size + drained.size >= count) ship(false)
    else together ??= setTimeout(() => ship(false), partsTogetherMs)
  }

  function ship(final: boolean): void {
    clearTimeout(together)
    together = undefined
    if (!final && outbox.waiting >= mostWaiting) {
      hold()
      return
    }
    const snapshots = assembleSnapshots(parts, {
      run,
      worker: id,
      incarnation,
      epoch,
      firstSequence: sequence + 1,
      final,
      totals: final ? [...drained.values()].flatMap((p) => p.totals ?? []) : null,
      health: healthOf(parts),
      endedBy: endedBy(),
      decidedAt,
      warnings,
      ownRequests: tokenRequests(),
    })
    parts = []
    warnings = []
    sequence += snapshots.length
    observer?.shipped(snapshots)
    outbox.add(snapshots)
  }

  /** What has no number yet may still be joined. */
  function hold(): void {
    const held = joinParts(parts)
    parts = [...held.parts]
    if (held.droppedSeconds === 0) return
    const message = `nobody confirms its snapshots: the detail of ${held.droppedSeconds} s more of a thread is given up, its totals stay`
    if (hasAllDetail) warnings.push(message)
    hasAllDetail = false
    log('info', message)
  }

  function endedBy(): EndedBy | null {
    if (cut !== null) return cut
    if (leaving) return 'left'
    return parts.some((part) => part.dataEnded) ? 'data' : null
  }

  /** Those of the worker itself, beside its threads'. */
  function tokenRequests(): RequestCounts | null {
    authCounted = keeper?.sent ?? 0
    if (authCounted === 0) return null
    return { ...new RequestTally().counts(threads?.count ?? 0), sent: authCounted, auth: authCounted }
  }

  async function finish(): Promise<void> {
    standing.close()
    // What is asked for from now on would be counted nowhere.
    keeper?.pause()
    ship(true)
    await outbox.drained()
    if (!closed) onEvent({ type: 'drained', run })
  }

  async function performStage(stage: OnceStage, setup: Captured): Promise<StageResult> {
    if (threads === null) throw new Error(`${stage} before the run was prepared`)
    if (stage === 'setup') return threads.perform(stage, setup)
    await keeper?.resume()
    const result = await threads.perform(stage, setup)
    keeper?.pause()
    return { ...result, auth: (keeper?.sent ?? 0) - authCounted }
  }

  prepare().catch(fail)

  return {
    perform(stage, setup) {
      performStage(stage, setup)
        .then((result) => onEvent({ type: 'performed', run, stage, result }))
        .catch(fail)
    },
    arm(startLocalMs, first, setup) {
      epoch = first.number
      threads?.arm(startLocalMs, first, setup)
      checkOpenFiles(first)
    },
    notAllowed,
    epoch(next) {
      epoch = next.number
      threads?.epoch(next)
    },
    askStanding: () => standing.ask(),
    standDown() {
      cut = 'replaced'
      threads?.abort()
    },
    stop: () => threads?.stop(),
    leave() {
      leaving = true
      threads?.stop()
    },
    abort: () => threads?.abort(),
    streamed(is) {
      isStreamed = is
    },
    silence() {
      cut = 'silence'
      threads?.abort()
    },
    halt() {
      cut = 'halt'
      threads?.abort()
    },
    async close() {
      closed = true
      clearTimeout(together)
      receipts.unsubscribe()
      states.unsubscribe()
      outbox.close()
      standing.close()
      keeper?.close()
      await threads?.exit()
    },
  }
}

function pause(attempt: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.min(1_000, 50 * 2 ** attempt)))
}

function prepareMessage(command: SessionDependencies['command'], worker: string, files: Files) {
  const { run, test, seed, pace, engine, secrets } = command
  return { run, worker, test, seed, files, pace, engine, secrets }
}

/** The worker's: its threads together, so that several workers in one process can be told apart. */
function healthOf(parts: readonly ThreadPart[]): Health {
  const newest = new Map(parts.map((part) => [part.thread, part]))
  const threads = [...newest.values()].map((part) => part.health)
  return {
    cpu: threads.reduce((sum, thread) => sum + thread.cpu, 0),
    threads,
    rssBytes: residentBytes(),
    openSockets: [...newest.values()].reduce((sum, part) => sum + part.openSockets, 0),
  }
}

let lastResidentBytes = 0

/** The last known where no file descriptor is left: it is read from a file. */
function residentBytes(): number {
  try {
    lastResidentBytes = process.memoryUsage.rss()
  } catch {}
  return lastResidentBytes
}
