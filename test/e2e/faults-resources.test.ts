import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import type { Json } from '../../core/spec/load-test.ts'
import { startWorkerProcess } from '../kit/breakwater.ts'
import { type Cgroup, makeCgroup, testWithCgroup } from '../kit/cgroup.ts'
import { isRecovered, isTrue, startFaultRun, statesOf } from '../kit/fault-run.ts'
import { startNats } from '../kit/nats.ts'
import { startNginx } from '../kit/nginx.ts'
import { until } from '../kit/until.ts'

const tools = ['nginx', 'nats-server'] as const

testWithCgroup('cpu', ...tools)(
  'a worker that hardly gets any CPU makes its run inconclusive: neither does it pass, nor is the target blamed',
  async (t) => {
    const cgroup = await makeCgroup('cpu')
    t.teardown(cgroup.remove)
    const { run } = await start(t, cgroup, {
      rate: 150,
      seconds: 12,
      // What a target of this speed holds by far, measured by a generator that is in time.
      spec: { objectives: ['p99 < 50ms', 'error_rate < 1%'] },
    })
    await run.isUnderWayFor(2_000)
    await cgroup.limitCpu(0.02)
    await sleep(6_000)
    await cgroup.limitCpu(1)
    await run.controller.ended
    const [result, visits] = [await run.result(), await run.visits()]
    isTrue(t, result, visits)
    t.is(result.ended, 'finished')
    t.is(result.verdict, 'inconclusive', result.reasons.join('\n'))
    const rules = result.validity.filter(({ ok }) => !ok).map(({ rule }) => rule)
    t.true(
      rules.includes('generator-late') || rules.includes('generator-short'),
      `not valid: ${rules.join(', ')}`,
    )
    t.true(result.objectives.every((objective) => objective.result !== 'fail'))
    t.regex(result.reasons[0] ?? '', /generator|lost/)
  },
)

testWithCgroup('memory', ...tools)(
  'a worker that runs out of memory is killed and lost, and the others take over',
  async (t) => {
    const cgroup = await makeCgroup('memory')
    t.teardown(cgroup.remove)
    const { run, nginx, worker } = await start(t, cgroup, {
      rate: 100,
      seconds: 16,
      spec: {
        scenarios: [
          { name: 'visit', steps: [{ get: '/visit', query: { row: '${arrivals.n}' } }] },
          {
            name: 'hoard',
            steps: [
              { get: '/visit', query: { row: '${arrivals.n}' } },
              { get: '/static/heap', capture: { all: { regex: '^([\\s\\S]*)$', group: 1 } } },
              { think: '3s' },
              { get: '/end' },
            ],
          },
        ],
        load: [
          { phase: 'light', rate: 100, duration: '3s', scenarios: { visit: 1 } },
          { phase: 'heavy', rate: 100, duration: '13s', scenarios: { hoard: 1 } },
        ],
        limits: { drain: '5s' },
      },
    })
    await writeFile(join(nginx.folder, 'heap'), 'x'.repeat(150_000))
    await run.isUnderWayFor(1_000)
    await cgroup.limitMemory((await cgroup.memoryBytes()) + 16 * 2 ** 20)
    await until('it is killed', () => !worker.isRunning(), { withinMs: 30_000, everyMs: 5 })
    const at = Date.now()
    t.is(await worker.ended, 'SIGKILL')
    await run.controller.ended
    const [result, visits] = [await run.result(), await run.visits()]
    isTrue(t, result, visits, { destroyed: true })
    isRecovered(t, run, result, visits, { at, lost: 'w2' })
    t.deepEqual(statesOf(result), ['drained', 'lost', 'drained'])
    t.is(result.verdict, result.ledger.lost > result.ledger.planned / 100 ? 'inconclusive' : 'pass')
  },
)

interface Wish {
  readonly rate: number
  readonly seconds: number
  readonly spec: Readonly<Record<string, Json>>
}

/** Three workers, the second in the control group. */
async function start(t: ExecutionContext, cgroup: Cgroup, wish: Wish) {
  const [nginx, nats] = await Promise.all([startNginx(), startNats()])
  t.teardown(nginx.remove)
  t.teardown(nats.stop)
  const workers = await Promise.all(['w1', 'w2', 'w3'].map((id) => startWorkerProcess(nats.url, id)))
  for (const worker of workers) t.teardown(() => worker.stop('SIGKILL'))
  const worker = workers[1] as (typeof workers)[number]
  await cgroup.add(worker.pid)
  const run = await startFaultRun(t, { nginx, nats, workers: 3, ...wish })
  return { run, nginx, worker }
}
