import type { StreamMessage } from '../../core/scenario/compiled.ts'

/** Bytes of messages that all streams of a thread hold together. */
export class InboxBudget {
  readonly most: number
  held = 0

  constructor(most: number) {
    this.most = most
  }
}

export interface InboxBounds {
  readonly messages: number
  readonly bytes: number
}

/** Of streams on which some step waits for what may have come before it. */
export const waitingBounds: InboxBounds = { messages: 1000, bytes: 1024 * 1024 }
/** Of other streams, to show with a failure. */
export const shownBounds: InboxBounds = { messages: 5, bytes: 16 * 1024 }

/** Messages that no step has wanted yet, in the order in which they came. The oldest go when there are too many. */
export class Inbox {
  readonly #bounds: InboxBounds
  readonly #budget: InboxBudget
  readonly #messages: StreamMessage[] = []
  #bytes = 0
  /** Messages that went for want of room. */
  dropped = 0

  constructor(bounds: InboxBounds, budget: InboxBudget) {
    this.#bounds = bounds
    this.#budget = budget
  }

  get size(): number {
    return this.#messages.length
  }

  /** Keeps a copy: the bytes lie in memory that the socket read much more into. */
  push({ headers, body }: StreamMessage): void {
    this.#messages.push({ headers, body: Uint8Array.from(body) })
    this.#add(body.length)
    while (this.#isOver && this.#messages.length > 0) {
      this.#add(-(this.#messages.shift()?.body.length ?? 0))
      this.dropped++
    }
  }

  /** The oldest one that is accepted, which is in here no more. */
  take(accepts: (message: StreamMessage) => boolean): StreamMessage | null {
    const at = this.#messages.findIndex(accepts)
    if (at < 0) return null
    const [taken] = this.#messages.splice(at, 1) as [StreamMessage]
    this.#add(-taken.body.length)
    return taken
  }

  /** The newest ones, the oldest of them first. */
  last(count: number): readonly StreamMessage[] {
    return this.#messages.slice(-count)
  }

  clear(): void {
    this.#messages.length = 0
    this.#add(-this.#bytes)
  }

  get #isOver(): boolean {
    const { messages, bytes } = this.#bounds
    const { held, most } = this.#budget
    return this.#messages.length > messages || this.#bytes > bytes || held > most
  }

  #add(bytes: number): void {
    this.#bytes += bytes
    this.#budget.held += bytes
  }
}
