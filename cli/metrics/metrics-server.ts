import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { BreakwaterError } from '../../core/error.ts'
import type { Listen } from '../flags.ts'
import type { MetricsPage } from './metrics-page.ts'

export interface MetricsServer {
  /** Of the page of metrics. */
  readonly url: string
  close(): Promise<void>
}

/** `healthy`: the process does its work; what it says is of a few words. */
export type Health = () => { readonly ready: boolean; readonly [fact: string]: string | boolean | null }

/** Scrapers are few; whoever opens more connections than this waits for nothing. */
const mostConnections = 32

/**
 * `/metrics` for Prometheus; `/healthz` answers 200 while the process does, `/readyz` 200 while it can work. On the main thread, one page at a time:
 * who asks meanwhile gets the page that is being made.
 * @throws BreakwaterError `usage` where the address cannot be had
 */
export async function serveMetrics(
  { host, port }: Listen,
  page: MetricsPage,
  health: Health,
): Promise<MetricsServer> {
  let making: Promise<string> | null = null
  const render = (): Promise<string> => {
    making ??= page.render().finally(() => {
      making = null
    })
    return making
  }
  const server = createServer({ requestTimeout: 10_000, headersTimeout: 5_000 }, (request, response) => {
    if (request.method !== 'GET' && request.method !== 'HEAD') {
      answer(response, 405, 'text/plain; charset=utf-8', 'GET it\n', { allow: 'GET, HEAD' })
      return
    }
    const [pathname] = (request.url ?? '/').split('?', 1)
    if (pathname === '/metrics') {
      render().then(
        (text) => answer(response, 200, page.contentType, text),
        (error: unknown) => answer(response, 500, 'text/plain; charset=utf-8', `${String(error)}\n`),
      )
    } else if (pathname === '/healthz' || pathname === '/readyz') {
      const { ready, ...facts } = health()
      const status = pathname === '/readyz' && !ready ? 503 : 200
      answer(response, status, 'application/json', `${JSON.stringify({ ready, ...facts })}\n`)
    } else {
      answer(response, 404, 'text/plain; charset=utf-8', 'There are /metrics, /healthz and /readyz.\n')
    }
  })
  server.maxConnections = mostConnections
  await new Promise<void>((resolve, reject) => {
    server.once('error', (cause: NodeJS.ErrnoException) => reject(unusable(host, port, cause)))
    server.listen(port, host, resolve)
  })
  const { port: given, address, family } = server.address() as AddressInfo
  return {
    url: `http://${family === 'IPv6' ? `[${address}]` : address}:${given}/metrics`,
    async close() {
      server.closeAllConnections()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

function answer(
  response: ServerResponse,
  status: number,
  type: string,
  body: string,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...headers, 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(response.req.method === 'HEAD' ? undefined : body)
}

function unusable(host: string, port: number, cause: NodeJS.ErrnoException): BreakwaterError {
  return new BreakwaterError(
    'usage',
    `metrics cannot be served at ${host}:${port} (${cause.code ?? cause.message})`,
    { hint: 'Give another address with --metrics, such as 127.0.0.1:0 for any port that is free.', cause },
  )
}
