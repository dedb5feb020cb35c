import { firstEpoch, nextEpoch } from '../../core/plan/epoch.ts'
import type { Epoch, EpochPhase, RosterEntry } from '../../core/plan/plan.ts'
import { createSchedule } from '../../core/schedule/create-schedule.ts'
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
  const schedules = order.test.load.map((phase, index) =>
    phase.loop === 'open' ? createSchedule(phase, order.seed, index) : null,
  )
  return nextEpoch(previous, change, schedules)
}
