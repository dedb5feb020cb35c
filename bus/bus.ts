import type { Durable } from './durable.ts'
import type { Subscription } from './subscription.ts'

export type { Subscription }

/**
 * How the parts of a cluster reach each other. Payloads are bytes; a subject is dot-separated tokens, `*` stands for one
 * token and `>` for the rest in a subscription. At most once: who needs more asks for a reply and sends again.
 */
export interface Bus {
  publish(subject: string, payload: Uint8Array): void
  subscribe(subject: string, handle: (message: BusMessage) => void): Subscription
  /** Rejects with BreakwaterError `bus-timeout`, `bus-no-responders` (nobody listens) or `bus-closed`. */
  request(subject: string, payload: Uint8Array, options: { timeoutMs: number }): Promise<Uint8Array>
  /** Everything published so far has reached the server. */
  flush(): Promise<void>
  /** Calls at each change of the connection, and once at once with the present one. */
  onState(listen: (state: BusState) => void): Subscription
  /** Largest payload in bytes. */
  readonly maxPayload: number
  /** Null: there is no server that could keep anything. */
  readonly durable: Durable | null
  /** Nothing is heard from now on, requests under way reject, and what was published goes out. May be called again. */
  close(): Promise<void>
}

export type BusState = 'connected' | 'disconnected' | 'closed'

export interface BusMessage {
  readonly subject: string
  readonly payload: Uint8Array
  /** Answers a request; does nothing for a published message. */
  respond(payload: Uint8Array): void
}
