import type { OpenPhase, RateShape } from '../spec/load-test.ts'
import { type Cumulative, countTolerance } from './cumulative.ts'
import { linearCumulative } from './linear-cumulative.ts'
import { createPointProcess, type PointProcess } from './point-process.ts'
import type { Schedule } from './schedule.ts'
import { sineCumulative } from './sine-cumulative.ts'
import { type RatePiece, steeredCumulative } from './steered-cumulative.ts'

/**
 * Arrival n of an open phase starts at Λ⁻¹(n), or with `arrivals: poisson` at Λ⁻¹ of the n-th point of a unit-rate process that follows from
 * (seed, phaseIndex). `phaseIndex` counts all phases of the LoadTest. `pieces`: how it was steered since.
 */
export function createSchedule(
  phase: OpenPhase,
  seed: number,
  phaseIndex: number,
  pieces: readonly RatePiece[] = [],
): Schedule {
  const asWritten = cumulativeOf(phase.rate, phase.durationMs)
  const cumulative = pieces.length === 0 ? asWritten : steeredCumulative(asWritten, pieces)
  switch (phase.arrivals) {
    case 'uniform':
      return uniformSchedule(cumulative)
    case 'poisson':
      return poissonSchedule(cumulative, createPointProcess(seed, phaseIndex, asWritten.total))
    default:
      return phase.arrivals satisfies never
  }
}

export function cumulativeOf(rate: RateShape, durationMs: number): Cumulative {
  switch (rate.kind) {
    case 'linear':
      return linearCumulative(rate.points)
    case 'sine':
      return sineCumulative(rate, durationMs)
    default:
      return rate satisfies never
  }
}

function uniformSchedule(cumulative: Cumulative): Schedule {
  const planned = Math.max(0, Math.ceil(cumulative.total - countTolerance))
  const startOf = (arrival: number) => (arrival < planned ? cumulative.inverse(arrival) : undefined)
  return schedule(cumulative, planned, startOf, (expected) => Math.ceil(expected))
}

function poissonSchedule(cumulative: Cumulative, process: PointProcess): Schedule {
  const planned = process.countBelow(cumulative.total)
  const startOf = (arrival: number) =>
    arrival < planned ? cumulative.inverse(process.point(arrival)) : undefined
  return schedule(cumulative, planned, startOf, (expected) => process.countBelow(expected))
}

function schedule(
  cumulative: Cumulative,
  planned: number,
  startOf: (arrival: number) => number | undefined,
  /** About how many arrivals start before Λ has reached this; rounding may put it off by a few. */
  countBelow: (expected: number) => number,
): Schedule {
  return {
    planned,
    durationMs: cumulative.durationMs,
    startOf,
    rateAt: cumulative.rateAt,
    expectedBefore: cumulative.before,
    firstAtOrAfter(timeMs) {
      if (!(timeMs > 0)) return 0
      if (timeMs >= cumulative.durationMs) return planned
      let first = Math.min(planned, countBelow(cumulative.before(timeMs)))
      while (first > 0 && (startOf(first - 1) as number) >= timeMs) first--
      while (first < planned && (startOf(first) as number) < timeMs) first++
      return first
    },
  }
}
