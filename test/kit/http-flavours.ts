import { createServer as createHttp, type RequestListener } from 'node:http'
import { createServer as createH2c, createSecureServer } from 'node:http2'
import { createServer as createHttps } from 'node:https'
import type { AddressInfo, Server } from 'node:net'
import type { TlsOptions } from 'node:tls'
import { promisify } from 'node:util'
import type { EngineChoice } from '../../worker/engine/transport-port.ts'
import type { Certificates } from './certificates.ts'
import { Exchanges, type TargetWish, targetOf } from './exchanges.ts'

/** A way of speaking HTTP; the contract of transports holds for each. */
export interface Flavour {
  readonly name: string
  readonly engine: EngineChoice
  readonly wish: TargetWish
  readonly isHttp2: boolean
  readonly scheme: 'http' | 'https'
  listen(listener: RequestListener, tls: TlsOptions): Server
}

export const caFile = 'ca.pem'

/** What speaks HTTP/1.1; the contract holds for each. */
export const http1Clients = [
  { client: 'wire-http1', engine: 'wire' },
  { client: 'undici', engine: 'undici' },
] as const

export const flavours: readonly Flavour[] = [
  ...http1Clients.flatMap(({ client, engine }): readonly Flavour[] => [
    {
      name: `${client}, HTTP/1.1`,
      engine,
      wish: {},
      isHttp2: false,
      listen: (on) => createHttp(on),
      scheme: 'http',
    },
    {
      name: `${client}, HTTP/1.1 over TLS`,
      engine,
      wish: { protocol: 'http1', tls: { caFile } },
      isHttp2: false,
      listen: (on, tls) => createHttps(tls, on),
      scheme: 'https',
    },
  ]),
  {
    name: 'HTTP/2 by ALPN',
    engine: 'undici',
    wish: { tls: { caFile } },
    isHttp2: true,
    listen: (on, tls) => createSecureServer({ ...tls, allowHTTP1: true }, on as never),
    scheme: 'https',
  },
  {
    name: 'HTTP/2 by prior knowledge',
    wish: { protocol: 'http2' },
    engine: 'undici',
    isHttp2: true,
    listen: (on) => createH2c(on as never),
    scheme: 'http',
  },
  {
    name: 'HTTP/2 over TLS, on the wire',
    wish: { protocol: 'http2', tls: { caFile } },
    engine: 'wire',
    isHttp2: true,
    listen: (on, tls) => createSecureServer(tls, on as never),
    scheme: 'https',
  },
  {
    name: 'HTTP/2 by prior knowledge, on the wire',
    wish: { protocol: 'http2' },
    engine: 'wire',
    isHttp2: true,
    listen: (on) => createH2c(on as never),
    scheme: 'http',
  },
]

export interface Served {
  readonly url: string
  readonly port: number
  /** Requests seen, and connections accepted. */
  readonly requests: number
  readonly connections: number
  readonly open: number
  close(): Promise<void>
}

export interface ServeOptions {
  readonly certificates: Certificates
  /** Of this machine; 127.0.0.1 when not given. */
  readonly address?: string
  readonly port?: number
  /** Beside certificate and key. */
  readonly tls?: TlsOptions
}

/** A real server of that flavour, listening when the promise resolves. */
export async function serve(
  flavour: Flavour,
  listener: RequestListener,
  { certificates, address = '127.0.0.1', port = 0, tls = {} }: ServeOptions,
): Promise<Served> {
  let requests = 0
  let connections = 0
  const sockets = new Set<{ destroy(): void }>()
  const { cert, key } = certificates
  const count: RequestListener = (request, response) => {
    requests++
    listener(request, response)
  }
  const server = flavour.listen(count, { cert, key, ...tls })
  server.on('connection', (socket) => {
    connections++
    sockets.add(socket)
    socket.once('close', () => sockets.delete(socket))
  })
  server.on('sessionError', () => {})
  await new Promise<void>((resolve) => server.listen(port, address, 4096, resolve))
  const bound = server.address() as AddressInfo
  return {
    url: `${flavour.scheme}://${address.includes(':') ? `[${address}]` : address}:${bound.port}`,
    port: bound.port,
    get requests() {
      return requests
    },
    get connections() {
      return connections
    },
    get open() {
      return sockets.size
    },
    close: async () => {
      const closed = promisify(server.close.bind(server))()
      for (const socket of sockets) socket.destroy()
      await closed
    },
  }
}

export interface WithServer extends ServeOptions {
  readonly listener: RequestListener
  readonly wish?: TargetWish
  /** In place of the server's own. */
  readonly url?: (server: Served) => string
  readonly files?: Readonly<Record<string, Uint8Array>>
}

/** Prepared exchanges against a server of that flavour; both are closed after the body. What the port forbids is returned. */
export async function withServer(
  flavour: Flavour,
  { listener, wish = {}, url = (server) => server.url, files = {}, ...options }: WithServer,
  body: (exchanges: Exchanges, server: Served) => Promise<void>,
): Promise<string[]> {
  const server = await serve(flavour, listener, options)
  const target = targetOf(url(server), {
    ...flavour.wish,
    ...wish,
    tls: { ...flavour.wish.tls, ...wish.tls },
  })
  const exchanges = new Exchanges(target, {
    files: { [caFile]: options.certificates.ca, ...files },
    engine: flavour.engine,
    detail: true,
  })
  try {
    await exchanges.transport.prepare()
    await body(exchanges, server)
  } finally {
    await exchanges.close()
    await server.close()
  }
  return exchanges.violations
}

export const echo: RequestListener = (request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk) => chunks.push(chunk))
  request.on('end', () => response.end(Buffer.concat(chunks)))
}
