import { constants, type ServerHttp2Stream } from 'node:http2'
import { deflateSync, gzipSync } from 'node:zlib'
import test from 'ava'
import type { Exchange } from '../../../worker/engine/transport-port.ts'
import { callOf, exchangesWith, grpcClients } from '../../kit/grpc-exchanges.ts'
import { answerHead, type CallBehaviour, framed, item, startHostileGrpc } from '../../kit/grpc-hostile.ts'
import { until } from '../../kit/until.ts'

const ok = 0
const unknown = 2
const deadlineExceeded = 4
const notFound = 5
const permissionDenied = 7
const resourceExhausted = 8
const unimplemented = 12
const internal = 13
const unavailable = 14

/** An Item of the shop, compressed. */
function squeezed(bytes: Buffer): Buffer {
  const message = framed(bytes)
  message[0] = 1
  return message
}

function answerCompressed(stream: ServerHttp2Stream, encoding: string, bytes: Buffer): void {
  const head = { ':status': 200, 'content-type': 'application/grpc', 'grpc-encoding': encoding }
  stream.respond(head, { waitForTrailers: true })
  stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0' }))
  stream.end(squeezed(bytes))
}

function trailersOnly(stream: ServerHttp2Stream, trailers: Readonly<Record<string, string>>): void {
  stream.respond({ ':status': 200, 'content-type': 'application/grpc', ...trailers }, { endStream: true })
}

function httpStatus(status: number): CallBehaviour {
  return (stream) => {
    stream.respond({ ':status': status, 'content-type': 'text/html' })
    stream.end('<h1>Not what you asked for</h1>')
  }
}

const plainItem = item(7).subarray(5)
const seven = { error: null, status: ok, messages: 1 }

const cases: readonly (readonly [what: string, behaviour: CallBehaviour, expected: Partial<Exchange>])[] = [
  [
    'an answer that comes byte by byte',
    async (stream) => {
      answerHead(stream)
      for (const byte of item(7)) await new Promise((resolve) => stream.write(Buffer.from([byte]), resolve))
      stream.end()
    },
    seven,
  ],
  ['a message in gzip', (stream) => answerCompressed(stream, 'gzip', gzipSync(plainItem)), seven],
  ['a message in deflate', (stream) => answerCompressed(stream, 'deflate', deflateSync(plainItem)), seven],
  [
    'a message in gzip that unpacks to more than is allowed',
    (stream) => answerCompressed(stream, 'gzip', gzipSync(Buffer.alloc(20_000_000))),
    { error: 'too_large' },
  ],
  [
    'a status without headers and messages',
    (stream) => trailersOnly(stream, { 'grpc-status': '5', 'grpc-message': 'gone %E2%82%AC %25' }),
    { error: null, status: notFound, errorDetail: 'gone € %', messages: 0 },
  ],
  [
    'a status without headers, which is OK though there should be a message',
    (stream) => trailersOnly(stream, { 'grpc-status': '0' }),
    { error: 'protocol' },
  ],
  [
    'a status behind a message',
    (stream) => {
      answerHead(stream, '8')
      stream.end(item(1))
    },
    { error: null, status: resourceExhausted, messages: 1 },
  ],
  [
    'an end without a status',
    (stream) => {
      answerHead(stream, null)
      stream.end(item(1))
    },
    { error: null, status: internal, messages: 1 },
  ],
  [
    'an end without a status or a message',
    (stream) => trailersOnly(stream, {}),
    { error: null, status: unknown, messages: 0 },
  ],
  [
    'two messages where there should be one',
    (stream) => {
      answerHead(stream)
      stream.end(Buffer.concat([item(1), item(2)]))
    },
    { error: 'protocol', messages: 2 },
  ],
  [
    'no message where there should be one',
    (stream) => {
      answerHead(stream)
      stream.end()
    },
    { error: 'protocol', messages: 0 },
  ],
  [
    'half a message',
    (stream) => {
      answerHead(stream)
      stream.end(item(1).subarray(0, 6))
    },
    { error: 'protocol', messages: 0 },
  ],
  [
    'a message that is none',
    (stream) => {
      answerHead(stream)
      stream.end(framed(Buffer.from([0x08, 0xff])))
    },
    { error: 'protocol', messages: 1 },
  ],
  [
    'a message that says it has 4 GiB',
    (stream) => {
      answerHead(stream)
      stream.write(framed(Buffer.alloc(100), 0xffff_ffff))
    },
    { error: 'too_large', messages: 0 },
  ],
  [
    'a stream that is reset',
    (stream) => {
      answerHead(stream)
      stream.write(item(1), () => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
    },
    { error: null, status: internal },
  ],
  [
    'a stream that is reset for want of calm',
    (stream) => stream.close(constants.NGHTTP2_ENHANCE_YOUR_CALM),
    { error: null, status: resourceExhausted },
  ],
  [
    'a stream that is reset for want of security',
    (stream) => stream.close(constants.NGHTTP2_INADEQUATE_SECURITY),
    { error: null, status: permissionDenied },
  ],
  [
    'a stream that is refused each time',
    (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
    { error: null, status: unavailable, sends: 1 },
  ],
  [
    'a connection that breaks before the answer',
    (stream) => stream.session?.socket.destroy(),
    { error: null, status: unavailable, sends: 1 },
  ],
  [
    'a connection that breaks in the middle of a message',
    (stream) => {
      answerHead(stream)
      stream.write(item(2).subarray(0, 6), () => stream.session?.socket.destroy())
    },
    { error: null, status: unavailable, messages: 0 },
  ],
  ['a page of 400', httpStatus(400), { error: null, status: internal, messages: 0 }],
  ['a page of 403', httpStatus(403), { error: null, status: permissionDenied, messages: 0 }],
  ['a page of 404', httpStatus(404), { error: null, status: unimplemented, messages: 0 }],
  ['a page of 418', httpStatus(418), { error: null, status: unknown, messages: 0 }],
  ['a page of 503', httpStatus(503), { error: null, status: unavailable, messages: 0 }],
]

for (const { client, engine } of grpcClients) {
  for (const [what, behaviour, expected] of cases) {
    test(`${client}: ${what} is told as what it is`, async (t) => {
      const server = await startHostileGrpc(behaviour)
      const exchanges = exchangesWith(server.port, {}, engine)
      t.teardown(async () => {
        await exchanges.close()
        await server.close()
      })
      await exchanges.transport.prepare()
      const exchange = await exchanges.send({ ...callOf('Add', [{}]), wantBody: true })
      t.like(exchange, expected, `${exchange.error} ${exchange.status}: ${exchange.errorDetail}`)
      if (expected === seven) t.is((exchange.message as { id: string }).id, '7')
      t.true(exchange.sends >= 1)
      t.deepEqual(exchanges.violations, [])
    })
  }

  test(`${client}: the details of a status are told with it, and its metadata kept for the sample`, async (t) => {
    // google.rpc.Status { code: 9, message: "sold out", details: [ Any of an ErrorInfo { reason: "STOCK" } ] }
    const details = 'CAkSCHNvbGQgb3V0GjMKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5FcnJvckluZm8SBwoFU1RPQ0s='
    const server = await startHostileGrpc((stream) =>
      trailersOnly(stream, {
        ...{ 'grpc-status': '9', 'grpc-message': 'sold out', 'grpc-status-details-bin': details },
        'retry-after': '5',
      }),
    )
    const exchanges = exchangesWith(server.port, {}, engine)
    t.teardown(async () => {
      await exchanges.close()
      await server.close()
    })
    await exchanges.transport.prepare()
    const { error, status, errorDetail, headers } = await exchanges.send(callOf('Add', [{}]))
    t.deepEqual([error, status], [null, 9])
    t.is(errorDetail, 'sold out (ErrorInfo {"metadata":{},"reason":"STOCK","domain":""})')
    t.is(headers?.[headers.indexOf('retry-after') + 1], '5')
    t.false(headers?.some((part) => part.startsWith(':') || part === 'grpc-status'))
  })

  test(`${client}: metadata goes there and back, bytes in base64, and the server is told how long it has`, async (t) => {
    let seen: Record<string, unknown> = {}
    const server = await startHostileGrpc((stream, _call, headers) => {
      seen = headers
      stream.respond(
        { ':status': 200, 'content-type': 'application/grpc', tenant: 'demo', 'trace-bin': 'AAEC,_-8' },
        { waitForTrailers: true },
      )
      stream.on('wantTrailers', () => stream.sendTrailers({ 'grpc-status': '0', 'late-bin': 'AAE' }))
      stream.end(item(1))
    })
    const exchanges = exchangesWith(server.port, {}, engine)
    t.teardown(async () => {
      await exchanges.close()
      await server.close()
    })
    await exchanges.transport.prepare()
    const metadata = ['tenant', 'demo', 'trace-bin', 'AAEC', 'path', '/a b']
    const exchange = await exchanges.send({
      ...callOf('Add', [{}], { metadata, timeoutMs: 90_000_000 }),
      wantHeaders: true,
    })
    t.is(exchange.error, null, exchange.errorDetail ?? '')
    t.like(seen, {
      ...{ ':method': 'POST', ':path': '/shop.v1.Cart/Add', ':authority': `127.0.0.1:${server.port}` },
      ...{
        te: 'trailers',
        'content-type': 'application/grpc',
        tenant: 'demo',
        'trace-bin': 'AAEC',
        path: '/a b',
      },
    })
    t.regex(String(seen['user-agent']), /^breakwater\/test/)
    t.regex(String(seen['grpc-timeout']), /^(90000000m|89999\d\d\dm)$/)
    const headers = exchange.headers ?? []
    t.is(headers[headers.indexOf('tenant') + 1], 'demo')
    t.is(headers[headers.indexOf('trace-bin') + 1], 'AAEC')
    t.is(headers[headers.indexOf('late-bin') + 1], 'AAE=')
    for (const bad of [
      ['a b', 'x'],
      ['a', 'ü'],
    ]) {
      t.is((await exchanges.send(callOf('Add', [{}], { metadata: bad }))).error, 'protocol')
    }
  })

  test(`${client}: a status that comes with the deadline is a timeout, one that comes before it is an answer`, async (t) => {
    const server = await startHostileGrpc((stream, _call, headers) => {
      setTimeout(() => trailersOnly(stream, { 'grpc-status': '4' }), headers.early === undefined ? 400 : 10)
    })
    const exchanges = exchangesWith(server.port, {}, engine)
    t.teardown(async () => {
      await exchanges.close()
      await server.close()
    })
    await exchanges.transport.prepare()
    const late = await exchanges.send(callOf('Add', [{}], { timeoutMs: 300 }))
    t.is(late.error, 'timeout')
    const early = await exchanges.send(callOf('Add', [{}], { metadata: ['early', 'yes'] }))
    t.deepEqual([early.error, early.status], [null, deadlineExceeded])
  })

  test(`${client}: a server that is going away ends its calls well, and the next one takes a new connection`, async (t) => {
    const server = await startHostileGrpc((stream, call) => {
      if (call === 0) {
        answerHead(stream)
        stream.write(item(1))
        stream.session?.goaway(constants.NGHTTP2_NO_ERROR)
        setTimeout(() => stream.end(), 50)
        return
      }
      answerHead(stream)
      stream.end(item(2))
    })
    const exchanges = exchangesWith(server.port, {}, engine)
    t.teardown(async () => {
      await exchanges.close()
      await server.close()
    })
    await exchanges.transport.prepare()
    const { exchange, done } = exchanges.start({ ...callOf('Add', [{}]), wantBody: true })
    const all = [done]
    await until('its message has come', () => exchange.messages === 1)
    for (let n = 0; n < 5; n++) all.push(exchanges.send({ ...callOf('Add', [{}]), wantBody: true }))
    const ids = (await Promise.all(all)).map(({ error, status, message }) => [
      error,
      status,
      (message as { id: string }).id,
    ])
    t.deepEqual(ids[0], [null, ok, '1'])
    t.deepEqual(ids.slice(1), Array(5).fill([null, ok, '2']))
    t.is(server.sessions.length, 2)
  })
}
