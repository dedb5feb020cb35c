import test from 'ava'
import fc from 'fast-check'
import { bucketIndexOf } from '../../../../core/measure/buckets.ts'
import { createRecorder, type RequestSample } from '../../../../core/measure/recorder.ts'
import { seriesTable } from '../../../../core/measure/series.ts'
import { SeriesSum } from '../../../../core/measure/series-sum.ts'
import type { Interval } from '../../../../core/measure/snapshot.ts'
import { Totals } from '../../../../core/measure/totals.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { arbitrarySample, requestSample } from '../../../kit/measured.ts'
import { constantPhase } from '../../../kit/phases.ts'

const table = seriesTable(
  loadTest({
    scenarios: [scenario({ steps: [httpGet('/'), httpGet('/item')] })],
    load: [
      constantPhase(10, 5_000, { name: 'warmup', record: false }),
      constantPhase(10, 5_000, { name: 'steady' }),
    ],
  }),
)
const phase = 1

function recorder(detail = false) {
  return createRecorder({ table, thread: 3, detail })
}

function summed(intervals: readonly Interval[], series: number): SeriesSum {
  const sum = new SeriesSum()
  for (const interval of intervals) {
    for (const delta of interval.series) if (delta.series === series) sum.addDelta(delta)
  }
  return sum
}

test('a sample counts in the second in which it completed, whenever that is said', (t) => {
  fc.assert(
    fc.property(
      fc.array(arbitrarySample(3, 4), { maxLength: 80 }),
      fc.integer({ min: 0, max: 80 }),
      (samples, cut) => {
        const recording = recorder(true)
        for (const sample of samples.slice(0, cut)) recording.request(sample)
        const intervals = [...recording.roll(2_500_000)]
        t.true(intervals.every((interval) => interval.second < 2 && interval.thread === 3))
        for (const sample of samples.slice(cut)) recording.request(sample)
        intervals.push(...recording.flush())
        for (const second of [0, 1, 2, 3]) {
          const own = intervals.filter((interval) => interval.second === second)
          for (const series of [0, 1, 2]) {
            assertSum(
              t,
              summed(own, series),
              samples.filter((s) => s.series === series && Math.floor(s.at / 1e6) === second),
            )
          }
        }
      },
    ),
  )
})

function assertSum(
  t: { is: (a: unknown, b: unknown) => void },
  sum: SeriesSum,
  samples: readonly RequestSample[],
) {
  const good = samples.filter((sample) => sample.error === null)
  t.is(sum.ok, good.length)
  t.is(sum.count, samples.length)
  t.is(sum.inWindow, samples.filter((sample) => sample.inWindow).length)
  t.is(sum.okInWindow, good.filter((sample) => sample.inWindow).length)
  t.is(sum.errors.get('timeout') ?? 0, samples.filter((sample) => sample.error === 'timeout').length)
  t.is(
    sum.bytesIn,
    samples.reduce((total, sample) => total + sample.bytesIn, 0),
  )
  t.is(
    sum.checksFailed,
    samples.reduce((total, sample) => total + sample.checksFailed, 0),
  )
  t.is(indices(sum.response), expected(samples.map((sample) => sample.responseMicros)))
  t.is(indices(sum.responseOk), expected(good.map((sample) => sample.responseMicros)))
  t.is(indices(sum.service), expected(samples.map((sample) => sample.serviceMicros)))
  t.is(indices(sum.connect), expected(samples.map((sample) => sample.connectMicros)))
  t.is(indices(sum.ttfb), expected(samples.map((sample) => sample.ttfbMicros)))
}

function indices(totals: Totals): string {
  return [...totals.buckets()].flatMap(({ index, count }) => Array(count).fill(index)).join()
}

function expected(micros: readonly number[]): string {
  return micros
    .filter((value) => !Number.isNaN(value))
    .map(bucketIndexOf)
    .sort((a, b) => a - b)
    .join()
}

test('the stated totals are the sum of the intervals handed out', (t) => {
  fc.assert(
    fc.property(fc.array(arbitrarySample(3, 5), { maxLength: 60 }), (samples) => {
      const recording = recorder(true)
      const intervals: Interval[] = []
      for (const sample of samples) {
        intervals.push(...recording.roll(sample.at))
        recording.request(sample)
        recording.sendLag(phase, sample.at, sample.responseMicros)
        recording.pacerLag(phase, sample.at, sample.bytesIn)
      }
      intervals.push(...recording.flush())
      const totals = recording.totals()
      t.is(totals.second, -1)
      for (const series of [0, 1, 2]) {
        t.deepEqual(summed([totals], series).toDelta(series), summed(intervals, series).toDelta(series))
      }
      const lags = (of: readonly Interval[]) => {
        const sum = new Totals()
        for (const interval of of) for (const lag of interval.lags) sum.addSparse(lag.pacerLag)
        return sum
      }
      t.true(lags([totals]).equals(lags(intervals)))
      t.is(lags(intervals).total, samples.length)
    }),
  )
})

test('a second is handed out once it lies behind, and once only', (t) => {
  const recording = recorder()
  recording.request(requestSample({ at: 999_999 }))
  t.deepEqual(recording.roll(999_999), [])
  recording.request(requestSample({ at: 1_000_000 }))
  t.deepEqual(
    recording.roll(1_000_000).map((interval) => interval.second),
    [0],
  )
  t.deepEqual(recording.roll(1_999_999), [])
  t.deepEqual(
    recording.flush().map((interval) => interval.second),
    [1],
  )
  t.deepEqual(recording.flush(), [])
})

test('a completion told late still counts in its second, as a further interval of it', (t) => {
  const recording = recorder()
  recording.request(requestSample({ at: 500_000 }))
  t.is(recording.roll(1_200_000).length, 1)
  recording.request(requestSample({ at: 999_000 }))
  t.deepEqual(
    recording.roll(1_300_000).map(({ second, series }) => [second, series[0]?.ok]),
    [[0, 1]],
  )
})

test('phases that are not recorded leave nothing', (t) => {
  const recording = recorder()
  t.is(table.stepSeries(0, 0, 'GET /'), -1)
  recording.request(requestSample({ series: -1 }))
  recording.iteration(-1, 0, 5, true, true)
  recording.sendLag(0, 0, 5)
  recording.pacerLag(0, 0, 5)
  t.deepEqual(recording.flush(), [])
})

test('connect, TLS and first byte are left out unless details are wanted', (t) => {
  const recording = recorder(false)
  recording.request(requestSample({ connectMicros: 10, tlsMicros: 20, ttfbMicros: 30 }))
  const delta = recording.flush()[0]?.series[0]
  t.deepEqual([delta?.connect.length, delta?.tls.length, delta?.ttfb.length], [0, 0, 0])
})

test('iterations are counted by outcome, with their durations', (t) => {
  const recording = recorder()
  const series = table.iterationSeries(phase, 0)
  recording.iteration(series, 100, 5_000, true, true)
  recording.iteration(series, 200, 9_000, false, true)
  recording.iteration(series, 300, 7_000, false, false)
  const sum = summed(recording.flush(), series)
  t.deepEqual([sum.ok, sum.failed, sum.inWindow, sum.okInWindow], [1, 2, 2, 1])
  t.deepEqual([sum.response.total, sum.responseOk.total, sum.service.total], [3, 1, 0])
})
