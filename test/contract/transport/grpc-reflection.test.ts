import { join } from 'node:path'
import { fromBinary, toBinary } from '@bufbuild/protobuf'
import { FileDescriptorProtoSchema } from '@bufbuild/protobuf/wkt'
import { Server, ServerCredentials, type ServerDuplexStream } from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import test, { type ExecutionContext } from 'ava'
import protobuf from 'protobufjs'
import type { GrpcStep, LoadTest } from '../../../core/spec/load-test.ts'
import { Exchanges, type TargetWish, targetOf } from '../../kit/exchanges.ts'
import { neverAnswers, refusedPort, startRawServer } from '../../kit/failing-servers.ts'
import { add, callOf } from '../../kit/grpc-exchanges.ts'
import { answerHead, framed, startHostileGrpc } from '../../kit/grpc-hostile.ts'
import { shopFiles, startGrpcShop, startPythonShop } from '../../kit/grpc-shop.ts'
import { grpcStep, scenarioOf, scenarioTest } from '../../kit/scenario.ts'

const unimplemented = 12

const folder = join(import.meta.dirname, '../../kit/grpc')

interface Wish extends TargetWish {
  readonly steps?: readonly Partial<GrpcStep>[]
  readonly protos?: readonly string[]
  readonly metadata?: Readonly<Record<string, string>>
  readonly variables?: LoadTest['variables']
}

/** Exchanges of a test whose steps call the shop; it is closed with the test. */
function reflecting(t: ExecutionContext, port: number, wish: Wish = {}): Exchanges {
  const {
    steps = [{ method: 'shop.v1.Cart/Add' }],
    protos = [],
    metadata = {},
    variables = {},
    ...rest
  } = wish
  const grpc = { url: null, protos, reflection: true, metadata }
  const target = targetOf(`grpc://127.0.0.1:${port}`, { grpc, ...rest })
  const test = scenarioTest([scenarioOf(steps.map((step) => grpcStep(step)))], { target, variables })
  const exchanges = new Exchanges(target, { files: shopFiles, test })
  t.teardown(() => exchanges.close())
  return exchanges
}

const every = ['Add', 'Watch', 'Fill', 'Talk'].map((method) => `shop.v1.Cart/${method}`)
const list = { messagesFrom: 'messages' } as const
const kinds = every.map((method, n) => ({ method, ...(n < 2 ? {} : list) }))

const servers = [
  ['grpc-js, by v1', () => startGrpcShop(null, 0, { reflection: true }), 1],
  ['Python, by v1alpha', () => startPythonShop(), 2],
] as const

for (const [name, start, calls] of servers) {
  test(`${name}: calls are made as the server describes them, and the questions are counted`, async (t) => {
    const shop = await start()
    t.teardown(() => shop.stop())
    const exchanges = reflecting(t, shop.port, { steps: kinds })
    await exchanges.transport.prepare()
    t.is(exchanges.transport.setupSends, calls)
    if (shop.reflections !== null) t.is(shop.reflections, calls)
    const item = {
      id: '9007199254740993',
      name: 'cup',
      photo: 'AAEC',
      kind: 'GIFT',
      price: { currency: 'EUR', units: '12' },
      tags: ['a', 'b'],
      stock: { berlin: 3 },
      at: '2026-02-03T04:05:06.007Z',
      weight: 1.5,
    }
    const unary = await exchanges.send({ ...add(item), wantBody: true })
    t.is(unary.error, null, unary.errorDetail ?? '')
    t.like(unary.message as object, { ...item, fragile: false, fail_with: 0 })
    const watch = await exchanges.send({ ...callOf('Watch', [{ repeat: 3 }]), wantBody: true })
    t.deepEqual([watch.error, watch.status, watch.messages], [null, 0, 3])
    const fill = await exchanges.send({ ...callOf('Fill', [{}, {}]), wantBody: true })
    t.like(fill.message as object, { id: '2' })
    const talk = await exchanges.send(callOf('Talk', [{}, {}]))
    t.deepEqual([talk.status, talk.messages], [0, 2])
    t.deepEqual(exchanges.violations, [])
  })

  test(`${name}: what a step has wrong is told before the load, and where`, async (t) => {
    const shop = await start()
    t.teardown(() => shop.stop())
    const wrong: readonly (readonly [Partial<GrpcStep>, RegExp, RegExp])[] = [
      [
        { method: 'shop.v1.Cart/Ad' },
        /scenarios\[0\]\.steps\[0\]\.grpc: The server describes no method/,
        /Write shop\.v1\.Cart\/Add/,
      ],
      [{ method: 'shop.v1.Crat/Add' }, /has no service shop\.v1\.Crat/, /Did you mean shop\.v1\.Cart\?/],
      [
        { method: 'shop.v1.Cart/Add', messages: [{ nmae: 'x' }], messagesFrom: 'message' },
        /steps\[0\]\.message\.nmae/,
        /Write name/,
      ],
      [{ method: 'shop.v1.Cart/Fill' }, /takes a stream of messages/, /messages: \[/],
    ]
    for (const [step, message, hint] of wrong) {
      const error = await t.throwsAsync(reflecting(t, shop.port, { steps: [step] }).transport.prepare(), {
        code: 'prepare-failed',
        message,
      })
      t.regex((error as { hint?: string }).hint ?? '', hint)
    }
  })
}

test('proto files come first, and the server is asked for nothing that they describe', async (t) => {
  const shop = await startGrpcShop(null, 0, { reflection: true })
  t.teardown(() => shop.stop())
  const described = reflecting(t, shop.port, { protos: ['shop.proto'] })
  await described.transport.prepare()
  t.deepEqual([described.transport.setupSends, shop.reflections], [0, 0])
  const both = reflecting(t, shop.port, {
    protos: ['shop.proto'],
    steps: [
      { method: 'shop.v1.Cart/Add' },
      {
        method: 'grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
        ...list,
        messages: [{ list_services: '' }],
      },
    ],
  })
  await t.throwsAsync(both.transport.prepare(), { message: /has no service grpc\.reflection/ })
  t.is(shop.reflections, 1)
})

test('nothing is asked where no step calls anything', async (t) => {
  const shop = await startGrpcShop(null, 0, { reflection: true })
  t.teardown(() => shop.stop())
  await reflecting(t, shop.port, { steps: [] }).transport.prepare()
  t.is(shop.reflections, 0)
})

test('a server without reflection is told with the remedy', async (t) => {
  const shop = await startGrpcShop()
  t.teardown(() => shop.stop())
  const error = await t.throwsAsync(reflecting(t, shop.port).transport.prepare(), {
    code: 'prepare-failed',
    message: `the server at 127.0.0.1:${shop.port} does not describe its services by reflection`,
  })
  t.regex((error as { hint?: string }).hint ?? '', /list proto files/)
})

test('a server that is not there is unreachable', async (t) => {
  const exchanges = reflecting(t, await refusedPort())
  await t.throwsAsync(exchanges.transport.prepare(), { code: 'target-unreachable' })
})

test('a server that never answers is given up after the timeout of a request', async (t) => {
  const server = await startHostileGrpc(() => {})
  const silent = await startRawServer(neverAnswers)
  t.teardown(async () => {
    await server.close()
    await silent.close()
  })
  const timeoutMs = { connect: 200, request: 200 }
  await t.throwsAsync(reflecting(t, server.port, { timeoutMs }).transport.prepare(), {
    code: 'prepare-failed',
    message: /did not answer within 200 ms/,
  })
  await t.throwsAsync(reflecting(t, silent.port, { timeoutMs }).transport.prepare(), {
    code: 'target-unreachable',
  })
})

test('constant metadata of the target goes with the questions', async (t) => {
  const seen: unknown[] = []
  const server = await startHostileGrpc((stream, _call, headers) => {
    seen.push([headers.authorization, headers['x-id'], headers.tenant])
    stream.respond(
      {
        ':status': 200,
        'content-type': 'application/grpc',
        'grpc-status': '16',
        'grpc-message': 'who are you',
      },
      { endStream: true },
    )
  })
  t.teardown(() => server.close())
  const metadata = { authorization: 'Bearer ${token}', 'x-id': '${uuid()}', Tenant: 'demo' }
  const variables = { token: { kind: 'value', value: 'abc' } } as const
  await t.throwsAsync(reflecting(t, server.port, { metadata, variables }).transport.prepare(), {
    code: 'prepare-failed',
    message: /failed with UNAUTHENTICATED: who are you/,
  })
  t.deepEqual(seen, [['Bearer abc', undefined, 'demo']])
})

const answers: readonly (readonly [string, Buffer, RegExp])[] = [
  ['what is no answer', framed(Buffer.from([0x22, 0xff])), /gave an answer that is none/],
  ['nothing', framed(Buffer.alloc(0)), /says of shop\.v1\.Cart: nothing/],
  [
    'a descriptor that is none',
    framed(Buffer.from([0x22, 4, 0x0a, 2, 0x0a, 0xff])),
    /gave an answer that is none/,
  ],
  [
    'a file without the service',
    framed(Buffer.from([0x22, 5, 0x0a, 3, 0x0a, 1, 0x61])),
    /The server describes no method/,
  ],
]
for (const [what, bytes, message] of answers) {
  test(`a server that answers with ${what} is told as what it is`, async (t) => {
    const server = await startHostileGrpc((stream) => {
      answerHead(stream, null)
      stream.write(bytes)
    })
    t.teardown(() => server.close())
    await t.throwsAsync(reflecting(t, server.port).transport.prepare(), { code: 'prepare-failed', message })
  })
}

test('a server that sends each file alone is asked for what it imports', async (t) => {
  const { port, questions, stop } = await startFrugalReflection()
  t.teardown(stop)
  const exchanges = reflecting(t, port)
  await exchanges.transport.prepare()
  t.is(exchanges.transport.setupSends, 1)
  t.deepEqual(questions, ['shop.v1.Cart', 'shop_common.proto'])
  const exchange = await exchanges.send(add({}))
  t.is(exchange.status, unimplemented)
})

/** Gives one file for one question, as Java's server does; google/protobuf it doesn't give at all. */
async function startFrugalReflection() {
  const described = loadSync('shop.proto', { keepCase: true, includeDirs: [folder] })
  const { fileDescriptorProtos = [] } = described['shop.v1.Item'] as { fileDescriptorProtos?: Buffer[] }
  const { root } = protobuf.parse(
    `syntax = "proto3"; message Q { string file = 3; string symbol = 4; } message A { F files = 4; E error = 7; }
     message F { repeated bytes file = 1; } message E { int32 code = 1; string text = 2; }`,
  )
  const [question, answer] = [root.lookupType('Q'), root.lookupType('A')]
  const files = fileDescriptorProtos.map((bytes) => {
    const file = fromBinary(FileDescriptorProtoSchema, bytes)
    // proto-loader leaves out what a file imports.
    const dependency =
      file.package === 'shop.v1' ? ['shop_common.proto', 'google/protobuf/timestamp.proto'] : []
    return { ...file, dependency }
  })
  const questions: string[] = []
  const server = new Server()
  const own = (bytes: Buffer) => bytes
  const ServerReflectionInfo = {
    path: '/grpc.reflection.v1.ServerReflection/ServerReflectionInfo',
    requestStream: true,
    responseStream: true,
    requestSerialize: own,
    requestDeserialize: own,
    responseSerialize: own,
    responseDeserialize: own,
  }
  server.addService(
    { ServerReflectionInfo },
    {
      ServerReflectionInfo(call: ServerDuplexStream<Buffer, Buffer>) {
        call.on('data', (bytes: Buffer) => {
          const { file, symbol } = question.decode(bytes) as unknown as { file: string; symbol: string }
          questions.push(symbol || file)
          const found = files.find((one) => (symbol ? one.package === 'shop.v1' : one.name === file))
          const given = found
            ? { files: { file: [toBinary(FileDescriptorProtoSchema, found)] } }
            : { error: { code: 5, text: 'not found' } }
          call.write(Buffer.from(answer.encode(answer.fromObject(given)).finish()))
        })
        call.on('end', () => call.end())
      },
    },
  )
  const port = await new Promise<number>((resolve, reject) => {
    server.bindAsync('127.0.0.1:0', ServerCredentials.createInsecure(), (error, bound) =>
      error ? reject(error) : resolve(bound),
    )
  })
  return { port, questions, stop: () => server.forceShutdown() }
}
