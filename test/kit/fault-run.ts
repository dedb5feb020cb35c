import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { stringify } from 'yaml'
import type { ResultDocument } from '../../core/report/result.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { startBreakwater } from './breakwater.ts'
import type { Nats } from './nats.ts'
import type { LoggedRequest, Nginx } from './nginx.ts'
import type { Program } from './program.ts'
import { makeTempDir } from './temp-dir.ts'
import { until } from './until.ts'

/** A run of arrivals that each tell their number to nginx, with workers that were started before. */
export interface FaultRun {
  readonly controller: Program
  readonly rate: number
  readonly seconds: number
  readonly data: string
  readonly where: readonly string[]
  /** What nginx has logged. */
  visits(): Promise<readonly LoggedRequest[]>
  /** Resolves so long after the first request, by nginx's clock, or throws if the run has ended before. */
  isUnderWayFor(ms: number): Promise<void>
  /** Once the controller, or the last of them, has ended. */
  result(): Promise<ResultDocument>
  events(): Promise<readonly Readonly<Record<string, unknown>>[]>
}

export interface FaultRunOptions {
  readonly nginx: Nginx
  readonly nats: Nats
  readonly workers: number
  readonly rate: number
  readonly seconds: number
  /** More of the LoadTest. */
  readonly spec?: Readonly<Record<string, Json>>
}

export async function startFaultRun(
  t: ExecutionContext,
  { nginx, nats, workers, rate, seconds, spec = {} }: FaultRunOptions,
): Promise<FaultRun> {
  const home = await makeTempDir()
  t.teardown(home.remove)
  const file = join(home.path, 'test.yaml')
  const out = join(home.path, 'out')
  const data = join(home.path, 'data')
  const where = ['--nats', nats.url, '--data', data, '--json']
  await writeFile(
    file,
    stringify({
      apiVersion: 'breakwater.dev/v1',
      kind: 'LoadTest',
      metadata: { name: 'faults' },
      spec: {
        target: { url: nginx.url },
        data: {
          arrivals: { rows: Array.from({ length: rate * seconds }, (_, n) => ({ n })), pick: 'unique' },
        },
        scenarios: [{ name: 'visit', steps: [{ get: '/visit', query: { row: '${arrivals.n}' } }] }],
        load: [{ phase: 'steady', rate, duration: `${seconds}s` }],
        objectives: ['error_rate < 50%'],
        ...spec,
      },
    }),
  )
  const controller = await startBreakwater(
    ['run', file, '--workers', String(workers), '--out', out, ...where],
    {},
  )
  t.teardown(() => controller.stop('SIGKILL'))
  return {
    controller,
    rate,
    seconds,
    data,
    where,
    visits: nginx.accessLog,
    async isUnderWayFor(ms) {
      const isIt = async () => {
        const [first] = await nginx.accessLog()
        return !controller.isRunning() || (first !== undefined && Date.now() - first.at >= ms)
      }
      await until(`the load is under way for ${ms} ms`, isIt, { withinMs: 30_000 + ms, everyMs: 50 })
      if (!controller.isRunning()) throw new Error(`the run has ended:\n${controller.output()}`)
    },
    async result() {
      return JSON.parse(await readFile(join(out, 'result.json'), 'utf8')) as ResultDocument
    },
    async events() {
      const lines = (await readFile(join(out, 'events.ndjson'), 'utf8')).trim().split('\n')
      return lines.map((line) => JSON.parse(line) as Readonly<Record<string, unknown>>)
    },
  }
}

/** What no fault may break, by nginx's log. `destroyed`: a worker was, so that what it sent last is bounded and not known. */
export function isTrue(
  t: ExecutionContext,
  result: ResultDocument,
  visits: readonly LoggedRequest[],
  { destroyed = false }: { readonly destroyed?: boolean } = {},
): void {
  const { ledger, iterations, requests, merge, objectives } = result
  const story = JSON.stringify({ ledger, iterations, requests, merge, reasons: result.reasons })
  t.is(ledger.planned, ledger.started + ledger.skipped + ledger.lost + ledger.unstarted, story)
  t.true(ledger.balanced, story)
  t.is(iterations.completed + iterations.failed + iterations.interrupted, ledger.started, story)
  const { sent } = requests
  t.true(sent <= visits.length, `${visits.length} came: ${story}`)
  if (requests.unknown.max !== null)
    t.true(visits.length <= sent + requests.unknown.max, `${visits.length} came: ${story}`)
  if (!destroyed) {
    t.is(visits.length, sent, story)
    t.is(requests.unknown.max, 0, story)
    t.is(merge.missing, 0, story)
  }
  // What came twice was given to others meanwhile, and is outside the ledger.
  const rows = rowsOf(visits)
  const distinct = new Set(rows).size
  const twice = rows.length - distinct
  if (!destroyed) t.true(requests.overrun >= twice, `${twice} came twice: ${story}`)
  // What was under way when its worker was cut off may have been waiting for a connection.
  t.true(distinct + iterations.interrupted >= ledger.started, story)
  for (const { best, actual, worst } of objectives) {
    if (best === null || worst === null || actual === null) continue
    t.true(best <= actual && actual <= worst, JSON.stringify(objectives))
  }
}

/** A loss: noticed within two seconds, and the full rate is back within five, by the result and by nginx. `at`: when it happened, ms since 1970. */
export function isRecovered(
  t: ExecutionContext,
  { rate }: FaultRun,
  result: ResultDocument,
  visits: readonly LoggedRequest[],
  { at, lost }: { readonly at: number; readonly lost: string },
): void {
  const epoch = result.epochs.find(({ cause, roster }) => cause === 'lost' && !roster.includes(lost))
  const takenOverMs = Date.parse(epoch?.at ?? '') - at
  // The next epoch begins half a second after the loss was noticed.
  t.true(takenOverMs - 500 <= 2_000, `taken over ${takenOverMs} ms after`)
  const ends = result.phases.map(({ offsetMs, durationMs }) => offsetMs + durationMs)
  const endedAt = Date.parse(result.startedAt) + Math.max(...ends)
  const from = at + 5_000
  t.true(endedAt - from > 1_000, 'the run goes on for long enough to see')
  // What a busy machine was late with is told, and is no matter of the loss.
  const due = (rate * (endedAt - from)) / 1_000 - result.ledger.skipped
  const rows = new Set(rowsOf(visits.filter((visit) => visit.at >= from && visit.at < endedAt)))
  const story = JSON.stringify([result.ledger, result.epochs, result.workers])
  t.true(rows.size >= 0.9 * due, `${rows.size} of ${due} came from the fifth second after: ${story}`)
}

export function rowsOf(visits: readonly LoggedRequest[]): number[] {
  return visits.flatMap(({ path }) => /^\/visit\?row=(\d+)$/.exec(path)?.[1] ?? []).map(Number)
}

/** By the workers' names. */
export function statesOf({ workers }: ResultDocument): readonly string[] {
  return workers.toSorted((a, b) => (a.id < b.id ? -1 : 1)).map(({ state }) => state)
}
