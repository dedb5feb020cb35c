import test from 'ava'
import type { Json } from '../../../../core/spec/load-test.ts'
import { type Judgement, judgeRun } from '../../../../core/verdict/judge.ts'
import type { RunRecord } from '../../../../core/verdict/run-record.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { accountsOf, type Fate, type RunSketch, runRecord } from '../../../kit/run-record.ts'

type Spec = Readonly<Record<string, Json>>

/** 100/s for 10 s in the open phase `steady`; 20 ms each. */
const steady = { phase: 'steady', rate: 100, duration: '10s' }
const users = { phase: 'soak', users: 10, duration: '10s' }

function judged(spec: Spec, sketch: Omit<RunSketch, 'test'> = {}): Judgement {
  const record = runRecord({ test: parsedTest({ load: [steady], ...spec }), ...sketch })
  return judgeRun(record, accountsOf(record))
}

/** 0.3 % of 4,000 arrivals: those of one of four workers between its last word at 10 s and the next epoch 0.48 s later. */
const lossOfThree: Omit<RunSketch, 'test'> = {
  workers: [{ id: 'w1' }, { id: 'w2' }, { id: 'w3' }, { id: 'w4', died: { lastWordS: 10, lostAtS: 9.98 } }],
}
const fourThousand = { load: [{ ...steady, duration: '40s' }] }

const allButEvery =
  (nth: number, otherwise: Fate): NonNullable<RunSketch['fate']> =>
  (n) =>
    n % nth === nth - 1 ? otherwise : { ms: 20 }

interface Case {
  readonly title: string
  readonly spec: Spec
  readonly sketch?: Omit<RunSketch, 'test'>
  readonly verdict: Judgement['verdict']
  /** `result that`, in order. */
  readonly objectives?: readonly string[]
  readonly reason?: RegExp
}

const cases: readonly Case[] = [
  {
    title: 'what holds with nothing unknown passes',
    spec: { objectives: ['p95 < 1s', 'error_rate < 1%'] },
    verdict: 'pass',
    objectives: ['pass p95 < 1s', 'pass error_rate < 1%'],
    reason: /^All 2 objectives hold; nearest to its limit: p95 is 20 ms, limit 1 s\.$/,
  },
  {
    title: 'what is broken with nothing unknown fails, and the headline names it with value and limit',
    spec: { objectives: ['p95 < 1s', 'p99(browse) < 50ms', 'error_rate < 1%'] },
    sketch: { fate: allButEvery(20, { ms: 812 }) },
    verdict: 'fail',
    reason: /^2 of 3 objectives hold; p99\(browse\) is 812 ms, limit 50 ms\.$/,
  },
  {
    title: '0.3 % lost arrivals with a p95 that holds anyway is a pass, and shows them',
    spec: { ...fourThousand, objectives: ['p95 < 1s'] },
    sketch: lossOfThree,
    verdict: 'pass',
    objectives: ['pass p95 < 1s'],
  },
  {
    title: 'lost arrivals that could break an error rate make it unknown',
    spec: { ...fourThousand, objectives: ['error_rate < 0.2%'] },
    sketch: lossOfThree,
    verdict: 'inconclusive',
    objectives: ['unknown error_rate < 0.2%'],
    reason: /^It cannot be told whether `error_rate < 0.2%` holds, because iterations were lost/,
  },
  {
    title: 'lost arrivals that could all be good do not save what is broken',
    spec: { ...fourThousand, objectives: ['error_rate < 1%'] },
    sketch: { ...lossOfThree, fate: allButEvery(50, { ms: 20, error: 'status_5xx' }) },
    verdict: 'fail',
    objectives: ['fail error_rate < 1%'],
  },
  {
    title: 'lost arrivals could all have been slow: a maximum is unknown up to the request timeout',
    spec: { ...fourThousand, objectives: ['max < 10s', 'max < 11s'] },
    sketch: lossOfThree,
    verdict: 'inconclusive',
    objectives: ['unknown max < 10s', 'pass max < 11s'],
  },
  {
    title: 'good responses are judged as if unknown ones had been good and slow',
    spec: { ...fourThousand, objectives: ['p99.9(ok) < 5s', 'p99(ok) < 5s'] },
    sketch: lossOfThree,
    verdict: 'inconclusive',
    objectives: ['unknown p99.9(ok) < 5s', 'pass p99(ok) < 5s'],
  },
  {
    title: 'a lost iteration may have taken an hour',
    spec: { ...fourThousand, objectives: ['iteration_p99.9 < 30m', 'iteration_p99 < 1s'] },
    sketch: lossOfThree,
    verdict: 'inconclusive',
    objectives: ['unknown iteration_p99.9 < 30m', 'pass iteration_p99 < 1s'],
  },
  {
    title: 'iterations that the drain cut off count like lost ones',
    spec: { objectives: ['error_rate < 1%', 'error_rate < 3%'] },
    sketch: { fate: allButEvery(50, 'hangs') },
    verdict: 'inconclusive',
    objectives: ['unknown error_rate < 1%', 'pass error_rate < 3%'],
    reason: /20 requests of lost or interrupted iterations could change that.*limits\.drain/,
  },
  {
    title: 'an unknown iteration counts as the most requests that it could have made in the scope',
    spec: {
      scenarios: [{ name: 'browse', steps: [{ get: '/a' }, { get: '/b' }, { get: '/b' }] }],
      objectives: ['error_rate < 0.7%', 'error_rate(browse/"GET /a") < 1.1%'],
    },
    sketch: { fate: allButEvery(100, 'hangs') },
    verdict: 'inconclusive',
    objectives: ['unknown error_rate < 0.7%', 'pass error_rate(browse/GET /a) < 1.1%'],
  },
  {
    title: 'skipped and unstarted arrivals are not among the unknown',
    spec: { limits: { backlog: '5%' }, objectives: ['error_rate < 0.1%', 'max < 1s'] },
    sketch: { fate: (n) => (n > 900 ? 'unstarted' : n % 50 === 0 ? 'in_flight' : { ms: 20 }) },
    verdict: 'pass',
  },
  {
    title: 'an objective on closed phases in which a worker died is unknown, whatever it shows',
    spec: { load: [users], objectives: ['p50 < 1s', 'p50 < 10ms'] },
    sketch: { workers: [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 6 } }] },
    verdict: 'inconclusive',
    objectives: ['unknown p50 < 1s', 'unknown p50 < 10ms'],
    reason: /Users stood still in soak \(13 user-seconds\).*Worker w2 was lost at 6 s/,
  },
  {
    title: 'a late generator makes broken latencies of its seconds unknown, and leaves what holds',
    spec: { objectives: ['p95 < 1s', 'p95 < 10ms', 'mean < 10ms', 'max < 10ms', 'error_rate < 1%'] },
    sketch: { pacerLagMs: (second) => (second >= 3 && second < 6 ? 6 : 0.1) },
    verdict: 'inconclusive',
    objectives: [
      'pass p95 < 1s',
      'unknown p95 < 10ms',
      'unknown mean < 10ms',
      'unknown max < 10ms',
      'pass error_rate < 1%',
    ],
    reason:
      /The generator was late from 3 s to 6 s: its pacer lag \(p99\) reached 6\.?\d* ms, limit 5 ms.*lower the rate/,
  },
  {
    title: 'two late seconds in a row are not a late generator',
    spec: { objectives: ['p95 < 10ms'] },
    sketch: { pacerLagMs: (second) => (second >= 3 && second < 5 ? 6 : 0.1) },
    verdict: 'fail',
  },
  {
    title: 'late is measured against 10 % of the tightest latency limit, from 5 ms on',
    spec: { objectives: ['p95 < 100ms', 'p95(ok) < 10s'] },
    sketch: { pacerLagMs: () => 9, fate: () => ({ ms: 200 }) },
    verdict: 'fail',
    objectives: ['fail p95 < 100ms', 'pass p95(ok) < 10s'],
  },
  {
    title: 'late seconds of another phase excuse nothing',
    spec: {
      load: [steady, { phase: 'after', rate: 100, duration: '10s' }],
      objectives: ['p95(@steady) < 10ms', 'p95(@after) < 10ms'],
    },
    sketch: { pacerLagMs: (second) => (second >= 12 ? 6 : 0.1) },
    verdict: 'fail',
    objectives: ['fail p95(@steady) < 10ms', 'unknown p95(@after) < 10ms'],
  },
  {
    title: 'late seconds of a phase that is not recorded excuse nothing',
    spec: {
      load: [{ phase: 'warmup', rate: 10, duration: '10s', record: false }, steady],
      objectives: ['p95 < 10ms'],
    },
    sketch: { pacerLagMs: (second) => (second < 10 ? 600 : 0.1) },
    verdict: 'fail',
  },
  {
    title:
      'closed phases: a thread above 80 % CPU for 10 s makes broken latencies and rates unknown, not what holds',
    spec: {
      load: [{ ...users, duration: '15s' }],
      objectives: ['p50 < 1s', 'p50 < 10ms', 'rate > 20/s', 'error_rate < 1%'],
    },
    sketch: { workers: [{ id: 'w1', cpu: (second) => (second >= 2 && second < 12 ? 0.9 : 0.2) }] },
    verdict: 'inconclusive',
    objectives: ['pass p50 < 1s', 'unknown p50 < 10ms', 'unknown rate > 20/s', 'pass error_rate < 1%'],
    reason: /Thread 0 of worker w1 was above 80 % CPU from 2 s to 12 s \(up to 90 %\)/,
  },
  {
    title: 'open phases: a busy thread alone excuses nothing',
    spec: {
      load: [
        { ...steady, duration: '15s' },
        { ...users, duration: '15s', at: '0s' },
      ],
      objectives: ['p50(@steady) < 10ms', 'p50(@soak) < 10ms'],
    },
    sketch: { workers: [{ id: 'w1', cpu: () => 0.9 }] },
    verdict: 'fail',
    objectives: ['fail p50(@steady) < 10ms', 'unknown p50(@soak) < 10ms'],
  },
  {
    title: 'closed phases: nine such seconds are not enough',
    spec: { load: [{ ...users, duration: '15s' }], objectives: ['p50 < 10ms'] },
    sketch: { workers: [{ id: 'w1', cpu: (second) => (second >= 2 && second < 11 ? 0.9 : 0.2) }] },
    verdict: 'fail',
  },
  {
    title:
      'a short generator: one `late` skip makes unknown what holds, and lower limits on rates that break',
    spec: {
      objectives: ['p95 < 1s', 'p95 < 10ms', 'rate > 200/s', 'rate >= 100% of planned', 'rate < 50/s'],
    },
    sketch: { fate: (n) => (n === 500 ? 'late' : { ms: 20 }) },
    verdict: 'fail',
    objectives: [
      'unknown p95 < 1s',
      'fail p95 < 10ms',
      'unknown rate > 200/s',
      'unknown rate >= 100% of planned',
      'fail rate < 50/s',
    ],
    reason: /1 arrival of steady was skipped because the generator was over 1 s late/,
  },
  {
    title: 'an overloaded generator is inconclusive, neither pass nor fail',
    spec: { objectives: ['p95 < 15ms', 'rate >= 98% of planned'] },
    sketch: {
      pacerLagMs: () => 400,
      fate: (n) => (n % 3 === 0 ? 'late' : n % 3 === 1 ? 'in_flight' : { ms: 20 }),
    },
    verdict: 'inconclusive',
    objectives: ['unknown p95 < 15ms', 'unknown rate >= 98% of planned', 'unknown backlog(@steady) <= 0.1%'],
  },
  {
    title: 'a short generator: more than 1 % of a recorded phase lost',
    spec: { objectives: ['p50 < 1s'] },
    sketch: { workers: [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 4.2 } }] },
    verdict: 'inconclusive',
    reason: /35 of 1,000 arrivals of steady \(3\.5 %\) were lost with their worker/,
  },
  {
    title: 'what is short in a phase that is not recorded does not matter',
    spec: { load: [{ ...steady, phase: 'warmup', record: false }, steady], objectives: ['p95 < 1s'] },
    sketch: { fate: (n, phase) => (phase === 0 && n % 2 === 0 ? 'late' : { ms: 20 }) },
    verdict: 'pass',
  },
  {
    title: 'a backlog above 0.1 % of the plan is an implied objective that fails',
    spec: { objectives: ['p95 < 1s'] },
    sketch: { fate: (n) => (n % 500 === 0 ? 'in_flight' : { ms: 20 }) },
    verdict: 'fail',
    objectives: ['pass p95 < 1s', 'fail backlog(@steady) <= 0.1%'],
    reason:
      /^The objective holds, but the target did not keep up: 2 of 1,000 arrivals of steady \(0.2 %\) were skipped/,
  },
  {
    title: 'a backlog fails a run without objectives',
    spec: {},
    sketch: { fate: (n) => (n > 500 ? 'in_flight' : { ms: 20 }) },
    verdict: 'fail',
    reason: /^The target did not keep up: 499 of 1,000 arrivals/,
  },
  {
    title: 'a backlog of exactly the limit holds, and limits.backlog changes it',
    spec: { limits: { backlog: '0.2%' }, objectives: ['p95 < 1s'] },
    sketch: { fate: (n) => (n % 500 === 0 ? 'in_flight' : { ms: 20 }) },
    verdict: 'pass',
  },
  {
    title: 'a backlog says nothing while the generator was late',
    spec: { objectives: ['p95 < 1s'] },
    sketch: { pacerLagMs: () => 150, fate: (n) => (n % 100 === 0 ? 'in_flight' : { ms: 20 }) },
    verdict: 'inconclusive',
    objectives: ['pass p95 < 1s', 'unknown backlog(@steady) <= 0.1%'],
    reason:
      /^The objective holds, but whether the target kept up cannot be told, because the generator was overloaded/,
  },
  {
    title: 'a backlog says nothing while a thread had no CPU to spare',
    spec: { objectives: ['p95 < 1s'] },
    sketch: {
      workers: [{ id: 'w1', cpu: () => 0.97 }],
      fate: (n) => (n % 100 === 0 ? 'in_flight' : { ms: 20 }),
    },
    verdict: 'inconclusive',
    objectives: ['pass p95 < 1s', 'unknown backlog(@steady) <= 0.1%'],
  },
  {
    title: 'a thread that spins is busy by design: its backlog counts',
    spec: { objectives: ['p95 < 1s'] },
    sketch: {
      workers: [{ id: 'w1', cpu: () => 1 }],
      fate: (n) => (n % 100 === 0 ? 'in_flight' : { ms: 20 }),
      record: { pace: 'spin' },
    },
    verdict: 'fail',
  },
  {
    title: 'a percentile with too few samples is unknown, holding or not',
    spec: { load: [{ ...steady, rate: 29 }], objectives: ['p99 < 1s', 'p99 < 1ms', 'p95 < 1s'] },
    verdict: 'inconclusive',
    objectives: ['unknown p99 < 1s', 'unknown p99 < 1ms', 'pass p95 < 1s'],
    reason:
      /p99 is 20 ms, limit 1 s, but over 290 requests only: this percentile needs 299 for 95 % confidence\. Run longer/,
  },
  {
    title: 'open and closed phases must each hold, and the worse is shown',
    spec: { load: [steady, { ...users, users: 20 }], objectives: ['p95 < 1s'] },
    sketch: { fate: (_, phase) => ({ ms: phase === 1 ? 990.5 : 20 }) },
    verdict: 'pass',
    reason: /p95 in the closed phases is 991 ms, limit 1 s/,
  },
  {
    title: 'open and closed phases are never judged as one',
    spec: { load: [steady, users], objectives: ['p50 < 100ms'] },
    sketch: { fate: (_, phase) => ({ ms: phase === 1 ? 500 : 20 }) },
    verdict: 'fail',
    reason: /p50 in the closed phases is 500 ms, limit 100 ms/,
  },
  {
    title: 'rates count what ended inside the window, not in the drain',
    spec: { objectives: ['rate >= 98% of planned', 'rate > 99/s'] },
    sketch: { fate: (n) => ({ ms: n >= 970 ? 900 : 20 }) },
    verdict: 'fail',
    objectives: ['fail rate >= 98% of planned', 'fail rate > 99/s'],
    reason: /rate is 97 % of planned, limit 98 % of planned/,
  },
  {
    title: 'what was in flight at the end of the drain ended in no window for certain',
    spec: { objectives: ['rate >= 98% of planned'] },
    sketch: { fate: (n) => (n % 10 === 0 ? 'hangs' : { ms: 20 }) },
    verdict: 'fail',
  },
  {
    title: 'the plan of a scenario is counted arrival by arrival',
    spec: {
      scenarios: [
        { name: 'browse', weight: 3, steps: [{ get: '/' }] },
        { name: 'buy', weight: 1, steps: [{ get: '/buy' }] },
      ],
      objectives: ['rate(browse) >= 100% of planned', 'rate(buy) >= 100% of planned'],
    },
    sketch: { fate: () => ({ ms: 1 }) },
    verdict: 'pass',
  },
  {
    title:
      'a run without objectives passes if it finished and nothing is missing, and says that nothing was judged',
    spec: {},
    verdict: 'pass',
    reason: /nothing was judged: the LoadTest has no objectives/,
  },
  {
    title: 'a run without objectives whose requests failed passes, and says so',
    spec: {},
    sketch: { fate: (n) => (n < 250 ? { ms: 20, error: 'refused' } : { ms: 20 }) },
    verdict: 'pass',
    reason: /nothing was judged, though 250 of 1,000 requests failed: the LoadTest has no objectives/,
  },
  {
    title: 'a run that was interrupted before its load began says that, and nothing of its objectives',
    spec: { objectives: ['p95 < 1s'] },
    sketch: {
      fate: () => 'unstarted',
      record: { ended: 'interrupted', endingAt: -1_250_000, endedWhy: 'Ctrl-C' },
    },
    verdict: 'inconclusive',
    objectives: ['unknown p95 < 1s'],
    reason: /^The run was interrupted before its load began: Ctrl-C\.$/,
  },
  {
    title: 'a run without objectives and with a short generator is inconclusive',
    spec: {},
    sketch: { fate: (n) => (n === 5 ? 'late' : { ms: 20 }) },
    verdict: 'inconclusive',
  },
  {
    title: 'a run without objectives in which users stood still is inconclusive',
    spec: { load: [users] },
    sketch: { workers: [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 4, lostAtS: 6 } }] },
    verdict: 'inconclusive',
  },
  {
    title: 'a run that was stopped is inconclusive though all holds',
    spec: { objectives: ['p95 < 1s', 'rate >= 98% of planned'] },
    sketch: {
      fate: (n) => (n >= 420 ? 'unstarted' : { ms: 20 }),
      record: { ended: 'stopped', endingAt: 4_200_000, endedWhy: 'asked to' },
    },
    verdict: 'inconclusive',
    objectives: ['pass p95 < 1s', 'pass rate >= 98% of planned'],
    reason: /^The run was stopped after 4\.2 s of 10 s: asked to; until then 2 of 2 objectives held\.$/,
  },
  {
    title: 'what a stop kept from ending within its phase may have kept the rate',
    spec: { objectives: ['rate >= 98% of planned'] },
    sketch: {
      fate: (n) => (n >= 400 ? 'unstarted' : { ms: 500 }),
      record: { ended: 'interrupted', endingAt: 4_000_000, endedWhy: 'Ctrl-C' },
    },
    verdict: 'inconclusive',
    objectives: ['unknown rate >= 98% of planned'],
    reason: /unfinished iterations could change that.*Let the run come to its end/,
  },
  {
    title: 'what was skipped before a stop breaks the rate for certain',
    spec: { limits: { backlog: '50%' }, objectives: ['rate >= 98% of planned'] },
    sketch: {
      fate: (n) => (n >= 400 ? 'unstarted' : n % 10 === 0 ? 'in_flight' : { ms: 20 }),
      record: { ended: 'stopped', endingAt: 4_000_000, endedWhy: 'asked to' },
    },
    verdict: 'fail',
  },
  {
    title: 'a run that was halted fails where something is proven broken',
    spec: { objectives: ['p95 < 10ms'] },
    sketch: { record: { ended: 'halted', endingAt: 4_200_000, endedWhy: 'halted' } },
    verdict: 'fail',
  },
  {
    title: 'data that came to its end against `onEnd: error` is inconclusive',
    spec: { objectives: ['p95 < 1s'] },
    sketch: { record: { ended: 'stopped', endingAt: 5_000_000, endedWhy: 'data', dataEnded: true } },
    verdict: 'inconclusive',
    reason: /onEnd: recycle/,
  },
  {
    title: 'a failed set-up fails the run',
    spec: { objectives: ['p95 < 1s'] },
    sketch: { fate: () => 'unstarted', record: { setupFailure: 'POST /seed answered 500' } },
    verdict: 'fail',
    reason: /^The setup failed, so that no load was sent: POST \/seed answered 500\.$/,
  },
  {
    title: 'measurements that nothing stands in for make everything unknown',
    spec: { ...fourThousand, objectives: ['p95 < 1s', 'p95 < 10ms'] },
    sketch: {
      workers: [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 39, lostAtS: 39.9 } }],
      withheld: ({ worker, sequence }) => worker === 'w2' && sequence === 5,
    },
    verdict: 'inconclusive',
    objectives: ['unknown p95 < 1s', 'unknown p95 < 10ms'],
    reason: /1 snapshot of worker w2 did not come/,
  },
  {
    title: 'a missing snapshot whose worker states its totals costs the whole run nothing',
    spec: { objectives: ['p95 < 1s', 'error_rate < 1%'] },
    sketch: {
      withheld: ({ sequence }) => sequence === 5,
      fate: allButEvery(200, { ms: 20, error: 'timeout' }),
    },
    verdict: 'pass',
  },
  {
    title: 'strictly, a percentile must hold for its whole confidence interval',
    spec: { objectives: ['p95 < 500ms', 'p90 < 500ms'] },
    sketch: { fate: (n) => ({ ms: n % 1000 < 952 ? 20 : 900 }), record: { strict: true } },
    verdict: 'inconclusive',
    objectives: ['unknown p95 < 500ms', 'pass p90 < 500ms'],
    reason: /too near to tell: its 95 % confidence interval goes from 20 ms to 900 ms/,
  },
  {
    title: 'not strictly, the confidence interval is evidence alone',
    spec: { objectives: ['p95 < 500ms'] },
    sketch: { fate: (n) => ({ ms: n % 1000 < 952 ? 20 : 900 }) },
    verdict: 'pass',
  },
  {
    title: 'warnings decide nothing',
    spec: { load: [{ ...steady, duration: '15s' }], objectives: ['p95 < 1s'] },
    sketch: { workers: [{ id: 'w1', cpu: () => 0.85 }] },
    verdict: 'pass',
  },
  {
    title: 'strictly, a warning makes a run inconclusive',
    spec: { load: [{ ...steady, duration: '15s' }], objectives: ['p95 < 1s'] },
    sketch: { workers: [{ id: 'w1', cpu: () => 0.85 }], record: { strict: true } },
    verdict: 'inconclusive',
    reason: /^The objective holds, but there are warnings, and --strict accepts none\.$/,
  },
  {
    title: 'first-byte times of good answers alone are not told where some failed',
    spec: { detail: true, objectives: ['ttfb_p95(ok) < 1s', 'ttfb_p95 < 1s'] },
    sketch: { fate: allButEvery(100, { ms: 20, error: 'status_5xx' }) },
    verdict: 'inconclusive',
    objectives: ['unknown ttfb_p95(ok) < 1s', 'pass ttfb_p95 < 1s'],
  },
  {
    title: 'checks are shares of those made',
    spec: {
      scenarios: [{ name: 'browse', steps: [{ get: '/', check: { status: 200, body: '~x' } }] }],
      objectives: ['checks >= 99%', 'checks > 99.5%'],
    },
    sketch: { fate: allButEvery(100, { ms: 20, error: 'check' }) },
    verdict: 'fail',
    objectives: ['pass checks >= 99%', 'fail checks > 99.5%'],
  },
  {
    title: 'checks of open phases can be judged though the closed ones make none',
    spec: {
      scenarios: [
        { name: 'browse', steps: [{ get: '/', check: { status: 200 } }] },
        { name: 'idle', steps: [{ get: '/' }] },
      ],
      load: [
        { ...steady, scenarios: { browse: 1 } },
        { ...users, scenarios: { idle: 1 } },
      ],
      objectives: ['checks > 99%', 'checks(idle) > 99%'],
    },
    verdict: 'inconclusive',
    objectives: ['pass checks > 99%', 'unknown checks(idle) > 99%'],
  },
  {
    title: 'without a window, `after` leaves out what ended before it',
    spec: { objectives: [{ that: 'p95 < 100ms', after: '3s' }, 'p95 < 100ms'] },
    sketch: { fate: (n) => ({ ms: n < 200 ? 800 : 20 }) },
    verdict: 'fail',
    objectives: ['pass p95 < 100ms', 'fail p95 < 100ms'],
  },
]

for (const { title, spec, sketch, verdict, objectives, reason } of cases) {
  test(title, (t) => {
    const judgement = judged(spec, sketch)
    if (objectives !== undefined)
      t.deepEqual(
        judgement.objectives.map(({ result, that }) => `${result} ${that}`),
        objectives,
      )
    t.is(judgement.verdict, verdict, judgement.reasons.join('\n'))
    if (reason !== undefined)
      t.true(
        judgement.reasons.some((text) => reason.test(text)),
        judgement.reasons.join('\n'),
      )
    for (const text of [...judgement.reasons, ...judgement.warnings]) t.regex(text, /^\S.*\.$/)
  })
}

test('a pass with lost arrivals shows best and worst case, how many, and the loss as a warning', (t) => {
  const { objectives, warnings, reasons, validity } = judged(
    { ...fourThousand, objectives: ['p99 < 1s', 'max < 11s'] },
    lossOfThree,
  )
  t.is(reasons.length, 1)
  const [p99, max] = objectives
  t.deepEqual([p99?.best, p99?.actual, p99?.worst], [20.015, 20.015, 20.015])
  t.is(max?.actual, 20.015)
  t.is(max?.worst, 10_002.431)
  // One more was in flight when the worker was last heard of.
  t.is(max?.evidence.unknownRequests, 13)
  t.regex(
    max?.message ?? '',
    /It holds even if all 13 requests of lost or interrupted iterations had gone badly/,
  )
  t.regex(warnings[0] ?? '', /Worker w4 was lost.*12 of 4,000 arrivals of steady \(0\.3 %\) were lost/)
  t.true(validity.every(({ ok }) => ok))
})

test('every validity rule has a row, and those that are broken say what to do', (t) => {
  const good = judged({ objectives: ['p95 < 1s'] })
  const rules = ['generator-late', 'generator-short', 'samples', 'missing-data', 'clock', 'health']
  t.deepEqual(
    good.validity.map(({ rule }) => rule),
    rules,
  )
  t.true(good.validity.every(({ ok }) => ok))
  t.deepEqual(good.warnings, [])

  const bad = judged(
    { load: [{ ...steady, rate: 4, duration: '15s' }], objectives: ['p99 < 1s'] },
    {
      pacerLagMs: () => 150,
      fate: (n) => (n === 3 ? 'late' : { ms: 20 }),
      workers: [
        {
          id: 'w1',
          cpu: () => 0.9,
          loopDelayMs: () => 30,
          gcPauseMs: () => 200,
          runQueueWait: () => 0.5,
          clockUncertaintyMs: 80,
          startSkewMs: 90,
        },
        { id: 'w2', died: { lastWordS: 9, lostAtS: 10 } },
      ],
      withheld: ({ worker, sequence }) => worker === 'w2' && sequence === 3,
    },
  )
  t.deepEqual(
    bad.validity.filter(({ ok }) => !ok).map(({ rule }) => rule),
    rules,
  )
  t.is(bad.warnings.length, 7)
  t.regex(
    bad.warnings.join(),
    /Thread 0 of worker w1 was ready to run but waited for a core more than 30 % of the time/,
  )
})

test('a clock that drifted is a matter of validity, with its remedy, and of the verdict under --strict alone', (t) => {
  const sketch = (clockDriftMs: number, strict = false): Omit<RunSketch, 'test'> => ({
    workers: [{ id: 'w1' }, { id: 'w2', clockDriftMs }],
    record: { strict },
  })
  const spec = { objectives: ['p95 < 1s'] }
  const clockOf = (judgement: Judgement) => judgement.validity.find(({ rule }) => rule === 'clock')
  t.like(clockOf(judged(spec, sketch(50))), { ok: true, actual: 50, limit: 50, unit: 'ms' })
  const drifted = judged(spec, sketch(51))
  t.like(clockOf(drifted), { ok: false, actual: 51 })
  t.regex(clockOf(drifted)?.message ?? '', /^The clock of worker w2 went 51 ms astray .* run without it\.$/)
  t.is(drifted.warnings.length, 1)
  t.is(drifted.verdict, 'pass')
  t.is(judged(spec, sketch(51, true)).verdict, 'inconclusive')
})

test('evidence carries the confidence interval of a percentile, and the window of a window', (t) => {
  const { objectives } = judged({
    objectives: ['p95 < 1s', 'mean < 1s', { that: 'error_rate < 1%', over: '2s' }],
  })
  const [p95, mean, windowed] = objectives
  t.deepEqual(p95?.evidence.interval, { low: 20.015, high: 20.015 })
  t.is(mean?.evidence.interval, undefined)
  t.is(p95?.evidence.window, null)
  t.is(p95?.evidence.count, 1000)
  t.is(p95?.evidence.series, 'open total')
  t.deepEqual(windowed?.evidence.window, { fromS: 0, toS: 2 })
  t.is(windowed?.evidence.brokenWindows, 0)
})

test('a ledger that does not add up is a defect, and inconclusive', (t) => {
  const record: RunRecord = runRecord({ test: parsedTest({ load: [steady], objectives: ['p95 < 1s'] }) })
  const accounts = accountsOf(record)
  const judgement = judgeRun(record, { ...accounts, total: { ...accounts.total, started: 1001 } })
  t.is(judgement.verdict, 'inconclusive')
  t.regex(judgement.reasons.join('\n'), /defect of Breakwater/)
})

test('a late generator is told with what the calibration of its machine says', (t) => {
  const late = runRecord({
    test: parsedTest({ load: [steady], objectives: ['p95 < 10ms'] }),
    pacerLagMs: (second) => (second >= 3 && second < 6 ? 6 : 0.1),
  })
  const message = (openPerSecond: number) => {
    const calibration = { closedPerSecond: 100, openPerSecond, cores: 2 }
    const { validity } = judgeRun(late, accountsOf(late), calibration)
    return validity.find(({ rule }) => rule === 'generator-late')?.message ?? ''
  }
  t.regex(
    message(50),
    /asks for up to 100 requests per second, .* sends 50 in time with 1 thread\. Start more/,
  )
  t.regex(message(500), /sends 500 in time with 1 thread: something else may use its cores, .* Start more/)
})
