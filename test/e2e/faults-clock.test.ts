import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import type { ResultDocument } from '../../core/report/result.ts'
import { tool } from '../../scripts/tool-paths.ts'
import { localMs } from '../../worker/engine/clock.ts'
import { startWorkerProcess } from '../kit/breakwater.ts'
import { isTrue, rowsOf, startFaultRun, statesOf } from '../kit/fault-run.ts'
import { startNats } from '../kit/nats.ts'
import { type LoggedRequest, startNginx } from '../kit/nginx.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'

const testOnClocks = testWith('nginx', 'nats-server', 'libfaketime')
const rate = 100

testOnClocks(
  'a worker whose clocks are five seconds ahead starts with the others, and its samples are in their seconds',
  async (t) => {
    const { run } = await start(t, { seconds: 8, aheadS: 5, steps: 'all' })
    await run.controller.ended
    const [result, visits] = [await run.result(), await run.visits()]
    isTrue(t, result, visits)
    t.is(result.verdict, 'pass', result.reasons.join('\n'))
    t.is(result.ledger.started, 8 * rate)
    startsTogether(t, result)
    // libfaketime has the monotonic clock show the wall clock's time.
    const offsets = (await run.events()).filter(({ kind }) => kind === 'clock')
    const offsetMs = (id: string) => Number(offsets.find(({ worker }) => worker === id)?.offsetMs)
    t.true(Math.abs(offsetMs('w1')) < 5, `the offset of w1 is ${offsetMs('w1')} ms`)
    const aheadMs = offsetMs('w2') - (Date.now() - localMs())
    t.true(Math.abs(aheadMs - 5_000) < 50, `w2 is ${aheadMs} ms ahead`)
    secondsAgree(t, result, visits)
    t.deepEqual(
      result.workers.map(({ clockDriftMs }) => clockDriftMs),
      [0, 0],
    )
  },
)

testOnClocks(
  'a wall clock that steps by a second in mid-run changes nothing: a worker reads its own but once',
  async (t) => {
    const { run, step } = await start(t, { seconds: 10, aheadS: 0, steps: 'wall' })
    await run.isUnderWayFor(3_000)
    await step(1)
    await run.controller.ended
    const [result, visits] = [await run.result(), await run.visits()]
    isTrue(t, result, visits)
    t.is(result.verdict, 'pass', result.reasons.join('\n'))
    t.is(result.ledger.started, 10 * rate)
    startsTogether(t, result)
    secondsAgree(t, result, visits)
    t.true(ruleOf(result, 'clock').ok)
  },
)

testOnClocks(
  'a monotonic clock that steps by a second in mid-run is found out and reported, and the ledger holds',
  async (t) => {
    const { run, step } = await start(t, { seconds: 16, aheadS: 0, steps: 'all' })
    await run.isUnderWayFor(3_000)
    await step(1)
    await run.controller.ended
    const [result, visits] = [await run.result(), await run.visits()]
    isTrue(t, result, visits)
    startsTogether(t, result)
    const clock = ruleOf(result, 'clock')
    t.false(clock.ok)
    t.regex(clock.message, /w2/)
    const [first, second] = result.workers.toSorted((a, b) => (a.id < b.id ? -1 : 1))
    t.is(first?.clockDriftMs, 0)
    t.true(Math.abs((second?.clockDriftMs ?? 0) - 1_000) < 50, `it went ${second?.clockDriftMs} ms`)
    t.true(
      result.warnings.some((warning) => warning.includes('w2')),
      result.warnings.join('\n'),
    )
    t.deepEqual(statesOf(result), ['drained', 'drained'])
  },
)

/** The first tick of each worker, by the start instant on its own clock, which was worked out from its offset. */
function startsTogether(t: ExecutionContext, { workers }: ResultDocument): void {
  for (const { id, startSkewMs } of workers)
    t.true(startSkewMs !== null && startSkewMs <= 5, `${id} began ${startSkewMs} ms late`)
}

/** What a second of the timeline holds is what nginx saw in that second, but for what was on its way at its edges. */
function secondsAgree(
  t: ExecutionContext,
  { startedAt, timeline }: ResultDocument,
  visits: readonly LoggedRequest[],
): void {
  t.is(timeline.stepS, 1)
  for (const [row, from] of timeline.atS.entries()) {
    const at = Date.parse(startedAt) + from * 1_000
    const seen = visits.filter((visit) => visit.at >= at && visit.at < at + 1_000).length
    const told = timeline.requestRate[row] ?? 0
    t.true(Math.abs(seen - told) <= 0.1 * rate, `${told} in second ${from}, and nginx saw ${seen}`)
  }
  t.is(rowsOf(visits).length, new Set(rowsOf(visits)).size)
}

function ruleOf({ validity }: ResultDocument, rule: string) {
  const found = validity.find((one) => one.rule === rule)
  if (found === undefined) throw new Error(`${rule} is not judged`)
  return found
}

interface Clocks {
  readonly seconds: number
  readonly aheadS: number
  /** Which of the clocks of w2 are not the machine's. */
  readonly steps: 'all' | 'wall'
}

/** Two workers; the second has its time from libfaketime. */
async function start(t: ExecutionContext, { seconds, aheadS, steps }: Clocks) {
  const home = await makeTempDir()
  t.teardown(home.remove)
  const [nginx, nats] = await Promise.all([startNginx(), startNats()])
  t.teardown(nginx.remove)
  t.teardown(nats.stop)
  const file = join(home.path, 'offset')
  const step = (ahead: number) => writeFile(file, `+${ahead}`)
  await step(aheadS)
  const env = {
    LD_PRELOAD: tool('libfaketime'),
    FAKETIME_TIMESTAMP_FILE: file,
    FAKETIME_CACHE_DURATION: '1',
    ...(steps === 'wall' && { FAKETIME_DONT_FAKE_MONOTONIC: '1' }),
  }
  const workers = await Promise.all([
    startWorkerProcess(nats.url, 'w1'),
    startWorkerProcess(nats.url, 'w2', env),
  ])
  for (const worker of workers) t.teardown(() => worker.stop('SIGKILL'))
  const run = await startFaultRun(t, { nginx, nats, workers: 2, rate, seconds })
  return { run, step }
}
