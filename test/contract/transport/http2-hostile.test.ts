import type { Socket } from 'node:net'
import test from 'ava'
import { flags, frameTypes, settingIds } from '../../../worker/transport/http2/frame.ts'
import { Exchanges, type RequestWish, type TargetWish, targetOf } from '../../kit/exchanges.ts'
import { type Behaviour, startRawServer } from '../../kit/failing-servers.ts'
import { add, shopProtos } from '../../kit/grpc-exchanges.ts'
import { shopFiles } from '../../kit/grpc-shop.ts'
import { data, frame, framesIn, goaway, headers, reset, settings } from '../../kit/http2-frames.ts'
import { until } from '../../kit/until.ts'

const kinds: readonly (readonly [
  name: string,
  wish: (port: number) => [string, TargetWish],
  request: RequestWish,
])[] = [
  ['HTTP', (port) => [`http://127.0.0.1:${port}`, { protocol: 'http2' }], { wantBody: true }],
  [
    'gRPC',
    (port) => [`grpc://127.0.0.1:${port}`, { grpc: shopProtos }],
    { ...add({ id: 1 }), wantBody: true },
  ],
]

const ok = [':status', '200']
const ping = frame(frameTypes.ping, 0, 0, Buffer.alloc(8))
const pings = Buffer.concat(Array.from({ length: 5000 }, () => ping))
const bomb = Buffer.concat([
  Buffer.from([0x88, 0x40, 1, 0x78, 0x7f, 0xa1, 0x1e]),
  Buffer.alloc(4000, 'y'),
  Buffer.alloc(12_000, 0xbe),
])

/** Greets, and does that for each stream that is begun. */
function whenAsked(answer: (socket: Socket, id: number) => void): Behaviour {
  return (socket) => {
    socket.write(settings())
    let heard = Buffer.alloc(0)
    let answered = 0
    socket.on('data', (bytes: Buffer) => {
      heard = Buffer.concat([heard, bytes])
      const begun = framesIn(heard).filter(({ type }) => type === frameTypes.headers)
      for (const { id } of begun.slice(answered)) answer(socket, id)
      answered = begun.length
    })
  }
}

/** Outcomes: the error's name, or `grpc` where gRPC has a status for it. */
const cases: readonly (readonly [what: string, behaviour: Behaviour, outcome: RegExp])[] = [
  ['says nothing', () => {}, /^timeout$/],
  ['speaks HTTP/1.1', (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\n'), /^protocol$/],
  ['greets by rubbish', (socket) => socket.write(Buffer.alloc(10_000, 0xab)), /^protocol$/],
  ['greets and hangs up', (socket) => socket.end(settings()), /^(reset|14)$/],
  ['greets and resets', (socket) => socket.write(settings(), () => socket.resetAndDestroy()), /^(reset|14)$/],
  ['allows no stream', (socket) => socket.write(settings(settingIds.maxConcurrentStreams, 0)), /^timeout$/],
  [
    'goes away at once, each time',
    (socket) => socket.write(Buffer.concat([settings(), goaway(0, 0)])),
    /^(reset|14)$/,
  ],
  [
    'goes away when it is asked, each time',
    whenAsked((socket) => socket.write(goaway(0, 0))),
    /^(reset|14)$/,
  ],
  ['refuses each stream', whenAsked((socket, id) => socket.write(reset(id, 7))), /^(reset|14)$/],
  ['hangs up when it is asked', whenAsked((socket) => socket.destroy()), /^(reset|14)$/],
  ['sends a header bomb', whenAsked((socket) => socket.write(frame(1, 4, 1, bomb))), /^protocol$/],
  [
    'sends a frame of 16 MiB',
    whenAsked((socket) => socket.write(frame(0, 0, 1, Buffer.alloc(100), 2 ** 24 - 1))),
    /^protocol$/,
  ],
  ['answers what nobody asked', whenAsked((socket) => socket.write(headers(99, ok))), /^protocol$/],
  [
    'pushes',
    whenAsked((socket) => socket.write(frame(frameTypes.pushPromise, flags.endHeaders, 1, Buffer.alloc(4)))),
    /^protocol$/,
  ],
  ['floods by pings', whenAsked((socket) => flood(socket, pings)), /^protocol$/],
  [
    'floods by pings and reads nothing',
    (socket) => {
      socket.pause()
      socket.write(settings())
      flood(socket, pings)
    },
    /^protocol$/,
  ],
  [
    'floods by empty DATA',
    whenAsked((socket) => {
      socket.write(headers(1, ok))
      flood(socket, Buffer.concat(Array.from({ length: 5000 }, () => data(1, ''))))
    }),
    /^protocol$/,
  ],
]

function flood(socket: Socket, bytes: Buffer): void {
  const more = () => {
    if (socket.writable) socket.write(bytes, more)
  }
  more()
}

for (const [kind, wishOf, request] of kinds) {
  for (const [what, behaviour, outcome] of cases) {
    // One after the other: floods take the time of whoever runs beside them.
    test.serial(`${kind}: a peer that ${what} fails its requests and holds up nobody`, async (t) => {
      const server = await startRawServer((socket, connection) => {
        socket.on('error', () => {})
        behaviour(socket, connection)
      })
      const [url, wish] = wishOf(server.port)
      // Short where it is what ends them.
      const connect = outcome.source === '^timeout$' ? 300 : 10_000
      const target = targetOf(url, { ...wish, timeoutMs: { connect }, connections: { max: 3 } })
      const exchanges = new Exchanges(target, { engine: 'wire', files: shopFiles })
      await exchanges.transport.prepare()
      const all = await Promise.all(Array.from({ length: 12 }, () => exchanges.send(request)))
      for (const { error, status, errorDetail } of all) {
        t.regex(String(error ?? status), outcome, errorDetail ?? '')
        t.truthy(errorDetail)
      }
      t.is(exchanges.underWay, 0)
      await exchanges.close()
      t.is(exchanges.transport.openSockets, 0)
      t.deepEqual(exchanges.violations, [])
      await server.close()
    })
  }
}

test.serial(
  'requests to a peer that reads nothing are cancelled one after the other, until the connection is given up',
  async (t) => {
    const server = await startRawServer((socket) => {
      socket.on('error', () => {})
      socket.pause()
      socket.write(settings())
    })
    const exchanges = new Exchanges(targetOf(`http://127.0.0.1:${server.port}`, { protocol: 'http2' }), {
      engine: 'wire',
    })
    await exchanges.transport.prepare()
    const headersOfMany = Array.from({ length: 200 }, (_, n) => [`x-${n}`, 'y'.repeat(1000)]).flat()
    let protocolErrors = 0
    for (let n = 0; n < 300 && protocolErrors === 0; n++) {
      const { exchange, done } = exchanges.start({ headers: headersOfMany })
      await new Promise((resolve) => setImmediate(resolve))
      exchanges.cancel(exchange, 'timeout')
      if ((await done).error === 'protocol') protocolErrors++
    }
    await until(
      'the connection is given up',
      () => server.accepted > 1 || exchanges.transport.openSockets === 0,
    )
    await exchanges.close()
    await server.close()
    t.pass()
  },
)

test.serial('calls over one connection of several do not knock at a dead address each time', async (t) => {
  // The first connection is served, all others are hung up on.
  const server = await startRawServer((socket, connection) => {
    if (connection > 0) socket.destroy()
    else
      whenAsked((open, id) => {
        open.write(headers(id, [...ok, 'grpc-status', '0']))
        open.write(data(id, Buffer.alloc(5)))
        open.write(headers(id, ['grpc-status', '0'], true))
      })(socket, connection)
  })
  const target = targetOf(`grpc://127.0.0.1:${server.port}`, { grpc: shopProtos, connections: { max: 8 } })
  const exchanges = new Exchanges(target, { engine: 'wire', files: shopFiles })
  await exchanges.transport.prepare()
  for (let n = 0; n < 200; n++) t.is((await exchanges.send(add({ id: 1 }))).status, 0)
  t.true(server.accepted > 1 && server.accepted < 20, `${server.accepted} connections`)
  await exchanges.close()
  await server.close()
})
