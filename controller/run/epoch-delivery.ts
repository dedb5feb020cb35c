import { newestOrder } from '../../core/plan/epoch.ts'
import type { EpochOrder } from '../../core/plan/plan.ts'
import type { WorkerCommand } from '../../proto/messages.ts'
import type { CoordinatorAction, CoordinatorState, Decision, Member } from './coordinator-state.ts'
import { atWork, fence, keep, send, withMember } from './members.ts'
import { commandTimeoutMs } from './timing.ts'

/**
 * Every worker enters every epoch, in order: an arrival belongs to its owner in the epoch in which it is due, and who left one out would leave arrivals to
 * nobody.
 */
export function tellNewestEpoch(state: CoordinatorState): readonly CoordinatorAction[] {
  const epoch = newestOrder(state.epochs)
  if (epoch === undefined) return []
  // One object for all of them: it is written to bytes once.
  return atWork(state)
    .filter(({ status }) => status === 'armed')
    .map((member) => epochCommand(state, member, epoch))
}

/** What the member may not have heard of, the oldest first. */
export function unconfirmedEpochs(state: CoordinatorState, member: Member): readonly CoordinatorAction[] {
  return state.epochs
    .filter(({ number }) => number > Math.max(1, member.epoch))
    .flatMap(({ number }) => {
      const epoch = newestOrder(state.epochs.filter((known) => known.number <= number))
      return epoch === undefined ? [] : [epochCommand(state, member, epoch)]
    })
}

export function onEpochConfirmed(state: CoordinatorState, member: Member, number: number): Decision {
  return number <= member.epoch ? keep(state) : keep(withMember(state, member.id, { epoch: number }))
}

/**
 * With the fence as it is now: a worker that has heard of a later epoch takes none of an older one. Whoever did not answer at once may be slow, and is given
 * its time.
 */
export function sendAgain(state: CoordinatorState, member: Member, command: WorkerCommand): Decision {
  if (command.type === 'epoch' && command.epoch.number <= member.epoch) return keep(state)
  const sent = send(member, { ...command, fence: fence(state) })
  return keep(state, { ...sent, timeoutMs: Math.max(sent.timeoutMs, commandTimeoutMs) })
}

function epochCommand(state: CoordinatorState, member: Member, epoch: EpochOrder): CoordinatorAction {
  return send(member, { type: 'epoch', run: state.order.run, fence: fence(state), epoch })
}
