import type { Micros } from '../../core/plan/plan.ts'

/** Asked before anything is written to a target. */
export interface SendGate {
  /** False: not now. `Transport.resume` follows when it may be. */
  mayWrite(): boolean
}

/** So late a turn tells that the thread was stopped, and that its share may be somebody else's by now. */
const stoppedMicros: Micros = 1_000_000

/**
 * Holds back what a thread would send, from a turn that came more than a second late until somebody has confirmed, later than that, that its share is still
 * its own (semantics: Workers, epochs, loss).
 */
export class Fence {
  readonly #onClosed: (question: number) => void
  #dueAt: Micros = Number.POSITIVE_INFINITY
  #isOpen = true
  #question = 0

  /** `onClosed`: it is to be asked for; only an answer to the last question opens. */
  constructor(onClosed: (question: number) => void) {
    this.#onClosed = onClosed
  }

  get isOpen(): boolean {
    return this.#isOpen
  }

  /** The thread comes round at that instant at the latest. */
  expect(at: Micros): void {
    this.#dueAt = at
  }

  /** Whether something may be sent; notices that the thread was stopped until now. */
  isOpenAt(now: Micros): boolean {
    if (now - this.#dueAt > stoppedMicros) {
      this.#dueAt = now
      this.#isOpen = false
      this.#question++
      this.#onClosed(this.#question)
    }
    return this.#isOpen
  }

  /** True: it is open again. An answer to an earlier question says nothing about the time since. */
  confirm(question: number, now: Micros): boolean {
    if (this.isOpenAt(now) || question !== this.#question) return false
    this.#isOpen = true
    return true
  }
}
