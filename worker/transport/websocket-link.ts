import type { IncomingMessage } from 'node:http'
import type { Socket } from 'node:net'
import { WebSocket } from 'ws'
import { websocketEnd, websocketFailure } from './close-code.ts'
import { SocketBytes } from './socket-bytes.ts'
import { endOf, type LinkListener, type LinkSettings, type StreamLink } from './stream-link.ts'

const maxHeaderBytes = 256 * 1024

/**
 * A WebSocket over a socket that is open already. Pings are answered by the library, nothing is compressed, redirects are not followed, and a message
 * is reported when its last frame has arrived.
 */
export class WebSocketLink implements StreamLink {
  readonly #socket: Socket
  readonly #bytes: SocketBytes
  readonly #listener: LinkListener
  readonly #settings: LinkSettings
  readonly #websocket: WebSocket
  #isOver = false
  #isClosing = false

  constructor(socket: Socket, settings: LinkSettings, listener: LinkListener) {
    this.#socket = socket
    this.#bytes = new SocketBytes(socket)
    this.#settings = settings
    this.#listener = listener
    const { host, path, headers, subprotocols, maxBodyBytes } = settings
    const websocket = new WebSocket(`ws://${host}/`, [...subprotocols], {
      createConnection: () => socket,
      headers: { host, ...headerMap(headers) },
      maxHeaderSize: maxHeaderBytes,
      perMessageDeflate: false,
      followRedirects: false,
      maxPayload: maxBodyBytes,
      finishRequest: (request) => {
        // As it was rendered: a URL would have been made even.
        request.path = path
        request.end()
        this.#listener.sent()
      },
    })
    this.#websocket = websocket
    websocket.on('upgrade', (response) => this.#answered(response))
    websocket.on('unexpected-response', (_request, response) => this.#refused(response))
    websocket.on('open', () => {
      if (!this.#isOver) this.#listener.opened()
    })
    websocket.on('message', (data) => {
      if (!this.#isOver) this.#listener.message({ headers: noHeaders, body: data as Buffer })
    })
    websocket.on('error', (error) => {
      if (this.#isOver) return
      this.destroy()
      this.#listener.ended(websocketFailure(error))
    })
    websocket.on('close', (code, reason) => {
      if (this.#isOver) return
      this.#isOver = true
      this.#listener.ended(websocketEnd(code, reason.toString(), this.#isClosing))
    })
  }

  send(data: string | Uint8Array, written: () => void): void {
    this.#websocket.send(data, { binary: typeof data !== 'string' }, (error) => {
      if (error === undefined || error === null) written()
    })
  }

  close(code: number, reason: string): void {
    this.#isClosing = true
    this.#websocket.close(code, reason)
  }

  destroy(): void {
    this.#isOver = true
    this.#socket.destroy()
  }

  takeBytesIn(): number {
    return this.#bytes.takeIn()
  }

  takeBytesOut(): number {
    return this.#bytes.takeOut()
  }

  #answered(response: IncomingMessage): void {
    if (!this.#isOver) this.#listener.answered(response.statusCode ?? 0, flatHeaders(response))
  }

  #refused(response: IncomingMessage): void {
    if (this.#isOver) {
      response.destroy()
      return
    }
    if (response.statusCode === 101) {
      this.destroy()
      this.#listener.ended(endOf(new UpgradeError()))
      return
    }
    this.#answered(response)
    const chunks: Buffer[] = []
    let bytes = 0
    const finish = () => {
      if (this.#isOver) return
      this.destroy()
      this.#listener.refused(Buffer.concat(chunks).subarray(0, this.#settings.refusalBytes))
    }
    response.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      bytes += chunk.length
      if (bytes >= this.#settings.refusalBytes) finish()
    })
    response.once('end', finish)
    response.on('error', finish)
  }
}

const noHeaders: readonly string[] = []

class UpgradeError extends Error {
  readonly code = 'ERR_BREAKWATER_UPGRADE'
  constructor() {
    super('the answer is 101 Switching Protocols without `upgrade: websocket`')
  }
}

function headerMap(headers: readonly string[]): Record<string, string> {
  const map: Record<string, string> = {}
  for (let at = 0; at + 1 < headers.length; at += 2) map[headers[at] as string] = headers[at + 1] as string
  return map
}

function flatHeaders({ rawHeaders }: IncomingMessage): string[] {
  return rawHeaders.map((text, at) => (at % 2 === 0 ? text.toLowerCase() : text))
}
