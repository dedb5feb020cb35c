import { newestOrder } from '../../core/plan/epoch.ts'
import type { EpochOrder } from '../../core/plan/plan.ts'
import type { CommandReply, WorkerCommand, WorkerHello } from '../../proto/messages.ts'
import { askClock, prepareCommand } from './barrier.ts'
import type { CoordinatorAction, CoordinatorState, Decision, Member } from './coordinator-state.ts'
import { onEpochConfirmed, unconfirmedEpochs } from './epoch-delivery.ts'
import {
  atWork,
  candidateOf,
  dismiss,
  fence,
  isSharing,
  keep,
  lack,
  send,
  withDuty,
  withMember,
} from './members.ts'
import { advance, leadFrom } from './succession.ts'
import { clockRounds, lossMs } from './timing.ts'

/** Workers that come to a run which is under way, and those that are given a share or have it taken while it is. */

/** Nobody needs to be told of more. */
const mostToldOf = 1_000

/** There is load left that could be shared. */
function hasLoadLeft({ stage, ending, epochs, startAtMs }: CoordinatorState, nowMs: number): boolean {
  const newest = epochs.at(-1)
  if (stage !== 'running' || ending !== null || newest === undefined || startAtMs === null) return false
  const at = leadFrom(startAtMs, nowMs)
  return newest.pausedAt !== null || newest.phases.some(({ endAt }) => endAt > at)
}

/** A worker is there that is not of this run. */
export function onStranger(state: CoordinatorState, hello: WorkerHello, nowMs: number): Decision {
  const { id, incarnation } = hello
  if (hello.state !== 'idle' || hello.halt !== undefined || !hasLoadLeft(state, nowMs)) return keep(state)
  const known = state.members.get(id)
  if (known !== undefined) {
    // Its name stands for what the process before it did.
    return passOver(state, hello, 'a worker of that name was in the run before; give it another --id')
  }
  if (state.passedOver.includes(incarnation)) return keep(state)
  if (lack(state) <= 0) {
    if (state.wanted !== null || state.order.test.workers.grow) return keep(state)
    return passOver(state, hello, 'the LoadTest has no workers.grow, and nobody asked for more workers')
  }
  const member: Member = { ...candidateOf(hello, nowMs), status: 'preparing', duty: 'joining' }
  const next: CoordinatorState = { ...state, members: new Map(state.members).set(id, member) }
  const said: CoordinatorAction = { type: 'say', event: { kind: 'joining', worker: id } }
  return keep(next, said, send(member, prepareCommand(next, next.order)))
}

function passOver(state: CoordinatorState, { id, incarnation }: WorkerHello, why: string): Decision {
  const { toldOf } = state
  if (toldOf.includes(incarnation) || toldOf.length >= mostToldOf) return keep(state)
  const next = { ...state, toldOf: [...toldOf, incarnation] }
  return keep(next, { type: 'say', event: { kind: 'passed-over', worker: id, why } })
}

/** What a joining worker says on its way from `prepare` to `arm`. */
export function onRecruitReply(
  state: CoordinatorState,
  member: Member,
  { command, reply, sentMs, nowMs }: RecruitReply,
): Decision {
  if (!hasLoadLeft(state, nowMs)) return dismiss(state, [member.id], 'the load was over before it was ready')
  if (reply.type === 'refused') {
    const isOlder = reply.code === 'stale-fence' && command.fence.epoch < fence(state).epoch
    if (isOlder) return keep(state, send(member, { ...command, fence: fence(state) }))
    if (reply.code === 'missed-epoch') return keep(state, ...unconfirmedEpochs(state, member))
    return dismiss(state, [member.id], `it could not ${command.type} the run: ${reply.message}`)
  }
  if (reply.type !== 'ok') return keep(state)
  switch (command.type) {
    case 'prepare': {
      if (member.status !== 'preparing') return keep(state)
      const next = withMember(state, member.id, { status: 'ready', threads: reply.threads, clock: [] })
      return keep(next, askClock(next, member))
    }
    case 'clock': {
      if (member.status !== 'ready' || member.clock.length >= clockRounds) return keep(state)
      const sample = { offsetMs: reply.localMs - (sentMs + nowMs) / 2, roundTripMs: nowMs - sentMs }
      const clock = [...member.clock, sample]
      const { offsetMs, roundTripMs } = clock.reduce((a, b) => (b.roundTripMs < a.roundTripMs ? b : a))
      const next = withMember(state, member.id, { clock, offsetMs, roundTripMs })
      if (clock.length < clockRounds) return keep(next, askClock(next, member))
      return keep(next, armCommand(next, member, offsetMs))
    }
    case 'arm': {
      const next = withMember(state, member.id, { status: 'armed', epoch: command.epoch.number })
      return keep(next, ...unconfirmedEpochs(next, next.members.get(member.id) ?? member))
    }
    case 'epoch':
      return onEpochConfirmed(state, member, command.epoch.number)
    default:
      return keep(state)
  }
}

interface RecruitReply {
  readonly command: WorkerCommand
  readonly reply: CommandReply
  readonly sentMs: number
  readonly nowMs: number
}

/** With the newest epoch, in which it has no share. */
function armCommand(state: CoordinatorState, member: Member, offsetMs: number): CoordinatorAction {
  return send(member, {
    type: 'arm',
    run: state.order.run,
    fence: fence(state),
    startLocalMs: (state.startAtMs ?? 0) + offsetMs,
    epoch: newestOrder(state.epochs) as EpochOrder,
    setup: state.once.setup?.values ?? {},
  })
}

/** By how many there are to be, gives a share to those who are ready for one, or takes it from the last of them. */
export function matchWanted(state: CoordinatorState, nowMs: number): Decision {
  if (!hasLoadLeft(state, nowMs)) return keep(state)
  const missing = lack(state)
  if (missing < 0) return shrink(state, -missing, nowMs)
  const joined = atWork(state).filter(({ duty, status }) => duty === 'joining' && status === 'armed')
  const waiting = atWork(state)
    .filter(({ duty, status }) => duty === 'standby' && status === 'armed')
    .slice(0, Math.min(missing, atWork(state).length))
  const taken = [...joined, ...waiting].filter(({ heardAtMs }) => nowMs - heardAtMs <= lossMs)
  if (taken.length === 0) return keep(state)
  return advance(withDuty(state, taken, 'share'), {
    cause: 'joined',
    at: leadFrom(state.startAtMs ?? nowMs, nowMs),
  })
}

/** Those that are joining first, then the last by name; whoever is armed stays so, to be taken in again at once. */
function shrink(state: CoordinatorState, by: number, nowMs: number): Decision {
  const joining = atWork(state)
    .filter(({ duty }) => duty === 'joining')
    .slice(0, by)
  const isArmed = ({ status }: Member) => status === 'armed'
  const turnedAway = dismiss(
    withDuty(state, joining.filter(isArmed), 'standby'),
    joining.filter((member) => !isArmed(member)).map(({ id }) => id),
    'fewer workers are wanted now',
    'may be asked again',
  )
  const sharing = atWork(turnedAway.state)
    .filter(isSharing)
    .sort((a, b) => (a.id < b.id ? 1 : -1))
  const taken = sharing.slice(0, Math.min(by - joining.length, sharing.length - 1))
  if (taken.length === 0) return turnedAway
  const at = leadFrom(state.startAtMs ?? nowMs, nowMs)
  const { state: next, actions } = advance(withDuty(turnedAway.state, taken, 'standby'), {
    cause: 'steer',
    at,
  })
  return keep(next, ...turnedAway.actions, ...actions)
}
