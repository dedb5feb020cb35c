import type { ExecutionContext } from 'ava'
import type { Halt } from '../../proto/messages.ts'
import { startWorkerProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { type FaultRun, isTrue, startFaultRun } from '../kit/fault-run.ts'
import { type Nats, startNats } from '../kit/nats.ts'
import { startNginx } from '../kit/nginx.ts'
import type { Program } from '../kit/program.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnCluster = testWith('nginx', 'nats-server')

testOnCluster(
  'halt ends the load of the whole cluster within two seconds, by the log of the target',
  async (t) => {
    const { run, nats } = await start(t)
    const haltedAt = await halt(t, nats)
    t.is(await run.controller.ended, 3)
    const [result, visits] = [await run.result(), await run.visits()]
    isTrue(t, result, visits)
    t.like(result, { ended: 'halted', verdict: 'inconclusive' })
    t.true(result.ledger.unstarted > 0)
    await isOver(t, run, haltedAt)
  },
)

testOnCluster('halt ends it within two seconds when the controller was killed', async (t) => {
  const { run, nats } = await start(t)
  await run.controller.stop('SIGKILL')
  await goesOn(run)
  await isOver(t, run, await halt(t, nats))
})

testOnCluster('halt ends it within two seconds while the controller is stopped', async (t) => {
  const { run, nats } = await start(t)
  run.controller.signal('SIGSTOP')
  await goesOn(run)
  await isOver(t, run, await halt(t, nats))
  run.controller.signal('SIGCONT')
  t.is(await run.controller.ended, 3)
  const [result, visits] = [await run.result(), await run.visits()]
  isTrue(t, result, visits)
  t.is(result.ended, 'halted')
})

/** When it was ordered, by the clock of who ordered it; ms since 1970. */
async function halt(t: ExecutionContext, nats: Nats): Promise<number> {
  const { code, stdout, stderr } = await breakwater(['halt', '--nats', nats.url, '--json'])
  t.is(code, 0, stderr)
  return (JSON.parse(stdout) as { halt: Halt }).halt.atMs
}

async function goesOn(run: FaultRun): Promise<void> {
  const before = (await run.visits()).length
  await until('the load goes on', async () => (await run.visits()).length > before + 50)
}

/** The last request came in time, and for three seconds none came after it. */
async function isOver(t: ExecutionContext, run: FaultRun, haltedAt: number): Promise<void> {
  await until('three seconds have gone', () => Date.now() > haltedAt + 5_000)
  const last = Math.max(...(await run.visits()).map(({ at }) => at))
  t.true(last - haltedAt <= 2_000, `the last request came ${last - haltedAt} ms after`)
}

async function start(t: ExecutionContext) {
  const [nginx, nats] = await Promise.all([startNginx(), startNats()])
  t.teardown(nginx.remove)
  t.teardown(nats.stop)
  const workers: Program[] = await Promise.all(
    ['w1', 'w2', 'w3'].map((id) => startWorkerProcess(nats.url, id)),
  )
  for (const worker of workers) t.teardown(() => worker.stop('SIGKILL'))
  const run = await startFaultRun(t, { nginx, nats, workers: 3, rate: 200, seconds: 60 })
  await run.isUnderWayFor(1_500)
  return { run, nats }
}
