import type { ErrorCode } from '../error.ts'
import { cumulativeOf } from '../schedule/create-schedule.ts'
import { type RatePiece, steeredCumulative } from '../schedule/steered-cumulative.ts'
import type { LoadTest, OpenPhase } from '../spec/load-test.ts'
import { highestRate } from '../spec/quantity.ts'
import { peakFrom, peakOfRest } from './peak-rate.ts'
import { addPiece, phaseTime, ratePieces } from './phase-time.ts'
import type { Epoch, Micros } from './plan.ts'

/** Rates of the LoadTest times more than this are another LoadTest. */
export const mostRateFactor = 1_000

/** A limit on the sum of all rates side by side, per second; null: none. */
export interface RateRail {
  readonly allowed: number | null
  /** `the operator of worker w1` */
  readonly whose: string
}

export interface SteeringIssue {
  readonly code: ErrorCode & ('not-steerable' | 'not-allowed')
  readonly message: string
  readonly hint: string
}

/** Why the rates of a run cannot be these times as high from an instant on; null: they can, or are not to change. */
export function steeringIssue(
  test: LoadTest,
  epochs: readonly Epoch[],
  { rateFactor, at }: { readonly rateFactor?: number | undefined; readonly at: Micros },
  rails: readonly RateRail[],
): SteeringIssue | null {
  const newest = epochs.at(-1)
  if (rateFactor === undefined || newest === undefined) return null
  if (!(rateFactor >= 0 && rateFactor <= mostRateFactor))
    return {
      code: 'not-steerable',
      message: `a rate factor of ${rateFactor} is out of bounds`,
      hint: `Write a number from 0 to ${mostRateFactor.toLocaleString('en-US')}: 1 is the rate of the LoadTest.`,
    }
  const rest = test.load.flatMap((phase, index) => {
    const time = Math.max(0, phaseTime(epochs, index, at))
    return phase.loop === 'open' && time < phase.durationMs * 1000
      ? [{ phase, index, timeMs: time / 1000 }]
      : []
  })
  if (rest.length === 0)
    return {
      code: 'not-steerable',
      message: 'no phase with a rate is left, and users go at their own pace',
      hint: 'A rate factor changes phases with a `rate`. Pause the run, or stop it.',
    }
  const from = newest.pausedAt ?? at
  const peak = peakFrom(test, newest.phases, from)
  const highest = { allowed: highestRate, whose: 'breakwater' }
  // Of the LoadTest: no phase may go beyond it, whatever runs beside it.
  const ofTest = Math.max(...rest.map(({ phase, timeMs }) => peakOfRest(phase, timeMs)))
  const { maxRate } = test.limits
  if (maxRate !== null && rateFactor * ofTest > maxRate)
    return beyond(rateFactor, ofTest, maxRate, 'limits.maxRate of the LoadTest')
  for (const { allowed, whose } of [...rails, highest])
    if (allowed !== null && rateFactor * peak > allowed) return beyond(rateFactor, peak, allowed, whose)
  const crowded = rest.find(({ phase, index, timeMs }) => {
    const pieces = [...ratePieces(epochs, index)]
    addPiece(pieces, { fromMs: timeMs, factor: rateFactor })
    return areTooMany(phase, pieces)
  })
  if (crowded === undefined) return null
  return {
    code: 'not-steerable',
    message: `phase ${crowded.phase.name} would have too many random arrivals`,
    hint: 'Lower the factor, or write `arrivals: uniform`.',
  }
}

/** A random process keeps a table of its blocks, which are as long as the phase as it was written needs them. */
function areTooMany(phase: OpenPhase, pieces: readonly RatePiece[]): boolean {
  if (phase.arrivals !== 'poisson') return false
  const asWritten = cumulativeOf(phase.rate, phase.durationMs)
  return steeredCumulative(asWritten, pieces).total > 4 * Math.max(2 ** 30, asWritten.total)
}

/** `peak`: with factor 1. */
function beyond(factor: number, peak: number, allowed: number, whose: string): SteeringIssue {
  return {
    code: 'not-allowed',
    message: `the rate would go up to ${rounded(factor * peak)}/s, and ${whose} allows ${rounded(allowed)}/s`,
    hint: `Write a factor of ${Math.floor((1000 * allowed) / peak) / 1000} at most, or ask for more.`,
  }
}

function rounded(value: number): string {
  return String(Number(value.toPrecision(6)))
}
