import { setTimeout as sleep } from 'node:timers/promises'
import {
  ClosedConnectionError,
  connect,
  type Msg,
  type NatsConnection,
  NoRespondersError,
  PermissionViolationError,
  RequestError,
  TimeoutError,
} from '@nats-io/transport-node'
import { BreakwaterError } from '../core/error.ts'
import type { Bus, BusMessage, BusState, Subscription } from './bus.ts'
import type { Durable } from './durable.ts'
import { busClosed, busTimeout, noResponders, tooLarge } from './errors.ts'
import { hear } from './hear.ts'
import { authenticators, type NatsAccess, noAccess, tlsOptions } from './nats-access.ts'
import { createNatsDurable } from './nats-durable.ts'
import { type NatsServers, parseNatsUrl } from './nats-url.ts'
import { requireSubject } from './subject.ts'

export interface NatsOptions {
  /** `nats://[user:password@]host[:port]` or `tls://…`; more servers of one cluster after commas. */
  readonly url: string
  /** What the server's monitoring shows for this connection. */
  readonly name: string
  readonly access?: NatsAccess
  /** Who it is, as a token: replies come in on `_INBOX.<role>.>`, so that a server can let each role hear its own alone. */
  readonly role?: string
  /** A sentence each time the server refuses something that this user has no permission for. */
  readonly onRefused?: (what: string) => void
  /** Bytes that the server has not confirmed yet; what is published above it is dropped. */
  readonly maxPendingBytes?: number
}

/** The server is asked for a sign of life once so much is unconfirmed. */
const confirmEveryBytes = 262_144

/** How long closing waits for the server to take what was published. */
const lastFlushMs = 2_000

/**
 * A lost connection is taken up again for as long as it takes, and with it its subscriptions. While it is down nothing is kept: what is
 * published is dropped and a request times out, so that no command and no sign of life arrives late.
 * @throws BreakwaterError `bus-unreachable`, or `usage` for what is no URL
 */
export async function connectNats(options: NatsOptions): Promise<Bus> {
  const servers = parseNatsUrl(options.url)
  const access = options.access ?? noAccess
  const login = authenticators(access)
  try {
    const connection = await connect({
      servers: [...servers.addresses],
      name: options.name,
      ...servers.credentials,
      ...login,
      ...tlsOptions(access, servers.tls),
      ...(options.role === undefined ? {} : { inboxPrefix: `_INBOX.${options.role}` }),
      timeout: 5_000,
      waitOnFirstConnect: false,
      maxReconnectAttempts: -1,
      reconnectTimeWait: 500,
      // A thousand workers must not come back in one instant.
      reconnectJitter: 500,
      reconnectJitterTLS: 500,
      pingInterval: 10_000,
      maxPingOut: 2,
      // A stack trace per request costs more than the request.
      noAsyncTraces: true,
    })
    return new NatsBus(connection, options.maxPendingBytes ?? 67_108_864, options.onRefused ?? (() => {}))
  } catch (cause) {
    throw unreachable(servers, cause)
  }
}

function unreachable({ shown }: NatsServers, cause: unknown): BreakwaterError {
  const reason = cause instanceof Error ? cause.message : String(cause)
  const hint = hintFor(reason)
  return new BreakwaterError('bus-unreachable', `No connection to NATS at ${shown}: ${reason}.`, {
    hint,
    cause,
  })
}

function hintFor(reason: string): string {
  if (/authoriz|authentic/i.test(reason)) {
    return 'Give the user and password in the URL (nats://user:password@host:4222), or --nats-creds or --nats-nkey.'
  }
  if (/certificate|self.signed|unable to verify|altname|tls|ssl/i.test(reason)) {
    return 'Write tls:// in the URL where the server encrypts, and name who signed its certificate with --nats-ca.'
  }
  return 'Start a NATS server there, or name another one with --nats or BREAKWATER_NATS_URL.'
}

class NatsBus implements Bus {
  readonly durable: Durable
  readonly #connection: NatsConnection
  readonly #maxPendingBytes: number
  readonly #onRefused: (what: string) => void
  readonly #requests = new Set<(closed: Error) => void>()
  readonly #watchers = new Set<(state: BusState) => void>()
  #state: BusState = 'connected'
  #closing: Promise<void> | undefined
  #maxPayload: number
  #unconfirmedBytes = 0
  #confirming = false

  constructor(connection: NatsConnection, maxPendingBytes: number, onRefused: (what: string) => void) {
    this.#connection = connection
    this.#maxPendingBytes = maxPendingBytes
    this.#onRefused = onRefused
    this.#maxPayload = connection.info?.max_payload ?? 1_048_576
    this.durable = createNatsDurable(
      connection,
      () => this.#state === 'connected' && this.#closing === undefined,
    )
    void this.#follow()
    void connection.closed().then(() => this.#become('closed'))
  }

  get maxPayload(): number {
    return this.#maxPayload
  }

  publish(subject: string, payload: Uint8Array): void {
    this.#requireSendable(subject, payload)
    // The library holds on to what it is given until the end of the turn.
    if (this.#admit(payload.byteLength)) this.#connection.publish(subject, new Uint8Array(payload))
  }

  subscribe(subject: string, handle: (message: BusMessage) => void): Subscription {
    this.#requireOpen()
    requireSubject(subject, { wildcards: true })
    const subscription = this.#connection.subscribe(subject, {
      callback: (error, message) => {
        if (error === null && this.#closing === undefined) hear(handle, this.#received(message))
      },
    })
    return { unsubscribe: () => subscription.unsubscribe() }
  }

  async request(
    subject: string,
    payload: Uint8Array,
    { timeoutMs }: { timeoutMs: number },
  ): Promise<Uint8Array> {
    this.#requireSendable(subject, payload)
    const { promise: closed, reject } = Promise.withResolvers<never>()
    this.#requests.add(reject)
    try {
      return await Promise.race([this.#ask(subject, payload, timeoutMs), closed])
    } finally {
      this.#requests.delete(reject)
    }
  }

  async flush(): Promise<void> {
    this.#requireOpen()
    try {
      await this.#connection.flush()
    } catch (error) {
      throw asBusError(error, 'flush', 0)
    }
  }

  onState(listen: (state: BusState) => void): Subscription {
    this.#watchers.add(listen)
    listen(this.#state)
    return { unsubscribe: () => this.#watchers.delete(listen) }
  }

  close(): Promise<void> {
    this.#closing ??= this.#close()
    return this.#closing
  }

  async #close(): Promise<void> {
    for (const reject of this.#requests) reject(busClosed())
    if (this.#state === 'connected') {
      const flushed = this.#connection.flush().catch(() => {})
      await Promise.race([flushed, sleep(lastFlushMs, undefined, { ref: false })])
    }
    await this.#connection.close()
    this.#become('closed')
  }

  async #ask(subject: string, payload: Uint8Array, timeoutMs: number): Promise<Uint8Array> {
    if (!this.#admit(payload.byteLength)) {
      await sleep(timeoutMs, undefined, { ref: false })
      throw busTimeout(subject, timeoutMs)
    }
    try {
      const { data } = await this.#connection.request(subject, new Uint8Array(payload), {
        timeout: timeoutMs,
      })
      return plain(data)
    } catch (error) {
      throw asBusError(error, subject, timeoutMs)
    }
  }

  #received(message: Msg): BusMessage {
    return {
      subject: message.subject,
      payload: plain(message.data),
      respond: (payload) => {
        if (message.reply === undefined || message.reply === '') return
        this.#requireFitting(message.reply, payload)
        if (!this.#connection.isClosed() && this.#admit(payload.byteLength))
          message.respond(new Uint8Array(payload))
      },
    }
  }

  /** False where the payload must be dropped. */
  #admit(bytes: number): boolean {
    if (this.#state !== 'connected' || this.#unconfirmedBytes + bytes > this.#maxPendingBytes) return false
    this.#unconfirmedBytes += bytes
    if (this.#unconfirmedBytes >= confirmEveryBytes && !this.#confirming) void this.#confirm()
    return true
  }

  async #confirm(): Promise<void> {
    this.#confirming = true
    const bytes = this.#unconfirmedBytes
    try {
      await this.#connection.flush()
      this.#unconfirmedBytes -= bytes
    } catch {
      // Disconnected: what was pending is gone, and #follow starts anew.
    } finally {
      this.#confirming = false
    }
  }

  async #follow(): Promise<void> {
    for await (const status of this.#connection.status()) {
      if (status.type === 'disconnect') {
        this.#become('disconnected')
        this.#unconfirmedBytes = 0
      } else if (status.type === 'reconnect') {
        this.#maxPayload = this.#connection.info?.max_payload ?? this.#maxPayload
        this.#become('connected')
      } else if (status.type === 'error' && status.error instanceof PermissionViolationError) {
        const { operation, subject } = status.error
        this.#onRefused(
          `the NATS server lets this user not ${operation === 'publish' ? 'publish on' : 'subscribe to'} ${subject}`,
        )
      }
    }
  }

  #become(state: BusState): void {
    if (this.#state === state || this.#state === 'closed') return
    this.#state = state
    if (state === 'closed') for (const reject of this.#requests) reject(busClosed())
    for (const listen of this.#watchers) listen(state)
  }

  #requireSendable(subject: string, payload: Uint8Array): void {
    this.#requireOpen()
    requireSubject(subject, { wildcards: false })
    this.#requireFitting(subject, payload)
  }

  #requireOpen(): void {
    if (this.#closing !== undefined || this.#state === 'closed') throw busClosed()
  }

  #requireFitting(subject: string, payload: Uint8Array): void {
    if (payload.byteLength > this.#maxPayload) throw tooLarge(subject, payload.byteLength, this.#maxPayload)
  }
}

/** Node's sockets give Buffers, whose `slice` shares memory where a Uint8Array's copies. */
function plain({ buffer, byteOffset, byteLength }: Uint8Array): Uint8Array {
  return new Uint8Array(buffer, byteOffset, byteLength)
}

function asBusError(error: unknown, subject: string, timeoutMs: number): BreakwaterError {
  const cause = error instanceof RequestError && error.cause !== undefined ? error.cause : error
  if (cause instanceof NoRespondersError) return noResponders(subject)
  if (cause instanceof TimeoutError) return busTimeout(subject, timeoutMs)
  if (cause instanceof ClosedConnectionError) return busClosed()
  return new BreakwaterError('bus-unreachable', `NATS did not carry out ${subject}: ${String(cause)}.`, {
    hint: "See the server's log; the connection may have broken off, or its user may lack the permission.",
    cause,
  })
}
