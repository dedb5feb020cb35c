import type { ExecutionContext } from 'ava'
import { isBalanced } from '../../core/plan/ledger.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { type Ran, runSpec, startNatsWorkers } from '../kit/cluster.ts'
import { startNats } from '../kit/nats.ts'
import { startNginx } from '../kit/nginx.ts'
import { testWith } from '../kit/tools.ts'

/** Two open phases beside each other, a closed one, several verbs and statuses; the last of a failing step's journey is not reached. */
function spec(url: string): Readonly<Record<string, Json>> {
  return {
    target: { url },
    data: { items: { rows: Array.from({ length: 5_000 }, (_, id) => ({ id })), pick: 'unique' } },
    scenarios: [
      {
        name: 'browse',
        weight: 3,
        steps: [
          { get: '/home', query: { item: '${items.id}' } },
          { think: '5ms' },
          { post: '/order', json: { id: 1 } },
        ],
      },
      {
        name: 'broken',
        weight: 1,
        steps: [
          { get: '/status/404', name: 'wanted 404', check: { status: 404 } },
          { get: '/status/503', name: 'unwanted 503' },
          { get: '/never' },
        ],
      },
    ],
    load: [
      { phase: 'warm', rate: 20, duration: '500ms', record: false },
      { phase: 'steady', rate: 150, duration: '2s' },
      { phase: 'beside', at: '1s', rate: 40, duration: '1s', arrivals: 'poisson' },
      { phase: 'users', users: 4, pace: '50ms', duration: '1s' },
    ],
  }
}

for (const workers of [1, 3, 7]) {
  testWith('nginx')(
    `nginx logs exactly what ${workers} workers say they sent, over the bus in memory`,
    async (t) => {
      const nginx = await startNginx()
      t.teardown(nginx.remove)
      const ran = await runSpec(spec(nginx.url), { workers })
      agree(t, ran, await nginx.accessLog(), workers)
    },
  )

  testWith('nginx', 'nats-server')(
    `nginx logs exactly what ${workers} workers say they sent, over NATS`,
    async (t) => {
      const nginx = await startNginx()
      t.teardown(nginx.remove)
      const nats = await startNats()
      t.teardown(nats.stop)
      const cluster = await startNatsWorkers(nats.url, workers)
      t.teardown(cluster.close)
      const ran = await runSpec(spec(nginx.url), { workers, natsUrl: nats.url })
      agree(t, ran, await nginx.accessLog(), workers)
    },
  )
}

function agree(
  t: ExecutionContext,
  { record, accounts }: Ran,
  log: readonly { readonly path: string; readonly status: number }[],
  workers: number,
): void {
  const { requests, total, iterations } = accounts
  t.is(log.length, requests.sent)
  t.true(log.length > 500)
  t.true(isBalanced(total))
  t.is(total.started, total.planned)
  t.is(iterations.completed + iterations.failed + iterations.interrupted, total.started)
  t.is(requests.attempted, requests.ok + requests.failed + requests.interrupted)
  t.is(requests.attempted, requests.sent)
  t.is(
    count(log, ({ status }) => status === 503),
    requests.failed,
  )
  t.deepEqual(requests.errors, { status_5xx: requests.failed })
  t.is(
    count(log, ({ status }) => status === 200 || status === 404),
    requests.ok,
  )
  t.is(
    count(log, ({ path }) => path === '/never'),
    0,
  )
  const rows = log.filter(({ path }) => path.startsWith('/home?')).map(({ path }) => path)
  t.is(new Set(rows).size, rows.length, 'a unique row never repeats')
  t.deepEqual(record.metrics.snapshots.missing, 0)
  t.deepEqual(
    record.members.map(({ state }) => state),
    Array(workers).fill('drained'),
  )
  t.true(record.metrics.workers.every(({ proof }) => proof.state === 'proven'))
}

function count<T>(list: readonly T[], holds: (item: T) => boolean): number {
  return list.filter(holds).length
}
