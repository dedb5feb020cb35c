import type { Schedule } from '../schedule/schedule.ts'
import type { LoadTest } from '../spec/load-test.ts'
import type { Epoch, EpochPhase, Micros, RosterEntry, RunPlan } from './plan.ts'

export interface EpochChange {
  /** When the next epoch begins: a lead time ahead, later than the previous one. */
  readonly at: Micros
  readonly cause: Epoch['cause']
  readonly roster: readonly RosterEntry[]
  /** New instants of phases, by their index. */
  readonly phases?: ReadonlyMap<number, Partial<EpochPhase>>
}

export function firstEpoch(_test: LoadTest, plan: RunPlan, roster: readonly RosterEntry[]): Epoch {
  return {
    number: 1,
    at: 0,
    cause: 'start',
    roster,
    phases: plan.phases.map(({ startAt, endAt }) => ({ startAt, endAt, firstArrival: 0 })),
  }
}

/** Arrivals intended before `at` stay with the epochs before it; those at or after it are the new epoch's. */
export function nextEpoch(
  previous: Epoch,
  change: EpochChange,
  schedules: readonly (Schedule | null)[],
): Epoch {
  const phases = previous.phases.map((phase, index) => {
    const moved = { ...phase, ...change.phases?.get(index) }
    const begun = schedules[index]?.firstAtOrAfter((change.at - moved.startAt) / 1000) ?? 0
    return { ...moved, firstArrival: Math.max(phase.firstArrival, begun) }
  })
  return { number: previous.number + 1, at: change.at, cause: change.cause, roster: change.roster, phases }
}

/**
 * The instants that change when a phase is done before its time: its own end, and where it is one of those that follow each other, the start and end of all
 * that come after it. Phases with an `at` of their own stay. Empty where it was over anyway.
 */
export function endEarly(
  test: LoadTest,
  epoch: Epoch,
  done: number,
  at: Micros,
): ReadonlyMap<number, Partial<EpochPhase>> {
  const changes = new Map<number, Partial<EpochPhase>>()
  const phase = epoch.phases[done] as EpochPhase
  const earlier = phase.endAt - Math.max(at, phase.startAt)
  if (earlier <= 0) return changes
  changes.set(done, { endAt: phase.endAt - earlier })
  if (test.load[done]?.atMs !== null) return changes
  for (const [index, { startAt, endAt }] of epoch.phases.entries()) {
    if (index <= done || test.load[index]?.atMs !== null) continue
    changes.set(index, { startAt: startAt - earlier, endAt: endAt - earlier })
  }
  return changes
}
