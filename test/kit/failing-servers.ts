import { once } from 'node:events'
import { type AddressInfo, createServer, type Server, type Socket } from 'node:net'
import { createServer as createTlsServer, type TlsOptions } from 'node:tls'

/** What a server on node:net does with each connection; it sees bytes, not requests. */
export type Behaviour = (socket: Socket, connection: number) => void

export interface RawServer {
  readonly port: number
  readonly url: string
  /** Connections accepted so far, and those still open. */
  readonly accepted: number
  readonly open: number
  close(): Promise<void>
}

/** A server that behaves as no HTTP server should; every socket is destroyed at close. */
export async function startRawServer(
  behaviour: Behaviour,
  tls: TlsOptions | null = null,
): Promise<RawServer> {
  const sockets = new Set<Socket>()
  let accepted = 0
  const serve = (socket: Socket) => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('close', () => sockets.delete(socket))
    behaviour(socket, accepted++)
  }
  const server: Server = tls === null ? createServer(serve) : createTlsServer(tls, serve)
  server.on('tlsClientError', () => {})
  server.listen(0, '127.0.0.1', 4096)
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  return {
    port,
    url: `${tls === null ? 'http' : 'https'}://127.0.0.1:${port}`,
    get accepted() {
      return accepted
    },
    get open() {
      return sockets.size
    },
    async close() {
      server.close()
      for (const socket of sockets) socket.destroy()
      await once(server, 'close')
    },
  }
}

/** A port on which nobody listens. */
export async function refusedPort(): Promise<number> {
  const server = createServer()
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  server.close()
  await once(server, 'close')
  return port
}

/** Calls back for each complete head of a request; bodies are not looked for. */
export function onEachRequest(socket: Socket, answer: (head: string, request: number) => void): void {
  let text = ''
  let requests = 0
  socket.on('data', (chunk) => {
    text += chunk.toString('latin1')
    for (let end = text.indexOf('\r\n\r\n'); end >= 0; end = text.indexOf('\r\n\r\n')) {
      const head = text.slice(0, end)
      text = text.slice(end + 4)
      answer(head, requests++)
    }
  })
}

/** RST instead of FIN, once a request has come. */
export const resets: Behaviour = (socket) => onEachRequest(socket, () => socket.resetAndDestroy())

/** FIN in place of an answer. */
export const closesUnanswered: Behaviour = (socket) => onEachRequest(socket, () => socket.end())

/** Reads, and never answers. */
export const neverAnswers: Behaviour = (socket) => {
  socket.resume()
}

export const answersGarbage: Behaviour = (socket) =>
  onEachRequest(socket, () => socket.end('\u0016\u0003 this is no HTTP\r\n\r\n'))

/** Says 100 bytes, sends ten, and closes. */
export const closesInTheBody: Behaviour = (socket) =>
  onEachRequest(socket, () => socket.end('HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n0123456789'))

export const answersServerError: Behaviour = (socket) =>
  onEachRequest(socket, () =>
    socket.write('HTTP/1.1 500 Internal Server Error\r\ncontent-length: 4\r\n\r\noops'),
  )

/** The answer, byte for byte, to each request. */
export function answers(bytes: string | Uint8Array): Behaviour {
  return (socket) => onEachRequest(socket, () => socket.write(bytes))
}

/** A body of that many bytes, written as fast as it is read. */
export function answersLargeBody(bytes: number): Behaviour {
  const chunk = Buffer.alloc(64 * 1024, 'x')
  return (socket) =>
    onEachRequest(socket, () => {
      socket.write(`HTTP/1.1 200 OK\r\ncontent-length: ${bytes}\r\n\r\n`)
      let left = bytes
      const pump = () => {
        while (left > 0 && !socket.destroyed) {
          const part = left >= chunk.length ? chunk : chunk.subarray(0, left)
          left -= part.length
          if (!socket.write(part)) return
        }
        socket.off('drain', pump)
      }
      socket.on('drain', pump)
      pump()
    })
}

/** Answers so many requests of a connection, then resets it at the next one. */
export function answersThenResets(answered: number): Behaviour {
  return (socket) =>
    onEachRequest(socket, (_head, request) => {
      if (request < answered) socket.write('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
      else socket.resetAndDestroy()
    })
}
