import { once } from 'node:events'
import {
  createServer,
  type IncomingHttpHeaders,
  type ServerHttp2Session,
  type ServerHttp2Stream,
} from 'node:http2'
import type { AddressInfo } from 'node:net'

/** What a server does with each call: it speaks HTTP/2, and gRPC as far as it likes. */
export type CallBehaviour = (stream: ServerHttp2Stream, call: number, headers: IncomingHttpHeaders) => void

export interface HostileGrpc {
  readonly port: number
  /** Calls and connections seen. */
  readonly calls: number
  readonly sessions: readonly ServerHttp2Session[]
  close(): Promise<void>
}

export async function startHostileGrpc(behaviour: CallBehaviour): Promise<HostileGrpc> {
  const sessions: ServerHttp2Session[] = []
  let calls = 0
  const server = createServer()
  server.on('session', (session) => {
    sessions.push(session)
    session.on('error', () => {})
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => {})
    stream.resume()
    behaviour(stream, calls++, headers)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    port: (server.address() as AddressInfo).port,
    get calls() {
      return calls
    },
    sessions,
    async close() {
      for (const session of sessions) session.destroy()
      server.close()
      await once(server, 'close')
    },
  }
}

/** A message as it is on the wire: its length before it. */
export function framed(bytes: Uint8Array, length = bytes.length): Buffer {
  const prefix = Buffer.alloc(5)
  prefix.writeUInt32BE(length, 1)
  return Buffer.concat([prefix, bytes])
}

/** An Item of the shop with that id, at most 127. */
export function item(id: number): Buffer {
  return framed(Buffer.from([0x08, id]))
}

/** The head of an answer; `status` null: no trailers follow. */
export function answerHead(stream: ServerHttp2Stream, status: string | null = '0'): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc' }, { waitForTrailers: status !== null })
  if (status !== null) stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': status }))
}
