import type { ExecutionContext } from 'ava'
import test from 'ava'
import type { RequestError } from '../../../core/measure/request-error.ts'
import type { HttpProxy } from '../../../core/spec/load-test.ts'
import { type Certificates, makeCertificates } from '../../kit/certificates.ts'
import { Exchanges, targetOf } from '../../kit/exchanges.ts'
import { onEachRequest, refusedPort, startRawServer } from '../../kit/failing-servers.ts'
import { add, grpcClients, shopProtos } from '../../kit/grpc-exchanges.ts'
import { shopFiles, startGrpcShop } from '../../kit/grpc-shop.ts'
import { caFile, echo, flavours, http1Clients, withServer } from '../../kit/http-flavours.ts'
import { startNginx } from '../../kit/nginx.ts'
import { startTinyproxy } from '../../kit/tinyproxy.ts'
import { testWith } from '../../kit/tools.ts'
import { until } from '../../kit/until.ts'

let certificates: Certificates
test.before(async () => {
  certificates = await makeCertificates()
})

const load = { user: 'load', password: 'secret' }
const plain = (url: string): HttpProxy => ({ url, auth: null })
const knowing = (url: string, { user, password }: { user: string; password: string }): HttpProxy => ({
  url,
  auth: { user: { kind: 'value', value: user }, password: { kind: 'value', value: password } },
})

async function proxyFor(t: ExecutionContext, auth: Parameters<typeof startTinyproxy>[0] = null) {
  const proxy = await startTinyproxy(auth)
  t.teardown(proxy.stop)
  return proxy
}

for (const flavour of flavours) {
  const { name, scheme, isHttp2 } = flavour
  const isForwarded = scheme === 'http' && !isHttp2

  testWith('tinyproxy')(`${name}: requests go through a proxy`, async (t) => {
    const proxy = await proxyFor(t)
    const vias = new Set<unknown>()
    // tinyproxy closes a connection behind each answer without a word: what was not idempotent could not be sent again.
    const [method, times] = isForwarded ? (['GET', 1] as const) : (['POST', 3] as const)
    const violations = await withServer(
      flavour,
      {
        certificates,
        wish: { proxy: plain(proxy.url) },
        listener(request, response) {
          vias.add(request.headers.via)
          echo(request, response)
        },
      },
      async (exchanges, server) => {
        for (let n = 0; n < times; n++) {
          const body = method === 'POST' ? 'hello' : null
          const exchange = await exchanges.send({ method, path: `/${n}?x=1`, body, wantBody: true })
          t.is(exchange.error, null, exchange.errorDetail ?? '')
          t.is(Buffer.from(exchange.body ?? []).toString(), body ?? '')
          t.true(exchange.connectMicros > 0 || n > 0)
        }
        const { host } = new URL(server.url)
        const line = isForwarded ? `GET http://${host}/0?x=1 HTTP/1.1` : `CONNECT ${host} HTTP/1.1`
        t.deepEqual(await proxy.requests(), [line])
      },
    )
    t.deepEqual(violations, [])
    t.is(vias.size, 1)
    t.is(
      [...vias].includes(undefined),
      !isForwarded,
      'the proxy touches nothing of what goes through its tunnel',
    )
  })

  testWith('tinyproxy')(
    `${name}: a proxy that wants a name and a password is given them, and the target is not`,
    async (t) => {
      const auth = { user: 'load', password: 'secret' }
      const proxy = await proxyFor(t, auth)
      const given = new Set<unknown>()
      await withServer(
        flavour,
        {
          certificates,
          wish: { proxy: knowing(proxy.url, auth) },
          listener(request, response) {
            given.add(request.headers['proxy-authorization'])
            echo(request, response)
          },
        },
        async (exchanges) => {
          t.is((await exchanges.send()).status, 200)
          t.is((await exchanges.send()).status, 200)
        },
      )
      t.deepEqual([...given], [undefined])
    },
  )

  testWith('tinyproxy')(`${name}: without them the proxy is to blame`, async (t) => {
    const proxy = await proxyFor(t, { user: 'load', password: 'secret' })
    const wish = { proxy: plain(proxy.url) }
    await withServer(flavour, { certificates, wish, listener: echo }, async (exchanges, server) => {
      const exchange = await exchanges.send()
      if (isForwarded) {
        t.is(exchange.status, 407)
      } else {
        t.is(exchange.error, 'refused')
        t.regex(
          exchange.errorDetail ?? '',
          /^the proxy http:\/\/127\.0\.0\.1:\d+ refused a tunnel to 127\.0\.0\.1:\d+: 40[17] .*(; give target\.proxy\.auth|$)/,
        )
        t.is(exchange.sends, 0)
      }
      t.is(server.requests, 0)
    })
  })

  testWith('tinyproxy')(`${name}: a target that cannot be reached behind the proxy`, async (t) => {
    const proxy = await proxyFor(t)
    const url = `${scheme}://127.0.0.1:${await refusedPort()}`
    const wish = { ...flavour.wish, proxy: plain(proxy.url) }
    const exchanges = new Exchanges(targetOf(url, wish), {
      files: { [caFile]: certificates.ca },
      engine: flavour.engine,
    })
    await exchanges.transport.prepare()
    const exchange = await exchanges.send()
    await exchanges.close()
    if (isForwarded) t.is(exchange.status, 500)
    else {
      t.is(exchange.error, 'refused')
      t.regex(exchange.errorDetail ?? '', /the proxy http.* refused a tunnel to .*: 500 /)
    }
    t.deepEqual(exchanges.violations, [])
  })

  test(`${name}: a proxy that nobody runs is named`, async (t) => {
    const proxy = `http://127.0.0.1:${await refusedPort()}`
    const wish = { proxy: plain(proxy) }
    await withServer(flavour, { certificates, wish, listener: echo }, async (exchanges, server) => {
      const exchange = await exchanges.send()
      t.is(exchange.error, 'refused')
      t.regex(exchange.errorDetail ?? '', new RegExp(`^the proxy ${proxy} cannot be used: .*ECONNREFUSED`))
      t.is(server.connections, 0)
    })
  })
}

const http1OverTls = flavours.filter(({ scheme, isHttp2 }) => scheme === 'https' && !isHttp2)

const odd: readonly (readonly [title: string, answer: string | null, error: RequestError, detail: RegExp])[] =
  [
    [
      'forbids it',
      'HTTP/1.1 403 Filtered\r\n\r\n',
      'refused',
      /refused a tunnel to 127\.0\.0\.1:\d+: 403 Filtered$/,
    ],
    [
      'wants to know who calls',
      'HTTP/1.1 407 Who\r\nproxy-authenticate: basic\r\n\r\n',
      'refused',
      /407 Who; give target\.proxy\.auth/,
    ],
    [
      'says nothing that is HTTP',
      'SSH-2.0-OpenSSH_9.2\r\n\r\n',
      'protocol',
      /answered CONNECT by what is no HTTP/,
    ],
    ['says nothing and closes', null, 'reset', /closed the connection instead of opening a tunnel/],
    [
      'never comes to an end',
      `HTTP/1.1 200 OK\r\n${'x-more: 1\r\n'.repeat(3000)}`,
      'protocol',
      /no end of headers/,
    ],
  ]

for (const overTls of http1OverTls) {
  const { name } = overTls

  for (const [title, answer, error, detail] of odd) {
    test(`${name}: a proxy that ${title} is counted as ${error}`, async (t) => {
      const proxy = await startRawServer((socket) => {
        onEachRequest(socket, () => (answer === null ? socket.end() : socket.write(answer)))
      })
      t.teardown(proxy.close)
      const wish = { proxy: plain(proxy.url) }
      await withServer(overTls, { certificates, wish, listener: echo }, async (exchanges) => {
        const exchange = await exchanges.send()
        t.is(exchange.error, error)
        t.regex(exchange.errorDetail ?? '', detail)
        t.regex(exchange.errorDetail ?? '', /^the proxy http:\/\/127\.0\.0\.1:\d+ /)
        await until('its socket is gone', () => exchanges.transport.openSockets === 0)
      })
    })
  }

  test(`${name}: a proxy that never answers is a connect timeout that names it`, async (t) => {
    const proxy = await startRawServer(() => {})
    t.teardown(proxy.close)
    const wish = { proxy: plain(proxy.url), timeoutMs: { connect: 100 } }
    await withServer(overTls, { certificates, wish, listener: echo }, async (exchanges) => {
      const exchange = await exchanges.send()
      t.is(exchange.error, 'timeout')
      t.regex(
        exchange.errorDetail ?? '',
        /no connection within 100 ms, through the proxy http:\/\/127\.0\.0\.1:\d+/,
      )
      await until('its socket is gone', () => exchanges.transport.openSockets === 0)
    })
  })

  test(`${name}: what is asked of a proxy is exact`, async (t) => {
    const heads: string[] = []
    const proxy = await startRawServer((socket) => {
      onEachRequest(socket, (head) => {
        heads.push(head)
        socket.end('HTTP/1.1 502 Bad\r\ncontent-length: 0\r\n\r\n')
      })
    })
    t.teardown(proxy.close)
    const wish = { proxy: knowing(proxy.url, { user: 'load', password: 'päss:word' }) }
    await withServer(overTls, { certificates, wish, listener: echo }, async (exchanges, { port }) => {
      await exchanges.send()
      t.deepEqual(heads, [
        `CONNECT 127.0.0.1:${port} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nProxy-Authorization: Basic bG9hZDpww6Rzczp3b3Jk`,
      ])
    })
  })
}

for (const { client, engine } of http1Clients) {
  testWith('nginx')(`${client}: requests that a proxy sends on share its connections`, async (t) => {
    const [shop, proxy] = await Promise.all([
      startNginx(),
      startNginx({ server: 'location = /page { proxy_pass http://$http_host$request_uri; }' }),
    ])
    t.teardown(shop.remove)
    t.teardown(proxy.remove)
    const exchanges = new Exchanges(targetOf(shop.url, { proxy: plain(proxy.url) }), { engine })
    await exchanges.transport.prepare()
    for (let n = 0; n < 5; n++) {
      const exchange = await exchanges.send({ method: 'POST', path: '/page', body: 'x' })
      t.is(exchange.status, 200, exchange.errorDetail ?? '')
    }
    await exchanges.close()
    const through = await proxy.accessLog()
    t.is(through.length, 5)
    t.is(new Set(through.map(({ connection }) => connection)).size, 1)
    t.is((await shop.accessLog()).filter(({ path }) => path === '/page').length, 5)
  })
}

test('a proxy whose name does not resolve is told before the start', async (t) => {
  const exchanges = new Exchanges(
    targetOf('http://127.0.0.1:9', { proxy: plain('http://no-such-proxy.invalid:3128') }),
  )
  const error = await t.throwsAsync(exchanges.transport.prepare())
  t.like(error, { code: 'target-unreachable' })
  t.regex(error?.message ?? '', /no-such-proxy\.invalid/)
  t.regex((error as { hint?: string }).hint ?? '', /target\.proxy/)
})

for (const { client, engine } of grpcClients) {
  for (const scheme of ['grpc', 'grpcs'] as const) {
    testWith('tinyproxy')(`${client}, ${scheme}: calls go through a tunnel of the proxy`, async (t) => {
      const proxy = await proxyFor(t, load)
      const shop = await startGrpcShop(scheme === 'grpcs' ? certificates : null)
      t.teardown(shop.stop)
      const target = targetOf(`${scheme}://localhost:${shop.port}`, {
        tls: { caFile: scheme === 'grpcs' ? caFile : null },
        grpc: shopProtos,
        proxy: knowing(proxy.url, load),
      })
      const exchanges = new Exchanges(target, { files: { ...shopFiles, [caFile]: certificates.ca }, engine })
      await exchanges.transport.prepare()
      for (let n = 0; n < 3; n++) {
        const exchange = await exchanges.send(add({ id: 1 }))
        t.is(exchange.error, null)
        t.is(exchange.status, 0, exchange.errorDetail ?? '')
      }
      await exchanges.close()
      t.deepEqual(
        (await proxy.requests()).filter((line) => line.startsWith('CONNECT')),
        [`CONNECT localhost:${shop.port} HTTP/1.1`],
      )
    })
  }

  test(`${client}: a call through a proxy that refuses it is UNAVAILABLE, and says why`, async (t) => {
    const proxy = await startRawServer((socket) => {
      onEachRequest(socket, () => socket.end('HTTP/1.1 403 Filtered\r\n\r\n'))
    })
    t.teardown(proxy.close)
    const target = targetOf('grpc://localhost:50051', {
      grpc: shopProtos,
      proxy: plain(proxy.url),
    })
    const exchanges = new Exchanges(target, { files: shopFiles, engine })
    await exchanges.transport.prepare()
    const exchange = await exchanges.send(add({ id: 1 }))
    await exchanges.close()
    t.is(exchange.status, 14)
    t.is(exchange.sends, 0)
    t.regex(exchange.errorDetail ?? '', new RegExp(`through the proxy ${proxy.url}`))
  })
}
