import test from 'ava'
import { Totals } from '../../../../core/measure/totals.ts'
import { roster } from '../../../kit/arbitrary-roster.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { constantPhase } from '../../../kit/phases.ts'
import { responseTimes, VirtualRun } from '../../../kit/virtual-engine.ts'

const limits = { inFlight: null, backlog: 0.001, drainMs: 30_000, maxRate: null }

test('arrivals start exactly on the schedule, whatever the answers take', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 1000)] }),
    target: () => ({ afterMicros: 3_000_000 }),
  }).run()
  t.deepEqual(
    run.sent.map(({ at }) => Math.round(at)),
    Array.from({ length: 100 }, (_, n) => n * 10_000),
  )
  t.like(run.phase(0), { planned: 100, started: 100, completed: 100, failed: 0, done: true })
  t.true(run.isDrained)
})

test('threads and workers share the arrivals, and together keep the schedule', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 1000)] }),
    target: () => ({ afterMicros: 500 }),
    roster: roster(3, 2),
  }).run()
  t.deepEqual(
    run.sent.map(({ at }) => Math.round(at)),
    Array.from({ length: 100 }, (_, n) => n * 10_000),
  )
  t.is(new Set(run.sent.map(({ worker, thread }) => `${worker}/${thread}`)).size, 6)
})

test('a stalled target fills the bound; further arrivals are skipped as in_flight while the schedule goes on', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 1000)], limits: { ...limits, drainMs: 100 } }),
    target: () => 'never',
    inFlightBound: 30,
  }).run()
  t.like(run.phase(0), { started: 30, skippedInFlight: 70, skippedLate: 0, interrupted: 30, inFlight: 0 })
  t.like(run.requests, { attempted: 30, sent: 30, interrupted: 30 })
})

test('a request that is never answered ends by its timeout, at its elapsed time, and makes room again', (t) => {
  const step = httpGet('/', { timeoutMs: 200 })
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 1000)], scenarios: [scenario({ steps: [step] })] }),
    target: () => 'never',
    inFlightBound: 10,
  }).run()
  // Ten in the first 100 ms, none until 200 ms, and so on.
  t.like(run.phase(0), { started: 50, skippedInFlight: 50, failed: 50 })
  t.deepEqual(run.requests.errors, { timeout: 50 })
  t.is(responseTimes(run.intervals(), run.table).max, 200_063)
})

test('arrivals that come up more than a second late are skipped as late, the younger ones still start', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 4000)] }),
    target: () => ({ afterMicros: 1000 }),
    inFlightBound: 1000,
    // One long sleep, from 1 s to 3.5 s.
    lateness: (at) => (at >= 1_000_000 && at < 3_500_000 ? 3_500_000 - at : 0),
  }).run()
  const { skippedLate, skippedInFlight, started, planned } = run.phase(0)
  t.is(skippedLate, 150)
  t.is(skippedInFlight, 0)
  t.is(started, planned - 150)
})

test('arrivals that are overdue when the phase ends, by less than a second, still start', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(1000, 1000)] }),
    // Answers come before the next turn, so that nothing is in flight while some are still to start.
    target: () => ({ afterMicros: 0 }),
    lateness: (at) => (at >= 500_000 && at < 1_200_000 ? 1_200_000 - at : 0),
  }).run()
  t.like(run.phase(0), { planned: 1000, started: 1000, completed: 1000 })
})

test('late is decided before in_flight', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 3000)], limits: { ...limits, drainMs: 0 } }),
    target: () => 'never',
    inFlightBound: 1,
    lateness: (at) => (at >= 500_000 && at < 2_500_000 ? 2_500_000 - at : 0),
  }).run()
  t.like(run.phase(0), { started: 1, skippedLate: 100, skippedInFlight: 199 })
})

test('a later step is intended at the completion before it plus the think time', (t) => {
  const steps = [
    httpGet('/a'),
    { kind: 'think', path: 'p', think: { kind: 'constant', ms: 300 } } as const,
    httpGet('/b'),
    httpGet('/c'),
  ]
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(1, 1000)], scenarios: [scenario({ steps })] }),
    target: () => ({ afterMicros: 20_000 }),
    lateness: () => 700,
  }).run()
  t.deepEqual(
    run.sent.map(({ path, at }) => [path, Math.round(at)]),
    [
      ['/a', 0],
      ['/b', 320_700],
      ['/c', 340_700],
    ],
  )
  const intervals = run.intervals()
  const step = (name: string) =>
    intervals[0]?.series.find((delta) => delta.series === run.table.stepSeries(0, 0, name))
  t.truthy(step('GET /b'))
  const all = responseTimes(intervals, run.table)
  // /b waited 700 µs for the pacer: that is in its response time; /c follows its answer at once.
  t.is(all.max, 20_703)
  t.is(all.total, 3)
  // From the arrival's intended start to the last answer.
  const iteration = intervals[0]?.series.find(({ series }) => series === run.table.iterationSeries(0, 0))
  t.is(Totals.of(iteration?.responseOk ?? new Uint8Array()).max, 360_703)
})

test('an iteration ends at its first failed request, unless the step says to go on; then it has failed all the same', (t) => {
  for (const [onError, requests] of [
    ['stop', 1],
    ['continue', 2],
  ] as const) {
    const steps = [httpGet('/a', { onError }), httpGet('/b')]
    const run = new VirtualRun({
      test: loadTest({ load: [constantPhase(1, 1000)], scenarios: [scenario({ steps })] }),
      target: ({ request }) => ({ afterMicros: 10, status: request.path === '/a' ? 503 : 200 }),
    }).run()
    t.like(run.phase(0), { started: 1, failed: 1, completed: 0 })
    t.like(run.requests, { attempted: requests, failed: 1, ok: requests - 1 })
    t.deepEqual(run.requests.errors, { status_5xx: 1 })
  }
})

test('onStart heads every arrival, for each is a new user', (t) => {
  const browse = scenario({ onStart: [httpGet('/login')], steps: [httpGet('/')] })
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(2, 1000)], scenarios: [browse] }),
    target: () => ({ afterMicros: 10 }),
  }).run()
  t.deepEqual(
    run.sent.map(({ path }) => path),
    ['/login', '/', '/login', '/'],
  )
  t.is(new Set(run.sent.map(({ user }) => user)).size, 2)
})

test('what is in flight at the end finishes within the drain; what does not is interrupted', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(10, 1000)], limits: { ...limits, drainMs: 500 } }),
    target: ({ dispatchedAt }) => ({ afterMicros: dispatchedAt > 800_000 ? 5_000_000 : 600_000 }),
  }).run()
  t.like(run.phase(0), { started: 10, completed: 9, interrupted: 1 })
  t.is(run.now, 1_500_000)
})

test('an earlier phase’s work runs on into the next one, and counts where it began', (t) => {
  const load = [constantPhase(10, 1000, { name: 'one' }), constantPhase(1, 3000, { name: 'two' })]
  const run = new VirtualRun({ test: loadTest({ load }), target: () => ({ afterMicros: 1_500_000 }) }).run()
  t.like(run.phase(0), { started: 10, completed: 10, interrupted: 0 })
  t.like(run.phase(1), { started: 3, completed: 3 })
  const one = run
    .intervals()
    .flatMap(({ series }) => series)
    .filter(({ series }) => run.table.keys[series]?.phase === 0)
  t.is(
    one.reduce((sum, delta) => sum + delta.inWindow, 0),
    0,
  )
})

test('stop starts nothing more and lets what is in flight finish', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(10, 10_000)] }),
    target: () => ({ afterMicros: 250_000 }),
  }).run(2_049_000)
  run.stop()
  run.run()
  t.like(run.phase(0), { started: 21, completed: 21, interrupted: 0, done: true })
  t.is(Math.round(run.now), 2_250_000)
})

test('abort interrupts everything at once', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(10, 10_000)] }),
    target: () => ({ afterMicros: 250_000 }),
  }).run(2_049_000)
  run.abort()
  run.run()
  t.like(run.phase(0), { started: 21, completed: 18, interrupted: 3 })
  t.like(run.requests, { attempted: 21, ok: 18, interrupted: 3, sent: 21 })
  t.is(run.now, 2_049_000)
})

test('a phase that is not recorded is in the ledger and not in the metrics', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(10, 1000, { record: false })] }),
    target: () => ({ afterMicros: 250 }),
  }).run()
  t.like(run.phase(0), { started: 10, completed: 10 })
  t.deepEqual(run.intervals(), [])
})

test('parallel phases run beside each other, each with its own mix', (t) => {
  const scenarios = [
    scenario({ name: 'a', steps: [httpGet('/a')] }),
    scenario({ name: 'b', weight: 0, steps: [httpGet('/b')] }),
  ]
  const load = [
    constantPhase(10, 2000, { name: 'one' }),
    constantPhase(5, 1000, { name: 'two', atMs: 500, mix: { b: 1 } }),
  ]
  const run = new VirtualRun({
    test: loadTest({ load, scenarios }),
    target: () => ({ afterMicros: 250 }),
  }).run()
  t.deepEqual(
    run.sent.filter(({ path }) => path === '/b').map(({ at }) => Math.round(at)),
    [500_000, 700_000, 900_000, 1_100_000, 1_300_000],
  )
  t.is(run.sent.filter(({ path }) => path === '/a').length, 20)
})

test('connection wait is in the send lag and not in the pacer lag', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(10, 1000)] }),
    target: () => ({ afterMicros: 1000, waitMicros: 50_000 }),
    lateness: () => 400,
  }).run()
  const lags = run.intervals().flatMap((interval) => interval.lags)
  t.is(lags.length, 1)
  const { sendLag, pacerLag } = lags[0] as (typeof lags)[number]
  t.is(Totals.of(pacerLag).max, 400)
  t.is(Totals.of(sendLag).max, 50_431)
})
