import { createRecorder } from '../../core/measure/recorder.ts'
import type { RequestError } from '../../core/measure/request-error.ts'
import { type SeriesTable, seriesTable } from '../../core/measure/series.ts'
import type { Interval, RequestCounts, ShardState } from '../../core/measure/snapshot.ts'
import { Totals } from '../../core/measure/totals.ts'
import { type EpochChange, firstEpoch, newestOrder, nextEpoch } from '../../core/plan/epoch.ts'
import type { Epoch, EpochOrder, Micros, RosterEntry, RunPlan } from '../../core/plan/plan.ts'
import { planRun } from '../../core/plan/plan-run.ts'
import { createSchedules } from '../../core/plan/schedules.ts'
import { compileTest } from '../../core/scenario/compile.ts'
import type { Files } from '../../core/scenario/compiled.ts'
import { createRedactor } from '../../core/scenario/redact.ts'
import type { Schedule } from '../../core/schedule/schedule.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import { Engine } from '../../worker/engine/engine.ts'
import { FailureSamples } from '../../worker/engine/failure-samples.ts'
import type { Fence } from '../../worker/engine/fence.ts'
import { Rows } from '../../worker/engine/rows.ts'
import type { Exchange, Transport, TransportSink } from '../../worker/engine/transport-port.ts'

/** What becomes of a request; µs from its send. `never`: only a cancellation ends it. */
export type Fate =
  | 'never'
  | {
      readonly afterMicros: number
      /** Wait for a connection, before it is written. */
      readonly waitMicros?: number
      readonly status?: number
      readonly error?: RequestError
      readonly body?: string
      /** Where it redirects to. */
      readonly location?: string
    }

/** `exchange.request` and `exchange.dispatchedAt` are what it is decided on. */
export type Target = (exchange: Exchange, thread: number) => Fate

export interface VirtualRunOptions {
  readonly test: LoadTest
  readonly target: Target
  readonly seed?: number
  readonly roster?: readonly RosterEntry[]
  readonly files?: Files
  readonly inFlightBound?: number | ((rateFactor: number) => number)
  readonly secrets?: readonly string[]
  /** Of every thread. */
  readonly fence?: Fence
  /** How late the pacer comes, µs. */
  readonly lateness?: (at: Micros) => number
}

export interface Sent {
  readonly thread: number
  readonly worker: string
  readonly at: Micros
  readonly path: string
  readonly user: number
}

/** What a virtual thread lives in. */
export interface VirtualWorld {
  /** Cluster time as the thread's clock tells it. */
  readonly now: Micros
  readonly plan: RunPlan
  readonly table: SeriesTable
  readonly options: VirtualRunOptions
  readonly events: { add(at: Micros, run: () => void): void }
  readonly sent: { push(sent: Sent): unknown }
  readonly wanted: { push(wanted: { readonly thread: VirtualThread; readonly source: number }): unknown }
  readonly refusedTokens: {
    push(refused: { readonly thread: VirtualThread; readonly target: number }): unknown
  }
}

/** All threads of a run in virtual time: no timer, no clock, every instant exact. */
export class VirtualRun implements VirtualWorld {
  now: Micros = -1_000_000
  readonly plan: RunPlan
  readonly schedules: readonly (Schedule | null)[]
  readonly table: SeriesTable
  readonly sent: Sent[] = []
  readonly threads: VirtualThread[]
  /** Rows asked for and not given yet. */
  readonly refusedTokens: { readonly thread: VirtualThread; readonly target: number }[] = []
  readonly wanted: { readonly thread: VirtualThread; readonly source: number }[] = []
  readonly events = new EventQueue()
  readonly epochs: Epoch[] = []
  epoch: EpochOrder
  readonly options: VirtualRunOptions

  constructor(options: VirtualRunOptions) {
    this.options = options
    const { test, seed = 1, roster = [{ worker: 'w1', weight: 1, threads: 1 }] } = options
    this.plan = planRun(test, seed)
    this.schedules = createSchedules(test, seed)
    this.table = seriesTable(test)
    this.threads = roster.flatMap(({ worker, threads }) =>
      Array.from({ length: threads }, (_, thread) => new VirtualThread(this, worker, thread)),
    )
    this.epoch = firstEpoch(test, this.plan, roster)
    this.epochs.push(this.epoch)
    for (const thread of this.threads) thread.engine.arm(this.epoch)
  }

  /** Answers and turns in the order of their instants, up to `until` or until everything is drained. */
  run(until: Micros = Number.POSITIVE_INFINITY): this {
    let turnsAtOnce = 0
    for (;;) {
      const due = this.threads.reduce((a, b) => (b.turnAt < a.turnAt ? b : a))
      const at = Math.min(this.events.nextAt, due.turnAt)
      if (at > until || at === Number.POSITIVE_INFINITY) {
        this.now = Math.max(this.now, Math.min(until, Number.MAX_SAFE_INTEGER))
        return this
      }
      turnsAtOnce = at > this.now ? 0 : turnsAtOnce + 1
      if (turnsAtOnce > 1_000_000) throw new Error(`time stands still at ${this.now}`)
      this.now = Math.max(this.now, at)
      // As in a real thread, answers that are there come before an overdue turn.
      if (this.events.nextAt <= this.now) this.events.take()()
      else due.turn()
      if (this.isDrained) return this
    }
  }

  advance(epoch: Epoch): void {
    this.epochs.push(epoch)
    this.epoch = newestOrder(this.epochs) as EpochOrder
    for (const thread of this.threads) thread.engine.advance(this.epoch)
  }

  /** The next epoch, with the roster that there is, unless another is given. */
  change(change: Omit<EpochChange, 'roster'> & Partial<EpochChange>): void {
    const { test, seed = 1 } = this.options
    const schedules = createSchedules(test, seed, this.epoch.pieces)
    this.advance(nextEpoch(this.epoch, { roster: this.epoch.roster, ...change }, schedules))
  }

  resume(): void {
    for (const thread of this.threads) thread.engine.resume(this.now)
  }

  stop(): void {
    for (const thread of this.threads) thread.engine.stop(this.now)
  }

  abort(): void {
    for (const thread of this.threads) thread.engine.abort(this.now)
  }

  get isDrained(): boolean {
    return this.threads.every((thread) => thread.engine.isDrained(this.now))
  }

  /** Sums of a phase over all threads. */
  phase(index: number): PhaseSum {
    const shards = this.threads.map((thread) => thread.engine.shards(this.now)[index] as ShardState)
    const sum = (of: (shard: ShardState) => number) => shards.reduce((total, shard) => total + of(shard), 0)
    const started = sum((shard) => shard.started)
    const skippedInFlight = sum((shard) => shard.skippedInFlight)
    const skippedLate = sum((shard) => shard.skippedLate)
    return {
      planned: this.plan.phases[index]?.planned ?? 0,
      started,
      skippedInFlight,
      skippedLate,
      completed: sum((shard) => shard.completed),
      failed: sum((shard) => shard.failed),
      interrupted: sum((shard) => shard.interrupted),
      inFlight: sum((shard) => shard.inFlight),
      users: sum((shard) => shard.users),
      done: shards.every((shard) => shard.done),
    }
  }

  get requests(): RequestCounts {
    const all = this.threads.map((thread) => thread.engine.requests())
    const sum = (of: (counts: RequestCounts) => number) => all.reduce((total, one) => total + of(one), 0)
    const errors: Partial<Record<RequestError, number>> = {}
    for (const one of all) {
      for (const [error, count] of Object.entries(one.errors)) {
        errors[error as RequestError] = (errors[error as RequestError] ?? 0) + (count ?? 0)
      }
    }
    return {
      thread: 0,
      attempted: sum((one) => one.attempted),
      sent: sum((one) => one.sent),
      ok: sum((one) => one.ok),
      failed: sum((one) => one.failed),
      interrupted: sum((one) => one.interrupted),
      redirected: sum((one) => one.redirected),
      overrun: 0,
      setup: 0,
      teardown: 0,
      auth: 0,
      errors,
      passes: {},
    }
  }

  /** Everything measured so far, of all threads; the recorders are empty afterwards. */
  intervals(): readonly Interval[] {
    return this.threads.flatMap((thread) => thread.recorder.flush())
  }
}

export interface PhaseSum {
  readonly planned: number
  readonly started: number
  readonly skippedInFlight: number
  readonly skippedLate: number
  readonly completed: number
  readonly failed: number
  readonly interrupted: number
  readonly inFlight: number
  readonly users: number
  readonly done: boolean
}

export class VirtualThread implements TransportSink, Transport {
  readonly name = 'undici'
  readonly openSockets = 0
  readonly engine: Engine
  readonly recorder
  readonly failures: FailureSamples
  readonly rows: Rows
  readonly worker: string
  readonly thread: number
  turnAt: Micros = 0
  /** What was let go of. */
  readonly left: { readonly at: Micros; readonly slot: number; readonly whose: 'iteration' | 'user' }[] = []
  /** The most exchanges that were ever under way at once. */
  mostInFlight = 0
  readonly #run: VirtualWorld
  readonly #underWay = new Map<Exchange, { cancelled: boolean }>()

  constructor(run: VirtualWorld, worker: string, thread: number) {
    const { test, seed = 1, files = {}, inFlightBound = 1_000_000, secrets = [] } = run.options
    this.#run = run
    this.worker = worker
    this.thread = thread
    this.recorder = createRecorder({ table: run.table, thread, detail: test.detail })
    this.failures = new FailureSamples({ worker, test, redactor: createRedactor(secrets) })
    const compiled = compileTest(test, files, () => 0)
    this.rows = new Rows(compiled.sources, seed, (source) => run.wanted.push({ thread: this, source }))
    this.engine = new Engine({
      worker,
      thread,
      test,
      plan: run.plan,
      // A schedule keeps a cursor.
      schedules: createSchedules(test, seed),
      compiled,
      table: run.table,
      recorder: this.recorder,
      failures: this.failures,
      rows: this.rows,
      transport: this,
      fence: run.options.fence ?? null,
      inFlightBound: typeof inFlightBound === 'number' ? () => inFlightBound : inFlightBound,
      onSooner: (at) => this.#callAt(at),
      onTokenRefused: (target) => run.refusedTokens.push({ thread: this, target }),
    })
  }

  openStream(exchange: Exchange): ReturnType<Engine['openStream']> {
    return this.engine.openStream(exchange)
  }

  get inFlight(): number {
    return this.#underWay.size
  }

  turn(): void {
    this.turnAt = Number.POSITIVE_INFINITY
    this.#callAt(this.engine.turn(this.#run.now))
  }

  send(exchange: Exchange): void {
    const { now, options, events, sent } = this.#run
    if (this.#underWay.has(exchange)) throw new Error('sent twice')
    const flight = { cancelled: false }
    this.#underWay.set(exchange, flight)
    this.mostInFlight = Math.max(this.mostInFlight, this.#underWay.size)
    const fate = options.target(exchange, this.thread)
    const waitMicros = fate === 'never' ? 0 : (fate.waitMicros ?? 0)
    const write = () => {
      exchange.sentAt = this.#run.now
      exchange.sends = 1
      sent.push({
        worker: this.worker,
        thread: this.thread,
        at: this.#run.now,
        path: exchange.request.path,
        user: exchange.user,
      })
    }
    if (waitMicros === 0) write()
    else events.add(now + waitMicros, () => flight.cancelled || write())
    if (fate === 'never') return
    events.add(now + waitMicros + fate.afterMicros, () => {
      if (flight.cancelled) return
      exchange.status = fate.error === undefined ? (fate.status ?? 200) : 0
      exchange.error = fate.error ?? null
      exchange.headers = fate.location === undefined ? null : ['location', fate.location]
      exchange.body = fate.body === undefined ? null : new TextEncoder().encode(fate.body)
      exchange.bodyBytes = exchange.body?.length ?? 0
      this.#end(exchange)
    })
  }

  cancel(exchange: Exchange, error: RequestError): void {
    const flight = this.#underWay.get(exchange)
    if (flight === undefined || flight.cancelled) return
    flight.cancelled = true
    this.#run.events.add(this.#run.now, () => {
      exchange.error = error
      this.#end(exchange)
    })
  }

  leave(slot: number, whose: 'iteration' | 'user'): void {
    this.left.push({ at: this.#run.now, slot, whose })
  }

  done(exchange: Exchange): void {
    this.engine.done(exchange)
  }

  async prepare(): Promise<void> {}

  async close(): Promise<void> {}

  /** A pacer: at that instant, or late; at once where there is more to do. */
  #callAt(at: Micros): void {
    const { lateness } = this.#run.options
    const isDue = lateness === undefined || at <= this.#run.now || at === Number.POSITIVE_INFINITY
    this.turnAt = Math.min(this.turnAt, isDue ? at : at + lateness(at))
  }

  #end(exchange: Exchange): void {
    this.#underWay.delete(exchange)
    exchange.doneAt = this.#run.now
    this.done(exchange)
  }
}

/** Events by instant, in the order of adding where instants are equal. */
export class EventQueue {
  readonly #heap: { readonly at: number; readonly order: number; readonly run: () => void }[] = []
  #added = 0

  get nextAt(): number {
    return this.#heap[0]?.at ?? Number.POSITIVE_INFINITY
  }

  add(at: number, run: () => void): void {
    const heap = this.#heap
    const event = { at, order: this.#added++, run }
    let hole = heap.push(event) - 1
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if (isBefore(heap[parent] as Event, event)) break
      heap[hole] = heap[parent] as Event
      hole = parent
    }
    heap[hole] = event
  }

  take(): () => void {
    const heap = this.#heap
    const first = heap[0] as Event
    const last = heap.pop() as Event
    if (heap.length > 0) {
      let hole = 0
      for (;;) {
        let child = 2 * hole + 1
        if (child >= heap.length) break
        if (child + 1 < heap.length && isBefore(heap[child + 1] as Event, heap[child] as Event)) child++
        if (isBefore(last, heap[child] as Event)) break
        heap[hole] = heap[child] as Event
        hole = child
      }
      heap[hole] = last
    }
    return first.run
  }
}

interface Event {
  readonly at: number
  readonly order: number
  readonly run: () => void
}

function isBefore(a: Event, b: Event): boolean {
  return a.at < b.at || (a.at === b.at && a.order < b.order)
}

/** Response times of all requests, good and bad. */
export function responseTimes(intervals: readonly Interval[], table: SeriesTable): Totals {
  const totals = new Totals()
  for (const { series } of intervals) {
    for (const delta of series) {
      if (table.keys[delta.series]?.kind !== 'step') continue
      totals.addSparse(delta.responseOk)
      totals.addSparse(delta.responseFailed)
    }
  }
  return totals
}

/** One FIFO server with a constant service time, frozen for a while. All in µs. */
export function fifoServer(
  serviceMicros: number,
  freeze = { at: Number.POSITIVE_INFINITY, forMicros: 0 },
): Target {
  let free = 0
  const thawAt = freeze.at + freeze.forMicros
  return ({ dispatchedAt }) => {
    let begin = Math.max(free, dispatchedAt)
    if (begin >= freeze.at && begin < thawAt) begin = thawAt
    free = begin + serviceMicros
    // Service under way when the freeze comes is held as well.
    if (begin < freeze.at && free > freeze.at) free += freeze.forMicros
    return { afterMicros: free - dispatchedAt }
  }
}
