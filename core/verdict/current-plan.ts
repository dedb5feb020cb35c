import { allRatePieces, epochAt, timeInEpoch } from '../plan/phase-time.ts'
import type { Epoch, Micros } from '../plan/plan.ts'
import { createSchedules } from '../plan/schedules.ts'
import type { Schedule } from '../schedule/schedule.ts'
import type { RunRecord } from './run-record.ts'

type Planned = Pick<RunRecord, 'test' | 'plan' | 'epochs'>

/** Made once per list of epochs: a Poisson process is walked to be counted. */
const made = new WeakMap<readonly Epoch[], readonly (Schedule | null)[]>()

/** By phase, as the run is steered by its newest epoch; null for closed ones. */
export function currentSchedules({ test, plan, epochs }: Planned): readonly (Schedule | null)[] {
  const known = made.get(epochs)
  if (known !== undefined) return known
  const schedules = createSchedules(test, plan.seed, allRatePieces(epochs))
  made.set(epochs, schedules)
  return schedules
}

/**
 * Arrivals of a phase by the current plan; `plan.phases[phase].planned` are those at the start. 0 for closed phases. Those of epochs before are part of it,
 * should the tolerance of a count say otherwise.
 */
export function plannedNow(record: Planned, phase: number): number {
  const planned = record.plan.phases[phase]?.planned ?? 0
  const isSteered = record.epochs.some(({ rateFactor }) => rateFactor !== 1)
  if (!isSteered) return planned
  const begun = record.epochs.at(-1)?.phases[phase]?.firstArrival ?? 0
  return Math.max(begun, currentSchedules(record)[phase]?.planned ?? 0)
}

/** The first arrival that is intended at or after an instant, by the epoch then in force; a pause moves none. */
export function firstArrivalAt(record: Planned, phase: number, at: Micros): number {
  const epoch = epochAt(record.epochs, at)
  const times = epoch?.phases[phase]
  if (epoch === undefined || times === undefined) return 0
  return currentSchedules(record)[phase]?.firstAtOrAfter(timeInEpoch(epoch, times, at) / 1000) ?? 0
}
