import { FailureShelf } from './failure-shelf.ts'
import { Incarnation } from './incarnation.ts'
import type { KeptMerge } from './kept-merge.ts'
import type { MergedMetrics, Windowed, WorkerMeasure } from './merged-metrics.ts'
import type { SeriesTable } from './series.ts'
import { SeriesSum } from './series-sum.ts'
import type { Interval, Snapshot } from './snapshot.ts'
import { checkInterval, checkSnapshot } from './snapshot-check.ts'
import { emptyLagSums, type LagSums, SparseLag, SparseSeries } from './sparse-series.ts'

export type { HealthSample, MergedMetrics, Proof, Windowed, WorkerMeasure } from './merged-metrics.ts'

/**
 * Adds up the snapshots of all workers of a run. Commutative, associative, and idempotent by (incarnation, sequence): order, repetition and the way in
 * which samples were split over threads, workers and snapshots change nothing.
 */
export interface Merge {
  /**
   * Keeps the snapshot's histograms, which must not change any more: decodeSnapshot gives copies. False: it has come before and changed nothing but a
   * count. `isOverrun`: what its worker started last was not its own any more, so that nothing of it counts but how much was sent. Throws
   * BreakwaterError `bad-message`, having changed nothing, for a snapshot that is not one of this LoadTest.
   */
  add(snapshot: Snapshot, isOverrun?: boolean): boolean
  /**
   * What has changed since this was asked before, or since the merge was made: put over what was kept then (health beside it), it is all that there is.
   */
  keep(): KeptMerge
  readonly metrics: MergedMetrics
}

/** `kept`: what an earlier merge of this run held. Throws BreakwaterError `bad-message` where it is not one of this LoadTest. */
export function createMerge(table: SeriesTable, kept: KeptMerge | null = null): Merge {
  const merged = new MergedRun(table)
  if (kept !== null) merged.restore(kept)
  return {
    add: (snapshot, isOverrun = false) => merged.add(snapshot, isOverrun),
    keep: () => merged.keep(),
    metrics: merged,
  }
}

class MergedRun implements MergedMetrics {
  readonly table: SeriesTable
  /** Sums of the seconds that are settled, by series. */
  readonly #series: (SeriesSum | undefined)[]
  readonly #seconds = new Map<number, MergedSecond>()
  /** Of those, what is not in `#series` yet, as more of it may come soon. */
  readonly #open = new Map<number, MergedSecond>()
  /** Settled ones that more has come of. */
  readonly #late = new Set<MergedSecond>()
  #first = Number.POSITIVE_INFINITY
  #last = Number.NEGATIVE_INFINITY
  readonly #incarnations = new Map<string, Incarnation>()
  readonly #failures = new FailureShelf()
  readonly #changedSeconds = new Set<number>()
  readonly #changedIncarnations = new Set<string>()

  constructor(table: SeriesTable) {
    this.table = table
    this.#series = Array(table.keys.length).fill(undefined)
  }

  restore({ seconds, incarnations, failures }: KeptMerge): void {
    for (const second of seconds) {
      checkInterval(this.table, second)
      this.#addInterval(second)
    }
    for (const kept of incarnations) {
      for (const sums of [kept.sums, kept.stated ?? kept.sums]) checkInterval(this.table, sums)
      this.#incarnations.set(kept.incarnation, Incarnation.restore(this.table, kept))
    }
    for (const failure of failures) this.#failures.add(failure)
    this.#changedSeconds.clear()
  }

  keep(): KeptMerge {
    const seconds = [...this.#changedSeconds].map((second): Interval => {
      const { series, lags } = this.#seconds.get(second) as MergedSecond
      return {
        second,
        thread: 0,
        series: [...series].map(([id, sum]) => sum.toDelta(id)),
        lags: [...lags].map(([phase, lag]) => lag.toDelta(phase)),
      }
    })
    const incarnations = [...this.#changedIncarnations].map((id) =>
      (this.#incarnations.get(id) as Incarnation).keep(),
    )
    this.#changedSeconds.clear()
    this.#changedIncarnations.clear()
    return { seconds, incarnations, failures: this.#failures.samples }
  }

  add(snapshot: Snapshot, isOverrun: boolean): boolean {
    checkSnapshot(this.table, snapshot)
    let incarnation = this.#incarnations.get(snapshot.incarnation)
    if (incarnation === undefined) {
      incarnation = new Incarnation(this.table, snapshot.worker, snapshot.incarnation)
      this.#incarnations.set(snapshot.incarnation, incarnation)
    }
    this.#changedIncarnations.add(snapshot.incarnation)
    if (isOverrun) return incarnation.acceptOverrun(snapshot)
    if (!incarnation.accept(snapshot)) return false
    for (const interval of snapshot.intervals) this.#addInterval(interval)
    for (const failure of snapshot.failures) this.#failures.add(failure)
    return true
  }

  totals(series: readonly number[]): SeriesSum {
    const sum = new SeriesSum()
    for (const id of series) {
      const merged = this.#series[id]
      if (merged !== undefined) sum.addAll(merged)
      for (const second of this.#open.values()) second.series.get(id)?.addTo(sum)
    }
    for (const incarnation of this.#incarnations.values()) incarnation.addRepair(series, sum)
    return sum
  }

  window(series: readonly number[], fromS: number, toS: number): SeriesSum {
    const sum = new SeriesSum()
    this.#visit(series, fromS, toS, (second) => second.addTo(sum))
    return sum
  }

  counters(series: readonly number[], fromS: number, toS: number): SeriesSum {
    const sum = new SeriesSum()
    this.#visit(series, fromS, toS, (second) => second.addCountersTo(sum))
    return sum
  }

  *perSecond(series: readonly number[], fromS: number, toS: number): Generator<Windowed> {
    for (let second = fromS; second < toS; second++) {
      yield { fromS: second, toS: second + 1, sum: this.window(series, second, second + 1) }
    }
  }

  *sliding(series: readonly number[], lengthS: number, fromS: number, toS: number): Generator<Windowed> {
    if (fromS + lengthS > toS) return
    const sum = this.window(series, fromS, fromS + lengthS)
    yield { fromS, toS: fromS + lengthS, sum }
    for (let end = fromS + lengthS + 1; end <= toS; end++) {
      sum.addAll(this.window(series, end - 1, end))
      sum.subtractAll(this.window(series, end - lengthS - 1, end - lengthS))
      yield { fromS: end - lengthS, toS: end, sum }
    }
  }

  get seconds(): { readonly first: number; readonly last: number } | null {
    return this.#seconds.size === 0 ? null : { first: this.#first, last: this.#last }
  }

  lags(phases: readonly number[], only?: string): LagSums {
    const sums = emptyLagSums()
    for (const incarnation of this.#incarnations.values()) {
      if (only !== undefined && incarnation.incarnation !== only) continue
      for (const phase of phases) incarnation.addLags(phase, sums)
    }
    return sums
  }

  lagsOfSecond(phases: readonly number[], second: number): LagSums {
    const sums = emptyLagSums()
    const merged = this.#seconds.get(second)
    for (const phase of phases) merged?.lags.get(phase)?.addTo(sums)
    return sums
  }

  throughSecond(incarnations: readonly string[]): number {
    const end = this.#seconds.size === 0 ? 0 : this.#last + 1
    return incarnations.reduce((through, id) => {
      const incarnation = this.#incarnations.get(id)
      if (incarnation === undefined) return 0
      return incarnation.isWhole ? through : Math.min(through, incarnation.throughSecond)
    }, end)
  }

  progress(incarnation: string): { readonly newest: number; readonly isWhole: boolean } {
    const known = this.#incarnations.get(incarnation)
    return { newest: known?.expected ?? 0, isWhole: known?.isWhole ?? false }
  }

  get workers(): readonly WorkerMeasure[] {
    return [...this.#incarnations.values()]
      .map((incarnation) => incarnation.measure())
      .sort((a, b) => compare(a.worker, b.worker) || compare(a.incarnation, b.incarnation))
  }

  worker(incarnation: string): WorkerMeasure | null {
    return this.#incarnations.get(incarnation)?.measure() ?? null
  }

  get failures(): MergedMetrics['failures'] {
    return this.#failures.samples
  }

  get snapshots(): MergedMetrics['snapshots'] {
    let expected = 0
    let received = 0
    let duplicates = 0
    for (const incarnation of this.#incarnations.values()) {
      expected += incarnation.expected
      received += incarnation.received
      duplicates += incarnation.duplicates
    }
    return { expected, received, duplicates, missing: expected - received }
  }

  #addInterval(interval: Interval): void {
    this.#changedSeconds.add(interval.second)
    const second = this.#seconds.get(interval.second) ?? this.#openSecond(interval.second)
    for (const delta of interval.series) {
      if (second.isSettled) this.#seriesSum(delta.series).addDelta(delta)
      let inSecond = second.series.get(delta.series)
      if (inSecond === undefined) {
        inSecond = new SparseSeries()
        second.series.set(delta.series, inSecond)
      }
      inSecond.add(delta)
    }
    for (const delta of interval.lags) {
      let lag = second.lags.get(delta.phase)
      if (lag === undefined) {
        lag = new SparseLag()
        second.lags.set(delta.phase, lag)
      }
      lag.add(delta)
    }
    if (second.isSettled) this.#late.add(second)
  }

  #openSecond(number: number): MergedSecond {
    const second: MergedSecond = { series: new Map(), lags: new Map(), isSettled: false }
    this.#seconds.set(number, second)
    this.#open.set(number, second)
    this.#first = Math.min(this.#first, number)
    this.#last = Math.max(this.#last, number)
    for (const [open, due] of this.#open) {
      if (open > this.#last - openSeconds) continue
      this.#open.delete(open)
      for (const [id, sum] of due.series) sum.addTo(this.#seriesSum(id))
      settle(due)
    }
    for (const late of this.#late) settle(late)
    this.#late.clear()
    return second
  }

  #seriesSum(id: number): SeriesSum {
    let sum = this.#series[id]
    if (sum === undefined) {
      sum = new SeriesSum()
      this.#series[id] = sum
    }
    return sum
  }

  #visit(series: readonly number[], fromS: number, toS: number, visit: (second: SparseSeries) => void): void {
    const end = Math.min(toS, this.#last + 1)
    for (let second = Math.max(fromS, this.#first); second < end; second++) {
      const merged = this.#seconds.get(second)
      if (merged === undefined) continue
      for (const id of series) {
        const found = merged.series.get(id)
        if (found !== undefined) visit(found)
      }
    }
  }
}

interface MergedSecond {
  readonly series: Map<number, SparseSeries>
  readonly lags: Map<number, SparseLag>
  isSettled: boolean
}

/** The newest ones, which are still told of. */
const openSeconds = 3

function settle(second: MergedSecond): void {
  second.isSettled = true
  for (const sum of second.series.values()) sum.settle()
  for (const lag of second.lags.values()) lag.settle()
}

function compare(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}
