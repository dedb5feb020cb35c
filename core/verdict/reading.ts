import { bucketIndexOf, highestEquivalentOf, lowestMicros } from '../measure/buckets.ts'
import { quantileInterval } from '../measure/quantile-interval.ts'
import type { RequestError } from '../measure/request-error.ts'
import type { SeriesSum } from '../measure/series-sum.ts'
import { rankOf, type Totals } from '../measure/totals.ts'
import type { Metric, Objective } from '../spec/load-test.ts'
import { isOfIterations } from './scope.ts'
import type { Unknown } from './unknown.ts'

/** The value of a metric as it was measured, and its bounds over everything that is not known. In ms, ratios, or per second. */
export interface Reading {
  /** Null: nothing was measured. */
  readonly actual: number | null
  /** low ≤ actual ≤ high */
  readonly low: number | null
  readonly high: number | null
  /** Samples: requests, iterations or checks. */
  readonly count: number
  /** What of the unknown was reckoned with. */
  readonly unknown: number
  /** Of percentiles and shares, at 95 %; an end is null where there are too few samples to give it. */
  readonly interval: { readonly low: number | null; readonly high: number | null } | null
  readonly errors: ReadonlyMap<RequestError, number>
}

export interface Observed {
  readonly sum: SeriesSum
  readonly unknown: Unknown
  /** What the slow ones of the worst case take, µs. */
  readonly slowestMicros: number
  /** Length of what was observed, for rates. */
  readonly seconds: number
  /** Arrivals planned in it; for `of planned`. */
  readonly planned: number
}

export function readMetric(objective: Objective, observed: Observed): Reading {
  const { metric, selector } = objective
  switch (metric.kind) {
    case 'percentile':
      return readPercentile(metric, selector.ok, observed)
    case 'mean':
      return readMean(selector.ok, observed)
    case 'max':
      return readMax(selector.ok, observed)
    case 'error_rate':
      return readShare(observed, observed.sum.failed, observed.sum.count, observed.unknown.requests)
    case 'checks': {
      const { checksPassed, checksFailed } = observed.sum
      return readShare(observed, checksPassed, checksPassed + checksFailed, observed.unknown.checks)
    }
    case 'rate':
      return isOfIterations(objective)
        ? readRate(observed, observed.planned, observed.unknown.iterations)
        : readRate(observed, observed.seconds, observed.unknown.requests)
    default:
      return metric satisfies never
  }
}

type Percentile = Extract<Metric, { kind: 'percentile' }>

/**
 * With u unknown samples among N + u, all at the low end the k-th smallest is x(k − u), all at V it is max(min(x(k), V), x(k − u)); x(k) is
 * the k-th smallest of the N known ones.
 */
function readPercentile(metric: Percentile, ok: boolean, observed: Observed): Reading {
  const times = timesOf(metric.of, ok, observed.sum)
  const unknown = metric.of === 'iteration' ? observed.unknown.iterations : observed.unknown.requests
  const n = times.total
  if (n + unknown === 0) return nothing(observed)
  const slow = slowest(times, observed)
  const rank = rankOf(metric.p, n + unknown)
  const below = rank > unknown ? times.valueAtRank(rank - unknown) : null
  const at = times.valueAtRank(rank) ?? Number.POSITIVE_INFINITY
  const { lower, upper } = quantileInterval(n, metric.p / 100)
  return {
    actual: inMs(times.percentile(metric.p)),
    low: inMs(below ?? lowestMicros),
    high: inMs(Math.max(Math.min(at, slow), below ?? 0)),
    count: n,
    unknown,
    interval: {
      low: lower === null ? null : inMs(times.valueAtRank(lower)),
      high: upper === null ? null : inMs(times.valueAtRank(upper)),
    },
    errors: observed.sum.errors,
  }
}

function readMean(ok: boolean, observed: Observed): Reading {
  const times = timesOf('response', ok, observed.sum)
  const unknown = observed.unknown.requests
  const all = times.total + unknown
  if (all === 0) return nothing(observed)
  const sum = (times.mean ?? 0) * times.total
  return {
    actual: inMs(times.mean),
    low: inMs((sum + unknown * lowestMicros) / all),
    high: inMs((sum + unknown * slowest(times, observed)) / all),
    count: times.total,
    unknown,
    interval: null,
    errors: observed.sum.errors,
  }
}

function readMax(ok: boolean, observed: Observed): Reading {
  const times = timesOf('response', ok, observed.sum)
  const unknown = observed.unknown.requests
  if (times.total + unknown === 0) return nothing(observed)
  return {
    actual: inMs(times.max),
    low: inMs(times.max ?? lowestMicros),
    high: inMs(unknown > 0 ? slowest(times, observed) : times.max),
    count: times.total,
    unknown,
    interval: null,
    errors: observed.sum.errors,
  }
}

/** k of n, and unknown ones that may belong to either side. */
function readShare(observed: Observed, k: number, n: number, unknown: number): Reading {
  if (n + unknown === 0) return nothing(observed)
  return {
    actual: n === 0 ? null : k / n,
    low: k / (n + unknown),
    high: (k + unknown) / (n + unknown),
    count: n,
    unknown,
    interval: n === 0 ? null : wilson(k, n),
    errors: observed.sum.errors,
  }
}

/** What ended inside the windows, per second or per planned arrival. */
function readRate({ sum }: Observed, by: number, unknown: number): Reading {
  const per = (count: number) => (by === 0 ? null : count / by)
  return {
    actual: per(sum.inWindow),
    low: per(sum.inWindow),
    high: per(sum.inWindow + unknown),
    count: sum.inWindow,
    unknown,
    interval: null,
    errors: sum.errors,
  }
}

function nothing({ sum }: Observed): Reading {
  return { actual: null, low: null, high: null, count: 0, unknown: 0, interval: null, errors: sum.errors }
}

function timesOf(of: Percentile['of'], ok: boolean, sum: SeriesSum): Totals {
  switch (of) {
    case 'response':
    case 'iteration':
      return ok ? sum.responseOk : sum.response
    case 'ttfb':
      return sum.ttfb
    default:
      return of satisfies never
  }
}

/** Response times count from the intended start and may exceed the timeout: no unknown one is taken for faster than what was seen. */
function slowest(times: Totals, { slowestMicros }: Observed): number {
  return Math.max(highestEquivalentOf(bucketIndexOf(slowestMicros)), times.max ?? 0)
}

/**
 * Score interval of a share: (p̂ + z²/2n ± z·√(p̂(1−p̂)/n + z²/4n²)) ÷ (1 + z²/n), z = 1.96.
 * E. B. Wilson, Probable inference, Journal of the American Statistical Association 22, 1927.
 */
function wilson(k: number, n: number): { readonly low: number; readonly high: number } {
  const z = 1.959963984540054
  const p = k / n
  const middle = p + (z * z) / (2 * n)
  const reach = z * Math.sqrt((p * (1 - p)) / n + (z * z) / (4 * n * n))
  const scale = 1 + (z * z) / n
  return { low: Math.max(0, (middle - reach) / scale), high: Math.min(1, (middle + reach) / scale) }
}

function inMs(micros: number): number
function inMs(micros: number | null): number | null
function inMs(micros: number | null): number | null {
  return micros === null ? null : micros / 1000
}
