import test from 'ava'
import fc from 'fast-check'
import hdr from 'hdr-histogram-js'
import { BreakwaterError } from '../../../../core/error.ts'
import type { KeptMerge } from '../../../../core/measure/kept-merge.ts'
import { createMerge, type MergedMetrics } from '../../../../core/measure/merge.ts'
import type { RequestSample } from '../../../../core/measure/recorder.ts'
import { seriesTable } from '../../../../core/measure/series.ts'
import type { SeriesDelta, ShardState, Snapshot } from '../../../../core/measure/snapshot.ts'
import { decodeSnapshot, encodeSnapshot } from '../../../../proto/codec.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import {
  arbitrarySample,
  requestCounts,
  requestSample,
  snapshot,
  snapshotsOf,
} from '../../../kit/measured.ts'

const table = seriesTable(loadTest({ scenarios: [scenario({ steps: [httpGet('/'), httpGet('/item')] })] }))
const [iterations, first, second] = [0, 1, 2]
const all = [iterations, first, second]
const seconds = 6

const workload = fc.array(arbitrarySample(3, seconds), { maxLength: 120 })
const workloads = fc.array(workload, { minLength: 1, maxLength: 4 })

function merged(snapshots: readonly Snapshot[]): MergedMetrics {
  const merge = createMerge(table)
  for (const one of snapshots) merge.add(one)
  return merge.metrics
}

/** What the samples say, without how they came. */
function measured(metrics: MergedMetrics) {
  return {
    totals: all.map((series) => metrics.totals([series]).toDelta(series)),
    windows: [0, 1, 2, 3, 4, 5].map((from) => metrics.window([first, second], from, from + 2).toDelta(0)),
    lags: metrics.lags([0]).pacerLag.toSparse(),
    lagSeconds: [0, 1, 2, 3, 4, 5].map((at) => metrics.lagsOfSecond([0], at).sendLag.toSparse()),
    seconds: metrics.seconds,
  }
}

function everything(metrics: MergedMetrics) {
  return { ...measured(metrics), workers: metrics.workers, failures: metrics.failures }
}

/** Errors are a map: their order says nothing. */
function comparable(value: unknown): string {
  return JSON.stringify(value, (_, v) => {
    if (v instanceof Uint8Array) return [...v].join()
    if (v !== null && typeof v === 'object' && !Array.isArray(v))
      return Object.fromEntries(Object.entries(v).sort())
    return v
  })
}

test('order and repetition of snapshots change nothing but the count of duplicates', (t) => {
  fc.assert(
    fc.property(workloads, fc.array(fc.nat(), { maxLength: 100 }), (parts, choices) => {
      const sent = parts.flatMap((samples, at) => snapshotsOf(table, `i${at}`, samples))
      const repeated = choices.slice(0, 5).map((choice) => sent[choice % sent.length] as Snapshot)
      const shuffled = [...sent, ...repeated]
      choices.forEach((choice, at) => {
        const [a, b] = [at % shuffled.length, choice % shuffled.length]
        ;[shuffled[a], shuffled[b]] = [shuffled[b] as Snapshot, shuffled[a] as Snapshot]
      })
      const inOrder = everything(merged(sent))
      const otherwise = everything(merged(shuffled))
      t.is(
        otherwise.workers.reduce((sum, worker) => sum + worker.duplicates, 0),
        repeated.length,
      )
      const undoubled = otherwise.workers.map((worker) => ({ ...worker, duplicates: 0 }))
      t.is(comparable({ ...otherwise, workers: undoubled }), comparable(inOrder))
    }),
    { numRuns: 60 },
  )
})

test('how samples are spread over workers and snapshots changes nothing', (t) => {
  fc.assert(
    fc.property(
      workload,
      fc.array(fc.nat(3), { minLength: 120, maxLength: 120 }),
      fc.integer({ min: 200, max: 5_000 }),
      (samples, owners, maxBytes) => {
        const whole = measured(merged(snapshotsOf(table, 'one', samples)))
        const spread = [0, 1, 2, 3].flatMap((owner) =>
          snapshotsOf(
            table,
            `i${owner}`,
            samples.filter((_, at) => owners[at] === owner),
            { maxBytes },
          ),
        )
        t.is(comparable(measured(merged(spread))), comparable(whole))
      },
    ),
    { numRuns: 60 },
  )
})

test('percentiles of seven workers are those of one reference histogram of all recorded values', (t) => {
  fc.assert(
    fc.property(fc.array(arbitrarySample(3, seconds), { minLength: 1, maxLength: 300 }), (samples) => {
      const metrics = merged(
        [0, 1, 2, 3, 4, 5, 6].flatMap((worker) =>
          snapshotsOf(
            table,
            `i${worker}`,
            samples.filter((_, at) => at % 7 === worker),
          ),
        ),
      )
      const reference = new hdr.Float64Histogram(1, 3_600_000_000, 3)
      for (const sample of samples) reference.recordValue(sample.responseMicros)
      const { response } = metrics.totals(all)
      t.is(response.total, reference.totalCount)
      for (const p of [1, 25, 50, 75, 90, 95, 99, 99.9, 99.99, 100]) {
        t.is(response.percentile(p), reference.getValueAtPercentile(p))
      }
      t.true(Math.abs((response.mean as number) - reference.mean) <= 1e-9 * reference.mean)
    }),
    { numRuns: 60 },
  )
})

test('stated totals stand in for missing intervals, and say how much was missing', (t) => {
  fc.assert(
    fc.property(workload, fc.array(fc.boolean(), { minLength: 30, maxLength: 30 }), (samples, drops) => {
      const sent = snapshotsOf(table, 'i', samples)
      // The snapshot before the last may carry totals for all the merge knows, so it stays.
      const came = sent.filter((_, at) => at >= sent.length - 2 || drops[at] !== true)
      const metrics = merged(came)
      const whole = merged(sent)
      t.is(comparable(measured(metrics).totals), comparable(measured(whole).totals))
      t.true(metrics.lags([0]).sendLag.equals(whole.lags([0]).sendLag))
      const lost =
        whole.window([first, second], 0, seconds).count - metrics.window([first, second], 0, seconds).count
      const [worker] = metrics.workers
      const nothingLost = came.length === sent.length
      t.deepEqual(
        worker?.proof,
        nothingLost ? { state: 'proven' } : { state: 'repaired', missingSamples: lost },
      )
      t.is(metrics.snapshots.missing, sent.length - came.length)
      const late = createMerge(table)
      for (const one of came) late.add(one)
      late.metrics.totals(all)
      for (const one of sent) late.add(one)
      t.is(comparable(measured(late.metrics)), comparable(measured(whole)))
      t.deepEqual(late.metrics.workers[0]?.proof, { state: 'proven' })
    }),
    { numRuns: 60 },
  )
})

test('a merge that was kept at any moments and made again is the one that never was', (t) => {
  fc.assert(
    fc.property(
      workloads,
      fc.array(fc.tuple(fc.nat(), fc.boolean()), { maxLength: 60 }),
      fc.integer({ min: 300, max: 5_000 }),
      (parts, choices, maxBytes) => {
        const sent = parts.flatMap((samples, at) => snapshotsOf(table, `i${at}`, samples, { maxBytes }))
        let merge = createMerge(table)
        const kept = emptyKept()
        const order = [...sent, ...choices.map(([choice]) => sent[choice % sent.length] as Snapshot)]
        for (const [at, one] of order.entries()) {
          merge.add(one)
          if (choices[at]?.[1] !== true) continue
          putOver(kept, merge.keep())
          merge = createMerge(table, keptMerge(kept))
        }
        const whole = merged(order)
        t.is(comparable(everything(merge.metrics)), comparable(everything(whole)))
        t.deepEqual(merge.metrics.snapshots, whole.snapshots)
      },
    ),
    { numRuns: 60 },
  )
})

interface KeptByName {
  readonly seconds: Map<number, KeptMerge['seconds'][number]>
  readonly incarnations: Map<string, KeptMerge['incarnations'][number]>
  failures: KeptMerge['failures']
}

function emptyKept(): KeptByName {
  return { seconds: new Map(), incarnations: new Map(), failures: [] }
}

/** As a store does it. */
function putOver(kept: KeptByName, { seconds, incarnations, failures }: KeptMerge): void {
  for (const second of seconds) kept.seconds.set(second.second, second)
  for (const one of incarnations) {
    const health = [...(kept.incarnations.get(one.incarnation)?.health ?? []), ...one.health]
    kept.incarnations.set(one.incarnation, { ...one, health })
  }
  kept.failures = failures
}

function keptMerge({ seconds, incarnations, failures }: KeptByName): KeptMerge {
  return { seconds: [...seconds.values()], incarnations: [...incarnations.values()], failures }
}

const threeSeconds = [0, 1, 2].map((at) => requestSample({ at: at * 1_000_000 }))

test('a worker that ends without its last snapshot proves nothing', (t) => {
  const sent = snapshotsOf(table, 'i', threeSeconds)
  t.deepEqual(merged(sent.slice(0, -1)).workers[0]?.proof, { state: 'open' })
  t.deepEqual(merged([sent[1] as Snapshot]).workers[0]?.proof, { state: 'incomplete' })
})

test('totals that may have come in part are not relied on', (t) => {
  const sent = snapshotsOf(table, 'i', threeSeconds)
  const withoutLastButOne = sent.filter((_, at) => at !== sent.length - 2)
  t.deepEqual(merged(withoutLastButOne).workers[0]?.proof, { state: 'incomplete' })
})

test('intervals that hold more than the totals are a contradiction, and count', (t) => {
  const sent = snapshotsOf(table, 'i', threeSeconds)
  const doubled = sent.map((one, at) =>
    at === 0 ? { ...one, intervals: [...one.intervals, ...one.intervals] } : one,
  )
  const metrics = merged(doubled)
  t.deepEqual(metrics.workers[0]?.proof, { state: 'contradicted' })
  t.is(metrics.totals([first]).count, 4)
})

test('a sliding window is the window at each of its ends', (t) => {
  fc.assert(
    fc.property(workload, fc.integer({ min: 1, max: 4 }), (samples, length) => {
      const metrics = merged(snapshotsOf(table, 'i', samples))
      let ends = 0
      for (const { fromS, toS, sum } of metrics.sliding(all, length, 0, seconds)) {
        const window = metrics.window(all, fromS, toS)
        t.is(toS - fromS, length)
        t.true(sum.response.equals(window.response))
        t.deepEqual([sum.ok, sum.failed, sum.bytesIn], [window.ok, window.failed, window.bytesIn])
        ends++
      }
      t.is(ends, seconds - length + 1)
    }),
    { numRuns: 40 },
  )
})

test('every second is told of, those in which nothing completed too', (t) => {
  const metrics = merged(
    snapshotsOf(table, 'i', [requestSample({ at: 0 }), requestSample({ at: 2_000_000 })]),
  )
  t.deepEqual(
    [...metrics.perSecond([first], 0, 4)].map(({ sum }) => sum.count),
    [1, 0, 1, 0],
  )
  t.deepEqual(metrics.seconds, { first: 0, last: 2 })
  t.is(metrics.counters([first], 0, 3).ok, 2)
  t.is(metrics.counters([first], 0, 3).responseOk.total, 0)
})

function shard(through: number): ShardState {
  return {
    thread: 0,
    phase: 0,
    epoch: 1,
    through,
    started: through,
    skippedInFlight: 0,
    skippedLate: 0,
    completed: 0,
    failed: 0,
    interrupted: 0,
    inFlight: 0,
    inFlightByScenario: [0],
    users: 0,
    moved: 0,
    done: false,
  }
}

test('the newest state of a shard wins, in whatever order it comes', (t) => {
  const states = [1, 2, 3].map((sequence) =>
    snapshot({
      sequence,
      at: sequence * 1e6,
      shards: [shard(sequence * 10)],
      requests: [requestCounts({ sent: sequence })],
    }),
  ) as [Snapshot, Snapshot, Snapshot]
  for (const order of [states, [states[2], states[0], states[1]], [states[1], states[2], states[0]]]) {
    const [worker] = merged(order).workers
    t.is(worker?.shards[0]?.through, 30)
    t.is(worker?.requests[0]?.sent, 3)
    t.is(worker?.newestAt, 3e6)
  }
})

test('a second is through when every worker has told of it without a gap', (t) => {
  const merge = createMerge(table)
  const told = (incarnation: string, sequence: number, at: number, final = false) =>
    merge.add(
      snapshot({
        incarnation,
        sequence,
        at: at * 1e6,
        final,
        requests: [requestCounts()],
        intervals: [{ second: at - 1, thread: 0, series: [], lags: [] }],
        totals: final ? [] : null,
      }),
    )
  t.is(merge.metrics.throughSecond(['a', 'b']), 0)
  told('a', 1, 1)
  t.is(merge.metrics.throughSecond(['a', 'b']), 0)
  told('b', 1, 1)
  t.is(merge.metrics.throughSecond(['a', 'b']), 1)
  told('a', 3, 3)
  told('b', 2, 2)
  t.is(merge.metrics.throughSecond(['a', 'b']), 1)
  told('a', 2, 2)
  t.is(merge.metrics.throughSecond(['a', 'b']), 2)
  told('b', 3, 3, true)
  t.is(merge.metrics.throughSecond(['a', 'b']), 3)
})

test('an incarnation is whole when its last snapshot and all before it are there, in whatever order they came', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }).chain((count) =>
        fc.shuffledSubarray(
          Array.from({ length: count }, (_, index) => index + 1),
          { minLength: count },
        ),
      ),
      (order) => {
        const merge = createMerge(table)
        t.deepEqual(merge.metrics.progress('i1'), { newest: 0, isWhole: false })
        for (const [index, sequence] of order.entries()) {
          const final = sequence === order.length
          merge.add(snapshot({ sequence, final, totals: final ? [] : null }))
          t.deepEqual(merge.metrics.progress('i1'), {
            newest: Math.max(...order.slice(0, index + 1)),
            isWhole: index === order.length - 1,
          })
        }
      },
    ),
  )
})

test('a snapshot of several threads is through with its slowest thread', (t) => {
  const merge = createMerge(table)
  const told = (sequence: number, at: number, threads: readonly number[]) =>
    merge.add(
      snapshot({
        sequence,
        at: at * 1e6,
        requests: threads.map((thread) => requestCounts({ thread })),
        intervals: [{ second: at - 1, thread: 0, series: [], lags: [] }],
      }),
    )
  told(1, 1, [0, 1])
  told(2, 2, [0])
  t.is(merge.metrics.throughSecond(['i1']), 1)
  told(3, 3, [0, 1])
  t.is(merge.metrics.throughSecond(['i1']), 3)
})

test('the first five failures of each step and error are kept, by cluster time', (t) => {
  const failure = (at: number, worker: string, error: 'timeout' | 'reset') => ({
    worker,
    phase: 'steady',
    scenario: 'browse',
    step: 'GET /',
    error,
    at,
    detail: 'no answer within 10 s',
    request: { method: 'GET', url: 'http://shop.test/', headers: [], body: null },
    response: null,
  })
  const late = snapshot({ sequence: 2, failures: [9, 8, 7, 6].map((at) => failure(at, 'w1', 'timeout')) })
  const early = snapshot({
    failures: [failure(5, 'w2', 'timeout'), failure(1, 'w1', 'reset'), failure(5, 'w1', 'timeout')],
  })
  for (const order of [
    [late, early],
    [early, late],
  ]) {
    t.deepEqual(
      merged(order).failures.map(({ at, worker, error }) => `${at} ${worker} ${error}`),
      ['1 w1 reset', '5 w1 timeout', '5 w2 timeout', '6 w1 timeout', '7 w1 timeout', '8 w1 timeout'],
    )
  }
})

const [good] = snapshotsOf(table, 'i', [requestSample()])
const delta = good?.intervals[0]?.series[0] as SeriesDelta
const withDelta = (overrides: Partial<SeriesDelta>): Partial<Snapshot> => ({
  intervals: [{ second: 0, thread: 0, series: [delta, { ...delta, ...overrides }], lags: [] }],
})

for (const [fault, overrides] of [
  ['a series that the LoadTest does not have', withDelta({ series: 99 })],
  ['a series that is no whole number', withDelta({ series: 0.5 })],
  ['a negative count', withDelta({ failed: -1 })],
  ['a count that is not a number', withDelta({ bytesIn: Number.NaN })],
  ['an error counted by a fraction', withDelta({ errors: { timeout: 0.5 } })],
  ['a histogram that ends too early', withDelta({ service: Uint8Array.of(3) })],
  ['a second before the start', { intervals: [{ second: -1, thread: 0, series: [], lags: [] }] }],
  [
    'lags of a phase that is not recorded',
    {
      intervals: [
        {
          second: 0,
          thread: 0,
          series: [],
          lags: [{ phase: 5, sendLag: Uint8Array.of(), pacerLag: Uint8Array.of() }],
        },
      ],
    },
  ],
  [
    'malformed totals',
    {
      totals: [{ second: -1, thread: 0, series: [{ ...delta, responseOk: Uint8Array.of(0x80) }], lags: [] }],
    },
  ],
  ['the number 0', { sequence: 0 }],
] as const satisfies readonly (readonly [string, Partial<Snapshot>])[]) {
  test(`a snapshot with ${fault} is refused as a whole`, (t) => {
    const merge = createMerge(table)
    const error = t.throws(() => merge.add(snapshot(overrides)), { instanceOf: BreakwaterError })
    t.is(error?.code, 'bad-message')
    t.is(merge.metrics.totals(all).count, 0)
    t.deepEqual(merge.metrics.workers, [])
    t.is(merge.metrics.seconds, null)
  })
}

test('of a snapshot that is overrun nothing counts but how much was sent, in whatever order it comes', (t) => {
  const counts = (sent: number, ok: number) => [requestCounts({ sent, ok, attempted: ok })]
  const own = snapshotsOf(table, 'i1', [requestSample({ series: first, at: 500_000 })]).slice(0, 1)
  const counted = [{ ...(own[0] as Snapshot), final: false, totals: null, requests: counts(10, 9) }]
  const overrun = [
    snapshot({ sequence: 2, requests: counts(14, 13), shards: [shard(99)] }),
    ...snapshotsOf(table, 'i1', [requestSample({ series: first, at: 2_500_000 })])
      .slice(0, 1)
      .map((one): Snapshot => ({ ...one, sequence: 3, final: true, requests: counts(17, 16) })),
  ]
  const all = [...counted.map((one) => [one, false] as const), ...overrun.map((one) => [one, true] as const)]
  for (const order of [all, all.toReversed()]) {
    const merge = createMerge(table)
    for (const [one, isOverrun] of order) t.true(merge.add(one, isOverrun))
    t.false(merge.add(overrun[0] as Snapshot, true), 'it has come before')
    const [worker] = merge.metrics.workers
    t.like(worker, { final: false, isTold: true, snapshots: 3, missing: 0, duplicates: 1 })
    t.like(worker?.requests[0], { sent: 17, overrun: 7, ok: 9, attempted: 9 })
    t.is(worker?.shards.length, 0)
    t.is(merge.metrics.totals([first]).count, 1)
    t.like(merge.metrics.snapshots, { expected: 3, received: 3, missing: 0 })
    const again = createMerge(table, merge.keep())
    t.is(comparable(everything(again.metrics)), comparable(everything(merge.metrics)))
  }
})

test('what was merged does not change when the message is overwritten afterwards', (t) => {
  const [sent] = snapshotsOf(table, 'i', [
    requestSample({ responseMicros: 500 } satisfies Partial<RequestSample>),
  ])
  const message = encodeSnapshot(sent as Snapshot)
  const metrics = merged([decodeSnapshot(message)])
  message.fill(0x7f)
  t.is(metrics.window([first], 0, 1).responseOk.max, 500)
})
