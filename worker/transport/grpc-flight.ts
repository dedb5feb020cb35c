import type { Channel, InterceptingListener, Metadata, StatusObject } from '@grpc/grpc-js'
import type { Exchange } from '../engine/transport-port.ts'
import type { GrpcConnection } from './grpc-connection.ts'
import type { ProtoMethod } from './proto-methods.ts'
import type { InLine } from './waiting-line.ts'

/** A request as it goes out; made once where nothing in it varies. */
export interface GrpcCall {
  readonly method: ProtoMethod
  /** One for each message, in the order in which they are sent. */
  readonly messages: readonly Buffer[]
  readonly betweenMs: number
  readonly metadata: Metadata
  /** From the dispatch on. */
  readonly timeoutMs: number
}

/** What a flight reports. */
export interface GrpcFlightListener {
  answered(flight: GrpcFlight, exchange: Exchange): void
  message(flight: GrpcFlight, exchange: Exchange, bytes: Buffer): void
  ended(flight: GrpcFlight, exchange: Exchange, status: StatusObject): void
}

type Running = ReturnType<Channel['createCall']>

/** Length and compression flag before each message (the gRPC wire format). */
export const messagePrefixBytes = 5

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
  running: Running | null = null
  dispatchedAt = 0
  initial: Metadata | null = null
  /** Bytes of the messages that are kept of a stream. */
  keptBytes = 0
  readonly #listener: GrpcFlightListener
  #nextMessage = 0
  #pause: NodeJS.Timeout | null = null

  constructor(listener: GrpcFlightListener) {
    this.#listener = listener
  }

  start(exchange: Exchange): void {
    this.exchange = exchange
    this.dispatchedAt = exchange.dispatchedAt
  }

  /** The exchange, which is the engine's again. */
  finish(): Exchange {
    const exchange = this.exchange as Exchange
    if (this.#pause !== null) clearTimeout(this.#pause)
    this.#pause = null
    this.exchange = null
    this.call = null
    this.connection = null
    this.running = null
    this.initial = null
    this.keptBytes = 0
    return exchange
  }

  /** Sends the call's messages one after the other, and then the end of them. `isOpen` false: nothing will be written. */
  sendMessages(exchange: Exchange, call: GrpcCall, running: Running, isOpen: boolean): void {
    const { messages } = call
    const [only] = messages
    if (only !== undefined && messages.length === 1) {
      if (isOpen) exchange.bytesOut = only.length + messagePrefixBytes
      running.sendMessageWithContext({}, only)
      running.halfClose()
      return
    }
    this.#nextMessage = 0
    this.#sendNext(running)
  }

  /** grpc-js takes a message when it has written the one before; `running` tells a word of an earlier call of this flight. */
  #sendNext(running: Running): void {
    const { exchange, call } = this
    if (exchange === null || call === null || this.running !== running) return
    const bytes = call.messages[this.#nextMessage++]
    if (bytes === undefined) {
      running.halfClose()
      return
    }
    running.sendMessageWithContext({ callback: () => this.#sentOne(running) }, bytes)
    if (exchange.sends > 0) exchange.bytesOut += bytes.length + messagePrefixBytes
  }

  #sentOne(running: Running): void {
    const { call } = this
    if (call === null || this.running !== running) return
    if (call.betweenMs === 0 || this.#nextMessage >= call.messages.length) {
      this.#sendNext(running)
      return
    }
    this.#pause = setTimeout(() => {
      this.#pause = null
      this.#sendNext(running)
    }, call.betweenMs)
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
