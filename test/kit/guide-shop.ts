import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createSecureServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import type { LoadTest, Target } from '../../core/spec/load-test.ts'
import { type Certificates, makeCertificates } from './certificates.ts'
import { startShop } from './shop.ts'
import { startTinyproxy } from './tinyproxy.ts'

/**
 * Real servers for the examples of the pages: HTTP/1.1, HTTPS with HTTP/2, and the shop's gRPC. They answer as the pages say; those of pages about the shop,
 * and about streams, which it has, are for the shop itself.
 */
export interface GuideShop {
  /** The same test against these servers, whatever its targets say. */
  retarget(test: LoadTest, page: string): LoadTest
  readonly certificates: Certificates
  /** Requests so far to the servers whose requests it counts. */
  readonly requests: number
  counts(url: string): boolean
  stop(): Promise<void>
}

/** Of the page about connections. */
const proxyAuth = { user: 'load', password: 'secret' }

const shopPages = ['docs/guide/import.md', 'docs/guide/shop-example.md', 'docs/guide/websocket-and-sse.md']

export async function startGuideShop(): Promise<GuideShop> {
  const certificates = await makeCertificates()
  const shop = await startShop()
  const proxy = await startTinyproxy(proxyAuth)
  const counter = new GuideCounter()
  const plain = createServer((request, response) => counter.answer(request, response))
  const { cert, key } = certificates
  // Its requests and responses do the same as those of HTTP/1.1.
  const secure = createSecureServer({ cert, key, allowHTTP1: true }, (request, response) =>
    counter.answer(request as unknown as IncomingMessage, response as unknown as ServerResponse),
  )
  const listening = await Promise.all(
    [plain, secure].map(
      (server) => new Promise<void>((resolve) => server.listen(0, '127.0.0.1', () => resolve())),
    ),
  )
  const [plainPort, securePort] = [plain, secure].map((server) => (server.address() as AddressInfo).port)
  const at = (url: string, page: string): string => {
    const { protocol, pathname } = new URL(url)
    switch (protocol) {
      case 'grpc:':
        return shop.grpcUrl
      case 'https:':
      case 'wss:':
        return `${protocol}//localhost:${securePort}${pathname}`
      default:
        if (shopPages.includes(page)) return shop.url
        return `${protocol}//127.0.0.1:${plainPort}${pathname}`
    }
  }
  const moved = (target: Target, page: string): Target => ({
    ...target,
    url: at(target.url, page),
    grpc: target.grpc && { ...target.grpc, url: target.grpc.url && at(target.grpc.url, page) },
    proxy: target.proxy && { ...target.proxy, url: proxy.url },
    // Who trusts the authority of the page trusts ours, and the system trusts neither.
    tls: { ...target.tls, insecureSkipVerify: target.tls.caFile === null },
  })
  return {
    certificates,
    get requests() {
      return counter.requests
    },
    counts: (url) => url.includes(`:${plainPort}`) || url.includes(`:${securePort}`),
    retarget: (test, page) => ({
      ...test,
      target: moved(test.target, page),
      targets: Object.fromEntries(
        Object.entries(test.targets).map(([name, one]) => [name, moved(one, page)]),
      ),
    }),
    async stop() {
      await shop.stop()
      await proxy.stop()
      plain.closeAllConnections()
      await Promise.all(listening.map((_, n) => closed([plain, secure][n] ?? plain)))
    },
  }
}

function closed(server: { close(done: () => void): unknown }): Promise<void> {
  return new Promise((resolve) => server.close(() => resolve()))
}

const json = {
  id: 7,
  ok: true,
  state: 'new',
  csrf: 'c5rf-9',
  token: 'a-token-of-the-guide',
  cart: 2,
  ids: [1, 2, 3],
  items: [{ id: 7, name: 'lamp', price: 9.5 }],
  order: 'o-7',
  note: 'Items, total: 12, order 7',
  // For selectors: a page within the answer.
  page: '<h1>Products</h1><ul class=products><li>a<li>b<li>c<li>d</ul><input name=csrf value=c5f9><a class=product href=/products/7>lamp</a>',
}

const catalog = '<?xml version="1.0"?><catalog><item id="a1"><price>10</price></item></catalog>'

/** A job is done at the third time it is asked for. */
const jobs = /\/jobs\/[^/]+$/

class GuideCounter {
  requests = 0
  readonly #asked = new Map<string, number>()

  answer(request: IncomingMessage, response: ServerResponse): void {
    this.requests++
    const { pathname } = new URL(request.url ?? '/', 'http://guide')
    const state = jobs.test(pathname) && this.#times(pathname) % 3 === 0 ? 'done' : json.state
    const body = JSON.stringify({ ...json, state })
    const isCompressed = String(request.headers['accept-encoding'] ?? '').includes('gzip')
    request.resume()
    request.on('end', () => {
      if (pathname.startsWith('/moved/')) {
        response.writeHead(302, { location: pathname.slice('/moved'.length) }).end()
        return
      }
      if (pathname.endsWith('/catalog')) {
        response.writeHead(200, { 'content-type': 'application/xml' }).end(catalog)
        return
      }
      const headers = {
        'content-type': 'application/json',
        etag: '"1"',
        location: '/orders/7',
        'set-cookie': 'sid=s-7; Path=/',
        ...(isCompressed ? { 'content-encoding': 'gzip' } : {}),
      }
      response.writeHead(request.method === 'POST' ? 201 : 200, headers)
      response.end(request.method === 'HEAD' ? '' : isCompressed ? gzipSync(body) : body)
    })
  }

  #times(path: string): number {
    const times = (this.#asked.get(path) ?? 0) + 1
    this.#asked.set(path, times)
    return times
  }
}
