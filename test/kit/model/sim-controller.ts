import { beginRun } from '../../../controller/run/coordinator.ts'
import type {
  CoordinatorAction,
  CoordinatorEvent,
  CoordinatorState,
  Decision,
  SteerWish,
} from '../../../controller/run/coordinator-state.ts'
import { memberRecord } from '../../../controller/run/member-record.ts'
import { howEnded } from '../../../controller/run/members.ts'
import type { RunOrder } from '../../../controller/run/run-order.ts'
import {
  isNews,
  restoredState,
  type SavedRun,
  savedState,
  shiftClock,
} from '../../../controller/run/saved-run.ts'
import { standingOf } from '../../../controller/run/standing.ts'
import { beatMs } from '../../../controller/run/timing.ts'
import { createMerge, type Merge } from '../../../core/measure/merge.ts'
import { seriesTable } from '../../../core/measure/series.ts'
import type { ShardState, Snapshot } from '../../../core/measure/snapshot.ts'
import { isBehind } from '../../../core/plan/ownership.ts'
import { plannedNow } from '../../../core/verdict/current-plan.ts'
import type { RunRecord } from '../../../core/verdict/run-record.ts'
import type { CommandReply, StandingReply, StandingRequest, WorkerHello } from '../../../proto/messages.ts'
import type { Endpoint } from './sim-bus.ts'
import type { ControllerSeat, SimPlace, WorkerSeat } from './sim-place.ts'
import type { Delivered } from './sim-session.ts'
import { Process } from './world.ts'

/** What is on the disk: of one run, held by one process at a time. */
export interface SimStore {
  term: number
  saved: string | null
  readonly snapshots: Snapshot[]
}

/** How a controller's process came to its end. */
export type Conclusion =
  | { readonly type: 'finished'; readonly record: RunRecord }
  | { readonly type: 'refused'; readonly code: string }

const tickMs = 250
/** What the disk takes. */
const mostToKeepMs = 40

/** controller/run/conductor.ts in simulated time, with a disk that takes its time. */
export class SimController implements ControllerSeat {
  readonly process: Process
  cut: Endpoint['cut'] = null
  readonly term: number
  state: CoordinatorState
  readonly #place: SimPlace
  readonly #store: SimStore
  readonly #order: RunOrder
  readonly #merge: Merge
  readonly #clockAheadMs: number
  #beats = 0
  #ordersWaiting = 0
  #keptAtMs = 0
  #deliveries = 0
  #unkept: Snapshot[] = []
  #acknowledgements: (() => void)[] = []
  #conclusion: Conclusion | null = null
  #hasTold = false

  /** Takes the run up where the store has one. */
  constructor(place: SimPlace, order: RunOrder, store: SimStore) {
    this.#place = place
    this.#store = store
    this.process = new Process(place.world)
    this.term = ++store.term
    this.#order = { ...order, term: this.term }
    this.#clockAheadMs = place.world.between(-50_000, 50_000)
    this.#merge = createMerge(seriesTable(order.test))
    const saved = store.saved === null ? null : (JSON.parse(store.saved) as SavedRun)
    for (const snapshot of store.snapshots)
      this.#merge.add(snapshot, place.machines.isOverrun(saved?.state.epochs ?? [], snapshot))
    if (saved === null) {
      this.state = beginRun(this.#order, this.localMs)
    } else {
      const { clock } = saved
      const shiftMs = this.localMs - place.wallMs - (clock.localMs - clock.wallMs)
      const restored = restoredState(this.#order, saved.state)
      this.state = shiftClock({ ...restored, beganAtMs: Number.POSITIVE_INFINITY }, shiftMs)
    }
    this.process.after(0, () => {
      if (saved !== null) this.#follow(place.machines.resumeRun(this.state, this.localMs))
      else this.#commit()
      this.#tick()
    })
  }

  get localMs(): number {
    return this.#place.world.nowMs + this.#clockAheadMs
  }

  /** Null: it is still at it. */
  get conclusion(): Conclusion | null {
    return this.#hasTold && this.#deliveries === 0 ? this.#conclusion : null
  }

  get isListening(): boolean {
    return this.process.isAlive && this.conclusion === null
  }

  hello(hello: WorkerHello): void {
    this.#dispatch({ type: 'hello', hello, nowMs: this.localMs })
  }

  rival(term: number): void {
    this.#dispatch({ type: 'rival', term })
  }

  connection(connected: boolean): void {
    this.process.do(() => this.#dispatch({ type: 'connection', connected, nowMs: this.localMs }))
  }

  end(mode: 'stop' | 'abort'): void {
    this.process.do(() =>
      this.#dispatch({ type: 'end', mode, how: 'stopped', why: 'someone stopped it', nowMs: this.localMs }),
    )
  }

  #wasBehind(worker: string, incarnation: string): boolean {
    const { epochs } = this.state
    const shards = this.#merge.metrics.worker(incarnation)?.shards ?? []
    const { test, plan } = this.#order
    return isBehind(epochs, { worker, shards }, (phase) => plannedNow({ test, plan, epochs }, phase))
  }

  steer(wish: SteerWish): void {
    this.process.do(() => this.#dispatch({ type: 'steer', wish, by: 'someone', nowMs: this.localMs }))
  }

  snapshot(snapshot: Snapshot, acknowledge: (ack: Delivered) => void): void {
    const { worker, incarnation, sequence, shards, final, endedBy, at } = snapshot
    const isOver = this.#place.machines.isOverrun(this.state.epochs, snapshot)
    if (this.#merge.add(snapshot, isOver)) this.#unkept.push(snapshot)
    this.#acknowledgements.push(() => acknowledge({ incarnation, sequence, term: this.term }))
    this.process.after(this.#place.world.between(1, 100), () => this.#commit())
    const donePhases =
      shards.length === 0 ? null : this.#order.test.load.map((_, phase) => isDone(shards, phase))
    this.#dispatch({
      type: 'snapshot',
      ...{ worker, incarnation, donePhases, final, endedBy, at, isOverrun: isOver },
      isBehind: final && this.#wasBehind(worker, incarnation),
      nowMs: this.localMs,
    })
  }

  asked(request: StandingRequest, respond: (reply: StandingReply) => void): void {
    this.#dispatch({ type: 'asked', ...request, nowMs: this.localMs })
    const waitMs = this.#ordersWaiting === 0 ? 0 : this.#keptAtMs - this.#place.world.nowMs
    this.process.after(waitMs, () => respond(standingOf(this.state, request)))
  }

  #dispatch(event: CoordinatorEvent): void {
    this.#follow(this.#place.machines.decideRun(this.state, event))
  }

  /** Whoever takes the run up must know of what was ordered before anyone acts on it. */
  #follow({ state: next, actions }: Decision): void {
    const hasNews = isNews(this.state, next)
    this.state = next
    const isSuperseded = next.last.type === 'refuse' && next.last.code === 'superseded'
    if (isSuperseded || (!hasNews && this.#ordersWaiting === 0)) {
      for (const action of actions) this.#perform(action)
      if (hasNews) this.process.after(this.#place.world.between(1, mostToKeepMs), () => this.#commit())
      return
    }
    this.#ordersWaiting++
    // One commit after the other.
    const { nowMs } = this.#place.world
    this.#keptAtMs = Math.max(this.#keptAtMs, nowMs + this.#place.world.between(1, mostToKeepMs))
    this.process.after(this.#keptAtMs - nowMs, () => {
      if (!this.#commit()) return
      this.#ordersWaiting--
      for (const action of actions) this.#perform(action)
    })
  }

  /** All of it or nothing. False: another process holds the run by now, so that nothing is kept any more, and nobody is told that it were. */
  #commit(): boolean {
    const store = this.#store
    if (store.term !== this.term) return false
    const saved: SavedRun = {
      clock: { localMs: this.localMs, wallMs: this.#place.wallMs },
      startedAtMs: null,
      dataEnded: false,
      leasedTo: null,
      state: savedState(this.state),
    }
    store.saved = JSON.stringify(saved)
    store.snapshots.push(...this.#unkept.splice(0))
    for (const acknowledge of this.#acknowledgements.splice(0)) acknowledge()
    return true
  }

  #perform(action: CoordinatorAction): void {
    switch (action.type) {
      case 'send':
        this.#deliver(action)
        return
      case 'say':
        return
      case 'refuse':
        this.#conclude({ type: 'refused', code: action.code })
        return
      case 'finish':
        this.#conclude({ type: 'finished', record: this.#record() })
        return
      default:
        action satisfies never
    }
  }

  #conclude(conclusion: Conclusion): void {
    this.#conclusion = conclusion
    this.process.after(0, () => {
      this.#hasTold = true
    })
  }

  #deliver({ worker, command, timeoutMs }: CoordinatorAction & { type: 'send' }): void {
    const sentMs = this.localMs
    this.#deliveries++
    this.#place.bus.request<CommandReply, WorkerSeat>(this, this.#place.workersOf(worker), timeoutMs, {
      ask: (asked, respond) => asked.command(command, respond),
      answer: (reply) => {
        this.#deliveries--
        this.#dispatch({ type: 'reply', worker, command, reply, sentMs, nowMs: this.localMs })
      },
      fail: () => {
        this.#deliveries--
        this.process.after(tickMs, () =>
          this.#dispatch({ type: 'no-reply', worker, command, nowMs: this.localMs }),
        )
      },
    })
  }

  #tick(): void {
    if (!this.isListening || this.#conclusion !== null) return
    const { run } = this.#order
    if (this.#beats++ % (beatMs / tickMs) === 0)
      this.#place.beat(this, run, this.term, this.state.epochs.at(-1)?.number ?? 0)
    this.#dispatch({ type: 'tick', nowMs: this.localMs })
    this.process.after(tickMs, () => this.#tick())
  }

  #record(): RunRecord {
    const { state } = this
    const { test, run, plan } = this.#order
    const startAtMs = state.startAtMs ?? this.localMs
    return {
      run,
      test,
      plan,
      table: seriesTable(test),
      epochs: state.epochs,
      members: [...state.members.values()].map((member) => memberRecord(member, startAtMs)),
      metrics: this.#merge.metrics,
      ended: howEnded(state),
      endedWhy: state.ending?.why ?? null,
      endingAt: state.ending === null ? null : (state.ending.atMs - startAtMs) * 1000,
      startedAtMs: this.#place.wallMs,
      endedAt: Math.max(0, ((state.endedAtMs ?? this.localMs) - startAtMs) * 1000),
      dataEnded: false,
      setupFailure: state.once.setup?.failure ?? null,
      teardownFailure: state.once.teardown?.failure ?? null,
      onceRequests: { setup: state.once.setup?.sent ?? 0, teardown: state.once.teardown?.sent ?? 0, auth: 0 },
      dropped: [],
      pace: 'timer',
      strict: false,
    }
  }
}

function isDone(shards: readonly ShardState[], phase: number): boolean {
  const own = shards.filter((shard) => shard.phase === phase)
  return own.length > 0 && own.every((shard) => shard.done)
}
