import type { FailureSample } from '../../core/measure/request-error.ts'
import type { SeriesTable } from '../../core/measure/series.ts'
import type { Interval, Snapshot } from '../../core/measure/snapshot.ts'
import { assembleSnapshots, type MeasuredPart } from '../../core/measure/snapshot-assembly.ts'
import { checkSnapshot } from '../../core/measure/snapshot-check.ts'
import { SparseLag, SparseSeries } from '../../core/measure/sparse-series.ts'

/**
 * Merges the snapshots of its workers and tells of them upward as one worker would, in snapshots of its own: each thread of each of its workers is a thread
 * of it. So whoever merges a thousand workers can merge a thousand regions (ADR 29).
 */
export class RegionalMerge {
  readonly #table: SeriesTable
  readonly #name: string
  readonly #roster: number
  readonly #workers = new Map<string, RegionalWorker>()
  #sums = new Sums()
  readonly #stated = new Sums()
  #failures: FailureSample[] = []
  #warnings: string[] = []
  #startSkew: number | null = null
  #sequence = 0
  #threads = 0

  /** `roster`: how many workers are its own. */
  constructor(table: SeriesTable, name: string, roster: number) {
    this.#table = table
    this.#name = name
    this.#roster = roster
  }

  /** False: it has come before. Throws BreakwaterError `bad-message`, having changed nothing. */
  add(snapshot: Snapshot): boolean {
    checkSnapshot(this.#table, snapshot)
    let worker = this.#workers.get(snapshot.incarnation)
    if (worker === undefined) {
      worker = { sequences: new Set(), at: 0, threads: new Map(), isFinal: false, parts: new Map() }
      this.#workers.set(snapshot.incarnation, worker)
    }
    if (worker.sequences.has(snapshot.sequence)) return false
    worker.sequences.add(snapshot.sequence)
    worker.at = Math.max(worker.at, snapshot.at)
    worker.isFinal ||= snapshot.final
    for (const interval of snapshot.intervals) this.#sums.add(interval)
    for (const interval of snapshot.totals ?? []) this.#stated.add(interval)
    this.#failures.push(...snapshot.failures)
    this.#warnings.push(...snapshot.warnings)
    if (snapshot.startSkew !== null) this.#startSkew = Math.max(this.#startSkew ?? 0, snapshot.startSkew)
    for (const requests of snapshot.requests) {
      const thread = this.#threadOf(worker, requests.thread)
      const shards = snapshot.shards
        .filter((shard) => shard.thread === requests.thread)
        .map((shard) => ({ ...shard, thread }))
      const known = worker.parts.get(thread)
      if (known !== undefined && known.sequence > snapshot.sequence) continue
      worker.parts.set(thread, { sequence: snapshot.sequence, shards, requests: { ...requests, thread } })
    }
    return true
  }

  /** What has come since this was asked before. With the last snapshots of all workers it is the last of the region, too. */
  take(run: string, epoch: number): readonly Snapshot[] {
    const workers = [...this.#workers.values()]
    const isWhole = workers.length === this.#roster
    // No thread is said to be further than the one that is least far.
    const at = isWhole
      ? workers.reduce((least, worker) => Math.min(least, worker.at), Number.POSITIVE_INFINITY)
      : 0
    const told: MeasuredPart[] = workers.flatMap(({ parts }) =>
      [...parts.values()].map(({ shards, requests }) => ({
        ...{ thread: requests.thread, at, intervals: [], shards, requests, failures: [] },
        startSkew: this.#startSkew,
      })),
    )
    const [first, ...others] = told
    if (first === undefined) return []
    const isFinal = isWhole && workers.every((worker) => worker.isFinal)
    const snapshots = assembleSnapshots(
      [{ ...first, intervals: this.#sums.intervals(), failures: this.#failures }, ...others],
      {
        ...{ run, worker: this.#name, incarnation: this.#name, epoch },
        ...{ firstSequence: this.#sequence + 1, health: null, endedBy: null, warnings: this.#warnings },
        final: isFinal,
        totals: isFinal ? this.#stated.intervals() : null,
      },
    )
    this.#sequence += snapshots.length
    this.#sums = new Sums()
    this.#failures = []
    this.#warnings = []
    for (const { parts } of workers) parts.clear()
    return snapshots
  }

  #threadOf({ threads }: RegionalWorker, thread: number): number {
    const known = threads.get(thread)
    if (known !== undefined) return known
    const given = this.#threads++
    threads.set(thread, given)
    return given
  }
}

interface RegionalWorker {
  readonly sequences: Set<number>
  at: number
  /** By its own number, that in the region. */
  readonly threads: Map<number, number>
  isFinal: boolean
  /** What is to be told of each thread. */
  readonly parts: Map<number, { readonly sequence: number } & Pick<MeasuredPart, 'shards' | 'requests'>>
}

class Sums {
  readonly #seconds = new Map<
    number,
    { readonly series: Map<number, SparseSeries>; readonly lags: Map<number, SparseLag> }
  >()

  add({ second: number, series, lags }: Interval): void {
    let second = this.#seconds.get(number)
    if (second === undefined) {
      second = { series: new Map(), lags: new Map() }
      this.#seconds.set(number, second)
    }
    for (const delta of series) {
      const sum = second.series.get(delta.series) ?? new SparseSeries()
      second.series.set(delta.series, sum)
      sum.add(delta)
    }
    for (const delta of lags) {
      const sum = second.lags.get(delta.phase) ?? new SparseLag()
      second.lags.set(delta.phase, sum)
      sum.add(delta)
    }
  }

  intervals(): readonly Interval[] {
    return [...this.#seconds].map(([second, { series, lags }]) => {
      for (const sum of [...series.values(), ...lags.values()]) sum.settle()
      return {
        ...{ second, thread: 0 },
        series: [...series].map(([id, sum]) => sum.toDelta(id)),
        lags: [...lags].map(([phase, sum]) => sum.toDelta(phase)),
      }
    })
  }
}
