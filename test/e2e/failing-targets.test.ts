import type { ExecutionContext } from 'ava'
import test from 'ava'
import type { RequestError } from '../../core/measure/request-error.ts'
import { isBalanced } from '../../core/plan/ledger.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { startWorkerProcess } from '../kit/breakwater.ts'
import { type Ran, runSpec } from '../kit/cluster.ts'
import {
  answers,
  answersGarbage,
  answersLargeBody,
  answersServerError,
  type Behaviour,
  closesInTheBody,
  closesUnanswered,
  neverAnswers,
  refusedPort,
  resets,
  startRawServer,
} from '../kit/failing-servers.ts'
import { type Nats, startNats } from '../kit/nats.ts'
import type { Program } from '../kit/program.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

/**
 * One worker goes through all of it. Its threads hold about 30 MB each when they are at work, so that 7 kB kept of each of 10,000 failures
 * would not fit.
 */
const heapMegabytes = 96
const mostRssBytes = 512 * 1024 * 1024
let worker: Promise<{ readonly nats: Nats; readonly process: Program }> | null = null

const times = 10_000
const largeBody = 100 * 1024 * 1024

interface Failing {
  readonly does: string
  readonly behaviour: Behaviour
  readonly error: RequestError
  readonly users?: number
  readonly step?: Readonly<Record<string, Json>>
  /** A connection of its own for each request: what came on it cannot be followed by another answer. */
  readonly spendsConnections: boolean
}

const failing: readonly Failing[] = [
  { does: 'resets', behaviour: resets, error: 'reset', spendsConnections: true },
  {
    does: 'closes without an answer',
    behaviour: closesUnanswered,
    error: 'reset',
    spendsConnections: true,
  },
  {
    does: 'closes in the middle of the body',
    behaviour: closesInTheBody,
    error: 'reset',
    spendsConnections: true,
  },
  { does: 'answers garbage', behaviour: answersGarbage, error: 'protocol', spendsConnections: true },
  { does: 'answers 500', behaviour: answersServerError, error: 'status_5xx', spendsConnections: false },
  {
    does: 'never answers',
    behaviour: neverAnswers,
    error: 'timeout',
    // Enough of them that 10,000 timeouts take seconds.
    users: 500,
    step: { timeout: '150ms' },
    spendsConnections: true,
  },
]

for (const { does, behaviour, error, users = 50, step = {}, spendsConnections } of failing) {
  testWith('nats-server')(
    `10,000 requests to a server that ${does} are 10,000 of ${error}, and leave nothing behind`,
    async (t) => {
      const server = await startRawServer(behaviour)
      t.teardown(() => server.close())
      const ran = await run(closed(server.url, users, times, step))
      allFailed(t, ran, error, times)
      // A timeout that strikes while its connection is still being opened has sent nothing.
      if (error === 'timeout') t.true(ran.accounts.requests.sent <= times)
      else t.is(ran.accounts.requests.sent, times)
      t.is(server.accepted, spendsConnections ? times : users)
      await until('the server’s sockets are closed', () => server.open === 0)
      keepsMemory(t, ran)
    },
  )
}

testWith('nats-server')(
  '10,000 requests to a port where nobody listens are 10,000 of refused, and none was sent',
  async (t) => {
    const ran = await run(closed(`http://127.0.0.1:${await refusedPort()}`, 50, times))
    allFailed(t, ran, 'refused', times)
    t.is(ran.accounts.requests.sent, 0)
    t.is(ran.total.service.total, 0, 'what was not sent has no service time')
    keepsMemory(t, ran)
  },
)

testWith('nats-server')('bodies of 100 MB that nobody looks at are read and discarded', async (t) => {
  const server = await startRawServer(answersLargeBody(largeBody))
  t.teardown(() => server.close())
  const ran = await run(closed(server.url, 2, 6))
  const { requests } = ran.accounts
  t.deepEqual([requests.sent, requests.ok, requests.errors], [6, 6, {}])
  t.true(ran.total.bytesIn > 6 * largeBody)
  balanced(t, ran)
  await until('the server’s sockets are closed', () => server.open === 0)
  keepsMemory(t, ran)
})

testWith('nats-server')(
  'bodies of 100 MB that a check wants to see are too large, and are not read to their end',
  async (t) => {
    const server = await startRawServer(answersLargeBody(largeBody))
    t.teardown(() => server.close())
    const ran = await run(closed(server.url, 2, 20, { check: { body: '~needle' } }))
    allFailed(t, ran, 'too_large', 20)
    t.is(ran.accounts.requests.sent, 20)
    t.true(ran.total.bytesIn < 20 * 2 * ran.record.test.target.maxBodyBytes)
    await until('the server’s sockets are closed', () => server.open === 0)
    keepsMemory(t, ran)
  },
)

testWith('nats-server')(
  'what fails and what is fine are told apart to the last one in one run',
  async (t) => {
    const fine = answers('HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok')
    const server = await startRawServer((socket, connection) =>
      (connection % 2 === 0 ? resets : fine)(socket, connection),
    )
    t.teardown(() => server.close())
    const ran = await run({
      ...closed(server.url, 20, 2_000),
      load: [{ phase: 'open', rate: 500, duration: '2s' }],
    })
    const { requests, total, iterations } = ran.accounts
    balanced(t, ran)
    t.is(total.started, 1_000)
    t.is(requests.ok + requests.failed, 1_000)
    t.deepEqual(requests.errors, { reset: requests.failed })
    t.true(requests.failed > 0 && requests.ok > 0)
    t.is(iterations.failed, requests.failed)
    t.is(ran.total.responseFailed.total, requests.failed)
    t.is(ran.total.responseOk.total, requests.ok)
  },
)

test.after.always('the worker ends', async () => {
  const started = await worker
  await started?.process.stop()
  await started?.nats.stop()
})

async function run(spec: Readonly<Record<string, Json>>): Promise<Ran> {
  worker ??= startWorker()
  const { nats } = await worker
  return runSpec(spec, { natsUrl: nats.url })
}

async function startWorker() {
  const nats = await startNats()
  const env = { NODE_OPTIONS: `--max-old-space-size=${heapMegabytes}` }
  return { nats, process: await startWorkerProcess(nats.url, 'w1', env) }
}

function closed(
  url: string,
  users: number,
  iterations: number,
  step: Readonly<Record<string, Json>> = {},
): Readonly<Record<string, Json>> {
  return {
    target: { url },
    scenarios: [{ name: 'browse', steps: [{ get: '/', ...step }] }],
    load: [{ phase: 'users', users, iterations }],
  }
}

function allFailed(t: ExecutionContext, ran: Ran, error: RequestError, count: number): void {
  const { requests, iterations } = ran.accounts
  t.deepEqual(requests.errors, { [error]: count })
  t.deepEqual([requests.attempted, requests.ok, requests.failed], [count, 0, count])
  t.deepEqual(iterations, { completed: 0, failed: count, interrupted: 0 })
  t.is(ran.total.responseFailed.total, count, 'every failure has a response time')
  t.is(ran.record.metrics.failures.length, 5, 'the first five are shown')
  balanced(t, ran)
}

function balanced(t: ExecutionContext, { record, accounts }: Ran): void {
  t.true(isBalanced(accounts.total))
  t.is(accounts.total.started, accounts.total.planned)
  t.deepEqual(
    record.members.map(({ state }) => state),
    ['drained'],
  )
  t.true(record.metrics.workers.every(({ proof }) => proof.state === 'proven'))
}

function keepsMemory(t: ExecutionContext, { record }: Ran): void {
  const rss = record.metrics.workers.flatMap(({ health }) => health.map((sample) => sample.health.rssBytes))
  t.true(rss.length > 0 && Math.max(...rss) < mostRssBytes)
}
