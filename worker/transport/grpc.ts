import { isIP } from 'node:net'
import {
  type ChannelOptions,
  credentials,
  Metadata,
  type StatusObject,
  status as statusCode,
} from '@grpc/grpc-js'
import { BreakwaterError } from '../../core/error.ts'
import type { RequestError } from '../../core/measure/request-error.ts'
import type { Files, RenderedRequest } from '../../core/scenario/compiled.ts'
import type { LoadTest, Target } from '../../core/spec/load-test.ts'
import { requestsOfTest, requestTimeoutMs, targetNumber } from '../../core/spec/targets.ts'
import type { Clock } from '../engine/clock.ts'
import type { Exchange, Transport, TransportSink } from '../engine/transport-port.ts'
import { checkGrpcSteps } from './check-grpc-steps.ts'
import { Delivery } from './delivery.ts'
import { GrpcConnection } from './grpc-connection.ts'
import { type GrpcCall, GrpcFlight, type GrpcFlightListener } from './grpc-flight.ts'
import { decodeMessage, encodeMessage } from './grpc-message.ts'
import { clearOutcome } from './outcome.ts'
import { type ProtoMethod, protoFileService } from './proto-files.ts'
import { type Addresses, resolveHost } from './resolve.ts'
import { shareOf } from './share.ts'
import { errorDetailOf } from './transport-error.ts'

export interface GrpcSettings {
  readonly target: Target
  /** Of the target in the test. */
  readonly number: number
  /** Its steps are checked against the proto files by `prepare`, and their timeouts go to the server as deadlines; null: neither. */
  readonly test: LoadTest | null
  readonly threads: number
  readonly thread: number
  readonly files: Files
  readonly clock: Clock
  readonly sink: TransportSink
}

/** Calls on one connection before another one is opened, where the LoadTest names no number of them; servers often allow 100. */
const callsPerConnection = 100
const automaticMax = 100

/** Length and compression flag before each message (the gRPC wire format). */
const messagePrefixBytes = 5

/**
 * Unary gRPC by grpc-js. Connections are used in turn: all of `connections.max`, or as many as keep each below 100 calls. `sentAt` is when the call
 * is handed to an open connection, which writes it within the same turn of the event loop. A status that isn't OK is an answer, not an error of the
 * transport; so is UNAVAILABLE where nobody listens (then `sends` is 0). Bytes are those of messages and their prefix, without HTTP/2 and metadata.
 * Nothing is retried, but what grpc-js knows that no server has seen.
 */
export class GrpcTransport implements Transport {
  readonly name = 'grpc-js'
  readonly #settings: GrpcSettings
  readonly #url: URL
  readonly #max: number
  readonly #isAutomatic: boolean
  readonly #delivery: Delivery
  readonly #flights: (GrpcFlight | undefined)[] = []
  readonly #constants: ({ readonly request: GrpcRequest; readonly call: GrpcCall } | undefined)[] = []
  readonly #connections: GrpcConnection<GrpcFlight>[] = []
  readonly #retired = new Set<GrpcConnection<GrpcFlight>>()
  #methods: ReadonlyMap<string, ProtoMethod> = new Map()
  /** The longest timeout of the steps that call it, by path. */
  readonly #timeouts = new Map<string, number>()
  #connect: (() => GrpcConnection<GrpcFlight>) | null = null
  #turn = 0
  #isSending = false

  constructor(settings: GrpcSettings) {
    const { max } = settings.target.connections
    this.#settings = settings
    this.#url = new URL(settings.target.url)
    this.#isAutomatic = max === null
    this.#max = Math.max(1, shareOf(max ?? automaticMax, settings.threads, settings.thread))
    this.#delivery = new Delivery(settings.clock, settings.sink)
  }

  get openSockets(): number {
    let open = 0
    for (const connection of [...this.#connections, ...this.#retired]) if (connection.isOpen) open++
    return open
  }

  async prepare(): Promise<void> {
    this.#methods = this.#readProtos()
    this.#connect = this.#connector(await resolveHost(this.#url.hostname))
    const { target, threads, thread } = this.#settings
    const warm = Math.min(this.#max, shareOf(target.connections.warm, threads, thread))
    const first = this.#isAutomatic ? Math.max(1, warm) : this.#max
    while (this.#connections.length < first) this.#connections.push(this.#connect())
    try {
      await Promise.all(this.#connections.slice(0, warm).map((connection) => connection.open()))
    } catch (cause) {
      throw new BreakwaterError(
        'target-unreachable',
        `the warm connections to ${this.#url.host} could not be opened: ${errorDetailOf(cause)}`,
        { hint: 'Start the target, or leave out connections.warm and let the load meet it as it is.', cause },
      )
    }
  }

  send(exchange: Exchange): void {
    clearOutcome(exchange)
    let flight = this.#flights[exchange.slot]
    if (flight === undefined) {
      flight = new GrpcFlight(this.#listener)
      this.#flights[exchange.slot] = flight
    }
    const { request } = exchange
    flight.start(exchange, null)
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
    const connection = this.#pick()
    connection.inFlight++
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
    for (const connection of [...this.#connections, ...this.#retired]) connection.close()
    await Promise.resolve()
  }

  readonly #listener: GrpcFlightListener = {
    answered: (_flight, exchange) => {
      exchange.firstByteAt = this.#settings.clock.nowMicros()
      // The connection opened after all, while the call was to fail for want of one.
      if (exchange.sends === 0) this.#sent(exchange)
    },
    message: (flight, exchange, bytes) => {
      exchange.bodyBytes += bytes.length
      exchange.bytesIn += bytes.length + messagePrefixBytes
      if (!exchange.wantBody) return
      const { maxBodyBytes } = this.#settings.target
      if (bytes.length > maxBodyBytes) {
        this.#abandon(flight)
        this.#finish(flight, 'too_large', `the message has more than ${maxBodyBytes} bytes`)
        return
      }
      const method = flight.call?.method
      try {
        if (method !== undefined) exchange.message = decodeMessage(method.response, bytes)
      } catch (error) {
        this.#abandon(flight)
        this.#finish(
          flight,
          'protocol',
          `the message is no ${method?.response.name}: ${errorDetailOf(error)}`,
        )
      }
    },
    ended: (flight, exchange, status) => {
      this.#release(flight)
      if (this.#isOwnDeadline(flight, exchange, status)) {
        this.#finish(flight, 'timeout', status.details)
        return
      }
      exchange.status = status.code
      if (exchange.wantHeaders) exchange.headers = flatMetadata(flight.initial, status.metadata)
      this.#finish(flight, null, status.code === statusCode.OK ? null : status.details)
    },
  }

  #readProtos(): ReadonlyMap<string, ProtoMethod> {
    const { target, number, files, test } = this.#settings
    const { methods, issues: fileIssues } = protoFileService(target.grpc?.protos ?? [], files)
    const issues = fileIssues.length > 0 || test === null ? fileIssues : checkGrpcSteps(test, files, number)
    const [first] = issues
    if (first === undefined) {
      this.#readTimeouts(test)
      return methods
    }
    throw new BreakwaterError('prepare-failed', `${first.path}: ${first.message}`, { hint: first.hint })
  }

  #readTimeouts(test: LoadTest | null): void {
    if (test === null) return
    for (const step of requestsOfTest(test)) {
      if (step.kind !== 'grpc' || targetNumber(test, step) !== this.#settings.number) continue
      const path = `/${step.method}`
      const timeoutMs = requestTimeoutMs(test, step)
      this.#timeouts.set(path, Math.max(this.#timeouts.get(path) ?? 0, timeoutMs))
    }
  }

  #connector(addresses: Addresses): () => GrpcConnection<GrpcFlight> {
    const { target, files, clock } = this.#settings
    const { caFile, insecureSkipVerify, serverName } = target.tls
    const isTls = this.#url.protocol === 'grpcs:' || this.#url.protocol === 'https:'
    const port = Number(this.#url.port || (isTls ? 443 : 80))
    const verified = serverName ?? addresses.host
    const options: ChannelOptions = {
      'grpc.use_local_subchannel_pool': 1,
      'grpc.enable_channelz': 0,
      'grpc.enable_http_proxy': 0,
      'grpc.enable_retries': 0,
      'grpc.service_config_disable_resolution': 1,
      'grpc.client_idle_timeout_ms': Math.max(1000, target.connections.idleMs),
      'grpc.initial_reconnect_backoff_ms': 100,
      'grpc.max_reconnect_backoff_ms': 1000,
      'grpc.max_send_message_length': -1,
      'grpc.max_receive_message_length': -1,
      'grpc.primary_user_agent': target.userAgent,
      'grpc.default_authority': this.#url.host,
      ...(isTls && isIP(verified) === 0 ? { 'grpc.ssl_target_name_override': verified } : {}),
    }
    const ca = caFile === null ? null : Buffer.from(files[caFile] ?? [])
    const settings = {
      credentials: isTls
        ? credentials.createSsl(ca, null, null, { rejectUnauthorized: !insecureSkipVerify })
        : credentials.createInsecure(),
      options,
      connectTimeoutMs: target.timeoutMs.connect,
      clock,
      ready: (flight: GrpcFlight, isOpen: boolean) => this.#call(flight, isOpen),
      late: (flight: GrpcFlight) => {
        this.#release(flight)
        this.#finish(flight, 'timeout', `no connection within ${target.timeoutMs.connect} ms`)
      },
    }
    return () => new GrpcConnection({ ...settings, address: addressOf(addresses, port) })
  }

  #callOf(exchange: Exchange, request: GrpcRequest): GrpcCall {
    const known = this.#constants[exchange.requestIndex]
    if (known !== undefined && known.request === request) return known.call
    const method = this.#methods.get(request.path.slice(1))
    if (method === undefined) throw new Error(`the proto files describe no method ${request.path.slice(1)}`)
    const call: GrpcCall = {
      method,
      bytes: encodeMessage(method.request, request.message),
      metadata: metadataOf(request.metadata),
    }
    if (Object.isFrozen(request)) this.#constants[exchange.requestIndex] = { request, call }
    return call
  }

  #pick(): GrpcConnection<GrpcFlight> {
    const room = this.#isAutomatic ? callsPerConnection : Number.POSITIVE_INFINITY
    const { length } = this.#connections
    for (let n = 0; n < length; n++) {
      const connection = this.#inTurn()
      if (connection.inFlight < room) return connection
    }
    if (length < this.#max) this.#connections.push(this.#newConnection())
    return this.#connections[this.#connections.length - 1] as GrpcConnection<GrpcFlight>
  }

  #inTurn(): GrpcConnection<GrpcFlight> {
    const { lifetimeMs } = this.#settings.target.connections
    const now = this.#settings.clock.nowMicros()
    const index = this.#turn++ % this.#connections.length
    let connection = this.#connections[index] as GrpcConnection<GrpcFlight>
    if (lifetimeMs !== null && now - connection.usedSince > lifetimeMs * 1000) {
      this.#retire(connection)
      connection = this.#newConnection()
      this.#connections[index] = connection
    }
    if (Number.isNaN(connection.usedSince)) connection.usedSince = now
    return connection
  }

  #newConnection(): GrpcConnection<GrpcFlight> {
    if (this.#connect === null) throw new Error('send before prepare')
    return this.#connect()
  }

  #retire(connection: GrpcConnection<GrpcFlight>): void {
    connection.isRetired = true
    if (connection.inFlight === 0) connection.close()
    else this.#retired.add(connection)
  }

  /** Told to the server as well, so that it may stop working; `cancel` is what ends the exchange. */
  #deadline(method: string, exchange: Exchange): number {
    const timeoutMs = this.#timeouts.get(method) ?? Number.POSITIVE_INFINITY
    const waitedMs = (this.#settings.clock.nowMicros() - exchange.dispatchedAt) / 1000
    return timeoutMs === Number.POSITIVE_INFINITY ? timeoutMs : Date.now() + Math.max(1, timeoutMs - waitedMs)
  }

  #isOwnDeadline(flight: GrpcFlight, exchange: Exchange, status: StatusObject): boolean {
    if (status.code !== statusCode.DEADLINE_EXCEEDED || flight.initial !== null) return false
    const timeoutMs = this.#timeouts.get(flight.call?.method.path ?? '') ?? Number.POSITIVE_INFINITY
    return this.#settings.clock.nowMicros() - exchange.dispatchedAt >= (timeoutMs - 2) * 1000
  }

  #call(flight: GrpcFlight, isOpen: boolean): void {
    const { exchange, call, connection } = flight
    if (exchange === null || call === null || connection === null) return
    const running = connection.channel.createCall(
      call.method.path,
      this.#deadline(call.method.path, exchange),
      null,
      null,
      null,
    )
    flight.running = running
    if (isOpen) this.#sent(exchange)
    exchange.bytesOut = isOpen ? call.bytes.length + messagePrefixBytes : 0
    running.start(call.metadata, flight)
    running.startRead()
    running.sendMessageWithContext({}, call.bytes)
    running.halfClose()
  }

  #sent(exchange: Exchange): void {
    exchange.sentAt = this.#settings.clock.nowMicros()
    exchange.sends = 1
  }

  #release(flight: GrpcFlight): void {
    const { connection } = flight
    if (connection === null) return
    flight.connection = null
    connection.inFlight--
    if (connection.isRetired && connection.inFlight === 0) {
      this.#retired.delete(connection)
      connection.close()
    }
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

/** Addresses of both families can't stand in one target of grpc-js: then it resolves the name itself. */
function addressOf(addresses: Addresses, port: number): string {
  const families = new Set(addresses.all.map(({ family }) => family))
  if (families.size > 1) return `dns:///${addresses.host}:${port}`
  return addresses
    .inTurn()
    .map(({ address, family }, index) => {
      const where = family === 6 ? `[${address}]:${port}` : `${address}:${port}`
      return index === 0 ? `ipv${family}:${where}` : where
    })
    .join(',')
}

function metadataOf(pairs: readonly string[]): Metadata {
  const metadata = new Metadata()
  for (let n = 0; n + 1 < pairs.length; n += 2) {
    const name = pairs[n] as string
    const value = pairs[n + 1] as string
    metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value)
  }
  return metadata
}

function flatMetadata(...parts: readonly (Metadata | null)[]): string[] {
  return parts.flatMap((metadata) =>
    Object.entries(metadata?.toJSON() ?? {}).flatMap(([name, values]) =>
      values.flatMap((value) => [name, typeof value === 'string' ? value : value.toString('base64')]),
    ),
  )
}
