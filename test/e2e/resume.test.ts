import { once } from 'node:events'
import { cp, readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { stringify } from 'yaml'
import type { ResultDocument } from '../../core/report/result.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { startBreakwater, startWorkerProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { type Nats, startNats } from '../kit/nats.ts'
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

testOnCluster('taken up 30 s after, workers have stopped, and what they measured is all there', async (t) => {
  const place = await startPlace(t, { rate: 50, seconds: 40 })
  await killInMidRun(place)
  const killedAt = Date.now()
  await until(
    'both workers stop by themselves',
    () => place.workers.every((worker) => worker.output().includes('no controller was heard for 10 s')),
    { withinMs: 20_000 },
  )
  const before = await place.nginx.accessLog()
  await sleep(Math.max(0, killedAt + 30_000 - Date.now()))
  t.is((await place.nginx.accessLog()).length, before.length, 'nothing is sent any more')
  const resumedAt = Date.now()
  const { code, stdout, stderr } = await breakwater(place.resumeArgs('latest'))
  t.is(code, 3, stderr)
  t.true(Date.now() - resumedAt < 10_000, 'the result is there soon after')
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
})

testOnCluster('users in a loop go on too, and no row of unique data is handed out twice', async (t) => {
  const load = [{ phase: 'loop', users: 4, duration: '8s' }]
  const scenarios = [
    { name: 'visit', steps: [{ get: '/visit', query: { row: '${arrivals.n}' } }, { think: '20ms' }] },
  ]
  const place = await startPlace(t, { rate: 1_000, seconds: 8, more: { load, scenarios } })
  await killInMidRun(place)
  await sleep(2_000)
  const { code, stdout, stderr } = await breakwater(place.resumeArgs('latest'))
  t.is(code, 0, stderr)
  const result = JSON.parse(stdout) as ResultDocument
  const log = await place.nginx.accessLog()
  t.like(result, { verdict: 'pass', ended: 'finished', merge: { missing: 0 }, ledger: { balanced: true } })
  t.is(result.requests.sent, log.length)
  const rows = visits(log).map(({ path }) => path)
  t.true(rows.length > 500)
  t.is(new Set(rows).size, rows.length)
})

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

testOnCluster('killed while one worker sets up, the run is taken up and set up once', async (t) => {
  const slow = await startSlow(t)
  const place = await startPlace(t, { rate: 50, seconds: 2, server: slow.location })
  await until('set-up is under way', () => slow.asked.length === 1, { withinMs: 30_000 })
  await place.run.stop('SIGKILL')
  const resumed = breakwater(place.resumeArgs('latest'))
  await sleep(1_500)
  slow.answer()
  await until('teardown is asked for', () => slow.asked.length === 2, { withinMs: 30_000 })
  slow.answer()
  const { code, stdout, stderr } = await resumed
  t.is(code, 0, stderr)
  t.deepEqual(slow.asked, ['POST /seed', 'DELETE /seed/t1'])
  await isComplete(t, place, JSON.parse(stdout) as ResultDocument, 100)
})

testOnCluster('killed while one worker takes down, the run is taken up and taken down once', async (t) => {
  const slow = await startSlow(t)
  const place = await startPlace(t, { rate: 50, seconds: 2, server: slow.location })
  await until('set-up is under way', () => slow.asked.length === 1, { withinMs: 30_000 })
  slow.answer()
  await until('teardown is under way', () => slow.asked.length === 2, { withinMs: 30_000 })
  await place.run.stop('SIGKILL')
  const resumed = breakwater(place.resumeArgs('latest'))
  await sleep(1_500)
  slow.answer()
  const { code, stdout, stderr } = await resumed
  t.is(code, 0, stderr)
  t.deepEqual(slow.asked, ['POST /seed', 'DELETE /seed/t1'])
  await isComplete(t, place, JSON.parse(stdout) as ResultDocument, 100)
})

testOnCluster(
  'a NATS server that is away for too long ends the run in order, with all that was measured',
  async (t) => {
    const place = await startPlace(t, { rate: 50, seconds: 40 })
    await isUnderWay(place)
    const killedAt = Date.now()
    await place.nats.kill()
    await until(
      'both workers stop by themselves',
      () => place.workers.every((worker) => worker.output().includes('no controller was heard for 10 s')),
      { withinMs: 20_000 },
    )
    await place.nats.restart()
    t.is(await place.run.ended, 3)
    const result = JSON.parse(await readFile(join(place.out, 'result.json'), 'utf8')) as ResultDocument
    const log = await place.nginx.accessLog()
    t.like(result, { verdict: 'inconclusive', ended: 'halted', merge: { missing: 0 } })
    t.like(result.ledger, { planned: 2_000, lost: 0, balanced: true })
    t.is(result.requests.sent, log.length)
    t.true(Math.max(...visits(log).map(({ at }) => at)) - killedAt < 11_500)
    t.is(count(log, 'DELETE /seed/t1'), 1)
  },
)

testOnCluster('a run is taken up as often as its controllers die', async (t) => {
  const place = await startPlace(t, { rate: 60, seconds: 14 })
  await killInMidRun(place)
  for (const life of [2, 3]) {
    const next = await startBreakwater(place.resumeArgs('latest'))
    t.teardown(() => next.stop('SIGKILL'))
    await until('it is taken up', () => next.output().includes('resuming with 2 workers'), {
      withinMs: 20_000,
    })
    // Somewhere in what follows, another time each.
    await sleep(400 * life)
    await next.stop('SIGKILL')
  }
  const { code, stdout, stderr } = await breakwater(place.resumeArgs('latest'))
  t.is(code, 0, stderr)
  const result = JSON.parse(stdout) as ResultDocument
  await isComplete(t, place, result, 840)
  const events = (await readFile(join(place.out, 'events.ndjson'), 'utf8')).trim().split('\n')
  const resumed = events.map((line) => JSON.parse(line) as { kind: string; term?: number })
  t.deepEqual(
    resumed.filter(({ kind }) => kind === 'resumed').map(({ term }) => term),
    [2, 3, 4],
  )
})

testOnCluster('whoever starts another run while a dead one holds its workers is told of it', async (t) => {
  const place = await startPlace(t, { rate: 20, seconds: 20 })
  await until('the load is under way', async () => visits(await place.nginx.accessLog()).length > 20, {
    withinMs: 30_000,
  })
  await place.run.stop('SIGKILL')
  const more = [
    '--nats',
    place.nats.url,
    '--data',
    place.data,
    '--json',
    '--workers',
    '2',
    '--set',
    'workers.wait=2s',
  ]
  const { code, stdout } = await breakwater(
    ['run', place.nginx.url, '--rate', '1', '--duration', '1s', ...more],
    {
      cwd: place.data,
    },
  )
  t.is(code, 2)
  const { error } = JSON.parse(stdout) as { error: { code: string; hint: string } }
  t.is(error.code, 'too-few-workers')
  t.regex(error.hint, /2 more are there, and busy with run .*--resume/)
})

const nats = ['--nats', 'nats://127.0.0.1:1']

const refusals: readonly {
  readonly args: readonly string[]
  readonly says: RegExp
  readonly hints: RegExp
}[] = [
  { args: ['--resume', 'latest'], says: /--resume needs the NATS server/, hints: /--resume latest --nats/ },
  { args: ['--resume', 'latest', ...nats], says: /no run in .* is unfinished/, hints: /--data DIR/ },
  { args: ['--resume', '01NOSUCH', ...nats], says: /there is no run 01NOSUCH/, hints: /--data DIR/ },
  { args: ['--resume', '../x', ...nats], says: /there is no run/, hints: /latest/ },
  {
    args: ['test.yaml', '--resume', 'latest', ...nats],
    says: /test.yaml is another/,
    hints: /without a file/,
  },
  {
    args: ['--resume', 'latest', '--seed', '3', ...nats],
    says: /stays what it was: --seed cannot be given/,
    hints: /no more than/,
  },
  { args: ['--resume'], says: /argument missing/, hints: /run --help/ },
]

for (const { args, says, hints } of refusals) {
  test(`run ${args.join(' ')} is refused with what to do instead`, async (t) => {
    const home = await makeTempDir()
    t.teardown(home.remove)
    const { code, stdout, stderr } = await breakwater(['run', '--json', ...args], {
      env: { BREAKWATER_DATA: join(home.path, 'nothing', 'here') },
    })
    t.is(code, 2)
    t.regex(stderr, says)
    const { error } = JSON.parse(stdout) as { error: { hint: string } }
    t.regex(error.hint, hints)
  })
}

testOnCluster(
  'a run is resumed with its secrets as they were, from where they are now, and keeps none itself',
  async (t) => {
    const spec = {
      target: { auth: { bearer: { secret: 'shop', key: 'token' } } },
    }
    const env = { BREAKWATER_SECRET_SHOP_TOKEN: 'geheim-4711' }
    const place = await startPlace(t, { rate: 60, seconds: 8, more: spec, env })
    await isUnderWay(place)
    // Read by nobody but its owner, and the secret is not in it.
    const runs = join(place.data, 'runs')
    for (const name of await readdir(runs)) {
      t.is((await stat(join(runs, name))).mode & 0o077, 0, name)
      t.false((await readFile(join(runs, name))).includes('geheim'), name)
    }
    const still = await breakwater(place.resumeArgs('latest'), { env })
    t.is(still.code, 2)
    t.like(JSON.parse(still.stdout), { error: { code: 'run-controlled' } })
    await place.run.stop('SIGKILL')
    const without = await breakwater(place.resumeArgs('latest'))
    t.is(without.code, 2)
    t.like(JSON.parse(without.stdout), { error: { code: 'invalid-spec' } })
    const other = await breakwater(place.resumeArgs('latest'), { env: { BREAKWATER_SECRET_SHOP_TOKEN: 'x' } })
    t.is(other.code, 2)
    t.like(JSON.parse(other.stdout), { error: { code: 'other-test' } })
    const { code, stdout, stderr } = await breakwater(place.resumeArgs('latest'), { env })
    t.is(code, 0, stderr)
    const result = JSON.parse(stdout) as ResultDocument
    await isComplete(t, place, result, 480)
    const again = await breakwater(place.resumeArgs(result.run), { env })
    t.is(again.code, 2)
    t.like(JSON.parse(again.stdout), { error: { code: 'run-finished' } })
    for (const name of await readdir(place.out))
      t.false((await readFile(join(place.out, name), 'utf8')).includes('geheim'), name)
  },
)

interface Place {
  readonly nginx: Nginx
  readonly nats: Nats
  readonly workers: readonly Program[]
  readonly run: Program
  readonly out: string
  readonly data: string
  resumeArgs(run: string): readonly string[]
}

interface Slow {
  /** What a server is to be told of it. */
  readonly location: string
  /** What was asked of it, each as METHOD PATH. */
  readonly asked: readonly string[]
  /** Answers what is waiting. */
  answer(): void
}

/** Set-up and teardown behind nginx: answered when the test says so. */
async function startSlow(t: ExecutionContext): Promise<Slow> {
  const asked: string[] = []
  const waiting: ServerResponse[] = []
  const server = createServer((request, response) => {
    asked.push(`${request.method} ${request.url}`)
    waiting.push(response)
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const { port } = server.address() as AddressInfo
  return {
    location: `location /seed { proxy_pass http://127.0.0.1:${port}; }`,
    asked,
    answer() {
      for (const response of waiting.splice(0))
        response.writeHead(200, { 'content-type': 'application/json' }).end('{"id":"t1"}')
    },
  }
}

async function isComplete(t: ExecutionContext, place: Place, result: ResultDocument, planned: number) {
  const log = await place.nginx.accessLog()
  t.like(result, {
    verdict: 'pass',
    ledger: { planned, started: planned, lost: 0, unstarted: 0, balanced: true },
    merge: { missing: 0 },
  })
  t.is(result.requests.sent, log.length)
  isEachOnce(t, log, planned)
  t.is(count(log, 'POST /seed'), 1)
  t.is(count(log, 'DELETE /seed/t1'), 1)
}

interface Wish {
  /** Of the run's process. */
  readonly env?: Readonly<Record<string, string>>
  /** In nginx's configuration, instead of a set-up that is answered at once. */
  readonly server?: string
  readonly rate: number
  readonly seconds: number
  readonly more?: Readonly<Record<string, Json>>
}

/** Two workers, and a run that is under way. */
async function startPlace(t: ExecutionContext, wish: Wish): Promise<Place> {
  const {
    rate,
    seconds,
    more = {},
    env = {},
    server = `location = /seed { return 200 '{"id":"t1"}'; }`,
  } = wish
  const [nginx, nats, home] = await Promise.all([
    startNginx({ server }),
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
  const run = await startBreakwater(
    ['run', file, '--workers', '2', '--allow-network', '127.0.0.1', '--out', out, ...where],
    env,
  )
  t.teardown(() => run.stop('SIGKILL'))
  return { nginx, nats, workers, run, out, data, resumeArgs: (id) => ['run', '--resume', id, ...where] }
}

function loadTest(
  url: string,
  { rate, seconds, more }: Required<Pick<Wish, 'rate' | 'seconds' | 'more'>>,
): Json {
  return {
    apiVersion: 'breakwater.dev/v1',
    kind: 'LoadTest',
    metadata: { name: 'visits' },
    spec: {
      data: { arrivals: { rows: Array.from({ length: rate * seconds }, (_, n) => ({ n })), pick: 'unique' } },
      setup: [{ post: '/seed', capture: { tenant: { json: '$.id' } } }],
      teardown: [{ delete: '/seed/${setup.tenant}' }],
      scenarios: [{ name: 'visit', steps: [{ get: '/visit', query: { row: '${arrivals.n}' } }] }],
      load: [{ phase: 'steady', rate, duration: `${seconds}s` }],
      objectives: ['error_rate < 1%'],
      ...more,
      target: { url, ...((more.target as object | undefined) ?? {}) },
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
      if (!run.isRunning()) return true
      return visits(await nginx.accessLog()).length > 150
    },
    { withinMs: 30_000, everyMs: 50 },
  )
  if (!run.isRunning()) throw new Error(run.output())
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
