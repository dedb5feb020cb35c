import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http'
import { createServer as createH2c } from 'node:http2'
import type { AddressInfo, Server } from 'node:net'
import test from 'ava'
import type { RenderedRequest } from '../../../core/scenario/compiled.ts'
import type { EngineChoice } from '../../../worker/engine/transport-port.ts'
import { Exchanges, type TargetWish, targetOf } from '../../kit/exchanges.ts'
import { http1Clients } from '../../kit/http-flavours.ts'

/** Bytes that are no text, in memory that threads share. */
function sharedFile(length: number): Uint8Array {
  const bytes = new Uint8Array(new SharedArrayBuffer(length))
  for (let i = 0; i < length; i++) bytes[i] = (i * 31) >> 3
  return bytes
}

const digest = (pieces: readonly Uint8Array[]) => {
  const hash = createHash('sha256')
  for (const piece of pieces) hash.update(piece)
  return hash.digest('hex')
}

/** What came: the digest of the body, and what its headers said of its length. */
const weigh: RequestListener = async (request, response) => {
  const hash = createHash('sha256')
  let bytes = 0
  for await (const chunk of request) {
    hash.update(chunk)
    bytes += chunk.length
  }
  const { 'content-length': length = null, 'transfer-encoding': coding = null } = request.headers
  response.end(JSON.stringify({ bytes, digest: hash.digest('hex'), length, coding }))
}

interface Flavour {
  readonly name: string
  readonly engine: EngineChoice
  readonly wish: TargetWish
  listen(on: RequestListener): Server
}

const http1: readonly Flavour[] = http1Clients.map(({ client, engine }) => ({
  name: client,
  engine,
  wish: {},
  listen: (on) => createServer(on),
}))

const http2: readonly Flavour[] = [
  ['HTTP/2', 'undici'],
  ['HTTP/2 on the wire', 'wire'],
].map(([name, engine]) => ({
  name: name as string,
  engine: engine as EngineChoice,
  wish: { protocol: 'http2' },
  listen: (on) => createH2c(on as never),
}))

async function withServer(
  { engine, wish, listen }: Flavour,
  listener: RequestListener,
  body: (exchanges: Exchanges) => Promise<void>,
): Promise<void> {
  const server = listen(listener)
  const sockets = new Set<{ destroy(): void }>()
  server.on('connection', (socket) => sockets.add(socket))
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const { port } = server.address() as AddressInfo
  const exchanges = new Exchanges(targetOf(`http://127.0.0.1:${port}`, wish), { engine })
  try {
    await exchanges.transport.prepare()
    await body(exchanges)
  } finally {
    await exchanges.close()
    for (const socket of sockets) socket.destroy()
    server.close()
  }
}

function post(body: Extract<RenderedRequest, { kind: 'http' }>['body'], method = 'POST'): RenderedRequest {
  return Object.freeze({
    kind: 'http',
    target: 0,
    method,
    path: '/',
    headers: Object.freeze([]),
    body,
  } as const)
}

const before = new TextEncoder().encode('--x\r\n')
const behind = new TextEncoder().encode('\r\n--x--\r\n')
const file = sharedFile(8 << 20)

const bodies: readonly (readonly [
  string,
  Extract<RenderedRequest, { kind: 'http' }>['body'],
  readonly Uint8Array[],
])[] = [
  ['a file in shared memory', file, [file]],
  ['a part of a file', file.subarray(1000, 70_000), [file.subarray(1000, 70_000)]],
  ['pieces with a large file among them', [before, file, behind], [before, file, behind]],
  ['small pieces', [before, behind], [before, behind]],
  ['one piece', [before], [before]],
  ['nothing', new Uint8Array(0), []],
]

for (const flavour of [...http1, ...http2]) {
  const { name } = flavour

  for (const [what, body, bytes] of bodies) {
    test(`${name}: ${what} arrives byte by byte, its length said before, each time it is sent`, async (t) => {
      await withServer(flavour, weigh, async (exchanges) => {
        const length = bytes.reduce((sum, piece) => sum + piece.length, 0)
        const request = post(body)
        for (let time = 0; time < 3; time++) {
          const { error, body: answer, bytesOut, sends } = await exchanges.send({ request, wantBody: true })
          t.is(error, null)
          t.is(sends, 1)
          t.true(bytesOut >= length, `${bytesOut} of ${length} bytes out`)
          const came = JSON.parse(Buffer.from(answer ?? []).toString())
          t.deepEqual(
            { ...came, length: Number(came.length) },
            { bytes: length, digest: digest(bytes), length, coding: null },
          )
        }
      })
    })
  }

  test(`${name}: a server that answers a large body before it has read it leaves no exchange hanging`, async (t) => {
    const refuse = (_request: IncomingMessage, response: ServerResponse) => {
      response.writeHead(413)
      response.end('too much')
    }
    await withServer(flavour, refuse, async (exchanges) => {
      const all = await Promise.all(
        Array.from({ length: 5 }, () =>
          exchanges.send({ request: post([before, file, file, file, behind]) }),
        ),
      )
      for (const { error, status } of all) t.true(error === 'reset' || status === 413, `${error} ${status}`)
    })
  })
}

for (const flavour of http1) {
  test(`${flavour.name}: a body in pieces is sent again whole, where the connection it was given to had closed`, async (t) => {
    let count = 0
    const closing: RequestListener = (request, response) => {
      count++
      if (count === 2) request.socket.destroy()
      else void weigh(request as never, response as never)
    }
    await withServer(flavour, closing, async (exchanges) => {
      t.is((await exchanges.send()).status, 200)
      const again = await exchanges.send({ request: post([before, file, behind], 'PUT'), wantBody: true })
      t.deepEqual([again.error, again.status, again.sends], [null, 200, 2])
      t.is(JSON.parse(Buffer.from(again.body ?? []).toString()).digest, digest([before, file, behind]))
    })
  })
}
