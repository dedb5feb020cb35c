import {
  createServer,
  type IncomingMessage,
  type RequestListener,
  type Server,
  type ServerResponse,
} from 'node:http'
import type { AddressInfo } from 'node:net'
import { type AccessLog, lineOf } from './access-log.ts'
import { api } from './api.ts'
import { backOffice } from './back-office.ts'
import { events } from './events.ts'
import { Exchange, Refusal } from './exchange.ts'
import { startGrpc } from './grpc.ts'
import { createHelpDesk, type HelpDesk } from './help-desk.ts'
import { media } from './media.ts'
import { htmlPages, refusalPage } from './pages.ts'
import { Router } from './router.ts'
import { Shop } from './shop.ts'

export interface Address {
  readonly host: string
  readonly port: number
}

export interface ShopOptions {
  readonly listen: Address
  readonly media: Address
  readonly grpc: Address
  /** Of OAuth tokens, seconds. */
  readonly tokenExpiresInS: number
  readonly log: AccessLog | null
}

export interface OpenShop {
  readonly url: string
  readonly mediaUrl: string
  readonly grpcUrl: string
  /** What is under way is cut off. */
  close(): Promise<void>
}

/** Opens all of its ports, or rejects with the error of the first that is not to be had. */
export async function openShop(options: ShopOptions): Promise<OpenShop> {
  const shop = new Shop(options.tokenExpiresInS, Date.now)
  const servers: { close(): Promise<void> | void }[] = []
  try {
    const helpDesk = createHelpDesk(shop, options.log)
    servers.push(helpDesk)
    const main = await listen(options.listen, listenerOf('http', shop, options.log), helpDesk.upgrade)
    servers.push(main)
    const pictures = await listen(options.media, listenerOf('media', shop, options.log))
    servers.push(pictures)
    const calls = await startGrpc(shop, options.grpc, options.log)
    servers.push(calls)
    shop.mediaUrl = pictures.url
    return {
      url: main.url,
      mediaUrl: pictures.url,
      grpcUrl: `grpc://${hostText(options.grpc.host)}:${calls.port}`,
      close: async () => {
        await Promise.all(servers.map((server) => server.close()))
      },
    }
  } catch (error) {
    await Promise.all(servers.map((server) => server.close()))
    throw error
  }
}

function listenerOf(by: 'http' | 'media', shop: Shop, log: AccessLog | null): RequestListener {
  const router = new Router(by === 'http' ? { ...htmlPages, ...api, ...backOffice, ...events } : media)
  return (request, response) => {
    if (by === 'http' && answerOperator(shop, request, response)) return
    const exchange = new Exchange(shop, request, response)
    const { route, params, handle } = router.find(request.method ?? 'GET', exchange.path)
    exchange.params = params
    shop.counts.receive(by, route, exchange.path)
    response.on('close', () => {
      shop.counts.answer(response.statusCode)
      log?.write(lineOf(by, exchange))
    })
    answer(exchange, handle)
  }
}

/** What is asked by who watches, not by customers, is not counted. */
function answerOperator(shop: Shop, request: IncomingMessage, response: ServerResponse): boolean {
  switch (`${request.method} ${request.url}`) {
    case 'GET /healthz':
      response.writeHead(200, { 'content-type': 'text/plain' }).end('ok\n')
      return true
    case 'POST /stats/reset':
      shop.reset()
      response.writeHead(204).end()
      return true
    case 'GET /stats':
      response.writeHead(200, { 'content-type': 'application/json' }).end(`${JSON.stringify(shop.stats())}\n`)
      return true
    default:
      return false
  }
}

async function answer(
  exchange: Exchange,
  handle: (exchange: Exchange) => void | Promise<void>,
): Promise<void> {
  const { request, response, path } = exchange
  try {
    await handle(exchange)
    // A body that nobody read must not stand in the way of the connection's next request.
    request.resume()
  } catch (error) {
    if (response.destroyed || response.headersSent) {
      response.destroy()
      return
    }
    request.resume()
    const refusal = error instanceof Refusal ? error : new Refusal(500, `${error}`)
    const { status, message, headers } = refusal
    if (isPage(path))
      exchange.send(status, 'text/html; charset=utf-8', refusalPage(exchange, refusal), headers)
    else exchange.json(status, { error: message }, headers)
  }
}

function isPage(path: string): boolean {
  return !/^\/(api|seed|oauth|img|events)(\/|$)/.test(path)
}

async function listen(
  { host, port }: Address,
  listener: RequestListener,
  upgrade: HelpDesk['upgrade'] | null = null,
): Promise<{ url: string; close(): Promise<void> }> {
  // A pooled connection must not be closed under a generator that is about to use it again.
  const server = createServer({ keepAliveTimeout: 120_000, requestTimeout: 0 }, listener)
  if (upgrade !== null) server.on('upgrade', upgrade)
  const address = await new Promise<AddressInfo>((resolve, reject) => {
    server.once('error', reject)
    server.listen({ host, port, backlog: 4096 }, () => resolve(server.address() as AddressInfo))
  })
  return { url: `http://${hostText(address.address)}:${address.port}`, close: () => close(server) }
}

function close(server: Server): Promise<void> {
  return new Promise((resolve) => {
    server.close(() => resolve())
    server.closeAllConnections()
  })
}

function hostText(host: string): string {
  return host.includes(':') ? `[${host}]` : host
}
