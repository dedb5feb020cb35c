import { createMix } from '../plan/mix.ts'
import { arrivalScenario } from '../scenario/arrival-scenario.ts'
import { firstArrivalAt, plannedNow } from './current-plan.ts'
import { cutSecond, microsPerSecond, type Seconds } from './recorded-time.ts'
import type { RunRecord } from './run-record.ts'
import type { Scope } from './scope.ts'

/**
 * Arrivals planned in a scope of open phases, by their intended start within whole seconds. Those of a scenario are counted one by one: which
 * scenario an arrival takes follows from its number. What the run's ordered end left unstarted was not planned any more.
 */
export function plannedArrivals(record: RunRecord, scope: Scope): (seconds: Seconds) => number {
  const cut = cutSecond(record)
  const counters = scope.phases.map((phase) => {
    const count = countIn(record, scope, phase)
    const firstAt = (second: number): number =>
      second === Number.POSITIVE_INFINITY
        ? plannedNow(record, phase)
        : firstArrivalAt(record, phase, second * microsPerSecond)
    return ({ fromS, toS }: Seconds): number => count(firstAt(fromS), firstAt(Math.min(toS, cut)))
  })
  return (seconds) => counters.reduce((sum, count) => sum + count(seconds), 0)
}

/** How many of the arrivals from ≤ n < to are in scope. */
function countIn(record: RunRecord, scope: Scope, phase: number): (from: number, to: number) => number {
  const { shares } = createMix(record.test, record.test.load[phase] ?? { mix: null })
  if (shares.every(({ scenario }) => scope.most[scenario]?.iterations === 1)) {
    return (from, to) => Math.max(0, to - from)
  }
  const scenarioOf = arrivalScenario(record.test, record.plan.seed, phase)
  return (from, to) => {
    let count = 0
    for (let n = from; n < to; n++) if (scope.most[scenarioOf(n)]?.iterations === 1) count++
    return count
  }
}
