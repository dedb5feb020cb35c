import { once } from 'node:events'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { Totals } from '../../../core/measure/totals.ts'
import { firstEpoch } from '../../../core/plan/epoch.ts'
import { planRun } from '../../../core/plan/plan-run.ts'
import type { LoadTest } from '../../../core/spec/load-test.ts'
import { localMs } from '../../../worker/engine/clock.ts'
import type { ThreadPart } from '../../../worker/engine/thread-protocol.ts'
import { type EngineThreads, startThreads } from '../../../worker/engine/threads.ts'
import { httpGet, loadTest, scenario } from '../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../kit/phases.ts'
import { until } from '../../kit/until.ts'

interface RealRun {
  readonly parts: ThreadPart[]
  /** Of each thread. */
  readonly last: ThreadPart[]
  readonly received: number
}

/** The LoadTest against a server of this process, on real threads, up to the last part of each. */
async function runThreads(
  spec: LoadTest,
  options: {
    readonly threads?: number
    readonly pace?: 'timer' | 'spin'
    readonly answer?: RequestListener
    readonly act?: (threads: EngineThreads, received: () => number) => Promise<void>
  } = {},
): Promise<RealRun> {
  const { threads: count = 2, pace = 'timer', answer = (_, response) => response.end('ok'), act } = options
  let received = 0
  const server = createServer((request, response) => {
    received++
    answer(request, response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const test = { ...spec, target: { ...spec.target, url } }
  const parts: ThreadPart[] = []
  const failures: unknown[] = []
  const threads = startThreads({
    count,
    prepare: {
      run: 'run',
      worker: 'w1',
      test,
      seed: 1,
      files: {},
      indexes: {},
      pace,
      engine: 'auto',
      secrets: ['hunter22'],
    },
    onPart: (part) => parts.push(part),
    onFenced: () => {},
    onRowsWanted: () => {},
    onTokenRefused: () => {},
    onFailed: (error) => failures.push(error),
  })
  try {
    await threads.prepare()
    threads.arm(
      localMs() + 100,
      firstEpoch(test, planRun(test, 1), [{ worker: 'w1', weight: 1, threads: count }]),
      {},
    )
    await act?.(threads, () => received)
    const last = await until('every thread has drained', () => {
      if (failures.length > 0) throw failures[0]
      const drained = parts.filter((part) => part.drained)
      return drained.length === count && drained
    })
    return { parts, last, received }
  } finally {
    await threads.exit()
    server.closeAllConnections()
    server.close()
  }
}

function sum(parts: readonly ThreadPart[], of: (part: ThreadPart) => number): number {
  return parts.reduce((total, part) => total + of(part), 0)
}

test.serial('two threads send each arrival once, and their parts add up to their totals', async (t) => {
  const { parts, last, received } = await runThreads(
    loadTest({
      load: [constantPhase(200, 2000)],
      scenarios: [scenario({ steps: [httpGet('/a'), httpGet('/b')] })],
    }),
  )
  t.is(
    sum(last, ({ shards }) => shards[0]?.started ?? 0),
    400,
  )
  t.is(
    sum(last, ({ shards }) => shards[0]?.completed ?? 0),
    400,
  )
  t.deepEqual(
    last.map(({ requests }) => requests.ok),
    [400, 400],
  )
  t.is(
    sum(last, ({ requests }) => requests.sent),
    800,
  )
  t.is(received, 800)
  // A part for each whole second, and the last one.
  t.true(parts.length >= 4)
  const deltas = parts.flatMap(({ intervals }) => intervals.flatMap(({ series }) => series))
  const totals = last.flatMap(({ totals }) => totals?.series ?? [])
  for (const id of new Set(totals.map(({ series }) => series))) {
    const of = (all: typeof totals) => {
      const whole = new Totals()
      for (const delta of all) if (delta.series === id) whole.addSparse(delta.responseOk)
      return whole
    }
    t.true(of(deltas).total > 0)
    t.true(of(deltas).equals(of(totals)))
  }
  t.true(last.every(({ startSkew }) => startSkew !== null && startSkew >= 0 && startSkew < 50_000))
  t.true(last.every(({ health }) => health.cpu >= 0 && health.cpu < 2))
})

test.serial('a closed phase with a number of iterations makes exactly as many', async (t) => {
  const users = { from: 5, to: 5, overMs: 0 }
  const { last, received } = await runThreads(loadTest({ load: [closedPhase({ users, iterations: 101 })] }), {
    pace: 'spin',
  })
  t.is(received, 101)
  t.is(
    sum(last, ({ shards }) => shards[0]?.completed ?? 0),
    101,
  )
})

test.serial('stop lets what is in flight finish, abort interrupts it', async (t) => {
  for (const how of ['stop', 'abort'] as const) {
    const { last } = await runThreads(loadTest({ load: [constantPhase(50, 60_000)] }), {
      threads: 1,
      answer: (_, response) => void setTimeout(() => response.end('ok'), 300),
      act: async (threads, received) => {
        await until('some are under way', () => received() > 20)
        threads[how]()
      },
    })
    const shard = last[0]?.shards[0]
    t.is(shard?.started, (shard?.completed ?? 0) + (shard?.interrupted ?? 0))
    t.is((shard?.interrupted ?? 0) > 0, how === 'abort')
    t.true(shard?.done)
  }
})

test.serial('failures are sampled with their answer, five of each, and without secrets', async (t) => {
  const steps = [httpGet('/', { checks: [{ kind: 'body', matcher: { op: 'contains', text: 'fine' } }] })]
  const { parts } = await runThreads(
    loadTest({ load: [constantPhase(50, 500)], scenarios: [scenario({ steps })] }),
    { threads: 1, answer: (_, response) => response.writeHead(200).end('hunter22 says no') },
  )
  const failures = parts.flatMap((part) => part.failures)
  t.is(failures.length, 5)
  t.like(failures[0], {
    worker: 'w1',
    step: 'GET /',
    error: 'check',
    response: { status: 200, body: '*** says no' },
  })
})

test.serial('a thread that dies is reported, and the others can still be ended', async (t) => {
  const failures: unknown[] = []
  const threads = startThreads({
    count: 2,
    prepare: {
      run: 'run',
      worker: 'w1',
      test: loadTest({ target: { ...loadTest().target, url: 'http://127.0.0.1:9' } }),
      seed: 1,
      files: {},
      indexes: {},
      pace: 'timer',
      engine: 'auto',
      secrets: [],
    },
    onPart: () => {},
    onFenced: () => {},
    onRowsWanted: () => {},
    onTokenRefused: () => {},
    onFailed: (error) => failures.push(error),
  })
  await threads.prepare()
  // No such source: a defect in the thread.
  threads.rows(1, 99, 0, 1)
  await until('the failure is reported', () => failures.length === 1)
  await threads.exit()
  t.is(failures.length, 1)
  t.true(failures[0] instanceof TypeError)
})

test.serial('what cannot be prepared is refused with its code', async (t) => {
  const spec = loadTest({
    data: {
      users: { source: { kind: 'csv', file: 'gone.csv' }, columns: ['name'], pick: 'unique', onEnd: 'stop' },
    },
  })
  const steps = [httpGet('/${users.name}')]
  await t.throwsAsync(runThreads({ ...spec, scenarios: [scenario({ steps })] }), { code: 'file-unreadable' })
})
