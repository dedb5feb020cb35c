import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import { makeCertificates } from '../../kit/certificates.ts'
import { Exchanges, type TargetWish, targetOf } from '../../kit/exchanges.ts'
import { neverAnswers, refusedPort, startRawServer } from '../../kit/failing-servers.ts'
import {
  add,
  grpcClients,
  shopProtos,
  shopServers,
  withShop as withShopOver,
} from '../../kit/grpc-exchanges.ts'
import { type GrpcShop, shopFiles, startGrpcShop, startPythonShop } from '../../kit/grpc-shop.ts'
import { until } from '../../kit/until.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const grpc = shopProtos
const mebibyte = 1024 * 1024
const ok = 0
const deadlineExceeded = 4
const notFound = 5
const resourceExhausted = 8
const unavailable = 14

for (const { client, engine } of grpcClients) {
  const withShop = (
    start: () => Promise<GrpcShop>,
    body: (exchanges: Exchanges, shop: GrpcShop) => Promise<void>,
    wish: TargetWish = {},
  ) => withShopOver(start, body, wish, engine)

  for (const [name, start] of shopServers) {
    test(`${client}, ${name}: a call is done once, with status, times, bytes, metadata and message`, async (t) => {
      const violations = await withShop(start, async (exchanges) => {
        const item = {
          id: '9007199254740993',
          name: 'cup',
          photo: 'AAEC',
          kind: 'GIFT',
          price: { currency: 'EUR', units: 12 },
          tags: ['a', 'b'],
          stock: { berlin: 3 },
          at: { seconds: 5, nanos: 6 },
        }
        const exchange = await exchanges.send({
          ...add(item, ['tenant', 'demo']),
          wantBody: true,
          wantHeaders: true,
        })
        t.is(exchange.error, null, exchange.errorDetail ?? '')
        t.is(exchange.status, ok)
        t.deepEqual(exchange.message, {
          ...item,
          price: { currency: 'EUR', units: '12' },
          at: '1970-01-01T00:00:05.000000006Z',
          fail_with: 0,
          delay_ms: 0,
          weight: 0,
          fragile: false,
          repeat: 0,
        })
        t.is(exchange.sends, 1)
        t.true(exchange.bodyBytes > 30)
        t.is(exchange.bytesIn, exchange.bodyBytes + 5)
        t.is(exchange.bytesOut, exchange.bodyBytes + 5)
        t.true(exchange.dispatchedAt <= exchange.sentAt && exchange.sentAt <= exchange.firstByteAt)
        t.true(exchange.firstByteAt <= exchange.doneAt)
        const headers = exchange.headers ?? []
        t.is(headers[headers.indexOf('tenant') + 1], 'demo')
        t.is((await exchanges.send(add({}))).message, null)
      })
      t.deepEqual(violations, [])
    })

    test(`${client}, ${name}: a status that is not OK is an answer with its code`, async (t) => {
      await withShop(start, async (exchanges) => {
        for (const code of [1, 3, notFound, 7, 8, 13, unavailable, 16]) {
          const exchange = await exchanges.send(add({ fail_with: code }))
          t.is(exchange.error, null)
          t.is(exchange.status, code)
          t.is(exchange.sends, 1)
          t.is(exchange.errorDetail, 'as asked')
        }
      })
    })

    test(`${client}, ${name}: a cancelled call ends with the error given, and the connection goes on`, async (t) => {
      const violations = await withShop(start, async (exchanges) => {
        const { exchange, done } = exchanges.start(add({ delay_ms: 3000 }))
        await until('it is sent', () => exchange.sends === 1)
        exchanges.cancel(exchange, 'timeout')
        exchanges.cancel(exchange, 'reset')
        const ended = await done
        t.is(ended.error, 'timeout')
        t.true(ended.doneAt - ended.sentAt < 3_000_000)
        t.is((await exchanges.send(add({ id: 1 }))).status, ok)
        t.is(exchanges.transport.openSockets, 1)
      })
      t.deepEqual(violations, [])
    })
  }

  test(`${client}: calls go over so many connections in turn`, async (t) => {
    const body = async (exchanges: Exchanges) => {
      await Promise.all(Array.from({ length: 12 }, () => exchanges.send(add({ delay_ms: 5 }))))
      t.is(exchanges.transport.openSockets, 3)
    }
    await withShop(() => startGrpcShop(), body, { connections: { max: 3 } })
  })

  test(`${client}: another connection is opened where a hundred calls are under way on each`, async (t) => {
    await withShop(
      () => startGrpcShop(),
      async (exchanges) => {
        const all = await Promise.all(
          Array.from({ length: 250 }, () => exchanges.send(add({ delay_ms: 50 }))),
        )
        t.true(all.every(({ status, error }) => status === ok && error === null))
        t.is(exchanges.transport.openSockets, 3)
      },
    )
  })

  test(`${client}: warm connections are open before the start, and no call was made`, async (t) => {
    const body = async (exchanges: Exchanges, shop: GrpcShop) => {
      t.is(exchanges.transport.openSockets, 2)
      t.is(shop.calls, 0)
    }
    await withShop(() => startGrpcShop(), body, { connections: { warm: 2 } })
  })

  test(`${client}: a connection that is too old is replaced, and its calls end well`, async (t) => {
    const body = async (exchanges: Exchanges, shop: GrpcShop) => {
      const all = await Promise.all(
        Array.from({ length: 20 }, async (_, n) => {
          await sleep(n * 5)
          return exchanges.send(add({ delay_ms: 30 }))
        }),
      )
      t.true(all.every(({ status, error }) => status === ok && error === null))
      t.is(shop.calls, 20)
    }
    await withShop(() => startGrpcShop(), body, { connections: { lifetimeMs: 20 } })
  })

  test(`${client}: where nobody listens the status is UNAVAILABLE, and nothing was sent`, async (t) => {
    const exchanges = new Exchanges(targetOf(`grpc://127.0.0.1:${await refusedPort()}`, { grpc }), {
      files: shopFiles,
    })
    t.teardown(() => exchanges.close())
    await exchanges.transport.prepare()
    for (let n = 0; n < 3; n++) {
      const exchange = await exchanges.send(add({}))
      t.is(exchange.error, null)
      t.is(exchange.status, unavailable)
      t.is(exchange.sends, 0)
      t.true(Number.isNaN(exchange.sentAt))
      t.regex(exchange.errorDetail ?? '', /ECONNREFUSED/)
    }
    t.deepEqual(exchanges.violations, [])
  })

  test(`${client}: a server that comes back is found again`, async (t) => {
    const first = await startGrpcShop()
    const exchanges = new Exchanges(targetOf(`grpc://127.0.0.1:${first.port}`, { grpc }), {
      files: shopFiles,
      engine,
    })
    t.teardown(() => exchanges.close())
    await exchanges.transport.prepare()
    t.is((await exchanges.send(add({}))).status, ok)
    await first.stop()
    t.is((await exchanges.send(add({}))).status, unavailable)
    const second = await startGrpcShop(null, first.port)
    t.teardown(() => second.stop())
    await until('it answers again', async () => (await exchanges.send(add({}))).status === ok)
    t.pass()
  })

  test(`${client}: a connection that is not there in time is a timeout`, async (t) => {
    const server = await startRawServer(neverAnswers)
    const exchanges = new Exchanges(
      targetOf(`grpcs://127.0.0.1:${server.port}`, { grpc, timeoutMs: { connect: 100 } }),
      { files: shopFiles, engine },
    )
    t.teardown(async () => {
      await exchanges.close()
      await server.close()
    })
    await exchanges.transport.prepare()
    const exchange = await exchanges.send(add({}))
    t.is(exchange.error, 'timeout')
    t.is(exchange.sends, 0)
    t.true(exchange.doneAt - exchange.dispatchedAt >= 99_000)
  })

  test(`${client}: TLS with an own authority is checked`, async (t) => {
    const { ca, cert, key } = await makeCertificates()
    const shop = await startGrpcShop({ cert, key })
    t.teardown(() => shop.stop())
    const outcome = async (tls: TargetWish['tls']) => {
      const exchanges = new Exchanges(targetOf(`grpcs://127.0.0.1:${shop.port}`, { grpc, tls: tls ?? {} }), {
        files: { ...shopFiles, 'ca.pem': ca },
        engine,
      })
      await exchanges.transport.prepare()
      const { status } = await exchanges.send(add({}))
      await exchanges.close()
      return status
    }
    t.is(await outcome({ caFile: 'ca.pem' }), ok)
    t.is(await outcome({ caFile: 'ca.pem', serverName: 'shop.test' }), ok)
    t.is(await outcome({ caFile: 'ca.pem', serverName: 'other.test' }), unavailable)
    t.is(await outcome({}), unavailable)
    t.is(await outcome({ insecureSkipVerify: true }), ok)
  })

  test(`${client}: a message over the bound is too_large, whether it is looked at or not`, async (t) => {
    const body = async (exchanges: Exchanges) => {
      const large = add({ name: 'x'.repeat(2_000_000) })
      for (const wantBody of [true, false]) {
        const exchange = await exchanges.send({ ...large, wantBody })
        t.is(exchange.error, 'too_large')
        t.regex(exchange.errorDetail ?? '', /1000000 bytes/)
      }
      t.is((await exchanges.send(add({ name: 'x'.repeat(900_000) }))).status, ok)
      t.is(exchanges.transport.openSockets, 1)
    }
    await withShop(() => startPythonShop(), body, { maxBodyBytes: 1_000_000 })
  })

  test(`${client}: a server that finds our message too large gives its status`, async (t) => {
    await withShop(
      () => startGrpcShop(),
      async (exchanges) => {
        // grpc-js servers read messages of 4 MB at most.
        const exchange = await exchanges.send(add({ name: 'x'.repeat(5_000_000) }))
        t.is(exchange.error, null)
        t.is(exchange.status, resourceExhausted)
      },
    )
  })

  test(`${client}: a message that cannot be made is a protocol error`, async (t) => {
    await withShop(
      () => startGrpcShop(),
      async (exchanges) => {
        const exchange = await exchanges.send(add({ price: 'much' }))
        t.is(exchange.error, 'protocol')
        t.regex(exchange.errorDetail ?? '', /price/)
        t.is((await exchanges.send(add({}))).status, ok)
      },
    )
  })

  test(`${client}: a deadline that the server itself sets is its answer`, async (t) => {
    await withShop(
      () => startGrpcShop(),
      async (exchanges) => {
        const exchange = await exchanges.send(add({ fail_with: deadlineExceeded }))
        t.is(exchange.status, deadlineExceeded)
        t.is(exchange.error, null)
      },
    )
  })

  for (const [name, message, isCancelled, expected] of [
    ['answers NOT_FOUND', { fail_with: notFound }, false, notFound],
    ['cancelled calls', { delay_ms: 1000 }, true, 'timeout'],
  ] as const) {
    test.serial(`${client}: 10000 ${name} are each counted, and leave no memory`, async (t) => {
      await withShop(
        () => startGrpcShop(),
        async (exchanges) => {
          let right = 0
          const many = async (total: number) => {
            let left = total
            const loop = async () => {
              while (left-- > 0) {
                const { exchange, done } = exchanges.start(add(message))
                if (isCancelled) {
                  while (exchange.sends === 0) await new Promise((resolve) => setImmediate(resolve))
                  exchanges.cancel(exchange, 'timeout')
                }
                const { error, status } = await done
                if ((error ?? status) === expected) right++
              }
            }
            await Promise.all(Array.from({ length: 50 }, loop))
          }
          await many(2000)
          const before = await settledHeap()
          await many(8000)
          // The server in this process keeps a cancelled call until its delay is over, and whoever collects garbage all the time keeps it from that.
          const isFree = async () => (await settledHeap()) - before < 5 * mebibyte
          await until('the memory is free again', isFree, { withinMs: 60_000, everyMs: 500 })
          t.is(right, 10_000)
          t.is(exchanges.underWay, 0)
        },
      )
    })
  }

  test(`${client}: closing ends what is under way with reset`, async (t) => {
    const shop = await startGrpcShop()
    t.teardown(() => shop.stop())
    const exchanges = new Exchanges(targetOf(`grpc://127.0.0.1:${shop.port}`, { grpc }), {
      files: shopFiles,
      engine,
    })
    await exchanges.transport.prepare()
    const all = Array.from({ length: 5 }, () => exchanges.start(add({ delay_ms: 5000 })))
    await until('all are sent', () => all.every(({ exchange }) => exchange.sends === 1))
    await exchanges.close()
    for (const { done } of all) t.is((await done).error, 'reset')
    t.is(exchanges.transport.openSockets, 0)
  })
}

async function settledHeap(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    await sleep(20)
    collectGarbage()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
