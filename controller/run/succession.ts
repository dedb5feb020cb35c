import { type EpochChange, endEarly, newestOrder } from '../../core/plan/epoch.ts'
import type { EpochOrder, EpochPhase, Micros } from '../../core/plan/plan.ts'
import { namesText } from '../../core/verdict/quantity-text.ts'
import type {
  CoordinatorAction,
  CoordinatorState,
  Decision,
  MemberStatus,
  RunEnding,
} from './coordinator-state.ts'
import { tellNewestEpoch } from './epoch-delivery.ts'
import { followingEpoch } from './epochs.ts'
import { atWork, dismiss, fence, isSharing, keep, roster, send, withMember, withStandIns } from './members.ts'
import { endWith, giveUpStage, performerLost } from './once-stages.ts'
import type { Ending } from './run-order.ts'
import { leadMs } from './timing.ts'

export function closeIfDone(state: CoordinatorState, nowMs: number): Decision {
  if (state.stage !== 'running' || atWork(state).some(({ duty }) => duty !== 'joining')) return keep(state)
  const joining = atWork(state).map(({ id }) => id)
  const { state: rest, actions } = dismiss(state, joining, 'the load was over before it was ready')
  const ended = endWith({ ...rest, endedAtMs: nowMs }, { type: 'finish' })
  return keep(ended.state, ...actions, ...ended.actions)
}

/** Ends before the load began, and takes down what set-up made. */
export function refuse(state: CoordinatorState, refusal: CoordinatorAction & { type: 'refuse' }): Decision {
  const working = atWork(state)
  const ended = endWith(state, refusal)
  if (ended.state.stage === 'closed') return ended
  // Armed workers must not begin meanwhile.
  const stop = working.map((m) => send(m, { type: 'abort', run: state.order.run, fence: fence(state) }))
  return keep(ended.state, ...stop, ...ended.actions)
}

/** A phase with a number of iterations that are all done makes way for the next one, by an epoch. */
export function endPhasesEarly(state: CoordinatorState, nowMs: number): Decision {
  const current = state.epochs.at(-1)
  if (state.stage !== 'running' || state.startAtMs === null || current === undefined || state.ending !== null)
    return keep(state)
  // Nothing is done before its time while time stands still.
  if (current.pausedAt !== null) return keep(state)
  const at = leadFrom(state.startAtMs, nowMs)
  const ended = new Map<number, Partial<EpochPhase>>()
  for (const [index, phase] of state.order.test.load.entries()) {
    const times = current.phases[index]
    if (phase.loop !== 'closed' || phase.iterations === null || times === undefined) continue
    const under = times.startAt <= (nowMs - state.startAtMs) * 1000 && times.endAt > at + leadMs * 1000
    if (!under) continue
    const members = atWork(state).filter(isSharing)
    if (members.length === 0 || !members.every((m) => m.donePhases[index] === true)) continue
    for (const [moved, instants] of endEarly(state.order.test, current, index, at)) ended.set(moved, instants)
  }
  return ended.size === 0 ? keep(state) : advance(state, { cause: 'phase', at, phases: ended })
}

/**
 * In whole µs: a phase that begins with an epoch begins at exactly its instant, while fractions, added and subtracted, may come out a trifle apart, and
 * then its first arrival would be left to the epoch before.
 */
export function leadFrom(startAtMs: number, nowMs: number): Micros {
  return Math.round((nowMs + leadMs - startAtMs) * 1000)
}

/** The next epoch, with those who are at work. */
export function advance(state: CoordinatorState, change: Omit<EpochChange, 'roster'>): Decision {
  const following = followingEpoch(state.order, state.epochs, { ...change, roster: roster(state) })
  if (following === undefined) return keep(state)
  const next: CoordinatorState = { ...state, epochs: [...state.epochs, following] }
  const epoch = newestOrder(next.epochs) as EpochOrder
  const { number, cause, rateFactor } = epoch
  return {
    state: next,
    actions: [
      {
        type: 'say',
        event: {
          ...{ kind: 'epoch', number, cause, rateFactor, paused: epoch.pausedAt !== null },
          roster: epoch.roster.map((r) => r.worker),
        },
      },
      ...tellNewestEpoch(next),
    ],
  }
}

export function lose(
  state: CoordinatorState,
  ids: readonly string[],
  status: MemberStatus & ('lost' | 'failed' | 'left'),
  why: string,
  nowMs: number,
): Decision {
  if (state.stage === 'setup') {
    const gone = ids.reduce((at, id) => withMember(at, id, { status, lostAtMs: nowMs, why }), state)
    if (ids.includes(state.once.performer ?? '')) return performerLost(gone, why)
  }
  if (state.stage === 'rejoining') {
    const gone = ids.reduce((at, id) => withMember(at, id, { status, lostAtMs: nowMs, why }), state)
    return keep(gone, ...sayLost(ids, why))
  }
  if (state.stage !== 'running') {
    return refuse(state, {
      type: 'refuse',
      code: 'prepare-failed',
      message: `worker ${namesText(ids)} was lost before the start: ${why}`,
      hint: 'Start it again, or ask for fewer workers with --workers.',
    })
  }
  const joining = ids.filter((id) => state.members.get(id)?.duty === 'joining')
  if (joining.length > 0) {
    const dismissed = dismiss(state, joining, why)
    const rest = ids.filter((id) => !joining.includes(id))
    if (rest.length === 0) return dismissed
    const lost = lose(dismissed.state, rest, status, why, nowMs)
    return keep(lost.state, ...dismissed.actions, ...lost.actions)
  }
  const hadShare = ids.some((id) => state.members.get(id)?.duty === 'share')
  let next = state
  for (const id of ids) next = withMember(next, id, { status, lostAtMs: nowMs, why })
  if (!hadShare) {
    // It may have been the last one that the end was waiting for.
    const closed = closeIfDone(next, nowMs)
    return keep(closed.state, ...sayLost(ids, why), ...closed.actions)
  }
  const followed = followLoss(next, ids, status === 'left' ? 'left' : 'lost', nowMs)
  return keep(followed.state, ...sayLost(ids, why), ...followed.actions)
}

function sayLost(ids: readonly string[], why: string): readonly CoordinatorAction[] {
  return ids.map((worker) => ({ type: 'say', event: { kind: 'lost', worker, why } }))
}

/** What the LoadTest wants done where these are gone. */
export function followLoss(
  state: CoordinatorState,
  ids: readonly string[],
  cause: 'lost' | 'left',
  nowMs: number,
): Decision {
  const { onLoss } = state.order.test.workers
  if (atWork(state).length === 0) return closeIfDone(state, nowMs)
  if (state.ending !== null || onLoss === 'continue') return keep(state)
  if (onLoss === 'fail') {
    const why = `worker ${namesText(ids)} ${cause === 'left' ? 'left' : 'was lost'} and onLoss is fail`
    return endRun(state, { mode: 'stop', how: 'stopped', why, nowMs })
  }
  const staffed = withStandIns(state)
  // Who joins next brings an epoch.
  if (!atWork(staffed).some(isSharing)) return closeIfDone(staffed, nowMs)
  return advance(staffed, { cause, at: leadFrom(state.startAtMs ?? nowMs, nowMs) })
}

export function endRun(
  state: CoordinatorState,
  event: { mode: 'stop' | 'abort'; how: Ending; why: string; nowMs: number },
): Decision {
  if (state.stage === 'setup' || state.stage === 'teardown') return endStage(state, event)
  if (state.stage !== 'running' && state.stage !== 'rejoining') {
    return refuse(state, {
      type: 'refuse',
      code: 'stopped',
      message: `${event.why} before the start; nothing was sent`,
      hint: 'Run it again when it suits.',
    })
  }
  const ending = endingOf(state, event)
  const next: CoordinatorState = { ...state, ending }
  return keep(
    next,
    ...(state.ending === null
      ? [{ type: 'say', event: { kind: 'ending', how: ending.how, why: ending.why } } as const]
      : []),
    ...atWork(next).map((m) => send(m, { type: event.mode, run: next.order.run, fence: fence(next) })),
  )
}

/** The first that was ordered says how and why; a later one can only be stronger. */
function endingOf(
  { ending }: CoordinatorState,
  { mode, how, why, nowMs }: { mode: 'stop' | 'abort'; how: Ending; why: string; nowMs: number },
): RunEnding {
  if (ending === null) return { mode, how, why, atMs: nowMs }
  return mode === 'stop' || ending.mode === 'abort' ? ending : { ...ending, mode }
}

/** Set-up is let finish, so that teardown can take down what it made; whoever insists has to clean up by hand. */
function endStage(
  state: CoordinatorState,
  event: { mode: 'stop' | 'abort'; how: Ending; why: string; nowMs: number },
): Decision {
  const ending = endingOf(state, event)
  const next: CoordinatorState = state.stage === 'setup' ? { ...state, ending } : state
  const said: CoordinatorAction = { type: 'say', event: { kind: 'ending', how: ending.how, why: ending.why } }
  if (event.mode === 'stop') return keep(next, ...(state.ending === null ? [said] : []))
  const given = giveUpStage(next, event.why)
  return keep(given.state, ...given.actions)
}
