import type { RequestError } from '../../core/measure/request-error.ts'
import type { RenderedRequest, StreamWatch } from '../../core/scenario/compiled.ts'
import type { Target } from '../../core/spec/load-test.ts'
import { createClock } from '../../worker/engine/clock.ts'
import type { Exchange, Transport } from '../../worker/engine/transport-port.ts'
import { loadRoutes, type RouteSettings, transportNames } from '../../worker/transport/create-transport.ts'

export interface RequestWish {
  method?: string
  path?: string
  headers?: readonly string[]
  body?: string | Uint8Array | null
  /** Instead of the above. */
  request?: RenderedRequest
  user?: number
  /** Of a user who keeps it: the same exchange each time. */
  slot?: number
  wantHeaders?: boolean
  wantCookies?: boolean
  wantBody?: boolean
  /** Looks at the messages of a stream. */
  watch?: StreamWatch
}

export interface TargetWish extends Partial<Omit<Target, 'connections' | 'dns' | 'tls' | 'timeoutMs'>> {
  connections?: Partial<Target['connections']>
  dns?: Partial<Target['dns']>
  tls?: Partial<Target['tls']>
  timeoutMs?: Partial<Target['timeoutMs']>
}

export function targetOf(url: string, wish: TargetWish = {}): Target {
  return {
    url,
    protocol: null,
    proxy: null,
    compression: false,
    headers: {},
    auth: null,
    grpc: null,
    followRedirects: 0,
    userAgent: 'breakwater/test',
    maxBodyBytes: 10 * 1024 * 1024,
    ...wish,
    dns: { refreshMs: 30_000, family: null, pick: 'roundRobin', hosts: {}, ...wish.dns },
    timeoutMs: { connect: 5_000, request: 10_000, ...wish.timeoutMs },
    tls: {
      caFile: null,
      certFile: null,
      keyFile: null,
      insecureSkipVerify: false,
      resume: false,
      serverName: null,
      ...wish.tls,
    },
    connections: { share: 'pool', max: null, idleMs: 30_000, lifetimeMs: null, warm: 0, ...wish.connections },
  }
}

const createRoute = await loadRoutes(transportNames)

/**
 * An engine's side of the transport port: exchanges in a pool by slot, each used again, as the engine does. It fails at once on what the port
 * forbids: `done` twice, from within `send`, or for an exchange that is not under way.
 */
export class Exchanges {
  readonly transport: Transport
  readonly violations: string[] = []
  readonly clock = createClock()
  readonly #waiting = new Map<Exchange, (exchange: Exchange) => void>()
  readonly #watches = new Map<Exchange, StreamWatch>()
  readonly #free: Exchange[] = []
  readonly #kept = new Map<number, Exchange>()
  #slots = 0
  #isSending = false
  /** Streams that ended, as they were reported. */
  readonly ended: { slot: number; stream: number; openedAt: number; at: number; ok: boolean }[] = []

  constructor(
    target: Target,
    more: Partial<RouteSettings> = {},
    create: (settings: RouteSettings) => Transport = createRoute,
  ) {
    this.transport = create({
      target,
      threads: 1,
      thread: 0,
      detail: false,
      files: {},
      clock: this.clock,
      ...more,
      sink: {
        done: (exchange) => {
          if (this.#isSending) this.violations.push('done from within send')
          const resolve = this.#waiting.get(exchange)
          if (resolve === undefined) this.violations.push(`done for an exchange that is not under way`)
          this.#waiting.delete(exchange)
          resolve?.(exchange)
        },
        streamEnded: (slot, stream, openedAt, at, ok) => {
          this.ended.push({ slot, stream, openedAt, at, ok })
        },
        openStream: (exchange) => this.#watches.get(exchange) ?? null,
      },
    })
  }

  get underWay(): number {
    return this.#waiting.size
  }

  /** Sends, and resolves with a copy of the exchange when it is done. */
  send(wish: RequestWish = {}): Promise<Exchange> {
    return this.start(wish).done
  }

  start(wish: RequestWish = {}): { exchange: Exchange; done: Promise<Exchange> } {
    const exchange = this.#exchange(wish.slot)
    exchange.request = wish.request ?? {
      kind: 'http',
      target: 0,
      method: wish.method ?? 'GET',
      path: wish.path ?? '/',
      headers: wish.headers ?? [],
      body: wish.body ?? null,
    }
    exchange.user = wish.user ?? exchange.slot
    exchange.wantHeaders = wish.wantHeaders ?? false
    exchange.wantCookies = wish.wantCookies ?? false
    exchange.wantBody = wish.wantBody ?? false
    if (wish.watch === undefined) this.#watches.delete(exchange)
    else this.#watches.set(exchange, wish.watch)
    exchange.dispatchedAt = this.clock.nowMicros()
    const done = new Promise<Exchange>((resolve) => this.#waiting.set(exchange, resolve)).then((ended) => {
      const copy = { ...ended }
      if (wish.slot === undefined) this.#free.push(ended)
      return copy
    })
    this.#isSending = true
    this.transport.send(exchange)
    this.#isSending = false
    return { exchange, done }
  }

  #exchange(slot: number | undefined): Exchange {
    if (slot === undefined) return this.#free.pop() ?? newExchange(this.#slots++)
    const kept = this.#kept.get(slot) ?? newExchange(slot)
    this.#kept.set(slot, kept)
    return kept
  }

  cancel(exchange: Exchange, error: RequestError = 'timeout'): void {
    this.transport.cancel(exchange, error)
  }

  async close(): Promise<void> {
    await this.transport.close()
  }
}

function newExchange(slot: number): Exchange {
  return {
    slot,
    request: { kind: 'http', target: 0, method: 'GET', path: '/', headers: [], body: null },
    requestIndex: 0,
    user: 0,
    dispatchedAt: 0,
    wantHeaders: false,
    wantCookies: false,
    wantBody: false,
    sentAt: Number.NaN,
    firstByteAt: Number.NaN,
    doneAt: Number.NaN,
    connectMicros: Number.NaN,
    tlsMicros: Number.NaN,
    status: 0,
    error: null,
    errorDetail: null,
    sends: 0,
    bytesIn: 0,
    bytesOut: 0,
    bodyBytes: 0,
    headers: null,
    setCookies: null,
    body: null,
    encoding: null,
    message: null,
    messages: 0,
    stream: null,
  }
}
