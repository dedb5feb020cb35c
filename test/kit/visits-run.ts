import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { stringify } from 'yaml'
import type { ResultDocument } from '../../core/report/result.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { startBreakwater, startWorkerProcess } from './breakwater.ts'
import type { Nats } from './nats.ts'
import { type LoggedRequest, type Nginx, startNginx } from './nginx.ts'
import type { Program } from './program.ts'
import { makeTempDir } from './temp-dir.ts'
import { until } from './until.ts'

/** Processes of a cluster and one run of theirs against an nginx that writes down what it was asked. */
export interface VisitsRun {
  readonly nginx: Nginx
  readonly workers: readonly Program[]
  readonly controller: Program
  readonly out: string
  readonly data: string
  readonly planned: number
  /** Words of a command that takes it up. */
  readonly resumeArgs: readonly string[]
  visits(): Promise<readonly LoggedRequest[]>
  /** Since when nginx has seen any. */
  isUnderWay(): Promise<void>
  /** After the controlling process has ended. */
  result(): Promise<ResultDocument>
}

export interface VisitsWish {
  readonly nats: Nats
  /** Where a worker finds the NATS server; by default where it is. */
  readonly natsUrlOf?: (worker: string) => string
  readonly rate: number
  readonly seconds: number
  readonly workers?: number
  readonly more?: Readonly<Record<string, Json>>
}

/** Each arrival of the one open phase asks for its own number once, so what nginx writes down tells which were started, and how often. */
export async function startVisits(t: ExecutionContext, wish: VisitsWish): Promise<VisitsRun> {
  const { nats, natsUrlOf = () => nats.url, rate, seconds, workers: count = 2, more = {} } = wish
  const [nginx, home] = await Promise.all([startNginx(), makeTempDir()])
  t.teardown(home.remove)
  t.teardown(nginx.remove)
  const ids = Array.from({ length: count }, (_, index) => `w${index + 1}`)
  const workers = await Promise.all(ids.map((id) => startWorkerProcess(natsUrlOf(id), id)))
  for (const worker of workers) t.teardown(() => worker.stop('SIGKILL'))
  const file = join(home.path, 'test.yaml')
  const out = join(home.path, 'out')
  const data = join(home.path, 'data')
  const planned = rate * seconds
  const spec = {
    target: { url: nginx.url },
    data: { arrivals: { rows: Array.from({ length: planned }, (_, n) => ({ n })), pick: 'unique' } },
    scenarios: [{ name: 'visit', steps: [{ get: '/visit', query: { row: '${arrivals.n}' } }] }],
    load: [{ phase: 'steady', rate, duration: `${seconds}s` }],
    objectives: ['error_rate < 100%'],
    ...more,
  }
  const document = { apiVersion: 'breakwater.dev/v1', kind: 'LoadTest', metadata: { name: 'visits' }, spec }
  await writeFile(file, stringify(document))
  const where = ['--nats', nats.url, '--data', data, '--json']
  const controller = await startBreakwater([
    ...['run', file, '--workers', String(count), '--allow-network', '127.0.0.1', '--out', out],
    ...where,
  ])
  t.teardown(() => controller.stop('SIGKILL'))
  const visits = async () => visitsIn(await nginx.accessLog())
  return {
    ...{ nginx, workers, controller, out, data, planned, visits },
    resumeArgs: ['run', '--resume', 'latest', ...where],
    async isUnderWay() {
      await until(
        'the load is under way',
        async () => !controller.isRunning() || (await visits()).length > rate,
        { withinMs: 30_000, everyMs: 50 },
      )
      if (!controller.isRunning()) throw new Error(controller.output())
    },
    async result() {
      await controller.ended
      return JSON.parse(await readFile(join(out, 'result.json'), 'utf8')) as ResultDocument
    },
  }
}

function visitsIn(log: readonly LoggedRequest[]): readonly LoggedRequest[] {
  return log.filter(({ path }) => path.startsWith('/visit?row='))
}

/** The rows that were asked for, as numbers, in order. */
export function rowsOf(visits: readonly LoggedRequest[]): readonly number[] {
  return visits.map(({ path }) => Number(path.slice('/visit?row='.length))).toSorted((a, b) => a - b)
}

/** Where nothing was killed that could have been at work: all of the plan, each once, and the controller knows it. */
export async function expectComplete(
  t: ExecutionContext,
  run: VisitsRun,
  result: ResultDocument,
  { dropped = 0 }: { readonly dropped?: number } = {},
): Promise<void> {
  const visits = await run.visits()
  const { planned } = run
  t.like(result, {
    ended: 'finished',
    ledger: { planned, lost: 0, unstarted: 0, balanced: true },
    merge: { missing: 0 },
    messages: { dropped },
    requests: { sent: visits.length, unknown: { min: 0, max: 0 } },
  })
  const { expected, received } = result.merge
  t.is(received, expected)
  t.true(expected >= 2, 'every worker had something to say')
  const rows = rowsOf(visits)
  t.is(new Set(rows).size, rows.length, 'no arrival was started twice')
  t.is(rows.length, result.ledger.started)
}
