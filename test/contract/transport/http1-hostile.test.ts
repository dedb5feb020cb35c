import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { Exchanges, targetOf } from '../../kit/exchanges.ts'
import { type Behaviour, onEachRequest, startRawServer } from '../../kit/failing-servers.ts'
import { http1Clients } from '../../kit/http-flavours.ts'
import { until } from '../../kit/until.ts'

const ok = (body: string) => `HTTP/1.1 200 OK\r\ncontent-length: ${body.length}\r\n\r\n${body}`
const stolen = ok('stolen')

/** What a server does that wants one request's answer to be taken for another's, all of it before the next request is written: what comes after that nobody can tell from its answer; `id`: what the request is to be answered with. */
const tricks: readonly (readonly [title: string, answer: (id: string) => readonly (string | null)[]])[] = [
  ['is whole', (id) => [ok(id)]],
  ['comes byte by byte', (id) => [...ok(id)]],
  ['has another one behind it', (id) => [ok(id) + stolen]],
  ['has half of another one behind it', (id) => [ok(id) + stolen.slice(0, 20), null, stolen.slice(20)]],
  ['has the end of a line behind it', (id) => [`${ok(id)}\r\n`]],
  ['has an informational one behind it', (id) => [`${ok(id)}HTTP/1.1 103 Early Hints\r\n\r\n`]],
  ['has an informational one before it', (id) => [`HTTP/1.1 103 Early Hints\r\n\r\n${ok(id)}`]],
  ['has two lengths', (id) => [ok(id).replace('\r\n\r\n', '\r\ncontent-length: 1\r\n\r\n') + stolen]],
  ['has chunks and a length', (id) => [ok(id).replace('\r\n\r\n', '\r\ntransfer-encoding: chunked\r\n\r\n')]],
  [
    'has chunks',
    (id) => [`HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${id.length}\r\n${id}\r\n0\r\n\r\n`],
  ],
  [
    'has trailers and another one behind',
    (id) => [
      `HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n${id.length}\r\n${id}\r\n0\r\nx: y\r\n\r\n${stolen}`,
    ],
  ],
  [
    'has a body where none is',
    (id) => [`HTTP/1.1 204 No Content\r\nx-id: ${id}\r\ncontent-length: 6\r\n\r\nstolen`],
  ],
]

const behaviour: Behaviour = (socket) =>
  onEachRequest(socket, async (head) => {
    const [, id = '', trick = ''] = /^GET \/(\w+)\/(\d+)/.exec(head) ?? []
    const [, answer] = tricks[Number(trick)] ?? []
    for (const piece of answer?.(id) ?? []) {
      if (piece === null) await sleep(1)
      else await new Promise((resolve) => socket.write(piece, resolve))
    }
  })

for (const { client, engine } of http1Clients) {
  test(`${client}: no answer is taken for that of another request`, async (t) => {
    const server = await startRawServer(behaviour)
    const exchanges = new Exchanges(targetOf(server.url, { connections: { max: 3 } }), { engine })
    await exchanges.transport.prepare()
    let good = 0
    const user = async (offset: number) => {
      for (let n = 0; n < 5 * tricks.length; n++) {
        const id = `u${offset}n${n}`
        const trick = (n * 5 + offset) % tricks.length
        const { error, status, body, errorDetail } = await exchanges.send({
          path: `/${id}/${trick}`,
          wantBody: true,
        })
        const [title] = tricks[trick] as (typeof tricks)[number]
        if (error === 'protocol' || error === 'reset') continue
        t.is(error, null, `${title}: ${errorDetail}`)
        t.is(Buffer.from(body ?? []).toString(), status === 204 ? '' : id, title)
        good++
      }
    }
    await Promise.all(Array.from({ length: 5 }, (_, offset) => user(offset)))
    t.true(good > 100, `${good} answers`)
    await exchanges.close()
    await server.close()
    t.deepEqual(exchanges.violations, [])
  })
}

const wire = { engine: 'wire' } as const

test('wire-http1: bytes that nobody asked for close an idle connection', async (t) => {
  const server = await startRawServer((socket) => {
    onEachRequest(socket, () => socket.write(ok('ok')))
    setTimeout(() => socket.write(stolen), 30)
  })
  const exchanges = new Exchanges(targetOf(server.url), wire)
  await exchanges.transport.prepare()
  t.is((await exchanges.send()).status, 200)
  await until('it is closed', () => exchanges.transport.openSockets === 0)
  t.is((await exchanges.send({ method: 'POST' })).status, 200)
  t.is(server.accepted, 2)
  await exchanges.close()
  await server.close()
})

test('wire-http1: an answer with more behind it is good, and the connection is used no more', async (t) => {
  const server = await startRawServer((socket) =>
    onEachRequest(socket, () => socket.write(ok('ok') + stolen)),
  )
  const exchanges = new Exchanges(targetOf(server.url, { connections: { max: 1 } }), wire)
  await exchanges.transport.prepare()
  for (let n = 1; n <= 3; n++) {
    const { error, body } = await exchanges.send({ wantBody: true, method: 'POST' })
    t.is(error, null)
    t.is(Buffer.from(body ?? []).toString(), 'ok')
    t.is(server.accepted, n)
  }
  await exchanges.close()
  await server.close()
})

const heads: readonly (readonly [title: string, answer: string])[] = [
  ['two lengths', 'content-length: 2\r\ncontent-length: 3\r\n\r\nokk'],
  ['chunks and a length', 'transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n2\r\nok\r\n0\r\n\r\n'],
  ['LF alone', 'content-length: 2\n\nok'],
  ['CR alone', 'x: a\rb\r\ncontent-length: 2\r\n\r\nok'],
  ['a folded line', 'x: a\r\n b\r\ncontent-length: 2\r\n\r\nok'],
  ['a blank before a colon', 'content-length : 2\r\n\r\nok'],
  ['a head of a megabyte', `x: ${'y'.repeat(1_000_000)}\r\n\r\n`],
]

for (const [title, lines] of heads) {
  test(`wire-http1: an answer with ${title} is a protocol error, and its connection is closed`, async (t) => {
    const server = await startRawServer((socket) =>
      onEachRequest(socket, () => socket.write(`HTTP/1.1 200 OK\r\n${lines}`)),
    )
    const exchanges = new Exchanges(targetOf(server.url), wire)
    await exchanges.transport.prepare()
    const { error, errorDetail, sends } = await exchanges.send()
    t.is(error, 'protocol')
    t.regex(errorDetail ?? '', /^the head of the answer is no HTTP: /)
    t.is(sends, 1)
    await until('it is closed', () => exchanges.transport.openSockets === 0 && server.open === 0)
    await exchanges.close()
    await server.close()
    t.deepEqual(exchanges.violations, [])
  })
}

test('wire-http1: a head without an end costs no more than its bound', async (t) => {
  const line = `x: ${'y'.repeat(1000)}\r\n`.repeat(60)
  let written = 0
  const server = await startRawServer((socket) =>
    onEachRequest(socket, async () => {
      socket.write('HTTP/1.1 200 OK\r\n')
      while (!socket.destroyed) {
        await new Promise((resolve) => socket.write(line, resolve))
        written += line.length
      }
    }),
  )
  const exchanges = new Exchanges(targetOf(server.url), wire)
  await exchanges.transport.prepare()
  const { error, bytesIn } = await exchanges.send()
  t.is(error, 'protocol')
  t.true(bytesIn < 512 * 1024, `${bytesIn} bytes in`)
  await until('the server noticed', () => server.open === 0)
  await exchanges.close()
  await server.close()
  t.true(written < 64 * 1024 * 1024)
})

test('wire-http1: an idle connection is closed before the hint of its target is over', async (t) => {
  const hinted = (seconds: number) =>
    `HTTP/1.1 200 OK\r\nconnection: keep-alive\r\nkeep-alive: timeout=${seconds}, max=100\r\ncontent-length: 0\r\n\r\n`
  const server = await startRawServer((socket) =>
    onEachRequest(socket, (head) => socket.write(hinted(head.includes('/short') ? 0 : 1))),
  )
  const exchanges = new Exchanges(targetOf(server.url), wire)
  await exchanges.transport.prepare()
  await exchanges.send({ path: '/short' })
  await until('no time is none', () => exchanges.transport.openSockets === 0)
  const { doneAt } = await exchanges.send()
  await exchanges.send()
  t.is(server.accepted, 2)
  await until('it is closed', () => exchanges.transport.openSockets === 0)
  t.true(exchanges.clock.nowMicros() - doneAt < 1_000_000)
  await exchanges.close()
  await server.close()
})

test('wire-http1: a constant request is sent as it is however often, others as they are each time', async (t) => {
  const seen: string[] = []
  const server = await startRawServer((socket) =>
    onEachRequest(socket, (head) => {
      seen.push(head)
      socket.write(ok(''))
    }),
  )
  const exchanges = new Exchanges(targetOf(server.url), wire)
  await exchanges.transport.prepare()
  const headers = Object.freeze(['x-a', '1'])
  const constant = Object.freeze({
    kind: 'http',
    target: 0,
    method: 'GET',
    path: '/c',
    headers,
    body: null,
  } as const)
  const once = { kind: 'http', target: 0, method: 'GET', headers, body: null } as const
  for (const request of [
    constant,
    { ...once, path: '/1' },
    constant,
    { ...once, path: '/2', headers: ['x-a', '2'] },
    { ...once, path: '/3' },
  ]) {
    t.is((await exchanges.send({ request })).error, null)
  }
  const { host } = new URL(server.url)
  t.deepEqual(
    seen,
    [
      ['/c', 1],
      ['/1', 1],
      ['/c', 1],
      ['/2', 2],
      ['/3', 1],
    ].map(([path, a]) => `GET ${path} HTTP/1.1\r\nhost: ${host}\r\nx-a: ${a}`),
  )
  await exchanges.close()
  await server.close()
})
