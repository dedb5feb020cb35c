import type { MergedMetrics } from '../measure/merged-metrics.ts'
import { SeriesSum } from '../measure/series-sum.ts'
import type { SeriesDelta } from '../measure/snapshot.ts'
import { samplesNeeded } from '../plan/samples.ts'
import type { Objective } from '../spec/load-test.ts'
import { busySeconds, busyThreads, Lateness, lateLimitMs, pacerLagMs } from './generator.ts'
import { busyCpu } from './limit-hit.ts'
import { clauseOf } from './objective-text.ts'
import { excuseFor, outcomeOf } from './outcome.ts'
import { plannedArrivals } from './planned-arrivals.ts'
import { microsPerSecond, type Seconds } from './recorded-time.ts'
import type { RunRecord } from './run-record.ts'
import { type Scope, scopesOf } from './scope.ts'
import { type UnknownIterations, unknownOfTheDead } from './unknown.ts'
import { readWindow } from './windows.ts'

/** An abort waits for so many samples, unless the objective says when it may act. */
const fewestSamples = 100

/** Seconds are added up once, however often one asks; per run, found by what it measures. */
const watches = new WeakMap<MergedMetrics, RunWatch>()

/**
 * Why the run is to be aborted, in a sentence: the first objective with `abort` that is broken in the best case, by the seconds before
 * `throughSecond`, of which all workers have told. Null: none is. Each second is looked at once, so that a call costs as much in the last second as in
 * the first.
 */
export function abortingObjective(record: RunRecord, throughSecond: number): string | null {
  if (!record.test.objectives.some(({ abort }) => abort)) return null
  let watch = watches.get(record.metrics)
  if (watch === undefined) {
    watch = new RunWatch(record)
    watches.set(record.metrics, watch)
  }
  return watch.advance(record, throughSecond)
}

class RunWatch {
  readonly #watched: readonly { readonly objective: Objective; readonly sums: Map<string, ScopeSum> }[]
  readonly #lateness: Lateness
  #seen = 0

  constructor({ test }: RunRecord) {
    this.#lateness = new Lateness(lateLimitMs(test))
    this.#watched = test.objectives
      .filter(({ abort }) => abort)
      .map((objective) => ({ objective, sums: new Map() }))
  }

  advance(record: RunRecord, throughSecond: number): string | null {
    // The dead are few, and what they left grows slowly: once a call is enough.
    const unknown = unknownOfTheDead(record, throughSecond * microsPerSecond)
    let broken: string | null = null
    for (; this.#seen < throughSecond; this.#seen++) {
      this.#lateness.add(this.#seen, pacerLagMs(record, this.#seen))
      for (const { objective, sums } of this.#watched) {
        for (const scope of scopesOf(record, objective)) {
          const sum = sums.get(scope.loop) ?? new ScopeSum(objective)
          sums.set(scope.loop, sum)
          broken ??= this.#breaks(record, unknown, objective, scope, sum)
        }
      }
    }
    return broken
  }

  #breaks(
    record: RunRecord,
    unknown: readonly UnknownIterations[],
    objective: Objective,
    scope: Scope,
    sum: ScopeSum,
  ): string | null {
    const second = this.#seen
    const window = sum.add(record.metrics, scope, second)
    if (window === null || !isDue(objective, window, sum.samples)) return null
    const reading = readWindow(
      { record, unknown },
      objective,
      scope,
      { ...window, sum: sum.sum },
      null,
      objective.limit.unit === 'of planned' ? plannedArrivals(record, scope) : () => 0,
    )
    if (
      reading === null ||
      reading.count < needed(objective) ||
      outcomeOf(objective, reading, false) !== 'fail'
    )
      return null
    const { stretches, maybeLate } = this.#lateness
    const generator = {
      late: maybeLate === null ? stretches : [...stretches, maybeLate],
      busy: scope.loop === 'closed' ? busyThreads(record, busySeconds, ({ cpu }) => cpu > busyCpu) : [],
    }
    if (excuseFor(generator, objective, scope, window) !== null) return null
    const judged = {
      objective,
      scope,
      outcome: 'fail',
      doubt: null,
      reading,
      window,
      windows: 1,
      brokenWindows: 1,
    } as const
    return clauseOf(record.test, judged)
  }
}

function isDue({ afterMs, afterGiven }: Objective, { toS }: Seconds, samples: number): boolean {
  return toS * 1000 >= afterMs && (afterGiven || samples >= fewestSamples)
}

/** Of the whole run so far, a percentile says nothing before it has the samples that it needs at the end. */
function needed({ overMs, metric }: Objective): number {
  return overMs === null && metric.kind === 'percentile' ? samplesNeeded(metric.p) : 0
}

/** The seconds of a scope so far, or the last ones of its window. */
class ScopeSum {
  sum = new SeriesSum()
  /** Since the run's start. */
  samples = 0
  readonly #lengthS: number
  /** The window's seconds, the oldest first, in their small form. */
  #kept: SeriesDelta[] = []
  #fromS = 0

  constructor(objective: Objective) {
    this.#lengthS = objective.overMs === null ? Number.POSITIVE_INFINITY : Math.ceil(objective.overMs / 1000)
  }

  /** Adds a second. Null: it was not recorded, or there is no whole window yet. */
  add(metrics: MergedMetrics, { series, spans }: Scope, second: number): Seconds | null {
    const added = metrics.window(series, second, second + 1)
    this.samples += added.count
    this.sum.addAll(added)
    if (this.#lengthS === Number.POSITIVE_INFINITY) {
      const isRecorded = spans.some(
        ({ from, to }) => from < (second + 1) * microsPerSecond && to > second * microsPerSecond,
      )
      return isRecorded ? { fromS: 0, toS: second + 1 } : null
    }
    const isWhole = spans.some(
      ({ from, to }) =>
        from <= (second + 1 - this.#lengthS) * microsPerSecond && to >= (second + 1) * microsPerSecond,
    )
    this.#kept.push(added.toDelta(0))
    if (this.#kept.length > this.#lengthS) {
      const dropped = new SeriesSum()
      dropped.addDelta(this.#kept.shift() as SeriesDelta)
      this.sum.subtractAll(dropped)
      this.#fromS++
    }
    return isWhole && this.#kept.length === this.#lengthS ? { fromS: this.#fromS, toS: second + 1 } : null
  }
}
