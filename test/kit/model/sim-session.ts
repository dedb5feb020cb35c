import type { EndedBy, Snapshot } from '../../../core/measure/snapshot.ts'
import { assembleSnapshots } from '../../../core/measure/snapshot-assembly.ts'
import type { EpochOrder } from '../../../core/plan/plan.ts'
import type { StandingReply } from '../../../proto/messages.ts'
import type { SimPart, SimThread } from './sim-thread.ts'
import type { Process } from './world.ts'

type Cut = 'silence' | 'halt' | 'replaced'

/** What became of a snapshot that was handed to the bus. */
export type Delivered = { readonly incarnation: string; readonly sequence: number; readonly term: number }

export interface SimSessionOptions {
  readonly run: string
  readonly worker: string
  readonly incarnation: string
  readonly main: Process
  readonly threads: readonly SimThread[]
  /** Of the newest coordinator that has spoken. */
  readonly term: () => number
  readonly onStarted: () => void
  readonly onDrained: () => void
  readonly onStanding: (reply: StandingReply) => void
  readonly askStanding: (answer: (reply: StandingReply) => void, fail: () => void) => void
  readonly sendsAgain: boolean
  readonly deliver: (snapshot: Snapshot, answer: (ack: Delivered) => void, fail: () => void) => void
}

/** What worker/agent/run-session.ts and its outbox do: parts of the threads become numbered snapshots, each handed over until somebody has it. */
export class SimSession {
  readonly #options: SimSessionOptions
  readonly #queue: Snapshot[] = []
  readonly #drained = new Set<number>()
  #parts: SimPart[] = []
  #sequence = 0
  #epoch = 0
  #cut: Cut | null = null
  #isLeaving = false
  #isClosed = false
  #isWorking = false
  #isFinished = false
  #attempt = 0
  #together = 0
  #decidedAt = 0
  /** By thread, its last question. */
  readonly #questions = new Map<SimThread, number>()
  #wantsStanding = false
  #isAsking = false
  #asked = 0

  constructor(options: SimSessionOptions) {
    this.#options = options
  }

  arm(startLocalMs: number, epoch: EpochOrder): void {
    this.#epoch = epoch.number
    for (const thread of this.#options.threads) thread.arm(startLocalMs, epoch)
  }

  epoch(epoch: EpochOrder): void {
    this.#epoch = epoch.number
    for (const thread of this.#options.threads) thread.epoch(epoch)
  }

  stop(): void {
    for (const thread of this.#options.threads) thread.stop()
  }

  leave(): void {
    this.#isLeaving = true
    this.stop()
  }

  abort(cut: Cut | null = null): void {
    if (cut !== null) this.#cut = cut
    for (const thread of this.#options.threads) thread.abort()
  }

  close(): void {
    this.#isClosed = true
    for (const { process } of this.#options.threads) process.kill()
  }

  fenced(thread: SimThread, question: number): void {
    this.#questions.set(thread, question)
    this.#ask()
  }

  askStanding(): void {
    this.#wantsStanding = true
    this.#ask()
  }

  /** worker/agent/standing.ts */
  #ask(): void {
    if (this.#isAsking || this.#isClosed || this.#isFinished) return
    if (!this.#wantsStanding && this.#questions.size === 0) return
    this.#isAsking = true
    const { main, term, onStanding, askStanding } = this.#options
    const asked = [...this.#questions]
    const askedAtMs = main.world.nowMs
    const again = () => {
      main.after(Math.min(1_000, 50 * 2 ** ++this.#asked), () => {
        this.#isAsking = false
        this.#ask()
      })
    }
    askStanding((reply) => {
      if (this.#isClosed || this.#isFinished) return
      if (reply.term < term()) return again()
      this.#wantsStanding = false
      this.#asked = 0
      this.#isAsking = reply.standing === 'replaced'
      onStanding(reply)
      if (reply.standing === 'replaced') return
      if (main.world.nowMs - askedAtMs <= 1_000) {
        for (const [thread, question] of asked) {
          if (this.#questions.get(thread) === question) this.#questions.delete(thread)
          thread.confirm(question)
        }
      }
      this.#ask()
    }, again)
  }

  onPart(part: SimPart, drained: boolean): void {
    if (this.#isClosed) return
    const { threads, main } = this.#options
    if (this.#parts.length === 0 && this.#drained.size === 0 && this.#sequence === 0)
      this.#options.onStarted()
    this.#parts.push(part)
    this.#decidedAt = Math.max(this.#decidedAt, part.decidedAt)
    if (drained) this.#drained.add(part.thread)
    if (this.#drained.size === threads.length) {
      this.#ship(true)
      return
    }
    const reported = new Set(this.#parts.map(({ thread }) => thread))
    if (reported.size + this.#drained.size >= threads.length) {
      this.#ship(false)
      return
    }
    const together = ++this.#together
    main.after(200, () => {
      if (together === this.#together && !this.#isClosed) this.#ship(false)
    })
  }

  #ship(final: boolean): void {
    this.#together++
    const { run, worker, incarnation, threads } = this.#options
    const snapshots = assembleSnapshots(this.#parts, {
      run,
      worker,
      incarnation,
      epoch: this.#epoch,
      firstSequence: this.#sequence + 1,
      final,
      totals: final ? threads.map((thread) => thread.totals()) : null,
      health: null,
      endedBy: this.#endedBy(),
      decidedAt: this.#decidedAt,
    })
    this.#parts = []
    this.#sequence += snapshots.length
    this.#queue.push(...snapshots)
    this.#isFinished ||= final
    this.#work()
  }

  #endedBy(): EndedBy | null {
    return this.#cut ?? (this.#isLeaving ? 'left' : null)
  }

  #work(): void {
    const [next] = this.#queue
    if (this.#isWorking || this.#isClosed) return
    if (next === undefined) {
      if (this.#isFinished) this.#options.onDrained()
      return
    }
    this.#isWorking = true
    const { main, term, deliver, incarnation, sendsAgain } = this.#options
    const again = () => {
      if (!sendsAgain) this.#queue.shift()
      main.after(Math.min(1_000, 50 * 2 ** ++this.#attempt), () => {
        this.#isWorking = false
        this.#work()
      })
    }
    deliver(
      next,
      (ack) => {
        const isForUs = ack.incarnation === incarnation && ack.sequence === next.sequence
        if (!isForUs || ack.term < term()) return again()
        this.#queue.shift()
        this.#attempt = 0
        this.#isWorking = false
        this.#work()
      },
      again,
    )
  }
}
