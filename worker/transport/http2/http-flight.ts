import type { Exchange } from '../../engine/transport-port.ts'
import { excerptBytes } from '../outcome.ts'
import type { InLine } from '../waiting-line.ts'
import type { EncodedRequest } from './encoded-request.ts'
import type { ReceivedHeaders } from './received-headers.ts'
import type { SessionWaiter } from './session-pool.ts'
import { Stream } from './stream.ts'

/** A request as it goes out; made once where nothing in it varies. */
export interface WireRequest {
  readonly encoded: EncodedRequest
  readonly isIdempotent: boolean
  readonly isHead: boolean
}

/** What a flight reports. One of the last five ends it, and so does `tooLarge`. */
export interface HttpFlightListener {
  sent(flight: HttpFlight, now: number): void
  answered(flight: HttpFlight): void
  tooLarge(flight: HttpFlight): void
  ended(flight: HttpFlight): void
  wasReset(flight: HttpFlight, code: number): void
  notProcessed(flight: HttpFlight): void
  broke(flight: HttpFlight, detail: string): void
  lost(flight: HttpFlight, error: Error): void
}

/** One HTTP exchange on its way over the wire, used again by the next exchange of its slot. */
export class HttpFlight extends Stream implements SessionWaiter {
  before: InLine | null = null
  after: InLine | null = null
  inLine = false
  exchange: Exchange | null = null
  wire: WireRequest | null = null
  dispatchedAt = 0
  user = 0
  head: ReceivedHeaders | null = null
  /** Its connection was opened for it, and has answered nothing yet. */
  isNew = false
  /** Written to its present connection. */
  isSent = false
  isRetried = false
  /** How often the peer said that it did nothing for it. */
  refusals = 0
  readonly #mostBytes: number
  readonly #listener: HttpFlightListener
  #chunks: Buffer[] = []
  #chunkBytes = 0

  constructor(mostBodyBytes: number, listener: HttpFlightListener) {
    super()
    this.#mostBytes = mostBodyBytes
    this.#listener = listener
  }

  start(exchange: Exchange): void {
    this.exchange = exchange
    this.dispatchedAt = exchange.dispatchedAt
    this.user = exchange.user
    this.head = null
    this.isSent = false
    this.isRetried = false
    this.refusals = 0
    this.#chunkBytes = 0
  }

  /** It goes over another connection. */
  restart(): void {
    this.isSent = false
    this.head = null
  }

  /** The exchange, which is the engine's again. */
  finish(): Exchange {
    const exchange = this.exchange as Exchange
    this.exchange = null
    this.wire = null
    if (this.#chunks.length > 0) this.#chunks = []
    return exchange
  }

  /** What was kept of it. */
  body(): Buffer {
    const [only] = this.#chunks
    return this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks)
  }

  get hasKept(): boolean {
    return this.#chunks.length > 0
  }

  sent(now: number): void {
    this.isSent = true
    this.#listener.sent(this, now)
  }

  headers(headers: ReceivedHeaders, isTrailers: boolean): void {
    if (isTrailers) return
    this.head = headers
    this.#listener.answered(this)
  }

  data(bytes: Buffer, at: number, end: number): void {
    const { exchange } = this
    if (exchange === null) return
    exchange.bodyBytes += end - at
    if (exchange.wantBody) {
      if (exchange.bodyBytes > this.#mostBytes) this.#listener.tooLarge(this)
      else this.#keep(bytes, at, end)
    } else if (exchange.status >= 300 && this.#chunkBytes < excerptBytes) {
      this.#keep(bytes, at, Math.min(end, at + excerptBytes - this.#chunkBytes))
    }
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

  #keep(bytes: Buffer, at: number, end: number): void {
    this.#chunks.push(Buffer.from(bytes.subarray(at, end)))
    this.#chunkBytes += end - at
  }
}
