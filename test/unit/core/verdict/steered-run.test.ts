import test from 'ava'
import fc from 'fast-check'
import { isBalanced } from '../../../../core/plan/ledger.ts'
import { lengthAsOf } from '../../../../core/plan/phase-time.ts'
import { buildResult } from '../../../../core/report/build-result.ts'
import { htmlReport } from '../../../../core/report/html/page.ts'
import { markdownReport } from '../../../../core/report/report-markdown.ts'
import { textReport } from '../../../../core/report/report-text.ts'
import type { ResultDocument } from '../../../../core/report/result.ts'
import { steeringText } from '../../../../core/report/steering-text.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { judgeRun } from '../../../../core/verdict/judge.ts'
import { abortingObjective } from '../../../../core/verdict/live.ts'
import type { RunRecord } from '../../../../core/verdict/run-record.ts'
import { anyOpenPhase } from '../../../kit/arbitrary-phase.ts'
import { roster } from '../../../kit/arbitrary-roster.ts'
import { loadTest } from '../../../kit/load-test.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'
import { accountsOf } from '../../../kit/run-record.ts'
import { VirtualRun } from '../../../kit/virtual-engine.ts'
import { recordOf } from '../../../kit/virtual-record.ts'

const second = 1_000_000

function resultOf(record: RunRecord): ResultDocument {
  const accounts = accountsOf(record)
  return buildResult({
    ...{ record, accounts, judgement: judgeRun(record, accounts), exitCode: 0, reproduce: [] },
    specDigest: `sha256:${'0'.repeat(64)}`,
    environment: {
      ...{ breakwater: '0.1.0', node: '24', platform: 'linux', cpus: 4, memoryBytes: 1 },
      ...{ target: 'http://shop.test', transport: 'undici' },
    },
  })
}

/** 100/s for 4 s: twice as much from 1 s on, paused from 2 s to 5 s. */
function steered(objectives: readonly Json[] = []): RunRecord {
  const run = new VirtualRun({
    test: parsedTest({
      load: [{ phase: 'steady', rate: 100, duration: '4s' }],
      objectives: [...objectives],
      target: { url: 'http://shop.test' },
    }),
    target: () => ({ afterMicros: 20_000 }),
    roster: roster(2),
  })
  run.change({ at: second, cause: 'steer', rateFactor: 2 })
  run.change({ at: 2 * second, cause: 'pause', paused: true })
  run.change({ at: 5 * second, cause: 'resume', paused: false })
  return recordOf(run.run())
}

test('the ledger has the plan as it was steered, and as it was at the start', (t) => {
  const { ledger, phases } = resultOf(steered())
  const expected = { planned: 700, plannedAtStart: 400, started: 700, skipped: 0, lost: 0, unstarted: 0 }
  t.like(ledger, { ...expected, balanced: true })
  t.like(phases[0], { durationMs: 7_000, pausedMs: 3_000, ledger: expected })
})

test('rates leave pauses out, and what ended in one', (t) => {
  const { metrics } = resultOf(steered())
  // Two of the 200/s were under way when the pause began, and four at the end.
  const [total] = metrics
  t.is(total?.count, 700)
  t.is(total?.rate, (700 - 4 - 4) / 4)
})

test('objectives on rates, plans and windows hold in a run that was paused', (t) => {
  const record = steered([
    'rate >= 170/s',
    'rate >= 98% of planned',
    { that: 'rate >= 90/s', over: '1s' },
    { that: 'p95 < 50ms', over: '1s' },
  ])
  const { objectives } = judgeRun(record, accountsOf(record))
  t.deepEqual(
    objectives.map(({ that, result }) => [that, result]),
    [
      ['rate >= 170/s', 'pass'],
      ['rate >= 98% of planned', 'pass'],
      ['rate >= 90/s', 'pass'],
      ['p95 < 50ms', 'pass'],
    ],
  )
  // Without the seconds of the pause there are four that are whole, and none is broken.
  t.like(objectives[2]?.evidence, { brokenWindows: 0 })
})

test('an objective that ends a run does not end it for being paused', (t) => {
  const record = steered([])
  const test = parsedTest({
    load: [{ phase: 'steady', rate: 100, duration: '4s' }],
    objectives: [
      { that: 'rate >= 90% of planned', over: '1s', abort: true, after: '1s' },
      { that: 'rate >= 60/s', over: '1s', abort: true, after: '1s' },
    ],
    target: { url: 'http://shop.test' },
  })
  t.is(abortingObjective({ ...record, test }, 7), null)
})

test('the chart of rates shows what was planned then: none in a pause', (t) => {
  const { timeline } = resultOf(steered())
  t.deepEqual(
    timeline.plannedRate.map((rate) => rate?.toFixed(6)),
    [100, 200, 0, 0, 0, 200, 200, undefined].map((rate) => rate?.toFixed(6)),
  )
})

test('every report says how the run was steered', (t) => {
  const document = resultOf(steered())
  const text =
    'rate × 2 from 1 s on; paused from 2 s on; going on from 5 s on; paused for 3 s in all, which no rate counts; 700 arrivals were planned in the end, 400 at the start.'
  t.is(steeringText(document), text)
  t.true(markdownReport(document).includes(`**Steered**: ${text}`))
  t.regex(
    textReport(document, { columns: 200, colour: false, reportPath: null }),
    /Steered +rate × 2 from 1 s on/,
  )
  const page = htmlReport(document, [], 'engineering')
  t.true(page.includes(`Steered: ${text}`))
  t.regex(page, /paused, rate × 2<\/td>/)
  t.deepEqual(
    document.epochs.map(({ cause, rateFactor, paused }) => [cause, rateFactor, paused]),
    [
      ['start', 1, false],
      ['steer', 2, false],
      ['pause', 2, true],
      ['resume', 2, false],
    ],
  )
})

test('a run that is stopped while it is paused leaves the rest unstarted, and was not at its end', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 4000), closedPhase({ atMs: 0, durationMs: 4000 })] }),
    target: () => ({ afterMicros: 20_000 }),
  })
  run.change({ at: 2 * second, cause: 'pause', paused: true })
  run.run(30 * second)
  run.stop()
  run.run()
  const record = recordOf(run, {
    ended: 'stopped',
    endingAt: 30 * second,
    endedWhy: 'enough',
    endedAt: 30 * second,
  })
  const document = resultOf(record)
  t.like(document.phases[0]?.ledger, { planned: 400, started: 200, unstarted: 200, lost: 0 })
  t.like(document.phases[0], { offsetMs: 0, durationMs: 2_000, pausedMs: 0 })
  t.is(document.verdict, 'inconclusive')
  const newest = record.epochs.at(-1)
  t.is(newest && lengthAsOf(newest, 30 * second), 32 * second)
})

test('a phase that was stopped in a pause was not at its end, however long ago that would have been', (t) => {
  const run = new VirtualRun({
    test: parsedTest({
      load: [{ phase: 'steady', rate: 100, duration: '4s' }],
      objectives: ['rate >= 99.5% of planned'],
      target: { url: 'http://shop.test' },
    }),
    target: () => ({ afterMicros: 20_000 }),
  })
  run.change({ at: 2 * second, cause: 'pause', paused: true })
  run.run(30 * second)
  run.stop()
  run.run()
  const at = 30 * second
  const record = recordOf(run, { ended: 'stopped', endingAt: at, endedWhy: 'enough', endedAt: at })
  // The last two ended in the pause: they would have counted had it not come to a stop.
  const [objective] = judgeRun(record, accountsOf(record)).objectives
  t.is(objective?.result, 'unknown')
  t.is(objective?.actual, 0.99)
})

test('a worker that died in a pause leaves no gap of its users, and no arrival', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 4000), closedPhase({ atMs: 0, durationMs: 4000 })] }),
    target: () => ({ afterMicros: 20_000 }),
    roster: roster(2),
  })
  run.change({ at: second, cause: 'pause', paused: true })
  run.run(3 * second)
  const dead = recordOf(run, { dead: new Map([['w2', 5 * second]]) })
  run.change({ at: 5.5 * second, cause: 'lost', roster: roster(1) })
  run.change({ at: 9 * second, cause: 'resume', paused: false })
  const { phases, requests } = accountsOf({ ...dead, epochs: [...run.epochs], endedAt: 12 * second })
  t.is(phases[0]?.ledger.lost, 0)
  t.is(phases[1]?.gapUserSeconds, 0)
  t.false(phases[1]?.broken)
  t.is(requests.unknown.max, 0)
})

test('what a dead worker may have sent is bounded by the highest rate that it may have heard of last', (t) => {
  const maxOf = (factors: readonly number[]) => {
    const run = new VirtualRun({
      test: loadTest({ load: [constantPhase(100, 60_000)] }),
      target: () => ({ afterMicros: 1000 }),
      roster: roster(2),
    })
    for (const [index, rateFactor] of factors.entries())
      run.change({ at: (10 + index) * second, cause: 'steer', rateFactor })
    run.run(9.9 * second)
    const record = recordOf(run, { dead: new Map([['w2', 14 * second]]), endedAt: 60 * second })
    run.change({ at: 14.5 * second, cause: 'lost', roster: roster(1) })
    return accountsOf({ ...record, epochs: [...run.epochs] }).requests.unknown.max ?? Number.NaN
  }
  // Half of 100/s from 9.9 s until 25 s.
  t.is(maxOf([]), 755)
  t.is(maxOf([3]), 5 + 2_250)
  // It may have heard of the first, or of both, or of none.
  t.is(maxOf([3, 0]), 5 + 2_250)
  t.is(maxOf([0]), 755)
})

test('an arrival that began before the rate was steered to nothing stays planned, however low the rate was', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(1.5e-10, 7_000)] }),
    target: () => ({ afterMicros: 1000 }),
  })
  run.change({ at: 1000, cause: 'steer', rateFactor: 0 })
  t.like(accountsOf(recordOf(run.run())).total, { planned: 1, started: 1, unstarted: 0 })
})

const anyChanges = fc.array(
  fc.record({
    atMs: fc.integer({ min: 0, max: 12_000 }),
    lateMs: fc.constantFrom(0, 0, 300, 2_000),
    rateFactor: fc.option(fc.constantFrom(0, 0.5, 1, 2, 3)),
    paused: fc.option(fc.boolean()),
  }),
  { maxLength: 6 },
)

test('over any steering, also such as is heard of late, the ledger balances and nothing is unstarted', (t) => {
  fc.assert(
    fc.property(fc.array(anyOpenPhase, { minLength: 1, maxLength: 2 }), anyChanges, (load, changes) => {
      const run = new VirtualRun({
        test: loadTest({ load }),
        target: () => ({ afterMicros: 5_000 }),
        roster: roster(2, 2),
      })
      let last = 0
      for (const { atMs, lateMs, rateFactor, paused } of changes.toSorted((a, b) => a.atMs - b.atMs)) {
        const at = Math.max(last, atMs * 1000)
        last = at
        run.run(at + lateMs * 1000)
        if (run.isDrained) break
        run.change({
          ...{ at, cause: 'steer' },
          ...(rateFactor !== null && { rateFactor }),
          ...(paused !== null && { paused }),
        })
      }
      run.change({ at: Math.max(last, run.now, 0) + 1, cause: 'resume', paused: false })
      run.run()
      const record = recordOf(run)
      const { total, phases } = accountsOf(record)
      return [total, ...phases.map(({ ledger }) => ledger)].every(
        (ledger) => isBalanced(ledger) && ledger.unstarted === 0 && ledger.started > -1,
      )
    }),
    { numRuns: 150 },
  )
  t.pass()
})
