import type { CommandReply, Fence, Halt, WorkerCommand } from '../../proto/messages.ts'
import type { StageResult } from '../engine/thread-protocol.ts'
import {
  type AgentAction,
  type AgentDecision,
  type AgentEvent,
  type AgentState,
  idleAgent,
} from './agent-state.ts'

/** How often `tick` comes. */
export const tickMs = 500
/** Without any controller for this long, no more load (design §8). */
const silenceMs = 10_000
/** Prepared, it waits this long for a controller to start it. */
const waitMs = 60_000
/** What nobody has taken is kept this long for whoever resumes the run. */
const keepMs = 15 * 60_000

/** The agent of one worker: pure; agent.ts performs the actions. */
export function decide(state: AgentState, event: AgentEvent): AgentDecision {
  switch (event.type) {
    case 'command':
      return onCommand(state, event)
    case 'prepared': {
      if (state.prepare?.run !== event.run || state.stage !== 'preparing') return { state, actions: [] }
      const ready: AgentState = { ...state, stage: 'ready', threads: event.threads, waiting: [] }
      return {
        state: ready,
        actions: state.waiting.map((request) => reply(request, accepted(ready, event.nowMs))),
      }
    }
    case 'failed': {
      if (state.prepare?.run !== event.run) return { state, actions: [] }
      const failed: AgentState = { ...state, stage: 'failed', failure: event.message, waiting: [] }
      const answer = refused(state, 'failed', event.message, event.hint)
      return { state: failed, actions: state.waiting.map((request) => reply(request, answer)) }
    }
    case 'performed': {
      const { stage, result } = event
      if (state.prepare?.run !== event.run || state.performing?.stage !== stage) return { state, actions: [] }
      const done: AgentState = {
        ...state,
        performing: null,
        performed: { ...state.performed, [stage]: result },
      }
      return {
        state: done,
        actions: state.performing.waiting.map((request) => reply(request, told(state, result))),
      }
    }
    case 'started':
      return { state: state.stage === 'armed' ? { ...state, stage: 'running' } : state, actions: [] }
    case 'drained': {
      if (state.prepare?.run !== event.run) return { state, actions: [] }
      const drained: AgentState = { ...state, stage: 'drained' }
      return state.leaving
        ? { state: drained, actions: [{ type: 'leave' }] }
        : { state: drained, actions: [] }
    }
    case 'heard':
      if (event.run !== state.prepare?.run || event.term < state.fence.term) return { state, actions: [] }
      return {
        state: heard(state, event.nowMs),
        actions: underWay(state) && event.epoch > state.epoch ? [{ type: 'ask-standing' }] : [],
      }
    case 'standing':
      return onStanding(state, event)
    case 'tick':
      return onTick(state, event.nowMs)
    case 'halt':
      return onHalt(state, event.halt)
    case 'leave':
      return onLeave(state)
    default:
      return event satisfies never
  }
}

function onCommand(
  state: AgentState,
  { command, request, notAllowed = null, nowMs }: AgentEvent & { type: 'command' },
): AgentDecision {
  const answer = (next: AgentState, ...actions: AgentAction[]): AgentDecision => ({
    state: next,
    actions: [...actions, reply(request, accepted(next, nowMs))],
  })
  const refuse = (...why: [RefusalCode, string, string]): AgentDecision => ({
    state,
    actions: [reply(request, refused(state, ...why))],
  })
  if (state.halt !== null && makesLoad.has(command.type)) return refuse(...haltedBy(state.halt))
  if (command.type === 'prepare') return onPrepare(state, command, request, nowMs)
  if (state.prepare === null || state.prepare.run !== command.run) {
    if (command.type === 'release' || command.type === 'abort') return answer(state)
    return refuse('unknown-run', `run ${command.run} is not prepared here`, 'prepare it first')
  }
  const older = refusalOfOlder(command.fence, state.fence)
  if (older !== null) return refuse(...older)
  const fenced: AgentState = { ...heard(state, nowMs), fence: command.fence }
  const isNew = (command.type === 'epoch' || command.type === 'arm') && command.epoch.number > state.epoch
  if (isNew && notAllowed !== null)
    return refuse('not-allowed', notAllowed, 'steer it to a lower rate, or ask the operator of the worker')
  switch (command.type) {
    case 'clock':
      return answer(fenced)
    case 'arm':
      if (state.stage === 'ready') {
        const { startLocalMs, epoch, setup } = command
        return answer(
          { ...fenced, stage: 'armed', epoch: epoch.number },
          { type: 'arm', startLocalMs, epoch, setup },
        )
      }
      return state.stage === 'armed' || state.stage === 'running'
        ? answer(fenced)
        : refuse('invalid', `cannot be armed while ${state.stage}`, 'prepare the run first')
    case 'perform':
      return onPerform(fenced, command, request)
    case 'epoch':
      if (command.epoch.number <= state.epoch) return answer(fenced)
      if (command.epoch.number > state.epoch + 1)
        return refuse('missed-epoch', `epoch ${state.epoch + 1} is not known here`, 'tell of that one first')
      return answer({ ...fenced, epoch: command.epoch.number }, { type: 'epoch', epoch: command.epoch })
    case 'stop':
      return answer(ending(fenced), ...(underWay(state) ? [{ type: 'stop' } as const] : []))
    case 'abort':
      return answer(ending(fenced), ...(underWay(state) ? [{ type: 'abort' } as const] : []))
    case 'release':
      return answer(freed(state), { type: 'release' })
    default:
      return command satisfies never
  }
}

function onPrepare(
  state: AgentState,
  command: Extract<WorkerCommand, { type: 'prepare' }>,
  request: number,
  nowMs: number,
): AgentDecision {
  if (state.leaving) {
    const why = refused(state, 'busy', 'this worker is leaving', 'choose another worker')
    return { state, actions: [reply(request, why)] }
  }
  if (state.prepare?.run === command.run) {
    const older = refusalOfOlder(command.fence, state.fence)
    if (older !== null) return { state, actions: [reply(request, refused(state, ...older))] }
    const fenced: AgentState = { ...heard(state, nowMs), fence: command.fence }
    if (state.stage === 'preparing')
      return { state: { ...fenced, waiting: [...state.waiting, request] }, actions: [] }
    if (state.stage !== 'failed') return { state: fenced, actions: [reply(request, accepted(fenced, nowMs))] }
  } else if (state.prepare !== null && !isOver(state)) {
    const why = refused(
      state,
      'busy',
      `this worker is in run ${state.prepare.run}`,
      'wait for that run to end, or stop it; a worker takes one run at a time',
    )
    return { state, actions: [reply(request, why)] }
  }
  return {
    state: {
      ...heard(state, nowMs),
      tickedAtMs: nowMs,
      stage: 'preparing',
      prepare: command,
      fence: command.fence,
      epoch: 0,
      waiting: [request],
      failure: null,
      performing: null,
      performed: {},
    },
    actions: [
      ...(state.prepare === null ? [] : [{ type: 'release' } as const]),
      { type: 'prepare', command },
    ],
  }
}

function onPerform(
  state: AgentState,
  { stage, setup }: Extract<WorkerCommand, { type: 'perform' }>,
  request: number,
): AgentDecision {
  const done = state.performed[stage]
  if (done !== undefined) return { state, actions: [reply(request, told(state, done))] }
  if (state.performing?.stage === stage) {
    const waiting = [...state.performing.waiting, request]
    return { state: { ...state, performing: { stage, waiting } }, actions: [] }
  }
  // When it is to be done is the coordinator's business: it has connections of its own.
  if (state.performing !== null || state.stage === 'preparing' || state.stage === 'failed') {
    const why = refused(state, 'invalid', `cannot do the ${stage} while ${state.stage}`, 'ask another worker')
    return { state, actions: [reply(request, why)] }
  }
  return {
    state: { ...state, performing: { stage, waiting: [request] } },
    actions: [{ type: 'perform', stage, setup }],
  }
}

/**
 * The dead man's switch. A worker that hears nothing from any controller stops sending load, keeps what nobody has taken, and after a while longer forgets
 * the run, to be free for others; sooner where there is nothing to keep.
 */
function onTick(before: AgentState, nowMs: number): AgentDecision {
  const heldUpMs = Math.max(0, nowMs - before.tickedAtMs - 2 * tickMs)
  const state: AgentState = {
    ...before,
    tickedAtMs: nowMs,
    heardAtMs: Math.min(nowMs, before.heardAtMs + heldUpMs),
  }
  if (state.prepare === null) return { state, actions: [] }
  const silentMs = nowMs - state.heardAtMs
  if (silentMs > (isUnused(state) ? waitMs : keepMs)) {
    const why = refused(state, 'unknown-run', 'no controller was heard for a minute', 'prepare the run again')
    return {
      state: freed(state),
      actions: [
        ...state.waiting.map((request) => reply(request, why)),
        { type: 'release' },
        ...(state.leaving ? [{ type: 'leave' } as const] : []),
      ],
    }
  }
  if (silentMs <= silenceMs || state.isAlone || isOver(state)) return { state, actions: [] }
  const alone: AgentState = { ...ending(state), isAlone: true }
  return { state: alone, actions: underWay(state) ? [{ type: 'silence' }] : [] }
}

/** A worker whose share was given to others meanwhile stands down; one that has missed epochs enters them now. */
function onStanding(
  state: AgentState,
  { run, reply, nowMs }: Extract<AgentEvent, { type: 'standing' }>,
): AgentDecision {
  const { term, standing, epochs } = reply
  if (run !== state.prepare?.run || term < state.fence.term || !underWay(state)) return { state, actions: [] }
  const told = heard(state, nowMs)
  if (standing === 'replaced') return { state: ending(told), actions: [{ type: 'stand-down' }] }
  const missed = epochs.filter(({ number }) => number > state.epoch)
  const isGapless = missed.every(({ number }, index) => number === state.epoch + 1 + index)
  const newest = missed.at(-1)
  if (newest === undefined || !isGapless) return { state: told, actions: [] }
  return {
    state: { ...told, fence: { term, epoch: newest.number }, epoch: newest.number },
    actions: missed.map((epoch) => ({ type: 'epoch', epoch }) as const),
  }
}

/** Whatever it does ends, and what of it cannot be counted is refused: set-up and teardown. It stays so beyond the run. */
function onHalt(state: AgentState, halt: Halt | null): AgentDecision {
  const hello = { type: 'hello' } as const
  if (halt === null) return { state: { ...state, halt }, actions: state.halt === null ? [] : [hello] }
  if (state.halt !== null) return { state, actions: [] }
  const halted: AgentState = { ...state, halt }
  const kill = { type: 'halt', halt } as const
  if (state.performing !== null) {
    const why = refused(state, ...haltedBy(halt))
    const told = state.performing.waiting.map((request) => reply(request, why))
    return { state: freed(halted), actions: [kill, ...told, { type: 'release' }, hello] }
  }
  return { state: ending(halted), actions: underWay(state) ? [kill, hello] : [hello] }
}

const makesLoad: ReadonlySet<WorkerCommand['type']> = new Set(['prepare', 'arm', 'perform', 'epoch'])

function haltedBy({ why, by, atMs }: Halt): [RefusalCode, string, string] {
  const at = new Date(atMs).toISOString()
  return [
    'halted',
    `${by} has halted all load at ${at}: ${why}`,
    'lift it when that is over: breakwater unhalt',
  ]
}

/** Without a run. */
function freed({ incarnation, threads, leaving, halt }: AgentState): AgentState {
  return { ...idleAgent(incarnation, threads), leaving, halt }
}

function heard(state: AgentState, nowMs: number): AgentState {
  return { ...state, heardAtMs: nowMs, isAlone: false }
}

function onLeave(state: AgentState): AgentDecision {
  const leaving: AgentState = { ...state, leaving: true }
  if (state.stage === 'idle' || state.stage === 'drained' || state.stage === 'failed') {
    return { state: leaving, actions: [{ type: 'leave' }] }
  }
  if (!underWay(state)) return { state: leaving, actions: [{ type: 'release' }, { type: 'leave' }] }
  return { state: ending(leaving), actions: [{ type: 'drain' }] }
}

/** A run whose coordinator never released it does not hold the worker. */
function isOver(state: AgentState): boolean {
  return state.stage === 'drained' || state.stage === 'failed'
}

/** Nothing was sent for the run, so that there is nothing to keep for whoever takes it up: he prepares it again. */
function isUnused({ stage, performing, performed }: AgentState): boolean {
  const isWaiting = stage === 'preparing' || stage === 'ready'
  return isWaiting && performing === null && Object.keys(performed).length === 0
}

function underWay(state: AgentState): boolean {
  return state.stage === 'armed' || state.stage === 'running' || state.stage === 'draining'
}

function ending(state: AgentState): AgentState {
  return underWay(state) ? { ...state, stage: 'draining' } : state
}

function refusalOfOlder(asked: Fence, newest: Fence): [RefusalCode, string, string] | null {
  if (asked.term < newest.term) {
    return ['superseded', 'another controller has taken over the run', 'this one has to stand down']
  }
  if (asked.term > newest.term || asked.epoch >= newest.epoch) return null
  return ['stale-fence', 'a newer epoch has begun', 'send the newest one']
}

type RefusalCode = Extract<CommandReply, { type: 'refused' }>['code']

function reply(request: number, answer: CommandReply): AgentAction {
  return { type: 'reply', request, reply: answer }
}

function accepted(state: AgentState, localMs: number): CommandReply {
  return { type: 'ok', incarnation: state.incarnation, state: state.stage, localMs, threads: state.threads }
}

function told({ incarnation }: AgentState, { sent, auth, values, failure }: StageResult): CommandReply {
  return { type: 'performed', incarnation, sent, auth, values, failure }
}

function refused(state: AgentState, code: RefusalCode, message: string, hint: string): CommandReply {
  return { type: 'refused', incarnation: state.incarnation, code, message, hint }
}
