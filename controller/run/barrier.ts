import { newestOrder } from '../../core/plan/epoch.ts'
import type { WorkerCommand } from '../../proto/messages.ts'
import type { CoordinatorAction, CoordinatorState, Decision, Member } from './coordinator-state.ts'
import { openingEpoch } from './epochs.ts'
import { atWork, fence, keep, roster, send, withMember } from './members.ts'
import type { RunOrder } from './run-order.ts'
import { armMs, clockRounds } from './timing.ts'

export function prepareAll(state: CoordinatorState, count: number): Decision {
  const { order } = state
  const chosen = [...state.members.values()].sort((a, b) => (a.id < b.id ? -1 : 1)).slice(0, count)
  const members = new Map(chosen.map((m): [string, Member] => [m.id, { ...m, status: 'preparing' }]))
  const next: CoordinatorState = { ...state, stage: 'preparing', members }
  return {
    state: next,
    actions: [
      { type: 'say', event: { kind: 'preparing', workers: chosen.map((m) => m.id) } },
      ...chosen.map((m) => send(m, prepareCommand(next, order))),
    ],
  }
}

export function prepareCommand(state: CoordinatorState, order: RunOrder): WorkerCommand {
  const { run, test, seed, files, threads, pace, engine, secrets } = order
  return { type: 'prepare', run, fence: fence(state), test, seed, files, threads, pace, engine, secrets }
}

export function askClock(state: CoordinatorState, member: Member): CoordinatorAction {
  return send(member, { type: 'clock', run: state.order.run, fence: fence(state) })
}

export function onClock(
  state: CoordinatorState,
  member: Member,
  localMs: number,
  sentMs: number,
  nowMs: number,
): Decision {
  const roundTripMs = nowMs - sentMs
  const clock = [...member.clock, { offsetMs: localMs - (sentMs + nowMs) / 2, roundTripMs }]
  const best = clock.reduce((a, b) => (b.roundTripMs < a.roundTripMs ? b : a))
  const next = withMember(state, member.id, { clock, offsetMs: best.offsetMs, roundTripMs: best.roundTripMs })
  if (clock.length < clockRounds) return keep(next, askClock(next, member))
  const said: CoordinatorAction = {
    type: 'say',
    event: { kind: 'clock', worker: member.id, offsetMs: best.offsetMs, roundTripMs: best.roundTripMs },
  }
  if (next.stage !== 'clocking' || atWork(next).some((m) => m.clock.length < clockRounds))
    return keep(next, said)
  const armed = armAll(next, nowMs)
  return keep(armed.state, said, ...armed.actions)
}

export function armAll(state: CoordinatorState, nowMs: number): Decision {
  const members = atWork(state)
  const slowest = Math.max(...members.map((m) => m.roundTripMs))
  const startAtMs = nowMs + Math.max(2_000, 4 * slowest, armMs * members.length)
  const epoch = openingEpoch(state.order, roster(state))
  const next: CoordinatorState = { ...state, stage: 'arming', startAtMs, epochs: [epoch] }
  return { state: next, actions: armCommands(next, startAtMs) }
}

export function armCommands(state: CoordinatorState, startAtMs: number): readonly CoordinatorAction[] {
  const { order, once } = state
  const epoch = newestOrder(state.epochs)
  if (epoch === undefined) return []
  return atWork(state).map((m) =>
    send(m, {
      type: 'arm',
      run: order.run,
      fence: fence(state),
      startLocalMs: startAtMs + m.offsetMs,
      epoch,
      setup: once.setup?.values ?? {},
    }),
  )
}
