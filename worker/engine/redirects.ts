import type { RequestError } from '../../core/measure/request-error.ts'
import type { CompiledRequest, RenderedRequest, Scope } from '../../core/scenario/compiled.ts'
import { Redirector, withoutHeaders } from '../../core/scenario/redirect.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import type { PooledExchange } from './exchange.ts'
import type { Transport } from './transport-port.ts'

type HttpRequest = Extract<RenderedRequest, { kind: 'http' }>

/** What one request has come through so far. */
interface Chain {
  readonly dispatchedAt: number
  readonly sentAt: number
  /** URLs that redirected, in their order. */
  readonly urls: string[]
  /** Method, URL and cookies of what was sent: the same once more would go on for ever. */
  readonly seen: Set<string>
  /** Cookies that the step itself gives, as long as it stays on its host. */
  ownCookies: string
  sends: number
  bytesIn: number
  bytesOut: number
  connectMicros: number
  tlsMicros: number
}

/**
 * Follows redirects between the transport's `done` and the engine's judgement: to the engine all hops are one exchange, with the answer of the last,
 * the instants of the first sending and the last completion, and sums of what was sent. The request's timeout runs on.
 */
export class Redirects {
  readonly #redirector: Redirector
  readonly #transport: Transport
  readonly #chains = new Map<PooledExchange, Chain>()

  constructor(test: LoadTest, transport: Transport) {
    this.#redirector = new Redirector(test)
    this.#transport = transport
  }

  /** True: it is under way again. Else it is done, and says what all of it was. */
  follow(exchange: PooledExchange, { redirects }: CompiledRequest, scope: Scope): boolean {
    if (redirects === 0) return false
    const known = this.#chains.get(exchange)
    const { request } = exchange
    if (exchange.error === null && request.kind === 'http') {
      const next = this.#redirector.next(request, exchange.status, exchange.headers)
      if (next.kind === 'refused') refuse(exchange, next.error, next.detail)
      if (next.kind === 'hop') {
        const chain = known ?? this.#begin(exchange, request, scope)
        if (chain.urls.length >= redirects) {
          const to = this.#redirector.urlOf(next.request)
          refuse(exchange, 'redirect', `more than ${redirects} redirects, the last to ${to}`)
        } else if (this.#hop(exchange, request, next, chain, scope)) return true
      }
    }
    const chain = this.#chains.get(exchange)
    if (chain !== undefined) {
      this.#chains.delete(exchange)
      finish(exchange, chain)
    }
    return false
  }

  #begin(exchange: PooledExchange, request: HttpRequest, scope: Scope): Chain {
    const chain: Chain = {
      dispatchedAt: exchange.dispatchedAt,
      sentAt: exchange.sentAt,
      urls: [],
      seen: new Set([this.#keyOf(request)]),
      ownCookies: ownCookies(request, scope.cookiesFor(request)),
      sends: 0,
      bytesIn: 0,
      bytesOut: 0,
      connectMicros: Number.NaN,
      tlsMicros: Number.NaN,
    }
    this.#chains.set(exchange, chain)
    return chain
  }

  #hop(
    exchange: PooledExchange,
    from: HttpRequest,
    { request, leavesHost }: { readonly request: HttpRequest; readonly leavesHost: boolean },
    chain: Chain,
    scope: Scope,
  ): boolean {
    if (exchange.setCookies !== null) scope.storeCookies(exchange.setCookies, from)
    if (leavesHost) chain.ownCookies = ''
    const hop = withCookies(request, joinCookies(chain.ownCookies, scope.cookiesFor(request)))
    const key = this.#keyOf(hop)
    if (chain.seen.has(key)) {
      refuse(exchange, 'redirect', `redirects in a circle: ${this.#redirector.urlOf(hop)} comes again`)
      return false
    }
    chain.seen.add(key)
    chain.urls.push(this.#redirector.urlOf(from))
    add(chain, exchange)
    exchange.request = hop
    // The connection has its own time at each hop; the request's timeout is the engine's, and runs on.
    exchange.dispatchedAt = exchange.doneAt
    this.#transport.send(exchange)
    return true
  }

  #keyOf(request: HttpRequest): string {
    return `${request.method} ${this.#redirector.urlOf(request)} ${headerIn(request, 'cookie')}`
  }
}

function refuse(exchange: PooledExchange, error: RequestError, detail: string): void {
  exchange.error = error
  exchange.errorDetail = detail
}

function add(chain: Chain, exchange: PooledExchange): void {
  chain.sends += exchange.sends
  chain.bytesIn += exchange.bytesIn
  chain.bytesOut += exchange.bytesOut
  chain.connectMicros = plus(chain.connectMicros, exchange.connectMicros)
  chain.tlsMicros = plus(chain.tlsMicros, exchange.tlsMicros)
}

function finish(exchange: PooledExchange, chain: Chain): void {
  add(chain, exchange)
  exchange.dispatchedAt = chain.dispatchedAt
  exchange.sentAt = chain.sentAt
  exchange.sends = chain.sends
  exchange.bytesIn = chain.bytesIn
  exchange.bytesOut = chain.bytesOut
  exchange.connectMicros = chain.connectMicros
  exchange.tlsMicros = chain.tlsMicros
  exchange.redirectedFrom = chain.urls
}

/** NaN: did not happen. */
function plus(a: number, b: number): number {
  if (Number.isNaN(a)) return b
  return Number.isNaN(b) ? a : a + b
}

/** The cookie header without what the jar has given to it (core/scenario/http-request.ts). */
function ownCookies(request: HttpRequest, jar: string): string {
  const header = headerIn(request, 'cookie')
  if (header === jar) return ''
  return jar !== '' && header.endsWith(`; ${jar}`) ? header.slice(0, -jar.length - 2) : header
}

function withCookies(request: HttpRequest, cookies: string): HttpRequest {
  const headers = withoutHeaders(request.headers, (name) => name === 'cookie')
  return { ...request, headers: cookies === '' ? headers : [...headers, 'cookie', cookies] }
}

function joinCookies(own: string, jar: string): string {
  return own === '' || jar === '' ? own + jar : `${own}; ${jar}`
}

function headerIn({ headers }: HttpRequest, name: string): string {
  const at = headers.findIndex((text, index) => index % 2 === 0 && text === name)
  return at < 0 ? '' : (headers[at + 1] ?? '')
}
