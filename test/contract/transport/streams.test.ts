import { createHash } from 'node:crypto'
import type { Socket } from 'node:net'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test, { type ExecutionContext } from 'ava'
import fc from 'fast-check'
import type { RequestError } from '../../../core/measure/request-error.ts'
import type { Wanted } from '../../../core/scenario/compiled.ts'
import { type Certificates, makeCertificates } from '../../kit/certificates.ts'
import type { Exchanges, TargetWish } from '../../kit/exchanges.ts'
import { refusedPort, startRawServer } from '../../kit/failing-servers.ts'
import { type StreamServer, startStreamServer } from '../../kit/stream-server.ts'
import { anything, StreamUser, streamExchanges, textOf, wanted } from '../../kit/stream-user.ts'
import { startTinyproxy } from '../../kit/tinyproxy.ts'
import { testWith } from '../../kit/tools.ts'
import { until } from '../../kit/until.ts'

let certificates: Certificates
test.before(async () => {
  certificates = await makeCertificates()
})

interface Scene {
  readonly server: StreamServer
  readonly exchanges: Exchanges
  readonly user: (kind: 'ws' | 'sse', slot?: number) => StreamUser
}

async function scene(t: ExecutionContext, wish: TargetWish = {}, tls = false): Promise<Scene> {
  const server = await startStreamServer(tls ? certificates : null)
  const exchanges = streamExchanges(server.url, wish, { files: { 'ca.pem': certificates.ca }, detail: true })
  await exchanges.transport.prepare()
  t.teardown(async () => {
    await exchanges.close()
    await server.close()
    if (exchanges.violations.length > 0) throw new Error(exchanges.violations.join('; '))
  })
  return { server, exchanges, user: (kind, slot = 0) => new StreamUser(exchanges, kind, slot) }
}

for (const tls of [false, true]) {
  const over = tls ? 'TLS' : 'TCP'
  const wish: TargetWish = tls ? { tls: { caFile: 'ca.pem' } } : {}

  test(`a WebSocket over ${over} is opened, answers, is waited on and is closed`, async (t) => {
    const { server, exchanges, user } = await scene(t, wish, tls)
    const ada = user('ws')
    const open = await ada.open({ path: '/chat?room=1', wantHeaders: true, wantCookies: true })
    t.is(open.error, null)
    t.is(open.status, 101)
    t.is(open.sends, 1)
    t.deepEqual(open.setCookies, ['room=1; Path=/'])
    t.is(open.headers?.[(open.headers?.indexOf('x-server') ?? -2) + 1], 'streams')
    t.true(open.connectMicros > 0)
    t.is(open.tlsMicros > 0, tls)
    t.true(open.dispatchedAt <= open.sentAt && open.sentAt <= open.firstByteAt)
    t.true(open.firstByteAt <= open.doneAt)
    t.true(open.bytesOut > 100 && open.bytesIn > 100, `${open.bytesOut} out, ${open.bytesIn} in`)
    t.is(server.lastPath, '/chat?room=1')
    t.is(exchanges.transport.openSockets, 1)

    const trip = await ada.send('{"type":"hi","id":7}', wanted('"ack"'))
    t.is(trip.error, null)
    t.is(textOf(trip), '{"type":"ack","id":7}')
    t.is(trip.sends, 0, 'a message is no request')
    t.true(trip.dispatchedAt <= trip.sentAt && trip.sentAt <= trip.doneAt)
    // Header, mask and payload of one frame; a frame from a server has no mask.
    t.is(trip.bytesOut, 2 + 4 + 20)
    t.is(trip.bytesIn, 2 + 21)
    t.is(trip.bodyBytes, 21)

    const written = await ada.send('for nobody')
    t.is(written.error, null)
    t.is(written.body, null)
    const echoed = await ada.expect(wanted('nobody'))
    t.is(textOf(echoed), 'for nobody')
    t.true(Number.isNaN(echoed.sentAt))

    const waiting = ada.expect(wanted('pushed'))
    server.sockets[0]?.send('noise')
    server.sockets[0]?.send('pushed')
    t.is(textOf(await waiting), 'pushed')

    const closed = await ada.close()
    t.is(closed.error, null)
    t.is(closed.bytesOut, 2 + 4 + 2)
    await until('the server has seen the close', () => server.counts.closes[1000] === 1)
    t.is(exchanges.ended.length, 1)
    const [ended] = exchanges.ended
    t.like(ended, { slot: 0, stream: 0, ok: true })
    t.true(ended !== undefined && ended.openedAt <= open.doneAt && ended.at >= closed.sentAt)
    t.is(server.counts.handshakes, 1)
  })

  test(`server-sent events over ${over} are opened, waited for and closed`, async (t) => {
    const { server, exchanges, user } = await scene(t, wish, tls)
    const ada = user('sse')
    const open = await ada.open({ path: '/events', wantCookies: true })
    t.is(open.error, null)
    t.is(open.status, 200)
    t.is(open.sends, 1)
    t.deepEqual(open.setCookies, ['feed=1; Path=/'])
    t.is(open.tlsMicros > 0, tls)

    const waiting = ada.start({ kind: 'expect', wanted: wanted('"a"', 2) }, { wantHeaders: true }).done
    await until('the feed is open', () => server.feeds.length === 1)
    server.emit('event: price\nid: 1\ndata: {"sku":"a"}\n\n')
    server.emit('event: price\nid: 2\ndata: {"sku":"b"}\n\n')
    server.emit('event: price\nid: 3\ndata: {"sku":\ndata: "a"}\n\n')
    const found = await waiting
    t.is(found.error, null)
    t.is(textOf(found), '{"sku":\n"a"}', 'the second one of two')
    t.deepEqual(found.headers, ['event', 'price', 'id', '3'])
    t.true(found.bytesIn > 60)
    t.is(textOf(await ada.expect(wanted('"b"'))), '{"sku":"b"}', 'what came between is kept')

    const closed = await ada.close()
    t.is(closed.error, null)
    await until('the server has seen the end', () => server.counts.feedsClosed === 1)
    t.like(exchanges.ended, [{ slot: 0, stream: 0, ok: true }])
    await until('its socket is gone', () => exchanges.transport.openSockets === 0)
  })
}

test('server-sent events come over HTTP/2 where ALPN agrees on it', async (t) => {
  const { createSecureServer } = await import('node:http2')
  const server = createSecureServer({ cert: certificates.cert, key: certificates.key })
  server.on('stream', (stream, headers) => {
    stream.respond({ ':status': 200, 'content-type': 'text/event-stream' })
    stream.write(`data: ${headers[':path']}\n\n`)
    stream.on('error', () => {})
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as { port: number }
  const exchanges = streamExchanges(
    `https://127.0.0.1:${port}`,
    { tls: { caFile: 'ca.pem' } },
    { files: { 'ca.pem': certificates.ca } },
  )
  t.teardown(async () => {
    await exchanges.close()
    server.close()
  })
  await exchanges.transport.prepare()
  const ada = new StreamUser(exchanges, 'sse')
  t.is((await ada.open({ path: '/events' })).error, null)
  t.is(textOf(await ada.expect(anything)), '/events')
  t.is((await ada.close()).error, null)
  t.deepEqual(exchanges.violations, [])
})

for (const tls of [false, true]) {
  testWith('tinyproxy')(`streams go through a proxy, ${tls ? 'within TLS' : 'in plain'}`, async (t) => {
    const proxy = await startTinyproxy(null)
    t.teardown(proxy.stop)
    const wish = { proxy: { url: proxy.url, auth: null }, ...(tls ? { tls: { caFile: 'ca.pem' } } : {}) }
    const { server, user } = await scene(t, wish, tls)
    const [ada, bob] = [user('ws', 0), user('sse', 1)]
    const open = await ada.open()
    t.is(open.error, null, open.errorDetail ?? '')
    t.is(textOf(await ada.send('through', anything)), 'through')
    t.is((await ada.close()).error, null)
    t.is((await bob.open({ path: '/events' })).error, null)
    await until('the feed is open', () => server.feeds.length === 1)
    server.emit('data: price\n\n')
    t.is(textOf(await bob.expect(anything)), 'price')
    t.is((await bob.close()).error, null)
    const line = `CONNECT 127.0.0.1:${server.port} HTTP/1.1`
    t.deepEqual(await proxy.requests(), [line, line])
  })
}

test('headers, cookies, the path as it was written and subprotocols go with the handshake, and no compression', async (t) => {
  const { server, user } = await scene(t)
  const headers = [
    'cookie',
    'sid=1',
    'authorization',
    'Bearer x',
    'x-name',
    'caf\u00c3\u00a9',
    'origin',
    'https://shop.test',
  ]
  const open = await user('ws').open({
    path: '/a/../b//c?d=%7e|',
    headers,
    subprotocols: ['chat.v2', 'chat.v1'],
  })
  t.is(open.error, null)
  t.is(server.lastPath, '/a/../b//c?d=%7e|')
  t.like(server.lastHeaders, {
    cookie: 'sid=1',
    authorization: 'Bearer x',
    'x-name': 'caf\u00c3\u00a9',
    origin: 'https://shop.test',
    host: `127.0.0.1:${server.port}`,
    'sec-websocket-protocol': 'chat.v2,chat.v1',
  })
  t.is(server.lastHeaders['sec-websocket-extensions'], undefined)
  t.is(server.sockets[0]?.protocol, 'chat.v2')
})

test('a stream may have a host of its own choosing', async (t) => {
  const { server, user } = await scene(t)
  await user('ws').open({ headers: ['host', 'shop.test'] })
  t.is(server.lastHeaders.host, 'shop.test')
  await user('sse', 1).open({ headers: ['host', 'shop.test'] })
  t.is(server.lastHeaders.host, 'shop.test')
})

test('an answer that opens no stream is an answer: its status, headers and body are there', async (t) => {
  for (const kind of ['ws', 'sse'] as const) {
    const { exchanges, user } = await scene(t)
    const ada = user(kind)
    const refused = await ada.open({ path: '/refuse/503' })
    t.is(refused.error, null, kind)
    t.is(refused.status, 503)
    t.is(textOf(refused), 'status 503')
    t.true(refused.headers?.includes('x-why'))
    const after = await ada.send('hello')
    t.is(after.error, 'reset')
    t.is(after.errorDetail, 'the stream is not open')
    t.is((await ada.open()).error, null, 'it may be tried again')
    t.deepEqual(exchanges.ended, [])
  }
})

test('a stream that is open already is not opened twice', async (t) => {
  const { server, user } = await scene(t)
  const ada = user('ws')
  await ada.open()
  const again = await ada.open()
  t.is(again.error, 'protocol')
  t.is(again.errorDetail, 'the stream is open already, and has to be closed first')
  t.is(server.counts.handshakes, 1)
  t.is((await ada.open({ stream: 1 })).error, null, 'another one may be')
  t.is(textOf(await ada.send('to the second', anything, 1)), 'to the second')
})

test('an answer to a message is one that came after it', async (t) => {
  const { server, user } = await scene(t)
  const ada = user('ws')
  await ada.open()
  server.sockets[0]?.send('ack, and early')
  await ada.send('x', wanted('x'))
  t.is(textOf(await ada.send('ack', wanted('ack'))), 'ack')
  t.is(textOf(await ada.expect(wanted('ack'))), 'ack, and early')
})

test('messages are found in any order, each once', async (t) => {
  const { server, user } = await scene(t)
  const ada = user('ws')
  await ada.open()
  for (const text of ['b1', 'a1', 'b2', 'a2', 'end']) server.sockets[0]?.send(text)
  await ada.expect(wanted('end'))
  t.is(textOf(await ada.expect(wanted('a'))), 'a1')
  t.is(textOf(await ada.expect(wanted('b', 2))), 'b2')
  t.is(textOf(await ada.expect(anything)), 'a2')
  const late = ada.expect(anything)
  server.sockets[0]?.send('late')
  t.is(textOf(await late), 'late')
})

test('bytes go and come as they are', async (t) => {
  const { user } = await scene(t)
  const ada = user('ws')
  await ada.open()
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte)
  const echoed = await ada.send(bytes, anything)
  t.deepEqual(Uint8Array.from(echoed.body ?? []), bytes)
  const large = 'ä'.repeat(100_000)
  t.is(textOf(await ada.send(large, anything)), large)
})

test('nothing that matches within the time is a timeout, which tells what came, and the stream stays open', async (t) => {
  const { server, exchanges, user } = await scene(t)
  const ada = user('ws')
  await ada.open()
  let seen = 0
  const never: Wanted = { count: 1, accepts: () => ++seen < 0 }
  const { exchange, done } = ada.start({ kind: 'expect', wanted: never })
  for (const text of ['1', '2', '3', '4', '5', '6']) server.sockets[0]?.send(text)
  await until('all have been looked at', () => seen === 6)
  exchanges.cancel(exchange, 'timeout')
  const late = await done
  t.is(late.error, 'timeout')
  t.is(late.errorDetail, 'nothing that was expected came in time: 6 came, and did not match')
  t.deepEqual(late.message, ['2', '3', '4', '5', '6'])
  t.is(textOf(await ada.send('still here', wanted('still'))), 'still here')
  t.is(exchanges.ended.length, 0)
})

test('at most 1,000 messages are kept for later, and a failure tells how many went', async (t) => {
  const { server, exchanges, user } = await scene(t)
  const ada = user('ws')
  await ada.open()
  for (let n = 0; n < 1100; n++) server.sockets[0]?.send(`message ${n}`)
  await ada.send('end', wanted('end'))
  t.is(textOf(await ada.expect(wanted('message'))), 'message 100')
  const { exchange, done } = ada.start({ kind: 'expect', wanted: wanted('message 99.') })
  exchanges.cancel(exchange, 'timeout')
  t.is(
    (await done).errorDetail,
    'nothing that was expected came in time: no message came; 100 that came earlier were dropped for want of room',
  )
})

test('of a stream on which nothing waits for earlier messages, only the last few are kept', async (t) => {
  const { server, exchanges, user } = await scene(t)
  const ada = user('ws')
  await ada.open({ keeps: false })
  for (let n = 0; n < 1000; n++) server.sockets[0]?.send('x'.repeat(1000))
  await ada.send('end', wanted('end'))
  const { exchange, done } = ada.start({ kind: 'send', data: 'quiet', wanted: wanted('never') })
  exchanges.cancel(exchange, 'timeout')
  t.is(((await done).message as string[]).length, 5)
})

test('a lost connection is a reset for the step that waits, and for those after it until it is opened again', async (t) => {
  const { server, exchanges, user } = await scene(t)
  const ada = user('ws')
  await ada.open()
  const waiting = ada.send('hello', wanted('never'))
  await until('it is there', () => server.counts.received === 1)
  server.sockets[0]?.terminate()
  const lost = await waiting
  t.is(lost.error, 'reset')
  t.is(lost.errorDetail, 'the connection was lost (1006 no close frame)')
  t.deepEqual(lost.message, ['hello'], 'what came last')
  t.like(exchanges.ended, [{ slot: 0, ok: false }])
  t.is((await ada.send('hello')).error, 'reset')
  t.is(textOf(await ada.expect(wanted('hello'))), 'hello', 'what came before the end can still be read')
  t.is((await ada.expect(anything)).error, 'reset')
  t.is((await ada.close()).error, 'reset')
  t.is((await ada.close()).errorDetail, 'the stream is not open')
  t.is((await ada.open()).error, null)
  t.is(exchanges.ended.length, 1, 'told once')
})

const closings = [
  {
    code: 1000,
    reason: 'bye',
    error: 'reset',
    ok: true,
    detail: 'the server closed the stream (1000 normal closure: bye)',
  },
  {
    code: 1001,
    reason: '',
    error: 'reset',
    ok: true,
    detail: 'the server closed the stream (1001 going away)',
  },
  {
    code: 1002,
    reason: '',
    error: 'protocol',
    ok: false,
    detail: 'the server closed the stream (1002 protocol error)',
  },
  {
    code: 1008,
    reason: 'no',
    error: 'reset',
    ok: false,
    detail: 'the server closed the stream (1008 policy violation: no)',
  },
  {
    code: 1009,
    reason: '',
    error: 'too_large',
    ok: false,
    detail: 'the server closed the stream (1009 message too big)',
  },
  {
    code: 1011,
    reason: '',
    error: 'reset',
    ok: false,
    detail: 'the server closed the stream (1011 internal error)',
  },
  { code: 4001, reason: 'x', error: 'reset', ok: false, detail: 'the server closed the stream (4001: x)' },
] as const

for (const { code, reason, error, ok, detail } of closings) {
  test(`a step that waits when the server closes with ${code} fails with ${error}, and says so`, async (t) => {
    const { server, exchanges, user } = await scene(t)
    const ada = user('ws')
    await ada.open()
    const waiting = ada.expect(anything)
    server.sockets[0]?.close(code, reason)
    const ended = await waiting
    t.is(ended.error, error)
    t.is(ended.errorDetail, detail)
    t.like(exchanges.ended, [{ ok }])
    const closed = await ada.close()
    t.is(closed.error, ok ? null : error, 'what the server closed in order needs no closing')
  })
}

test('the code of a close is the one that was asked for', async (t) => {
  const { server, exchanges, user } = await scene(t)
  const ada = user('ws')
  await ada.open()
  t.is((await ada.close(4002, 'enough')).error, null)
  t.deepEqual(server.counts.closes, { 4002: 1 })
  t.like(exchanges.ended, [{ ok: true }])
})

test('an SSE stream that the server ends is a reset', async (t) => {
  const { server, exchanges, user } = await scene(t)
  const ada = user('sse')
  await ada.open()
  const waiting = ada.expect(anything)
  await until('the feed is open', () => server.feeds.length === 1)
  server.feeds[0]?.end()
  const ended = await waiting
  t.is(ended.error, 'reset')
  t.is(ended.errorDetail, 'the server ended the stream')
  t.like(exchanges.ended, [{ ok: true }])
  t.is((await ada.close()).error, null)
})

test('an SSE stream whose connection breaks is a reset', async (t) => {
  const { server, exchanges, user } = await scene(t)
  const ada = user('sse')
  await ada.open()
  const waiting = ada.expect(anything)
  await until('the feed is open', () => server.feeds.length === 1)
  server.feeds[0]?.destroy()
  t.is((await waiting).error, 'reset')
  t.like(exchanges.ended, [{ ok: false }])
  t.is((await ada.close()).error, 'reset')
})

test('an answer of another content type is no event stream', async (t) => {
  const { exchanges, user } = await scene(t)
  const open = await user('sse').open({ path: '/plain' })
  t.is(open.error, 'protocol')
  t.is(open.errorDetail, 'the content type is application/json, not text/event-stream')
  t.is(open.status, 200)
  await until('its socket is gone', () => exchanges.transport.openSockets === 0)
})

test('events that come compressed are an error: they were not asked for so', async (t) => {
  const { user } = await scene(t)
  const open = await user('sse').open({ path: '/zipped' })
  t.is(open.error, 'protocol')
  t.is(open.errorDetail, 'the events come as gzip, which was not asked for')
})

test('a message above the bound is too large, for either kind, and ends the stream', async (t) => {
  const { server, exchanges, user } = await scene(t, { maxBodyBytes: 1000 })
  const ada = user('ws', 0)
  await ada.open()
  const waiting = ada.expect(anything)
  server.sockets[0]?.send('x'.repeat(1001))
  const large = await waiting
  t.is(large.error, 'too_large')
  t.is(large.errorDetail, 'a message has more bytes than target.http.maxBody')

  const bob = user('sse', 1)
  await bob.open()
  const next = bob.expect(anything)
  await until('the feed is open', () => server.feeds.length === 1)
  server.emit(`data: ${'x'.repeat(2000)}\n\n`)
  const event = await next
  t.is(event.error, 'too_large')
  t.is(event.errorDetail, 'the event has more than 1000 bytes')
  t.deepEqual(
    exchanges.ended.map(({ ok }) => ok),
    [false, false],
  )
  await until('both sockets are gone', () => exchanges.transport.openSockets === 0)
})

test('pings are answered by themselves', async (t) => {
  const { server, user } = await scene(t)
  const ada = user('ws')
  await ada.open()
  const pong = new Promise((resolve) => server.sockets[0]?.once('pong', resolve))
  server.sockets[0]?.ping('are you there')
  t.is(String(await pong), 'are you there')
})

const frames: readonly { readonly what: string; readonly bytes: readonly number[] }[] = [
  { what: 'reserved bits', bytes: [0xf1, 0x00] },
  { what: 'an unknown opcode', bytes: [0x83, 0x00] },
  { what: 'a mask', bytes: [0x81, 0x81, 1, 2, 3, 4, 0x40] },
  { what: 'a continuation of nothing', bytes: [0x80, 0x01, 0x41] },
  { what: 'text that is not UTF-8', bytes: [0x81, 0x02, 0xc3, 0x28] },
  { what: 'a fragmented ping', bytes: [0x09, 0x00] },
  { what: 'a close code that does not exist', bytes: [0x88, 0x02, 0x03, 0xe7] },
]

for (const { what, bytes } of frames) {
  test(`a frame with ${what} is an error of the protocol`, async (t) => {
    const { exchanges, ada, close } = await rawScene((socket, key) => {
      socket.write(handshake(key))
      socket.write(Buffer.from(bytes))
    })
    t.teardown(close)
    const open = await ada.open()
    const ended = open.error === null ? await ada.expect(anything) : open
    t.is(ended.error, 'protocol', ended.errorDetail ?? '')
    t.like(exchanges.ended, [{ ok: false }])
  })
}

test('the same frames give the same messages, however they are cut', async (t) => {
  // Two texts, a ping, a text in three parts with a pong between them, and bytes.
  const frames = Buffer.from([
    ...[0x81, 2, 0x68, 0x69, 0x81, 0, 0x89, 1, 0x70],
    ...[0x01, 1, 0xc3, 0x8a, 0, 0x00, 1, 0xa4, 0x80, 1, 0x21],
    ...[0x82, 126, 0, 3, 1, 2, 3],
  ])
  let cut = 0
  const { ada, close } = await rawScene((socket, key) => {
    socket.write(handshake(key))
    const at = cut++
    setImmediate(() => {
      socket.write(frames.subarray(0, at))
      setImmediate(() => socket.write(frames.subarray(at)))
    })
  })
  t.teardown(close)
  for (let at = 0; at <= frames.length; at++) {
    await ada.open()
    const seen: string[] = []
    const all: Wanted = { count: 4, accepts: ({ body }) => seen.push(Buffer.from(body).toString('hex')) > 0 }
    t.is((await ada.expect(all)).error, null)
    t.deepEqual(seen, ['6869', '', 'c3a421', '010203'])
    ada.leave()
  }
})

test('whatever a server says, in whatever pieces, its streams end and the thread goes on', async (t) => {
  let script: { readonly bytes: Uint8Array; readonly cuts: readonly number[] } = {
    bytes: new Uint8Array(),
    cuts: [],
  }
  for (const kind of ['ws', 'sse'] as const) {
    const { exchanges, ada, close } = await rawScene((socket, key) => {
      const head = 'HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n'
      socket.write(kind === 'ws' ? handshake(key) : head)
      let from = 0
      for (const length of script.cuts) {
        socket.write(script.bytes.subarray(from, from + length))
        from += length
      }
      socket.end(script.bytes.subarray(from))
    }, kind)
    t.teardown(close)
    const ended: readonly (string | null)[] = ['reset', 'protocol', 'too_large']
    await fc.assert(
      fc.asyncProperty(
        fc.uint8Array({ maxLength: 300 }),
        fc.array(fc.nat(50), { maxLength: 8 }),
        async (bytes, cuts) => {
          script = { bytes, cuts }
          const open = await ada.open()
          if (open.error === null) {
            const answer = await ada.expect({ count: 1_000_000, accepts: () => true })
            t.true(ended.includes(answer.error), String(answer.errorDetail))
          }
          ada.leave('user')
        },
      ),
      { numRuns: 100 },
    )
    await until('every socket is gone', () => exchanges.transport.openSockets === 0)
    t.deepEqual(exchanges.violations, [])
  }
})

const badHandshakes: readonly {
  readonly what: string
  readonly answer: (key: string) => string
  readonly error: RequestError
}[] = [
  { what: 'a wrong accept key', answer: () => handshake('wrong'), error: 'protocol' },
  {
    what: 'a subprotocol that was not offered',
    answer: (key) => handshake(key, 'sec-websocket-protocol: other'),
    error: 'protocol',
  },
  {
    what: 'an extension that was not offered',
    answer: (key) => handshake(key, 'sec-websocket-extensions: permessage-deflate'),
    error: 'protocol',
  },
  {
    what: '101 without an upgrade',
    answer: () => 'HTTP/1.1 101 Switching Protocols\r\ncontent-length: 0\r\n\r\n',
    error: 'protocol',
  },
  { what: 'something that is not HTTP', answer: () => 'SSH-2.0-OpenSSH_9.9\r\n', error: 'protocol' },
  { what: 'half an answer', answer: () => 'HTTP/1.1 101 Swit', error: 'reset' },
  { what: 'nothing', answer: () => '', error: 'reset' },
]

for (const { what, answer, error } of badHandshakes) {
  test(`a handshake that is answered by ${what} fails with ${error}`, async (t) => {
    const { exchanges, ada, close } = await rawScene((socket, key) => socket.end(answer(key)))
    t.teardown(close)
    const open = await ada.open()
    t.is(open.error, error, open.errorDetail ?? '')
    t.is(open.sends, 1)
    t.deepEqual(exchanges.ended, [])
    await until('its socket is gone', () => exchanges.transport.openSockets === 0)
  })
}

for (const kind of ['ws', 'sse'] as const) {
  test(`${kind}: nobody who listens is refused, and a silent target a timeout of the connection or of the step`, async (t) => {
    const port = await refusedPort()
    const nobody = streamExchanges(`http://127.0.0.1:${port}`)
    await nobody.transport.prepare()
    const refused = await new StreamUser(nobody, kind).open()
    t.is(refused.error, 'refused')
    t.is(refused.sends, 0)
    await nobody.close()

    const { exchanges, ada, close } = await rawScene(() => {}, kind)
    t.teardown(close)
    const { exchange, done } = ada.start(opening, { path: '/' })
    await until('it was sent', () => exchange.sends === 1)
    exchanges.cancel(exchange, 'timeout')
    t.is((await done).error, 'timeout')
    await until('its socket is gone', () => exchanges.transport.openSockets === 0)
    t.deepEqual(exchanges.violations, [])
  })

  test(`${kind}: a certificate that nobody vouches for is an error of TLS`, async (t) => {
    const server = await startStreamServer(certificates)
    t.teardown(server.close)
    const exchanges = streamExchanges(server.url)
    await exchanges.transport.prepare()
    t.is((await new StreamUser(exchanges, kind).open()).error, 'tls')
    await exchanges.close()
  })

  test(`${kind}: a TLS handshake that never ends is a timeout of the connection`, async (t) => {
    const server = await startRawServer(() => {})
    t.teardown(server.close)
    const url = server.url.replace('http:', 'https:')
    const exchanges = streamExchanges(url, { timeoutMs: { connect: 50 } })
    await exchanges.transport.prepare()
    const open = await new StreamUser(exchanges, kind).open()
    t.is(open.error, 'timeout')
    t.is(open.errorDetail, 'no connection within 50 ms')
    await exchanges.close()
  })

  test(`${kind}: what is left open is closed behind the iteration, and what belongs to the user stays`, async (t) => {
    const { server, exchanges, user } = await scene(t)
    const ada = user(kind)
    await ada.open({ stream: 0, life: 'user' })
    await ada.open({ stream: 1, life: 'iteration' })
    const closed = () => (kind === 'ws' ? (server.counts.closes[1000] ?? 0) : server.counts.feedsClosed)
    ada.leave('iteration')
    t.like(exchanges.ended, [{ slot: 0, stream: 1, ok: true }], 'told at once')
    await until('the server has seen it', () => closed() === 1)
    t.is((await ada.open({ stream: 1 })).error, null, 'the next iteration opens its own')
    ada.leave('user')
    await until('the server has seen all', () => closed() === 3)
    t.deepEqual(
      exchanges.ended.map(({ stream, ok }) => [stream, ok]),
      [
        [1, true],
        [0, true],
        [1, true],
      ],
    )
    ada.leave('user')
    t.is(exchanges.ended.length, 3)
    await until('no socket is left', () => exchanges.transport.openSockets === 0)
  })

  test(`${kind}: at the end all streams are closed, as far as the target takes part in it`, async (t) => {
    const { server, exchanges, user } = await scene(t)
    const users = Array.from({ length: 20 }, (_, slot) => user(kind, slot))
    await Promise.all(users.map((one) => one.open()))
    const { exchange, done } = users[0]?.start({ kind: 'expect', wanted: anything }) ?? {}
    await exchanges.close()
    t.is((await done)?.error, 'reset')
    t.is(exchange?.error, 'reset')
    await until('the server has seen all', () =>
      kind === 'ws' ? server.counts.closes[1000] === 20 : server.counts.feedsClosed === 20,
    )
    t.is(exchanges.transport.openSockets, 0)
  })
}

test('a close that the server does not take part in is a timeout of the step, and of a stream that was left it is the end', async (t) => {
  const { exchanges, ada, close } = await rawScene((socket, key) => socket.write(handshake(key)))
  t.teardown(close)
  await ada.open()
  const { exchange, done } = ada.start({ kind: 'close', code: 1000, reason: '' })
  await until('the close was written', () => !Number.isNaN(exchange.sentAt))
  exchanges.cancel(exchange, 'timeout')
  t.is((await done).error, 'timeout')
  t.like(exchanges.ended, [{ ok: false }])
  await until('its socket is gone', () => exchanges.transport.openSockets === 0)
  await ada.open()
  ada.leave()
  await until('its socket is gone after the grace', () => exchanges.transport.openSockets === 0)
})

test('what a thousand open sockets cost is bounded, whatever the target sends', async (t) => {
  const { server, exchanges, user } = await scene(t)
  const users = Array.from({ length: 1000 }, (_, slot) => user('ws', slot))
  const opened = await Promise.all(users.map((one) => one.open()))
  t.true(opened.every(({ error }) => error === null))
  t.is(exchanges.transport.openSockets, 1000)
  const before = process.memoryUsage()
  const noise = Buffer.alloc(64 * 1024, 'x')
  for (let round = 0; round < 4; round++) {
    for (const socket of server.sockets) socket.send(noise)
    const trips = await Promise.all(users.map((one, n) => one.send(`${n}`, wanted(`${n}`))))
    t.true(trips.every(({ error }) => error === null))
  }
  collectGarbage()
  const grown = process.memoryUsage().arrayBuffers - before.arrayBuffers
  t.true(grown < 128 * 1024 * 1024, `${Math.round(grown / 1e6)} MB of 256 MB are held`)
  await Promise.all(users.map((one) => one.close()))
  await until('the server has seen all', () => server.counts.closes[1000] === 1000)
})

const opening = { kind: 'open', subprotocols: [], life: 'iteration', keeps: true } as const

/** As `--expose-gc` would give it. */
function collectGarbage(): void {
  setFlagsFromString('--expose-gc')
  runInNewContext('gc')()
}

function handshake(key: string, ...more: string[]): string {
  const accept = createHash('sha1').update(`${key}258EAFA5-E914-47DA-95CA-C5AB0DC85B11`).digest('base64')
  return [
    'HTTP/1.1 101 Switching Protocols',
    'upgrade: websocket',
    'connection: upgrade',
    `sec-websocket-accept: ${accept}`,
    ...more,
    '\r\n',
  ].join('\r\n')
}

/** A target that answers the opening request as no server should. */
async function rawScene(
  behave: (socket: Socket, key: string) => void,
  kind: 'ws' | 'sse' = 'ws',
): Promise<{ exchanges: Exchanges; ada: StreamUser; close: () => Promise<void> }> {
  const server = await startRawServer((socket) => {
    let head = ''
    socket.on('data', (chunk) => {
      if (head.includes('\r\n\r\n')) return
      head += chunk
      if (head.includes('\r\n\r\n')) behave(socket, /sec-websocket-key: (.+)\r\n/i.exec(head)?.[1] ?? '')
    })
  })
  const exchanges = streamExchanges(server.url)
  await exchanges.transport.prepare()
  return {
    exchanges,
    ada: new StreamUser(exchanges, kind),
    close: async () => {
      await exchanges.close()
      await server.close()
    },
  }
}
