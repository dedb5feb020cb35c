import type { WorkerState } from '../../proto/messages.ts'
import { armCommands, askClock, prepareCommand } from './barrier.ts'
import type { CoordinatorAction, CoordinatorState, Decision, Member } from './coordinator-state.ts'
import { unconfirmedEpochs } from './epoch-delivery.ts'
import { atWork, close, fence, keep, send, withDuty, withMember } from './members.ts'
import { performAgain } from './once-stages.ts'
import { shiftClock } from './saved-run.ts'
import { closeIfDone, followLoss, lose } from './succession.ts'
import { clockRounds } from './timing.ts'

/** A start that is nearer than this is not waited for by a process that has just begun. */
const armingMs = 300

/**
 * A run that another process began, in the term of `state.order`. Its instants are on this process's clock already, as well as the wall clocks can tell; the
 * workers' clocks tell better while the load goes on.
 */
export function resumeRun(before: CoordinatorState, nowMs: number): Decision {
  const members = new Map(
    [...before.members].map(([id, member]): [string, Member] => [
      id,
      { ...member, heardAtMs: nowMs, clock: [] },
    ]),
  )
  const state: CoordinatorState = {
    ...before,
    members,
    beganAtMs: nowMs,
    tickedAtMs: nowMs,
    clocksAskedAtMs: null,
    connected: true,
  }
  const { state: next, actions } = takeUp(state, nowMs)
  const workers = atWork(next).map(({ id }) => id)
  const said: CoordinatorAction = { type: 'say', event: { kind: 'resumed', term: state.order.term, workers } }
  return keep(next, said, ...actions)
}

function takeUp(state: CoordinatorState, nowMs: number): Decision {
  switch (state.stage) {
    case 'gathering':
      // Nobody was told of the run yet.
      return keep({ ...state, members: new Map() })
    case 'preparing':
    case 'clocking':
      return prepareAgain(state)
    case 'setup':
    case 'teardown':
      return performAgain(state)
    case 'arming': {
      const { startAtMs } = state
      if (startAtMs === null || startAtMs - nowMs < armingMs) return rejoin(state)
      return keep(state, ...armCommands(state, startAtMs))
    }
    case 'rejoining':
    case 'running':
      return rejoin(state)
    case 'closed':
      return close(state)
    default:
      return state.stage satisfies never
  }
}

/** Who is prepared already says so at once. */
function prepareAgain(state: CoordinatorState): Decision {
  let next: CoordinatorState = { ...state, stage: 'preparing' }
  for (const { id } of atWork(state)) next = withMember(next, id, { status: 'preparing' })
  return keep(next, ...atWork(next).map((member) => send(member, prepareCommand(next, next.order))))
}

/** Who was on the way to a share begins anew, if that is still wanted; who had come to the end of that way stands by. */
function rejoin(before: CoordinatorState): Decision {
  const joining = atWork(before).filter(({ duty }) => duty === 'joining')
  const ready = joining.filter(({ status }) => status === 'armed')
  const members = new Map(before.members)
  for (const { id, status } of joining) if (status !== 'armed') members.delete(id)
  const state = withDuty({ ...before, members }, ready, 'standby')
  const { run } = state.order
  const release = joining
    .filter(({ status }) => status !== 'armed')
    .map((member) => send(member, { type: 'release', run, fence: fence(state) }))
  const next: CoordinatorState = { ...state, stage: 'rejoining' }
  return keep(next, ...release, ...atWork(next).map((member) => askClock(next, member)))
}

export function onRejoinClock(
  state: CoordinatorState,
  member: Member,
  reply: { state: WorkerState; localMs: number; sentMs: number; nowMs: number },
): Decision {
  const { localMs, sentMs, nowMs } = reply
  if (reply.state === 'preparing' || reply.state === 'ready') {
    const gone = lose(state, [member.id], 'failed', 'it was not told in time when to start', nowMs)
    const abort = send(member, { type: 'abort', run: state.order.run, fence: fence(state) })
    const settled = settleIfAllRejoined(gone.state, nowMs)
    return keep(settled.state, abort, ...gone.actions, ...settled.actions)
  }
  const sample = { offsetMs: localMs - (sentMs + nowMs) / 2, roundTripMs: nowMs - sentMs }
  const next = withMember(state, member.id, { clock: [...member.clock, sample] })
  if (member.clock.length + 1 < clockRounds) return keep(next, askClock(next, member))
  return settleIfAllRejoined(next, nowMs)
}

/** Every worker has told its clock, or is lost: the run goes on. */
export function settleIfAllRejoined(state: CoordinatorState, nowMs: number): Decision {
  const here = atWork(state)
  if (state.stage !== 'rejoining' || here.some(({ clock }) => clock.length < clockRounds)) return keep(state)
  let next: CoordinatorState = { ...shiftClock(state, behindMs(here)), stage: 'running' }
  for (const { id } of here) next = withMember(next, id, { status: 'armed' })
  const lost = [...next.members.values()].filter(
    ({ lostAtMs }) => lostAtMs !== null && lostAtMs >= state.beganAtMs,
  )
  const orders = [...epochsAgain(next), ...endingAgain(next)]
  if (lost.length === 0) {
    const closed = closeIfDone(next, nowMs)
    return keep(closed.state, ...orders, ...closed.actions)
  }
  const cause = lost.every(({ status }) => status === 'left') ? 'left' : 'lost'
  const followed = followLoss(
    next,
    lost.map(({ id }) => id),
    cause,
    nowMs,
  )
  return keep(followed.state, ...orders, ...followed.actions)
}

/** Every worker knows the start instant on its own clock, whatever clocks controllers have: by how much this one's idea of it is too early. */
function behindMs(members: readonly Member[]): number {
  let best: { readonly byMs: number; readonly roundTripMs: number } | null = null
  for (const { clock, offsetMs } of members) {
    for (const sample of clock) {
      if (best === null || sample.roundTripMs < best.roundTripMs)
        best = { byMs: offsetMs - sample.offsetMs, roundTripMs: sample.roundTripMs }
    }
  }
  return best?.byMs ?? 0
}

/** They were decided, but nobody knows whom they have reached. */
function epochsAgain(state: CoordinatorState): readonly CoordinatorAction[] {
  return atWork(state).flatMap((member) => unconfirmedEpochs(state, member))
}

function endingAgain(state: CoordinatorState): readonly CoordinatorAction[] {
  const { ending, order } = state
  if (ending === null) return []
  return atWork(state).map((member) =>
    send(member, { type: ending.mode, run: order.run, fence: fence(state) }),
  )
}
