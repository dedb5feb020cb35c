import type { CoordinatorState, Member } from './coordinator-state.ts'
import { MemberMap } from './member-map.ts'
import type { RunOrder } from './run-order.ts'

/** What a controller keeps of a run beside what was measured: JSON. The order is made again from its submission, with its secrets. */
export interface SavedRun {
  /** One instant on both clocks of the machine that saved it. */
  readonly clock: { readonly localMs: number; readonly wallMs: number }
  /** Wall clock of the start instant. */
  readonly startedAtMs: number | null
  readonly dataEnded: boolean
  /** The next row of each data source that nobody was given; null: nobody asked. */
  readonly leasedTo: readonly number[] | null
  readonly state: Omit<CoordinatorState, 'order' | 'busy' | 'members'> & {
    readonly members: readonly Member[]
  }
}

export function savedState({
  order: _order,
  busy: _busy,
  members,
  ...state
}: CoordinatorState): SavedRun['state'] {
  // Whoever takes the run up compares clocks anew.
  return { ...state, members: [...members.values()].map((member) => ({ ...member, clock: [] })) }
}

export function restoredState(order: RunOrder, { members, ...state }: SavedRun['state']): CoordinatorState {
  return { ...state, order, busy: new Map(), members: new Map(members.map((member) => [member.id, member])) }
}

/** Whether it says more than who was heard from: what a later process has to know before anyone acts on it. */
export function isNews(before: CoordinatorState, after: CoordinatorState): boolean {
  if (before === after) return false
  if (
    before.stage !== after.stage ||
    before.epochs !== after.epochs ||
    before.ending !== after.ending ||
    before.wanted !== after.wanted ||
    before.once !== after.once ||
    before.startAtMs !== after.startAtMs ||
    before.endedAtMs !== after.endedAtMs ||
    before.last !== after.last
  ) {
    return true
  }
  if (before.members === after.members) return false
  return MemberMap.of(after.members).differs(
    MemberMap.of(before.members),
    (a, b) => a.status !== b.status || a.duty !== b.duty,
  )
}

/** The instants of the past on a clock that shows `byMs` more; workers' offsets are told from it. Those since `beganAtMs` are on that clock already. */
export function shiftClock(state: CoordinatorState, byMs: number): CoordinatorState {
  const shifted = <T extends number | null>(atMs: T): T =>
    atMs === null || atMs >= state.beganAtMs ? atMs : ((atMs + byMs) as T)
  return {
    ...state,
    // In the future of a run that is about to start.
    startAtMs: state.startAtMs === null ? null : state.startAtMs + byMs,
    endedAtMs: shifted(state.endedAtMs),
    ending: state.ending === null ? null : { ...state.ending, atMs: shifted(state.ending.atMs) },
    members: new Map(
      [...state.members].map(([id, member]): [string, Member] => [
        id,
        { ...member, lostAtMs: shifted(member.lostAtMs), offsetMs: member.offsetMs - byMs },
      ]),
    ),
  }
}
