import type { RequestError } from '../../../core/measure/request-error.ts'
import type { Files, RenderedRequest } from '../../../core/scenario/compiled.ts'
import type { LoadTest, Target } from '../../../core/spec/load-test.ts'
import { under } from '../../../core/spec/path.ts'
import { targetPaths } from '../../../core/spec/targets.ts'
import type { Clock } from '../../engine/clock.ts'
import type { SendGate } from '../../engine/fence.ts'
import type { Exchange, Transport, TransportSink } from '../../engine/transport-port.ts'
import { callIssues, grpcStepsTo } from '../check-grpc-steps.ts'
import { Delivery } from '../delivery.ts'
import { endpointOf } from '../endpoint.ts'
import { decodeMessage, encodeMessage } from '../grpc-message.ts'
import { isOwnDeadline } from '../grpc-timeout.ts'
import { clearOutcome } from '../outcome.ts'
import { reach, refuse } from '../prepare-failure.ts'
import { protoFileService } from '../proto-files.ts'
import type { ProtoMethods } from '../proto-methods.ts'
import { shareOf } from '../share.ts'
import { statusText } from '../status-details.ts'
import { errorDetailOf, requestErrorOf } from '../transport-error.ts'
import { encodedRequest } from './encoded-request.ts'
import { type WireCall, WireFlight, type WireFlightListener } from './grpc-flight.ts'
import { bytesIn, GrpcHeads, metadataIn } from './grpc-head.ts'
import { codeOfHttpStatus, codeOfReset, grpcCodes, messageText, resetText } from './grpc-status.ts'
import { decompressed } from './message-compression.ts'
import { messagePrefixBytes } from './message-reader.ts'
import { Http2Error } from './protocol-error.ts'
import { SessionPool } from './session-pool.ts'
import { Turn } from './turn.ts'

export interface WireGrpcSettings {
  readonly target: Target
  /** Of the target in the test. */
  readonly number: number
  /** Its steps are checked against the proto files by `prepare`; null: there are none to check. */
  readonly test: LoadTest | null
  readonly threads: number
  readonly thread: number
  readonly files: Files
  readonly clock: Clock
  readonly sink: TransportSink
  readonly gate?: SendGate
}

const automaticMax = 100
/** Calls on one connection before another one is opened, where the LoadTest names no number of them; servers often allow 100. */
const callsPerConnection = 100
/** A call that servers say they did nothing for is made again, but not for ever. */
const mostRefusals = 3

/**
 * Unary gRPC on HTTP/2 of our own. A status that isn't OK is an answer, not an error of the transport; so is UNAVAILABLE where nobody listens (then
 * `sends` is 0) or the connection breaks. What breaks the rules of HTTP/2 or gRPC is `protocol`. `sentAt` is when the call is written to its open
 * connection, with all others of the same turn of the event loop. Bytes are those of messages and their prefix, without HTTP/2 and metadata. Nothing is
 * retried, but what the server says it did nothing for: that is not counted as sent.
 */
export class WireGrpcTransport implements Transport {
  readonly name = 'wire-http2'
  readonly #settings: WireGrpcSettings
  readonly #turn: Turn
  readonly #delivery: Delivery
  readonly #heads: GrpcHeads
  readonly #flights: (WireFlight | undefined)[] = []
  readonly #constants: ({ readonly request: GrpcRequest; readonly call: WireCall } | undefined)[] = []
  #methods: ProtoMethods = new Map()
  #pool: SessionPool<WireFlight> | null = null

  constructor(settings: WireGrpcSettings) {
    this.#settings = settings
    this.#turn = new Turn(settings.clock)
    this.#delivery = new Delivery(settings.clock, settings.sink)
    const { protocol, host } = new URL(settings.target.url)
    this.#heads = new GrpcHeads({
      authority: host,
      scheme: protocol === 'grpcs:' || protocol === 'https:' ? 'https' : 'http',
      userAgent: settings.target.userAgent,
    })
  }

  get openSockets(): number {
    return this.#pool?.openSockets ?? 0
  }

  async prepare(): Promise<void> {
    const { target, number, files, test, threads, thread, clock } = this.#settings
    const place = test === null ? 'target' : (targetPaths(test)[number] ?? 'target')
    const { methods, issues } = protoFileService(
      target.grpc?.protos ?? [],
      files,
      under(place, ['grpc', 'protos']),
    )
    refuse(issues)
    refuse(callIssues(test === null ? [] : grpcStepsTo(test, number), methods, 'The proto files describe'))
    this.#methods = methods
    const { max, warm, idleMs, lifetimeMs } = target.connections
    const most = Math.max(1, shareOf(max ?? automaticMax, threads, thread))
    const pool = new SessionPool<WireFlight>(
      {
        endpoint: await endpointOf(target, files, ['h2']),
        max: most,
        streamsEach: max === null ? callsPerConnection : Number.POSITIVE_INFINITY,
        isSpread: max !== null,
        share: 'pool',
        idleMs: Math.max(1000, idleMs),
        lifetimeMs,
        connectTimeoutMs: target.timeoutMs.connect,
        gate: this.#settings.gate,
      },
      clock,
      this.#turn,
      {
        granted: (flight, session) => session.begin(flight, this.#requestOf(flight)),
        refused: (flight, error) => this.#refused(flight, error),
      },
    )
    this.#pool = pool
    await reach(
      pool.warm(Math.min(most, shareOf(warm, threads, thread))),
      new URL(target.url).host,
      'the warm connections to',
      'leave out connections.warm and let the load meet it as it is',
    )
  }

  send(exchange: Exchange): void {
    clearOutcome(exchange)
    exchange.messages = 0
    exchange.stream = null
    let flight = this.#flights[exchange.slot]
    if (flight === undefined) {
      flight = new WireFlight(this.#settings.target.maxBodyBytes, this.#listener)
      this.#flights[exchange.slot] = flight
    }
    flight.start(exchange)
    const { request } = exchange
    if (request.kind !== 'grpc') {
      this.#delivery.late(flight.finish(), 'protocol', 'an HTTP request on a gRPC target')
      return
    }
    try {
      flight.call = this.#callOf(exchange, request)
    } catch (error) {
      this.#delivery.late(flight.finish(), 'protocol', errorDetailOf(error))
      return
    }
    this.#openPool.acquire(flight, 'last')
  }

  cancel(exchange: Exchange, error: RequestError): void {
    const flight = this.#flights[exchange.slot]
    if (flight === undefined || flight.exchange !== exchange) return
    this.#abandon(flight)
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

  readonly #listener: WireFlightListener = {
    sent: ({ exchange, call }, now) => {
      if (exchange === null || call === null) return
      exchange.sentAt = now
      exchange.sends = 1
      exchange.bytesOut = call.request.bodyBytes
    },
    answered: ({ exchange }) => {
      if (exchange !== null) exchange.firstByteAt = this.#turn.now
    },
    message: (flight, bytes, isCompressed) => {
      if (isCompressed) this.#decompress(flight, bytes)
      else this.#message(flight, bytes, bytes.length)
    },
    tooLong: (flight) => this.#tooLong(flight),
    ended: (flight) => this.#ended(flight),
    wasReset: (flight, code) => {
      const { initial } = flight
      if (initial !== null && initial.status !== 200) this.#answer(flight, ...httpStatusOf(initial.status))
      else this.#answer(flight, codeOfReset(code), resetText(code))
    },
    notProcessed: (flight) => this.#notProcessed(flight),
    broke: (flight, detail) => this.#finish(flight, 'protocol', detail),
    lost: (flight, error) => {
      const detail = errorDetailOf(error)
      if (error instanceof Http2Error) this.#finish(flight, 'protocol', detail)
      else this.#answer(flight, grpcCodes.unavailable, detail)
    },
  }

  get #openPool(): SessionPool<WireFlight> {
    if (this.#pool === null) throw new Error('send before prepare')
    return this.#pool
  }

  /** As the call goes out now: told to the server is what is left of its time. `cancel` is what ends the exchange. */
  #requestOf({ call, dispatchedAt }: WireFlight) {
    const { request, method, metadata, timeoutMs } = call as WireCall
    const waitedMs = (this.#turn.instant() - dispatchedAt) / 1000
    if (waitedMs < 1) return request
    const block = this.#heads.blockOf(method.path, metadata, Math.max(1, timeoutMs - waitedMs))
    return encodedRequest(block, request.body)
  }

  #callOf(exchange: Exchange, request: GrpcRequest): WireCall {
    const known = this.#constants[exchange.requestIndex]
    if (known !== undefined && known.request === request) return known.call
    const method = this.#methods.get(request.path.slice(1))
    if (method === undefined) throw new Error(`the proto files describe no method ${request.path.slice(1)}`)
    if (method.answersStream || method.takesStream) throw new Error(`${request.path.slice(1)} streams`)
    const { metadata, timeoutMs } = request
    const body = request.messages.map((message) => prefixed(encodeMessage(method.request, message)))
    const block = this.#heads.blockOf(method.path, metadata, timeoutMs)
    const call = { method, request: encodedRequest(block, body), metadata, timeoutMs }
    if (Object.isFrozen(request)) this.#constants[exchange.requestIndex] = { request, call }
    return call
  }

  #decompress(flight: WireFlight, bytes: Buffer): void {
    const encoding = flight.initial?.get('grpc-encoding')
    const result = decompressed(bytes, encoding, this.#settings.target.maxBodyBytes)
    if ('bytes' in result) this.#message(flight, result.bytes, bytes.length)
    else if (result.fault === 'tooLong') this.#tooLong(flight)
    else if (result.fault === 'broken')
      this.#break(flight, `a message is not in the ${encoding} that it should be in`)
    else this.#break(flight, `a message is compressed by ${encoding ?? 'what nothing names'}`)
  }

  #message(flight: WireFlight, bytes: Buffer, bytesOnWire: number): void {
    const { exchange, call } = flight
    if (exchange === null || call === null) return
    exchange.messages++
    exchange.bodyBytes += bytes.length
    exchange.bytesIn += bytesOnWire + messagePrefixBytes
    if (exchange.messages > 1) {
      this.#break(flight, 'the server sent a second message where the method has one')
      return
    }
    if (!exchange.wantBody) return
    const { response } = call.method
    try {
      exchange.message = decodeMessage(response, bytes)
    } catch (error) {
      this.#break(flight, `the message is no ${response.name}: ${errorDetailOf(error)}`)
    }
  }

  #ended(flight: WireFlight): void {
    const { initial, trailers, hasBody, exchange, reader } = flight
    // Without a body the headers are the trailers as well.
    const last = trailers ?? (hasBody ? null : initial)
    const given = last?.grpcStatus ?? null
    if (given === null) {
      if (initial !== null && initial.status !== 200) this.#answer(flight, ...httpStatusOf(initial.status))
      else
        this.#answer(
          flight,
          last === null ? grpcCodes.internal : grpcCodes.unknown,
          'the answer has no grpc-status',
        )
      return
    }
    const code = /^\d{1,5}$/.test(given) ? Number(given) : grpcCodes.unknown
    if (code !== grpcCodes.ok) this.#answer(flight, code, messageText(last?.get('grpc-message')))
    else if (reader.isWithin)
      this.#finish(flight, 'protocol', 'the status is OK, but a message was cut short')
    else if (exchange?.messages === 0)
      this.#finish(flight, 'protocol', 'the status is OK, but no message came')
    else this.#answer(flight, code, null)
  }

  /** A status, the server's or one that says what became of the call. */
  #answer(flight: WireFlight, code: number, text: string | null): void {
    const { exchange, call, initial, trailers } = flight
    if (exchange === null || call === null) return
    const { timeoutMs } = call
    if (
      code === grpcCodes.deadlineExceeded &&
      isOwnDeadline(timeoutMs, exchange.dispatchedAt, this.#turn.instant())
    ) {
      this.#finish(flight, 'timeout', text)
      return
    }
    exchange.status = code
    if (code === grpcCodes.ok) {
      if (exchange.wantHeaders) exchange.headers = metadataIn(initial, trailers)
      this.#finish(flight, null, null)
      return
    }
    exchange.headers = metadataIn(initial, trailers)
    const details = (trailers ?? initial)?.get('grpc-status-details-bin')
    const bytes = details === undefined ? null : bytesIn(details)
    this.#finish(flight, null, statusText(text ?? '', bytes, call.method.response))
  }

  #notProcessed(flight: WireFlight): void {
    const { exchange } = flight
    if (exchange === null) return
    flight.refusals++
    if (flight.refusals > mostRefusals) {
      this.#answer(flight, grpcCodes.unavailable, `the server refused the call ${mostRefusals + 1} times`)
      return
    }
    exchange.sentAt = Number.NaN
    exchange.sends = 0
    exchange.bytesOut = 0
    flight.restart()
    this.#openPool.acquire(flight, 'first')
  }

  /** A status says why there is no connection; but what is wrong here, late, or no HTTP/2 there, has a name of its own. */
  #refused(flight: WireFlight, error: Error | null): void {
    const { proxy, timeoutMs } = this.#settings.target
    const through = proxy === null ? '' : `, through the proxy ${proxy.url}`
    if (error === null) {
      this.#finish(flight, 'timeout', `no connection within ${timeoutMs.connect} ms${through}`)
      return
    }
    const name = requestErrorOf(error)
    const detail = `${errorDetailOf(error)}${through}`
    if (name === 'ports' || name === 'files' || name === 'protocol' || name === 'timeout')
      this.#finish(flight, name, detail)
    else this.#answer(flight, grpcCodes.unavailable, detail)
  }

  #tooLong(flight: WireFlight): void {
    this.#break(flight, `a message has more than ${this.#settings.target.maxBodyBytes} bytes`, 'too_large')
  }

  /** Ends an exchange in the middle of its answer. Late: its next one would go on reading this one's frame. */
  #break(flight: WireFlight, detail: string, error: RequestError = 'protocol'): void {
    this.#abandon(flight)
    this.#delivery.late(flight.finish(), error, detail)
  }

  #abandon(flight: WireFlight): void {
    this.#pool?.leave(flight)
    flight.owner?.cancel(flight)
    flight.reader.stop()
  }

  #finish(flight: WireFlight, error: RequestError | null, detail: string | null): void {
    const exchange = flight.finish()
    exchange.doneAt = this.#turn.instant()
    exchange.error = error
    exchange.errorDetail = detail
    this.#settings.sink.done(exchange)
  }
}

type GrpcRequest = Extract<RenderedRequest, { kind: 'grpc' }>

function httpStatusOf(status: number): [code: number, text: string] {
  return [codeOfHttpStatus(status), `the answer is no gRPC, but has the HTTP status ${status}`]
}

function prefixed(message: Buffer): Buffer {
  const bytes = Buffer.allocUnsafe(messagePrefixBytes + message.length)
  bytes[0] = 0
  bytes.writeUInt32BE(message.length, 1)
  message.copy(bytes, messagePrefixBytes)
  return bytes
}
