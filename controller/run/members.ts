import type { RosterEntry } from '../../core/plan/plan.ts'
import { weightsOf } from '../../core/plan/weights.ts'
import type { Fence, WorkerCommand, WorkerHello } from '../../proto/messages.ts'
import type { CoordinatorAction, CoordinatorState, Decision, Member } from './coordinator-state.ts'
import { MemberMap } from './member-map.ts'
import type { Ending } from './run-order.ts'
import { commandTimeoutMs, epochTimeoutMs, prepareTimeoutMs } from './timing.ts'

/** Members that take part and have not ended. */
export function atWork(state: CoordinatorState): Member[] {
  return [...state.members.values()].filter(
    (m) => m.status === 'preparing' || m.status === 'ready' || m.status === 'armed',
  )
}

export function fence(state: CoordinatorState): Fence {
  return { term: state.order.term, epoch: state.epochs.at(-1)?.number ?? 0 }
}

export function keep(state: CoordinatorState, ...actions: CoordinatorAction[]): Decision {
  return { state, actions }
}

export function withMember(state: CoordinatorState, id: string, change: Partial<Member>): CoordinatorState {
  const member = state.members.get(id)
  if (member === undefined) return state
  return { ...state, members: MemberMap.of(state.members).with({ ...member, ...change }) }
}

export function heard(state: CoordinatorState, id: string, nowMs: number): CoordinatorState {
  return withMember(state, id, { heardAtMs: nowMs })
}

export function send(member: Member, command: WorkerCommand): CoordinatorAction & { type: 'send' } {
  return { type: 'send', worker: member.id, command, timeoutMs: timeoutOf(member, command) }
}

function timeoutOf({ roundTripMs }: Member, { type }: WorkerCommand): number {
  if (type === 'prepare' || type === 'perform') return prepareTimeoutMs
  if (type !== 'epoch') return commandTimeoutMs
  return Math.min(commandTimeoutMs, Math.max(epochTimeoutMs, 4 * roundTripMs))
}

export function isAtWork(member: Member): boolean {
  return member.status === 'preparing' || member.status === 'ready' || member.status === 'armed'
}

/** It has a share of the load. */
export function isSharing(member: Member): boolean {
  return isAtWork(member) && member.duty === 'share'
}

export function roster(state: CoordinatorState): RosterEntry[] {
  const sharing = atWork(state)
    .filter(isSharing)
    .sort((a, b) => (a.id < b.id ? -1 : 1))
  const weights = weightsOf(sharing)
  return sharing.map(({ id, threads }, j) => ({ worker: id, weight: weights[j] ?? threads, threads }))
}

/** It was lost, and has been heard from since. */
function isBack({ status, lostAtMs, heardAtMs }: Member): boolean {
  return status === 'lost' && lostAtMs !== null && heardAtMs > lostAtMs
}

/** Lets every worker go that is still there, and does the last thing of the run. */
export function close(state: CoordinatorState): Decision {
  const { run } = state.order
  const command = (member: Member, type: 'abort' | 'release') =>
    send(member, { type, run, fence: fence(state) })
  const working = [...state.members.values()]
    .filter((member) => isAtWork(member) || isBack(member))
    .flatMap((member) => [command(member, 'abort'), command(member, 'release')])
  const done = [...state.members.values()].filter(({ status }) => status === 'final')
  const isFinish = state.last.type === 'finish'
  return {
    state: { ...state, stage: 'closed' },
    actions: [
      ...working,
      ...done.map((member) => command(member, 'release')),
      ...(isFinish ? [{ type: 'say', event: { kind: 'ended', how: howEnded(state) } } as const] : []),
      state.last,
    ],
  }
}

/** How the run ended; it has not begun where set-up failed. */
export function howEnded({ ending, once }: CoordinatorState): Ending {
  return ending?.how ?? (once.setup?.failure ? 'aborted' : 'finished')
}

/** How many more workers are to have a share; negative: fewer. */
export function lack(state: CoordinatorState): number {
  const { wanted, order } = state
  const busy = atWork(state).filter(({ duty }) => duty !== 'standby').length
  if (wanted !== null) return wanted - busy
  return order.test.workers.grow ? Number.POSITIVE_INFINITY : 0
}

export function withDuty(
  state: CoordinatorState,
  members: readonly Member[],
  duty: Member['duty'],
): CoordinatorState {
  return members.reduce((next, { id }) => withMember(next, id, { duty }), state)
}

/** In the place of those that are gone, those that stand by: as many as are wanted, and where nobody else is left all of them. */
export function withStandIns(state: CoordinatorState): CoordinatorState {
  const waiting = atWork(state).filter(({ duty, status }) => duty === 'standby' && status === 'armed')
  const isAlone = !atWork(state).some(isSharing)
  return withDuty(state, isAlone ? waiting : waiting.slice(0, Math.max(0, lack(state))), 'share')
}

/** They take no part after all: the run goes on without them. */
export function dismiss(
  state: CoordinatorState,
  ids: readonly string[],
  why: string,
  then: 'for good' | 'may be asked again' = 'for good',
): Decision {
  const members = new Map(state.members)
  const passedOver = [...state.passedOver]
  const actions: CoordinatorAction[] = []
  for (const id of ids) {
    const member = members.get(id)
    if (member === undefined) continue
    members.delete(id)
    if (then === 'for good') passedOver.push(member.incarnation)
    actions.push(
      { type: 'say', event: { kind: 'passed-over', worker: id, why } },
      send(member, { type: 'release', run: state.order.run, fence: fence(state) }),
    )
  }
  return keep({ ...state, members, passedOver }, ...actions)
}

export function candidateOf(hello: WorkerHello, nowMs: number): Member {
  return {
    id: hello.id,
    incarnation: hello.incarnation,
    host: hello.host,
    threads: hello.threads,
    maxRate: hello.maxRate ?? null,
    perThread: hello.capacity === undefined ? null : hello.capacity / hello.threads,
    status: 'candidate',
    duty: 'share',
    heardAtMs: nowMs,
    clock: [],
    offsetMs: 0,
    roundTripMs: 0,
    driftMs: 0,
    epoch: 0,
    donePhases: [],
    lostAtMs: null,
    why: null,
  }
}
