import { readFile, writeFile } from 'node:fs/promises'
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

interface Place {
  readonly nginx: Nginx
  readonly workers: readonly Program[]
  readonly run: Program
  readonly out: string
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
  return { nginx, workers, run, out, resumeArgs: (id) => ['run', '--resume', id, ...where] }
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
async function killInMidRun({ nginx, run }: Place): Promise<void> {
  await until(
    'the load is under way',
    async () => {
      if (!run.isRunning()) throw new Error(run.output())
      return visits(await nginx.accessLog()).length > 150
    },
    { withinMs: 30_000, everyMs: 50 },
  )
  await run.stop('SIGKILL')
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
