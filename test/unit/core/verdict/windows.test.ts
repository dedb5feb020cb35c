import test from 'ava'
import type { Json } from '../../../../core/spec/load-test.ts'
import { judgeRun } from '../../../../core/verdict/judge.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { accountsOf, type Fate, type RunSketch, runRecord } from '../../../kit/run-record.ts'

const steady = { phase: 'steady', rate: 100, duration: '10s' }

function judged(objectives: Json[], sketch: Omit<RunSketch, 'test'> = {}, load: Json[] = [steady]) {
  const record = runRecord({ test: parsedTest({ load, objectives }), ...sketch })
  const judgement = judgeRun(record, accountsOf(record))
  return { ...judgement, first: judgement.objectives[0] }
}

/** Arrivals of the seconds [from, to) fail. */
const failing =
  (from: number, to: number) =>
  (n: number): Fate =>
    n >= from * 100 && n < to * 100 ? { ms: 20, error: 'status_5xx' } : { ms: 20 }

test('one broken window breaks the objective, though the whole run holds', (t) => {
  const { verdict, first } = judged([{ that: 'error_rate < 50%', over: '2s' }, 'error_rate < 50%'], {
    fate: failing(4, 6),
  })
  t.is(verdict, 'fail')
  t.deepEqual(first?.evidence.window, { fromS: 4, toS: 6 })
  // [3, 5) has less than half of them: two end in the next second.
  t.is(first?.evidence.brokenWindows, 2)
  t.regex(
    first?.message ?? '',
    /^error_rate is 99 % from 4 s to 6 s, limit 50 %, over 200 requests; 2 of 9 windows of 2 s were broken/,
  )
  t.regex(first?.message ?? '', /Most frequent: status_5xx/)
})

test('windows end at every whole second within recorded time', (t) => {
  const load = [
    { ...steady, phase: 'warmup', duration: '4s', record: false },
    { ...steady, duration: '6s' },
  ]
  const inWarmup = judged(
    [{ that: 'error_rate < 10%', over: '2s' }],
    { fate: (n, phase) => (phase === 0 ? failing(0, 4)(n) : { ms: 20 }) },
    load,
  )
  t.is(inWarmup.verdict, 'pass')
  t.regex(inWarmup.first?.message ?? '', /the worst of 5 windows of 2 s/)
})

test('the drain is in no window', (t) => {
  const { verdict, first } = judged([{ that: 'p50 < 1s', over: '1s' }], {
    fate: (n) => ({ ms: n < 900 ? 20 : 1500 }),
  })
  t.is(verdict, 'pass')
  t.is(first?.actual, 20.015)
})

test('phases that follow each other make one stretch; a gap between them is in no window', (t) => {
  const rule = [{ that: 'rate > 99/s', over: '4s' }]
  const next = { ...steady, phase: 'next' }
  t.is(judged(rule, { fate: () => ({ ms: 1 }) }, [steady, next]).verdict, 'pass')
  const apart = judged(rule, { fate: () => ({ ms: 1 }) }, [steady, { ...next, at: '15s' }])
  t.is(apart.verdict, 'pass')
  t.regex(apart.first?.message ?? '', /14 windows/)
})

test('`after` leaves out windows that end before it', (t) => {
  const rule = (after: string) => [{ that: 'error_rate < 10%', over: '2s', after }]
  t.is(judged(rule('5s'), { fate: failing(0, 3) }).verdict, 'pass')
  t.is(judged(rule('4s'), { fate: failing(0, 3) }).verdict, 'fail')
})

test('an abort delays no judgement of its windows unless it says when', (t) => {
  const rule = { that: 'error_rate < 10%', over: '2s', abort: true }
  t.is(judged([rule], { fate: failing(0, 3) }).verdict, 'fail')
  t.is(judged([{ ...rule, after: '5s' }], { fate: failing(0, 3) }).verdict, 'pass')
})

test('a window with fewer than 100/(100 − p) samples is not evaluated', (t) => {
  const fate = (): Fate => ({ ms: 500 })
  const at = (rate: number) => judged([{ that: 'p95 < 100ms', over: '1s' }], { fate }, [{ ...steady, rate }])
  t.is(at(19).first?.result, 'unknown')
  t.regex(at(19).first?.message ?? '', /No window of 1 s could be evaluated.*20 requests/)
  t.is(at(20).first?.result, 'fail')
})

test('a run that is shorter than the window leaves it unknown', (t) => {
  const { first, verdict } = judged([{ that: 'error_rate < 1%', over: '1m' }])
  t.deepEqual([first?.result, verdict], ['unknown', 'inconclusive'])
})

test('windows need not have the samples that a percentile of the whole run needs', (t) => {
  t.is(judged([{ that: 'p99 < 1s', over: '1s' }]).verdict, 'pass')
})

test('rates of planned hold window by window', (t) => {
  const rule = [{ that: 'rate >= 90% of planned', over: '2s' }]
  const load = [{ phase: 'ramp', rate: { from: 10, to: 200 }, duration: '10s' }]
  t.is(judged(rule, { fate: () => ({ ms: 1 }) }, load).verdict, 'pass')
  const stalled = judged(rule, { fate: (n) => (n > 500 && n < 800 ? 'hangs' : { ms: 1 }) }, load)
  t.is(stalled.first?.result, 'fail')
})

test('broken windows with late seconds are unknown; one without them still fails', (t) => {
  const rule = [{ that: 'p50 < 10ms', over: '2s' }]
  const slowFrom =
    (from: number, to: number) =>
    (n: number): Fate => ({ ms: n >= from * 100 && n < to * 100 ? 50 : 1 })
  const pacerLagMs = (second: number) => (second >= 2 && second < 5 ? 30 : 0.1)
  t.is(judged(rule, { fate: slowFrom(2, 5), pacerLagMs }).first?.result, 'unknown')
  t.is(judged(rule, { fate: slowFrom(2, 9), pacerLagMs }).first?.result, 'fail')
})

test('lost arrivals trouble the windows in which they could have ended, and no others', (t) => {
  const load = [{ phase: 'long', rate: 400, duration: '60s' }]
  const workers = [
    { id: 'w1' },
    { id: 'w2' },
    { id: 'w3' },
    { id: 'w4', died: { lastWordS: 40, lostAtS: 40.1 } },
  ]
  const before = judged([{ that: 'error_rate < 1%', over: '5s' }], { workers }, load)
  t.is(before.first?.result, 'unknown')
  t.true((before.first?.evidence.window?.toS ?? 0) > 40)
  // Lost until 40.6 s; a request of theirs would have ended 10 s later at the latest.
  const from = (after: string) => judged([{ that: 'error_rate < 1%', over: '5s', after }], { workers }, load)
  t.is(from('55s').first?.result, 'unknown')
  t.is(from('56s').first?.result, 'pass')
  const broken = judged(
    [{ that: 'error_rate < 1%', over: '5s' }],
    { workers, fate: (n) => (n < 4000 && n % 20 === 0 ? { ms: 20, error: 'timeout' } : { ms: 20 }) },
    load,
  )
  t.is(broken.first?.result, 'fail')
})

test('what a missing snapshot held may belong to any window', (t) => {
  const rule = [{ that: 'error_rate < 1%', over: '2s' }, 'error_rate < 1%']
  const { objectives } = judged(rule, { withheld: ({ sequence }) => sequence === 5 })
  t.deepEqual(
    objectives.map(({ result }) => result),
    ['unknown', 'pass'],
  )
  t.is(objectives[0]?.evidence.unknownRequests, 100)
})
