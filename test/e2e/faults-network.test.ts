import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { startWorkerProcess } from '../kit/breakwater.ts'
import { isRecovered, isTrue, startFaultRun, statesOf } from '../kit/fault-run.ts'
import { startNats } from '../kit/nats.ts'
import { type Cable, makeNamespace, testWithNamespaces } from '../kit/network-namespace.ts'
import { startNginx } from '../kit/nginx.ts'
import { until } from '../kit/until.ts'

const testOnNetwork = testWithNamespaces('nginx', 'nats-server')

testOnNetwork(
  'a worker that is cut off from NATS for 5 s goes on, stands down when it is back, and all of that is overrun',
  async (t) => {
    const { run, toNats, far, worker } = await start(t, 14)
    const at = Date.now()
    await toNats.cut()
    await sleep(5_000)
    await toNats.mend()
    const mendedAt = Date.now()
    await run.controller.ended
    const [result, visits] = [await run.result(), await run.visits()]
    isTrue(t, result, visits)
    isRecovered(t, run, result, visits, { at, lost: 'w3' })
    t.deepEqual(statesOf(result), ['drained', 'drained', 'lost'])
    t.is(result.ledger.skipped, 0)
    const own = visits.filter(({ client }) => client === far)
    const takenOverAt = Date.parse(result.epochs[1]?.at ?? '')
    t.true(
      own.some((visit) => visit.at > takenOverAt + 500),
      'it did not know that others have its share',
    )
    const last = Math.max(...own.map((visit) => visit.at))
    t.true(last < mendedAt + 3_000, `its last request came ${last - mendedAt} ms after it was back`)
    t.regex(worker.output(), /others have its share/)
    t.true(result.requests.overrun > 0)
    // What it sent while it was cut off came after its last word.
    const cutOff = own.filter((visit) => visit.at > takenOverAt).length
    t.true(result.requests.overrun >= cutOff, `${result.requests.overrun} are overrun of ${cutOff}`)
    t.is(result.verdict, result.ledger.lost > result.ledger.planned / 100 ? 'inconclusive' : 'pass')
  },
)

testOnNetwork(
  'a worker that stays cut off from NATS stops by itself within eleven seconds, and what it may have sent is bounded',
  async (t) => {
    const { run, toNats, far } = await start(t, 18)
    const at = Date.now()
    await toNats.cut()
    await run.controller.ended
    const [result, visits] = [await run.result(), await run.visits()]
    isTrue(t, result, visits, { destroyed: true })
    isRecovered(t, run, result, visits, { at, lost: 'w3' })
    t.deepEqual(statesOf(result), ['drained', 'drained', 'lost'])
    const last = Math.max(...visits.filter(({ client }) => client === far).map((visit) => visit.at)) - at
    t.true(last > 8_000 && last < 11_500, `its last request came ${last} ms after`)
    t.true((result.requests.unknown.max ?? 0) > 0)
    t.is(result.verdict, result.ledger.lost > result.ledger.planned / 100 ? 'inconclusive' : 'pass')
  },
)

testOnNetwork(
  'a worker that is cut off from NATS and from the target for 5 s is lost, and what it had begun is accounted for',
  async (t) => {
    const { run, toNats, toTarget } = await start(t, 14)
    const at = Date.now()
    await Promise.all([toNats.cut(), toTarget.cut()])
    await sleep(5_000)
    await Promise.all([toNats.mend(), toTarget.mend()])
    await run.controller.ended
    await until('everything that was under way has come', async () => {
      const before = (await run.visits()).length
      await sleep(500)
      return (await run.visits()).length === before
    })
    const [result, visits] = [await run.result(), await run.visits()]
    isTrue(t, result, visits)
    isRecovered(t, run, result, visits, { at, lost: 'w3' })
    t.deepEqual(statesOf(result), ['drained', 'drained', 'lost'])
    t.is(result.verdict, result.ledger.lost > result.ledger.planned / 100 ? 'inconclusive' : 'pass')
  },
)

/** Three workers of which the third has cables of its own; its load is under way for three seconds. */
async function start(t: ExecutionContext, seconds: number) {
  const namespace = await makeNamespace({ cables: 2 })
  t.teardown(namespace.remove)
  const [toNats, toTarget] = namespace.cables as [Cable, Cable]
  const [nginx, nats] = await Promise.all([
    startNginx({ address: toTarget.address }),
    startNats({ address: toNats.address }),
  ])
  t.teardown(nginx.remove)
  t.teardown(nats.stop)
  const workers = await Promise.all([
    startWorkerProcess(nats.url, 'w1'),
    startWorkerProcess(nats.url, 'w2'),
    namespace.startWorker(nats.url, 'w3'),
  ])
  for (const worker of workers) t.teardown(() => worker.stop('SIGKILL'))
  const run = await startFaultRun(t, { nginx, nats, workers: 3, rate: 150, seconds })
  await run.isUnderWayFor(3_000)
  return { run, toNats, toTarget, far: toTarget.farAddress, worker: workers[2] }
}
