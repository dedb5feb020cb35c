import type { MergedMetrics, Windowed } from '../measure/merged-metrics.ts'
import { windowSamplesNeeded } from '../plan/samples.ts'
import type { Objective } from '../spec/load-test.ts'
import { type Facts, isUpperLimit, type Judged, undecided } from './judged.ts'
import { excuseFor, outcomeOf } from './outcome.ts'
import { plannedArrivals } from './planned-arrivals.ts'
import { type Reading, readMetric } from './reading.ts'
import { lengthWithin, microsPerSecond, type Seconds, secondsWithin } from './recorded-time.ts'
import type { Scope } from './scope.ts'
import { type Unknown, unknownIn } from './unknown.ts'

/** Every window that lies within recorded time, by its end at each whole second; one broken window breaks the objective. */
export function judgeWindows(facts: Facts, objective: Objective, scope: Scope, overMs: number): Judged {
  const { record } = facts
  const lengthS = Math.ceil(overMs / 1000)
  const fromMs = objective.afterGiven ? objective.afterMs : 0
  const missing = missingFromWindows(record.metrics, scope)
  const plannedIn = objective.limit.unit === 'of planned' ? plannedArrivals(record, scope) : () => 0
  const tally = new WindowTally(objective)
  for (const span of scope.spans) {
    const { fromS, toS } = secondsWithin(span)
    for (const window of windowsOf(record.metrics, objective, scope, lengthS, { fromS, toS })) {
      if (window.toS * 1000 < fromMs) continue
      const reading = readWindow(facts, objective, scope, window, missing, plannedIn)
      if (reading === null) continue
      tally.add(window, reading, outcomeOf(objective, reading, false), () =>
        excuseFor(facts.generator, objective, scope, window),
      )
    }
  }
  return tally.judged(scope)
}

/** Null: too few samples to evaluate. */
export function readWindow(
  { record, unknown }: Pick<Facts, 'record' | 'unknown'>,
  objective: Objective,
  scope: Scope,
  { fromS, toS, sum }: Windowed,
  missing: Unknown | null,
  plannedIn: (seconds: Seconds) => number,
): Reading | null {
  const { metric } = objective
  const seconds = { fromS, toS }
  const reading = readMetric(objective, {
    sum,
    unknown: plus(unknownIn(record, unknown, scope, seconds), missing),
    slowestMicros: scope.slowestMicros,
    seconds: lengthWithin(scope.spans, seconds) / microsPerSecond,
    planned: plannedIn(seconds),
  })
  const needed = metric.kind === 'percentile' ? windowSamplesNeeded(metric.p) : 1
  return reading.actual === null || (metric.kind !== 'rate' && reading.count < needed) ? null : reading
}

/** What a worker's stated totals hold beyond its intervals may belong to any window. */
function missingFromWindows(metrics: MergedMetrics, scope: Scope): Unknown | null {
  const seen = metrics.counters(scope.series, 0, (metrics.seconds?.last ?? 0) + 1).count
  const missing = metrics.totals(scope.series).count - seen
  if (missing <= 0) return null
  const checks = Math.max(0, ...scope.most.map((most) => most.checks))
  return { requests: missing, iterations: missing, checks: missing * checks }
}

function plus(a: Unknown, b: Unknown | null): Unknown {
  if (b === null) return a
  return {
    requests: a.requests + b.requests,
    checks: a.checks + b.checks,
    iterations: a.iterations + b.iterations,
  }
}

function windowsOf(
  metrics: MergedMetrics,
  { metric }: Objective,
  { series }: Scope,
  lengthS: number,
  { fromS, toS }: Seconds,
): Iterable<Windowed> {
  switch (metric.kind) {
    case 'percentile':
    case 'mean':
    case 'max':
      return metrics.sliding(series, lengthS, fromS, toS)
    case 'error_rate':
    case 'rate':
    case 'checks':
      return slidingCounters(metrics, series, lengthS, fromS, toS)
    default:
      return metric satisfies never
  }
}

/** As `metrics.sliding`, without histograms. */
function* slidingCounters(
  metrics: MergedMetrics,
  series: readonly number[],
  lengthS: number,
  fromS: number,
  toS: number,
): Generator<Windowed> {
  if (fromS + lengthS > toS) return
  const sum = metrics.counters(series, fromS, fromS + lengthS)
  yield { fromS, toS: fromS + lengthS, sum }
  for (let end = fromS + lengthS + 1; end <= toS; end++) {
    sum.addAll(metrics.counters(series, end - 1, end))
    sum.subtractAll(metrics.counters(series, end - lengthS - 1, end - lengthS))
    yield { fromS: end - lengthS, toS: end, sum }
  }
}

class WindowTally {
  readonly #objective: Objective
  #evaluated = 0
  #broken = 0
  #excuse: Judged['doubt'] = null
  #mayBeBroken = false
  #shown: { readonly rank: number; readonly window: Seconds; readonly reading: Reading } | null = null

  constructor(objective: Objective) {
    this.#objective = objective
  }

  add(
    { fromS, toS }: Seconds,
    reading: Reading,
    outcome: Judged['outcome'],
    excuse: () => Judged['doubt'],
  ): void {
    this.#evaluated++
    let rank = 0
    if (outcome === 'unknown') {
      this.#mayBeBroken = true
      rank = 1
    } else if (outcome === 'fail') {
      const excused = excuse()
      if (excused === null) this.#broken++
      else this.#excuse = excused
      rank = excused === null ? 3 : 2
    }
    if (this.#shown !== null && !this.#isWorse(rank, reading)) return
    this.#shown = { rank, window: { fromS, toS }, reading: { ...reading, errors: new Map(reading.errors) } }
  }

  judged(scope: Scope): Judged {
    const objective = this.#objective
    if (this.#shown === null) return undecided(objective, scope, 'no-window')
    const { window, reading } = this.#shown
    const doubt = this.#excuse ?? (this.#mayBeBroken ? 'unknown-iterations' : null)
    const isBroken = this.#broken > 0
    return {
      objective,
      scope,
      outcome: isBroken ? 'fail' : doubt === null ? 'pass' : 'unknown',
      doubt: isBroken ? null : doubt,
      reading,
      window,
      windows: this.#evaluated,
      brokenWindows: this.#broken,
    }
  }

  #isWorse(rank: number, reading: Reading): boolean {
    const shown = this.#shown
    if (shown === null || rank !== shown.rank) return shown === null || rank > shown.rank
    const difference = (reading.actual ?? 0) - (shown.reading.actual ?? 0)
    return isUpperLimit(this.#objective) ? difference > 0 : difference < 0
  }
}
