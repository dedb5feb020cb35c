import type { Micros } from '../plan/plan.ts'
import type { FailureSample } from './request-error.ts'
import { SeriesSum } from './series-sum.ts'
import type {
  EndedBy,
  Health,
  Interval,
  LagDelta,
  RequestCounts,
  SeriesDelta,
  ShardState,
  Snapshot,
} from './snapshot.ts'
import { Totals } from './totals.ts'

/** What one thread hands over at each whole second. */
export interface MeasuredPart {
  readonly thread: number
  /** Cluster time. */
  readonly at: Micros
  readonly intervals: readonly Interval[]
  readonly shards: readonly ShardState[]
  readonly requests: RequestCounts
  readonly failures: readonly FailureSample[]
  readonly startSkew: Micros | null
}

export interface Assembly {
  readonly run: string
  readonly worker: string
  readonly incarnation: string
  readonly epoch: number
  /** The number of the first snapshot; those it is split into follow on. */
  readonly firstSequence: number
  readonly health: Health | null
  readonly endedBy: EndedBy | null
  /** Intended instant of the last iteration that any thread has started or skipped so far; 0: none. */
  readonly decidedAt?: Micros
  /** What its operator should know, a sentence each; new ones alone. */
  readonly warnings?: readonly string[]
  /** Of the worker itself, under a number that no thread has; null: none. */
  readonly ownRequests?: RequestCounts | null
  /** Nothing follows. */
  readonly final: boolean
  /** With `final`: the sum of every interval, per thread. */
  readonly totals: readonly Interval[] | null
  /** Estimated bytes at which a snapshot is split. */
  readonly maxBytes?: number
}

/** 512 KiB (semantics.md). */
const defaultMaxBytes = 512 * 1024

/**
 * The parts of a worker's threads as snapshots: usually one, several with successive numbers where one were too large. Parts that waited are
 * joined here, before they get a number: their intervals are added up per second and thread.
 * Shards and request counts come with the last piece of the data they account for. Totals that
 * need several snapshots are spread over the last ones; `final` is set on the very last.
 */
export function assembleSnapshots(parts: readonly MeasuredPart[], assembly: Assembly): readonly Snapshot[] {
  const { run, worker, incarnation, epoch, firstSequence, health, final, endedBy } = assembly
  if (parts.length === 0 && !final) return []
  const maxBytes = assembly.maxBytes ?? defaultMaxBytes
  const decidedAt = assembly.decidedAt ?? 0
  const at = parts.reduce((latest, part) => Math.max(latest, part.at), 0)
  const state: State = {
    shards: newest(parts, (part) => part.shards),
    requests: [
      ...newest(parts, (part) => [part.requests]),
      ...(assembly.ownRequests ? [assembly.ownRequests] : []),
    ],
    health,
    startSkew: largest(parts.map((part) => part.startSkew)),
    warnings: assembly.warnings ?? [],
  }
  const stateBytes = jsonBytes(state)
  const room = Math.max(minimumRoom, maxBytes - stateBytes)
  const pieces = pack(
    [
      ...coalesceIntervals(parts.flatMap((part) => part.intervals)).flatMap((whole) =>
        cut(whole, room).map((interval): Load => ({ kind: 'interval', interval })),
      ),
      ...parts.flatMap((part) => part.failures).map((failure): Load => ({ kind: 'failure', failure })),
      ...(assembly.totals ?? []).flatMap((whole) =>
        cut(whole, room).map((interval): Load => ({ kind: 'totals', interval })),
      ),
    ],
    room,
  )
  const lastOfData = pieces.findLastIndex((piece) => piece.some((load) => load.kind === 'interval'))
  return pieces.map((piece, index): Snapshot => {
    const totals = piece.flatMap((load) => (load.kind === 'totals' ? [load.interval] : []))
    const last = index === pieces.length - 1
    return {
      run,
      worker,
      incarnation,
      sequence: firstSequence + index,
      epoch,
      at,
      decidedAt,
      intervals: piece.flatMap((load) => (load.kind === 'interval' ? [load.interval] : [])),
      ...(index === Math.max(0, lastOfData) ? state : stateless),
      failures: piece.flatMap((load) => (load.kind === 'failure' ? [load.failure] : [])),
      endedBy,
      final: final && last,
      totals: totals.length > 0 || (final && last) ? totals : null,
    }
  })
}

type State = Pick<Snapshot, 'shards' | 'requests' | 'health' | 'startSkew' | 'warnings'>

const utf8 = new TextEncoder()

const stateless: State = { shards: [], requests: [], health: null, startSkew: null, warnings: [] }

type Load =
  | { readonly kind: 'interval' | 'totals'; readonly interval: Interval }
  | { readonly kind: 'failure'; readonly failure: FailureSample }

/** Kept for data however large the state is. */
const minimumRoom = 4 * 1024

/** Adds up what belongs to the same second and thread; ascending by both. */
export function coalesceIntervals(intervals: readonly Interval[]): readonly Interval[] {
  const groups = new Map<string, Interval[]>()
  for (const interval of intervals) {
    const key = `${interval.second} ${interval.thread}`
    const group = groups.get(key)
    if (group === undefined) groups.set(key, [interval])
    else group.push(interval)
  }
  return [...groups.values()].map(addIntervals).sort((a, b) => a.second - b.second || a.thread - b.thread)
}

/** Of one second and thread. */
function addIntervals(group: readonly Interval[]): Interval {
  const [only] = group as readonly [Interval, ...Interval[]]
  if (group.length === 1) return only
  const series = new Map<number, SeriesSum>()
  const lags = new Map<number, { sendLag: Totals; pacerLag: Totals }>()
  for (const interval of group) {
    for (const delta of interval.series) {
      const sum = series.get(delta.series) ?? new SeriesSum()
      sum.addDelta(delta)
      series.set(delta.series, sum)
    }
    for (const delta of interval.lags) {
      const sum = lags.get(delta.phase) ?? { sendLag: new Totals(), pacerLag: new Totals() }
      sum.sendLag.addSparse(delta.sendLag)
      sum.pacerLag.addSparse(delta.pacerLag)
      lags.set(delta.phase, sum)
    }
  }
  return {
    second: only.second,
    thread: only.thread,
    series: [...series].sort(byKey).map(([id, sum]) => sum.toDelta(id)),
    lags: [...lags].sort(byKey).map(([phase, sum]) => ({
      phase,
      sendLag: sum.sendLag.toSparse(),
      pacerLag: sum.pacerLag.toSparse(),
    })),
  }
}

function byKey(a: readonly [number, unknown], b: readonly [number, unknown]): number {
  return a[0] - b[0]
}

/** Fills pieces in order up to the bound; at least one piece, and one load to each. */
function pack(loads: readonly Load[], maxBytes: number): readonly (readonly Load[])[] {
  let piece: Load[] = []
  const pieces = [piece]
  let used = 0
  for (const load of loads) {
    const size = load.kind === 'failure' ? jsonBytes(load.failure) : sizeOfInterval(load.interval)
    if (piece.length > 0 && used + size > maxBytes) {
      piece = []
      pieces.push(piece)
      used = 0
    }
    piece.push(load)
    used += size
  }
  return pieces
}

/** An interval that is too large, cut between its series. */
function cut(interval: Interval, maxBytes: number): readonly Interval[] {
  if (sizeOfInterval(interval) <= maxBytes) return [interval]
  const pieces: Interval[] = []
  let lags: readonly LagDelta[] = interval.lags
  let series: SeriesDelta[] = []
  let size = intervalBytes + lags.reduce((sum, lag) => sum + sizeOfLag(lag), 0)
  for (const delta of interval.series) {
    const more = sizeOfSeries(delta)
    if (series.length > 0 && size + more > maxBytes) {
      pieces.push({ ...interval, series, lags })
      series = []
      lags = []
      size = intervalBytes
    }
    series.push(delta)
    size += more
  }
  pieces.push({ ...interval, series, lags })
  return pieces
}

/** Generous, so that the estimate is above what the codec makes of it. */
const intervalBytes = 32
const seriesBytes = 112
const errorBytes = 32

function sizeOfInterval(interval: Interval): number {
  return (
    intervalBytes +
    interval.series.reduce((sum, delta) => sum + sizeOfSeries(delta), 0) +
    interval.lags.reduce((sum, lag) => sum + sizeOfLag(lag), 0)
  )
}

function sizeOfSeries(delta: SeriesDelta): number {
  return (
    seriesBytes +
    errorBytes * Object.keys(delta.errors).length +
    delta.responseOk.length +
    delta.responseFailed.length +
    delta.service.length +
    delta.connect.length +
    delta.tls.length +
    delta.ttfb.length
  )
}

function sizeOfLag(lag: LagDelta): number {
  return intervalBytes + lag.sendLag.length + lag.pacerLag.length
}

/** Longer than the codec's bytes. */
function jsonBytes(value: unknown): number {
  return utf8.encode(JSON.stringify(value)).length
}

/** Per thread, what its latest part says. */
function newest<T>(parts: readonly MeasuredPart[], of: (part: MeasuredPart) => readonly T[]): readonly T[] {
  const latest = new Map<number, MeasuredPart>()
  for (const part of parts) {
    const known = latest.get(part.thread)
    if (known === undefined || part.at >= known.at) latest.set(part.thread, part)
  }
  return [...latest.values()].sort((a, b) => a.thread - b.thread).flatMap(of)
}

function largest(values: readonly (number | null)[]): number | null {
  return values.reduce((most, value) => {
    if (value === null) return most
    return most === null ? value : Math.max(most, value)
  }, null)
}
