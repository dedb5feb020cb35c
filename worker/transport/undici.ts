import type { Dispatcher } from 'undici'
import { errors } from 'undici'
import type { RequestError } from '../../core/measure/request-error.ts'
import type { Files, RenderedRequest } from '../../core/scenario/compiled.ts'
import type { Target } from '../../core/spec/load-test.ts'
import type { Clock } from '../engine/clock.ts'
import type { SendGate } from '../engine/fence.ts'
import type { Exchange, Transport, TransportSink } from '../engine/transport-port.ts'
import { Connection, type ConnectionSettings } from './connection.ts'
import { ConnectionPool } from './connection-pool.ts'
import { Delivery } from './delivery.ts'
import { endpointOf, isForwardable } from './endpoint.ts'
import { Flight, type FlightListener } from './flight.ts'
import { isIdempotent, poolSettings, warmUp } from './http-pool.ts'
import { httpProtocols } from './http-protocols.ts'
import { clearOutcome } from './outcome.ts'
import type { ProxyServer } from './proxy.ts'
import { errorDetailOf, requestErrorOf } from './transport-error.ts'

export interface UndiciSettings {
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
 * HTTP/1.1 and HTTP/2 by undici's `dispatch`, over connections of our own pool: undici opens and chooses none. Requests on one HTTP/1.1
 * connection follow each other. `sentAt` is read when undici writes the request to the open connection; `firstByteAt` when the head of the final
 * answer is complete (1xx is not an answer).
 */
export class UndiciTransport implements Transport {
  readonly name = 'undici'
  readonly #settings: UndiciSettings
  readonly #url: URL
  readonly #flights: (Flight | undefined)[] = []
  readonly #constants: (Constant | undefined)[] = []
  readonly #delivery: Delivery
  #pool: ConnectionPool<Flight, Connection> | null = null
  /** Null: none is between, or nothing is prepared yet. */
  #proxy: ProxyServer | null = null
  #isSending = false

  constructor(settings: UndiciSettings) {
    this.#settings = settings
    this.#url = new URL(settings.target.url)
    this.#delivery = new Delivery(settings.clock, settings.sink)
  }

  get openSockets(): number {
    return this.#pool?.openSockets ?? 0
  }

  readonly #listener: FlightListener = {
    sent: (flight, exchange) => {
      exchange.sentAt = this.#settings.clock.nowMicros()
      exchange.sends++
      flight.isSent = true
    },
    answered: (exchange, status) => {
      exchange.firstByteAt = this.#settings.clock.nowMicros()
      exchange.status = status
    },
    refusesBody: (flight, exchange, connection) => {
      const most = this.#settings.target.maxBodyBytes
      if (exchange.bodyBytes <= most) return false
      this.#count(exchange, connection)
      this.#abandon(flight, connection)
      this.#finish(flight, 'too_large', `the body has more than ${most} bytes`)
      return true
    },
    ended: (flight, exchange, connection) => {
      this.#count(exchange, connection)
      connection.served++
      this.#openPool.release(connection)
      this.#finish(flight, null, null)
    },
    failed: (flight, exchange, connection, error) => this.#failed(flight, exchange, connection, error),
  }

  async prepare(): Promise<void> {
    const { target, files, clock } = this.#settings
    const endpoint = await endpointOf(target, files, httpProtocols(target), isForwardable(target))
    this.#proxy = endpoint.proxy
    const connectionSettings: ConnectionSettings = {
      origin: this.#url.origin,
      idleMs: target.connections.idleMs,
      reopen: (done) => pool.reopen(done),
    }
    const pool = new ConnectionPool<Flight, Connection>(poolSettings(this.#settings, endpoint), clock, {
      reader: null,
      connected: (opened) => new Connection(connectionSettings, opened),
      granted: (flight, connection, isNew) => this.#dispatch(flight, connection, isNew),
      refused: (flight, error) => this.#refused(flight, error),
    })
    this.#pool = pool
    await warmUp(pool, this.#settings)
  }

  send(exchange: Exchange): void {
    clearOutcome(exchange)
    const { request } = exchange
    let flight = this.#flights[exchange.slot]
    if (flight === undefined) {
      flight = new Flight(this.#listener)
      this.#flights[exchange.slot] = flight
    }
    if (request.kind !== 'http') {
      flight.start(exchange, unsendable)
      this.#delivery.late(flight.finish(), 'protocol', `a ${request.kind} request on an HTTP connection`)
      return
    }
    flight.start(exchange, this.#optionsOf(exchange, request))
    this.#isSending = true
    this.#openPool.acquire(flight, false)
    this.#isSending = false
  }

  cancel(exchange: Exchange, error: RequestError): void {
    const flight = this.#flights[exchange.slot]
    if (flight === undefined || flight.exchange !== exchange) return
    this.#openPool.leave(flight)
    const connection = flight.connection
    if (connection !== null) {
      this.#count(exchange, connection)
      this.#abandon(flight, connection)
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
    await this.#pool?.close()
    await Promise.resolve()
  }

  #failed(flight: Flight, exchange: Exchange, connection: Connection, reported: Error): void {
    this.#count(exchange, connection)
    // An alert of TLS comes just before the end, and says why.
    const error = requestErrorOf(connection.brokenBy) === 'tls' ? connection.brokenBy : reported
    const { isSent, isNew, isAnswered, isRetried, options } = flight
    const name = requestErrorOf(error)
    // A connection that was idle may have been closed by the target just then: that says nothing about the target.
    const isStale = (connection.served > 0 || !isNew) && !isAnswered && name === 'reset'
    if (isSent && connection.protocol === 'http/1.1') connection.isEnding = true
    flight.connection = null
    this.#openPool.release(connection)
    if (isStale && (!isSent || (!isRetried && isIdempotent(options.method)))) {
      flight.isRetried ||= isSent
      flight.isSent = false
      this.#openPool.acquire(flight, true)
    } else {
      this.#finish(flight, name, `${errorDetailOf(error)}${this.#through}`)
    }
  }

  get #openPool(): ConnectionPool<Flight, Connection> {
    if (this.#pool === null) throw new Error('send before prepare')
    return this.#pool
  }

  #optionsOf(exchange: Exchange, request: HttpRequest): Dispatcher.DispatchOptions {
    const known = this.#constants[exchange.requestIndex]
    if (known !== undefined && known.request === request) return known.options
    const options = optionsOf(
      this.#proxy === null ? request : this.#forwarded(request, this.#proxy),
      this.#url.hostname,
    )
    // Kept for the next time: the engine hands in the same object where nothing in the request varies.
    if (Object.isFrozen(request)) this.#constants[exchange.requestIndex] = { request, options }
    return options
  }

  /** A proxy without a tunnel is told where to go in full (RFC 9112 §3.2.2). */
  #forwarded(request: HttpRequest, { tunnel, authorization }: ProxyServer): HttpRequest {
    if (tunnel !== null) return request
    const own = authorization === null ? [] : ['proxy-authorization', authorization]
    return { ...request, path: `${this.#url.origin}${request.path}`, headers: [...request.headers, ...own] }
  }

  get #through(): string {
    return this.#proxy === null ? '' : `, through the proxy ${this.#proxy.url}`
  }

  #dispatch(flight: Flight, connection: Connection, isNew: boolean): void {
    flight.board(connection, isNew)
    const exchange = flight.exchange
    if (isNew && exchange !== null && this.#settings.detail) {
      exchange.connectMicros = connection.connectMicros
      exchange.tlsMicros = connection.tlsMicros
    }
    connection.client.dispatch(flight.options, flight)
  }

  #refused(flight: Flight, error: Error | null): void {
    if (error !== null) this.#finish(flight, requestErrorOf(error), errorDetailOf(error))
    else {
      const { connect } = this.#settings.target.timeoutMs
      this.#finish(flight, 'timeout', `no connection within ${connect} ms${this.#through}`)
    }
  }

  /** The client may still hold the flight: whatever it reports later finds no exchange. HTTP/1.1 has no other way to end a request than its connection. */
  #abandon(flight: Flight, connection: Connection): void {
    const slot = flight.exchange?.slot
    if (slot !== undefined) this.#flights[slot] = undefined
    flight.connection = null
    if (connection.protocol === 'http/1.1') {
      this.#openPool.discard(connection)
    } else {
      flight.controller?.abort(new errors.InformationalError('cancelled'))
      this.#openPool.release(connection)
    }
  }

  #count(exchange: Exchange, connection: Connection): void {
    exchange.bytesIn += connection.takeBytesIn()
    exchange.bytesOut += connection.takeBytesOut()
  }

  #finish(flight: Flight, error: RequestError | null, detail: string | null): void {
    if (this.#isSending) this.#delivery.late(flight.finish(), error, detail)
    else this.#delivery.now(flight.finish(), error, detail)
  }
}

type HttpRequest = Extract<RenderedRequest, { kind: 'http' }>

interface Constant {
  readonly request: HttpRequest
  readonly options: Dispatcher.DispatchOptions
}

const unsendable: Dispatcher.DispatchOptions = { method: 'GET', path: '/' }

function optionsOf(request: HttpRequest, servername: string): Dispatcher.DispatchOptions {
  const { method, path, headers, body } = request
  const isInPieces = Array.isArray(body)
  return {
    method,
    path,
    // Of pieces, undici doesn't know how long they are together, and would send chunks.
    headers: isInPieces ? [...headers, 'content-length', String(lengthOf(body))] : (headers as string[]),
    body: typeof body === 'string' ? Buffer.from(body) : body,
    // undici would close the connection after HEAD, and after bodies where it expects none.
    reset: false,
    // undici would take it from a host header, and connect anew where that differs from the request before.
    servername,
  } as Dispatcher.DispatchOptions
}

function lengthOf(pieces: readonly Uint8Array[]): number {
  return pieces.reduce((sum, piece) => sum + piece.length, 0)
}
