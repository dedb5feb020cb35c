import type { Exchange } from '../../engine/transport-port.ts'
import type { ProtoMethod } from '../proto-methods.ts'
import type { InLine } from '../waiting-line.ts'
import type { EncodedRequest } from './encoded-request.ts'
import { type MessageListener, MessageReader } from './message-reader.ts'
import type { ReceivedHeaders } from './received-headers.ts'
import type { SessionWaiter } from './session-pool.ts'
import { Stream } from './stream.ts'

/** A request as it goes out; made once where nothing in it varies. */
export interface WireCall {
  readonly method: ProtoMethod
  readonly request: EncodedRequest
  readonly metadata: readonly string[]
  /** From the dispatch on. */
  readonly timeoutMs: number
}

/** What a flight reports. One of the last five ends it. */
export interface WireFlightListener {
  sent(flight: WireFlight, now: number): void
  answered(flight: WireFlight): void
  message(flight: WireFlight, bytes: Buffer, isCompressed: boolean): void
  tooLong(flight: WireFlight): void
  ended(flight: WireFlight): void
  wasReset(flight: WireFlight, code: number): void
  notProcessed(flight: WireFlight): void
  broke(flight: WireFlight, detail: string): void
  lost(flight: WireFlight, error: Error): void
}

/** One call on its way over the wire, used again by the next exchange of its slot. */
export class WireFlight extends Stream implements SessionWaiter, MessageListener {
  before: InLine | null = null
  after: InLine | null = null
  inLine = false
  exchange: Exchange | null = null
  call: WireCall | null = null
  dispatchedAt = 0
  user = 0
  initial: ReceivedHeaders | null = null
  trailers: ReceivedHeaders | null = null
  /** Something of a body has come. */
  hasBody = false
  /** How often the peer said that it did nothing for it. */
  refusals = 0
  readonly reader: MessageReader
  readonly #listener: WireFlightListener

  constructor(mostMessageBytes: number, listener: WireFlightListener) {
    super()
    this.#listener = listener
    this.reader = new MessageReader(mostMessageBytes, this)
  }

  start(exchange: Exchange): void {
    this.exchange = exchange
    this.dispatchedAt = exchange.dispatchedAt
    this.user = exchange.user
    this.refusals = 0
    this.restart()
  }

  /** It goes over another stream. */
  restart(): void {
    this.initial = null
    this.trailers = null
    this.hasBody = false
    this.reader.restart()
  }

  /** The exchange, which is the engine's again. */
  finish(): Exchange {
    const exchange = this.exchange as Exchange
    this.exchange = null
    this.call = null
    return exchange
  }

  sent(now: number): void {
    this.#listener.sent(this, now)
  }

  headers(headers: ReceivedHeaders, isTrailers: boolean): void {
    if (isTrailers) this.trailers = headers
    else {
      this.initial = headers
      this.#listener.answered(this)
    }
  }

  data(bytes: Buffer, at: number, end: number): void {
    this.hasBody = true
    // What answers by another status speaks no gRPC.
    if (this.initial?.status === 200) this.reader.read(bytes, at, end)
  }

  message(bytes: Buffer, isCompressed: boolean): void {
    this.#listener.message(this, bytes, isCompressed)
  }

  tooLong(): void {
    this.#listener.tooLong(this)
  }

  ended(): void {
    this.#listener.ended(this)
  }

  wasReset(code: number): void {
    this.#listener.wasReset(this, code)
  }

  notProcessed(): void {
    this.#listener.notProcessed(this)
  }

  broke(detail: string): void {
    this.#listener.broke(this, detail)
  }

  lost(error: Error): void {
    this.#listener.lost(this, error)
  }
}
