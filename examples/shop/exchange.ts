import type { IncomingMessage, ServerResponse } from 'node:http'
import { gzipSync } from 'node:zlib'
import type { Session, Sessions } from './sessions.ts'
import type { Shop } from './shop.ts'
import { mainTenant } from './tenants.ts'

const mostBytes = 10 * 1024 * 1024
/** Smaller answers gain nothing by it. */
const leastGzipped = 1024

/** Ends an exchange with an error that whoever asked is to blame for. */
export class Refusal extends Error {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>

  constructor(status: number, message: string, headers: Readonly<Record<string, string>> = {}) {
    super(message)
    this.status = status
    this.headers = headers
  }
}

/** A request, who made it, and its answer. */
export class Exchange {
  readonly request: IncomingMessage
  readonly response: ServerResponse
  readonly shop: Shop
  readonly path: string
  readonly query: URLSearchParams
  /** `id` of `/products/:id`. */
  params: Readonly<Record<string, string>> = {}
  /** Also set by a login. */
  session: Session | null

  constructor(shop: Shop, request: IncomingMessage, response: ServerResponse) {
    const [path = '/', query] = (request.url ?? '/').split(/\?(.*)/s, 2)
    this.shop = shop
    this.request = request
    this.response = response
    this.path = path
    this.query = new URLSearchParams(query)
    this.session = sessionOf(shop.sessions, request)
  }

  /** Of the session; without one, of the header `x-tenant`. Throws Refusal 404 where it has not been seeded, or no longer is. */
  get tenant(): string {
    const named = this.session?.tenant ?? this.request.headers['x-tenant'] ?? mainTenant
    if (typeof named === 'string' && this.shop.tenants.has(named)) return named
    throw new Refusal(404, `there is no tenant ${named}`)
  }

  /** Throws Refusal 401 where nobody is logged in. */
  get customer(): Session {
    if (this.session === null) throw new Refusal(401, 'log in first', { 'www-authenticate': 'Bearer' })
    return this.session
  }

  get bearer(): string | null {
    return bearerIn(this.request.headers.authorization)
  }

  cookie(name: string): string | null {
    return cookieIn(this.request.headers.cookie, name)
  }

  async body(): Promise<Buffer> {
    const chunks: Buffer[] = []
    let bytes = 0
    // The request outlives a refusal, so that the answer can be read.
    for await (const chunk of this.request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
      bytes += chunk.length
      if (bytes > mostBytes) throw new Refusal(413, `more than ${mostBytes} bytes`, { connection: 'close' })
      chunks.push(chunk)
    }
    return Buffer.concat(chunks)
  }

  /** A body that must be a JSON object. */
  async fields(): Promise<Readonly<Record<string, unknown>>> {
    const text = (await this.body()).toString()
    try {
      const value: unknown = JSON.parse(text)
      if (typeof value === 'object' && value !== null && !Array.isArray(value)) return { ...value }
    } catch {}
    throw new Refusal(400, 'the body is no JSON object')
  }

  async form(): Promise<URLSearchParams> {
    const type = this.request.headers['content-type'] ?? ''
    if (!type.startsWith('application/x-www-form-urlencoded')) throw new Refusal(415, 'the body is no form')
    return new URLSearchParams((await this.body()).toString())
  }

  setCookie(name: string, value: string, attributes = 'Path=/; HttpOnly; SameSite=Lax'): void {
    this.response.appendHeader('set-cookie', `${name}=${value}; ${attributes}`)
  }

  json(status: number, value: unknown, headers: Readonly<Record<string, string>> = {}): void {
    this.send(status, 'application/json', `${JSON.stringify(value)}\n`, headers)
  }

  redirect(status: 302 | 303, location: string): void {
    this.send(status, 'text/plain; charset=utf-8', `see ${location}\n`, { location })
  }

  empty(status: number): void {
    this.response.writeHead(status).end()
  }

  /** Compressed where that was asked for and is worth it. */
  send(status: number, type: string, text: string, headers: Readonly<Record<string, string>> = {}): void {
    const plain = Buffer.from(text)
    const isGzipped =
      plain.length >= leastGzipped && /\bgzip\b/.test(`${this.request.headers['accept-encoding'] ?? ''}`)
    const body = isGzipped ? gzipSync(plain) : plain
    this.response.writeHead(status, {
      'content-type': type,
      'content-length': body.length,
      ...(plain.length >= leastGzipped && { vary: 'accept-encoding' }),
      ...(isGzipped && { 'content-encoding': 'gzip' }),
      ...headers,
    })
    this.response.end(body)
  }
}

/** Who made a request: by token, else by cookie; null: nobody is logged in. */
export function sessionOf(sessions: Sessions, { headers }: IncomingMessage): Session | null {
  const token = bearerIn(headers.authorization)
  const sid = cookieIn(headers.cookie, 'sid')
  const found = token === null ? sid !== null && sessions.byId(sid) : sessions.byToken(token)
  return found || null
}

function bearerIn(authorization = ''): string | null {
  return /^Bearer (\S+)$/i.exec(authorization)?.[1] ?? null
}

function cookieIn(cookies: string | undefined, name: string): string | null {
  for (const pair of (cookies ?? '').split('; ')) {
    if (pair.startsWith(`${name}=`)) return pair.slice(name.length + 1)
  }
  return null
}
