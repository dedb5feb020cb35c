import type { RequestError } from '../../core/measure/request-error.ts'
import type { StreamMessage } from '../../core/scenario/compiled.ts'
import { errorDetailOf, requestErrorOf } from './transport-error.ts'

/** How a stream ended. */
export interface StreamEnd {
  /** What a step that still wanted something of it fails with. */
  readonly error: RequestError
  readonly detail: string
  /** It was closed as it should be, by either side. */
  readonly isClean: boolean
}

/** What a link reports, in this order: sent, answered, then opened or refused; messages; at last ended. Whoever destroyed it hears no more. */
export interface LinkListener {
  /** The request that opens the stream was written to an open connection. */
  sent(): void
  /** Its answer's head is here. Headers are name, value, name, value …, names in lower case. */
  answered(status: number, headers: readonly string[]): void
  opened(): void
  /** The answer opens no stream. Its body as far as was asked for. */
  refused(body: Buffer): void
  message(message: StreamMessage): void
  /** In place of `opened` as well. */
  ended(end: StreamEnd): void
}

/** One stream over one connection of its own. */
export interface StreamLink {
  /** Null where its protocol cannot send. `written` when the bytes are with the operating system; not at all where the stream ends before. */
  send: ((data: string | Uint8Array, written: () => void) => void) | null
  /** Begins to close; `ended` follows. */
  close(code: number, reason: string): void
  destroy(): void
  /** Bytes of the socket since the last call. */
  takeBytesIn(): number
  takeBytesOut(): number
}

export interface LinkSettings {
  /** Without scheme: `shop.test:8080`. */
  readonly host: string
  readonly path: string
  readonly headers: readonly string[]
  readonly subprotocols: readonly string[]
  /** Of one message, and of a body that was asked for. */
  readonly maxBodyBytes: number
  /** Bytes of the body of an answer that opens no stream. */
  readonly refusalBytes: number
}

export function endOf(error: unknown): StreamEnd {
  return { error: requestErrorOf(error), detail: errorDetailOf(error), isClean: false }
}
