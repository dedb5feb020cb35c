import type { IncomingMessage } from 'node:http'
import type { Duplex } from 'node:stream'
import { type WebSocket, WebSocketServer } from 'ws'
import type { AccessLog } from './access-log.ts'
import { productOf } from './catalog.ts'
import { sessionOf } from './exchange.ts'
import type { Shop } from './shop.ts'

const mostTicks = 1_000
const longestMessage = 64 * 1024

export interface HelpDesk {
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void
  close(): void
}

/**
 * `/ws`: JSON objects over a WebSocket. It begins with `{ "hello": "ada" }` (null for strangers); then
 *
 *   { "say": "text" }                → { "number": 1, "said": "text" }, numbered in each connection
 *   { "watch": 7, "times": 3 }       → three times { "product": 7, "tick": 1, "cents": … }
 *   anything else                    → { "error": … }
 */
export function createHelpDesk(shop: Shop, log: AccessLog | null): HelpDesk {
  const websockets = new WebSocketServer({ noServer: true, maxPayload: longestMessage })
  return {
    upgrade(request, socket, head) {
      const { method = '', url = '' } = request
      const [path = '/'] = url.split('?', 1)
      const isHere = path === '/ws'
      const session = sessionOf(shop.sessions, request)
      const status = isHere ? 101 : 404
      shop.counts.receive('http', isHere ? 'GET /ws' : `${method} (none)`, path)
      shop.counts.answer(status)
      const { tenant = null, visit = null } = session ?? {}
      log?.write({ host: 'http', tenant, visit, method, url, status })
      socket.on('error', () => {})
      if (isHere) {
        websockets.handleUpgrade(request, socket, head, (websocket) =>
          serve(shop, websocket, session?.user ?? null),
        )
      } else socket.end('HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\nconnection: close\r\n\r\n')
    },
    close() {
      for (const websocket of websockets.clients) websocket.terminate()
    },
  }
}

function serve({ counts }: Shop, websocket: WebSocket, user: string | null): void {
  const { ws } = counts
  const tell = (message: object) => {
    ws.messagesOut++
    websocket.send(JSON.stringify(message))
  }
  ws.connections++
  ws.open++
  websocket.on('error', () => {})
  websocket.on('close', () => ws.open--)
  let number = 0
  websocket.on('message', (data) => {
    ws.messagesIn++
    const { say, watch, times = 1 } = fieldsOf(`${data}`)
    const ticks = Number(times)
    if (typeof say === 'string') tell({ number: ++number, said: say })
    else {
      const product = productOf(`${watch}`)
      if (product === undefined || !Number.isInteger(ticks) || ticks < 1 || ticks > mostTicks)
        tell({ error: 'say a text, or watch a product so many times' })
      else for (let tick = 1; tick <= ticks; tick++) tell({ product: product.id, tick, cents: product.cents })
    }
  })
  tell({ hello: user })
}

function fieldsOf(text: string): Readonly<Record<string, unknown>> {
  try {
    const value: unknown = JSON.parse(text)
    if (typeof value === 'object' && value !== null) return { ...value }
  } catch {}
  return {}
}
