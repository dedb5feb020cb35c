import { type EpochChange, firstEpoch, nextEpoch } from '../../core/plan/epoch.ts'
import { allRatePieces } from '../../core/plan/phase-time.ts'
import type { Epoch, RosterEntry } from '../../core/plan/plan.ts'
import { createSchedules } from '../../core/plan/schedules.ts'
import type { RunOrder } from './run-order.ts'

export function openingEpoch(order: RunOrder, roster: readonly RosterEntry[]): Epoch {
  return firstEpoch(order.test, order.plan, roster)
}

/** Undefined: none has begun. */
export function followingEpoch(
  order: RunOrder,
  epochs: readonly Epoch[],
  change: EpochChange,
): Epoch | undefined {
  const previous = epochs.at(-1)
  const schedules = createSchedules(order.test, order.seed, allRatePieces(epochs))
  return previous && nextEpoch(previous, change, schedules)
}
