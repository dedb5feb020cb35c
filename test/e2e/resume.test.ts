import { cp, readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import type { ExecutionContext } from 'ava'
import { stringify } from 'yaml'
import type { ResultDocument } from '../../core/report/result.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { startBreakwater, startWorkerProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { startNats } from '../kit/nats.ts'
import { type LoggedRequest, type Nginx, startNginx } from '../kit/nginx.ts'
import type { Program } from '../kit/program.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnCluster = testWith('nats-server', 'nginx')

testOnCluster(
  'a run whose controller is killed is taken up within seconds, and nothing is lost or counted twice',
  async (t) => {
    const place = await startPlace(t, { rate: 100, seconds: 8 })
    await killInMidRun(place)
    const killedAt = Date.now()
    await sleep(2_000)
    const { code, stdout, stderr } = await breakwater(place.resumeArgs('latest'))
    t.is(code, 0, stderr)
    const result = JSON.parse(stdout) as ResultDocument
    const log = await place.nginx.accessLog()
    t.like(result, {
      verdict: 'pass',
      ended: 'finished',
      ledger: { planned: 800, started: 800, skipped: 0, lost: 0, unstarted: 0, balanced: true },
      requests: { attempted: 800, other: { setup: 1, teardown: 1, auth: 0 } },
      merge: { missing: 0 },
    })
    t.is(result.requests.sent, log.length)
    isEachOnce(t, log, 800)
    t.true(
      visits(log).some(({ at }) => at > killedAt && at < killedAt + 1_800),
      'the load went on meanwhile',
    )
    t.deepEqual(
      result.epochs.map(({ cause }) => cause),
      ['start'],
    )
    t.is(count(log, 'POST /seed'), 1)
    t.is(count(log, 'DELETE /seed/t1'), 1)
    // The same files as ever, where they were wanted.
    t.deepEqual(JSON.parse(await readFile(join(place.out, 'result.json'), 'utf8')), result)
    const events = (await readFile(join(place.out, 'events.ndjson'), 'utf8')).trim().split('\n')
    const kinds = events.map((line) => (JSON.parse(line) as { kind: string }).kind)
    t.deepEqual(
      kinds.filter((kind) => ['started', 'resumed', 'ended'].includes(kind)),
      ['started', 'resumed', 'ended'],
    )
  },
)

testOnCluster(
  'taken up later than ten seconds after, workers have stopped, and what they measured is all there',
  async (t) => {
    const place = await startPlace(t, { rate: 50, seconds: 40 })
    await killInMidRun(place)
    const killedAt = Date.now()
    await until(
      'both workers stop by themselves',
      () => place.workers.every((worker) => worker.output().includes('no controller was heard for 10 s')),
      { withinMs: 20_000 },
    )
    const before = await place.nginx.accessLog()
    await sleep(2_000)
    t.is((await place.nginx.accessLog()).length, before.length, 'nothing is sent any more')
    const { code, stdout, stderr } = await breakwater(place.resumeArgs('latest'))
    t.is(code, 3, stderr)
    const result = JSON.parse(stdout) as ResultDocument
    const log = await place.nginx.accessLog()
    const last = Math.max(...visits(log).map(({ at }) => at))
    t.true(
      last - killedAt > 8_000 && last - killedAt < 11_000,
      `the last request came ${last - killedAt} ms after`,
    )
    t.like(result, { verdict: 'inconclusive', ended: 'halted', merge: { missing: 0 } })
    t.like(result.ledger, { planned: 2_000, lost: 0, balanced: true })
    t.true(result.ledger.unstarted > 1_000)
    t.is(result.requests.sent, log.length)
    t.true(
      result.reasons.some((reason) => reason.includes('heard no controller')),
      result.reasons.join(' '),
    )
    t.is(count(log, 'POST /seed'), 1)
    t.is(count(log, 'DELETE /seed/t1'), 1)
    // A worker that stopped by itself is free again.
    for (const worker of place.workers) t.true(worker.output().includes('released'))
  },
)

testOnCluster('of two that take a run up at once, one has it and the other stands down', async (t) => {
  const place = await startPlace(t, { rate: 60, seconds: 8 })
  await killInMidRun(place)
  const both = await Promise.all([1, 2].map(() => breakwater(place.resumeArgs('latest'))))
  const [winner, other] = both.toSorted((a, b) => Number(a.code) - Number(b.code))
  t.is(winner?.code, 0, winner?.stderr)
  t.is(other?.code, 2)
  t.like(JSON.parse(other?.stdout ?? ''), { error: { code: 'run-controlled' } })
  const result = JSON.parse(winner?.stdout ?? '') as ResultDocument
  const log = await place.nginx.accessLog()
  t.like(result, {
    verdict: 'pass',
    merge: { missing: 0 },
    ledger: { started: 480, lost: 0, balanced: true },
  })
  t.is(result.requests.sent, log.length)
  isEachOnce(t, log, 480)
  t.is(count(log, 'DELETE /seed/t1'), 1)
})

testOnCluster(
  'a controller that another one has taken the run from stands down, and touches nothing',
  async (t) => {
    const place = await startPlace(t, { rate: 60, seconds: 8 })
    await isUnderWay(place)
    // As on another machine, where no lock tells: the same run from a copy of its file, while the first controller is alive.
    const copy = await copyOfData(t, place)
    const taken = await breakwater([...place.resumeArgs('latest'), '--data', copy])
    t.is(taken.code, 0, taken.stderr)
    t.is(await place.run.ended, 2)
    t.regex(place.run.output(), /another controller has taken over run/)
    const result = JSON.parse(taken.stdout) as ResultDocument
    const log = await place.nginx.accessLog()
    t.like(result, { verdict: 'pass', ledger: { started: 480, lost: 0, balanced: true } })
    t.is(result.requests.sent, log.length)
    isEachOnce(t, log, 480)
    t.is(count(log, 'DELETE /seed/t1'), 1)
  },
)

testOnCluster(
  'a worker that died while nobody controlled the run is noticed, and the others take over its share',
  async (t) => {
    const place = await startPlace(t, { rate: 60, seconds: 10, more: { objectives: [] } })
    await killInMidRun(place)
    await place.workers[1]?.stop('SIGKILL')
    await sleep(1_000)
    const { code, stdout, stderr } = await breakwater(place.resumeArgs('latest'))
    const result = JSON.parse(stdout) as ResultDocument
    t.true(code === 0 || code === 3, stderr)
    t.deepEqual(
      result.epochs.map(({ cause, roster }) => [cause, roster]),
      [
        ['start', ['w1', 'w2']],
        ['lost', ['w1']],
      ],
    )
    t.true(result.ledger.balanced && result.ledger.lost > 0)
    const log = await place.nginx.accessLog()
    const { sent, unknown } = result.requests
    t.true(sent <= log.length && log.length <= sent + (unknown.max ?? Number.NaN), `${log.length} of ${sent}`)
    const rows = visits(log).map(({ path }) => path)
    t.is(new Set(rows).size, rows.length, 'no arrival was started twice')
  },
)

interface Place {
  readonly nginx: Nginx
  readonly workers: readonly Program[]
  readonly run: Program
  readonly out: string
  readonly data: string
  resumeArgs(run: string): readonly string[]
}

interface Wish {
  readonly rate: number
  readonly seconds: number
  readonly more?: Readonly<Record<string, Json>>
}

/** Two workers, and a run that is under way. */
async function startPlace(t: ExecutionContext, { rate, seconds, more = {} }: Wish): Promise<Place> {
  const [nginx, nats, home] = await Promise.all([
    startNginx({ server: `location = /seed { return 200 '{"id":"t1"}'; }` }),
    startNats({ jetstream: false }),
    makeTempDir(),
  ])
  t.teardown(home.remove)
  t.teardown(nats.stop)
  t.teardown(nginx.remove)
  const workers = await Promise.all(['w1', 'w2'].map((id) => startWorkerProcess(nats.url, id)))
  for (const worker of workers) t.teardown(() => worker.stop('SIGKILL'))
  const file = join(home.path, 'test.yaml')
  const out = join(home.path, 'out')
  const data = join(home.path, 'data')
  await writeFile(file, stringify(loadTest(nginx.url, { rate, seconds, more })))
  const where = ['--nats', nats.url, '--data', data, '--json']
  const run = await startBreakwater(['run', file, '--workers', '2', '--out', out, ...where])
  t.teardown(() => run.stop('SIGKILL'))
  return { nginx, workers, run, out, data, resumeArgs: (id) => ['run', '--resume', id, ...where] }
}

function loadTest(url: string, { rate, seconds, more }: Required<Wish>): Json {
  return {
    apiVersion: 'breakwater.dev/v1',
    kind: 'LoadTest',
    metadata: { name: 'visits' },
    spec: {
      target: { url },
      data: { arrivals: { rows: Array.from({ length: rate * seconds }, (_, n) => ({ n })), pick: 'unique' } },
      setup: [{ post: '/seed', capture: { tenant: { json: '$.id' } } }],
      teardown: [{ delete: '/seed/${setup.tenant}' }],
      scenarios: [{ name: 'visit', steps: [{ get: '/visit', query: { row: '${arrivals.n}' } }] }],
      load: [{ phase: 'steady', rate, duration: `${seconds}s` }],
      objectives: ['error_rate < 1%'],
      ...more,
    },
  }
}

/** After about two seconds of load. */
async function killInMidRun(place: Place): Promise<void> {
  await isUnderWay(place)
  await place.run.stop('SIGKILL')
}

/** What is in the file by now, and what is in its journal. */
async function copyOfData(t: ExecutionContext, { data }: Place): Promise<string> {
  const copy = await makeTempDir()
  t.teardown(copy.remove)
  await cp(data, copy.path, { recursive: true })
  return copy.path
}

async function isUnderWay({ nginx, run }: Place): Promise<void> {
  await until(
    'the load is under way',
    async () => {
      if (!run.isRunning()) throw new Error(run.output())
      return visits(await nginx.accessLog()).length > 150
    },
    { withinMs: 30_000, everyMs: 50 },
  )
}

function visits(log: readonly LoggedRequest[]): readonly LoggedRequest[] {
  return log.filter(({ path }) => path.startsWith('/visit?row='))
}

function isEachOnce(t: ExecutionContext, log: readonly LoggedRequest[], planned: number): void {
  const rows = visits(log).map(({ path }) => Number(path.slice('/visit?row='.length)))
  t.deepEqual(
    rows.toSorted((a, b) => a - b),
    Array.from({ length: planned }, (_, n) => n),
  )
}

function count(log: readonly LoggedRequest[], line: string): number {
  return log.filter(({ method, path }) => `${method} ${path}` === line).length
}
