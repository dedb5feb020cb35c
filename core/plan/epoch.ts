import type { Schedule } from '../schedule/schedule.ts'
import type { LoadTest } from '../spec/load-test.ts'
import { allRatePieces, timeInEpoch } from './phase-time.ts'
import type { Epoch, EpochOrder, EpochPhase, Micros, RosterEntry, RunPlan } from './plan.ts'

export interface EpochChange {
  /** When the next epoch begins: a lead time ahead, later than the previous one. */
  readonly at: Micros
  readonly cause: Epoch['cause']
  readonly roster: readonly RosterEntry[]
  /** New instants of phases, by their index. */
  readonly phases?: ReadonlyMap<number, Partial<EpochPhase>>
  /** Undefined: as before. */
  readonly rateFactor?: number | undefined
  /** Undefined: as before. */
  readonly paused?: boolean | undefined
}

export function firstEpoch(_test: LoadTest, plan: RunPlan, roster: readonly RosterEntry[]): EpochOrder {
  return {
    number: 1,
    at: 0,
    cause: 'start',
    rateFactor: 1,
    pausedAt: null,
    roster,
    phases: plan.phases.map(({ startAt, endAt }) => ({ startAt, endAt, firstArrival: 0 })),
    pieces: plan.phases.map(() => []),
  }
}

/** The newest of a run's epochs as workers are told of it; undefined: there is none. */
export function newestOrder(epochs: readonly Epoch[]): EpochOrder | undefined {
  const epoch = epochs.at(-1)
  return epoch && { ...epoch, pieces: allRatePieces(epochs) }
}

/**
 * Arrivals intended before `at` stay with the epochs before it; those at or after it are the new epoch's. `schedules`: as phases were steered before it; up to
 * `at` they are the same as behind it.
 */
export function nextEpoch(
  previous: Epoch,
  change: EpochChange,
  schedules: readonly (Schedule | null)[],
): Epoch {
  const { at, cause, roster } = change
  const isPaused = change.paused ?? previous.pausedAt !== null
  const pausedAt = isPaused ? (previous.pausedAt ?? at) : null
  const phases = previous.phases.map((phase, index) => {
    const moved = { ...afterPause(previous, phase, pausedAt, at), ...change.phases?.get(index) }
    const begun = schedules[index]?.firstAtOrAfter(timeInEpoch({ pausedAt }, moved, at) / 1000) ?? 0
    return { ...moved, firstArrival: Math.max(phase.firstArrival, begun) }
  })
  const rateFactor = change.rateFactor ?? previous.rateFactor
  return { number: previous.number + 1, at, cause, rateFactor, pausedAt, roster, phases }
}

/** What was not over when the pause began goes on where it stood, and so much later. */
function afterPause(
  { pausedAt: since }: Epoch,
  phase: EpochPhase,
  pausedAt: Micros | null,
  at: Micros,
): EpochPhase {
  if (since === null || pausedAt !== null || phase.endAt <= since) return phase
  const later = at - since
  return { ...phase, startAt: phase.startAt + later, endAt: phase.endAt + later }
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
