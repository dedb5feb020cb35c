import { createServer } from 'node:http2'
import type { AddressInfo, Socket } from 'node:net'
import test from 'ava'
import type { RequestError } from '../../../core/measure/request-error.ts'
import type { EngineChoice } from '../../../worker/engine/transport-port.ts'
import { makeCertificates } from '../../kit/certificates.ts'
import { Exchanges, type RequestWish, type TargetWish, targetOf } from '../../kit/exchanges.ts'
import {
  answers,
  answersGarbage,
  answersLargeBody,
  answersServerError,
  answersThenResets,
  type Behaviour,
  closesInTheBody,
  closesUnanswered,
  neverAnswers,
  onEachRequest,
  type RawServer,
  refusedPort,
  resets,
  startRawServer,
} from '../../kit/failing-servers.ts'
import { http1Clients } from '../../kit/http-flavours.ts'
import { until } from '../../kit/until.ts'

async function withRawServerOver<T>(
  engine: EngineChoice,
  behaviour: Behaviour,
  body: (exchanges: Exchanges, server: RawServer) => Promise<T>,
  wish: TargetWish = {},
): Promise<T> {
  const server = await startRawServer(behaviour)
  const exchanges = new Exchanges(targetOf(server.url, wish), { engine })
  try {
    await exchanges.transport.prepare()
    return await body(exchanges, server)
  } finally {
    await exchanges.close()
    await server.close()
  }
}

const mebibyte = 1024 * 1024
const ok = 'HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok'

interface Case {
  readonly title: string
  readonly behaviour: Behaviour
  readonly wish?: RequestWish
  readonly error: RequestError | null
  readonly status: number
  readonly body?: string
}

const cases: readonly Case[] = [
  { title: 'a reset is a reset', behaviour: resets, error: 'reset', status: 0 },
  {
    title: 'a close in place of an answer is a reset',
    behaviour: closesUnanswered,
    error: 'reset',
    status: 0,
  },
  { title: 'garbage is a protocol error', behaviour: answersGarbage, error: 'protocol', status: 0 },
  { title: 'a close within the body is a reset', behaviour: closesInTheBody, error: 'reset', status: 200 },
  {
    title: 'a close within a body of a connection that was to end anyway is a reset',
    behaviour: (socket) =>
      onEachRequest(socket, () =>
        socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 9\r\n\r\nshort'),
      ),
    error: 'reset',
    status: 200,
  },
  {
    title: 'a close within a chunk is a reset',
    behaviour: (socket) =>
      onEachRequest(socket, () =>
        socket.end('HTTP/1.1 200 OK\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n5\r\nab'),
      ),
    error: 'reset',
    status: 200,
  },
  {
    title: 'a chunk whose size is no number is a protocol error',
    behaviour: answers('HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nab\r\n'),
    error: 'protocol',
    status: 200,
  },
  {
    title: 'endless headers are a protocol error',
    behaviour: answers(`HTTP/1.1 200 OK\r\n${`x-${'y'.repeat(900)}: z\r\n`.repeat(400)}\r\n`),
    error: 'protocol',
    status: 0,
  },
  { title: 'a 500 is an answer', behaviour: answersServerError, error: null, status: 500, body: 'oops' },
  {
    title: 'chunks make one body',
    behaviour: answers(
      'HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n',
    ),
    error: null,
    status: 200,
    body: 'abcde',
  },
  {
    title: 'a body without a length ends with the connection',
    behaviour: (socket) => onEachRequest(socket, () => socket.end('HTTP/1.1 200 OK\r\n\r\nto the end')),
    error: null,
    status: 200,
    body: 'to the end',
  },
  {
    title: 'an early hint is not the answer',
    behaviour: answers(`HTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n${ok}`),
    error: null,
    status: 200,
    body: 'ok',
  },
  {
    title: 'an answer byte by byte is an answer',
    behaviour: (socket) =>
      onEachRequest(socket, async () => {
        for (const byte of ok) await new Promise((resolve) => socket.write(byte, resolve))
      }),
    error: null,
    status: 200,
    body: 'ok',
  },
]

for (const { client, engine } of http1Clients) {
  const withRawServer = <T>(
    behaviour: Behaviour,
    body: (exchanges: Exchanges, server: RawServer) => Promise<T>,
    wish: TargetWish = {},
  ) => withRawServerOver(engine, behaviour, body, wish)

  for (const { title, behaviour, wish, error, status, body } of cases) {
    test(`${client}: ${title}`, async (t) => {
      const { exchange, violations } = await withRawServer(behaviour, async (exchanges) => ({
        exchange: await exchanges.send({ wantBody: true, ...wish }),
        violations: exchanges.violations,
      }))
      t.is(exchange.error, error, exchange.errorDetail ?? 'no detail')
      t.is(exchange.status, status)
      t.is(exchange.sends, 1)
      if (body !== undefined) t.is(Buffer.from(exchange.body ?? []).toString(), body)
      if (error !== null) t.truthy(exchange.errorDetail)
      t.deepEqual(violations, [])
    })
  }

  test.serial(`${client}: bodies of 100 MB that nobody looks at are counted and not kept`, async (t) => {
    const bytes = 100 * mebibyte
    const before = process.memoryUsage().rss
    let most = before
    const watch = setInterval(() => {
      most = Math.max(most, process.memoryUsage().rss)
    }, 5)
    const all = await withRawServer(answersLargeBody(bytes), (exchanges) =>
      Promise.all(Array.from({ length: 5 }, () => exchanges.send())),
    )
    clearInterval(watch)
    for (const exchange of all) {
      t.is(exchange.error, null)
      t.is(exchange.bodyBytes, bytes)
      t.true(exchange.bytesIn > bytes)
    }
    t.true(most - before < 250 * mebibyte, `${Math.round((most - before) / mebibyte)} MiB more`)
  })

  test(`${client}: a body over the bound ends its connection, and the next exchange has another`, async (t) => {
    await withRawServer(
      answersLargeBody(1_000_000),
      async (exchanges, server) => {
        t.is((await exchanges.send({ wantBody: true })).error, 'too_large')
        t.is((await exchanges.send()).bodyBytes, 1_000_000)
        t.is(server.accepted, 2)
      },
      { maxBodyBytes: 1000, connections: { max: 1 } },
    )
  })

  test(`${client}: a connection that is not there in time is a timeout, counted from dispatch`, async (t) => {
    // The one connection is taken, so the second exchange waits for it.
    await withRawServer(
      neverAnswers,
      async (exchanges) => {
        const first = exchanges.start()
        const second = await exchanges.send()
        t.is(second.error, 'timeout')
        t.is(second.sends, 0)
        t.true(second.doneAt - second.dispatchedAt >= 99_000, `${second.doneAt - second.dispatchedAt} µs`)
        exchanges.cancel(first.exchange, 'timeout')
        t.is((await first.done).error, 'timeout')
      },
      { connections: { max: 1 }, timeoutMs: { connect: 100 } },
    )
  })

  test(`${client}: a TLS handshake that never ends is a timeout`, async (t) => {
    const server = await startRawServer(neverAnswers)
    const exchanges = new Exchanges(
      targetOf(`https://127.0.0.1:${server.port}`, { protocol: 'http1', timeoutMs: { connect: 100 } }),
      { engine },
    )
    await exchanges.transport.prepare()
    t.is((await exchanges.send()).error, 'timeout')
    await until('the attempt is given up', () => exchanges.transport.openSockets === 0)
    await exchanges.close()
    await server.close()
  })

  test(`${client}: certificates are checked: unknown authority, wrong name, none at all, each is a tls error`, async (t) => {
    const { ca, cert, key } = await makeCertificates()
    const server = await startRawServer(answers(ok), { cert, key })
    const plain = await startRawServer((socket) => socket.write(ok))
    t.teardown(() => Promise.all([server.close(), plain.close()]))
    const files = { 'ca.pem': ca }
    const outcome = async (url: string, tls: TargetWish['tls']) => {
      const exchanges = new Exchanges(targetOf(url, { protocol: 'http1', tls: tls ?? {} }), { files, engine })
      await exchanges.transport.prepare()
      const { error, status } = await exchanges.send()
      await exchanges.close()
      return error ?? status
    }
    t.is(await outcome(server.url, {}), 'tls')
    t.is(await outcome(server.url, { caFile: 'ca.pem', serverName: 'other.test' }), 'tls')
    t.is(await outcome(`https://127.0.0.1:${plain.port}`, { caFile: 'ca.pem' }), 'tls')
    t.is(await outcome(server.url, { caFile: 'ca.pem' }), 200)
    t.is(await outcome(server.url, { caFile: 'ca.pem', serverName: 'shop.test' }), 200)
    t.is(await outcome(server.url, { insecureSkipVerify: true }), 200)
  })

  test(`${client}: an idempotent request whose used connection broke is sent once more, on a new connection`, async (t) => {
    await withRawServer(answersThenResets(1), async (exchanges, server) => {
      t.is((await exchanges.send()).sends, 1)
      const second = await exchanges.send()
      t.is(second.error, null)
      t.is(second.sends, 2)
      t.is(server.accepted, 2)
    })
  })

  test(`${client}: it is sent once more only: where the second connection breaks too, that is a reset`, async (t) => {
    const behaviour: Behaviour = (socket, connection) =>
      (connection === 0 ? answersThenResets(1) : resets)(socket, connection)
    await withRawServer(behaviour, async (exchanges) => {
      t.is((await exchanges.send()).error, null)
      const second = await exchanges.send()
      t.is(second.error, 'reset')
      t.is(second.sends, 2)
    })
  })

  test(`${client}: it is sent once more only, also where another used connection was free first`, async (t) => {
    let slow: Socket | null = null
    // The first request of a connection is answered, `/slow` when `/break` breaks its own connection; what comes then breaks that one too.
    const behaviour: Behaviour = (socket) =>
      onEachRequest(socket, (head, request) => {
        if (head.includes('/slow')) slow = socket
        else if (request === 0 && !head.includes('/break')) socket.write(ok)
        else {
          socket.resetAndDestroy()
          // Two turns later: the client has noticed the reset, and has not yet its new connection.
          const other = slow
          slow = null
          if (other !== null) setImmediate(() => setImmediate(() => other.write(ok)))
        }
      })
    for (let n = 0; n < 20; n++) {
      await withRawServer(behaviour, async (exchanges) => {
        await Promise.all([exchanges.send(), exchanges.send()])
        const [, broken] = await Promise.all([
          exchanges.send({ path: '/slow' }),
          exchanges.send({ path: '/break' }),
        ])
        t.is(broken.error, 'reset')
        t.is(broken.sends, 2)
      })
    }
  })

  test(`${client}: what is not idempotent, and what broke on a new connection, is not sent again`, async (t) => {
    await withRawServer(answersThenResets(1), async (exchanges) => {
      t.is((await exchanges.send()).error, null)
      const post = await exchanges.send({ method: 'POST', body: 'x' })
      t.is(post.error, 'reset')
      t.is(post.sends, 1)
    })
    await withRawServer(resets, async (exchanges) => {
      const get = await exchanges.send()
      t.is(get.error, 'reset')
      t.is(get.sends, 1)
    })
  })

  test(`${client}: a request is not sent again once something of an answer has come`, async (t) => {
    const behaviour: Behaviour = (socket) =>
      onEachRequest(socket, (_head, request) => {
        if (request === 0) socket.write(ok)
        else socket.end('HTTP/1.1 200 OK\r\ncontent-length: 9\r\n\r\nshort')
      })
    await withRawServer(behaviour, async (exchanges, server) => {
      await exchanges.send()
      const second = await exchanges.send()
      t.is(second.error, 'reset')
      t.is(second.sends, 1)
      t.is(server.accepted, 1)
    })
  })

  test(`${client}: an idle connection that the target closes is noticed, and costs no retry`, async (t) => {
    await withRawServer(
      (socket) => onEachRequest(socket, () => socket.end(ok)),
      async (exchanges) => {
        for (let n = 0; n < 5; n++) {
          const exchange = await exchanges.send()
          t.is(exchange.status, 200)
          t.is(exchange.sends, 1)
          await until('it is closed', () => exchanges.transport.openSockets === 0)
        }
      },
    )
  })

  test(`${client}: warm connections that cannot be opened stop the run before it begins`, async (t) => {
    const exchanges = new Exchanges(
      targetOf(`http://127.0.0.1:${await refusedPort()}`, { connections: { warm: 2 } }),
      { engine },
    )
    const error = await t.throwsAsync(exchanges.transport.prepare())
    t.is((error as { code?: string }).code, 'target-unreachable')
    t.regex(error?.message ?? '', /ECONNREFUSED/)
    await exchanges.close()
  })
}

test('a target without HTTP/2 that is to speak it is a protocol error', async (t) => {
  const { ca, cert, key } = await makeCertificates()
  const server = await startRawServer(answers(ok), { cert, key })
  const exchanges = new Exchanges(targetOf(server.url, { protocol: 'http2', tls: { caFile: 'ca.pem' } }), {
    files: { 'ca.pem': ca },
  })
  await exchanges.transport.prepare()
  const { error, errorDetail } = await exchanges.send()
  t.is(error, 'protocol')
  t.regex(errorDetail ?? '', /ALPN/)
  await exchanges.close()
  await server.close()
})

test('garbage in place of HTTP/2 is a protocol error', async (t) => {
  await withRawServerOver(
    'undici',
    (socket) => socket.write('HTTP/1.1 400 Bad Request\r\n\r\nthis is no HTTP/2 at all'),
    async (exchanges) => {
      const { error, errorDetail } = await exchanges.send()
      t.is(error, 'protocol', errorDetail ?? '')
    },
    { protocol: 'http2' },
  )
})

test('a session that the target ends by GOAWAY loses no exchange', async (t) => {
  const server = createServer()
  let sessions = 0
  server.on('session', () => sessions++)
  server.on('stream', (stream) => {
    // A stream that came after the GOAWAY: the client takes it elsewhere.
    stream.on('error', () => {})
    stream.respond({ ':status': 200 })
    stream.end('ok')
    if (stream.session?.closed === false) stream.session.close()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const exchanges = new Exchanges(targetOf(`http://127.0.0.1:${port}`, { protocol: 'http2' }))
  t.teardown(async () => {
    await exchanges.close()
    server.close()
  })
  await exchanges.transport.prepare()
  for (let n = 0; n < 10; n++) {
    const all = await Promise.all(Array.from({ length: 4 }, () => exchanges.send()))
    t.deepEqual(
      all.map(({ error, status, errorDetail }) => errorDetail ?? error ?? status),
      [200, 200, 200, 200],
    )
  }
  t.true(sessions > 1)
  await exchanges.close()
  t.deepEqual(exchanges.violations, [])
  t.is(exchanges.transport.openSockets, 0)
})

test('a name that does not resolve stops the run before it begins', async (t) => {
  const exchanges = new Exchanges(targetOf('http://no-such-host.invalid'))
  const error = await t.throwsAsync(exchanges.transport.prepare())
  t.is((error as { code?: string }).code, 'target-unreachable')
  t.regex((error as { hint?: string }).hint ?? '', /target\.url/)
})
