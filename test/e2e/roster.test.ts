import { mkdir, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { Conductor } from '../../controller/run/conductor.ts'
import { isBalanced } from '../../core/plan/ledger.ts'
import { ownsArrival, stripeOf } from '../../core/plan/stripe.ts'
import { judgeRun } from '../../core/verdict/judge.ts'
import { localMs } from '../../worker/engine/clock.ts'
import { startWorkerProcess } from '../kit/breakwater.ts'
import { type Ran, runSpec } from '../kit/cluster.ts'
import { breakwater } from '../kit/command.ts'
import { startNats } from '../kit/nats.ts'
import { type LoggedRequest, startNginx } from '../kit/nginx.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnCluster = testWith('nginx', 'nats-server')
const rate = 200

testOnCluster(
  'a worker that joins a run which may grow gets all that the others have, and its share',
  async (t) => {
    const { ran, log } = await runWhile(t, {
      workers: ['w1', 'w2'],
      spec: { workers: { grow: true } },
      seconds: 8,
      async meanwhile({ at, join }) {
        await at(1_500)
        await join('w3')
      },
    })
    whole(t, ran, log, 8 * rate)
    t.deepEqual(rostersOf(ran), ['start w1 w2', 'joined w1 w2 w3'])
    const [, joined] = ran.record.epochs
    const own = stripeOf(joined?.roster ?? [], 'w3', 0)
    const first = joined?.phases[0]?.firstArrival ?? Number.NaN
    const rows = rowsOf(log).filter((row) => row >= first && ownsArrival(own, row))
    t.true(rows.length > rate, 'a third of what was left is its own')
    const third = ran.record.metrics.workers.find(({ worker }) => worker === 'w3')
    t.is(
      (third?.shards ?? []).reduce((sum, { started }) => sum + started, 0),
      rows.length,
    )
    t.is(third?.startSkew, null, 'nobody expected it at the start')
    t.is(judgeRun(ran.record, ran.accounts).verdict, 'pass')
    // What set-up captured has come to all.
    t.true(
      log.filter(({ path }) => path.startsWith('/visit')).every(({ path }) => path.includes('tenant=t1')),
    )
  },
)

testOnCluster('a worker that comes to a run which may not grow is passed over', async (t) => {
  const { ran, log } = await runWhile(t, {
    workers: ['w1'],
    seconds: 5,
    async meanwhile({ at, join }) {
      await at(500)
      await join('w2')
    },
  })
  whole(t, ran, log, 5 * rate)
  t.deepEqual(rostersOf(ran), ['start w1'])
  t.is(ran.events.filter(({ kind }) => kind === 'passed-over').length, 1)
})

testOnCluster('a worker that joins in a pause shares what comes after it', async (t) => {
  const { ran, log } = await runWhile(t, {
    workers: ['w1', 'w2'],
    spec: { workers: { grow: true } },
    seconds: 4,
    async meanwhile({ at, join, steer }) {
      await at(1_000)
      t.is((await steer(['--pause'])).code, 0)
      await join('w3')
      await at(6_000)
      t.is((await steer(['--resume'])).code, 0)
    },
  })
  whole(t, ran, log, 4 * rate)
  t.deepEqual(rostersOf(ran), ['start w1 w2', 'pause w1 w2', 'joined w1 w2 w3', 'resume w1 w2 w3'])
  const third = ran.record.metrics.workers.find(({ worker }) => worker === 'w3')
  t.true((third?.shards[0]?.started ?? 0) > rate / 3)
  t.is(judgeRun(ran.record, ran.accounts).verdict, 'pass')
})

testOnCluster(
  'a worker whose operator does not allow the load is left out, and the run goes on',
  async (t) => {
    const { ran, log } = await runWhile(t, {
      workers: ['w1'],
      spec: { workers: { grow: true } },
      env: { w2: { BREAKWATER_MAX_RATE: '10' } },
      seconds: 5,
      async meanwhile({ at, join }) {
        await at(500)
        await join('w2')
      },
    })
    whole(t, ran, log, 5 * rate)
    t.deepEqual(rostersOf(ran), ['start w1'])
    const [passedOver, ...others] = ran.events.filter((event) => event.kind === 'passed-over')
    t.is(others.length, 0)
    t.regex(
      passedOver?.kind === 'passed-over' ? passedOver.why : '',
      /could not prepare the run: .*not allow/,
    )
  },
)

testOnCluster('a run is steered to fewer workers and to more, within a second each', async (t) => {
  const asked: number[] = []
  const { ran, log } = await runWhile(t, {
    workers: ['w1', 'w2', 'w3'],
    seconds: 10,
    async meanwhile({ at, steer, nowMs }) {
      for (const [ms, workers] of [
        [1_500, '1'],
        [4_500, '3'],
      ] as const) {
        await at(ms)
        const before = nowMs()
        const { code, stdout, stderr } = await steer(['--workers', workers, '--json'])
        t.is(code, 0, stderr)
        t.is(JSON.parse(stdout).wanted, Number(workers))
        asked.push(before)
      }
    },
  })
  whole(t, ran, log, 10 * rate)
  t.deepEqual(rostersOf(ran), ['start w1 w2 w3', 'steer w1', 'joined w1 w2 w3'])
  // Of the command, which has to start and to find the run first.
  for (const [index, before] of asked.entries()) {
    const at = (ran.record.epochs[index + 1]?.at ?? Number.NaN) / 1000
    t.true(at - before < 4_000, `asked at ${before}, in force at ${at}`)
  }
  const [, alone, all] = ran.record.epochs
  const [from, to] = [alone, all].map((epoch) => epoch?.phases[0]?.firstArrival ?? Number.NaN)
  t.true((to ?? 0) - (from ?? 0) > rate)
  t.is(ran.accounts.total.skipped, 0)
  t.is(judgeRun(ran.record, ran.accounts).verdict, 'pass')
})

testOnCluster('a run of two of three connected workers is steered to all three, and says so', async (t) => {
  let told = ''
  const { ran, log } = await runWhile(t, {
    workers: ['w1', 'w2', 'w3'],
    count: 2,
    seconds: 7,
    async meanwhile({ at, steer }) {
      // By then it was passed over.
      await at(1_500)
      told = (await steer(['--workers', '3'])).stdout
    },
  })
  whole(t, ran, log, 7 * rate)
  const [two, three] = ran.record.epochs.map(({ roster }) => roster.length)
  t.deepEqual([two, three], [2, 3])
  t.is(ran.record.epochs[1]?.cause, 'joined')
  t.is(ran.events.filter(({ kind }) => kind === 'passed-over').length, 1)
  t.regex(told, /^run \w+ of .*: 2 of 3 workers at work, /)
})

testOnCluster('workers share the load by what calibrations of their machines say they can do', async (t) => {
  const env: Record<string, { XDG_STATE_HOME: string }> = {}
  for (const [id, openPerSecond] of [
    ['w1', 3_000],
    ['w2', 9_000],
  ] as const) {
    const home = await makeTempDir()
    t.teardown(home.remove)
    env[id] = { XDG_STATE_HOME: home.path }
    const one = { host: hostname(), node: process.versions.node, cores: 2, closedPerSecond: 10_000 }
    const calibrations = [{ ...one, openPerSecond, breakwater: '0', at: '2026-01-01T00:00:00Z', levels: [] }]
    await mkdir(join(home.path, 'breakwater'))
    const text = JSON.stringify({ schema: 'breakwater.dev/calibration/v1', calibrations })
    await writeFile(join(home.path, 'breakwater', 'calibration.json'), text)
  }
  let listed = ''
  const { ran, log } = await runWhile(t, {
    workers: ['w1', 'w2'],
    env,
    seconds: 4,
    async meanwhile({ natsUrl }) {
      listed = (await breakwater(['workers', '--nats', natsUrl, '--json'])).stdout
    },
  })
  whole(t, ran, log, 4 * rate)
  t.deepEqual(
    ran.record.epochs[0]?.roster.map(({ weight }) => weight),
    [1, 3],
  )
  const started = ran.record.metrics.workers.map(({ shards }) =>
    shards.reduce((sum, s) => sum + s.started, 0),
  )
  t.deepEqual(started, [rate, 3 * rate])
  const { workers } = JSON.parse(listed) as { workers: { id: string; capacity: number }[] }
  t.deepEqual(workers.map(({ id, capacity }) => [id, capacity]).sort(), [
    ['w1', 3_000],
    ['w2', 9_000],
  ])
})

testOnCluster('users that move to a worker that joins begin anew, and are counted', async (t) => {
  const users = 6
  const { ran, log } = await runWhile(t, {
    workers: ['w1', 'w2'],
    spec: {
      workers: { grow: true },
      load: [{ phase: 'people', users, duration: '6s', pace: '100ms' }],
    },
    seconds: 6,
    async meanwhile({ at, join }) {
      await at(1_000)
      await join('w3')
    },
  })
  const { accounts } = ran
  t.deepEqual(rostersOf(ran), ['start w1 w2', 'joined w1 w2 w3'])
  t.is(log.length, accounts.requests.sent)
  t.is(accounts.iterations.interrupted, 0)
  t.is(accounts.iterations.completed, accounts.total.started)
  // By two, user n was the worker's n mod 2; by three, it is that of n mod 3.
  const moved = Array.from({ length: users }, (_, n) => n).filter((n) => n % 2 !== n % 3).length
  t.is(accounts.phases[0]?.movedUsers, moved)
  t.is(accounts.phases[0]?.gapUserSeconds, 0)
})

interface Meanwhile {
  readonly natsUrl: string
  /** Until so long after the start. */
  at(ms: number): Promise<unknown>
  nowMs(): number
  join(id: string): Promise<void>
  steer(words: readonly string[]): ReturnType<typeof breakwater>
}

interface Wish {
  readonly workers: readonly string[]
  readonly spec?: Parameters<typeof runSpec>[0]
  /** Of them, those that the run begins with; all when not given. */
  readonly count?: number
  /** By worker. */
  readonly env?: Readonly<Record<string, Readonly<Record<string, string>>>>
  readonly seconds: number
  meanwhile(its: Meanwhile): Promise<void>
}

async function runWhile(
  t: ExecutionContext,
  { workers, count = workers.length, spec = {}, env = {}, seconds, meanwhile }: Wish,
) {
  const [nginx, nats] = await Promise.all([
    startNginx({ server: `location = /seed { return 200 '{"id":"t1"}'; }` }),
    startNats({ jetstream: false }),
  ])
  t.teardown(nginx.remove)
  t.teardown(nats.stop)
  const come = async (id: string) => {
    const worker = await startWorkerProcess(nats.url, id, env[id])
    t.teardown(() => worker.stop('SIGKILL'))
  }
  await Promise.all(workers.map(come))
  let done: Promise<void> = Promise.resolve()
  const follow = (conductor: Conductor) => {
    const nowMs = () => localMs() - (conductor.state.startAtMs ?? Number.POSITIVE_INFINITY)
    const at = (ms: number) => until('it is time', () => nowMs() >= ms, { withinMs: 60_000 })
    const steer = (words: readonly string[]) =>
      breakwater(['steer', conductor.state.order.run, '--nats', nats.url, ...words])
    done = meanwhile({ natsUrl: nats.url, at, nowMs, join: come, steer })
  }
  const rows = Array.from({ length: 10_000 }, (_, n) => `${n}`).join('\n')
  const ran = await runSpec(
    {
      target: { url: nginx.url },
      data: { arrivals: { csv: 'arrivals.csv', pick: 'unique' } },
      setup: [{ post: '/seed', capture: { tenant: { json: '$.id' } } }],
      scenarios: [
        {
          name: 'visit',
          steps: [{ get: '/visit', query: { row: '${arrivals.n}', tenant: '${setup.tenant}' } }],
        },
      ],
      load: [{ phase: 'open', rate, duration: `${seconds}s` }],
      objectives: ['error_rate < 1%'],
      ...spec,
    },
    {
      workers: count,
      natsUrl: nats.url,
      files: { 'arrivals.csv': new TextEncoder().encode(`n\n${rows}\n`) },
      onConductor: follow,
    },
  )
  await done
  await nginx.stop()
  return { ran, log: await nginx.accessLog() }
}

/** Every arrival was started once, and all that was sent is known. */
function whole(
  t: ExecutionContext,
  { record, accounts }: Ran,
  log: readonly LoggedRequest[],
  planned: number,
) {
  t.is(record.ended, 'finished')
  t.true(isBalanced(accounts.total))
  t.like(accounts.total, { planned, started: planned, lost: 0, unstarted: 0 })
  t.is(log.length, accounts.requests.sent)
  t.is(accounts.requests.overrun, 0)
  t.deepEqual(
    rowsOf(log).sort((a, b) => a - b),
    Array.from({ length: planned }, (_, n) => n),
  )
}

function rowsOf(log: readonly LoggedRequest[]): number[] {
  return log.flatMap(({ path }) => /^\/visit\?row=(\d+)/.exec(path)?.[1] ?? []).map(Number)
}

function rostersOf({ record }: Ran): readonly string[] {
  return record.epochs.map(({ cause, roster }) => `${cause} ${roster.map((r) => r.worker).join(' ')}`)
}
