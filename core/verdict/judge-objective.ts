import type { SeriesSum } from '../measure/series-sum.ts'
import { samplesNeeded } from '../plan/samples.ts'
import type { Objective } from '../spec/load-test.ts'
import {
  compareJudged,
  type Doubt,
  type Facts,
  isUpperLimit,
  type Judged,
  type Outcome,
  undecided,
} from './judged.ts'
import { excuseFor, outcomeOf } from './outcome.ts'
import { plannedArrivals } from './planned-arrivals.ts'
import { readMetric } from './reading.ts'
import { cutSecond, lengthWithin, microsPerSecond, ranToItsEnd, type Seconds } from './recorded-time.ts'
import { type Scope, scopesOf } from './scope.ts'
import { secondsOf, unknownIn } from './unknown.ts'
import { judgeWindows } from './windows.ts'

/** Open and closed phases must each hold; the worse of them is shown. */
export function judgeObjective(facts: Facts, objective: Objective): Judged {
  const judged = scopesOf(facts.record, objective).map((scope) => {
    if (isNotKept(facts, objective, scope)) return undecided(objective, scope, 'not-kept')
    const found =
      objective.overMs === null
        ? judgeWhole(facts, objective, scope)
        : judgeWindows(facts, objective, scope, objective.overMs)
    return doubted(facts, found, scope)
  })
  const [worst] = judged.sort(compareJudged)
  return worst ?? undecided(objective, null, 'nothing-measured')
}

/** First-byte times are kept of all answers alone: where some failed, those of the good ones cannot be told. */
function isNotKept({ record }: Facts, { metric, selector }: Objective, { series }: Scope): boolean {
  const isTtfb = metric.kind === 'percentile' && metric.of === 'ttfb'
  return isTtfb && selector.ok && record.metrics.totals(series).failed > 0
}

/**
 * Without a window `after` leaves out what ended before it, unless it is there to delay an abort. An abort was right when it was ordered, whatever
 * the drain still brought.
 */
function judgeWhole(facts: Facts, objective: Objective, scope: Scope): Judged {
  const { record } = facts
  const seconds: Seconds = {
    fromS: objective.abort ? 0 : Math.ceil(objective.afterMs / 1000),
    toS: Number.POSITIVE_INFINITY,
  }
  const judged = judgeSeconds(facts, objective, scope, seconds, sumOf(facts, objective, scope, seconds))
  if (judged.outcome === 'fail' || record.ended !== 'aborted' || !objective.abort) return judged
  return brokenAtTheAbort(facts, objective, scope) ?? judged
}

/** The abort was ordered within some seconds after the second that broke the objective was complete. */
const abortDelayS = 10

function brokenAtTheAbort(facts: Facts, objective: Objective, scope: Scope): Judged | null {
  const { metrics } = facts.record
  const end = cutSecond(facts.record)
  const sum = metrics.window(scope.series, 0, end)
  for (let toS = end; toS > Math.max(0, end - abortDelayS); toS--) {
    const seconds = { fromS: 0, toS }
    const judged = judgeSeconds(facts, objective, scope, seconds, sum)
    if (judged.outcome === 'fail') return { ...judged, window: seconds }
    sum.subtractAll(metrics.window(scope.series, toS - 1, toS))
  }
  return null
}

function sumOf({ record }: Facts, { metric }: Objective, scope: Scope, { fromS }: Seconds): SeriesSum {
  const { metrics } = record
  // A worker takes for its window what the plan says; what it drained after the run's ordered end is outside.
  if (metric.kind === 'rate' && !scope.phases.every((phase) => ranToItsEnd(record, phase)))
    return metrics.counters(scope.series, fromS, cutSecond(record))
  if (fromS === 0) return metrics.totals(scope.series)
  return metrics.window(scope.series, fromS, (metrics.seconds?.last ?? 0) + 1)
}

function judgeSeconds(
  facts: Facts,
  objective: Objective,
  scope: Scope,
  seconds: Seconds,
  sum: SeriesSum,
): Judged {
  const { record } = facts
  const { metric } = objective
  const counted =
    metric.kind === 'rate' ? { ...seconds, toS: Math.min(seconds.toS, secondsOf(scope).toS) } : seconds
  const planned = objective.limit.unit === 'of planned' ? plannedArrivals(record, scope)(seconds) : 0
  const unknown = unknownIn(record, facts.unknown, scope, counted)
  const reading = readMetric(objective, {
    sum,
    unknown: { ...unknown, iterations: unknown.iterations + cutShort(facts, scope, planned, sum.inWindow) },
    slowestMicros: scope.slowestMicros,
    seconds: lengthWithin(scope.spans, seconds) / microsPerSecond,
    planned,
  })
  const judged = { objective, scope, reading, window: null, windows: 0, brokenWindows: 0 }
  const say = (outcome: Outcome, doubt: Doubt | null): Judged => ({ ...judged, outcome, doubt })
  if (reading.actual === null) return say('unknown', 'nothing-measured')
  if (metric.kind === 'percentile' && reading.count < samplesNeeded(metric.p))
    return say('unknown', 'few-samples')
  switch (outcomeOf(objective, reading, record.strict)) {
    case 'pass':
      return say('pass', null)
    case 'fail': {
      const excuse = excuseFor(facts.generator, objective, scope, seconds)
      return excuse === null ? say('fail', null) : say('unknown', excuse)
    }
    case 'unknown':
      return say(
        'unknown',
        outcomeOf(objective, reading, false) === 'unknown' ? 'unknown-iterations' : 'confidence',
      )
  }
}

/**
 * Iterations of which a stop or Ctrl-C kept us from seeing whether they would have ended within their phase: at most those that were due by
 * then, were not skipped, and had not ended. An abort is judged by what was seen when it was ordered.
 */
function cutShort({ record, accounts }: Facts, scope: Scope, planned: number, ended: number): number {
  if (record.ended === 'aborted') return 0
  const cut = scope.phases.filter((phase) => !ranToItsEnd(record, phase))
  if (cut.length === 0) return 0
  const skipped = scope.phases.reduce((sum, phase) => sum + (accounts.phases[phase]?.ledger.skipped ?? 0), 0)
  return Math.max(0, planned - ended - skipped)
}

/** What speaks against the whole of a run, whatever an objective's value. */
function doubted({ accounts, generator, dataMissing }: Facts, judged: Judged, scope: Scope): Judged {
  const doubt = (why: Doubt): Judged => ({ ...judged, outcome: 'unknown', doubt: why })
  if (dataMissing) return doubt('data-missing')
  if (scope.phases.some((phase) => accounts.phases[phase]?.broken === true)) return doubt('users-lost')
  if (generator.short.length === 0 || judged.outcome === 'unknown') return judged
  const { metric } = judged.objective
  const isEasier = judged.outcome === 'pass' || (metric.kind === 'rate' && !isUpperLimit(judged.objective))
  return isEasier ? doubt('short') : judged
}
