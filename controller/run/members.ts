import type { RosterEntry } from '../../core/plan/plan.ts'
import type { Fence, WorkerCommand } from '../../proto/messages.ts'
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

export function roster(state: CoordinatorState): RosterEntry[] {
  return atWork(state)
    .map((m) => ({ worker: m.id, weight: m.threads, threads: m.threads }))
    .sort((a, b) => (a.worker < b.worker ? -1 : 1))
}

/** Lets every worker go that is still there, and does the last thing of the run. */
export function close(state: CoordinatorState): Decision {
  const { run } = state.order
  const command = (member: Member, type: 'abort' | 'release') =>
    send(member, { type, run, fence: fence(state) })
  const working = atWork(state).flatMap((member) => [command(member, 'abort'), command(member, 'release')])
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
