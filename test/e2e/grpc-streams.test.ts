import type { ExecutionContext } from 'ava'
import { isBalanced } from '../../core/plan/ledger.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { type Ran, runSpec, startNatsWorkers } from '../kit/cluster.ts'
import { type GrpcShop, shopFiles, startGrpcShop, startPythonShop } from '../kit/grpc-shop.ts'
import { startNats } from '../kit/nats.ts'
import { type ToolName, testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const users = 4
const rounds = 10
const started = users * rounds
const cart = (method: string) => `shop.v1.Cart/${method}`

/** Each kind of stream, ended by the server, by us, by its deadline and by a failure. */
const steps: readonly Readonly<Record<string, Json>>[] = [
  {
    grpc: cart('Watch'),
    name: 'watch',
    message: { repeat: 5, name: '${uuid()}' },
    check: { status: 'OK', messages: 5, json: { '$.id': '> 0', '$.name': { exists: true } } },
    capture: { first: { json: '$.id' }, label: { json: '$.name' } },
  },
  {
    grpc: cart('Fill'),
    name: 'fill',
    messages: [{ name: '${label}' }, { id: '${first}' }, { name: 'last ${label}' }],
    check: { json: { '$.id': '3', '$.name': 'last ${label}' }, messages: 1 },
  },
  {
    grpc: cart('Talk'),
    name: 'talk',
    messages: [{ id: 7 }, { id: 8 }],
    between: '5ms',
    check: { messages: 2, json: { '$.id': '> 6' } },
  },
  {
    grpc: cart('Watch'),
    name: 'some',
    message: { repeat: 0 },
    until: { messages: 4 },
    check: { messages: 4 },
  },
  {
    grpc: cart('Watch'),
    name: 'found',
    message: { repeat: 0 },
    until: { json: { '$.id': '3' } },
    check: { messages: 3, status: 'OK' },
  },
  {
    grpc: cart('Watch'),
    name: 'wrong',
    message: { repeat: 5 },
    check: { json: { '$.id': '< 3' } },
    onError: 'continue',
  },
  { grpc: cart('Watch'), name: 'lost', message: { repeat: 2, fail_with: 5 }, onError: 'continue' },
  {
    grpc: cart('Watch'),
    name: 'endless',
    message: { repeat: 0, delay_ms: 20 },
    deadline: '100ms',
    onError: 'continue',
  },
]

function spec(port: number, grpc: Json): Readonly<Record<string, Json>> {
  return {
    target: { url: `grpc://127.0.0.1:${port}`, grpc },
    scenarios: [{ name: 'stream', steps }],
    load: [{ phase: 'users', users, iterations: started }],
  }
}

const described: Json = { protos: ['shop.proto'] }
const reflected: Json = { reflection: true }
const rows: readonly (readonly [
  name: string,
  tools: readonly ToolName[],
  start: () => Promise<GrpcShop>,
  grpc: Json,
  workers: number,
  /** What each thread asks: the second time by the older version. */
  questions: number,
])[] = [
  ['grpc-js, described by proto files', [], () => startGrpcShop(), described, 3, 0],
  [
    'grpc-js, which describes itself',
    [],
    () => startGrpcShop(null, 0, { reflection: true }),
    reflected,
    3,
    1,
  ],
  ['Python, which describes itself', ['python'], startPythonShop, reflected, 2, 2],
]

for (const [name, tools, start, grpc, workers, questions] of rows) {
  testWith(...tools)(`streams of a shop on ${name}: every message is counted here and there`, async (t) => {
    const shop = await start()
    t.teardown(() => shop.stop())
    const ran = await runSpec(spec(shop.port, grpc), { workers, files: shopFiles })
    await agree(t, ran, shop, workers * questions)
  })
}

testWith('nats-server')('streams of a shop that describes itself, with workers over NATS', async (t) => {
  const shop = await startGrpcShop(null, 0, { reflection: true })
  t.teardown(() => shop.stop())
  const nats = await startNats()
  t.teardown(nats.stop)
  const cluster = await startNatsWorkers(nats.url, 3)
  t.teardown(cluster.close)
  const ran = await runSpec(spec(shop.port, reflected), { workers: 3, natsUrl: nats.url })
  await agree(t, ran, shop, 3)
})

async function agree(t: ExecutionContext, ran: Ran, shop: GrpcShop, questions: number): Promise<void> {
  const { record, accounts } = ran
  const { requests, iterations, total } = accounts
  t.deepEqual(requests.errors, { check: started, grpc_NOT_FOUND: started, timeout: started })
  t.deepEqual([requests.attempted, requests.ok, requests.interrupted], [8 * started, 5 * started, 0])
  t.deepEqual([requests.setup, requests.sent], [questions, 8 * started + questions])
  t.deepEqual(iterations, { completed: 0, failed: started, interrupted: 0 })
  t.true(isBalanced(total))
  const of = (step: string) =>
    record.metrics.totals(record.table.select((key) => key.kind === 'step' && key.name === step))
  t.deepEqual(
    steps.map(({ name }) => of(String(name)).ok),
    [started, started, started, started, started, 0, 0, 0],
  )
  // A message of `talk` is an id alone: two bytes, and five before them.
  t.deepEqual([of('talk').bytesOut, of('talk').bytesIn], [started * 14, started * 14])
  if (shop.calls === null) return
  t.is(shop.calls + (shop.reflections ?? 0), requests.sent)
  t.is(shop.streamed?.received, started * 5)
  await until('the shop knows which streams were cancelled', () => shop.cancelled === 3 * started)
}
