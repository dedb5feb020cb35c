import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createTlsServer } from 'node:https'
import type { AddressInfo, Socket } from 'node:net'
import { type WebSocket, WebSocketServer } from 'ws'
import type { Certificates } from './certificates.ts'

/** What the server has seen, counted by itself. */
export interface StreamCounts {
  handshakes: number
  /** Messages that came, and that were sent. */
  received: number
  sent: number
  /** Close frames by their code; 1006: the connection went without one. */
  closes: Record<number, number>
  feeds: number
  feedsClosed: number
  events: number
  /** Of all connections that are closed. */
  bytesRead: number
  bytesWritten: number
}

export interface StreamServer {
  readonly url: string
  readonly port: number
  readonly counts: StreamCounts
  /** Those that are open, the oldest first. */
  readonly sockets: readonly WebSocket[]
  readonly feeds: readonly ServerResponse[]
  /** Of the last request that opened a stream. */
  readonly lastHeaders: Readonly<IncomingMessage['headers']>
  readonly lastPath: string
  /** Writes one event to every feed. */
  emit(event: string): void
  close(): Promise<void>
}

/**
 * A real server of WebSockets (the `ws` package's) and of server-sent events. Texts are echoed; a JSON message `{ "type": "hi", "id": … }` is answered
 * by `{ "type": "ack", "id": … }`, the text `push 3` by `push 1` to `push 3`, `bye 1011` by a close with that code, `die` by the end of the
 * connection, and `hush` by nothing. `/refuse/NNN` answers that status, `/plain` and `/zipped` are no streams, and everything else is a feed, which begins with
 * `?count=3` prices.
 */
export async function startStreamServer(
  certificates: Certificates | null = null,
  port = 0,
): Promise<StreamServer> {
  const counts: StreamCounts = {
    handshakes: 0,
    received: 0,
    sent: 0,
    closes: {},
    feeds: 0,
    feedsClosed: 0,
    events: 0,
    bytesRead: 0,
    bytesWritten: 0,
  }
  const sockets = new Set<WebSocket>()
  const feeds = new Set<ServerResponse>()
  const connections = new Set<Socket>()
  let last: IncomingMessage | null = null

  const answer: RequestListener = (request, response) => {
    last = request
    const status = /^\/refuse\/(\d+)/.exec(request.url ?? '')?.[1]
    if (status !== undefined) {
      response.writeHead(Number(status), { 'x-why': 'asked for' }).end(`status ${status}`)
      return
    }
    if (request.url === '/plain') {
      response.writeHead(200, { 'content-type': 'application/json' }).end('{}')
      return
    }
    if (request.url === '/zipped') {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'content-encoding': 'gzip' }).end('x')
      return
    }
    counts.feeds++
    feeds.add(response)
    response.writeHead(200, { 'content-type': 'text/event-stream', 'set-cookie': 'feed=1; Path=/' })
    response.flushHeaders()
    const count = Number(new URL(request.url ?? '/', 'http://localhost').searchParams.get('count') ?? 0)
    for (let id = 1; id <= count; id++) {
      counts.events++
      response.write(`event: price\nid: ${id}\ndata: ${JSON.stringify({ id, sku: 'abc'[id % 3] })}\n\n`)
    }
    response.once('close', () => {
      counts.feedsClosed++
      feeds.delete(response)
    })
  }
  const server =
    certificates === null
      ? createServer(answer)
      : createTlsServer({ cert: certificates.cert, key: certificates.key }, answer)
  server.on('connection', (socket: Socket) => {
    connections.add(socket)
    socket.once('close', () => {
      counts.bytesRead += socket.bytesRead
      counts.bytesWritten += socket.bytesWritten
      connections.delete(socket)
    })
  })
  const websockets = new WebSocketServer({
    noServer: true,
    perMessageDeflate: true,
    handleProtocols: (offered) => ([...offered].includes('chat.v2') ? 'chat.v2' : false),
  })
  websockets.on('headers', (headers) => headers.push('set-cookie: room=1; Path=/', 'x-server: streams'))
  server.on('upgrade', (request, socket, head) => {
    last = request
    const status = /^\/refuse\/(\d+)/.exec(request.url ?? '')?.[1]
    if (status !== undefined) {
      const body = `status ${status}`
      socket.end(
        `HTTP/1.1 ${status} No\r\nx-why: asked for\r\ncontent-length: ${body.length}\r\nconnection: close\r\n\r\n${body}`,
      )
      return
    }
    websockets.handleUpgrade(request, socket, head, (websocket) => {
      counts.handshakes++
      sockets.add(websocket)
      const send = websocket.send.bind(websocket) as (data: string | Buffer) => void
      websocket.send = (data: string | Buffer) => {
        counts.sent++
        send(data)
      }
      websocket.on('message', (data: Buffer, isBinary) => {
        counts.received++
        if (isBinary) websocket.send(data)
        else answerText(websocket, data.toString())
      })
      websocket.on('error', () => {})
      websocket.once('close', (code) => {
        sockets.delete(websocket)
        counts.closes[code] = (counts.closes[code] ?? 0) + 1
      })
    })
  })
  server.listen(port, '127.0.0.1', 4096)
  await once(server, 'listening')
  const address = server.address() as AddressInfo
  return {
    url: `${certificates === null ? 'http' : 'https'}://127.0.0.1:${address.port}`,
    port: address.port,
    counts,
    get sockets() {
      return [...sockets]
    },
    get feeds() {
      return [...feeds]
    },
    get lastHeaders() {
      return last?.headers ?? {}
    },
    get lastPath() {
      return last?.url ?? ''
    },
    emit(event) {
      for (const feed of feeds) {
        counts.events++
        feed.write(event)
      }
    },
    async close() {
      server.close()
      for (const connection of connections) connection.destroy()
      await once(server, 'close')
    },
  }
}

function answerText(websocket: WebSocket, text: string): void {
  const [, word, number = ''] = /^(push|bye|die|hush) ?(\d*)$/.exec(text) ?? []
  switch (word) {
    case 'push':
      for (let n = 1; n <= Number(number); n++) websocket.send(`push ${n}`)
      return
    case 'bye':
      websocket.close(Number(number), 'as asked')
      return
    case 'die':
      websocket.terminate()
      return
    case 'hush':
      return
    default:
      websocket.send(reply(text))
  }
}

function reply(text: string): string {
  try {
    const { type, id } = JSON.parse(text) as { type?: unknown; id?: unknown }
    return type === 'hi' ? JSON.stringify({ type: 'ack', id }) : text
  } catch {
    return text
  }
}
