import test from 'ava'
import fc from 'fast-check'
import { createMerge } from '../../../../core/measure/merge.ts'
import { createRecorder, type RequestSample } from '../../../../core/measure/recorder.ts'
import { seriesTable } from '../../../../core/measure/series.ts'
import type { Interval, ShardState, Snapshot } from '../../../../core/measure/snapshot.ts'
import {
  assembleSnapshots,
  coalesceIntervals,
  type MeasuredPart,
} from '../../../../core/measure/snapshot-assembly.ts'
import { encodeSnapshot } from '../../../../proto/codec.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { arbitrarySample, requestCounts, requestSample } from '../../../kit/measured.ts'

const steps = 40
const table = seriesTable(
  loadTest({ scenarios: [scenario({ steps: Array.from({ length: steps }, (_, n) => httpGet(`/${n}`)) })] }),
)
const all = table.keys.map((key) => key.id)

const assembly = {
  run: 'run1',
  worker: 'w1',
  incarnation: 'i1',
  epoch: 3,
  firstSequence: 7,
  endedBy: null,
  health: null,
  final: false,
  totals: null,
}

function part(overrides: Partial<MeasuredPart> = {}): MeasuredPart {
  return {
    thread: 0,
    at: 1_000_000,
    intervals: [],
    shards: [],
    requests: requestCounts(),
    failures: [],
    startSkew: null,
    ...overrides,
  }
}

function shard(overrides: Partial<ShardState> = {}): ShardState {
  return {
    thread: 0,
    phase: 0,
    epoch: 1,
    through: 0,
    started: 0,
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
    ...overrides,
  }
}

function recorded(samples: readonly RequestSample[]): { intervals: readonly Interval[]; totals: Interval } {
  const recorder = createRecorder({ table, thread: 0, detail: true })
  for (const sample of samples) {
    recorder.request(sample)
    recorder.sendLag(0, sample.at, sample.responseMicros)
  }
  return { intervals: recorder.flush(), totals: recorder.totals() }
}

function response(snapshots: readonly Snapshot[]) {
  const merge = createMerge(table)
  snapshots.forEach((snapshot, at) => {
    merge.add({ ...snapshot, sequence: at + 1 })
  })
  const sum = merge.metrics.totals(all)
  return { counts: sum.toDelta(0), proof: merge.metrics.workers[0]?.proof }
}

test('what the threads report goes into one snapshot', (t) => {
  const [snapshot, ...more] = assembleSnapshots(
    [
      part({ thread: 1, at: 2_000_100, startSkew: 3, shards: [shard({ thread: 1 })] }),
      part({ thread: 0, at: 2_000_000, startSkew: 8, shards: [shard({ thread: 0 })] }),
    ],
    assembly,
  )
  t.is(more.length, 0)
  t.deepEqual(
    [snapshot?.sequence, snapshot?.at, snapshot?.startSkew, snapshot?.final],
    [7, 2_000_100, 8, false],
  )
  t.deepEqual(
    snapshot?.shards.map(({ thread }) => thread),
    [0, 1],
  )
  t.is(snapshot?.totals, null)
})

test('of parts that waited, the newest state counts and every interval', (t) => {
  const older = part({
    at: 1_000_000,
    shards: [shard({ through: 5 })],
    requests: requestCounts({ sent: 5 }),
    intervals: recorded([requestSample({ at: 500_000 }), requestSample({ at: 1_500_000 })]).intervals,
  })
  const newer = part({
    at: 2_000_000,
    shards: [shard({ through: 9 })],
    requests: requestCounts({ sent: 9 }),
    intervals: recorded([requestSample({ at: 1_600_000 })]).intervals,
  })
  const [snapshot] = assembleSnapshots([older, newer], assembly)
  t.deepEqual([snapshot?.shards[0]?.through, snapshot?.requests[0]?.sent], [9, 9])
  t.deepEqual(
    snapshot?.intervals.map(({ second, series }) => [second, series[0]?.ok]),
    [
      [0, 1],
      [1, 2],
    ],
  )
})

test('a worker that has nothing to say sends nothing, save that it is through', (t) => {
  t.deepEqual(assembleSnapshots([], assembly), [])
  const [last] = assembleSnapshots([], { ...assembly, final: true, totals: [] })
  t.deepEqual([last?.final, last?.totals, last?.sequence], [true, [], 7])
})

const samples = fc.array(arbitrarySample(steps + 1, 5), { minLength: 60, maxLength: 150 })

test('snapshots that are split hold together what the whole held, in successive numbers, with one state', (t) => {
  fc.assert(
    fc.property(samples, fc.integer({ min: 1, max: 6_000 }), (recordedSamples, maxBytes) => {
      const { intervals, totals } = recorded(recordedSamples)
      const parts = [part({ intervals, shards: [shard()], at: 5_000_000 })]
      const last = { ...assembly, final: true, totals: [totals] }
      const [whole] = assembleSnapshots(parts, last)
      const pieces = assembleSnapshots(parts, { ...last, maxBytes })
      t.true(pieces.length > 1)
      t.deepEqual(
        pieces.map(({ sequence }) => sequence),
        pieces.map((_, at) => 7 + at),
      )
      t.deepEqual(
        pieces.filter(({ final }) => final),
        pieces.slice(-1),
      )
      t.is(pieces.filter(({ shards }) => shards.length > 0).length, 1)
      const stateAt = pieces.findIndex(({ shards }) => shards.length > 0)
      t.true(pieces.slice(stateAt + 1).every((piece) => piece.intervals.length === 0))
      const { counts, proof } = response(pieces)
      t.deepEqual(counts, response([whole as Snapshot]).counts)
      t.deepEqual(proof, { state: 'proven' })
    }),
    { numRuns: 60 },
  )
})

test('no snapshot is larger on the wire than the bound it was split by', (t) => {
  fc.assert(
    fc.property(samples, (recordedSamples) => {
      const { intervals, totals } = recorded(recordedSamples)
      const parts = [part({ intervals, shards: [shard()] })]
      const maxBytes = 20_000
      for (const piece of assembleSnapshots(parts, {
        ...assembly,
        final: true,
        totals: [totals],
        maxBytes,
      })) {
        t.true(encodeSnapshot(piece).length <= maxBytes)
      }
    }),
    { numRuns: 30 },
  )
})

test('intervals of one second and thread are added up, others kept apart', (t) => {
  const at = (second: number, thread: number): Interval => {
    const [interval] = recorded([requestSample({ at: second * 1_000_000 })]).intervals
    return { ...(interval as Interval), thread }
  }
  t.deepEqual(
    coalesceIntervals([at(1, 0), at(0, 1), at(0, 0), at(1, 0)]).map((interval) => [
      interval.second,
      interval.thread,
      interval.series[0]?.ok,
      interval.lags.length,
    ]),
    [
      [0, 0, 1, 1],
      [0, 1, 1, 1],
      [1, 0, 2, 1],
    ],
  )
})
