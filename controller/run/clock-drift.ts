import { askClock } from './barrier.ts'
import type { CoordinatorState, Decision, Member } from './coordinator-state.ts'
import { atWork, keep, withMember } from './members.ts'
import { driftEveryMs } from './timing.ts'

/** While a run is under way, workers are asked for their clocks again: schedules are never slewed, so that a clock that drifts must be known. */
export function watchClocks(state: CoordinatorState, nowMs: number): Decision {
  const { startAtMs } = state
  if (state.stage !== 'running' || startAtMs === null) return keep(state)
  if (nowMs - (state.clocksAskedAtMs ?? startAtMs) < driftEveryMs) return keep(state)
  return keep(
    { ...state, clocksAskedAtMs: nowMs },
    ...atWork(state)
      .filter(({ status }) => status === 'armed')
      .map((member) => askClock(state, member)),
  )
}

/**
 * How far the worker's clock has gone from where it was before the start. Each of the two readings is uncertain by half its round trip; what does not
 * exceed twice that uncertainty is no drift.
 */
export function onLaterClock(
  state: CoordinatorState,
  member: Member,
  localMs: number,
  sentMs: number,
  nowMs: number,
): Decision {
  const movedMs = Math.abs(localMs - (sentMs + nowMs) / 2 - member.offsetMs)
  const uncertaintyMs = (nowMs - sentMs + member.roundTripMs) / 2
  if (movedMs <= Math.max(2 * uncertaintyMs, member.driftMs)) return keep(state)
  return keep(withMember(state, member.id, { driftMs: movedMs }))
}
