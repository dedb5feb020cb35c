import type { Bus, Subscription } from '../../bus/bus.ts'
import type { KeptMessage } from '../../bus/durable.ts'
import { BreakwaterError } from '../../core/error.ts'
import { seriesTable } from '../../core/measure/series.ts'
import type { ShardState, Snapshot } from '../../core/measure/snapshot.ts'
import { isBehind, isOverrun } from '../../core/plan/ownership.ts'
import { secretOfFile } from '../../core/spec/secret-file.ts'
import type { Log } from '../../core/telemetry/log-event.ts'
import type { Reading } from '../../core/telemetry/metric.ts'
import { plannedNow } from '../../core/verdict/current-plan.ts'
import { abortingObjective } from '../../core/verdict/live.ts'
import type { RunRecord } from '../../core/verdict/run-record.ts'
import {
  decodeControllerBeat,
  decodeHello,
  decodeReply,
  decodeRowsRequest,
  decodeRunRequest,
  decodeSnapshot,
  decodeStandingRequest,
  encodeCommand,
  encodeControllerBeat,
  encodeRowsReply,
  encodeRunStatus,
  encodeSnapshotAck,
  encodeStandingReply,
  refuse,
  refuseStranger,
} from '../../proto/codec.ts'
import type {
  ControllerBeat,
  RowsRequest,
  RunRequest,
  StandingRequest,
  WorkerHello,
} from '../../proto/messages.ts'
import { serveObjects } from '../../proto/objects.ts'
import { createReception, type HeardMessage, type Reception } from '../../proto/reception.ts'
import type { Subjects } from '../../proto/subjects.ts'
import type { HeldRun, StoredRun } from '../store/run-store.ts'
import { decide } from './coordinator.ts'
import type { CoordinatorAction, CoordinatorEvent, CoordinatorState, Decision } from './coordinator-state.ts'
import { createJournal } from './journal.ts'
import { memberRecord } from './member-record.ts'
import { howEnded } from './members.ts'
import { resumeRun } from './rejoin.ts'
import { createRowLeases, type RowLeases } from './row-leases.ts'
import type { Ending, RunEvent, RunOrder } from './run-order.ts'
import { runReadings } from './run-readings.ts'
import { runStatus } from './run-status.ts'
import { isNews, type SavedRun, savedState } from './saved-run.ts'
import { createSnapshotDoor } from './snapshot-door.ts'
import { openSnapshotStream } from './snapshot-stream.ts'
import { standingOf } from './standing.ts'
import { refusalOfSteering } from './steering.ts'
import { takeUp } from './taken-up.ts'
import { beatMs } from './timing.ts'

export interface ConductorDependencies {
  readonly bus: Bus
  readonly subjects: Subjects
  readonly order: RunOrder
  /** Data files and protos by digest. */
  readonly objects: ReadonlyMap<string, Uint8Array>
  /** Rows of each data source, in the LoadTest's order. */
  readonly rowCounts: readonly number[]
  readonly strict: boolean
  /** The highest rate that this controller's operator allows, for who steers the run; null: any. */
  readonly maxRate?: number | null
  /** This machine's monotonic clock, ms. */
  readonly localNowMs: () => number
  /** Wall clock, ms since 1970 UTC; read once, for the start instant. */
  readonly wallNowMs: () => number
  readonly onEvent: (event: RunEvent) => void
  /** Null: nobody could take this run up again. */
  readonly keeping: Keeping | null
  readonly log: Log
}

export interface Keeping {
  readonly held: HeldRun
  /** What another process has left of this run; null: it begins here. */
  readonly stored: StoredRun | null
}

/** One run, from the first hello to its record. */
export interface Conductor {
  /** Rejects with what kept the run from starting: a BreakwaterError; nothing was sent then. */
  readonly record: Promise<RunRecord>
  /** Drains (`stop`) or interrupts (`abort`). */
  end(mode: 'stop' | 'abort', how: Ending, why: string): void
  /** Another process leads the run, in this term. */
  rival(term: number): void
  /** As things stand: for a live view. Null before the start instant is fixed. */
  soFar(): RunRecord | null
  readonly state: CoordinatorState
  readonly reception: Reception
  /** For whoever watches this process. */
  readings(): readonly Reading[]
}

const tickMs = 250
const ticksPerBeat = beatMs / tickMs

export function createConductor(dependencies: ConductorDependencies): Conductor {
  const { bus, subjects, order, localNowMs, log } = dependencies
  const table = seriesTable(order.test)
  const taken = takeUp(dependencies.keeping?.stored ?? null, table, order, dependencies)
  const { merge, leasedTo } = taken
  const subscriptions: Subscription[] = []
  const reception = createReception(bus, (text) => log('warn', text, 'message-dropped'))
  const door = createSnapshotDoor({
    run: order.run,
    table,
    scenarios: order.test.scenarios.length,
    metrics: merge.metrics,
  })
  let { state, startedAtMs, dataEnded } = taken
  let leases: RowLeases | null = null
  /** By incarnation, what its last snapshot says of the end. */
  const lastWords = new Map<string, Pick<Snapshot, 'endedBy' | 'at'>>()
  let judgedThrough = 0
  let mergeMs = 0
  let beats = 0
  let ordersWaiting = 0
  const deliveries = new Set<Promise<void>>()
  let settle: { resolve: (record: RunRecord) => void; reject: (error: BreakwaterError) => void }
  const record = new Promise<RunRecord>((resolve, reject) => {
    settle = { resolve, reject }
  })

  const journal =
    dependencies.keeping === null
      ? null
      : createJournal({
          held: dependencies.keeping.held,
          merge,
          snapshotBytes: taken.snapshotBytes,
          saved,
          nowMs: localNowMs,
          onBroken(error) {
            log(
              'warn',
              `this run cannot be resumed any more, as it cannot be kept: ${String(error)}`,
              'not-kept',
            )
          },
        })

  function saved(): SavedRun {
    return {
      clock: { localMs: localNowMs(), wallMs: dependencies.wallNowMs() },
      startedAtMs,
      dataEnded,
      leasedTo: leases?.leasedTo ?? leasedTo,
      state: savedState(state),
    }
  }

  /** Of the test's files, those that are secrets: they are for workers alone, by a key of theirs. */
  const secretFiles = Object.fromEntries(
    Object.entries(order.files).flatMap(([path, { digest }]) => {
      const bytes = secretOfFile(path) === null ? undefined : dependencies.objects.get(digest)
      return bytes === undefined ? [] : [[path, bytes] as const]
    }),
  )
  /** By worker, of the process that was heard last. */
  const sealingKeys = new Map<string, Uint8Array>()

  function dispatch(event: CoordinatorEvent): void {
    follow(decide(state, event))
  }

  function follow({ state: next, actions }: Decision): void {
    const hasNews = isNews(state, next)
    state = next
    if (startedAtMs === null && state.startAtMs !== null) {
      startedAtMs = dependencies.wallNowMs() + (state.startAtMs - localNowMs())
    }
    if (journal === null || isSuperseded(state)) {
      for (const action of actions) perform(action)
      return
    }
    const told = actions.filter(({ type }) => type === 'say')
    const rest = actions.filter(({ type }) => type !== 'say')
    if (hasNews) journal.changed()
    for (const action of told) perform(action)
    if (rest.length === 0) {
      if (hasNews) void journal.kept('now')
      return
    }
    // Whoever takes the run up must know of what was ordered before anyone acts on it.
    if (!hasNews && ordersWaiting === 0) {
      for (const action of rest) perform(action)
      return
    }
    ordersWaiting++
    void journal.kept('now').then(() => {
      ordersWaiting--
      for (const action of rest) perform(action)
    })
  }

  function perform(action: CoordinatorAction): void {
    switch (action.type) {
      case 'send': {
        const delivery = deliver(action).finally(() => deliveries.delete(delivery))
        deliveries.add(delivery)
        return
      }
      case 'say':
        journal?.event(
          JSON.stringify({ at: new Date(dependencies.wallNowMs()).toISOString(), ...action.event }),
        )
        dependencies.onEvent(action.event)
        return
      case 'refuse':
        void told().then(() =>
          settle.reject(new BreakwaterError(action.code, action.message, { hint: action.hint })),
        )
        return
      case 'finish':
        {
          const ended = recordNow()
          void told().then(() => settle.resolve(ended))
        }
        return
      default:
        action satisfies never
    }
  }

  /** The last commands have been answered, or given up. */
  async function told(): Promise<void> {
    clearInterval(ticking)
    await Promise.allSettled(deliveries)
    if (!isSuperseded(state)) await journal?.close()
    await stream.close(!isSuperseded(state))
  }

  async function deliver({
    worker,
    command,
    timeoutMs,
  }: CoordinatorAction & { type: 'send' }): Promise<void> {
    const whole = command.type === 'prepare' ? { ...command, secretFiles } : command
    const subject = subjects.command(worker)
    const deadlineMs = localNowMs() + timeoutMs
    try {
      const payload = encodeCommand(whole, sealingKeys.get(worker))
      for (let leftMs = timeoutMs; leftMs > 0; leftMs = deadlineMs - localNowMs()) {
        const sentMs = localNowMs()
        const answer = await bus.request(subject, payload, { timeoutMs: leftMs })
        const reply = reception.read('reply', subject, answer, decodeReply)
        if (reply !== undefined) {
          dispatch({ type: 'reply', worker, command, reply, sentMs, nowMs: localNowMs() })
          return
        }
        // Somebody else has answered; who was asked may do so yet.
        await new Promise((resolve) => setTimeout(resolve, tickMs))
      }
    } catch (error) {
      if (!(error instanceof BreakwaterError)) throw error
      log('warn', `${command.type} to ${worker} was not answered: ${error.message}`, 'command-unanswered')
    }
    // Sent again in a moment: nobody may be listening just now.
    setTimeout(() => dispatch({ type: 'no-reply', worker, command, nowMs: localNowMs() }), tickMs)
  }

  /** What whoever asks may have. */
  function openObjects(): ReadonlyMap<string, Uint8Array> {
    const open = Object.entries(order.files).filter(([path]) => secretOfFile(path) === null)
    const digests = new Set(open.map(([, { digest }]) => digest))
    return new Map([...dependencies.objects].filter(([digest]) => digests.has(digest)))
  }

  function onHello(hello: WorkerHello, { subject }: HeardMessage): void {
    if (subjects.workerOf(subject) !== hello.id) refuseStranger(`it is said to be of ${hello.id}`)
    if (hello.sealingKey !== undefined) sealingKeys.set(hello.id, hello.sealingKey)
    dispatch({ type: 'hello', hello, nowMs: localNowMs() })
  }

  /** By either way; each name on the subject is its worker's alone. */
  function onSnapshot(
    snapshot: Snapshot,
    { subject, payload }: Pick<HeardMessage, 'subject' | 'payload'>,
    answer: (ack: Uint8Array, isNew: boolean) => void,
  ): void {
    const elapsed = state.startAtMs === null ? 0 : (localNowMs() - state.startAtMs) * 1000
    door.admit(snapshot, subjects.workerOf(subject), state.members, elapsed)
    const { worker, incarnation, sequence, shards, final, endedBy, at } = snapshot
    const isOver = isOverrun(state.epochs, snapshot)
    const beganMs = localNowMs()
    const isNew = merge.add(snapshot, isOver)
    mergeMs += localNowMs() - beganMs
    if (isNew) journal?.snapshot(payload)
    if (endedBy === 'data' && !dataEnded) {
      dataEnded = true
      journal?.changed()
    }
    for (const text of isNew ? snapshot.warnings : [])
      perform({ type: 'say', event: { kind: 'warning', worker, message: text } })
    const acknowledge = () => {
      // Whoever leads the run now has to have it.
      if (!isSuperseded(state)) answer(encodeSnapshotAck({ incarnation, sequence, term: order.term }), isNew)
    }
    if (journal === null) acknowledge()
    else void journal.kept('soon').then(acknowledge)
    const { newest, isWhole } = merge.metrics.progress(incarnation)
    const isNewest = sequence === newest && shards.length > 0
    const donePhases = isNewest ? order.test.load.map((_, phase) => isDone(shards, phase)) : null
    // It may have overtaken others: the worker has told all when they are there too.
    if (final) lastWords.set(incarnation, { endedBy, at })
    const told = (isWhole ? lastWords.get(incarnation) : undefined) ?? { endedBy, at }
    dispatch({
      type: 'snapshot',
      ...{ worker, incarnation, donePhases, final: isWhole, ...told, isOverrun: isOver },
      isBehind: isWhole && wasBehind(worker, incarnation),
      nowMs: localNowMs(),
    })
  }

  function wasBehind(worker: string, incarnation: string): boolean {
    const { epochs } = state
    const shards = merge.metrics.worker(incarnation)?.shards ?? []
    const { test, plan } = order
    return isBehind(epochs, { worker, shards }, (phase) => plannedNow({ test, plan, epochs }, phase))
  }

  function onRows({ worker, incarnation, source }: RowsRequest, message: HeardMessage): void {
    if (state.members.get(worker)?.incarnation !== incarnation)
      refuseStranger(`${worker} (${incarnation}) is no worker of this run`)
    if (source >= dependencies.rowCounts.length) refuse(`it asks for rows of source ${source}`)
    const threads = [...state.members.values()].reduce((sum, member) => sum + member.threads, 0)
    leases ??= createRowLeases(
      order.test,
      dependencies.rowCounts,
      order.plan.leaseFrom,
      Math.max(1, threads),
      leasedTo,
    )
    const rows = encodeRowsReply(leases.lease(source))
    journal?.changed()
    if (journal === null) message.respond(rows)
    else void journal.kept('now').then(() => message.respond(rows))
  }

  function onStanding(request: StandingRequest, message: HeardMessage): void {
    const { worker, incarnation } = request
    dispatch({ type: 'asked', worker, incarnation, nowMs: localNowMs() })
    const respond = () => message.respond(encodeStandingReply(standingOf(state, request)))
    if (journal === null || ordersWaiting === 0) respond()
    else void journal.kept('now').then(respond)
  }

  /** Someone else than who began the run, anywhere. */
  function onSteer({ action, by, ...wish }: RunRequest, message: HeardMessage): void {
    const nowMs = localNowMs()
    if (action === 'stop')
      dispatch({ type: 'end', mode: 'stop', how: 'stopped', why: `${by} stopped it`, nowMs })
    const refused =
      action === 'steer' ? refusalOfSteering(state, wish, dependencies.maxRate ?? null, nowMs) : null
    if (action === 'steer' && refused === null) dispatch({ type: 'steer', wish, by, nowMs })
    const refusal = refused && { code: refused.code, message: refused.message, hint: refused.hint ?? '' }
    const respond = () => message.respond(encodeRunStatus(runStatus(state, soFar(), refusal)))
    // What was promised is kept by whoever takes the run up.
    if (journal === null || action !== 'steer') respond()
    else void journal.kept('now').then(respond)
  }

  function soFar(): RunRecord | null {
    return state.startAtMs === null ? null : recordNow()
  }

  function onKept(message: KeptMessage): void {
    const worker = subjects.workerOf(message.subject) ?? ''
    const isGood = reception.take('snapshot', message, decodeSnapshot, (snapshot) =>
      onSnapshot(snapshot, message, (ack) => {
        message.taken()
        bus.publish(subjects.receipt(order.run, worker), ack)
      }),
    )
    // What is no snapshot would come again and again.
    if (!isGood) message.taken()
  }

  function onControl({ run, term }: ControllerBeat): void {
    if (run !== order.run) refuseStranger(`it is of run ${run}`)
    dispatch({ type: 'rival', term })
  }

  function tick(): void {
    const nowMs = localNowMs()
    if (beats++ % ticksPerBeat === 0) {
      bus.publish(
        subjects.control(order.run),
        encodeControllerBeat({
          run: order.run,
          term: order.term,
          epoch: state.epochs.at(-1)?.number ?? 0,
          streamed: stream.isOpen,
        }),
      )
    }
    dispatch({ type: 'tick', nowMs })
    if (state.stage !== 'running' || state.startAtMs === null || state.ending !== null) return
    // A second is judged when every worker at work has told of it; one that is silent holds it back until it is lost.
    const through = merge.metrics.throughSecond(
      [...state.members.values()].filter((m) => m.status === 'armed').map((m) => m.incarnation),
    )
    if (through <= judgedThrough) return
    judgedThrough = through
    const broken = abortingObjective(recordNow(), through)
    if (broken !== null) dispatch({ type: 'end', mode: 'abort', how: 'aborted', why: broken, nowMs })
  }

  function recordNow(): RunRecord {
    const { test, run, plan } = order
    const startAtMs = state.startAtMs ?? localNowMs()
    return {
      run,
      test,
      plan,
      table,
      epochs: state.epochs,
      members: [...state.members.values()].map((member) => memberRecord(member, startAtMs)),
      metrics: merge.metrics,
      ended: howEnded(state),
      endedWhy: state.ending?.why ?? null,
      endingAt: state.ending === null ? null : (state.ending.atMs - startAtMs) * 1000,
      startedAtMs: startedAtMs ?? dependencies.wallNowMs(),
      endedAt: Math.max(0, ((state.endedAtMs ?? localNowMs()) - startAtMs) * 1000),
      dataEnded,
      setupFailure: state.once.setup?.failure ?? null,
      teardownFailure: state.once.teardown?.failure ?? null,
      onceRequests: {
        setup: state.once.setup?.sent ?? 0,
        teardown: state.once.teardown?.sent ?? 0,
        auth: (state.once.setup?.auth ?? 0) + (state.once.teardown?.auth ?? 0),
      },
      dropped: reception.dropped,
      pace: order.pace,
      strict: dependencies.strict,
    }
  }

  subscriptions.push(
    reception.listen(subjects.hello('*'), 'hello', decodeHello, onHello),
    reception.listen(subjects.beat('*'), 'beat', decodeHello, onHello),
    reception.listen(subjects.snapshot(order.run, '*'), 'snapshot', decodeSnapshot, (snapshot, message) =>
      onSnapshot(snapshot, message, (ack, isNew) => {
        message.respond(ack)
        // Sent again although it was answered: answers to requests come too late there, and a receipt never does.
        if (!isNew) bus.publish(subjects.receipt(order.run, snapshot.worker), ack)
      }),
    ),
    reception.listen(subjects.rows(order.run), 'rows', decodeRowsRequest, onRows),
    reception.listen(subjects.standing(order.run), 'standing', decodeStandingRequest, onStanding),
    reception.listen(subjects.steer(order.run), 'steer', decodeRunRequest, onSteer),
    reception.listen(subjects.control(order.run), 'control', decodeControllerBeat, onControl),
    serveObjects(bus, subjects.object(order.run), openObjects(), reception),
  )
  subscriptions.push(
    bus.onState((s) => dispatch({ type: 'connection', connected: s === 'connected', nowMs: localNowMs() })),
  )
  const stream = openSnapshotStream({
    ...{ bus, subjects, run: order.run, term: order.term, handle: onKept, log },
    onWay: (why) =>
      perform({ type: 'say', event: { kind: 'snapshots', by: why === null ? 'jetstream' : 'reply', why } }),
  })
  const ticking = setInterval(tick, tickMs)
  if (taken.resumed) follow(resumeRun(state, localNowMs()))
  else if (journal !== null) void journal.kept('now')
  const tidy = () => {
    clearInterval(ticking)
    for (const subscription of subscriptions) subscription.unsubscribe()
  }
  record.then(tidy, tidy)

  return {
    record,
    end: (mode, how, why) => dispatch({ type: 'end', mode, how, why, nowMs: localNowMs() }),
    rival: (term) => dispatch({ type: 'rival', term }),
    soFar,
    get state() {
      return state
    },
    reception,
    readings: () =>
      runReadings(state, soFar(), { judgedThrough, mergeMs, isStreamed: stream.isOpen }, localNowMs()),
  }
}

function isSuperseded({ last }: CoordinatorState): boolean {
  return last.type === 'refuse' && last.code === 'superseded'
}

function isDone(shards: readonly ShardState[], phase: number): boolean {
  const own = shards.filter((shard) => shard.phase === phase)
  return own.length > 0 && own.every((shard) => shard.done)
}
