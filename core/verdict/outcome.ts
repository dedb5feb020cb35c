import type { Objective } from '../spec/load-test.ts'
import type { Generator } from './generator.ts'
import { bestAndWorst, type Doubt, holds, type Outcome } from './judged.ts'
import type { Reading } from './reading.ts'
import { overlap, type Seconds, secondsTouched } from './recorded-time.ts'
import { isLatency, type Scope } from './scope.ts'

/** Holds in the worst case, is broken in the best one, or neither. Strictly: of the confidence interval too. */
export function outcomeOf(objective: Objective, reading: Reading, strict: boolean): Outcome {
  const { best, worst } = bestAndWorst(objective, strict ? widened(reading) : reading)
  if (best === null || worst === null) return 'unknown'
  if (holds(objective, worst)) return 'pass'
  return holds(objective, best) ? 'unknown' : 'fail'
}

function widened({ low, high, interval }: Reading): Pick<Reading, 'low' | 'high'> {
  if (interval === null || low === null || high === null) return { low, high }
  return {
    low: Math.min(low, interval.low ?? 0),
    high: Math.max(high, interval.high ?? Number.POSITIVE_INFINITY),
  }
}

/** Why something broken in these seconds may be the generator's fault; null: it is not. */
export function excuseFor(
  generator: Pick<Generator, 'late' | 'busy'>,
  { metric }: Objective,
  scope: Scope,
  seconds: Seconds,
): Doubt | null {
  const wasAtFault = (stretch: Seconds): boolean =>
    overlap(stretch, seconds) &&
    scope.spans.some((span) => overlap(secondsTouched(span), clipped(stretch, seconds)))
  if (isLatency(metric) && generator.late.some(wasAtFault)) return 'late'
  const isSlowedByCpu = isLatency(metric) || metric.kind === 'rate'
  return scope.loop === 'closed' && isSlowedByCpu && generator.busy.some(wasAtFault) ? 'busy' : null
}

function clipped(a: Seconds, b: Seconds): Seconds {
  return { fromS: Math.max(a.fromS, b.fromS), toS: Math.min(a.toS, b.toS) }
}
