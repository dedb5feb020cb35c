import { createRecorder, type Recorder } from '../../core/measure/recorder.ts'
import { seriesTable } from '../../core/measure/series.ts'
import { inFlightBound } from '../../core/plan/in-flight.ts'
import type { Micros } from '../../core/plan/plan.ts'
import { planRun } from '../../core/plan/plan-run.ts'
import { createSchedules } from '../../core/plan/schedules.ts'
import { compileTest } from '../../core/scenario/compile.ts'
import type { CompiledTest } from '../../core/scenario/compiled.ts'
import { createRedactor, type Redactor } from '../../core/scenario/redact.ts'
import { keepIndex } from '../../core/spec/row-index.ts'
import { createClock } from './clock.ts'
import { Engine } from './engine.ts'
import { FailureSamples } from './failure-samples.ts'
import { Fence } from './fence.ts'
import { createPacer, type Pacer } from './pacer.ts'
import { Rows } from './rows.ts'
import { performStage } from './set-up.ts'
import { createHealthMeter, type HealthMeter } from './thread-health.ts'
import type { Captured, FromThread, OnceStage, ThreadPart, ToThread } from './thread-protocol.ts'
import type { CreateTransport, Transport, TransportSink } from './transport-port.ts'

export type Prepare = Extract<ToThread, { type: 'prepare' }>

const microsPerSecond = 1_000_000
/** A thread comes round at least so often: it is how it notices that it was stopped. */
const watchMicros = 100_000
/** One message says it for all requests that carried the token. */
const refusalsApartMs = 1_000

/** One run on one thread: the engine with its clock, its pacer and its transport, reporting once a second. */
export class ThreadRun implements TransportSink {
  readonly engine: Engine
  readonly transport: Transport
  readonly #prepare: Prepare
  readonly #post: (message: FromThread) => void
  readonly #createTransport: CreateTransport
  readonly #compiled: CompiledTest
  readonly #clock = createClock()
  readonly #recorder: Recorder
  readonly #failures: FailureSamples
  readonly #redactor: Redactor
  /** By target. */
  readonly #refusedAtMs: number[] = []
  readonly #rows: Rows
  readonly #health: HealthMeter
  readonly #fence: Fence
  #pacer: Pacer | null = null
  #partAt: Micros = microsPerSecond
  #isDrained = false

  constructor(prepare: Prepare, createTransport: CreateTransport, post: (message: FromThread) => void) {
    const { test, seed, files, worker, thread, threads, secrets } = prepare
    this.#prepare = prepare
    this.#post = post
    this.#createTransport = createTransport
    for (const [file, index] of Object.entries(prepare.indexes)) {
      const bytes = files[file]
      if (bytes !== undefined) keepIndex(bytes, index)
    }
    const compiled = compileTest(test, files, Date.now)
    this.#compiled = compiled
    const plan = planRun(test, seed)
    const table = seriesTable(test)
    this.#recorder = createRecorder({ table, thread, detail: test.detail })
    this.#redactor = createRedactor(secrets)
    this.#failures = new FailureSamples({ worker, test, redactor: this.#redactor })
    this.#rows = new Rows(compiled.sources, seed, (source) => post({ type: 'rowsWanted', source }))
    this.#health = createHealthMeter(thread, threads)
    const detail = test.detail
    const clock = this.#clock
    this.#fence = new Fence((question) => post({ type: 'fenced', ...question }))
    const fence = this.#fence
    this.transport = createTransport({
      threads,
      thread,
      detail,
      files,
      clock,
      sink: this,
      gate: { mayWrite: () => fence.isOpenAt(clock.nowMicros()) },
    })
    this.engine = new Engine({
      worker,
      thread,
      test,
      plan,
      schedules: createSchedules(test, seed),
      compiled,
      table,
      recorder: this.#recorder,
      failures: this.#failures,
      rows: this.#rows,
      transport: this.transport,
      fence,
      inFlightBound: (rateFactor) => boundOf(inFlightBound(test, plan, rateFactor), threads, thread),
      onSooner: (at) => this.#pacer?.sooner(at),
      onTokenRefused: (target) => this.#tokenRefused(target),
    })
  }

  get pace(): 'timer' | 'spin' {
    return this.#prepare.pace
  }

  get hasArrivals(): boolean {
    return this.#prepare.test.load.some(({ loop }) => loop === 'open')
  }

  done(exchange: Parameters<TransportSink['done']>[0]): void {
    this.engine.done(exchange)
  }

  openStream(exchange: Parameters<TransportSink['openStream']>[0]): ReturnType<TransportSink['openStream']> {
    return this.engine.openStream(exchange)
  }

  /** A defect rejects. */
  async perform(stage: OnceStage, setup: Captured): Promise<void> {
    const { test, files, seed } = this.#prepare
    const redactor = this.#redactor
    const compiled = this.#compiled
    const createTransport = this.#createTransport
    compiled.provideSetup(setup)
    const options = { test, files, seed, redactor, compiled, createTransport }
    this.#post({ type: 'performed', result: await performStage(stage, options) })
  }

  streamEnded(slot: number, stream: number, openedAt: number, at: number, ok: boolean): void {
    this.engine.streamEnded(slot, stream, openedAt, at, ok)
  }

  arm(startLocalMs: number, epoch: Parameters<Engine['arm']>[0], setup: Captured): void {
    this.#compiled.provideSetup(setup)
    this.#clock.bind(startLocalMs)
    this.engine.arm(epoch)
    this.#pacer = createPacer(this.#prepare.pace, this.#clock, (now) => this.#turn(now))
  }

  giveRows(source: number, from: number, count: number): void {
    this.engine.giveRows(source, from, count, this.#clock.nowMicros())
  }

  confirm(question: number): void {
    const now = this.#clock.nowMicros()
    if (this.#fence.confirm(question, now)) this.engine.resume(now)
  }

  takeToken(target: number, token: string): void {
    this.#redactor.add(token)
    this.#compiled.provideToken(target, token)
  }

  #tokenRefused(target: number): void {
    const nowMs = performance.now()
    if (nowMs - (this.#refusedAtMs[target] ?? Number.NEGATIVE_INFINITY) < refusalsApartMs) return
    this.#refusedAtMs[target] = nowMs
    this.#post({ type: 'tokenRefused', target })
  }

  stop(): void {
    this.engine.stop(this.#clock.nowMicros())
  }

  abort(): void {
    this.engine.abort(this.#clock.nowMicros())
  }

  async close(): Promise<void> {
    this.#pacer?.stop()
    this.#health.close()
    await this.transport.close()
  }

  #turn(now: Micros): Micros {
    if (this.#fence.giveUp(now)) this.engine.resume(now)
    const next = this.engine.turn(now)
    if (this.engine.isDrained(now)) {
      this.#drained(now)
      return Number.POSITIVE_INFINITY
    }
    if (now >= this.#partAt) {
      this.#partAt = (Math.floor(now / microsPerSecond) + 1) * microsPerSecond
      this.#post({ type: 'part', part: this.#part(now, false) })
    }
    const wakeAt = Math.min(next, this.#partAt, now + watchMicros)
    this.#fence.expect(wakeAt, now)
    return wakeAt
  }

  #drained(now: Micros): void {
    if (this.#isDrained) return
    this.#isDrained = true
    this.#pacer?.stop()
    this.engine.leaveStreams()
    this.#post({ type: 'part', part: this.#part(now, true) })
  }

  #part(now: Micros, drained: boolean): ThreadPart {
    const { engine, transport } = this
    // Everything is handed out before the sum of what was handed out.
    const intervals = drained ? this.#recorder.flush() : this.#recorder.roll(now)
    return {
      thread: this.#prepare.thread,
      at: now,
      intervals,
      shards: engine.shards(now),
      requests: engine.requests(),
      health: this.#health.read(),
      openSockets: transport.openSockets,
      failures: this.#failures.take(),
      startSkew: engine.startSkew,
      decidedAt: engine.decidedAt,
      drained,
      totals: drained ? this.#recorder.totals() : null,
      dataEnded: this.#rows.exhausted,
    }
  }
}

/** A thread's part of a worker's bound; one at least, or its arrivals could never start. */
function boundOf(bound: number, threads: number, thread: number): number {
  return Math.max(1, Math.floor(bound / threads) + (thread < bound % threads ? 1 : 0))
}
