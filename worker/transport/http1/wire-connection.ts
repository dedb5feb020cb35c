import type { Socket } from 'node:net'
import type { Clock } from '../../engine/clock.ts'
import { excerptBytes } from '../outcome.ts'
import type { Opened, PooledConnection } from '../pooled-connection.ts'
import { DirectWriter } from './direct-writer.ts'
import { KeptBody } from './kept-body.ts'
import { type KnownHeads, ResponseParser, type ResponseTaker } from './response-parser.ts'
import type { WireFlight } from './wire-flight.ts'

export type Flight = WireFlight<WireConnection>

export interface WireListener {
  /** The answer is whole, at that instant. */
  ended(connection: WireConnection, flight: Flight, at: number): void
  /** What came is no HTTP. */
  broken(connection: WireConnection, flight: Flight, at: number): void
  /** The body is larger than what is kept of one. */
  tooLarge(connection: WireConnection, flight: Flight, at: number): void
  /** The connection ended within the exchange; the error of the socket, where it had one. */
  lost(connection: WireConnection, flight: Flight, error: Error | null): void
}

export interface WireSettings {
  readonly clock: Clock
  readonly knownHeads: KnownHeads
  readonly mostBodyBytes: number
  readonly listener: WireListener
}

/** An open connection, with one request on it at a time. */
export class WireConnection implements PooledConnection, ResponseTaker {
  readonly capacity = 1
  user: number | null
  readonly connectMicros: number
  readonly tlsMicros: number
  inFlight = 0
  usedSince = Number.NaN
  isEnding = false
  idleIndex = -1
  /** Requests that were answered on it. */
  served = 0
  /** Clock of the thread, µs: when it is closed unless it is used; NaN: it is in use. */
  idleUntil = Number.NaN
  readonly parser: ResponseParser
  readonly #socket: Socket
  readonly #writer: DirectWriter
  readonly #settings: WireSettings
  readonly #kept = new KeptBody()
  #flight: Flight | null = null
  #error: Error | null = null
  /** Of the read that is being looked at. */
  #now = 0
  #expected = -1
  #wants = false
  #excerpts = false

  constructor(settings: WireSettings, { socket, user, connectMicros, tlsMicros }: Opened) {
    this.#settings = settings
    this.#socket = socket
    this.#writer = new DirectWriter(socket)
    this.user = user
    this.connectMicros = connectMicros
    this.tlsMicros = tlsMicros
    this.parser = new ResponseParser(this, settings.knownHeads)
    socket.on('error', (error) => {
      this.#error = error
    })
    socket.once('end', () => this.#ended())
    socket.once('close', () => this.#closed())
  }

  /** Everything of the request at once; the clock is read just before. */
  write(flight: Flight): void {
    const { exchange, request } = flight
    if (exchange === null) return
    this.#flight = flight
    this.idleUntil = Number.NaN
    flight.isAnswered = false
    this.parser.begin(exchange.requestIndex, request.isHead)
    exchange.sends++
    exchange.bytesOut += request.length
    exchange.sentAt = this.#settings.clock.nowMicros()
    if (request.pieces === null) {
      this.#writer.write(request.bytes)
      return
    }
    this.#socket.cork()
    this.#socket.write(request.bytes)
    for (const piece of request.pieces) this.#socket.write(piece)
    this.#socket.uncork()
  }

  /** `bytes` is used again after the call; `words`: its memory, null where it is not aligned. */
  read(bytes: Buffer, length: number, words: Int32Array | null): void {
    const flight = this.#flight
    const exchange = flight?.exchange
    if (flight === null || exchange === null || exchange === undefined) {
      // Nobody asked: whatever it is must not become the answer to what is asked next.
      this.destroy()
      return
    }
    const now = this.#settings.clock.nowMicros()
    this.#now = now
    flight.isAnswered = true
    exchange.bytesIn += length
    const { listener } = this.#settings
    switch (this.parser.take(bytes, length, words)) {
      case 'done':
        if (this.parser.surplus > 0) this.isEnding = true
        this.#whole(flight, now)
        return
      case 'broken':
        listener.broken(this, flight, now)
        return
      case 'stopped':
        listener.tooLarge(this, flight, now)
        return
      default:
    }
  }

  answered(): void {
    const exchange = this.#flight?.exchange
    if (exchange === null || exchange === undefined) return
    const { head } = this.parser
    const { status } = head
    exchange.status = status
    exchange.firstByteAt = this.#now
    const mayFail = status >= 300
    this.#wants = exchange.wantBody
    this.#excerpts = mayFail && !exchange.wantBody
    if (this.#wants || this.#excerpts) {
      this.#kept.begin(this.#wants ? this.#settings.mostBodyBytes : excerptBytes)
      this.#expected = head.contentLength
      if (head.isEncoded) exchange.encoding = joinedValue(this.parser.fields(), 'content-encoding')
    }
    if (exchange.wantHeaders || mayFail) exchange.headers = this.parser.fields().slice()
    if (exchange.wantCookies) exchange.setCookies = head.hasCookies ? cookiesOf(this.parser.fields()) : none
  }

  body(bytes: Buffer, from: number, to: number): boolean {
    const exchange = this.#flight?.exchange
    if (exchange === null || exchange === undefined) return false
    exchange.bodyBytes += to - from
    if (this.#wants) {
      if (exchange.bodyBytes > this.#settings.mostBodyBytes) return false
      this.#kept.add(bytes, from, to, this.#expected)
    } else if (this.#excerpts) {
      this.#kept.add(bytes, from, to, this.#expected)
    }
    return true
  }

  /** The exchange that was on it is over. */
  letGo(): void {
    this.#flight = null
  }

  destroy(): void {
    this.isEnding = true
    this.#socket.destroy()
  }

  #whole(flight: Flight, at: number): void {
    const { head } = this.parser
    if (!head.staysOpen || flight.request.closes) this.isEnding = true
    // The answer came before the request was read: what is left of it would stand before the next one.
    if (!this.#writer.isDrained) this.isEnding = true
    const exchange = flight.exchange
    if (exchange !== null && (this.#wants || this.#excerpts)) {
      const body = this.#kept.take()
      exchange.body = body ?? (this.#wants ? Buffer.alloc(0) : null)
    }
    this.#settings.listener.ended(this, flight, at)
  }

  #ended(): void {
    this.isEnding = true
    const flight = this.#flight
    if (flight !== null && this.parser.end()) this.#whole(flight, this.#settings.clock.nowMicros())
    else this.#socket.destroy()
  }

  #closed(): void {
    this.isEnding = true
    const flight = this.#flight
    if (flight === null) return
    this.#flight = null
    this.#settings.listener.lost(this, flight, this.#error)
  }
}

const none: string[] = []
Object.freeze(none)

function joinedValue(fields: readonly string[], name: string): string | null {
  let value: string | null = null
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === name) value = value === null ? (fields[i + 1] as string) : `${value}, ${fields[i + 1]}`
  }
  return value
}

function cookiesOf(fields: readonly string[]): string[] {
  const cookies: string[] = []
  for (let i = 0; i < fields.length; i += 2) {
    if (fields[i] === 'set-cookie') cookies.push(fields[i + 1] as string)
  }
  return cookies
}
