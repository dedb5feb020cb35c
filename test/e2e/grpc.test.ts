import type { ExecutionContext } from 'ava'
import { isBalanced } from '../../core/plan/ledger.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { type Ran, runSpec, startNatsWorkers } from '../kit/cluster.ts'
import { type GrpcShop, shopFiles, startGrpcShop, startPythonShop } from '../kit/grpc-shop.ts'
import { startNats } from '../kit/nats.ts'
import { type ToolName, testWith } from '../kit/tools.ts'

const users = 6
const rounds = 10
const started = users * rounds
const add = 'shop.v1.Cart/Add'

/** One iteration makes each of these calls: what is captured from a message goes into the next call, and codes are failures unless they are wanted. */
function spec(port: number): Readonly<Record<string, Json>> {
  const unwanted = (name: string, code: number) => ({
    grpc: add,
    name,
    message: { fail_with: code },
    onError: 'continue',
  })
  return {
    target: {
      url: `grpc://127.0.0.1:${port}`,
      grpc: { protos: ['shop.proto'], metadata: { tenant: 'demo' } },
      connections: { max: 2 },
    },
    scenarios: [
      {
        name: 'buy',
        steps: [
          {
            grpc: add,
            name: 'first',
            message: { id: '${randomInt(1000000,9999999)}', name: '${uuid()}', price: { currency: 'EUR' } },
            check: { status: 'OK', json: { '$.price.currency': 'EUR' }, header: { tenant: 'demo' } },
            capture: { id: { json: '$.id' }, label: { json: '$.name' } },
          },
          {
            grpc: add,
            name: 'second',
            message: { id: '${id}', name: 'again ${label}' },
            check: { json: { '$.id': '${id}', '$.name': 'again ${label}' } },
          },
          { grpc: add, name: 'wanted', message: { fail_with: 5 }, check: { status: 'NOT_FOUND' } },
          unwanted('denied', 7),
          unwanted('unavailable', 14),
          unwanted('internal', 13),
          unwanted('exhausted', 8),
          {
            grpc: add,
            name: 'no such field',
            message: { id: 1 },
            check: { json: { '$.name': 'cup' } },
            onError: 'continue',
          },
          { grpc: add, name: 'slow', message: { delay_ms: 300 }, timeout: '80ms' },
          { grpc: add, name: 'never', message: {} },
        ],
      },
    ],
    load: [{ phase: 'users', users, iterations: started }],
  }
}

const servers: readonly (readonly [string, readonly ToolName[], () => Promise<GrpcShop>])[] = [
  ['grpc-js', [], () => startGrpcShop()],
  ['Python', ['python'], startPythonShop],
]

for (const [name, tools, start] of servers) {
  testWith(...tools)(
    `calls to a shop on ${name} are counted by their codes, with workers on the bus in memory`,
    async (t) => {
      const shop = await start()
      t.teardown(() => shop.stop())
      agree(t, await runSpec(spec(shop.port), { workers: 3, files: shopFiles }), shop)
    },
  )

  testWith('nats-server', ...tools)(
    `calls to a shop on ${name} are counted by their codes, with workers that get the protos over NATS`,
    async (t) => {
      const shop = await start()
      t.teardown(() => shop.stop())
      const nats = await startNats()
      t.teardown(nats.stop)
      const cluster = await startNatsWorkers(nats.url, 3)
      t.teardown(cluster.close)
      const ran = await runSpec(spec(shop.port), { workers: 3, natsUrl: nats.url, files: shopFiles })
      agree(t, ran, shop)
    },
  )
}

function agree(t: ExecutionContext, { record, accounts }: Ran, shop: GrpcShop): void {
  const { requests, iterations, total } = accounts
  t.deepEqual(requests.errors, {
    grpc_PERMISSION_DENIED: started,
    grpc_UNAVAILABLE: started,
    grpc_INTERNAL: started,
    grpc_RESOURCE_EXHAUSTED: started,
    check: started,
    timeout: started,
  })
  t.deepEqual([requests.attempted, requests.sent], [9 * started, 9 * started])
  t.deepEqual([requests.ok, requests.failed, requests.interrupted], [3 * started, 6 * started, 0])
  if (shop.calls !== null) t.is(shop.calls, requests.sent)
  t.deepEqual(iterations, { completed: 0, failed: started, interrupted: 0 })
  t.true(isBalanced(total))
  const okOf = (step: string) =>
    record.metrics.totals(record.table.select((key) => key.kind === 'step' && key.name === step)).ok
  t.deepEqual(['first', 'second', 'wanted', 'denied', 'never'].map(okOf), [started, started, started, 0, 0])
  t.deepEqual(
    record.members.map(({ state }) => state),
    ['drained', 'drained', 'drained'],
  )
}
