import type { RequestError } from '../../../core/measure/request-error.ts'
import type { Files } from '../../../core/scenario/compiled.ts'
import type { Target } from '../../../core/spec/load-test.ts'
import type { Clock } from '../../engine/clock.ts'
import type { SendGate } from '../../engine/fence.ts'
import type { Exchange, Transport, TransportSink } from '../../engine/transport-port.ts'
import { Delivery } from '../delivery.ts'
import { endpointOf } from '../endpoint.ts'
import { automaticMax, isIdempotent } from '../http-pool.ts'
import { clearOutcome } from '../outcome.ts'
import { reach } from '../prepare-failure.ts'
import { shareOf } from '../share.ts'
import { errorDetailOf, requestErrorOf } from '../transport-error.ts'
import { HttpFlight, type HttpFlightListener, type WireRequest } from './http-flight.ts'
import { encodedHttp, type HttpHead, type HttpRequest } from './http-head.ts'
import { errorCodeName } from './protocol-error.ts'
import type { Session } from './session.ts'
import { SessionPool } from './session-pool.ts'
import { Turn } from './turn.ts'

export interface WireHttpSettings {
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

/** Requests on one connection before another one is opened; servers often allow 100. */
const streamsPerConnection = 100
/** A request that servers say they did nothing for is made again, but not for ever. */
const mostRefusals = 3

/**
 * Requests over HTTP/2 of our own, where the target is known to speak it. `sentAt` is when the request is written to its open connection, with all others
 * of the same turn of the event loop; `firstByteAt` is the head of the final answer. Bytes are those of the frames of an exchange, without TLS, SETTINGS
 * and the like. What the server says it did nothing for is sent again, and not counted as sent before.
 */
export class WireHttpTransport implements Transport {
  readonly name = 'wire-http2'
  readonly #settings: WireHttpSettings
  readonly #turn: Turn
  readonly #delivery: Delivery
  readonly #head: HttpHead
  readonly #host: string
  readonly #flights: (HttpFlight | undefined)[] = []
  readonly #constants: ({ readonly request: HttpRequest; readonly wire: WireRequest } | undefined)[] = []
  #pool: SessionPool<HttpFlight> | null = null

  constructor(settings: WireHttpSettings) {
    this.#settings = settings
    this.#turn = new Turn(settings.clock)
    this.#delivery = new Delivery(settings.clock, settings.sink)
    const { protocol, host } = new URL(settings.target.url)
    this.#head = { authority: host, scheme: protocol === 'https:' ? 'https' : 'http' }
    this.#host = host
  }

  get openSockets(): number {
    return this.#pool?.openSockets ?? 0
  }

  async prepare(): Promise<void> {
    const { target, threads, thread, files, clock, detail } = this.#settings
    const { max, warm, idleMs, lifetimeMs, share } = target.connections
    const most = Math.max(1, shareOf(max ?? automaticMax, threads, thread))
    const pool = new SessionPool<HttpFlight>(
      {
        endpoint: await endpointOf(target, files, ['h2']),
        max: most,
        streamsEach: streamsPerConnection,
        isSpread: false,
        share,
        idleMs,
        lifetimeMs,
        connectTimeoutMs: target.timeoutMs.connect,
        gate: this.#settings.gate,
      },
      clock,
      this.#turn,
      {
        granted: (flight, session, isNew) => {
          flight.isNew = isNew && session.served === 0
          if (isNew && detail) tellTimes(flight, session)
          session.begin(flight, (flight.wire as WireRequest).encoded)
        },
        refused: (flight, error) => this.#refused(flight, error),
      },
    )
    this.#pool = pool
    await reach(
      pool.warm(Math.min(most, shareOf(warm, threads, thread))),
      this.#host,
      'the warm connections to',
      'leave out connections.warm and let the load meet it as it is',
    )
  }

  send(exchange: Exchange): void {
    clearOutcome(exchange)
    let flight = this.#flights[exchange.slot]
    if (flight === undefined) {
      flight = new HttpFlight(this.#settings.target.maxBodyBytes, this.#listener)
      this.#flights[exchange.slot] = flight
    }
    flight.start(exchange)
    const { request } = exchange
    if (request.kind !== 'http') {
      this.#delivery.late(flight.finish(), 'protocol', `a ${request.kind} request on an HTTP connection`)
      return
    }
    try {
      flight.wire = this.#wireOf(exchange, request)
    } catch (error) {
      this.#delivery.late(flight.finish(), 'protocol', errorDetailOf(error))
      return
    }
    this.#openPool.acquire(flight, 'last')
  }

  cancel(exchange: Exchange, error: RequestError): void {
    const flight = this.#flights[exchange.slot]
    if (flight === undefined || flight.exchange !== exchange) return
    exchange.bytesIn += flight.bytesIn
    this.#openPool.leave(flight)
    flight.owner?.cancel(flight)
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

  readonly #listener: HttpFlightListener = {
    sent: ({ exchange, wire }, now) => {
      if (exchange === null || wire === null) return
      exchange.sentAt = now
      exchange.sends++
      exchange.bytesOut += wire.encoded.bytes
    },
    answered: ({ exchange, head }) => {
      if (exchange === null || head === null) return
      exchange.firstByteAt = this.#turn.now
      exchange.status = head.status
      if (exchange.wantHeaders || head.status >= 300) exchange.headers = head.regular()
      if (exchange.wantBody || head.status >= 300) exchange.encoding = head.get('content-encoding') ?? null
      if (exchange.wantCookies) exchange.setCookies = head.all('set-cookie')
    },
    tooLarge: (flight) => {
      flight.owner?.cancel(flight)
      const most = this.#settings.target.maxBodyBytes
      this.#finish(flight, 'too_large', `the body has more than ${most} bytes`)
    },
    ended: (flight) => this.#ended(flight),
    wasReset: (flight, code) =>
      this.#finish(flight, 'reset', `the target reset the stream with ${errorCodeName(code)}`),
    notProcessed: (flight) => this.#notProcessed(flight),
    broke: (flight, detail) => this.#finish(flight, 'protocol', detail),
    lost: (flight, error) => this.#lost(flight, error),
  }

  get #openPool(): SessionPool<HttpFlight> {
    if (this.#pool === null) throw new Error('send before prepare')
    return this.#pool
  }

  #wireOf(exchange: Exchange, request: HttpRequest): WireRequest {
    const known = this.#constants[exchange.requestIndex]
    if (known !== undefined && known.request === request) return known.wire
    const wire = {
      encoded: encodedHttp(request, this.#head),
      isIdempotent: isIdempotent(request.method),
      isHead: request.method === 'HEAD',
    }
    if (Object.isFrozen(request)) this.#constants[exchange.requestIndex] = { request, wire }
    return wire
  }

  #ended(flight: HttpFlight): void {
    const { exchange, head, wire } = flight
    if (exchange === null || head === null) return
    const { contentLength, status } = head
    const hasBody = wire?.isHead === false && status !== 304
    if (hasBody && contentLength !== null && Number(contentLength) !== exchange.bodyBytes) {
      const detail = `the body has ${exchange.bodyBytes} bytes, and content-length says ${contentLength}`
      this.#finish(flight, 'protocol', detail)
      return
    }
    if (exchange.wantBody || flight.hasKept) exchange.body = flight.body()
    this.#finish(flight, null, null)
  }

  #notProcessed(flight: HttpFlight): void {
    const { exchange, isSent } = flight
    if (exchange === null) return
    flight.refusals++
    if (flight.refusals > mostRefusals) {
      this.#finish(flight, 'reset', `the target refused the request ${mostRefusals + 1} times`)
      return
    }
    if (isSent) {
      exchange.sends--
      exchange.bytesOut -= flight.wire?.encoded.bytes ?? 0
      exchange.sentAt = Number.NaN
    }
    flight.restart()
    this.#openPool.acquire(flight, 'first')
  }

  #lost(flight: HttpFlight, error: Error): void {
    const name = requestErrorOf(error)
    // A connection that was idle may have been closed by the target just then: that says nothing about the target.
    const isStale = !flight.isNew && flight.head === null && name === 'reset'
    if (isStale && !flight.isRetried && flight.wire?.isIdempotent === true) {
      flight.isRetried = true
      flight.restart()
      this.#openPool.acquire(flight, 'fresh')
    } else this.#finish(flight, name, `${errorDetailOf(error)}${this.#through}`)
  }

  #refused(flight: HttpFlight, error: Error | null): void {
    if (error !== null) this.#finish(flight, requestErrorOf(error), errorDetailOf(error))
    else {
      const { connect } = this.#settings.target.timeoutMs
      this.#finish(flight, 'timeout', `no connection within ${connect} ms${this.#through}`)
    }
  }

  get #through(): string {
    const { proxy } = this.#settings.target
    return proxy === null ? '' : `, through the proxy ${proxy.url}`
  }

  #finish(flight: HttpFlight, error: RequestError | null, detail: string | null): void {
    const { bytesIn } = flight
    const exchange = flight.finish()
    exchange.bytesIn += bytesIn
    exchange.doneAt = this.#turn.instant()
    exchange.error = error
    exchange.errorDetail = detail
    this.#settings.sink.done(exchange)
  }
}

function tellTimes({ exchange }: HttpFlight, { connectMicros, tlsMicros }: Session): void {
  if (exchange === null) return
  exchange.connectMicros = connectMicros
  exchange.tlsMicros = tlsMicros
}
