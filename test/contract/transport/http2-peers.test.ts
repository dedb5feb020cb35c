import { mkdir, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http2'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { frameTypes } from '../../../worker/transport/http2/frame.ts'
import { makeCertificates } from '../../kit/certificates.ts'
import { Exchanges, type TargetWish, targetOf } from '../../kit/exchanges.ts'
import { startRawServer } from '../../kit/failing-servers.ts'
import { add, shopProtos } from '../../kit/grpc-exchanges.ts'
import { item } from '../../kit/grpc-hostile.ts'
import { shopFiles } from '../../kit/grpc-shop.ts'
import { framesIn, headers, settings } from '../../kit/http2-frames.ts'
import { type Nghttpd, startNghttpd } from '../../kit/nghttpd.ts'
import { startNginx } from '../../kit/nginx.ts'
import { testWith } from '../../kit/tools.ts'
import { until } from '../../kit/until.ts'

const engine = 'wire'

async function withNghttpd(
  t: ExecutionContext,
  options: readonly string[],
  body: (exchanges: Exchanges, server: Nghttpd) => Promise<void>,
  wish: TargetWish = {},
): Promise<void> {
  const server = await startNghttpd(options)
  t.teardown(server.stop)
  await writeFile(join(server.folder, 'page'), 'x'.repeat(100_000))
  const exchanges = new Exchanges(
    targetOf(`http://127.0.0.1:${server.port}`, { protocol: 'http2', ...wish }),
    {
      engine,
    },
  )
  await exchanges.transport.prepare()
  await body(exchanges, server)
  await exchanges.close()
  t.deepEqual(exchanges.violations, [])
}

/** What nghttpd does on top of an answer, which is none of the answer. */
const habits: readonly (readonly [what: string, options: readonly string[]])[] = [
  ['plainly', []],
  ['with padding', ['--padding=200']],
  ['with trailers', ['--trailer', 'x-after: all']],
  ['and would push', ['--push=/page=/page']],
  ['without a length', ['--no-content-length']],
  ['without a table of headers', ['--header-table-size=0', '--encoder-header-table-size=0']],
  ['with a small window for bodies', ['--window-bits=8', '--connection-window-bits=16']],
]
for (const [what, options] of habits) {
  testWith('nghttpd')(`nghttpd answers ${what}: each exchange has its own answer`, async (t) => {
    await withNghttpd(t, ['--echo-upload', ...options], async (exchanges) => {
      const pages = await Promise.all(
        Array.from({ length: 20 }, () =>
          exchanges.send({ path: '/page', wantBody: true, wantHeaders: true }),
        ),
      )
      for (const { status, body, bodyBytes, headers } of pages) {
        t.is(status, 200)
        t.is(bodyBytes, 100_000)
        t.is(body?.length, 100_000)
        t.regex(headers?.[headers.indexOf('server') + 1] ?? '', /nghttpd/)
      }
      const echoes = await Promise.all(
        Array.from({ length: 20 }, (_, n) =>
          exchanges.send({ method: 'POST', path: '/', body: `${n} `.repeat(5000), wantBody: true }),
        ),
      )
      echoes.forEach(({ status, body, errorDetail }, n) => {
        t.is(status, 200, errorDetail ?? '')
        t.is(Buffer.from(body ?? []).toString(), `${n} `.repeat(5000))
      })
      t.is((await exchanges.send({ path: '/none' })).status, 404)
      t.is(exchanges.transport.openSockets, 1)
    })
  })
}

testWith('nghttpd')('nghttpd allows three streams: the others wait, and none is refused', async (t) => {
  await withNghttpd(
    t,
    ['--max-concurrent-streams=3'],
    async (exchanges) => {
      const all = await Promise.all(Array.from({ length: 100 }, () => exchanges.send({ path: '/page' })))
      t.true(all.every(({ status, error, sends }) => status === 200 && error === null && sends === 1))
      t.is(exchanges.transport.openSockets, 1)
    },
    { connections: { max: 1 } },
  )
})

testWith('nghttpd')('nghttpd over TLS speaks HTTP/2 by ALPN', async (t) => {
  const { ca, cert, key } = await makeCertificates()
  const server = await startNghttpd([], { cert, key })
  t.teardown(server.stop)
  await writeFile(join(server.folder, 'page'), 'x'.repeat(300_000))
  const wish = { protocol: 'http2', tls: { caFile: 'ca.pem' } } as const
  const exchanges = new Exchanges(targetOf(`https://localhost:${server.port}`, wish), {
    engine,
    files: { 'ca.pem': ca },
  })
  await exchanges.transport.prepare()
  const all = await Promise.all(
    Array.from({ length: 50 }, () => exchanges.send({ path: '/page', wantBody: true })),
  )
  for (const { status, body, errorDetail } of all) {
    t.is(status, 200, errorDetail ?? '')
    t.is(body?.length, 300_000)
  }
  await exchanges.close()
})

testWith('nginx')(
  'nginx ends connections after so many requests: all are answered, and counted once',
  async (t) => {
    const nginx = await startNginx({ http2: true, keepaliveRequests: 50 })
    t.teardown(nginx.remove)
    const wish = { protocol: 'http2', connections: { max: 4 } } as const
    const exchanges = new Exchanges(targetOf(`http://127.0.0.1:${nginx.http2Port}`, wish), { engine })
    await exchanges.transport.prepare()
    let left = 2000
    let sends = 0
    const loop = async () => {
      while (left-- > 0) {
        const exchange = await exchanges.send({ wantBody: true })
        t.is(exchange.status, 200, exchange.errorDetail ?? '')
        sends += exchange.sends
      }
    }
    await Promise.all(Array.from({ length: 40 }, loop))
    await exchanges.close()
    const seen = (await nginx.accessLog()).filter(({ path }) => path === '/')
    t.is(seen.length, 2000)
    t.is(sends, 2000)
    t.true(new Set(seen.map(({ connection }) => connection)).size >= 40)
  },
)

testWith('nginx')(
  'nginx resets a stream whose answer was whole before the request was read: that is success',
  async (t) => {
    const nginx = await startNginx({
      http2: true,
      server: `
      location /shop.v1.Cart/ {
        root static; default_type application/grpc; add_trailer grpc-status 0; error_page 405 =200 $uri;
      }`,
    })
    t.teardown(nginx.remove)
    const target = targetOf(`grpc://127.0.0.1:${nginx.http2Port}`, { grpc: shopProtos })
    const exchanges = new Exchanges(target, { engine, files: shopFiles })
    await exchanges.transport.prepare()
    const missing = await exchanges.send(add({}))
    t.is(missing.status, 12)
    t.regex(missing.errorDetail ?? '', /HTTP status 404/)
    await mkdir(join(nginx.folder, 'shop.v1.Cart'))
    await writeFile(join(nginx.folder, 'shop.v1.Cart/Add'), item(7))
    const all = await Promise.all(
      Array.from({ length: 500 }, () => exchanges.send({ ...add({}), wantBody: true })),
    )
    for (const { status, error, errorDetail, message } of all) {
      t.is(error, null, errorDetail ?? '')
      t.is(status, 0, errorDetail ?? '')
      t.is((message as { id: string }).id, '7')
    }
    await exchanges.close()
  },
)

test('a connection that was busy when its idle time was over is closed when it is idle', async (t) => {
  const server = createServer()
  server.on('stream', (stream) => {
    stream.respond({ ':status': 200 })
    setTimeout(() => stream.end('late'), 200)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const wish = { protocol: 'http2', connections: { idleMs: 50 } } as const
  const exchanges = new Exchanges(targetOf(`http://127.0.0.1:${port}`, wish), { engine })
  t.teardown(() => server.close())
  await exchanges.transport.prepare()
  t.is((await exchanges.send()).bodyBytes, 4)
  await until('none is open', () => exchanges.transport.openSockets === 0)
  await exchanges.close()
})

test('a server that takes its time to greet is not taken for idle', async (t) => {
  const server = await startRawServer((socket) => {
    setTimeout(() => socket.write(settings()), 200)
    socket.on('data', (bytes: Buffer) => {
      if (framesIn(bytes).some(({ type }) => type === frameTypes.headers)) {
        socket.write(headers(1, [':status', '204'], true))
      }
    })
  })
  const wish = { protocol: 'http2', connections: { idleMs: 50 } } as const
  const exchanges = new Exchanges(targetOf(server.url, wish), { engine })
  await exchanges.transport.prepare()
  t.is((await exchanges.send()).status, 204)
  await exchanges.close()
  await server.close()
})
