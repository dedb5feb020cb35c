import type { Micros } from '../../core/plan/plan.ts'

/** Asked before anything is written to a target. */
export interface SendGate {
  /** False: not now. `Transport.resume` follows when it may be. */
  mayWrite(): boolean
}

/** What is to be asked for where a thread was held up. */
export interface FenceQuestion {
  /** Only an answer to the last one opens. */
  readonly question: number
  /** False: it goes on without an answer after a while. */
  readonly mustBeAnswered: boolean
}

/** So late a turn tells that the thread was stopped, and that its share may be somebody else's by now. */
const stoppedMicros: Micros = 1_000_000
/** Half of an epoch's lead: so late, one may have come that this thread has not heard of. */
const heldUpMicros: Micros = 250_000
/** Who was held up for less than a second still has a share, and waits no longer than this to hear which. */
const patienceMicros: Micros = 500_000

/**
 * Holds back what a thread would send, from a turn that came more than a second late until somebody has confirmed, later than that, that its share is still
 * its own (semantics: Workers, epochs, loss). After a shorter hold-up it waits as well, but goes on without an answer: it was not replaced so soon, and
 * merely asks for epochs that it may have missed.
 */
export class Fence {
  readonly #onClosed: (question: FenceQuestion) => void
  #dueAt: Micros = Number.POSITIVE_INFINITY
  #isOpen = true
  #mustBeAnswered = false
  #waitsUntil: Micros = Number.POSITIVE_INFINITY
  #question = 0

  constructor(onClosed: (question: FenceQuestion) => void) {
    this.#onClosed = onClosed
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** The thread comes round at that instant at the latest; where it is behind with its arrivals, that is at once. */
  expect(at: Micros, now: Micros): void {
    this.#dueAt = Math.max(at, now)
  }

  /** Whether something may be sent; notices that the thread was held up until now. */
  isOpenAt(now: Micros): boolean {
    const lateMicros = now - this.#dueAt
    if (lateMicros > heldUpMicros) {
      this.#mustBeAnswered = lateMicros > stoppedMicros || (!this.#isOpen && this.#mustBeAnswered)
      this.#dueAt = now
      this.#waitsUntil = now + patienceMicros
      this.#isOpen = false
      this.#question++
      this.#onClosed({ question: this.#question, mustBeAnswered: this.#mustBeAnswered })
    }
    return this.#isOpen
  }

  /** True: it is open again. An answer to an earlier question says nothing about the time since. */
  confirm(question: number, now: Micros): boolean {
    if (this.isOpenAt(now) || question !== this.#question) return false
    this.#isOpen = true
    return true
  }

  /** True: it is open again, as nobody has answered what need not be answered. */
  giveUp(now: Micros): boolean {
    if (this.isOpenAt(now) || this.#mustBeAnswered || now < this.#waitsUntil) return false
    this.#isOpen = true
    return true
  }
}
