import type { LoadTest, Scenario } from '../spec/load-test.ts'
import { mostSideBySide } from './in-flight.ts'
import { createMix } from './mix.ts'
import type { RunPlan } from './plan.ts'
import { requestCount } from './request-count.ts'

/** What one worker with one thread can do on a machine, measured there with plain GETs. */
export interface Calibration {
  /** Requests per second of a closed loop. */
  readonly closedPerSecond: number
  /** The highest rate of an open loop that was tried and kept, with pacer lag (p99) within the limit. */
  readonly openPerSecond: number
  readonly cores: number
}

/** One rate that was tried. */
export interface RateLevel {
  readonly perSecond: number
  /** p99 of each second, ms; null: nothing was sent in it. */
  readonly pacerLagMs: readonly (number | null)[]
}

/** What speaks against the generator (verdict/generator.ts). */
export const lateMs = 5
/** What is planned for a thread, of what it can do: threads above 80 % CPU are warned of. */
const headroom = 0.8

/** Late in each of its seconds: one alone may have met a pause of the machine. A second in which nothing was sent is late. */
export function isLate({ pacerLagMs }: RateLevel): boolean {
  return pacerLagMs.every((ms) => ms === null || ms > lateMs)
}

/**
 * The highest level that was on time; null: none was. What came late below it met something else on the machine: a generator that is over its limit
 * does not catch up at a higher rate.
 */
export function highestOnTime(levels: readonly RateLevel[]): RateLevel | null {
  return levels.findLast((level) => !isLate(level)) ?? null
}

/** Highest rate of requests that open phases ask for, per second; what depends on answers counts with the least. */
export function peakRequestRate(test: LoadTest, plan: RunPlan): number {
  return mostSideBySide(plan, ({ index, peakRate }) => {
    const phase = test.load[index]
    if (phase?.loop !== 'open') return 0
    const perIteration = createMix(test, phase).shares.reduce((sum, { scenario, share }) => {
      const { onStart, steps } = test.scenarios[scenario] as Scenario
      const { expected, least } = requestCount([...onStart, ...steps])
      return sum + share * (expected ?? least)
    }, 0)
    return peakRate * perIteration
  })
}

/** Requests per second that so many threads keep on such a machine. */
export function capacityOf({ openPerSecond, cores }: Calibration, threads: number): number {
  return openPerSecond * Math.min(threads, cores)
}

/** Workers of this machine for a rate of requests: enough to keep it with some headroom, one per core at most. */
export function workersFor(requestsPerSecond: number, { openPerSecond, cores }: Calibration): number {
  const wanted = Math.ceil(requestsPerSecond / (headroom * openPerSecond))
  return Math.min(Math.max(1, wanted), Math.max(1, cores))
}

/** Workers of a run whose workers are all of this machine; without a calibration `auto` is one. */
export function localWorkers(test: LoadTest, plan: RunPlan, calibration: Calibration | null): number {
  const { count } = test.workers
  if (count !== 'auto') return count ?? 1
  return calibration === null ? 1 : workersFor(peakRequestRate(test, plan), calibration)
}
