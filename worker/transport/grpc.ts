import {
  logVerbosity,
  type Metadata,
  type StatusObject,
  setLogVerbosity,
  status as statusCode,
} from '@grpc/grpc-js'
import type { RequestError } from '../../core/measure/request-error.ts'
import type { Files, RenderedRequest } from '../../core/scenario/compiled.ts'
import { constantMetadata } from '../../core/scenario/grpc-request.ts'
import type { GrpcStep, LoadTest, Target } from '../../core/spec/load-test.ts'
import { under } from '../../core/spec/path.ts'
import { targetPaths } from '../../core/spec/targets.ts'
import type { Clock } from '../engine/clock.ts'
import type { Exchange, Transport, TransportSink } from '../engine/transport-port.ts'
import { callIssues, grpcStepsTo } from './check-grpc-steps.ts'
import { Delivery } from './delivery.ts'
import { grpcChannel } from './grpc-channel.ts'
import { GrpcConnection } from './grpc-connection.ts'
import { type GrpcCall, GrpcFlight, type GrpcFlightListener, messagePrefixBytes } from './grpc-flight.ts'
import { decodeMessage, encodeMessage } from './grpc-message.ts'
import { flatMetadata, metadataOf } from './grpc-metadata.ts'
import { GrpcPool } from './grpc-pool.ts'
import { isOwnDeadline, timeoutValue } from './grpc-timeout.ts'
import { clearOutcome } from './outcome.ts'
import { reach, refuse } from './prepare-failure.ts'
import { protoFileService } from './proto-files.ts'
import type { ProtoMethod, ProtoMethods } from './proto-methods.ts'
import { reflectedMethods } from './reflection.ts'
import { shareOf } from './share.ts'
import { statusText } from './status-details.ts'
import { errorDetailOf } from './transport-error.ts'

export interface GrpcSettings {
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
}

const automaticMax = 100

/** What is kept of a stream's messages, for people to look at. */
const mostKept = 10
const mostKeptBytes = 64 * 1024

// It would print a line for each connection that a proxy refuses.
setLogVerbosity(logVerbosity.NONE)

/**
 * gRPC by grpc-js: unary calls and streams. Connections are used in turn: all of `connections.max`, or as many as keep each below 100 calls.
 * `sentAt` is when the call is handed to an open connection, which writes it within the same turn of the event loop. A status that isn't OK is an
 * answer, not an error of the transport; so is UNAVAILABLE where nobody listens (then `sends` is 0). Bytes are those of messages and their prefix,
 * without HTTP/2 and metadata. Nothing is retried, but what grpc-js knows that no server has seen.
 *
 * The messages of a stream are looked at as they come, by whoever the sink names, and read no faster than that; a few of the first are kept. Its
 * first byte is its first message, and it is done with its status, or when it was looked at enough.
 */
export class GrpcTransport implements Transport {
  readonly name = 'grpc-js'
  readonly #settings: GrpcSettings
  readonly #delivery: Delivery
  readonly #flights: (GrpcFlight | undefined)[] = []
  readonly #constants: ({ readonly request: GrpcRequest; readonly call: GrpcCall } | undefined)[] = []
  #methods: ProtoMethods = new Map()
  #pool: GrpcPool<GrpcFlight> | null = null
  #isSending = false
  #setupSends = 0

  constructor(settings: GrpcSettings) {
    this.#settings = settings
    this.#delivery = new Delivery(settings.clock, settings.sink)
  }

  get openSockets(): number {
    return this.#pool?.openSockets ?? 0
  }

  /** Calls made by `prepare`: questions to the server's reflection. */
  get setupSends(): number {
    return this.#setupSends
  }

  async prepare(): Promise<void> {
    const { target, number, files, test, threads, thread } = this.#settings
    const { protos, reflection } = target.grpc ?? { protos: [], reflection: false }
    const place = test === null ? 'target' : (targetPaths(test)[number] ?? 'target')
    const { methods, issues } = protoFileService(protos, files, under(place, ['grpc', 'protos']))
    refuse(issues)
    const steps = test === null ? [] : grpcStepsTo(test, number)
    const unknown = steps.filter(({ method }) => !methods.has(method))
    const isAsked = reflection && unknown.length > 0
    if (!isAsked) refuse(callIssues(steps, methods, 'The proto files describe'))
    const pool = await this.#createPool()
    this.#pool = pool
    await reach(
      pool.open(shareOf(target.connections.warm, threads, thread)),
      new URL(target.url).host,
      'the warm connections to',
      'leave out connections.warm and let the load meet it as it is',
    )
    const reflected = isAsked ? await this.#reflect(pool, unknown) : []
    this.#methods = new Map([...reflected, ...methods])
    refuse(callIssues(steps, this.#methods, 'The server describes'))
  }

  send(exchange: Exchange): void {
    clearOutcome(exchange)
    exchange.messages = 0
    exchange.stream = null
    let flight = this.#flights[exchange.slot]
    if (flight === undefined) {
      flight = new GrpcFlight(this.#listener)
      this.#flights[exchange.slot] = flight
    }
    const { request } = exchange
    flight.start(exchange)
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
    if (flight.call.method.answersStream) exchange.stream = this.#settings.sink.openStream(exchange)
    if (this.#pool === null) throw new Error('send before prepare')
    const connection = this.#pool.take()
    flight.connection = connection
    this.#isSending = true
    connection.board(flight)
    this.#isSending = false
  }

  cancel(exchange: Exchange, error: RequestError): void {
    const flight = this.#flights[exchange.slot]
    if (flight === undefined || flight.exchange !== exchange) return
    flight.connection?.leave(flight)
    this.#abandon(flight)
    this.#delivery.late(flight.finish(), error, 'cancelled')
  }

  async close(): Promise<void> {
    for (const flight of this.#flights) {
      if (flight?.exchange) this.cancel(flight.exchange, 'reset')
    }
    this.#pool?.close()
    await Promise.resolve()
  }

  readonly #listener: GrpcFlightListener = {
    answered: (_flight, exchange) => {
      exchange.firstByteAt = this.#settings.clock.nowMicros()
      // The connection opened after all, while the call was to fail for want of one.
      if (exchange.sends === 0) this.#sent(exchange)
    },
    message: (flight, exchange, bytes) => {
      const { call, running } = flight
      if (call === null || running === null) return
      exchange.messages++
      exchange.bodyBytes += bytes.length
      exchange.bytesIn += bytes.length + messagePrefixBytes
      if (call.method.answersStream) {
        if (exchange.messages === 1) exchange.firstByteAt = this.#settings.clock.nowMicros()
        this.#streamed(flight, exchange, call.method, bytes)
      } else if (exchange.messages > 1) {
        this.#break(flight, 'the server sent a second message where the method has one')
      } else if (exchange.wantBody) {
        const message = this.#decode(flight, call.method, bytes)
        if (flight.running === running) exchange.message = message
      }
      // Not where this was the last one to be looked at.
      if (flight.running === running) running.startRead()
    },
    ended: (flight, exchange, status) => {
      this.#release(flight)
      const { timeoutMs } = flight.call as GrpcCall
      const now = this.#settings.clock.nowMicros()
      if (
        status.code === statusCode.DEADLINE_EXCEEDED &&
        isOwnDeadline(timeoutMs, exchange.dispatchedAt, now)
      ) {
        this.#finish(flight, 'timeout', status.details)
        return
      }
      const tooLarge = this.#tooLarge(status)
      if (tooLarge !== null) {
        this.#finish(flight, 'too_large', tooLarge)
        return
      }
      const { method } = flight.call as GrpcCall
      const isOk = status.code === statusCode.OK
      exchange.status = status.code
      if (exchange.wantHeaders || !isOk) exchange.headers = flatMetadata(flight.initial, status.metadata)
      if (!isOk) this.#finish(flight, null, this.#detailOf(exchange, status, method))
      else if (exchange.messages === 0 && !method.answersStream)
        this.#finish(flight, 'protocol', 'the status is OK, but no message came')
      else this.#finish(flight, null, null)
    },
  }

  /** grpc-js says nothing of a proxy that is in its way. */
  #detailOf({ sends }: Exchange, status: StatusObject, { response }: ProtoMethod): string {
    const { proxy } = this.#settings.target
    const [details] = status.metadata.get('grpc-status-details-bin')
    const text = statusText(status.details, Buffer.isBuffer(details) ? details : null, response)
    return proxy === null || sends > 0 ? text : `${text}, through the proxy ${proxy.url}`
  }

  /** One message of a stream: looked at, and kept if it is one of the first. */
  #streamed(flight: GrpcFlight, exchange: Exchange, method: ProtoMethod, bytes: Buffer): void {
    let message: unknown = null
    if (exchange.wantBody) {
      message = this.#decode(flight, method, bytes)
      if (flight.exchange === null) return
      flight.keptBytes += bytes.length
      const kept = (exchange.message ?? []) as unknown[]
      if (kept.length < mostKept && flight.keptBytes <= mostKeptBytes) kept.push(message)
      exchange.message = kept
    }
    if (exchange.stream?.take(message) !== true) return
    if (exchange.wantHeaders) exchange.headers = flatMetadata(flight.initial)
    exchange.status = statusCode.OK
    this.#abandon(flight)
    this.#finish(flight, null, null)
  }

  /** Null, and the exchange is done, where the bytes are no such message. */
  #decode(flight: GrpcFlight, method: ProtoMethod, bytes: Buffer): unknown {
    try {
      return decodeMessage(method.response, bytes)
    } catch (error) {
      this.#break(flight, `the message is no ${method.response.name}: ${errorDetailOf(error)}`)
      return null
    }
  }

  async #reflect(pool: GrpcPool<GrpcFlight>, steps: readonly GrpcStep[]): Promise<ProtoMethods> {
    const { target, test } = this.#settings
    const remedy = 'describe its services by proto files in place of reflection'
    const { channel } = await reach(pool.opened(), new URL(target.url).host, 'a connection to', remedy)
    return reflectedMethods(channel, {
      host: new URL(target.url).host,
      services: [...new Set(steps.map(({ method }) => method.split('/')[0] ?? ''))],
      metadata: metadataOf(test === null ? [] : constantMetadata(test, target)),
      timeoutMs: target.timeoutMs.request,
      onCall: () => this.#setupSends++,
    })
  }

  async #createPool(): Promise<GrpcPool<GrpcFlight>> {
    const { target, files, clock, threads, thread } = this.#settings
    const { max, lifetimeMs } = target.connections
    const { address, ...channel } = await grpcChannel(target, files)
    const settings = {
      ...channel,
      connectTimeoutMs: target.timeoutMs.connect,
      clock,
      ready: (flight: GrpcFlight, isOpen: boolean) => this.#call(flight, isOpen),
      late: (flight: GrpcFlight) => {
        this.#release(flight)
        this.#finish(flight, 'timeout', `no connection within ${target.timeoutMs.connect} ms`)
      },
    }
    const most = Math.max(1, shareOf(max ?? automaticMax, threads, thread))
    return new GrpcPool({
      max: most,
      isAutomatic: max === null,
      lifetimeMs,
      clock,
      connect: () => new GrpcConnection({ ...settings, address: address() }),
    })
  }

  #callOf(exchange: Exchange, request: GrpcRequest): GrpcCall {
    const known = this.#constants[exchange.requestIndex]
    if (known !== undefined && known.request === request) return known.call
    const method = this.#methods.get(request.path.slice(1))
    if (method === undefined) throw new Error(`the proto files describe no method ${request.path.slice(1)}`)
    const call: GrpcCall = {
      method,
      messages: request.messages.map((message) => encodeMessage(method.request, message)),
      betweenMs: request.betweenMs,
      metadata: metadataOf(request.metadata),
      timeoutMs: request.timeoutMs,
    }
    if (Object.isFrozen(request)) this.#constants[exchange.requestIndex] = { request, call }
    return call
  }

  #call(flight: GrpcFlight, isOpen: boolean): void {
    const { exchange, call, connection } = flight
    if (exchange === null || call === null || connection === null) return
    const { channel } = connection
    // Without a deadline of grpc-js: its timer counts from the beginning of a turn of the event loop, and is early where that turn is long.
    const running = channel.createCall(call.method.path, Number.POSITIVE_INFINITY, null, null, null)
    flight.running = running
    if (isOpen) this.#sent(exchange)
    running.start(this.#metadataOf(exchange, call), flight)
    running.startRead()
    flight.sendMessages(exchange, call, running, isOpen)
  }

  /** Told to the server as well, so that it may stop working; `cancel` is what ends the exchange. */
  #metadataOf(exchange: Exchange, { metadata, timeoutMs }: GrpcCall): Metadata {
    const waitedMs = (this.#settings.clock.nowMicros() - exchange.dispatchedAt) / 1000
    const told = metadata.clone()
    told.set('grpc-timeout', timeoutValue(Math.max(1, timeoutMs - waitedMs)))
    return told
  }

  #sent(exchange: Exchange): void {
    exchange.sentAt = this.#settings.clock.nowMicros()
    exchange.sends = 1
  }

  /** What grpc-js says of a message over `grpc.max_receive_message_length`; a server says the like of ours, with a bound of its own. */
  #tooLarge({ code, details }: StatusObject): string | null {
    const { maxBodyBytes } = this.#settings.target
    if (code !== statusCode.RESOURCE_EXHAUSTED || !details.startsWith('Received message ')) return null
    if (!details.endsWith(` vs ${maxBodyBytes})`) && !details.endsWith(` larger than ${maxBodyBytes}`))
      return null
    return `a message has more than ${maxBodyBytes} bytes`
  }

  /** Ends an exchange whose answer breaks the rules of gRPC. */
  #break(flight: GrpcFlight, detail: string): void {
    this.#abandon(flight)
    this.#finish(flight, 'protocol', detail)
  }

  #release(flight: GrpcFlight): void {
    const { connection } = flight
    if (connection === null) return
    flight.connection = null
    this.#pool?.release(connection)
  }

  #abandon(flight: GrpcFlight): void {
    const slot = flight.exchange?.slot
    if (slot !== undefined) this.#flights[slot] = undefined
    flight.running?.cancelWithStatus(statusCode.CANCELLED, 'cancelled')
    this.#release(flight)
  }

  #finish(flight: GrpcFlight, error: RequestError | null, detail: string | null): void {
    if (this.#isSending) this.#delivery.late(flight.finish(), error, detail)
    else this.#delivery.now(flight.finish(), error, detail)
  }
}

type GrpcRequest = Extract<RenderedRequest, { kind: 'grpc' }>
