import type { RequestError } from '../../core/measure/request-error.ts'
import type { Files, StreamMessage, StreamOperation, StreamRequest } from '../../core/scenario/compiled.ts'
import type { Target } from '../../core/spec/load-test.ts'
import type { Clock } from '../engine/clock.ts'
import type { Exchange, Transport, TransportSink } from '../engine/transport-port.ts'
import { Delivery } from './delivery.ts'
import { endpointOf } from './endpoint.ts'
import { EventsLink } from './events-link.ts'
import { HeldStream } from './held-stream.ts'
import { httpProtocols } from './http-protocols.ts'
import { Inbox, InboxBudget, shownBounds, waitingBounds } from './inbox.ts'
import { type Endpoint, openSocket } from './open-socket.ts'
import { clearOutcome, excerptBytes } from './outcome.ts'
import { endOf, type LinkListener, type LinkSettings, type StreamEnd } from './stream-link.ts'
import { WebSocketLink } from './websocket-link.ts'

export interface StreamsSettings {
  readonly target: Target
  /** Connect and TLS time of the exchanges that opened a stream. */
  readonly detail: boolean
  readonly files: Files
  readonly clock: Clock
  readonly sink: TransportSink
}

/** How long a stream that was left may take to close. */
const closeGraceMs = 1000
/** Of all messages that are kept in a thread. */
const mostInboxBytes = 64 * 1024 * 1024
/** Of what came last, to show with a failure. */
const shownMessages = 5
const shownMessageBytes = 2048

/**
 * WebSockets and server-sent events: streams that users open, use and close by exchanges. Each stream has a connection of its own, outside of any
 * pool. `sentAt` is when the opening request, the message or the close was written; messages of a stream are no requests, so `sends` is 1 for the
 * opening request alone. `firstByteAt` is the head of the answer to it. Bytes are those of the socket since the exchange before on the same stream.
 */
export class StreamsTransport implements Transport {
  readonly name = 'streams'
  readonly #settings: StreamsSettings
  readonly #url: URL
  readonly #delivery: Delivery
  readonly #budget = new InboxBudget(mostInboxBytes)
  /** By slot. */
  readonly #held: HeldStream[][] = []
  /** Left, and not closed yet. */
  readonly #leaving = new Map<HeldStream, NodeJS.Timeout>()
  #sockets = 0
  #websockets: Endpoint | null = null
  #events: Endpoint | null = null
  #isSending = false
  #onAllLeft: (() => void) | null = null

  constructor(settings: StreamsSettings) {
    this.#settings = settings
    this.#url = new URL(settings.target.url)
    this.#delivery = new Delivery(settings.clock, settings.sink)
  }

  get openSockets(): number {
    return this.#sockets
  }

  async prepare(): Promise<void> {
    const { target, files } = this.#settings
    this.#websockets = await endpointOf(target, files, ['http/1.1'])
    this.#events = { ...this.#websockets, protocols: httpProtocols(target) }
  }

  send(exchange: Exchange): void {
    clearOutcome(exchange)
    const { request } = exchange
    this.#isSending = true
    if (request.kind !== 'ws' && request.kind !== 'sse') {
      this.#delivery.late(exchange, 'protocol', `a ${request.kind} request on a stream`)
    } else if (request.operation.kind === 'open') {
      this.#open(exchange, request, request.operation)
    } else {
      this.#use(exchange, request, request.operation)
    }
    this.#isSending = false
  }

  cancel(exchange: Exchange, error: RequestError): void {
    const stream = this.#held[exchange.slot]?.find((one) => one.exchange === exchange)
    if (stream === undefined) return
    const { underway } = stream
    let detail = 'cancelled'
    if (underway === 'waiting') {
      if (error === 'timeout') detail = `nothing that was expected came in time: ${stream.account}`
      this.#showLast(stream, exchange)
    }
    // Bytes are taken before the socket goes.
    this.#delivery.late(stream.finish(), error, detail)
    if (underway === 'opening') this.#forget(stream)
    else if (underway === 'closing' && stream.end === null)
      this.#ended(stream, { error, detail: 'it did not close in time', isClean: false })
  }

  leave(slot: number, whose: 'iteration' | 'user'): void {
    const held = this.#held[slot]
    if (held === undefined || held.length === 0) return
    const staying = whose === 'user' ? [] : held.filter(({ life }) => life === 'user')
    const leaving = held.filter((stream) => !staying.includes(stream))
    this.#held[slot] = staying
    for (const stream of leaving) this.#leave(stream)
  }

  async close(): Promise<void> {
    for (const held of this.#held) {
      for (const { exchange } of [...(held ?? [])]) if (exchange !== null) this.cancel(exchange, 'reset')
    }
    for (const slot of this.#held.keys()) this.leave(slot, 'user')
    if (this.#leaving.size > 0) {
      await new Promise<void>((resolve) => {
        this.#onAllLeft = resolve
      })
    }
    await Promise.resolve()
  }

  #open(exchange: Exchange, request: StreamRequest, operation: Opening): void {
    const held = this.#heldBy(exchange.slot)
    const known = held.find(({ number }) => number === request.stream)
    if (known?.end === null) {
      this.#delivery.late(exchange, 'protocol', 'the stream is open already, and has to be closed first')
      return
    }
    if (known !== undefined) this.#forget(known)
    const bounds = operation.keeps ? waitingBounds : shownBounds
    const stream = new HeldStream(request, operation.life, exchange.slot, new Inbox(bounds, this.#budget))
    held.push(stream)
    stream.begin(exchange, 'opening')
    this.#connect(stream, exchange, request, operation.subprotocols)
  }

  #connect(
    stream: HeldStream,
    exchange: Exchange,
    request: StreamRequest,
    subprotocols: readonly string[],
  ): void {
    const { target, clock, detail } = this.#settings
    const endpoint = request.kind === 'ws' ? this.#websockets : this.#events
    if (endpoint === null) throw new Error('send before prepare')
    const { connect } = target.timeoutMs
    const listener = this.#listener(stream)
    const settings: LinkSettings = {
      host: this.#url.host,
      path: request.path,
      headers: request.headers,
      subprotocols,
      maxBodyBytes: target.maxBodyBytes,
      // One byte more shows that it is too large.
      refusalBytes: exchange.wantBody ? target.maxBodyBytes + 1 : excerptBytes,
    }
    this.#sockets++
    const opening = openSocket(endpoint, clock, {
      opened: (socket, protocol, connectMicros, tlsMicros) => {
        clearTimeout(late)
        if (stream.exchange !== exchange) return
        if (detail) {
          exchange.connectMicros = connectMicros
          exchange.tlsMicros = tlsMicros
        }
        stream.link =
          request.kind === 'ws'
            ? new WebSocketLink(socket, settings, listener)
            : new EventsLink(socket, protocol, this.#url.origin, settings, listener)
      },
      failed: (error) => {
        clearTimeout(late)
        if (stream.exchange === exchange) this.#ended(stream, endOf(error))
      },
      closed: () => {
        clearTimeout(late)
        this.#sockets--
      },
    })
    const late = setTimeout(() => {
      opening.destroy()
      const through = endpoint.proxy === null ? '' : ` through the proxy ${endpoint.proxy.url}`
      const end = {
        error: 'timeout',
        detail: `no connection within ${connect} ms${through}`,
        isClean: false,
      } as const
      if (stream.exchange === exchange) this.#ended(stream, end)
    }, connect)
    stream.destroySocket = () => {
      clearTimeout(late)
      opening.destroy()
    }
  }

  #use(exchange: Exchange, request: StreamRequest, operation: Use): void {
    const stream = this.#held[exchange.slot]?.find(({ number }) => number === request.stream)
    if (stream === undefined) {
      this.#delivery.late(exchange, 'reset', 'the stream is not open')
      return
    }
    switch (operation.kind) {
      case 'send':
        this.#write(stream, exchange, operation)
        return
      case 'expect':
        this.#expect(stream, exchange, operation)
        return
      case 'close':
        this.#close(stream, exchange, operation)
        return
      default:
        operation satisfies never
    }
  }

  #write(stream: HeldStream, exchange: Exchange, { data, wanted }: Extract<Use, { kind: 'send' }>): void {
    if (this.#isRefused(stream, exchange)) return
    stream.begin(exchange, wanted === null ? 'writing' : 'waiting')
    if (wanted !== null) stream.await(wanted)
    exchange.sentAt = this.#settings.clock.nowMicros()
    stream.link?.send?.(data, () => {
      if (stream.exchange === exchange && stream.underway === 'writing') this.#finish(stream, null, null)
    })
  }

  #expect(stream: HeldStream, exchange: Exchange, { wanted }: Extract<Use, { kind: 'expect' }>): void {
    stream.begin(exchange, 'waiting')
    stream.await(wanted)
    const answer = stream.search()
    if (answer !== null) this.#answer(stream, answer)
    else if (stream.end !== null) {
      stream.exchange = null
      this.#isRefused(stream, exchange)
    }
  }

  #close(stream: HeldStream, exchange: Exchange, { code, reason }: Extract<Use, { kind: 'close' }>): void {
    const { end } = stream
    if (end === null) {
      stream.begin(exchange, 'closing')
      exchange.sentAt = this.#settings.clock.nowMicros()
      stream.link?.close(code, reason)
      return
    }
    if (end.isClean) this.#delivery.late(exchange, null, null)
    else this.#isRefused(stream, exchange)
    this.#forget(stream)
  }

  /** Whether the stream has ended, and the exchange with it. */
  #isRefused(stream: HeldStream, exchange: Exchange): boolean {
    const { end } = stream
    if (end === null) return false
    this.#showLast(stream, exchange)
    this.#delivery.late(exchange, end.error, end.detail)
    return true
  }

  #listener(stream: HeldStream): LinkListener {
    const { clock } = this.#settings
    return {
      sent: () => {
        const { exchange } = stream
        if (exchange === null) return
        exchange.sentAt = clock.nowMicros()
        exchange.sends = 1
      },
      answered: (status, headers) => {
        const { exchange } = stream
        if (exchange === null) return
        exchange.firstByteAt = clock.nowMicros()
        exchange.status = status
        if (exchange.wantHeaders || status >= 300) exchange.headers = [...headers]
        if (exchange.wantCookies) exchange.setCookies = cookiesIn(headers)
      },
      opened: () => {
        stream.openedAt = clock.nowMicros()
        this.#finish(stream, null, null)
      },
      refused: (body) => this.#refused(stream, body),
      message: (message) => {
        if (stream.isLeft || stream.underway === 'closing') return
        if (stream.isAnswer(message) && stream.exchange !== null) this.#answer(stream, message)
      },
      ended: (end) => this.#ended(stream, end),
    }
  }

  #answer(stream: HeldStream, { headers, body }: StreamMessage): void {
    const { exchange } = stream
    if (exchange === null) return
    exchange.bodyBytes = body.length
    if (exchange.wantHeaders) exchange.headers = [...headers]
    if (exchange.wantBody) exchange.body = body
    this.#finish(stream, null, null)
  }

  #refused(stream: HeldStream, body: Buffer): void {
    const { exchange } = stream
    if (exchange === null) return
    const { maxBodyBytes } = this.#settings.target
    exchange.bodyBytes = body.length
    const isTooLarge = exchange.wantBody && body.length > maxBodyBytes
    if (!isTooLarge) exchange.body = body
    this.#forget(stream)
    if (isTooLarge) this.#finish(stream, 'too_large', `the body has more than ${maxBodyBytes} bytes`)
    else this.#finish(stream, null, null)
  }

  /** By the target, by its loss, or as it was asked for. */
  #ended(stream: HeldStream, end: StreamEnd): void {
    if (stream.end !== null) return
    stream.end = end
    const at = this.#settings.clock.nowMicros()
    stream.destroySocket()
    if (stream.isLeft) {
      this.#left(stream)
      return
    }
    const { exchange, underway } = stream
    const wasOpen = !Number.isNaN(stream.openedAt)
    if (!wasOpen || underway === 'closing') this.#forget(stream)
    if (wasOpen)
      this.#settings.sink.streamEnded?.(stream.slot, stream.number, stream.openedAt, at, end.isClean)
    if (exchange === null) return
    if (underway === 'closing' && end.isClean) {
      this.#finish(stream, null, null)
      return
    }
    this.#showLast(stream, exchange)
    this.#finish(stream, end.error, end.detail)
  }

  /** The user goes on without it. */
  #leave(stream: HeldStream): void {
    stream.isLeft = true
    stream.inbox.clear()
    if (stream.end !== null) return
    const { clock, sink } = this.#settings
    sink.streamEnded?.(stream.slot, stream.number, stream.openedAt, clock.nowMicros(), true)
    const insist = setTimeout(() => {
      stream.destroySocket()
      this.#left(stream)
    }, closeGraceMs)
    this.#leaving.set(stream, insist)
    stream.link?.close(normalClosure, '')
  }

  #left(stream: HeldStream): void {
    clearTimeout(this.#leaving.get(stream))
    this.#leaving.delete(stream)
    if (this.#leaving.size === 0) this.#onAllLeft?.()
  }

  /** The slot has no such stream any more. */
  #forget(stream: HeldStream): void {
    const held = this.#heldBy(stream.slot)
    const at = held.indexOf(stream)
    if (at >= 0) held.splice(at, 1)
    stream.inbox.clear()
    stream.link?.destroy()
    stream.destroySocket()
  }

  #heldBy(slot: number): HeldStream[] {
    const held = this.#held[slot] ?? []
    this.#held[slot] = held
    return held
  }

  #showLast(stream: HeldStream, exchange: Exchange): void {
    const last = stream.inbox.last(shownMessages)
    if (last.length > 0)
      exchange.message = last.map(({ body }) => decoder.decode(body.subarray(0, shownMessageBytes)))
  }

  #finish(stream: HeldStream, error: RequestError | null, detail: string | null): void {
    if (this.#isSending) this.#delivery.late(stream.finish(), error, detail)
    else this.#delivery.now(stream.finish(), error, detail)
  }
}

type Opening = Extract<StreamOperation, { kind: 'open' }>
type Use = Exclude<StreamOperation, { kind: 'open' }>

const normalClosure = 1000
const decoder = new TextDecoder()

function cookiesIn(headers: readonly string[]): string[] {
  return headers.filter((_, at) => at % 2 === 1 && headers[at - 1] === 'set-cookie')
}
