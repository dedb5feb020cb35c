import type { CommandReply } from '../../proto/messages.ts'
import { askClock } from './barrier.ts'
import type {
  CoordinatorAction,
  CoordinatorState,
  Decision,
  Member,
  StageOutcome,
} from './coordinator-state.ts'
import { atWork, close, fence, keep, send } from './members.ts'
import { lossMs } from './timing.ts'

/** Set-up and teardown: done once for the whole cluster, by one worker that the coordinator chooses. */

type Performed = Extract<CommandReply, { type: 'performed' }>

/** All workers are prepared: set-up first, where there is one. */
export function afterPrepare(state: CoordinatorState): Decision {
  if (state.order.test.setup.length === 0 || state.once.setup !== null) return beginClocks(state)
  const [first] = atWork(state)
  return first === undefined ? keep(state) : perform({ ...state, stage: 'setup' }, 'setup', first)
}

function beginClocks(state: CoordinatorState): Decision {
  const clocking: CoordinatorState = { ...state, stage: 'clocking' }
  return keep(clocking, ...atWork(clocking).map((member) => askClock(clocking, member)))
}

/** Teardown is owed once set-up has succeeded, or load was sent. */
function owesTeardown({ order, once, endedAtMs }: CoordinatorState): boolean {
  const hasBegun = once.setup !== null || endedAtMs !== null
  return order.test.teardown.length > 0 && once.teardown === null && hasBegun
}

/** Everything else is over: teardown, where it is owed, then what is to come behind it. */
export function endWith(state: CoordinatorState, last: CoordinatorState['last']): Decision {
  const ending: CoordinatorState = { ...state, last }
  return owesTeardown(ending) ? tearDown({ ...ending, stage: 'teardown' }) : close(ending)
}

function tearDown(state: CoordinatorState): Decision {
  const tried = state.once.tried
  const candidate = [...state.members.values()].find(
    ({ id, status }) => !tried.includes(id) && isAlive(status),
  )
  if (candidate !== undefined) return perform(state, 'teardown', candidate)
  return conclude(state, { sent: 0, auth: 0, values: {}, failure: 'no worker was left to do it' })
}

function isAlive(status: Member['status']): boolean {
  return status === 'ready' || status === 'armed' || status === 'final'
}

function perform(state: CoordinatorState, stage: 'setup' | 'teardown', member: Member): Decision {
  const once = { ...state.once, performer: member.id, tried: [...state.once.tried, member.id] }
  const next: CoordinatorState = { ...state, once }
  return keep(
    next,
    { type: 'say', event: { kind: 'stage', stage, worker: member.id } },
    performCommand(next, stage, member),
  )
}

function performCommand(
  state: CoordinatorState,
  stage: 'setup' | 'teardown',
  member: Member,
): CoordinatorAction {
  const setup = state.once.setup?.values ?? {}
  return send(member, { type: 'perform', run: state.order.run, fence: fence(state), stage, setup })
}

/** Whoever was asked before is asked again, and by its answer tells whether it has done it, is doing it, or never heard of it. */
export function performAgain(state: CoordinatorState): Decision {
  const performer = state.members.get(state.once.performer ?? '')
  if (state.stage !== 'setup' && state.stage !== 'teardown') return keep(state)
  if (performer === undefined) return performerLost(state, 'it is not known any more')
  return keep(state, performCommand(state, state.stage, performer))
}

export function onPerformed(state: CoordinatorState, member: Member, reply: Performed): Decision {
  const { sent, auth, values, failure } = reply
  if (state.once.performer !== member.id) return keep(state)
  if (state.stage === 'teardown') return conclude(state, { sent, auth, values, failure })
  if (state.stage !== 'setup') return keep(state)
  const told = ended('setup', { sent, auth, values, failure })
  const once = { ...state.once, performer: null, tried: [], setup: { sent, auth, values, failure } }
  const next: CoordinatorState = { ...state, once }
  if (failure !== null) return setupFailed(next, told)
  // It was stopped meanwhile: what set-up made is taken down again.
  const decision = next.ending === null ? beginClocks(next) : endWith(next, { type: 'finish' })
  return keep(decision.state, told, ...decision.actions)
}

function setupFailed(state: CoordinatorState, told: CoordinatorAction): Decision {
  const closed = close({ ...state, last: { type: 'finish' } })
  return keep(closed.state, told, ...closed.actions)
}

function conclude(state: CoordinatorState, outcome: StageOutcome): Decision {
  const once = { ...state.once, performer: null, teardown: outcome }
  const closed = close({ ...state, once })
  return keep(closed.state, ended('teardown', outcome), ...closed.actions)
}

/** Whoever does it is gone or refuses. Set-up cannot be begun again by another: it may have been done in part. */
export function performerLost(state: CoordinatorState, why: string): Decision {
  const { performer } = state.once
  if (state.stage === 'teardown') return tearDown({ ...state, once: { ...state.once, performer: null } })
  const failure = `worker ${performer} did not finish it: ${why}`
  const outcome = { sent: 0, auth: 0, values: {}, failure }
  const once = { ...state.once, performer: null, setup: outcome }
  return setupFailed({ ...state, once }, ended('setup', outcome))
}

/** In teardown nobody is at work any more, so that nobody else watches. */
export function watchPerformer(state: CoordinatorState, nowMs: number): Decision {
  const performer = state.members.get(state.once.performer ?? '')
  if (performer === undefined || nowMs - performer.heardAtMs <= lossMs) return keep(state)
  return performerLost(state, 'it was not heard from for three beats')
}

/** Nobody waits any longer. */
export function giveUpStage(state: CoordinatorState, why: string): Decision {
  return state.stage === 'teardown'
    ? conclude(state, { sent: 0, auth: 0, values: {}, failure: why })
    : performerLost(state, why)
}

function ended(stage: 'setup' | 'teardown', { sent, failure }: StageOutcome): CoordinatorAction {
  return { type: 'say', event: { kind: 'stage-ended', stage, sent, failure } }
}
