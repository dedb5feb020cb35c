import type { StreamMessage, StreamRequest, Wanted } from '../../core/scenario/compiled.ts'
import type { Exchange } from '../engine/transport-port.ts'
import type { Inbox } from './inbox.ts'
import type { StreamEnd, StreamLink } from './stream-link.ts'

/** What the exchange on a stream is about. */
export type Underway = 'opening' | 'writing' | 'waiting' | 'closing'

/** A stream of one user, from the exchange that opens it until it is let go of. At most one exchange uses it at a time. */
export class HeldStream {
  readonly kind: StreamRequest['kind']
  readonly number: number
  readonly life: 'iteration' | 'user'
  readonly slot: number
  readonly inbox: Inbox
  /** Null until its connection is open. */
  link: StreamLink | null = null
  /** Whatever it is doing. */
  destroySocket: () => void = () => {}
  /** NaN: it is not open yet. */
  openedAt = Number.NaN
  /** Null: it has not ended. */
  end: StreamEnd | null = null
  /** The user has no part in it any more: it is closing beside whatever comes next. */
  isLeft = false
  exchange: Exchange | null = null
  underway: Underway = 'opening'
  /** Messages that came in the step under way. */
  came = 0
  #wanted: Wanted | null = null
  #left = 0

  constructor(request: StreamRequest, life: 'iteration' | 'user', slot: number, inbox: Inbox) {
    this.kind = request.kind
    this.number = request.stream
    this.life = life
    this.slot = slot
    this.inbox = inbox
  }

  begin(exchange: Exchange, underway: Underway): void {
    this.exchange = exchange
    this.underway = underway
    this.came = 0
    this.#wanted = null
  }

  await(wanted: Wanted): void {
    this.#wanted = wanted
    this.#left = wanted.count
  }

  /** Messages that came earlier; the answer where they are enough. */
  search(): StreamMessage | null {
    const wanted = this.#wanted
    if (wanted === null) return null
    const accepts = (message: StreamMessage) => wanted.accepts(message)
    for (let taken = this.inbox.take(accepts); taken !== null; taken = this.inbox.take(accepts)) {
      if (--this.#left === 0) return taken
    }
    return null
  }

  /** A message has come: whether it is the answer that the step under way waits for. */
  isAnswer(message: StreamMessage): boolean {
    this.came++
    if (this.#wanted?.accepts(message) !== true) {
      this.inbox.push(message)
      return false
    }
    return --this.#left === 0
  }

  /** The exchange, which is the engine's again. */
  finish(): Exchange {
    const exchange = this.exchange as Exchange
    this.exchange = null
    this.#wanted = null
    exchange.bytesIn += this.link?.takeBytesIn() ?? 0
    exchange.bytesOut += this.link?.takeBytesOut() ?? 0
    return exchange
  }

  /** Why nothing wanted came, as a sentence's end. */
  get account(): string {
    const came = this.came === 0 ? 'no message came' : `${this.came} came, and did not match`
    const { dropped } = this.inbox
    return dropped === 0 ? came : `${came}; ${dropped} that came earlier were dropped for want of room`
  }
}
