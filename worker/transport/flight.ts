import type { Dispatcher } from 'undici'
import type { Exchange } from '../engine/transport-port.ts'
import type { Connection } from './connection.ts'
import { excerptBytes } from './outcome.ts'
import type { InLine } from './waiting-line.ts'

/** What a flight reports. */
export interface FlightListener {
  /** Written to the open connection. */
  sent(flight: Flight, exchange: Exchange): void
  /** The head of the final answer is here. */
  answered(exchange: Exchange, status: number): void
  /** True: the body is too large to keep; the flight has been ended. */
  refusesBody(flight: Flight, exchange: Exchange, connection: Connection): boolean
  ended(flight: Flight, exchange: Exchange, connection: Connection): void
  failed(flight: Flight, exchange: Exchange, connection: Connection, error: Error): void
}

const nothing: Dispatcher.DispatchOptions = { method: 'GET', path: '/' }

/**
 * One exchange on its way through undici: the handler of its dispatch. Used again by the next exchange of its slot, unless it was abandoned: then
 * undici may still hold it, and whatever it reports finds no exchange here.
 */
export class Flight implements Dispatcher.DispatchHandler, InLine {
  before: InLine | null = null
  after: InLine | null = null
  inLine = false
  exchange: Exchange | null = null
  options = nothing
  connection: Connection | null = null
  controller: Dispatcher.DispatchController | null = null
  /** Its connection was opened for it. */
  isNew = false
  /** Written to its present connection. */
  isSent = false
  /** Something of an answer has come. */
  isAnswered = false
  isRetried = false
  dispatchedAt = 0
  user = 0
  readonly #listener: FlightListener
  #chunks: Buffer[] = []
  #status = 0
  #excerptBytes = 0

  constructor(listener: FlightListener) {
    this.#listener = listener
  }

  start(exchange: Exchange, options: Dispatcher.DispatchOptions): void {
    this.exchange = exchange
    this.options = options
    this.dispatchedAt = exchange.dispatchedAt
    this.user = exchange.user
    this.isRetried = false
    this.isAnswered = false
    this.isSent = false
    this.#status = 0
    this.#excerptBytes = 0
  }

  board(connection: Connection, isNew: boolean): void {
    this.connection = connection
    this.isNew = isNew
    this.controller = null
  }

  /** The exchange, which is the engine's again. */
  finish(): Exchange {
    const exchange = this.exchange as Exchange
    this.exchange = null
    this.controller = null
    this.connection = null
    this.options = nothing
    this.#chunks = []
    return exchange
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    const { exchange } = this
    if (exchange === null) {
      controller.abort(new Error('cancelled'))
      return
    }
    this.controller = controller
    this.#listener.sent(this, exchange)
  }

  onResponseStarted(): void {
    this.isAnswered = true
  }

  onResponseStart(
    controller: Dispatcher.DispatchController,
    status: number,
    headers: Readonly<Record<string, string | string[] | undefined>>,
  ): void {
    const { exchange, connection } = this
    if (exchange === null || connection === null || status < 200) return
    this.#status = status
    this.#listener.answered(exchange, status)
    if (connection.protocol === 'http/1.1' && endsConnection(headers.connection)) connection.isEnding = true
    if (exchange.wantHeaders || status >= 300) exchange.headers = flatHeaders(controller.rawHeaders)
    if (exchange.wantBody || status >= 300) {
      const coding = headers['content-encoding']
      if (coding !== undefined) exchange.encoding = String(coding)
    }
    if (exchange.wantCookies) {
      const cookies = headers['set-cookie']
      exchange.setCookies = cookies === undefined ? [] : Array.isArray(cookies) ? cookies : [cookies]
    }
  }

  onResponseData(_controller: Dispatcher.DispatchController, chunk: Buffer): void {
    const { exchange, connection } = this
    if (exchange === null || connection === null) return
    exchange.bodyBytes += chunk.length
    if (!exchange.wantBody) {
      if (this.#status >= 300) this.#excerpt(chunk)
      return
    }
    if (!this.#listener.refusesBody(this, exchange, connection)) this.#chunks.push(chunk)
  }

  #excerpt(chunk: Buffer): void {
    const room = excerptBytes - this.#excerptBytes
    if (room <= 0) return
    const part = chunk.subarray(0, room)
    this.#excerptBytes += part.length
    // A copy: undici's own memory is larger, and used again.
    this.#chunks.push(Buffer.from(part))
  }

  onResponseEnd(): void {
    const { exchange, connection } = this
    if (exchange === null || connection === null || this.#status === 0) return
    if (exchange.wantBody || this.#chunks.length > 0) {
      const [only] = this.#chunks
      exchange.body = this.#chunks.length === 1 && only !== undefined ? only : Buffer.concat(this.#chunks)
    }
    this.#listener.ended(this, exchange, connection)
  }

  onResponseError(_controller: Dispatcher.DispatchController, error: Error): void {
    const { exchange, connection } = this
    if (exchange === null || connection === null) return
    this.#listener.failed(this, exchange, connection, error)
  }
}

function endsConnection(header: string | string[] | undefined): boolean {
  return header !== undefined && /(?:^|,)\s*close\s*(?:,|$)/i.test(String(header))
}

/** undici hands over bytes for HTTP/1.1 and an object for HTTP/2, in which repeated names have arrays or, joined by commas, one text. */
export function flatHeaders(raw: Dispatcher.DispatchController['rawHeaders']): string[] {
  const flat: string[] = []
  if (Array.isArray(raw)) {
    raw.forEach((part, index) => {
      const text = typeof part === 'string' ? part : part.toString('latin1')
      flat.push(index % 2 === 0 ? text.toLowerCase() : text)
    })
    return flat
  }
  for (const [name, value] of Object.entries(raw ?? {})) {
    for (const one of Array.isArray(value) ? value : [value]) flat.push(name, String(one))
  }
  return flat
}
