import type { RequestError } from '../../../core/measure/request-error.ts'
import type { Files } from '../../../core/scenario/compiled.ts'
import type { Target } from '../../../core/spec/load-test.ts'
import type { Clock } from '../../engine/clock.ts'
import type { SendGate } from '../../engine/fence.ts'
import type { Exchange, Transport, TransportSink } from '../../engine/transport-port.ts'
import { ConnectionPool } from '../connection-pool.ts'
import { Delivery } from '../delivery.ts'
import { endpointOf, isForwardable } from '../endpoint.ts'
import { keepAliveMarginMs, poolSettings, warmUp } from '../http-pool.ts'
import { clearOutcome } from '../outcome.ts'
import type { ProxyServer } from '../proxy.ts'
import { errorDetailOf, requestErrorOf } from '../transport-error.ts'
import { IdleWatch } from './idle-watch.ts'
import { ReadBuffer, type SocketReader } from './read-buffer.ts'
import { RequestEncoder } from './request-encoder.ts'
import { KnownHeads } from './response-parser.ts'
import { type Flight, WireConnection, type WireListener, type WireSettings } from './wire-connection.ts'
import { WireFlight } from './wire-flight.ts'

export interface WireHttp1Settings {
  readonly target: Target
  readonly threads: number
  readonly thread: number
  /** Connect and TLS time of the exchanges that opened a connection. */
  readonly detail: boolean
  readonly files: Files
  readonly clock: Clock
  readonly sink: TransportSink
  readonly gate?: SendGate
}

/**
 * HTTP/1.1 on sockets alone. An exchange costs neither promise nor closure nor object: its flight is its slot's, its bytes are written once for a request that is
 * always the same, and an answer is read where node put it. `sentAt` is read just before the bytes go to the open socket; `firstByteAt` is the read
 * with which the head of the final answer was whole (1xx is not an answer), `doneAt` the one with which its body was.
 */
export class WireHttp1Transport implements Transport, WireListener {
  readonly name = 'wire-http1'
  readonly #settings: WireHttp1Settings
  readonly #delivery: Delivery
  readonly #flights: (Flight | undefined)[] = []
  readonly #connectionSettings: WireSettings
  readonly #idle: IdleWatch
  readonly #idleMicros: number
  #encoder: RequestEncoder
  #pool: ConnectionPool<Flight, WireConnection> | null = null
  /** Null: none is between, or nothing is prepared yet. */
  #proxy: ProxyServer | null = null
  #isSending = false

  constructor(settings: WireHttp1Settings) {
    const { target, clock, sink } = settings
    this.#settings = settings
    this.#delivery = new Delivery(clock, sink)
    this.#encoder = new RequestEncoder(new URL(target.url), null)
    this.#idleMicros = Math.max(1, target.connections.idleMs) * 1000
    this.#idle = new IdleWatch(clock, (connection) => this.#openPool.retire(connection))
    this.#connectionSettings = {
      clock,
      knownHeads: new KnownHeads(),
      mostBodyBytes: target.maxBodyBytes,
      listener: this,
    }
  }

  get openSockets(): number {
    return this.#pool?.openSockets ?? 0
  }

  async prepare(): Promise<void> {
    const { target, files, clock } = this.#settings
    const endpoint = await endpointOf(target, files, ['http/1.1'], isForwardable(target))
    const isTunnelled = endpoint.proxy !== null && endpoint.proxy.tunnel !== null
    const buffer = new ReadBuffer()
    this.#proxy = endpoint.proxy
    this.#encoder = new RequestEncoder(new URL(target.url), endpoint.proxy)
    const pool = new ConnectionPool<Flight, WireConnection, SocketReader>(
      poolSettings(this.#settings, endpoint),
      clock,
      {
        reader: isTunnelled ? null : () => buffer.reader(),
        connected: (opened, reader) => {
          const connection = new WireConnection(this.#connectionSettings, opened)
          if (reader === null) ReadBuffer.attach(opened.socket, connection)
          else reader.connection = connection
          // Nobody asked for what it said.
          if (reader?.hasHeard === true) connection.destroy()
          this.#idle.add(connection)
          opened.socket.once('close', () => this.#idle.remove(connection))
          this.#idle.idle(connection, clock.nowMicros() + this.#idleMicros)
          return connection
        },
        granted: (flight, connection, isNew) => this.#board(flight, connection, isNew),
        refused: (flight, error) => this.#refused(flight, error),
      },
    )
    this.#pool = pool
    await warmUp(pool, this.#settings)
  }

  send(exchange: Exchange): void {
    clearOutcome(exchange)
    const { request } = exchange
    let flight = this.#flights[exchange.slot]
    if (flight === undefined) {
      flight = new WireFlight<WireConnection>()
      this.#flights[exchange.slot] = flight
    }
    flight.start(exchange)
    if (request.kind !== 'http') {
      this.#delivery.nextTurn(flight.finish(), 'protocol', `a ${request.kind} request on an HTTP connection`)
      return
    }
    flight.request = this.#encoder.encode(exchange.requestIndex, request, flight.own)
    if (flight.request.problem !== null) {
      this.#delivery.nextTurn(flight.finish(), 'protocol', flight.request.problem)
      return
    }
    this.#isSending = true
    this.#openPool.acquire(flight, false)
    this.#isSending = false
  }

  cancel(exchange: Exchange, error: RequestError): void {
    const flight = this.#flights[exchange.slot]
    if (flight === undefined || flight.exchange !== exchange) return
    this.#openPool.leave(flight)
    const { connection } = flight
    if (connection !== null) {
      // HTTP/1.1 has no other way to end a request than its connection.
      connection.letGo()
      this.#openPool.discard(connection)
    }
    this.#delivery.late(flight.finish(), error, 'cancelled')
  }

  resume(): void {
    this.#pool?.resume()
  }

  async close(): Promise<void> {
    for (const flight of this.#flights) {
      if (flight?.exchange) this.cancel(flight.exchange, 'reset')
    }
    this.#idle.close()
    await this.#pool?.close()
    await Promise.resolve()
  }

  ended(connection: WireConnection, flight: Flight, at: number): void {
    const exchange = flight.finish()
    connection.letGo()
    connection.served++
    if (!connection.isEnding) this.#rest(connection, at)
    this.#openPool.release(connection)
    this.#delivery.now(exchange, null, null, at)
  }

  broken(connection: WireConnection, flight: Flight, at: number): void {
    this.#give(connection, flight, at, 'protocol', connection.parser.problem)
  }

  tooLarge(connection: WireConnection, flight: Flight, at: number): void {
    const most = this.#settings.target.maxBodyBytes
    this.#give(connection, flight, at, 'too_large', `the body has more than ${most} bytes`)
  }

  lost(connection: WireConnection, flight: Flight, error: Error | null): void {
    const { isNew, isAnswered, isRetried, request } = flight
    const name = error === null ? 'reset' : requestErrorOf(error)
    flight.connection = null
    this.#openPool.release(connection)
    // A connection that was idle may have been closed by the target just then: that says nothing about the target.
    const isStale = (connection.served > 0 || !isNew) && !isAnswered && name === 'reset'
    if (isStale && !isRetried && request.isIdempotent) {
      flight.isRetried = true
      this.#openPool.acquire(flight, true)
      return
    }
    const detail = error === null ? closedWhere(flight) : errorDetailOf(error)
    this.#finish(flight, name, `${detail}${this.#through}`)
  }

  get #openPool(): ConnectionPool<Flight, WireConnection> {
    if (this.#pool === null) throw new Error('send before prepare')
    return this.#pool
  }

  get #through(): string {
    return this.#proxy === null ? '' : `, through the proxy ${this.#proxy.url}`
  }

  #board(flight: Flight, connection: WireConnection, isNew: boolean): void {
    const { exchange } = flight
    flight.connection = connection
    flight.isNew = isNew
    if (isNew && exchange !== null && this.#settings.detail) {
      exchange.connectMicros = connection.connectMicros
      exchange.tlsMicros = connection.tlsMicros
    }
    connection.write(flight)
  }

  #refused(flight: Flight, error: Error | null): void {
    if (error !== null) this.#finish(flight, requestErrorOf(error), errorDetailOf(error))
    else {
      const { connect } = this.#settings.target.timeoutMs
      this.#finish(flight, 'timeout', `no connection within ${connect} ms${this.#through}`)
    }
  }

  /** The answer cannot be read any further, and so neither can anything behind it. */
  #give(connection: WireConnection, flight: Flight, at: number, error: RequestError, detail: string): void {
    const exchange = flight.finish()
    connection.letGo()
    this.#openPool.discard(connection)
    this.#delivery.now(exchange, error, detail, at)
  }

  /** Until when it may be idle: the target's hint is respected with some time to spare. */
  #rest(connection: WireConnection, at: number): void {
    const { keepAliveSeconds } = connection.parser.head
    if (keepAliveSeconds < 0) {
      this.#idle.idle(connection, at + this.#idleMicros)
      return
    }
    const hintMicros = keepAliveSeconds * 1_000_000 - keepAliveMarginMs * 1000
    if (hintMicros <= 0) connection.isEnding = true
    else this.#idle.idle(connection, at + Math.min(this.#idleMicros, hintMicros))
  }

  #finish(flight: Flight, error: RequestError, detail: string): void {
    if (this.#isSending) this.#delivery.late(flight.finish(), error, detail)
    else this.#delivery.now(flight.finish(), error, detail)
  }
}

function closedWhere({ isAnswered, exchange }: Flight): string {
  if (exchange?.status !== 0) return 'the connection was closed within the body of the answer'
  return isAnswered
    ? 'the connection was closed within the head of the answer'
    : 'the connection was closed before an answer'
}
