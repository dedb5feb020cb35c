import fc from 'fast-check'
import { createRecorder, type RequestSample } from '../../core/measure/recorder.ts'
import type { SeriesTable } from '../../core/measure/series.ts'
import type { Interval, RequestCounts, Snapshot } from '../../core/measure/snapshot.ts'
import { assembleSnapshots } from '../../core/measure/snapshot-assembly.ts'

/** A sample as it can come from an engine, for series 0 … series − 1 and the first seconds of a run. */
export function arbitrarySample(series: number, seconds: number): fc.Arbitrary<RequestSample> {
  const micros = fc.oneof(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 1, max: 3_600_000_000 }))
  return fc.record({
    series: fc.integer({ min: 0, max: series - 1 }),
    at: fc.integer({ min: 0, max: seconds * 1_000_000 - 1 }),
    responseMicros: micros,
    serviceMicros: fc.oneof(micros, fc.constant(Number.NaN)),
    error: fc.constantFrom(null, null, null, 'timeout', 'status_5xx', 'grpc_UNAVAILABLE'),
    bytesIn: fc.nat(10_000),
    bytesOut: fc.nat(1_000),
    checksPassed: fc.nat(3),
    checksFailed: fc.nat(1),
    inWindow: fc.boolean(),
    connectMicros: fc.oneof(micros, fc.constant(Number.NaN)),
    tlsMicros: fc.constant(Number.NaN),
    ttfbMicros: micros,
  })
}

export function requestSample(overrides: Partial<RequestSample> = {}): RequestSample {
  return {
    series: 1,
    at: 0,
    responseMicros: 2_000,
    serviceMicros: 1_000,
    error: null,
    bytesIn: 100,
    bytesOut: 50,
    checksPassed: 1,
    checksFailed: 0,
    inWindow: true,
    connectMicros: Number.NaN,
    tlsMicros: Number.NaN,
    ttfbMicros: Number.NaN,
    ...overrides,
  }
}

export function requestCounts(overrides: Partial<RequestCounts> = {}): RequestCounts {
  return {
    thread: 0,
    attempted: 0,
    sent: 0,
    ok: 0,
    failed: 0,
    interrupted: 0,
    redirected: 0,
    overrun: 0,
    setup: 0,
    teardown: 0,
    auth: 0,
    errors: {},
    passes: {},
    ...overrides,
  }
}

export function snapshot(overrides: Partial<Snapshot> = {}): Snapshot {
  return {
    run: 'run1',
    worker: 'w1',
    incarnation: 'i1',
    sequence: 1,
    epoch: 1,
    at: 1_000_000,
    decidedAt: 0,
    intervals: [],
    shards: [],
    requests: [],
    warnings: [],
    health: null,
    failures: [],
    startSkew: null,
    endedBy: null,
    final: false,
    totals: null,
    ...overrides,
  }
}

/** What a worker of one thread sends that recorded these samples: one snapshot for every second, the last with its totals. */
export function snapshotsOf(
  table: SeriesTable,
  incarnation: string,
  samples: readonly RequestSample[],
  { detail = true, maxBytes = 512 * 1024 }: { detail?: boolean; maxBytes?: number } = {},
): readonly Snapshot[] {
  const recorder = createRecorder({ table, thread: 0, detail })
  const snapshots: Snapshot[] = []
  const ship = (at: number, intervals: readonly Interval[], totals: readonly Interval[] | null): void => {
    const part = {
      thread: 0,
      at,
      intervals,
      shards: [],
      requests: requestCounts(),
      failures: [],
      startSkew: 5,
    }
    snapshots.push(
      ...assembleSnapshots([part], {
        run: 'run1',
        worker: `worker-${incarnation}`,
        incarnation,
        epoch: 1,
        firstSequence: snapshots.length + 1,
        health: null,
        endedBy: null,
        final: totals !== null,
        totals,
        maxBytes,
      }),
    )
  }
  let end = 0
  for (const sample of [...samples].sort((a, b) => a.at - b.at)) {
    const due = recorder.roll(sample.at)
    if (due.length > 0) ship(sample.at, due, null)
    recorder.request(sample)
    recorder.sendLag(0, sample.at, sample.responseMicros)
    recorder.pacerLag(0, sample.at, 1 + (sample.bytesIn % 50))
    end = sample.at
  }
  const rest = recorder.flush()
  ship(end + 1, rest, [recorder.totals()])
  return snapshots
}
