import type { ExecutionContext } from 'ava'
import type { Conductor } from '../../controller/run/conductor.ts'
import { isBalanced } from '../../core/plan/ledger.ts'
import { createSchedules } from '../../core/plan/schedules.ts'
import { stripeOf } from '../../core/plan/stripe.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { judgeRun } from '../../core/verdict/judge.ts'
import { localMs } from '../../worker/engine/clock.ts'
import { startWorkerProcess } from '../kit/breakwater.ts'
import { type Ran, runSpec } from '../kit/cluster.ts'
import { startNats } from '../kit/nats.ts'
import { type LoggedRequest, startNginx } from '../kit/nginx.ts'
import type { Program } from '../kit/program.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnCluster = testWith('nginx', 'nats-server')
/** Own arrivals of one of three workers, per second. */
const rate = 300

/** An arrival that is later than that is skipped: what was intended before cannot have been waiting in a worker. */
const mostLateMicros = 1_000_000

testOnCluster(
  'a killed worker is noticed within two seconds, and the others take over what was its own',
  async (t) => {
    const { ran, log, at } = await runAndStrike(t, {
      spec: { ...visits(rate, '6s'), workers: { onLoss: 'reassign' } },
      strikeAtMs: 2_300,
      strike: (worker) => worker.signal('SIGKILL'),
    })
    const { record, accounts } = ran
    const { total, iterations, requests } = accounts
    t.is(record.ended, 'finished')
    t.deepEqual(statesOf(ran), ['drained', 'lost', 'drained'])
    const lostAt = record.members[1]?.lostAt ?? Number.NaN
    t.true(lostAt > at && lostAt - at <= 2_000_000, `killed at ${at}, noticed at ${lostAt}`)

    t.true(isBalanced(total))
    t.like(total, { planned: 6 * rate, skipped: 0, unstarted: 0 })
    t.true(total.lost > 0)
    t.is(iterations.completed + iterations.failed + iterations.interrupted, total.started)
    t.true(iterations.interrupted > 0, 'some were thinking when it was killed')
    t.is(requests.attempted, requests.ok + requests.failed + requests.interrupted)
    t.is(ran.record.metrics.snapshots.missing, 0)
    t.deepEqual(
      record.metrics.workers.map(({ worker }) => worker),
      ['w1', 'w2', 'w3'],
    )
    withinWhatIsUnknown(t, ran, log)

    t.deepEqual(
      record.epochs.map(({ cause, roster }) => [cause, roster.map(({ worker }) => worker)]),
      [
        ['start', ['w1', 'w2', 'w3']],
        ['lost', ['w1', 'w3']],
      ],
    )
    const takenOver = record.epochs[1]?.at ?? Number.NaN
    t.true(takenOver - at <= 5_000_000, 'the full rate is back within five seconds')
    // Row n is arrival n's: what nginx never saw is the dead worker's, from its death to the next epoch.
    const unseen = unseenArrivals(ran, log)
    t.true(unseen.length > 0 && unseen.length <= total.lost)
    t.true(unseen.every((arrival) => isOwnOf(ran, 'w2', arrival)))
    const intended = intendedStarts(ran, unseen)
    t.true(Math.min(...intended) > at - mostLateMicros && Math.max(...intended) < takenOver)
    t.is(judgeRun(record, accounts).verdict, 'inconclusive', 'more than 1 % is lost')
  },
)

testOnCluster(
  'with onLoss continue the rest of a killed worker’s share is lost, and nobody takes it over',
  async (t) => {
    const { ran, log, at } = await runAndStrike(t, {
      spec: { ...visits(rate, '5s'), workers: { onLoss: 'continue' } },
      strikeAtMs: 1_300,
      strike: (worker) => worker.signal('SIGKILL'),
    })
    const { record, accounts } = ran
    t.is(record.ended, 'finished')
    t.is(record.epochs.length, 1)
    t.true(isBalanced(accounts.total))
    t.is(accounts.total.unstarted, 0)
    const own = Array.from({ length: 5 * rate }, (_, n) => n).filter((n) => isOwnOf(ran, 'w2', n))
    const unseen = unseenArrivals(ran, log)
    t.true(unseen.every((arrival) => own.includes(arrival)))
    t.deepEqual(unseen, own.slice(-unseen.length), 'all of its share from its death on')
    t.true(Math.min(...intendedStarts(ran, unseen)) > at - mostLateMicros)
    t.true(unseen.length <= accounts.total.lost)
    withinWhatIsUnknown(t, ran, log)
  },
)

testOnCluster(
  'with onLoss fail a killed worker stops the run, and what is not started by then is unstarted',
  async (t) => {
    const { ran, log } = await runAndStrike(t, {
      spec: { ...visits(rate, '30s'), workers: { onLoss: 'fail' } },
      strikeAtMs: 1_300,
      strike: (worker) => worker.signal('SIGKILL'),
    })
    const { record, accounts } = ran
    t.is(record.ended, 'stopped')
    t.regex(record.endedWhy ?? '', /w2 was lost and onLoss is fail/)
    t.true(record.endedAt < 8_000_000)
    t.true(isBalanced(accounts.total))
    t.true(accounts.total.lost > 0)
    t.true(accounts.total.unstarted > 20 * rate)
    t.is(judgeRun(record, accounts).verdict, 'inconclusive')
    withinWhatIsUnknown(t, ran, log)
  },
)

testOnCluster(
  'a worker that is told to leave finishes what it has begun, and the others take over',
  async (t) => {
    const { ran, log, at, workers } = await runAndStrike(t, {
      spec: {
        ...visits(rate, '5s'),
        scenarios: [{ name: 'visit', steps: [{ get: '/first', query: { row: '${arrivals.n}' } }] }],
      },
      strikeAtMs: 1_300,
      strike: (worker) => worker.signal('SIGTERM'),
    })
    const { record, accounts } = ran
    t.is(record.ended, 'finished')
    t.deepEqual(statesOf(ran), ['drained', 'left', 'drained'])
    t.is(await workers[1]?.ended, 0)
    t.deepEqual(
      record.epochs.map(({ cause }) => cause),
      ['start', 'left'],
    )
    t.true(isBalanced(accounts.total))
    t.is(accounts.iterations.interrupted, 0)
    t.deepEqual(accounts.requests.unknown, { min: 0, max: 0 })
    t.is(log.length, accounts.requests.sent, 'what a worker says that leaves is all that it did')
    const unseen = unseenArrivals(ran, log)
    t.is(unseen.length, accounts.total.lost)
    t.true(unseen.every((arrival) => isOwnOf(ran, 'w2', arrival)))
    const takenOver = record.epochs[1]?.at ?? Number.NaN
    t.true(takenOver - at < 2_500_000, `asked at ${at}, taken over at ${takenOver}`)
    t.true(
      intendedStarts(ran, unseen).every((intended) => intended > at - mostLateMicros && intended < takenOver),
    )
  },
)

testOnCluster('a run whose last worker dies ends, with everything it left accounted for', async (t) => {
  const { ran, log, at } = await runAndStrike(t, {
    count: 1,
    spec: visits(100, '30s'),
    strikeAtMs: 1_300,
    strike: (worker) => worker.signal('SIGKILL'),
  })
  const { record, accounts } = ran
  t.deepEqual(statesOf(ran), ['lost'])
  t.true(record.endedAt - at < 4_000_000)
  t.true(isBalanced(accounts.total))
  t.is(accounts.total.planned, 3_000)
  t.is(accounts.total.lost, 3_000 - accounts.total.started)
  t.is(judgeRun(record, accounts).verdict, 'inconclusive')
  withinWhatIsUnknown(t, ran, log)
})

testOnCluster('0.4 % of lost arrivals do not spoil what holds anyway, and are shown', async (t) => {
  const { ran, log } = await runAndStrike(t, {
    spec: {
      ...visits(0, '0s'),
      scenarios: [{ name: 'visit', steps: [{ get: '/first', query: { row: '${arrivals.n}' } }] }],
      load: [
        {
          phase: 'open',
          rate: {
            steps: [
              { rate: 1_500, for: '4s' },
              { rate: 20, for: '6s' },
            ],
          },
        },
      ],
      objectives: ['p95 < 2s', 'error_rate < 1%'],
    },
    strikeAtMs: 5_500,
    strike: (worker) => worker.signal('SIGKILL'),
  })
  const { record, accounts } = ran
  const { total } = accounts
  t.is(total.planned, 6_120)
  t.true(isBalanced(total))
  t.true(total.lost > 0 && total.lost < total.planned / 100, `${total.lost} are lost`)
  withinWhatIsUnknown(t, ran, log)
  const { verdict, objectives, reasons } = judgeRun(record, accounts)
  t.is(verdict, 'pass', reasons.join('\n'))
  const [latency, errors] = objectives
  const unknown = total.lost + accounts.iterations.interrupted
  t.is(latency?.evidence.unknownRequests, unknown)
  t.true((latency?.best ?? Number.NaN) <= (latency?.actual ?? Number.NaN))
  t.true((latency?.actual ?? Number.NaN) <= (latency?.worst ?? Number.NaN))
  t.is(errors?.actual, 0)
  t.is(errors?.best, 0)
  t.is(errors?.worst, unknown / (accounts.requests.ok + unknown))
})

interface Strike {
  readonly spec: Readonly<Record<string, Json>>
  readonly count?: number
  /** Since the start instant. */
  readonly strikeAtMs: number
  /** Given w2, or the only one. */
  readonly strike: (worker: Program) => void
}

async function runAndStrike(t: ExecutionContext, { spec, count = 3, strikeAtMs, strike }: Strike) {
  const [nginx, nats] = await Promise.all([startNginx(), startNats()])
  t.teardown(nginx.remove)
  t.teardown(nats.stop)
  const workers = await Promise.all(
    Array.from({ length: count }, (_, index) => startWorkerProcess(nats.url, `w${index + 1}`)),
  )
  t.teardown(async () => {
    await Promise.all(workers.map((worker) => worker.stop('SIGKILL')))
  })
  let at = Number.NaN
  const strikeInTime = async (conductor: Conductor): Promise<void> => {
    const sinceStart = () => localMs() - (conductor.state.startAtMs ?? Number.POSITIVE_INFINITY)
    await until('it is time', () => sinceStart() >= strikeAtMs, { withinMs: 60_000 })
    at = sinceStart() * 1000
    strike(workers[Math.min(1, count - 1)] as Program)
  }
  const ran = await runSpec(
    { ...spec, target: { url: nginx.url } },
    { workers: count, natsUrl: nats.url, onConductor: (conductor) => void strikeInTime(conductor) },
  )
  return { ran, log: await nginx.accessLog(), at, workers }
}

/** Each arrival tells its number by its row, and thinks between two requests. */
function visits(perSecond: number, duration: string): Readonly<Record<string, Json>> {
  return {
    data: { arrivals: { rows: Array.from({ length: 10_000 }, (_, n) => ({ n })), pick: 'unique' } },
    scenarios: [
      {
        name: 'visit',
        steps: [
          { get: '/first', query: { row: '${arrivals.n}' } },
          { think: '300ms' },
          { get: '/second', query: { row: '${arrivals.n}' } },
        ],
      },
    ],
    load: [{ phase: 'open', rate: perSecond, duration }],
  }
}

function statesOf({ record }: Ran): readonly string[] {
  return record.members.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ state }) => state)
}

/** What a dead worker sent after its last word is not known, but it is bounded. */
function withinWhatIsUnknown(t: ExecutionContext, { accounts }: Ran, log: readonly LoggedRequest[]): void {
  const { sent, unknown } = accounts.requests
  t.true(unknown.max !== null && unknown.max > 0)
  t.true(sent <= log.length && log.length <= sent + (unknown.max ?? 0), `${log.length} of ${sent}`)
  const first = arrivalsSeen(log)
  t.is(new Set(first).size, first.length, 'no arrival was started twice')
}

function arrivalsSeen(log: readonly LoggedRequest[]): number[] {
  return log
    .filter(({ path }) => path.startsWith('/first?row='))
    .map(({ path }) => Number(path.slice('/first?row='.length)))
}

function unseenArrivals({ accounts }: Ran, log: readonly LoggedRequest[]): number[] {
  const seen = new Set(arrivalsSeen(log))
  return Array.from({ length: accounts.total.planned }, (_, n) => n).filter((n) => !seen.has(n))
}

function isOwnOf({ record }: Ran, worker: string, arrival: number): boolean {
  const stripe = stripeOf(record.epochs[0]?.roster ?? [], worker, 0)
  return stripe.slots.includes(arrival % stripe.cycle)
}

/** Cluster time, µs. */
function intendedStarts({ record }: Ran, arrivals: readonly number[]): number[] {
  const [schedule] = createSchedules(record.test, record.plan.seed)
  return arrivals.map((arrival) => (schedule?.startOf(arrival) ?? Number.NaN) * 1000)
}
