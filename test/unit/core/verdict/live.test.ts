import test from 'ava'
import type { Json, LoadTest } from '../../../../core/spec/load-test.ts'
import { judgeRun } from '../../../../core/verdict/judge.ts'
import { abortingObjective } from '../../../../core/verdict/live.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { accountsOf, type Fate, type RunSketch, runRecord } from '../../../kit/run-record.ts'

const steady = { phase: 'steady', rate: 100, duration: '30s' }

function watched(objectives: Json[], load: Json[] = [steady]): LoadTest {
  return parsedTest({ load, objectives })
}

/** Asked second by second, as the conductor does: when it aborts, and why; null: never. */
function abortOf(sketch: RunSketch, stepS = 1): { readonly atS: number; readonly why: string } | null {
  const record = runRecord(sketch)
  for (let atS = stepS; atS <= 30; atS += stepS) {
    const why = abortingObjective({ ...record, endedAt: atS * 1_000_000 }, atS)
    if (why !== null) return { atS, why }
  }
  return null
}

const failingFrom =
  (fromS: number) =>
  (n: number): Fate =>
    n >= fromS * 100 ? { ms: 20, error: 'status_5xx' } : { ms: 20 }

test('a window that is broken for certain aborts as soon as its last second is complete', (t) => {
  const test = watched([{ that: 'error_rate < 50%', over: '4s', abort: true }])
  const abort = abortOf({ test, fate: failingFrom(15) })
  t.is(abort?.atS, 18)
  t.regex(abort?.why ?? '', /^error_rate is 74\.5 % from 14 s to 18 s, limit 50 %$/)
})

test('nothing aborts in the first 10 s, unless `after` says so', (t) => {
  const rule = { that: 'error_rate < 50%', over: '2s', abort: true }
  t.is(abortOf({ test: watched([rule]), fate: failingFrom(0) })?.atS, 10)
  t.is(abortOf({ test: watched([{ ...rule, after: '3s' }]), fate: failingFrom(0) })?.atS, 3)
  t.is(abortOf({ test: watched([{ ...rule, after: '20s' }]), fate: failingFrom(0) })?.atS, 20)
})

test('nothing aborts below 100 samples, unless `after` says so', (t) => {
  const rule = { that: 'error_rate < 50%', over: '2s', abort: true }
  const slowly = [{ ...steady, rate: 5 }]
  const fate = (): Fate => ({ ms: 20, error: 'timeout' })
  t.is(abortOf({ test: watched([rule], slowly), fate })?.atS, 20)
  for (const atS of [10, 11])
    t.is(abortOf({ test: watched([{ ...rule, after: `${atS}s` }], slowly), fate })?.atS, atS)
})

test('an objective without a window is judged on the run so far', (t) => {
  const test = watched([{ that: 'error_rate < 20%', abort: true }])
  t.is(abortOf({ test, fate: failingFrom(16) })?.atS, 21)
})

test('a percentile of the run so far waits for the samples it needs', (t) => {
  const test = watched([{ that: 'p99 < 1s', abort: true }], [{ ...steady, rate: 20 }])
  t.is(abortOf({ test, fate: () => ({ ms: 1500 }) })?.atS, 17)
})

test('objectives without `abort`, and those that hold, abort nothing', (t) => {
  t.is(abortOf({ test: watched(['error_rate < 50%']), fate: failingFrom(0) }), null)
  t.is(abortOf({ test: watched([{ that: 'error_rate < 50%', abort: true }]) }), null)
})

test('what lost arrivals could save is not aborted', (t) => {
  const test = watched([{ that: 'error_rate < 10%', over: '2s', abort: true }])
  const sketch = {
    test,
    fate: (n: number): Fate =>
      n >= 1200 && n < 1400 && n % 9 === 0 ? { ms: 20, error: 'timeout' } : { ms: 20 },
  }
  t.is(abortOf(sketch)?.atS, 14)
  const workers = [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 11, lostAtS: 12.5 } }]
  t.is(abortOf({ ...sketch, workers }), null)
})

test('a late generator aborts nothing for latencies, nor do late seconds that may become three', (t) => {
  const test = watched([{ that: 'p50 < 10ms', over: '2s', abort: true }])
  const fate = (n: number): Fate => ({ ms: n >= 1200 && n < 1600 ? 50 : 1 })
  t.is(abortOf({ test, fate })?.atS, 14)
  t.is(abortOf({ test, fate, pacerLagMs: (second) => (second >= 12 && second < 17 ? 30 : 0.1) }), null)
  t.is(abortOf({ test, fate, pacerLagMs: (second) => (second === 13 ? 30 : 0.1) })?.atS, 15)
})

test('the same is found however seldom one asks', (t) => {
  const test = watched([{ that: 'error_rate < 50%', over: '4s', abort: true }])
  const short = (n: number): Fate => (n >= 1500 && n < 1800 ? { ms: 20, error: 'timeout' } : { ms: 20 })
  t.is(abortOf({ test, fate: short }, 7)?.why, abortOf({ test, fate: short }, 1)?.why)
})

test('what aborted a run fails it, though the drain made it better, and what it left unstarted does not soften it', (t) => {
  const test = watched([{ that: 'error_rate < 20%', abort: true }, 'rate >= 90% of planned'])
  // 422 of 2,098 when 21 s are complete; what ends until the abort reaches everybody is good, and makes it 424 of 2,200.
  const fate = (n: number): Fate =>
    n >= 2200 ? 'unstarted' : n >= 1676 && n < 2100 ? { ms: 20, error: 'timeout' } : { ms: 20 }
  const why = abortOf({ test, fate })?.why ?? ''
  const record = runRecord({
    test,
    fate,
    record: { ended: 'aborted', endedWhy: why, endingAt: 21_300_000, endedAt: 22_000_000 },
  })
  const { verdict, objectives, reasons } = judgeRun(record, accountsOf(record))
  t.is(verdict, 'fail')
  t.deepEqual(
    objectives.map(({ result }) => result),
    ['fail', 'pass'],
  )
  t.deepEqual(objectives[0]?.evidence.window, { fromS: 0, toS: 21 })
  t.regex(reasons.at(-1) ?? '', /^The run was aborted after 21\.3 s of 30 s: error_rate is/)
})

test('a call costs as much in the last minute of an hour as in the first', (t) => {
  const long = watched(
    [
      { that: 'p95 < 10s', over: '10m', abort: true },
      { that: 'error_rate < 50%', abort: true },
    ],
    [{ phase: 'long', rate: 1, duration: '1h' }],
  )
  const record = runRecord({ test: long })
  let looks = 0
  const { metrics } = record
  const counting = Object.create(metrics, {
    window: {
      value(...args: Parameters<typeof metrics.window>) {
        looks++
        return metrics.window(...args)
      },
    },
    lagsOfSecond: {
      value: (...args: Parameters<typeof metrics.lagsOfSecond>) => metrics.lagsOfSecond(...args),
    },
    worker: { value: (id: string) => metrics.worker(id) },
    workers: { get: () => metrics.workers },
  }) as typeof metrics
  const counted: number[] = []
  for (let second = 1; second <= 3600; second++) {
    looks = 0
    abortingObjective({ ...record, metrics: counting, endedAt: second * 1_000_000 }, second)
    counted.push(looks)
  }
  t.is(Math.max(...counted), 2)
})
