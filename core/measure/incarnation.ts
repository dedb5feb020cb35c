import type { Micros } from '../plan/plan.ts'
import type { KeptIncarnation, Numbered, Told } from './kept-merge.ts'
import type { HealthSample, Proof, WorkerMeasure } from './merged-metrics.ts'
import type { SeriesTable } from './series.ts'
import { histogramKinds, SeriesSum } from './series-sum.ts'
import type { Interval, RequestCounts, ShardState, Snapshot } from './snapshot.ts'
import { type LagSums, SparseLag, SparseSeries } from './sparse-series.ts'

const microsPerSecond = 1_000_000
/** More of them say nothing new, and a report has to be read. */
const mostWarnings = 10

/** What one process of a worker has told so far. Everything in it is the same in whatever order its snapshots come. */
export class Incarnation {
  readonly worker: string
  readonly incarnation: string
  readonly #sequences = new SequenceSet()
  #duplicates = 0
  /** Sums of its intervals, but for `#recent`; nothing where they are proven to be what it stated. */
  readonly #series = new Map<number, SparseSeries>()
  readonly #lags = new Map<number, SparseLag>()
  /** Intervals that are not added up yet: many at once cost less. */
  #recent: Interval[] = []
  #recentBytes = 0
  /** Of `#series`. */
  #foldedBytes = 0
  /** What it states at its end, and by which snapshots. */
  readonly #stated = new Map<number, SparseSeries>()
  readonly #statedLags = new Map<number, SparseLag>()
  #statedFrom = Number.POSITIVE_INFINITY
  #finalSequence: number | null = null
  readonly #shards = new Map<string, Numbered<ShardState>>()
  readonly #requests = new Map<number, Numbered<RequestCounts>>()
  /** Of snapshots of which nothing else counts. */
  readonly #overrun = new Map<number, Numbered<RequestCounts>>()
  #isOverrunFinal = false
  readonly #health: Numbered<HealthSample>[] = []
  /** How many of them have been kept. */
  #healthKept = 0
  #startSkew: Micros | null = null
  readonly #warnings = new Set<string>()
  #newestAt: Micros = 0
  #decidedAt: Micros = 0
  /** By sequence, of those that can't be counted on yet because one before them is missing. */
  readonly #ahead = new Map<number, Told>()
  readonly #throughByThread = new Map<number, number>()
  #throughDefault = 0
  #settled: Settled | null = null

  readonly #table: SeriesTable

  constructor(table: SeriesTable, worker: string, incarnation: string) {
    this.#table = table
    this.worker = worker
    this.incarnation = incarnation
  }

  static restore(table: SeriesTable, kept: KeptIncarnation): Incarnation {
    const made = new Incarnation(table, kept.worker, kept.incarnation)
    made.#sequences.restore(kept.contiguous, kept.beyond)
    made.#duplicates = kept.duplicates
    made.#addInterval(kept.sums)
    if (kept.stated !== null && kept.statedFrom !== null) made.#addTotals(kept.statedFrom, [kept.stated])
    made.#finalSequence = kept.finalSequence
    for (const shard of kept.shards) made.#shards.set(shardKey(shard.value), shard)
    for (const counts of kept.requests) made.#requests.set(counts.value.thread, counts)
    for (const counts of kept.overrun) made.#overrun.set(counts.value.thread, counts)
    made.#isOverrunFinal = kept.isOverrunFinal
    made.#health.push(...kept.health)
    made.#startSkew = kept.startSkew
    for (const warning of kept.warnings) made.#warnings.add(warning)
    made.#newestAt = kept.newestAt
    made.#decidedAt = kept.decidedAt
    for (const { sequence, value } of kept.ahead) made.#ahead.set(sequence, value)
    for (const [thread, second] of kept.throughByThread) made.#throughByThread.set(thread, second)
    made.#throughDefault = kept.throughDefault
    made.#healthKept = made.#health.length
    return made
  }

  /** `health`: those samples alone that came since this was asked before. */
  keep(): KeptIncarnation {
    this.#fold()
    const health = this.#health.slice(this.#healthKept)
    this.#healthKept = this.#health.length
    const { contiguous, beyond } = this.#sequences
    return {
      worker: this.worker,
      incarnation: this.incarnation,
      contiguous,
      beyond,
      duplicates: this.#duplicates,
      sums: {
        second: -1,
        thread: 0,
        series: [...this.#series].map(([series, sum]) => sum.toDelta(series)),
        lags: [...this.#lags].map(([phase, lag]) => lag.toDelta(phase)),
      },
      stated: Number.isFinite(this.#statedFrom) ? this.#statedInterval() : null,
      statedFrom: Number.isFinite(this.#statedFrom) ? this.#statedFrom : null,
      finalSequence: this.#finalSequence,
      shards: [...this.#shards.values()],
      requests: [...this.#requests.values()],
      overrun: [...this.#overrun.values()],
      isOverrunFinal: this.#isOverrunFinal,
      health,
      startSkew: this.#startSkew,
      warnings: [...this.#warnings],
      newestAt: this.#newestAt,
      decidedAt: this.#decidedAt,
      ahead: [...this.#ahead].map(([sequence, value]) => ({ sequence, value })),
      throughByThread: [...this.#throughByThread],
      throughDefault: this.#throughDefault,
    }
  }

  /** False: it has come before, and changes nothing but a count. The snapshot has been checked. */
  accept(snapshot: Snapshot): boolean {
    const { sequence } = snapshot
    if (!this.#sequences.add(sequence)) {
      this.#duplicates++
      return false
    }
    this.#settled = null
    for (const interval of snapshot.intervals) this.#addInterval(interval)
    if (snapshot.totals !== null) this.#addTotals(sequence, snapshot.totals)
    if (snapshot.final) this.#finalSequence = sequence
    for (const shard of snapshot.shards) {
      keepNewest(this.#shards, shardKey(shard), sequence, shard)
    }
    for (const counts of snapshot.requests) keepNewest(this.#requests, counts.thread, sequence, counts)
    for (const warning of snapshot.warnings) {
      if (this.#warnings.size < mostWarnings) this.#warnings.add(warning)
    }
    if (snapshot.health !== null) {
      this.#health.push({ sequence, value: { at: snapshot.at, health: snapshot.health } })
    }
    if (snapshot.startSkew !== null) {
      this.#startSkew = Math.max(this.#startSkew ?? Number.NEGATIVE_INFINITY, snapshot.startSkew)
    }
    this.#newestAt = Math.max(this.#newestAt, snapshot.at)
    this.#decidedAt = Math.max(this.#decidedAt, snapshot.decidedAt)
    this.#tell(sequence, toldBy(snapshot))
    return true
  }

  /** The same of a snapshot whose worker had gone on without a share: how much was sent is all that counts of it. */
  acceptOverrun({ sequence, requests, final }: Snapshot): boolean {
    if (!this.#sequences.add(sequence)) {
      this.#duplicates++
      return false
    }
    this.#settled = null
    for (const counts of requests) keepNewest(this.#overrun, counts.thread, sequence, counts)
    this.#isOverrunFinal ||= final
    return true
  }

  get final(): boolean {
    return this.#finalSequence !== null
  }

  /** Its last snapshot has come, and every one before it. */
  get isWhole(): boolean {
    return this.#finalSequence !== null && this.#sequences.contiguous >= this.#finalSequence
  }

  /** Of which snapshots must exist, by their numbers. */
  get expected(): number {
    return this.#sequences.highest
  }

  /** Seconds before it are complete in the snapshots up to the first gap. */
  get throughSecond(): number {
    if (this.#throughByThread.size === 0) return this.#throughDefault
    let through = Number.POSITIVE_INFINITY
    for (const second of this.#throughByThread.values()) if (second < through) through = second
    return through
  }

  measure(): WorkerMeasure {
    return {
      worker: this.worker,
      incarnation: this.incarnation,
      snapshots: this.#sequences.size,
      duplicates: this.#duplicates,
      missing: this.#sequences.missing,
      final: this.final,
      isTold: this.final || this.#isOverrunFinal,
      newestAt: this.#newestAt,
      decidedAt: this.#decidedAt,
      proof: this.#settle().proof,
      shards: [...this.#shards.values()]
        .map(({ value }) => value)
        .sort((a, b) => a.thread - b.thread || a.phase - b.phase),
      requests: this.#requestsWithOverrun().sort((a, b) => a.thread - b.thread),
      health: this.#health.toSorted((a, b) => a.sequence - b.sequence).map(({ value }) => value),
      startSkew: this.#startSkew,
      warnings: [...this.#warnings],
    }
  }

  get duplicates(): number {
    return this.#duplicates
  }

  get received(): number {
    return this.#sequences.size
  }

  /** What its totals hold of these beyond the intervals that came. */
  addRepair(series: readonly number[], sum: SeriesSum): void {
    const { repair } = this.#settle()
    if (repair.size === 0) return
    for (const id of series) {
      const rest = repair.get(id)
      if (rest !== undefined) sum.addAll(rest)
    }
  }

  addLags(phase: number, sums: LagSums): void {
    const stated = this.#statedLags.get(phase)
    if (this.#settle().proof.state === 'repaired' && stated !== undefined) {
      stated.addTo(sums)
    } else {
      this.#fold()
      this.#lags.get(phase)?.addTo(sums)
    }
  }

  #requestsWithOverrun(): RequestCounts[] {
    const threads = new Set([...this.#requests.keys(), ...this.#overrun.keys()])
    return [...threads].map((thread) => {
      const counted = this.#requests.get(thread)
      const later = this.#overrun.get(thread)
      if (later === undefined) return (counted as Numbered<RequestCounts>).value
      const value = counted?.value ?? noRequests(thread)
      if (counted !== undefined && counted.sequence > later.sequence) return value
      const { sent, setup, auth } = later.value
      const overrun = sent - value.sent - (setup - value.setup) - (auth - value.auth)
      return { ...value, sent, setup, auth, overrun }
    })
  }

  #addInterval(interval: Interval): void {
    this.#recent.push(interval)
    this.#recentBytes += bytesOf(interval)
    if (this.#recentBytes > Math.max(leastRecentBytes, this.#foldedBytes)) this.#fold()
  }

  /** Adds up what has come since this was done before: about as much as there is already, so that each byte is walked a few times at most. */
  #fold(): void {
    if (this.#recent.length === 0) return
    const series = groupBy(
      this.#recent.flatMap((interval) => interval.series),
      (delta) => delta.series,
    )
    for (const [id, deltas] of series) upsert(this.#series, id, () => new SparseSeries()).addAll(deltas)
    const lags = groupBy(
      this.#recent.flatMap((interval) => interval.lags),
      (lag) => lag.phase,
    )
    for (const [phase, deltas] of lags) upsert(this.#lags, phase, () => new SparseLag()).addAll(deltas)
    this.#recent = []
    this.#recentBytes = 0
    this.#foldedBytes = 0
    for (const sum of this.#series.values()) this.#foldedBytes += sum.bytes
  }

  #addTotals(sequence: number, totals: readonly Interval[]): void {
    this.#statedFrom = Math.min(this.#statedFrom, sequence)
    for (const interval of totals) {
      for (const delta of interval.series)
        upsert(this.#stated, delta.series, () => new SparseSeries()).add(delta)
      for (const lag of interval.lags) upsert(this.#statedLags, lag.phase, () => new SparseLag()).add(lag)
    }
  }

  #statedInterval(): Interval {
    return {
      second: -1,
      thread: 0,
      series: [...this.#stated].map(([series, sum]) => sum.toDelta(series)),
      lags: [...this.#statedLags].map(([phase, lag]) => lag.toDelta(phase)),
    }
  }

  #tell(sequence: number, told: Told): void {
    if (sequence === this.#sequences.contiguous && this.#ahead.size === 0) {
      this.#hear(told)
      return
    }
    this.#ahead.set(sequence, told)
    if (sequence > this.#sequences.contiguous) return
    for (const [number, known] of [...this.#ahead].sort((a, b) => a[0] - b[0])) {
      if (number > this.#sequences.contiguous) break
      this.#ahead.delete(number)
      this.#hear(known)
    }
  }

  #hear({ threads, through }: Told): void {
    for (const thread of threads) this.#throughByThread.set(thread, through)
    if (threads.length === 0) this.#throughDefault = Math.max(this.#throughDefault, through)
  }

  #settle(): Settled {
    this.#settled ??= this.#compare()
    return this.#settled
  }

  #isAsStated(): boolean {
    if (this.#series.size !== this.#stated.size) return false
    for (const [series, sum] of this.#series) {
      const stated = this.#stated.get(series)
      if (stated === undefined || !sum.equals(stated)) return false
    }
    return true
  }

  #compare(): Settled {
    // The snapshot before the first totals may have carried totals as well, were it missing.
    const complete =
      this.#finalSequence !== null &&
      this.#sequences.hasAll(Math.max(1, this.#statedFrom - 1), this.#finalSequence)
    if (!complete) {
      return { proof: { state: this.#sequences.missing > 0 ? 'incomplete' : 'open' }, repair: noRepair }
    }
    this.#fold()
    if (this.#isAsStated()) {
      // Nothing of it is asked for again.
      if (this.#sequences.missing === 0) for (const sums of [this.#series, this.#stated]) sums.clear()
      return { proof: { state: 'proven' }, repair: noRepair }
    }
    const repair = new Map<number, SeriesSum>()
    let missingSamples = 0
    for (const series of new Set([...this.#series.keys(), ...this.#stated.keys()])) {
      const rest = new SeriesSum()
      this.#stated.get(series)?.addTo(rest)
      const received = new SeriesSum()
      this.#series.get(series)?.addTo(received)
      rest.subtractAll(received)
      if (isNegative(rest)) return { proof: { state: 'contradicted' }, repair: noRepair }
      if (rest.count === 0) continue
      if (this.#table.keys[series]?.kind === 'step') missingSamples += rest.count
      repair.set(series, rest)
    }
    return repair.size === 0
      ? { proof: { state: 'proven' }, repair: noRepair }
      : { proof: { state: 'repaired', missingSamples }, repair }
  }
}

/** Pending intervals below this are not worth adding up. */
const leastRecentBytes = 32_768

function bytesOf({ series, lags }: Interval): number {
  let bytes = 0
  for (const delta of series) for (const kind of histogramKinds) bytes += delta[kind].length
  for (const { sendLag, pacerLag } of lags) bytes += sendLag.length + pacerLag.length
  return bytes
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => number): ReadonlyMap<number, readonly T[]> {
  return Map.groupBy(items, keyOf)
}

interface Settled {
  readonly proof: Proof
  readonly repair: ReadonlyMap<number, SeriesSum>
}

const noRepair: ReadonlyMap<number, SeriesSum> = new Map()

/** The pieces of a snapshot that was split come in order of their seconds, and the last of them brings the request counts of each thread. */
function toldBy(snapshot: Snapshot): Told {
  if (snapshot.requests.length > 0) {
    return {
      threads: snapshot.requests.map((counts) => counts.thread),
      through: Math.floor(snapshot.at / microsPerSecond),
    }
  }
  return {
    threads: [],
    through: snapshot.intervals.reduce((latest, interval) => Math.max(latest, interval.second), 0),
  }
}

function noRequests(thread: number): RequestCounts {
  const none = { attempted: 0, sent: 0, ok: 0, failed: 0, interrupted: 0, redirected: 0, overrun: 0 }
  return { thread, ...none, setup: 0, teardown: 0, auth: 0, errors: {}, passes: {} }
}

function isNegative(sum: SeriesSum): boolean {
  return (
    sum.ok < 0 ||
    sum.failed < 0 ||
    sum.inWindow < 0 ||
    sum.okInWindow < 0 ||
    sum.bytesIn < 0 ||
    sum.bytesOut < 0 ||
    sum.checksPassed < 0 ||
    sum.checksFailed < 0 ||
    histogramKinds.some((kind) => sum[kind].isNegative)
  )
}

function shardKey({ thread, phase }: ShardState): string {
  return `${thread} ${phase}`
}

function keepNewest<K, T>(into: Map<K, Numbered<T>>, key: K, sequence: number, value: T): void {
  const known = into.get(key)
  if (known === undefined || known.sequence < sequence) into.set(key, { sequence, value })
}

function upsert<K, T>(map: Map<K, T>, key: K, make: () => T): T {
  const known = map.get(key)
  if (known !== undefined) return known
  const made = make()
  map.set(key, made)
  return made
}

/** Numbers from 1 on that have come; takes memory for those beyond a gap alone. */
class SequenceSet {
  /** Every number up to it has come. */
  contiguous = 0
  highest = 0
  readonly #beyond = new Set<number>()

  get size(): number {
    return this.contiguous + this.#beyond.size
  }

  get missing(): number {
    return this.highest - this.size
  }

  get beyond(): readonly number[] {
    return [...this.#beyond]
  }

  restore(contiguous: number, beyond: readonly number[]): void {
    this.contiguous = contiguous
    this.highest = Math.max(contiguous, ...beyond)
    for (const number of beyond) this.#beyond.add(number)
  }

  hasAll(from: number, to: number): boolean {
    for (let number = Math.max(from, this.contiguous + 1); number <= to; number++) {
      if (!this.#beyond.has(number)) return false
    }
    return true
  }

  add(number: number): boolean {
    if (number <= this.contiguous || this.#beyond.has(number)) return false
    this.highest = Math.max(this.highest, number)
    this.#beyond.add(number)
    while (this.#beyond.delete(this.contiguous + 1)) this.contiguous++
    return true
  }
}
