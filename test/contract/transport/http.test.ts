import type { RequestListener, ServerResponse } from 'node:http'
import test from 'ava'
import { type Certificates, makeCertificates } from '../../kit/certificates.ts'
import { Exchanges, type TargetWish, targetOf } from '../../kit/exchanges.ts'
import { refusedPort } from '../../kit/failing-servers.ts'
import {
  caFile,
  echo,
  type Flavour,
  flavours,
  type Served,
  serve,
  withServer as withServerOf,
} from '../../kit/http-flavours.ts'
import { until } from '../../kit/until.ts'

let certificates: Certificates
test.before(async () => {
  certificates = await makeCertificates()
})

function withServer(
  flavour: Flavour,
  listener: RequestListener,
  body: (exchanges: Exchanges, server: Served) => Promise<void>,
  wish: TargetWish = {},
): Promise<string[]> {
  return withServerOf(flavour, { certificates, listener, wish }, body)
}

for (const flavour of flavours) {
  const { name, isHttp2 } = flavour

  test(`${name}: an exchange is done once, with status, times, bytes and body`, async (t) => {
    const violations = await withServer(flavour, echo, async (exchanges) => {
      const first = await exchanges.send({ method: 'POST', body: 'hello', wantBody: true })
      t.is(
        exchanges.transport.name,
        flavour.engine === 'undici' ? 'undici' : isHttp2 ? 'wire-http2' : 'wire-http1',
      )
      t.is(first.error, null)
      t.is(first.status, 200)
      t.is(Buffer.from(first.body ?? []).toString(), 'hello')
      t.is(first.sends, 1)
      t.is(first.bodyBytes, 5)
      t.true(first.dispatchedAt <= first.sentAt && first.sentAt <= first.firstByteAt)
      t.true(first.firstByteAt <= first.doneAt)
      t.true(first.bytesIn >= 5 && first.bytesOut >= 5, `${first.bytesIn} in, ${first.bytesOut} out`)
      t.true(first.connectMicros > 0)
      t.is(first.tlsMicros > 0, flavour.scheme === 'https')
      t.is(first.headers, null)
      t.is(first.setCookies, null)
      const second = await exchanges.send()
      t.is(second.body, null)
      t.is(second.bodyBytes, 0)
      t.true(Number.isNaN(second.connectMicros), 'the second found the connection open')
    })
    t.deepEqual(violations, [])
  })

  test(`${name}: connections are used again, and one after the other`, async (t) => {
    await withServer(flavour, echo, async (exchanges, server) => {
      for (let n = 0; n < 20; n++) t.is((await exchanges.send()).status, 200)
      t.is(server.connections, 1)
      t.is(exchanges.transport.openSockets, 1)
    })
  })

  test(`${name}: what waits for one of few connections is served first come, first served`, async (t) => {
    const order: string[] = []
    const later: RequestListener = (request, response) => {
      order.push(request.url ?? '')
      setTimeout(() => response.end(), 2)
    }
    const body = async (exchanges: Exchanges, server: Served) => {
      await Promise.all(Array.from({ length: 30 }, (_, n) => exchanges.send({ path: `/${n}` })))
      t.deepEqual(
        order,
        Array.from({ length: 30 }, (_, n) => `/${n}`),
      )
      t.is(server.connections, 1)
    }
    await withServer(flavour, later, body, { connections: { max: 1 } })
  })

  test(`${name}: as many connections as the load needs are opened`, async (t) => {
    const held: ServerResponse[] = []
    const later: RequestListener = (_request, response) => {
      held.push(response)
      if (held.length === 50) for (const one of held) one.end()
    }
    await withServer(flavour, later, async (exchanges, server) => {
      const all = await Promise.all(Array.from({ length: 50 }, () => exchanges.send()))
      t.true(all.every(({ status }) => status === 200))
      t.is(server.connections, isHttp2 ? 1 : 50)
    })
  })

  test(`${name}: each user has a connection of their own where asked`, async (t) => {
    const body = async (exchanges: Exchanges, server: Served) => {
      for (let n = 0; n < 3; n++) {
        await Promise.all([1, 2, 3, 4].map((user) => exchanges.send({ user })))
      }
      t.is(server.connections, 4)
    }
    await withServer(flavour, echo, body, { connections: { share: 'user' } })
  })

  test(`${name}: users above the bound take turns`, async (t) => {
    const body = async (exchanges: Exchanges, server: Served) => {
      const all = await Promise.all([1, 2, 3, 4, 5].map((user) => exchanges.send({ user })))
      t.true(all.every(({ status }) => status === 200))
      t.true(server.open <= 2, `${server.open} open`)
    }
    await withServer(flavour, echo, body, { connections: { share: 'user', max: 2 } })
  })

  test(`${name}: warm connections are open before the start, and no request was sent`, async (t) => {
    const body = async (exchanges: Exchanges, server: Served) => {
      t.is(exchanges.transport.openSockets, 5)
      await until('five connections', () => server.connections === 5)
      t.is(server.requests, 0)
      const exchange = await exchanges.send()
      t.is(exchange.status, 200)
      t.true(Number.isNaN(exchange.connectMicros))
      t.is(server.connections, 5)
    }
    await withServer(flavour, echo, body, { connections: { warm: 5 } })
  })

  test(`${name}: a connection that is too old is replaced`, async (t) => {
    const body = async (exchanges: Exchanges, server: Served) => {
      await exchanges.send()
      await until('its lifetime is over', async () => {
        await exchanges.send()
        return server.connections > 1
      })
      t.pass()
    }
    await withServer(flavour, echo, body, { connections: { lifetimeMs: 20 } })
  })

  test(`${name}: idle connections are closed`, async (t) => {
    const body = async (exchanges: Exchanges) => {
      await exchanges.send()
      await until('none is open', () => exchanges.transport.openSockets === 0)
      t.is((await exchanges.send()).status, 200)
    }
    await withServer(flavour, echo, body, { connections: { idleMs: 50 } })
  })

  test(`${name}: a cancelled exchange ends with the error given, and its place is free at once`, async (t) => {
    const never: RequestListener = (request, response) => {
      if (request.url === '/answer') response.end('ok')
    }
    const body = async (exchanges: Exchanges) => {
      const stuck = exchanges.start({ path: '/never' })
      const waiting = exchanges.start({ path: '/answer' })
      const alsoWaiting = exchanges.start({ path: '/answer' })
      await until('it is sent', () => stuck.exchange.sends === 1)
      exchanges.cancel(alsoWaiting.exchange, 'timeout')
      t.is((await alsoWaiting.done).error, 'timeout')
      exchanges.cancel(stuck.exchange, 'timeout')
      exchanges.cancel(stuck.exchange, 'reset')
      const ended = await stuck.done
      t.is(ended.error, 'timeout')
      t.is(ended.status, 0)
      t.true(ended.doneAt > ended.sentAt)
      const next = await waiting.done
      t.is(next.status, 200)
      exchanges.cancel(next, 'timeout')
    }
    // With HTTP/2 all three are under way at once.
    t.deepEqual(await withServer(flavour, never, body, { connections: { max: 1 } }), [])
  })

  test(`${name}: an exchange that was cancelled can be used again at once`, async (t) => {
    const never: RequestListener = (request, response) => {
      if (request.url === '/answer') setTimeout(() => response.end('ok'), 5)
    }
    const violations = await withServer(flavour, never, async (exchanges) => {
      for (let n = 0; n < 10; n++) {
        const stuck = exchanges.start({ path: '/never' })
        await until('it is sent', () => stuck.exchange.sends === 1)
        exchanges.cancel(stuck.exchange, 'timeout')
        t.is((await stuck.done).error, 'timeout')
        const again = exchanges.start({ path: '/answer' })
        t.is(again.exchange, stuck.exchange)
        const { status, errorDetail } = await again.done
        t.is(status, 200, errorDetail ?? '')
      }
    })
    t.deepEqual(violations, [])
  })

  test(`${name}: a slow answer arrives, and its service time is the server's`, async (t) => {
    const slow: RequestListener = (_request, response) => {
      setTimeout(() => response.end('late'), 120)
    }
    await withServer(flavour, slow, async (exchanges) => {
      const exchange = await exchanges.send()
      t.is(exchange.status, 200)
      t.true(exchange.firstByteAt - exchange.sentAt > 100_000)
    })
  })

  test(`${name}: headers are a flat list in lower case, cookies a list, both only where wanted`, async (t) => {
    const talk: RequestListener = (_request, response) => {
      response.setHeader('X-Thing', 'A, b')
      response.setHeader('Set-Cookie', ['a=1; Path=/', 'b=2'])
      response.end()
    }
    await withServer(flavour, talk, async (exchanges) => {
      const { headers, setCookies } = await exchanges.send({ wantHeaders: true, wantCookies: true })
      const list = headers ?? []
      t.is(list[list.indexOf('x-thing') + 1], 'A, b')
      t.is(list.filter((part) => part === 'set-cookie').length, 2)
      t.deepEqual(setCookies, ['a=1; Path=/', 'b=2'])
      t.deepEqual((await exchanges.send({ wantCookies: true })).headers, null)
    })
  })

  test(`${name}: an answer that may be a failure keeps its headers and the beginning of its body`, async (t) => {
    const talk: RequestListener = (_request, response) => {
      response.statusCode = 503
      response.setHeader('X-Reason', 'full')
      response.write('overloaded ')
      response.end('x'.repeat(100_000))
    }
    await withServer(flavour, talk, async (exchanges) => {
      const { headers, body, bodyBytes } = await exchanges.send()
      t.true(headers?.includes('x-reason'))
      t.is(body?.length, 4096)
      t.is(
        Buffer.from(body ?? [])
          .toString()
          .slice(0, 12),
        'overloaded x',
      )
      t.is(bodyBytes, 100_011)
      t.is((await exchanges.send({ wantBody: true })).body?.length, 100_011)
    })
  })

  test(`${name}: the request goes out as rendered`, async (t) => {
    const mirror: RequestListener = (request, response) => {
      const { method, url, headers } = request
      response.end(JSON.stringify({ method, url, headers }))
    }
    await withServer(flavour, mirror, async (exchanges, server) => {
      const { body } = await exchanges.send({
        method: 'PUT',
        path: '/a%20b?c=d',
        headers: ['x-one', '1', 'content-type', 'text/plain'],
        body: new TextEncoder().encode('bytes'),
        wantBody: true,
      })
      const seen = JSON.parse(Buffer.from(body ?? []).toString())
      t.is(seen.method, 'PUT')
      t.is(seen.url, '/a%20b?c=d')
      t.is(seen.headers['x-one'], '1')
      t.is(seen.headers['content-length'], '5')
      t.is(seen.headers['accept-encoding'], undefined)
      t.is(seen.headers[isHttp2 ? ':authority' : 'host'], new URL(server.url).host)
    })
  })

  test(`${name}: HEAD, 204, 304 and 500 have no surprises, and leave the connection open`, async (t) => {
    const odd: RequestListener = (request, response) => {
      response.statusCode = Number(request.url?.slice(1))
      if (response.statusCode === 200) response.setHeader('content-length', '1000')
      response.end()
    }
    await withServer(flavour, odd, async (exchanges, server) => {
      for (const [method, path, status] of [
        ['HEAD', '/200', 200],
        ['GET', '/204', 204],
        ['GET', '/304', 304],
        ['GET', '/500', 500],
        ['DELETE', '/404', 404],
      ] as const) {
        const exchange = await exchanges.send({ method, path, wantBody: true })
        t.is(exchange.error, null, exchange.errorDetail ?? '')
        t.is(exchange.status, status)
        t.is(exchange.body?.length, 0)
      }
      t.is(server.connections, 1)
    })
  })

  test(`${name}: a body over the bound is too_large, one that nobody looks at has none`, async (t) => {
    const large: RequestListener = (_request, response) => {
      response.end(Buffer.alloc(200_000, 'x'))
    }
    const body = async (exchanges: Exchanges) => {
      const kept = await exchanges.send({ wantBody: true })
      t.is(kept.error, 'too_large')
      t.is(kept.body, null)
      const discarded = await exchanges.send()
      t.is(discarded.error, null)
      t.is(discarded.bodyBytes, 200_000)
      t.true(discarded.bytesIn >= 200_000)
    }
    t.deepEqual(await withServer(flavour, large, body, { maxBodyBytes: 100_000 }), [])
  })

  test(`${name}: how a body is coded is told with it, and of failures`, async (t) => {
    const coded: RequestListener = (request, response) => {
      response.writeHead(request.url === '/500' ? 500 : 200, { 'content-encoding': 'gzip' })
      response.end('not decoded here')
    }
    await withServer(flavour, coded, async (exchanges) => {
      const wanted = await exchanges.send({ wantBody: true })
      t.is(wanted.encoding, 'gzip')
      t.is(Buffer.from(wanted.body ?? []).toString(), 'not decoded here')
      t.is((await exchanges.send()).encoding, null)
      t.is((await exchanges.send({ path: '/500' })).encoding, 'gzip')
    })
    await withServer(flavour, echo, async (exchanges) => {
      t.is((await exchanges.send({ wantBody: true })).encoding, null)
    })
  })

  test(`${name}: a refused connection is refused`, async (t) => {
    const url = `${flavour.scheme}://127.0.0.1:${await refusedPort()}`
    const exchanges = new Exchanges(targetOf(url, flavour.wish), {
      files: { [caFile]: certificates.ca },
      engine: flavour.engine,
    })
    await exchanges.transport.prepare()
    const exchange = await exchanges.send()
    t.is(exchange.error, 'refused')
    t.regex(exchange.errorDetail ?? '', /ECONNREFUSED/)
    t.is(exchange.sends, 0)
    t.true(Number.isNaN(exchange.sentAt))
    await exchanges.close()
    t.deepEqual(exchanges.violations, [])
  })

  test(`${name}: closing ends what is under way with reset, and leaves no socket`, async (t) => {
    const server = await serve(flavour, () => {}, { certificates })
    const exchanges = new Exchanges(targetOf(server.url, flavour.wish), {
      files: { [caFile]: certificates.ca },
      engine: flavour.engine,
    })
    await exchanges.transport.prepare()
    const all = Array.from({ length: 5 }, () => exchanges.start())
    await until('all are sent', () => all.every(({ exchange }) => exchange.sends === 1))
    await exchanges.close()
    t.is(exchanges.transport.openSockets, 0)
    for (const { done } of all) t.is((await done).error, 'reset')
    await until('the server sees them closed', () => server.open === 0)
    await server.close()
    t.deepEqual(exchanges.violations, [])
  })

  test(`${name}: a request that cannot be written is a protocol error, and harms no other`, async (t) => {
    const violations = await withServer(flavour, echo, async (exchanges, server) => {
      t.is((await exchanges.send()).status, 200)
      const exchange = await exchanges.send({ headers: ['transfer-encoding', 'chunked'] })
      t.is(exchange.error, 'protocol')
      t.is(exchange.sends, 0)
      t.is((await exchanges.send()).status, 200)
      t.is(server.connections, 1)
    })
    t.deepEqual(violations, [])
  })
}
