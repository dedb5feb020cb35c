import { constants } from 'node:http2'
import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import type { Exchange } from '../../../worker/engine/transport-port.ts'
import { callOf, exchangesWith, shopServers, watching, withShop } from '../../kit/grpc-exchanges.ts'
import { answerHead, type CallBehaviour, framed, item, startHostileGrpc } from '../../kit/grpc-hostile.ts'
import { startGrpcShop, startPythonShop } from '../../kit/grpc-shop.ts'
import { until } from '../../kit/until.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const ok = 0
const cancelled = 1
const deadlineExceeded = 4
const notFound = 5
const internal = 13
const unavailable = 14

/** The deadline of a call, 10 s, would end it at the server too. */
const beforeDeadline = { withinMs: 5_000 }

const idsOf = (messages: readonly unknown[]) => messages.map((message) => (message as { id: string }).id)

for (const [name, start] of shopServers) {
  test.serial(
    `${name}: a stream of the server is taken message by message, and done with its status`,
    async (t) => {
      const violations = await withShop(start, async (exchanges) => {
        const taken: unknown[] = []
        const exchange = await exchanges.send({
          ...callOf('Watch', [{ name: 'cup', repeat: 4, delay_ms: 20 }], {
            metadata: ['tenant', 'demo', 'trace-bin', 'AAEC'],
          }),
          wantBody: true,
          wantHeaders: true,
          ...watching(taken),
        })
        t.is(exchange.error, null, exchange.errorDetail ?? '')
        t.is(exchange.status, ok)
        t.deepEqual(idsOf(taken), ['1', '2', '3', '4'])
        t.is(exchange.messages, 4)
        t.deepEqual(exchange.message, taken)
        t.is(exchange.sends, 1)
        t.is(exchange.bytesIn, exchange.bodyBytes + 4 * 5)
        t.true(exchange.bodyBytes >= 4 * 7)
        // Its first byte is its first message, and it is done with its last one.
        const [first, last] = [exchange.firstByteAt - exchange.sentAt, exchange.doneAt - exchange.sentAt]
        t.true(first >= 18_000 && last >= 75_000 && first < last / 2, `${first} ${last}`)
        const headers = exchange.headers ?? []
        t.is(headers[headers.indexOf('tenant') + 1], 'demo')
        t.is(headers[headers.indexOf('trace-bin') + 1], 'AAEC')
      })
      t.deepEqual(violations, [])
    },
  )

  test.serial(`${name}: a stream of the client ends with its last message, and has one answer`, async (t) => {
    const violations = await withShop(start, async (exchanges) => {
      const items = ['cup', 'jug', 'pot'].map((name) => ({ name }))
      for (const [messages, betweenMs, name] of [
        [items, 0, 'pot'],
        [items, 30, 'pot'],
        [[{ name: 'one' }], 0, 'one'],
        [[], 0, ''],
      ] as const) {
        const exchange = await exchanges.send({ ...callOf('Fill', messages, { betweenMs }), wantBody: true })
        t.is(exchange.error, null, exchange.errorDetail ?? '')
        const { id, name: last } = exchange.message as { id: string; name: string }
        t.deepEqual([id, last], [String(messages.length), name])
        t.is(exchange.messages, 1)
        t.is(
          exchange.bytesOut,
          messages.reduce((sum, { name }) => sum + 5 + 2 + name.length, 0),
        )
        t.true(exchange.doneAt - exchange.sentAt >= betweenMs * (messages.length - 1) * 900)
      }
    })
    t.deepEqual(violations, [])
  })

  test.serial(`${name}: streams both ways run beside each other`, async (t) => {
    const violations = await withShop(start, async (exchanges) => {
      const at: number[] = []
      const taken: unknown[] = []
      const watch = {
        take: (message: unknown) => {
          at.push(exchanges.clock.nowMicros())
          taken.push(message)
          return false
        },
      }
      const messages = [1, 2, 3].map((id) => ({ id }))
      const exchange = await exchanges.send({
        ...callOf('Talk', messages, { betweenMs: 150 }),
        wantBody: true,
        watch,
      })
      t.is(exchange.status, ok)
      t.deepEqual(idsOf(taken), ['1', '2', '3'])
      // The first answer came while the third message was still to be sent.
      t.true((at[0] ?? 0) - exchange.sentAt < 280_000)
      t.true(exchange.doneAt - exchange.sentAt >= 280_000)
      const none = await exchanges.send(callOf('Talk', []))
      t.deepEqual([none.status, none.error, none.messages], [ok, null, 0])
    })
    t.deepEqual(violations, [])
  })

  test(`${name}: a status that ends a stream is its answer, whatever came before`, async (t) => {
    await withShop(start, async (exchanges) => {
      const watch = await exchanges.send(callOf('Watch', [{ repeat: 2, fail_with: notFound }]))
      t.deepEqual(
        [watch.error, watch.status, watch.messages, watch.errorDetail],
        [null, notFound, 2, 'as asked'],
      )
      const fill = await exchanges.send(callOf('Fill', [{}, { fail_with: notFound }, {}]))
      t.deepEqual([fill.error, fill.status, fill.messages], [null, notFound, 0])
      const talk = await exchanges.send(callOf('Talk', [{}, { fail_with: notFound }]))
      t.deepEqual([talk.error, talk.status, talk.messages], [null, notFound, 1])
    })
  })

  test(`${name}: a stream that was looked at enough is cancelled, and good`, async (t) => {
    const violations = await withShop(start, async (exchanges, shop) => {
      for (const [method, messages] of [
        ['Watch', [{ repeat: 0 }]],
        ['Talk', Array.from({ length: 20 }, (_, id) => ({ id }))],
      ] as const) {
        const taken: unknown[] = []
        const exchange = await exchanges.send({
          ...callOf(method, messages, { betweenMs: 5, metadata: ['tenant', 'demo'] }),
          wantBody: true,
          wantHeaders: true,
          ...watching(taken, 5),
        })
        t.deepEqual([exchange.error, exchange.status, exchange.messages], [null, ok, 5])
        t.is(taken.length, 5)
        t.true(exchange.headers?.includes('demo'))
      }
      if (shop.cancelled !== null) await until('the server knows', () => shop.cancelled === 1, beforeDeadline)
      if (shop.streamed !== null) t.true(shop.streamed.received < 20)
      t.is((await exchanges.send(callOf('Add', [{}]))).status, ok)
      t.is(exchanges.transport.openSockets, 1)
    })
    t.deepEqual(violations, [])
  })

  test.serial(`${name}: the deadline ends a stream without end, here and there`, async (t) => {
    await withShop(start, async (exchanges, shop) => {
      // As the engine does; the server is told the same time, and which is first is left to chance.
      for (const method of ['Watch', 'Talk']) {
        const wish = callOf(method, [{ repeat: 0, delay_ms: 10 }, {}].slice(0, method === 'Talk' ? 2 : 1), {
          timeoutMs: 150,
          betweenMs: 100_000,
        })
        const { exchange, done } = exchanges.start(wish)
        const timer = setTimeout(() => exchanges.cancel(exchange, 'timeout'), 150)
        const ended = await done
        clearTimeout(timer)
        t.is(ended.error, 'timeout')
        t.true(ended.messages > 0)
        t.true(ended.doneAt - ended.dispatchedAt >= 145_000)
      }
      if (shop.cancelled !== null) await until('the server knows', () => shop.cancelled === 1, beforeDeadline)
      t.is((await exchanges.send(callOf('Add', [{}]))).status, ok)
    })
  })

  test(`${name}: a server that dies in the middle of a stream is an answer with its code`, async (t) => {
    const shop = await start()
    const exchanges = exchangesWith(shop.port)
    t.teardown(async () => {
      await exchanges.close()
      await shop.stop()
    })
    await exchanges.transport.prepare()
    const calls = [
      exchanges.start(callOf('Watch', [{ repeat: 0, delay_ms: 5 }])),
      exchanges.start(callOf('Talk', [{}, {}], { betweenMs: 100_000 })),
    ]
    await until('both stream', () => calls.every(({ exchange }) => exchange.messages > 0))
    await shop.stop()
    for (const { done } of calls) {
      const { error, status, messages } = await done
      // grpc-js takes leave of its streams; Python's process is gone.
      t.deepEqual([error, status], [null, name === 'Python' ? unavailable : cancelled])
      t.true(messages > 0)
    }
    t.deepEqual(exchanges.violations, [])
  })
}

test('the server is told how long it has', async (t) => {
  const told: number[] = []
  const server = await startHostileGrpc((stream, _call, headers) => {
    const [, digits, unit = ''] = /^(\d+)([mSMH])$/.exec(String(headers['grpc-timeout'])) ?? []
    told.push(Number(digits) * ({ m: 1, S: 1000, M: 60_000, H: 3_600_000 }[unit] ?? Number.NaN))
    answerHead(stream)
    stream.end(item(1))
  })
  const exchanges = exchangesWith(server.port)
  t.teardown(async () => {
    await exchanges.close()
    await server.close()
  })
  await exchanges.transport.prepare()
  t.is((await exchanges.send(callOf('Add', [{}], { timeoutMs: 3_000_000 }))).status, ok)
  t.is((await exchanges.send(callOf('Watch', [{}], { timeoutMs: 60_000_000 }))).status, ok)
  const [short = 0, long = 0] = told
  t.true(short > 2_990_000 && short <= 3_000_000, `${short}`)
  t.true(long > 59_000_000 && long <= 60_000_000, `${long}`)
})

test('a status that comes with the deadline is a timeout, and one that comes before it is an answer', async (t) => {
  const server = await startHostileGrpc((stream, _call, headers) => {
    answerHead(stream, '4')
    stream.write(item(1))
    setTimeout(() => stream.end(), headers.early === undefined ? 400 : 10)
  })
  const exchanges = exchangesWith(server.port)
  t.teardown(async () => {
    await exchanges.close()
    await server.close()
  })
  await exchanges.transport.prepare()
  const late = await exchanges.send(callOf('Watch', [{}], { timeoutMs: 300 }))
  t.is(late.error, 'timeout')
  const early = await exchanges.send(callOf('Watch', [{}], { metadata: ['early', 'yes'] }))
  t.deepEqual([early.error, early.status], [null, deadlineExceeded])
})

const hostile: readonly (readonly [string, string, CallBehaviour, Partial<Exchange>])[] = [
  [
    'Watch',
    'a stream that is reset',
    (stream) => {
      answerHead(stream)
      stream.write(item(1), () => stream.close(constants.NGHTTP2_INTERNAL_ERROR))
    },
    { error: null, status: internal, messages: 1 },
  ],
  [
    'Watch',
    'a stream that is refused',
    (stream) => stream.close(constants.NGHTTP2_REFUSED_STREAM),
    { error: null, status: unavailable, messages: 0 },
  ],
  [
    'Watch',
    'a connection that breaks in the middle of a message',
    (stream) => {
      answerHead(stream)
      stream.write(Buffer.concat([item(1), item(2).subarray(0, 6)]), () => stream.session?.socket.destroy())
    },
    { error: null, status: unavailable, messages: 1 },
  ],
  [
    'Watch',
    'an end without a status',
    (stream) => {
      answerHead(stream, null)
      stream.end(item(1))
    },
    { error: null, messages: 1 },
  ],
  [
    'Watch',
    'a message that says it has 4 GiB',
    (stream) => {
      answerHead(stream)
      stream.write(framed(Buffer.alloc(100), 0xffff_ffff))
    },
    { error: 'too_large', messages: 0 },
  ],
  [
    'Watch',
    'a message that is none',
    (stream) => {
      answerHead(stream)
      stream.end(Buffer.concat([item(1), framed(Buffer.from([0x08, 0xff]))]))
    },
    { error: 'protocol', messages: 2 },
  ],
  [
    'Add',
    'two messages where there should be one',
    (stream) => {
      answerHead(stream)
      stream.end(Buffer.concat([item(1), item(2)]))
    },
    { error: 'protocol', messages: 2 },
  ],
  [
    'Fill',
    'no message where there should be one',
    (stream) => {
      answerHead(stream)
      stream.end()
    },
    { error: 'protocol', messages: 0 },
  ],
  [
    'Watch',
    'a page of HTML',
    (stream) => {
      stream.respond({ ':status': 503, 'content-type': 'text/html' })
      stream.end('<h1>Service Unavailable</h1>')
    },
    { error: null, status: unavailable, messages: 0 },
  ],
]
for (const [method, what, behaviour, expected] of hostile) {
  test(`${what} is told as what it is`, async (t) => {
    const server = await startHostileGrpc(behaviour)
    const exchanges = exchangesWith(server.port)
    t.teardown(async () => {
      await exchanges.close()
      await server.close()
    })
    await exchanges.transport.prepare()
    const exchange = await exchanges.send({ ...callOf(method, [{}]), wantBody: true, ...watching([]) })
    t.like(exchange, expected, `${exchange.error} ${exchange.status}: ${exchange.errorDetail}`)
    t.true(exchange.sends >= 1)
    t.deepEqual(exchanges.violations, [])
  })
}

test('the details of a status are told with it, and its metadata kept for the sample', async (t) => {
  // google.rpc.Status { code: 9, message: "sold out", details: [ Any of an ErrorInfo { reason: "STOCK" } ] }
  const details = 'CAkSCHNvbGQgb3V0GjMKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5FcnJvckluZm8SBwoFU1RPQ0s='
  const server = await startHostileGrpc((stream) => {
    const head = { ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '9' }
    stream.respond(
      { ...head, 'grpc-message': 'sold out', 'grpc-status-details-bin': details, 'retry-after': '5' },
      { endStream: true },
    )
  })
  const exchanges = exchangesWith(server.port)
  t.teardown(async () => {
    await exchanges.close()
    await server.close()
  })
  await exchanges.transport.prepare()
  for (const method of ['Add', 'Watch']) {
    const { error, status, errorDetail, headers } = await exchanges.send(callOf(method, [{}]))
    t.deepEqual([error, status], [null, 9])
    t.is(errorDetail, 'sold out (ErrorInfo {"metadata":{},"reason":"STOCK","domain":""})')
    t.is(headers?.[headers.indexOf('retry-after') + 1], '5')
  }
})

test('a server that is going away ends its streams well, and the next call takes a new connection', async (t) => {
  const server = await startHostileGrpc((stream, call) => {
    answerHead(stream)
    stream.write(item(1))
    if (call > 0) {
      stream.end()
      return
    }
    stream.session?.goaway(constants.NGHTTP2_NO_ERROR)
    setTimeout(() => stream.end(item(2)), 50)
  })
  const exchanges = exchangesWith(server.port)
  t.teardown(async () => {
    await exchanges.close()
    await server.close()
  })
  await exchanges.transport.prepare()
  const { exchange, done } = exchanges.start(callOf('Watch', [{}]))
  await until('it streams', () => exchange.messages === 1)
  const next = await exchanges.send(callOf('Watch', [{}]))
  t.deepEqual([next.error, next.status, next.messages], [null, ok, 1])
  const first = await done
  t.deepEqual([first.error, first.status, first.messages], [null, ok, 2])
  t.is(server.sessions.length, 2)
})

test('a message over the bound ends a stream as too_large', async (t) => {
  await withShop(
    () => startPythonShop(),
    async (exchanges) => {
      const messages = [{ name: 'small' }, { name: 'x'.repeat(200_000) }, { name: 'small' }]
      const exchange = await exchanges.send(callOf('Talk', messages))
      t.is(exchange.error, 'too_large')
      t.is((await exchanges.send(callOf('Add', [{}]))).status, ok)
    },
    { maxBodyBytes: 100_000 },
  )
})

test('of a stream a few messages are kept, of large ones fewer', async (t) => {
  await withShop(
    () => startGrpcShop(),
    async (exchanges) => {
      for (const [name, kept] of [
        ['', 10],
        ['x'.repeat(30_000), 2],
      ] as const) {
        const exchange = await exchanges.send({
          ...callOf('Watch', [{ repeat: 50, name }]),
          wantBody: true,
        })
        t.is(exchange.messages, 50)
        t.deepEqual(
          idsOf(exchange.message as unknown[]),
          ['1', '2', '3', '4', '5', '6', '7', '8', '9', '10'].slice(0, kept),
        )
      }
    },
  )
})

test('whoever doesn’t keep up holds back no more than the window of HTTP/2', async (t) => {
  await withShop(
    () => startGrpcShop(),
    async (exchanges, shop) => {
      const before = performance.now()
      const slow = { take: () => void blockFor(5) === null }
      const { exchange, done } = exchanges.start({
        ...callOf('Watch', [{ repeat: 0, name: 'x'.repeat(10_000) }]),
        wantBody: true,
        watch: slow,
      })
      await until('some have come', () => exchange.messages >= 50)
      const { sent } = shop.streamed ?? { sent: 0 }
      t.true(
        sent - exchange.messages < 100,
        `${sent} sent, ${exchange.messages} taken, ${performance.now() - before} ms`,
      )
      exchanges.cancel(exchange, 'reset')
      await done
    },
  )
})

test.serial('a hundred thousand messages of one stream are each seen, and leave no memory', async (t) => {
  await withShop(
    () => startPythonShop(),
    async (exchanges) => {
      let taken = 0
      const watch = { take: () => ++taken < 0 }
      const stream = (repeat: number) =>
        exchanges.send({
          ...callOf('Watch', [{ repeat, name: 'cup' }], { timeoutMs: 120_000 }),
          wantBody: true,
          watch,
        })
      await stream(5_000)
      const before = await settledHeap()
      const { done, exchange } = exchanges.start({
        ...callOf('Watch', [{ repeat: 100_000, name: 'cup' }], { timeoutMs: 120_000 }),
        wantBody: true,
        watch,
      })
      await until('half have come', () => exchange.messages > 50_000, { withinMs: 100_000 })
      const during = await settledHeap()
      const ended = await done
      t.deepEqual([ended.error, ended.status, ended.messages, taken], [null, ok, 100_000, 105_000])
      t.true(during - before < 5 * 1024 * 1024, `${during - before} bytes more in the middle`)
      const after = await settledHeap()
      t.true(after - before < 2 * 1024 * 1024, `${after - before} bytes more`)
    },
  )
})

test.serial('ten thousand messages go up one stream', async (t) => {
  await withShop(
    () => startGrpcShop(),
    async (exchanges, shop) => {
      const messages = Array.from({ length: 10_000 }, (_, id) => ({ id, name: 'cup' }))
      const exchange = await exchanges.send({
        ...callOf('Fill', messages, { timeoutMs: 60_000 }),
        wantBody: true,
      })
      t.is((exchange.message as { id: string }).id, '10000')
      t.is(shop.streamed?.received, 10_000)
    },
  )
})

async function settledHeap(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    await sleep(20)
    collectGarbage()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}

function blockFor(ms: number): void {
  const end = performance.now() + ms
  while (performance.now() < end);
}
