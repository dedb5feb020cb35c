import test, { type ExecutionContext } from 'ava'
import type { Conductor } from '../../controller/run/conductor.ts'
import { isBalanced } from '../../core/plan/ledger.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { judgeRun } from '../../core/verdict/judge.ts'
import { startWorkerProcess } from '../kit/breakwater.ts'
import { type Ran, runSpec, startNatsWorkers } from '../kit/cluster.ts'
import { startNats } from '../kit/nats.ts'
import { type SeededServer, startSeededServer } from '../kit/seeded-server.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnCluster = testWith('nats-server')

const spec = (server: SeededServer, seconds = 1): Readonly<Record<string, Json>> => ({
  target: { url: server.url },
  setup: [{ post: '/seed', capture: { tenant: { json: '$.id' } } }],
  teardown: [{ delete: '/seed/${setup.tenant}' }],
  scenarios: [{ name: 'visit', steps: [{ get: '/t/${setup.tenant}/a', name: 'a' }] }],
  load: [{ phase: 'steady', rate: 60, duration: `${seconds}s` }],
  objectives: ['error_rate < 1%'],
})

async function server(t: ExecutionContext): Promise<SeededServer> {
  const started = await startSeededServer()
  t.teardown(() => started.stop())
  return started
}

/** What every run here owes: the server counted what the result says, nobody was a stranger, nothing is left over. */
function isClean(t: ExecutionContext, target: SeededServer, { accounts }: Ran): void {
  t.is(accounts.requests.sent, target.total)
  t.true(isBalanced(accounts.total))
  t.is(target.strangers, 0)
  t.is(target.tenants.size, 0)
}

test('set-up is done once for all workers and taken down once, and neither is in the metrics', async (t) => {
  const target = await server(t)
  const ran = await runSpec(spec(target), { workers: 3 })
  isClean(t, target, ran)
  t.like(ran.accounts.requests, { setup: 1, teardown: 1, attempted: 60, sent: 62 })
  t.is(ran.total.count, 60)
  t.is(target.seeded, 1)
  t.is(judgeRun(ran.record, ran.accounts).verdict, 'pass')
})

testOnCluster('the same holds over NATS', async (t) => {
  const target = await server(t)
  const nats = await startNats()
  t.teardown(() => nats.stop())
  const workers = await startNatsWorkers(nats.url, 3)
  t.teardown(() => workers.close())
  const ran = await runSpec(spec(target), { workers: 3, natsUrl: nats.url })
  isClean(t, target, ran)
  t.like(ran.accounts.requests, { setup: 1, teardown: 1, attempted: 60 })
})

test('where set-up fails the verdict is fail, and nothing of the load is sent', async (t) => {
  const target = await server(t)
  target.refuse = true
  const { record, accounts } = await runSpec(spec(target), { workers: 2 })
  t.regex(record.setupFailure ?? '', /POST \/seed: status_5xx/)
  t.is(target.total, 1)
  t.like(accounts.requests, { setup: 1, teardown: 0, attempted: 0, sent: 1 })
  t.like(accounts.total, { planned: 60, started: 0, unstarted: 60 })
  const judged = judgeRun(record, accounts)
  t.is(judged.verdict, 'fail')
  t.regex(judged.reasons[0] ?? '', /setup failed/)
})

test('what cannot be taken down is told, and does not change the verdict', async (t) => {
  const target = await server(t)
  const teardown = [{ delete: '/seed/gone', onError: 'continue' }, { delete: '/seed/${setup.tenant}' }]
  const { record, accounts } = await runSpec({ ...spec(target), teardown })
  t.is(target.tenants.size, 0)
  t.regex(record.teardownFailure ?? '', /DELETE \/seed\/gone: status_4xx/)
  const judged = judgeRun(record, accounts)
  t.is(judged.verdict, 'pass')
  t.true(judged.warnings.some((warning) => warning.includes('teardown is not complete')))
})

for (const mode of ['stop', 'abort'] as const) {
  test(`a run that is ended by ${mode} is taken down as well`, async (t) => {
    const target = await server(t)
    const ran = await runSpec(spec(target, 30), {
      workers: 2,
      onConductor: (conductor) => void endSoon(conductor, mode),
    })
    t.is(ran.record.ended, mode === 'stop' ? 'stopped' : 'aborted')
    isClean(t, target, ran)
    t.true(ran.accounts.total.unstarted > 0)
  })
}

async function endSoon(conductor: Conductor, mode: 'stop' | 'abort'): Promise<void> {
  await until('the load is under way', () => (conductor.soFar()?.endedAt ?? 0) > 500_000)
  conductor.end(mode, mode === 'stop' ? 'stopped' : 'aborted', 'the test says so')
}

testOnCluster('where the worker that set up is killed another one takes down', async (t) => {
  const target = await server(t)
  const nats = await startNats()
  t.teardown(() => nats.stop())
  const workers = await Promise.all(['w1', 'w2'].map((id) => startWorkerProcess(nats.url, id)))
  for (const worker of workers) t.teardown(() => worker.stop())
  const ran = await runSpec(spec(target, 4), {
    workers: 2,
    natsUrl: nats.url,
    onConductor: (conductor) =>
      void until('the load is under way', () => (conductor.soFar()?.endedAt ?? 0) > 500_000).then(() =>
        workers[0]?.signal('SIGKILL'),
      ),
  })
  t.deepEqual(
    ran.events.flatMap((event) => (event.kind === 'stage' ? [`${event.stage} ${event.worker}`] : [])),
    ['setup w1', 'teardown w2'],
  )
  t.is(target.tenants.size, 0)
  t.is(ran.record.teardownFailure, null)
  t.true(isBalanced(ran.accounts.total))
})
