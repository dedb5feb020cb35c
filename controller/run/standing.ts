import { newestOrder } from '../../core/plan/epoch.ts'
import type { StandingReply, StandingRequest } from '../../proto/messages.ts'
import type { CoordinatorState, Decision } from './coordinator-state.ts'
import { heard, isAtWork, keep } from './members.ts'

/** A worker asks whether its share is still its own: who asks is there, unless it was replaced. */
export function onStandingAsked(
  state: CoordinatorState,
  request: Pick<StandingRequest, 'worker' | 'incarnation'> & { readonly nowMs: number },
): Decision {
  return keep(isMember(state, request) ? heard(state, request.worker, request.nowMs) : state)
}

/** As it is once {@link onStandingAsked} has been decided. */
export function standingOf(state: CoordinatorState, request: StandingRequest): StandingReply {
  return {
    term: state.order.term,
    standing: isMember(state, request) ? 'member' : 'replaced',
    epochs: state.epochs.flatMap(({ number }, index) =>
      number > request.epoch ? (newestOrder(state.epochs.slice(0, index + 1)) ?? []) : [],
    ),
  }
}

function isMember(
  { members }: CoordinatorState,
  { worker, incarnation }: Pick<StandingRequest, 'worker' | 'incarnation'>,
): boolean {
  const member = members.get(worker)
  if (member === undefined || member.incarnation !== incarnation) return false
  return isAtWork(member) || member.status === 'final'
}
