import type { Micros } from '../plan/plan.ts'
import type { KeptIncarnation, Numbered, Told } from './kept-merge.ts'
import type { HealthSample, Proof, WorkerMeasure } from './merged-metrics.ts'
import type { SeriesTable } from './series.ts'
import { histogramKinds, SeriesSum } from './series-sum.ts'
import type { Interval, RequestCounts, ShardState, Snapshot } from './snapshot.ts'
import { emptyLagSums, type LagSums, SparseLag, SparseSeries } from './sparse-series.ts'

const microsPerSecond = 1_000_000
/** More of them say nothing new, and a report has to be read. */
const mostWarnings = 10

/** What one process of a worker has told so far. Everything in it is the same in whatever order its snapshots come. */
export class Incarnation {
  readonly worker: string
  readonly incarnation: string
  readonly #sequences = new SequenceSet()
  #duplicates = 0
  /** Sums of its intervals. */
  readonly #series = new Map<number, SparseSeries>()
  readonly #lags = new Map<number, SparseLag>()
  /** What it states at its end, and by which snapshots. */
  readonly #stated = new Map<number, SeriesSum>()
  readonly #statedLags = new Map<number, LagSums>()
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
    for (const { sequence, value } of kept.ahead) made.#ahead.set(sequence, value)
    for (const [thread, second] of kept.throughByThread) made.#throughByThread.set(thread, second)
    made.#throughDefault = kept.throughDefault
    made.#healthKept = made.#health.length
    return made
  }

  /** `health`: those samples alone that came since this was asked before. */
  keep(): KeptIncarnation {
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

  /** Of which snapshots must exist, by their numbers. */
  get expected(): number {
    return this.#sequences.highest
  }

  /** Seconds before it are complete in the snapshots up to the first gap. */
  get throughSecond(): number {
    const threads = [...this.#throughByThread.values()]
    return threads.length === 0 ? this.#throughDefault : Math.min(...threads)
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

  /** What its totals hold beyond the intervals that came. */
  addRepair(series: number, sum: SeriesSum): void {
    const repair = this.#settle().repair.get(series)
    if (repair !== undefined) sum.addAll(repair)
  }

  addLags(phase: number, sums: LagSums): void {
    const stated = this.#statedLags.get(phase)
    if (this.#settle().proof.state === 'repaired' && stated !== undefined) {
      sums.sendLag.addAll(stated.sendLag)
      sums.pacerLag.addAll(stated.pacerLag)
    } else {
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
    for (const delta of interval.series) {
      upsert(this.#series, delta.series, () => new SparseSeries()).add(delta)
    }
    for (const lag of interval.lags) upsert(this.#lags, lag.phase, () => new SparseLag()).add(lag)
  }

  #addTotals(sequence: number, totals: readonly Interval[]): void {
    this.#statedFrom = Math.min(this.#statedFrom, sequence)
    for (const interval of totals) {
      for (const delta of interval.series) {
        upsert(this.#stated, delta.series, () => new SeriesSum()).addDelta(delta)
      }
      for (const lag of interval.lags) {
        const sums = upsert(this.#statedLags, lag.phase, emptyLagSums)
        sums.sendLag.addSparse(lag.sendLag)
        sums.pacerLag.addSparse(lag.pacerLag)
      }
    }
  }

  #statedInterval(): Interval {
    return {
      second: -1,
      thread: 0,
      series: [...this.#stated].map(([series, sum]) => sum.toDelta(series)),
      lags: [...this.#statedLags].map(([phase, { sendLag, pacerLag }]) => ({
        phase,
        sendLag: sendLag.toSparse(),
        pacerLag: pacerLag.toSparse(),
      })),
    }
  }

  #tell(sequence: number, told: Told): void {
    this.#ahead.set(sequence, told)
    if (sequence > this.#sequences.contiguous) return
    for (const [number, known] of [...this.#ahead].sort((a, b) => a[0] - b[0])) {
      if (number > this.#sequences.contiguous) break
      this.#ahead.delete(number)
      for (const thread of known.threads) this.#throughByThread.set(thread, known.through)
      if (known.threads.length === 0) this.#throughDefault = Math.max(this.#throughDefault, known.through)
    }
  }

  #settle(): Settled {
    this.#settled ??= this.#compare()
    return this.#settled
  }

  #compare(): Settled {
    // The snapshot before the first totals may have carried totals as well, were it missing.
    const complete =
      this.#finalSequence !== null &&
      this.#sequences.hasAll(Math.max(1, this.#statedFrom - 1), this.#finalSequence)
    if (!complete) {
      return { proof: { state: this.#sequences.missing > 0 ? 'incomplete' : 'open' }, repair: noRepair }
    }
    const repair = new Map<number, SeriesSum>()
    let missingSamples = 0
    for (const series of new Set([...this.#series.keys(), ...this.#stated.keys()])) {
      const rest = new SeriesSum()
      const stated = this.#stated.get(series)
      if (stated !== undefined) rest.addAll(stated)
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
