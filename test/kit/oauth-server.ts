import { once } from 'node:events'
import { createServer as createHttp, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TlsOptions } from 'node:tls'

/** A request for a token, as it came. */
export interface TokenWish {
  readonly authorization: string | undefined
  readonly fields: Readonly<Record<string, string>>
}

/** What the token server does with the n-th request, counted from 0; undefined: hands out a token. */
export type TokenBehaviour = (
  request: number,
) => { readonly status: number; readonly body: string } | 'reset' | undefined

export interface OAuthServerOptions {
  readonly tls?: TlsOptions
  /** Seconds; null: it does not say. */
  readonly lifeS?: number | null
  readonly behaviour?: TokenBehaviour
}

/**
 * A token server and the resource that its tokens open, in one: POST /token hands out tokens that live so long, everything else answers 200 to a
 * token that is alive, and 401 to any other.
 */
export interface OAuthServer {
  readonly url: string
  readonly tokenUrl: string
  readonly wishes: readonly TokenWish[]
  readonly tokens: readonly string[]
  /** Requests to the resource, by what they carried. */
  readonly seen: { alive: number; expired: number; unknown: number; without: number }
  behaviour: TokenBehaviour
  /** None of the tokens handed out so far is known any more. */
  revokeAll(): void
  close(): Promise<void>
}

export async function startOAuthServer({
  tls,
  lifeS = 3600,
  behaviour = () => undefined,
}: OAuthServerOptions = {}): Promise<OAuthServer> {
  const wishes: TokenWish[] = []
  const tokens: string[] = []
  const expiry = new Map<string, number>()
  const seen = { alive: 0, expired: 0, unknown: 0, without: 0 }

  async function handOut(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const body = await textOf(request)
    const { authorization } = request.headers
    const number = wishes.length
    wishes.push({ authorization, fields: Object.fromEntries(new URLSearchParams(body)) })
    const answer = server.behaviour(number)
    if (answer === 'reset') request.socket.resetAndDestroy()
    else if (answer !== undefined) {
      response.writeHead(answer.status, { 'content-type': 'application/json' }).end(answer.body)
    } else {
      const token = `token-${number}-${Math.random().toString(36).slice(2)}`
      tokens.push(token)
      expiry.set(token, performance.now() + (lifeS ?? Number.POSITIVE_INFINITY) * 1000)
      const life = lifeS === null ? {} : { expires_in: lifeS }
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ access_token: token, token_type: 'Bearer', ...life }))
    }
  }

  function serve(request: IncomingMessage, response: ServerResponse): void {
    const [, token] = /^Bearer (.+)$/.exec(request.headers.authorization ?? '') ?? []
    const expiresAt = token === undefined ? undefined : expiry.get(token)
    const kind =
      token === undefined
        ? 'without'
        : expiresAt === undefined
          ? 'unknown'
          : performance.now() < expiresAt
            ? 'alive'
            : 'expired'
    seen[kind]++
    response.writeHead(kind === 'alive' ? 200 : 401).end(kind)
  }

  const listener = (request: IncomingMessage, response: ServerResponse): void => {
    if (request.method === 'POST' && request.url === '/token') void handOut(request, response)
    else serve(request, response)
  }
  const http = tls === undefined ? createHttp(listener) : createHttps(tls, listener)
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  const url = `${tls === undefined ? 'http' : 'https'}://127.0.0.1:${(http.address() as AddressInfo).port}`
  const server: OAuthServer = {
    url,
    tokenUrl: `${url}/token`,
    wishes,
    tokens,
    seen,
    behaviour,
    revokeAll: () => expiry.clear(),
    async close() {
      http.close()
      http.closeAllConnections()
      await once(http, 'close')
    },
  }
  return server
}

async function textOf(request: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of request) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
