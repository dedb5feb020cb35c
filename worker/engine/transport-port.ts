import type { RequestError } from '../../core/measure/request-error.ts'
import type { Files, RenderedRequest, StreamWatch } from '../../core/scenario/compiled.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import type { Clock } from './clock.ts'
import type { SendGate } from './fence.ts'

/**
 * One request on its way. The engine owns a pool of them and reuses each, so a request costs no promise, no closure and no object.
 * Instants are the thread's clock in µs (worker/engine/clock.ts); NaN: did not happen.
 */
export interface Exchange {
  // Set by the engine before `send`.
  /** Slot in the engine's pool. */
  readonly slot: number
  request: RenderedRequest
  /** Index of the compiled request; a transport may key what it prepared by it where `request` is the constant one. */
  requestIndex: number
  /** The user's number on this thread, for `connections.share: user`. A later user never has the same one. */
  user: number
  dispatchedAt: number
  wantHeaders: boolean
  wantCookies: boolean
  wantBody: boolean

  // Set by the transport before `done`.
  /** The bytes were written to an open connection. */
  sentAt: number
  firstByteAt: number
  doneAt: number
  /** With `detail: true`, where this exchange opened the connection. */
  connectMicros: number
  tlsMicros: number
  /** 0: none came. */
  status: number
  /** Transport errors alone; the judgement of the answer is the engine's. */
  error: RequestError | null
  errorDetail: string | null
  /** How often it was written to a connection: 0, 1, and one more for each retry and redirect hop. */
  sends: number
  bytesIn: number
  bytesOut: number
  bodyBytes: number
  /** Where they were wanted; and for the sample of a failure where the status is 300 or more (then `body` has at least its first 4 KiB), or isn't OK. */
  headers: string[] | null
  setCookies: string[] | null
  /** As it came: `encoding` tells how its bytes are coded. */
  body: Uint8Array | null
  /** `content-encoding` of the answer, where a body was wanted or the status is 300 or more; null: none. */
  encoding: string | null
  /** gRPC alone: the message of an answer; of a stream, a list of the first ones. */
  message: unknown
  /** gRPC alone: the number of messages received. */
  messages: number
  /** gRPC alone: who looked at the messages of this answer as they came. */
  stream: StreamWatch | null
}

export interface TransportSink {
  /** Exactly once per `send`, never from within `send`. The exchange is the engine's again. */
  done(exchange: Exchange): void
  /**
   * A stream has ended that exchanges of this slot used. `ok`: it was closed by the user, or as it should be by the target. Within `done` of the
   * step that closed it, within `leave`, or whenever it was lost.
   */
  streamEnded?(slot: number, stream: number, openedAt: number, at: number, ok: boolean): void
  /** The answer will be a stream: who looks at its messages; null: nobody does. Within `send`. */
  openStream(exchange: Exchange): StreamWatch | null
}

/** Bounds set at construction: connect timeout, connections, maxBody, tls, detail. One contract suite for all (test/contract/transport). */
export interface Transport {
  /** undici, grpc-js, wire-http1, wire-http2, streams; several are joined by ` + `. */
  readonly name: string
  /** Resolves names and opens the warm connections. Sends no request, but those that `setupSends` counts. */
  prepare(): Promise<void>
  /** Starts the exchange. Never throws. One retry, for an idempotent request whose reused connection closed before an answer's first byte. */
  send(exchange: Exchange): void
  /** Ends it now: `done` follows with this error. Nothing happens where it is done already. */
  cancel(exchange: Exchange, error: RequestError): void
  /**
   * No exchange of this slot is under way, and what it held is let go of: streams opened for one iteration, or `user`: all of them. Each is
   * closed as its protocol wants it, beside whatever comes next. Transports without streams have none.
   */
  leave?(slot: number, whose: 'iteration' | 'user'): void
  /** What waited for a connection while nothing might be written goes on. Transports in which nothing waits have none. */
  resume?(): void
  readonly openSockets: number
  /** Requests that `prepare` made of the target, which it has to ask what its messages look like. Transports without such have none. */
  readonly setupSends?: number
  /** Closes every connection; exchanges under way end with `reset`. */
  close(): Promise<void>
}

/** The one that serves a test. */
export type CreateTransport = (settings: {
  readonly threads: number
  readonly thread: number
  readonly detail: boolean
  readonly files: Files
  readonly clock: Clock
  readonly sink: TransportSink
  /** Before what has waited for a connection is written to it; absent: it always may be. */
  readonly gate?: SendGate
}) => Transport

/** The transports are the composition's: the engine knows their port alone. */
export type LoadTransports = (test: LoadTest, files: Files, engine: EngineChoice) => Promise<CreateTransport>

/** `auto` takes what is fastest for each target. */
export type EngineChoice = 'auto' | 'wire' | 'undici'
