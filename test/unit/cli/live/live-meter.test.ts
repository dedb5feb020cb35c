import test from 'ava'
import { LiveMeter } from '../../../../cli/live/live-meter.ts'
import type { RunRecord } from '../../../../core/verdict/run-record.ts'
import { loadTest } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase, openPhase } from '../../../kit/phases.ts'
import { type RunSketch, runRecord } from '../../../kit/run-record.ts'
import { VirtualRun } from '../../../kit/virtual-engine.ts'
import { recordOf } from '../../../kit/virtual-record.ts'

/** The run as it stands after so many seconds, each worker having told of them. */
function after(seconds: number, sketch: RunSketch): RunRecord {
  return runRecord({
    ...sketch,
    withheld: ({ sequence }) => sequence > seconds,
    record: { ...sketch.record, endedAt: seconds * 1_000_000 },
  })
}

const steady = loadTest({ load: [constantPhase(100, 20_000, { name: 'steady' })] })
const fiveUsers = closedPhase({
  name: 'users',
  atMs: 0,
  durationMs: 10_000,
  users: { from: 5, to: 5, overMs: 0 },
})
const three = [{ id: 'w1' }, { id: 'w2' }, { id: 'w3' }]

test('a steady run shows its rate, its latency and its place in time', (t) => {
  const figures = new LiveMeter().read(after(5, { test: steady, workers: three }))
  t.like(figures, {
    elapsedMs: 5000,
    lengthMs: 20_000,
    users: null,
    skipped: 0,
    failed: 0,
    mostFrequentError: null,
    workersAtWork: 3,
    workers: 3,
    busiestCpu: 0.2,
  })
  t.deepEqual(figures.phases, [{ name: 'steady', elapsedMs: 5000, lengthMs: 20_000, recorded: true }])
  t.deepEqual(figures.openRate, { planned: 100, started: 100 })
  t.is(figures.closedRate, null)
  t.is(figures.latencies.length, 1)
  t.true(Math.abs((figures.latencies[0]?.p95Ms ?? 0) - 20) < 0.1)
  t.true(Math.abs((figures.pacerLagP99Ms ?? 0) - 0.1) < 0.01)
})

test('rates are those of the last two seconds, planned and actual over the same time', (t) => {
  const test = loadTest({
    load: [
      openPhase([
        [0, 0],
        [20_000, 200],
      ]),
    ],
  })
  const meter = new LiveMeter()
  for (let second = 1; second <= 10; second++) meter.read(after(second, { test, workers: three }))
  const figures = meter.read(after(11, { test, workers: three }))
  // λ rises by 10/s every second: from 90/s to 110/s in the seconds looked at.
  const { planned, started } = figures.openRate ?? { planned: 0, started: 0 }
  t.is(planned, 100)
  t.true(Math.abs(started - 100) < 1, `${started}`)
})

test('the recent percentile forgets what was ten seconds ago, the other one does not', (t) => {
  const slowAtFirst = { test: steady, fate: (n: number) => ({ ms: n < 300 ? 900 : 20 }) }
  const [latency] = new LiveMeter().read(after(18, slowAtFirst)).latencies
  t.true((latency?.recentP95Ms ?? 0) < 21)
  t.true((latency?.p95Ms ?? 0) > 890)
})

test('errors are counted, and the most frequent one is named', (t) => {
  const fate = (n: number) => {
    if (n % 10 === 0) return { ms: 5, error: 'status_5xx' } as const
    return n % 50 === 1 ? ({ ms: 5, error: 'timeout' } as const) : { ms: 5 }
  }
  const figures = new LiveMeter().read(after(10, { test: steady, fate }))
  t.is(figures.failed, 120)
  t.is(figures.finished, 1000)
  t.deepEqual(figures.mostFrequentError, { name: 'status_5xx', count: 100 })
})

test('a worker that is gone is missing among those at work', (t) => {
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 3, lostAtS: 5 } }]
  const figures = new LiveMeter().read(after(8, { test: steady, workers }))
  t.like(figures, { workersAtWork: 1, workers: 2 })
})

test('open and closed phases beside each other have a percentile each', (t) => {
  const test = loadTest({
    load: [constantPhase(50, 10_000, { name: 'open' }), fiveUsers],
  })
  const figures = new LiveMeter().read(after(5, { test }))
  t.deepEqual(
    figures.latencies.map(({ loop }) => loop),
    ['open', 'closed'],
  )
  t.deepEqual(
    figures.phases.map(({ name }) => name),
    ['open', 'users'],
  )
  t.is(figures.users, 5)
  t.deepEqual(figures.openRate, { planned: 50, started: 50 })
  // In the sketch each user starts an iteration a second.
  t.is(figures.closedRate, 5)
})

test('closed phases alone have no planned rate', (t) => {
  const figures = new LiveMeter().read(after(5, { test: loadTest({ load: [fiveUsers] }) }))
  t.is(figures.openRate, null)
  t.true((figures.closedRate ?? 0) > 0)
})

test('after the last phase none is under way', (t) => {
  const record = runRecord({ test: steady, record: { endedAt: 21_000_000 } })
  t.deepEqual(new LiveMeter().read(record).phases, [])
})

test('a steered run shows its factor, and in a pause its phases stand still while its end moves on', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 10_000, { name: 'steady' })] }),
    target: () => ({ afterMicros: 1000 }),
  })
  run.change({ at: 1_000_000, cause: 'steer', rateFactor: 2 })
  run.change({ at: 4_000_000, cause: 'pause', paused: true })
  const read = (seconds: number) => {
    const record = recordOf(run.run(seconds * 1_000_000))
    return new LiveMeter().read({ ...record, endedAt: seconds * 1_000_000 })
  }
  const going = read(3)
  t.like(going, { rateFactor: 2, paused: false, lengthMs: 10_000 })
  t.is(going.openRate?.planned.toFixed(3), (500 / 3).toFixed(3))
  const paused = read(6)
  t.like(paused, { rateFactor: 2, paused: true, elapsedMs: 6_000, lengthMs: 12_000 })
  t.deepEqual(paused.phases, [{ name: 'steady', elapsedMs: 4_000, lengthMs: 10_000, recorded: true }])
})
