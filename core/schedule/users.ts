import type { ClosedPhase } from '../spec/load-test.ts'

/**
 * Users of a closed phase are numbered from 0. Going from one number to another, they join (or leave, the highest number first) one by one and evenly: the
 * k-th change of d = |to − from| is at k·over/d, so the first comes one step after the start and the last at the end of the ramp.
 * With over = 0 there are `to` users at once.
 */
export function usersAt(phase: ClosedPhase, timeMs: number): number {
  if (!(timeMs >= 0 && timeMs < phase.durationMs)) return 0
  const { from, to, overMs } = phase.users
  if (overMs === 0) return to
  const changes = Math.abs(to - from)
  let done = Math.min(changes, Math.floor((changes * timeMs) / overMs))
  while (done > 0 && changeAt(phase, done) > timeMs) done--
  while (done < changes && changeAt(phase, done + 1) <= timeMs) done++
  return to > from ? from + done : from - done
}

/** When user number `user` joins, ms since the phase began; undefined: never. */
export function userStart(phase: ClosedPhase, user: number): number | undefined {
  const { from, to, overMs } = phase.users
  if (user < (overMs === 0 ? to : from)) return 0
  if (user >= to || overMs === 0) return undefined
  const startMs = changeAt(phase, user - from + 1)
  return startMs < phase.durationMs ? startMs : undefined
}

/** When a user that joins leaves again: no iteration of its starts from then on. ms since the phase began. */
export function userStop(phase: ClosedPhase, user: number): number {
  const { from, to, overMs } = phase.users
  if (user < to || overMs === 0) return phase.durationMs
  return Math.min(changeAt(phase, from - user), phase.durationMs)
}

/** Most users at once. Users 0 … peak − 1 take part at some time. */
export function peakUsers(phase: ClosedPhase): number {
  const { from, to, overMs } = phase.users
  if (overMs === 0) return to
  if (from >= to || phase.durationMs === 0) return from
  let peak = to
  while (peak > from && changeAt(phase, peak - from) >= phase.durationMs) peak--
  return peak
}

function changeAt(phase: ClosedPhase, change: number): number {
  const { from, to, overMs } = phase.users
  return (overMs * change) / Math.abs(to - from)
}
