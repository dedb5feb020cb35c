import { createServer, type Socket } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import type { Json } from '../../core/spec/load-test.ts'
import { runSpec } from '../kit/cluster.ts'

interface Hostile {
  readonly url: string
  /** Connections that were ever opened. */
  readonly connections: number
}

/** A server that answers the first bytes of each connection by `answer`, and whatever comes behind them by nothing. */
async function hostile(t: ExecutionContext, answer: (socket: Socket) => void): Promise<Hostile> {
  const sockets = new Set<Socket>()
  let connections = 0
  const server = createServer((socket) => {
    connections++
    sockets.add(socket)
    socket.on('error', () => {})
    socket.once('data', () => answer(socket))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return {
    url: `http://127.0.0.1:${address.port}`,
    get connections() {
      return connections
    },
  }
}

const head = 'HTTP/1.1 200 OK\r\n'
const wanted = 10

/** As many arrivals as `wanted`, each with a second; the step looks into the body. */
function visits(url: string, more: Readonly<Record<string, Json>> = {}): Readonly<Record<string, Json>> {
  return {
    target: { url, timeout: '1s', http: { maxBody: '1MiB' }, ...more },
    scenarios: [{ name: 'visit', steps: [{ get: '/', check: { body: '~ok' } }] }],
    load: [{ phase: 'steady', rate: wanted, duration: '1s' }],
  }
}

/** Writes the piece again and again, as fast as it is read. */
function pour(socket: Socket, piece: string): void {
  const more = (): void => {
    while (!socket.destroyed && socket.write(piece));
  }
  socket.on('drain', more)
  more()
}

/** Bytes beyond what the run had before; a run that keeps what it is sent would have hundreds of MB. */
async function bounded<T>(t: ExecutionContext, run: () => Promise<T>): Promise<T> {
  const before = process.memoryUsage.rss()
  const result = await run()
  const grown = (process.memoryUsage.rss() - before) / 2 ** 20
  t.true(grown < 400, `${grown.toFixed(0)} MiB more`)
  return result
}

test('ten thousand headers are read, and the answer is judged', async (t) => {
  const headers = Array.from({ length: 10_000 }, (_, n) => `h${n}: v\r\n`).join('')
  const { url } = await hostile(t, (socket) =>
    socket.end(`${head}${headers}content-length: 2\r\nconnection: close\r\n\r\nok`),
  )
  const { accounts } = await bounded(t, () => runSpec(visits(url)))
  t.like(accounts.requests, { attempted: wanted, ok: wanted, failed: 0 })
})

test('headers without end are an error of the protocol, counted each time', async (t) => {
  const server = await hostile(t, (socket) => {
    socket.write(head)
    pour(socket, `x-${'a'.repeat(1000)}: ${'b'.repeat(1000)}\r\n`)
  })
  const { accounts } = await bounded(t, () => runSpec(visits(server.url)))
  t.like(accounts.requests, { attempted: wanted, failed: wanted, errors: { protocol: wanted } })
  t.true(server.connections >= wanted)
})

test('a body without end that somebody looks into is too large', async (t) => {
  const { url } = await hostile(t, (socket) => {
    socket.write(`${head}transfer-encoding: chunked\r\n\r\n`)
    pour(socket, `10000\r\n${'x'.repeat(0x10000)}\r\n`)
  })
  const { accounts } = await bounded(t, () => runSpec(visits(url)))
  t.like(accounts.requests, { attempted: wanted, failed: wanted, errors: { too_large: wanted } })
})

test('an answer that comes by drops ends with its timeout', async (t) => {
  const { url } = await hostile(t, (socket) => {
    socket.write(`${head}content-length: 1000000\r\n\r\n`)
    const drip = setInterval(() => (socket.destroyed ? clearInterval(drip) : socket.write('x')), 100)
  })
  const { accounts, total } = await bounded(t, () => runSpec(visits(url)))
  t.like(accounts.requests, { attempted: wanted, failed: wanted, errors: { timeout: wanted } })
  t.is(total.count, wanted)
})
