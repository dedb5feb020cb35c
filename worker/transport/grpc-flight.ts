import type { Channel, InterceptingListener, Metadata, StatusObject } from '@grpc/grpc-js'
import type { Exchange } from '../engine/transport-port.ts'
import type { GrpcConnection } from './grpc-connection.ts'
import type { ProtoMethod } from './proto-files.ts'
import type { InLine } from './waiting-line.ts'

/** A request as it goes out; made once where nothing in it varies. */
export interface GrpcCall {
  readonly method: ProtoMethod
  readonly bytes: Buffer
  readonly metadata: Metadata
}

/** What a flight reports. */
export interface GrpcFlightListener {
  answered(flight: GrpcFlight, exchange: Exchange): void
  message(flight: GrpcFlight, exchange: Exchange, bytes: Buffer): void
  ended(flight: GrpcFlight, exchange: Exchange, status: StatusObject): void
}

/**
 * One exchange on its way through grpc-js: the listener of its call. Used again by the next exchange of its slot, unless it was abandoned: then what
 * grpc-js still reports finds no exchange here.
 */
export class GrpcFlight implements InterceptingListener, InLine {
  before: InLine | null = null
  after: InLine | null = null
  inLine = false
  exchange: Exchange | null = null
  call: GrpcCall | null = null
  connection: GrpcConnection<GrpcFlight> | null = null
  /** Of grpc-js, once it has begun. */
  running: ReturnType<Channel['createCall']> | null = null
  dispatchedAt = 0
  initial: Metadata | null = null
  readonly #listener: GrpcFlightListener

  constructor(listener: GrpcFlightListener) {
    this.#listener = listener
  }

  start(exchange: Exchange, call: GrpcCall | null): void {
    this.exchange = exchange
    this.call = call
    this.dispatchedAt = exchange.dispatchedAt
  }

  /** The exchange, which is the engine's again. */
  finish(): Exchange {
    const exchange = this.exchange as Exchange
    this.exchange = null
    this.call = null
    this.connection = null
    this.running = null
    this.initial = null
    return exchange
  }

  onReceiveMetadata(metadata: Metadata): void {
    if (this.exchange === null) return
    this.initial = metadata
    this.#listener.answered(this, this.exchange)
  }

  onReceiveMessage(bytes: Buffer | null): void {
    if (this.exchange !== null && bytes !== null) this.#listener.message(this, this.exchange, bytes)
  }

  onReceiveStatus(status: StatusObject): void {
    if (this.exchange !== null) this.#listener.ended(this, this.exchange, status)
  }
}
