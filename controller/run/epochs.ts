import { firstEpoch, nextEpoch } from '../../core/plan/epoch.ts'
import type { Epoch, EpochPhase, RosterEntry } from '../../core/plan/plan.ts'
import { createSchedules } from '../../core/plan/schedules.ts'
import type { RunOrder } from './run-order.ts'

export function openingEpoch(order: RunOrder, roster: readonly RosterEntry[]): Epoch {
  return firstEpoch(order.test, order.plan, roster)
}

export function followingEpoch(
  order: RunOrder,
  previous: Epoch,
  change: {
    at: number
    cause: Epoch['cause']
    roster: readonly RosterEntry[]
    phases: ReadonlyMap<number, Partial<EpochPhase>>
  },
): Epoch {
  return nextEpoch(previous, change, createSchedules(order.test, order.seed))
}
