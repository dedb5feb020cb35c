import type { SeriesTable } from '../../../core/measure/series.ts'
import type { MeasuredPart } from '../../../core/measure/snapshot-assembly.ts'
import type { EpochOrder, Micros, RunPlan } from '../../../core/plan/plan.ts'
import { Fence } from '../../../worker/engine/fence.ts'
import { type Sent, type VirtualRunOptions, VirtualThread, type VirtualWorld } from '../virtual-engine.ts'
import { Channel, type Process } from './world.ts'

const microsPerSecond = 1_000_000
/** As in worker/engine/thread-run.ts. */
const watchMicros = 100_000

/** What a thread hands over. */
export interface SimPart extends MeasuredPart {
  readonly decidedAt: Micros
}

export interface SimThreadOptions {
  readonly worker: string
  readonly thread: number
  readonly process: Process
  readonly main: Process
  /** The worker's monotonic clock, ms. */
  readonly localMs: () => number
  readonly plan: RunPlan
  readonly table: SeriesTable
  readonly options: VirtualRunOptions
  /** It was stopped for more than a second. */
  readonly onFenced: (thread: SimThread, question: number) => void
  readonly onSent: (sent: Sent, thread: SimThread) => void
  readonly onPart: (part: SimPart, drained: boolean) => void
}

/** The real engine in simulated time: what worker/engine/thread-run.ts is around it, with simulated answers for a transport. */
export class SimThread implements VirtualWorld {
  readonly process: Process
  readonly plan: RunPlan
  readonly table: SeriesTable
  readonly options: VirtualRunOptions
  readonly wanted = []
  readonly refusedTokens = []
  readonly #parts: SimThreadOptions
  readonly #virtual: VirtualThread
  readonly #inbox: Channel
  readonly #outbox: Channel
  readonly #fence: Fence
  #startLocalMs = 0
  #isArmed = false
  #isDrained = false
  #partAt: Micros = microsPerSecond
  /** It comes round then at the latest. */
  #watchAt: Micros = Number.NEGATIVE_INFINITY
  #turn = 0

  constructor(parts: SimThreadOptions) {
    this.#parts = parts
    this.process = parts.process
    this.plan = parts.plan
    this.table = parts.table
    this.#inbox = new Channel(parts.process.world)
    this.#outbox = new Channel(parts.process.world)
    this.#fence = new Fence(({ question }) =>
      this.#outbox.post(parts.main, () => parts.onFenced(this, question)),
    )
    this.options = { ...parts.options, fence: this.#fence }
    this.#virtual = new VirtualThread(this, parts.worker, parts.thread)
  }

  get now(): Micros {
    return (this.#parts.localMs() - this.#startLocalMs) * 1000
  }

  readonly events = {
    add: (at: Micros, run: () => void): void => {
      this.process.after(Math.max(0, (at - this.now) / 1000), () => {
        run()
        this.#schedule()
      })
    },
  }

  readonly sent = { push: (sent: Sent): void => this.#parts.onSent(sent, this) }

  arm(startLocalMs: number, epoch: EpochOrder): void {
    this.#inbox.post(this.process, () => {
      this.#startLocalMs = startLocalMs
      this.#isArmed = true
      this.#virtual.engine.arm(epoch)
      this.#virtual.turnAt = Number.NEGATIVE_INFINITY
      this.#schedule()
    })
  }

  epoch(epoch: EpochOrder): void {
    this.#tell(() => this.#virtual.engine.advance(epoch))
  }

  confirm(question: number): void {
    this.#tell(() => {
      const { now } = this
      if (this.#fence.confirm(question, now)) this.#virtual.engine.resume(now)
    })
  }

  stop(): void {
    this.#tell(() => this.#virtual.engine.stop(this.now))
  }

  abort(): void {
    this.#tell(() => this.#virtual.engine.abort(this.now))
  }

  #tell(run: () => void): void {
    this.#inbox.post(this.process, () => {
      run()
      if (this.#isArmed) this.#schedule()
    })
  }

  /** The pacer: a turn at that instant, and of several wishes the last one alone. */
  #schedule(): void {
    const turn = ++this.#turn
    if (this.#isDrained) return
    const at = Math.min(this.#virtual.turnAt, this.#watchAt)
    // A timer of Node fires a little late.
    const ms = Math.max(0, (at - this.now) / 1000) + this.process.world.between(0, 1)
    this.process.after(ms, () => {
      if (turn === this.#turn) this.#onTurn()
    })
  }

  #onTurn(): void {
    const virtual = this.#virtual
    const { engine } = virtual
    if (this.#fence.giveUp(this.now)) engine.resume(this.now)
    virtual.turn()
    const now = this.now
    if (engine.isDrained(now)) {
      this.#isDrained = true
      this.#hand(true)
      return
    }
    if (now >= this.#partAt) {
      this.#partAt = (Math.floor(now / microsPerSecond) + 1) * microsPerSecond
      this.#hand(false)
    }
    this.#watchAt = Math.min(this.#partAt, now + watchMicros)
    this.#fence.expect(Math.min(virtual.turnAt, this.#watchAt), now)
    this.#schedule()
  }

  #hand(drained: boolean): void {
    const { engine, recorder, failures } = this.#virtual
    const now = this.now
    const part: SimPart = {
      thread: this.#parts.thread,
      at: now,
      intervals: drained ? recorder.flush() : recorder.roll(now),
      shards: engine.shards(now),
      requests: engine.requests(),
      failures: failures.take(),
      startSkew: engine.startSkew,
      decidedAt: engine.decidedAt,
    }
    this.#outbox.post(this.#parts.main, () => this.#parts.onPart(part, drained))
  }

  totals() {
    return this.#virtual.recorder.totals()
  }
}
