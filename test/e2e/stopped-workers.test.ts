import { readFile, writeFile } from 'node:fs/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import type { Conductor } from '../../controller/run/conductor.ts'
import { isBalanced } from '../../core/plan/ledger.ts'
import { ownsArrival, stripeOf } from '../../core/plan/stripe.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { judgeRun } from '../../core/verdict/judge.ts'
import { localMs } from '../../worker/engine/clock.ts'
import { startBreakwater, startWorkerProcess } from '../kit/breakwater.ts'
import { type Ran, runSpec } from '../kit/cluster.ts'
import { specText } from '../kit/malformed-files.ts'
import { startNats } from '../kit/nats.ts'
import { type LoggedRequest, startNginx } from '../kit/nginx.ts'
import type { Program } from '../kit/program.ts'
import { startTcpRelay, type TcpRelay } from '../kit/tcp-relay.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnCluster = testWith('nginx', 'nats-server')
const rate = 200

testOnCluster(
  'a worker that is stopped for 1.3 s goes on with its share as soon as it is confirmed',
  async (t) => {
    const { ran, log, worker } = await runStopped(t, { forMs: 1_300, seconds: 6 })
    const { record, accounts } = ran
    t.deepEqual(statesOf(ran), ['drained', 'drained', 'drained'])
    t.is(record.epochs.length, 1)
    wholeAndOnce(t, ran, log)
    t.regex(worker.output(), /was stopped for more than a second/)
    t.is(accounts.total.lost, 0)
    // What was due by then and not more than a second ago was started all the same.
    t.true(accounts.total.skipped <= 0.5 * (rate / 3), `${accounts.total.skipped} were skipped`)
    const own = stripeOf(record.epochs[0]?.roster ?? [], 'w2', 0)
    t.true(
      Math.max(...rowsOf(log).filter((row) => ownsArrival(own, row))) > 5.9 * rate,
      'it was at work to the end',
    )
  },
)

for (const [forMs, seconds] of [
  [3_000, 9],
  [30_000, 36],
] as const) {
  testOnCluster(
    `a worker that is stopped for ${forMs / 1000} s sends nothing when it goes on, and all that it sent is known`,
    async (t) => {
      t.timeout(90_000)
      const { ran, log, at, worker } = await runStopped(t, { forMs, seconds })
      const { record, accounts } = ran
      t.deepEqual(statesOf(ran), ['drained', 'lost', 'drained'])
      const [, lost] = record.members.toSorted((a, b) => (a.id < b.id ? -1 : 1))
      t.true((lost?.lostAt ?? Number.NaN) - at <= 2_000_000, 'its loss was noticed within two seconds')
      t.deepEqual(
        record.epochs.map(({ cause, roster }) => [cause, roster.map((entry) => entry.worker)]),
        [
          ['start', ['w1', 'w2', 'w3']],
          ['lost', ['w1', 'w3']],
        ],
      )
      t.true((record.epochs[1]?.at ?? Number.NaN) - at <= 5_000_000, 'the full rate is back in time')
      wholeAndOnce(t, ran, log)
      t.is(accounts.requests.overrun, 0)
      t.true(accounts.total.lost > 0)
      t.is(accounts.total.skipped, 0, 'it decided on nothing that was not its own any more')
      t.regex(worker.output(), /others have its share/)
      const { verdict } = judgeRun(record, accounts)
      t.is(verdict, accounts.total.lost > accounts.total.planned / 100 ? 'inconclusive' : 'pass')
    },
  )
}

testOnCluster(
  'users of a worker that is stopped for 3 s go on elsewhere, and what they missed is told',
  async (t) => {
    const users = 6
    const { ran, log } = await runStopped(t, {
      forMs: 3_000,
      seconds: 9,
      spec: { load: [{ phase: 'people', users, duration: '9s', pace: '50ms' }], objectives: ['p95 < 10s'] },
    })
    const { record, accounts } = ran
    t.deepEqual(statesOf(ran), ['drained', 'lost', 'drained'])
    t.deepEqual(
      record.epochs.map(({ cause }) => cause),
      ['start', 'lost'],
    )
    t.is(log.length, accounts.requests.sent)
    t.deepEqual(accounts.requests.unknown, { min: 0, max: 0 })
    t.is(accounts.requests.overrun, 0)
    const [people] = accounts.phases
    // Two users, from a beat before the stop at the latest to the epoch without their worker.
    const gap = people?.gapUserSeconds ?? 0
    t.true(gap > 2 * 1.4 && gap < 2 * 4, `${gap}`)
    t.true((people?.movedUsers ?? 0) >= 2)
    t.is(accounts.iterations.completed + accounts.iterations.interrupted, accounts.total.started)
    const { objectives } = judgeRun(record, accounts)
    t.is(objectives[0]?.result, 'unknown', 'a worker died in it')
  },
)

testOnCluster(
  'what a worker that was cut off goes on to send is overrun, and counts for nothing else',
  async (t) => {
    let relay: TcpRelay | null = null
    const { ran, log } = await runWith(t, {
      seconds: 12,
      url: async (port) => {
        relay = await startTcpRelay(port)
        t.teardown(relay.close)
        return `nats://127.0.0.1:${relay.port}`
      },
      strikeAtMs: 2_000,
      async strike() {
        relay?.cut()
        await sleep(5_000)
        relay?.mend()
      },
    })
    const { record, accounts } = ran
    t.deepEqual(statesOf(ran), ['drained', 'lost', 'drained'])
    t.true(isBalanced(accounts.total))
    t.is(accounts.total.planned, 12 * rate)
    t.is(accounts.total.unstarted, 0)
    t.deepEqual(accounts.requests.unknown, { min: 0, max: 0 })
    t.is(log.length, accounts.requests.sent)
    const twice = log.length - new Set(rowsOf(log)).size
    t.true(twice > rate / 3, 'it was cut off for longer than its share was left alone')
    t.true(accounts.requests.overrun >= twice, `${accounts.requests.overrun} overrun, ${twice} came twice`)
    // No more than a second's share is between its last snapshot that counts and the epoch without it.
    // What the others skipped came from it alone.
    t.true(accounts.requests.overrun - twice <= accounts.total.lost + accounts.total.skipped)
    t.true(accounts.total.lost <= 1.5 * (rate / 3), `${accounts.total.lost} are lost`)
    t.is(accounts.requests.ok, accounts.requests.sent - accounts.requests.overrun)
    t.is(ran.total.count, accounts.requests.ok, 'no histogram holds any of it')
    t.is(record.metrics.snapshots.missing, 0)
  },
)

testOnCluster('a run in one process that is stopped goes on as one that asks itself', async (t) => {
  const nginx = await startNginx()
  t.teardown(nginx.remove)
  const home = await makeTempDir()
  t.teardown(home.remove)
  const file = `${home.path}/test.yaml`
  await writeFile(
    file,
    specText({ target: `url: ${nginx.url}`, load: '- { phase: steady, rate: 100, duration: 6s }' }),
  )
  const run = await startBreakwater(['run', file, '--workers', '2', '--out', `${home.path}/out`])
  t.teardown(() => run.stop('SIGKILL'))
  await until('the load is under way', async () => (await nginx.accessLog()).length > 100, {
    withinMs: 30_000,
  })
  run.signal('SIGSTOP')
  await sleep(3_000)
  run.signal('SIGCONT')
  await run.ended
  const result = JSON.parse(await readFile(`${home.path}/out/result.json`, 'utf8'))
  t.is(result.ended, 'finished', run.output())
  t.like(result.ledger, { planned: 600, balanced: true, lost: 0, unstarted: 0 })
  t.true(
    result.ledger.skippedBy.late >= 150 && result.ledger.skippedBy.late <= 260,
    JSON.stringify(result.ledger),
  )
  t.is(result.requests.sent, (await nginx.accessLog()).length)
  t.is(result.requests.overrun, 0)
  t.is(result.verdict, 'inconclusive', 'the generator was late')
})

interface Stop {
  readonly forMs: number
  readonly seconds: number
  readonly spec?: Readonly<Record<string, Json>>
}

async function runStopped(t: ExecutionContext, { forMs, seconds, spec = {} }: Stop) {
  return runWith(t, {
    spec,
    seconds,
    strikeAtMs: 2_300,
    async strike(worker) {
      worker.signal('SIGSTOP')
      await sleep(forMs)
      worker.signal('SIGCONT')
    },
  })
}

interface Wish {
  readonly spec?: Readonly<Record<string, Json>>
  readonly seconds: number
  readonly strikeAtMs: number
  /** By which w2 comes to NATS. */
  readonly url?: (natsPort: number) => Promise<string>
  /** Given w2. */
  readonly strike: (worker: Program) => Promise<void>
}

/** Three workers; w2 is struck. */
async function runWith(t: ExecutionContext, { spec = {}, seconds, strikeAtMs, url, strike }: Wish) {
  const [nginx, nats] = await Promise.all([startNginx(), startNats()])
  t.teardown(nginx.remove)
  t.teardown(nats.stop)
  const urlOfSecond = (await url?.(nats.port)) ?? nats.url
  const workers = await Promise.all(
    [nats.url, urlOfSecond, nats.url].map((at, index) => startWorkerProcess(at, `w${index + 1}`)),
  )
  t.teardown(async () => {
    for (const worker of workers) worker.signal('SIGCONT')
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')))
  })
  const worker = workers[1] as Program
  let at = Number.NaN
  let struck: Promise<void> = Promise.resolve()
  const strikeInTime = async (conductor: Conductor): Promise<void> => {
    const sinceStart = () => localMs() - (conductor.state.startAtMs ?? Number.POSITIVE_INFINITY)
    await until('it is time', () => sinceStart() >= strikeAtMs, { withinMs: 60_000 })
    at = sinceStart() * 1000
    await strike(worker)
  }
  const ran = await runSpec(
    {
      target: { url: nginx.url },
      data: { arrivals: { rows: Array.from({ length: 10_000 }, (_, n) => ({ n })), pick: 'unique' } },
      scenarios: [{ name: 'visit', steps: [{ get: '/visit', query: { row: '${arrivals.n}' } }] }],
      load: [{ phase: 'open', rate, duration: `${seconds}s` }],
      objectives: ['error_rate < 50%'],
      ...spec,
    },
    {
      workers: 3,
      natsUrl: nats.url,
      onConductor: (conductor) => {
        struck = strikeInTime(conductor)
      },
    },
  )
  await struck
  await nginx.stop()
  return { ran, log: await nginx.accessLog(), at, worker }
}

/** Nothing was killed: what the target saw is exactly what is said to have been sent, and each arrival came once at most. */
function wholeAndOnce(t: ExecutionContext, { record, accounts }: Ran, log: readonly LoggedRequest[]): void {
  t.is(record.ended, 'finished')
  t.true(isBalanced(accounts.total))
  t.is(accounts.total.unstarted, 0)
  t.is(accounts.iterations.completed + accounts.iterations.interrupted, accounts.total.started)
  t.deepEqual(accounts.requests.unknown, { min: 0, max: 0 })
  t.is(log.length, accounts.requests.sent)
  t.is(new Set(rowsOf(log)).size, log.length, 'no arrival was started twice')
  t.is(record.metrics.snapshots.missing, 0)
}

function rowsOf(log: readonly LoggedRequest[]): number[] {
  return log.map(({ path }) => Number(path.slice('/visit?row='.length)))
}

function statesOf({ record }: Ran): readonly string[] {
  return record.members.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ state }) => state)
}
