import type { EndedBy } from '../../core/measure/snapshot.ts'
import { namesText } from '../../core/verdict/quantity-text.ts'
import type { CommandReply, WorkerCommand, WorkerHello } from '../../proto/messages.ts'
import { onClock, prepareAll } from './barrier.ts'
import { onLaterClock, watchClocks } from './clock-drift.ts'
import type { CoordinatorEvent, CoordinatorState, Decision, Member } from './coordinator-state.ts'
import { onEpochConfirmed, sendAgain, unconfirmedEpochs } from './epoch-delivery.ts'
import { MemberMap } from './member-map.ts'
import { atWork, candidateOf, dismiss, fence, heard, isAtWork, keep, send, withMember } from './members.ts'
import { afterPrepare, onPerformed, performerLost, watchPerformer } from './once-stages.ts'
import { matchWanted, onRecruitReply, onStranger } from './recruits.ts'
import { onRejoinClock, settleIfAllRejoined } from './rejoin.ts'
import type { RunOrder } from './run-order.ts'
import { onStandingAsked } from './standing.ts'
import { steerRun } from './steering.ts'
import { closeIfDone, endPhasesEarly, endRun, lose, refuse } from './succession.ts'
import { beatMs, closingMs, gatherMs, lossMs, prepareTimeoutMs } from './timing.ts'

export function beginRun(order: RunOrder, nowMs: number): CoordinatorState {
  return {
    order,
    stage: 'gathering',
    members: new Map(),
    busy: new Map(),
    wanted: null,
    passedOver: [],
    toldOf: [],
    beganAtMs: nowMs,
    tickedAtMs: nowMs,
    connected: true,
    startAtMs: null,
    clocksAskedAtMs: null,
    epochs: [],
    ending: null,
    once: { setup: null, teardown: null, performer: null, tried: [] },
    last: { type: 'finish' },
    endedAtMs: null,
  }
}

/** The coordinator of one run: pure; the conductor performs the actions. Once `closed` it ignores everything. */
export function decide(state: CoordinatorState, event: CoordinatorEvent): Decision {
  if (state.stage === 'closed') return { state, actions: [] }
  switch (event.type) {
    case 'hello':
      return onHello(state, event.hello, event.nowMs)
    case 'reply':
      return onReply(heard(state, event.worker, event.nowMs), event)
    case 'no-reply':
      return onNoReply(state, event)
    case 'snapshot':
      return onSnapshot(state, event)
    case 'asked':
      return onStandingAsked(state, event)
    case 'rival':
      return event.term > state.order.term ? standDown(state) : keep(state)
    case 'connection':
      return onConnection(state, event)
    case 'tick':
      return onTick(state, event.nowMs)
    case 'steer':
      return steerRun(state, event)
    case 'end':
      return endRun(state, event)
    default:
      return event satisfies never
  }
}

function onHello(state: CoordinatorState, hello: WorkerHello, nowMs: number): Decision {
  const known = state.members.get(hello.id)
  if (state.stage === 'gathering') {
    const candidate = candidateOf(hello, nowMs)
    const members =
      hello.state === 'idle'
        ? MemberMap.of(state.members).with(candidate)
        : without(state.members, [hello.id])
    const busyWith = hello.state === 'idle' ? null : hello.run
    const busy =
      busyWith === null ? without(state.busy, [hello.id]) : new Map(state.busy).set(hello.id, busyWith)
    const next = { ...state, members, busy }
    const news =
      members.size === state.members.size
        ? []
        : [
            {
              type: 'say',
              event: { kind: 'gathering', have: members.size, want: state.order.workers },
            } as const,
          ]
    const want = state.order.workers
    if (want === null || members.size < want) return keep(next, ...news)
    const begun = prepareAll(next, want)
    return keep(begun.state, ...news, ...begun.actions)
  }
  if (known === undefined) return onStranger(state, hello, nowMs)
  if (known.incarnation !== hello.incarnation) {
    return isAtWork(known)
      ? lose(state, [known.id], 'lost', 'its process was replaced', nowMs)
      : onStranger(state, hello, nowMs)
  }
  if (hello.state === 'failed' && isAtWork(known))
    return lose(state, [known.id], 'failed', 'it reported a failure of its own', nowMs)
  if (goesOnUnasked(state, known, hello)) {
    const { run } = state.order
    return keep(state, send(known, { type: 'abort', run, fence: fence(state) }))
  }
  return keep(heard(state, hello.id, nowMs))
}

/** It was given up and is back. Where there is an epoch without it, it finds that out by itself. */
function goesOnUnasked(
  { order, epochs }: CoordinatorState,
  { id, status }: Member,
  hello: WorkerHello,
): boolean {
  if (status !== 'lost' && status !== 'failed') return false
  if (hello.run !== order.run || (hello.state !== 'armed' && hello.state !== 'running')) return false
  return epochs.at(-1)?.roster.some(({ worker }) => worker === id) === true
}

/** The same where there is none of them. */
function without<T>(map: ReadonlyMap<string, T>, ids: readonly string[]): ReadonlyMap<string, T> {
  if (!ids.some((id) => map.has(id))) return map
  const rest = new Map(map)
  for (const id of ids) rest.delete(id)
  return rest
}

function onReply(
  state: CoordinatorState,
  event: { worker: string; command: WorkerCommand; reply: CommandReply; sentMs: number; nowMs: number },
): Decision {
  const member = state.members.get(event.worker)
  const { command, reply } = event
  if (reply.type === 'refused' && reply.code === 'superseded') return standDown(state)
  const isTeardown = state.stage === 'teardown' && command.type === 'perform'
  if (member === undefined || (!isAtWork(member) && !isTeardown)) return keep(state)
  if (reply.incarnation !== member.incarnation)
    return lose(state, [member.id], 'lost', 'its process was replaced', event.nowMs)
  if (member.duty === 'joining' && state.stage === 'running') return onRecruitReply(state, member, event)
  // A clock that was asked for just before an epoch may be answered after it: that is no fault.
  if (reply.type === 'refused' && command.type === 'clock' && state.stage === 'running') return keep(state)
  if (command.type === 'perform') {
    if (reply.type === 'performed') return onPerformed(state, member, reply)
    const why = reply.type === 'refused' ? reply.message : 'it answered something else'
    return state.once.performer === member.id ? performerLost(state, why) : keep(state)
  }
  if (reply.type === 'performed') return keep(state)
  if (reply.type === 'refused') {
    if (reply.code === 'stale-fence' && command.fence.epoch < fence(state).epoch)
      return sendAgain(state, member, command)
    if (reply.code === 'missed-epoch') return keep(state, ...unconfirmedEpochs(state, member))
    if (reply.code === 'halted' && (state.stage === 'running' || state.stage === 'rejoining'))
      return endRun(state, { mode: 'abort', how: 'halted', why: reply.message, nowMs: event.nowMs })
    if (state.stage === 'running' || state.stage === 'rejoining')
      return lose(state, [member.id], 'failed', reply.message, event.nowMs)
    return refuse(state, {
      type: 'refuse',
      code: 'prepare-failed',
      message: `worker ${member.id} could not ${command.type} the run: ${reply.message}`,
      hint: reply.hint,
    })
  }
  switch (command.type) {
    case 'prepare': {
      const next = withMember(state, member.id, { status: 'ready', threads: reply.threads })
      if (next.stage !== 'preparing' || atWork(next).some((m) => m.status !== 'ready')) return keep(next)
      return afterPrepare(next)
    }
    case 'clock':
      if (state.stage === 'rejoining') {
        return onRejoinClock(state, member, { ...reply, sentMs: event.sentMs, nowMs: event.nowMs })
      }
      return state.stage === 'running'
        ? onLaterClock(state, member, reply.localMs, event.sentMs, event.nowMs)
        : onClock(state, member, reply.localMs, event.sentMs, event.nowMs)
    case 'arm': {
      const next = withMember(state, member.id, { status: 'armed', epoch: 1 })
      if (next.stage !== 'arming' || atWork(next).some((m) => m.status !== 'armed')) return keep(next)
      const running: CoordinatorState = { ...next, stage: 'running' }
      const startsInMs = (next.startAtMs ?? event.nowMs) - event.nowMs
      return keep(
        running,
        { type: 'say', event: { kind: 'armed', startsInMs } },
        { type: 'say', event: { kind: 'started', workers: atWork(running).map((m) => m.id) } },
      )
    }
    case 'epoch':
      return onEpochConfirmed(state, member, command.epoch.number)
    case 'stop':
    case 'abort':
    case 'release':
      return keep(state)
    default:
      return command satisfies never
  }
}

function onNoReply(
  state: CoordinatorState,
  event: { worker: string; command: WorkerCommand; nowMs: number },
): Decision {
  const member = state.members.get(event.worker)
  if (event.command.type === 'perform') {
    const isAwaited = state.once.performer === event.worker && member !== undefined
    return isAwaited ? keep(state, send(member, event.command)) : keep(state)
  }
  if (member === undefined || !isAtWork(member)) return keep(state)
  if (event.command.type === 'clock' && state.stage === 'running') return keep(state)
  if (event.command.type === 'prepare' && event.nowMs - member.heardAtMs < lossMs) {
    if (member.duty === 'joining')
      return dismiss(state, [member.id], `it did not finish preparing within ${prepareTimeoutMs / 1000} s`)
    return refuse(state, {
      type: 'refuse',
      code: 'prepare-failed',
      message: `worker ${member.id} did not finish preparing within ${prepareTimeoutMs / 1000} s`,
      hint: 'Look at that worker’s log; a slow name server or a large data file are the usual reasons.',
    })
  }
  return sendAgain(state, member, event.command)
}

function onSnapshot(
  state: CoordinatorState,
  event: {
    worker: string
    incarnation: string
    donePhases: readonly boolean[] | null
    final: boolean
    endedBy: EndedBy | null
    isOverrun: boolean
    isBehind: boolean
    at: number
    nowMs: number
  },
): Decision {
  const member = state.members.get(event.worker)
  if (member === undefined || member.incarnation !== event.incarnation) return keep(state)
  const next = withMember(state, member.id, {
    heardAtMs: event.nowMs,
    ...(event.donePhases === null ? {} : { donePhases: event.donePhases }),
  })
  // Nothing of it counts any more: whoever has its share must be somebody else.
  if (event.isOverrun && isAtWork(member))
    return lose(next, [member.id], 'lost', 'it learned too late what had been given to others', event.nowMs)
  if (event.final && isAtWork(member)) {
    if (event.endedBy === 'left' && next.ending === null) {
      return lose(next, [member.id], 'left', 'its operator told it to leave', event.nowMs)
    }
    if (event.endedBy === 'replaced') {
      return lose(next, [member.id], 'lost', 'it was told that others have its share', event.nowMs)
    }
    if (event.isBehind && event.endedBy === null && next.ending === null) {
      const why = 'it was done before it heard of an epoch that gave it more'
      return lose(next, [member.id], 'lost', why, event.nowMs)
    }
    const { state: final, actions } = onEarlyEnd(withMember(next, member.id, { status: 'final' }), event)
    const closed = closeIfDone(final, event.nowMs)
    return keep(closed.state, ...actions, ...closed.actions)
  }
  const ended = onEarlyEnd(next, event)
  return ended.state === next ? endPhasesEarly(next, event.nowMs) : ended
}

/** Data that must not end has, or a worker has stopped by itself: so does the run, also where this was the last one at work. */
function onEarlyEnd(
  state: CoordinatorState,
  { worker, endedBy, at, nowMs }: { worker: string; endedBy: EndedBy | null; at: number; nowMs: number },
): Decision {
  if (state.ending !== null || (state.stage !== 'running' && state.stage !== 'rejoining')) return keep(state)
  if (endedBy === 'data') {
    const why = `worker ${worker} came to the end of data that must not end (onEnd: error)`
    return endRun(state, { mode: 'stop', how: 'stopped', why, nowMs })
  }
  if (endedBy !== 'silence' && endedBy !== 'halt') return keep(state)
  const why =
    endedBy === 'halt'
      ? 'all load was halted'
      : `worker ${worker} heard no controller for 10 s and stopped sending load`
  const stoppedAtMs = Math.min(nowMs, (state.startAtMs ?? nowMs) + at / 1000)
  return endRun(state, { mode: 'abort', how: 'halted', why, nowMs: stoppedAtMs })
}

/** Another coordinator has the run: this one touches nothing of it any more. */
function standDown(state: CoordinatorState): Decision {
  const last = {
    type: 'refuse',
    code: 'superseded',
    message: `another controller has taken over run ${state.order.run}`,
    hint: 'It finishes the run and writes the results; nothing is left to do here.',
  } as const
  return keep({ ...state, stage: 'closed', last }, last)
}

function onConnection(state: CoordinatorState, event: { connected: boolean; nowMs: number }): Decision {
  // The loss clock stops while this controller hears nobody.
  const members =
    event.connected && !state.connected
      ? new Map([...state.members].map(([id, m]): [string, Member] => [id, { ...m, heardAtMs: event.nowMs }]))
      : state.members
  return keep({ ...state, members, connected: event.connected })
}

function onTick(before: CoordinatorState, nowMs: number): Decision {
  const heldUpMs = Math.max(0, nowMs - before.tickedAtMs - beatMs)
  const state: CoordinatorState = {
    ...before,
    tickedAtMs: nowMs,
    members:
      heldUpMs === 0
        ? before.members
        : new Map(
            [...before.members].map(([id, m]): [string, Member] => [
              id,
              { ...m, heardAtMs: Math.min(nowMs, m.heardAtMs + heldUpMs) },
            ]),
          ),
  }
  switch (state.stage) {
    case 'gathering':
      return gatherTick(state, nowMs)
    case 'arming':
      if (state.startAtMs === null || nowMs < state.startAtMs - 100) return keep(state)
      return refuse(state, {
        type: 'refuse',
        code: 'prepare-failed',
        message: `not every worker could be armed in time: ${namesText(
          atWork(state)
            .filter((m) => m.status !== 'armed')
            .map((m) => m.id),
        )} did not answer`,
        hint: 'Look at those workers’ logs and at the connection to NATS, then run again.',
      })
    case 'preparing':
    case 'setup':
    case 'clocking':
    case 'rejoining':
    case 'running':
      return watchTick(state, nowMs)
    case 'teardown':
      return state.connected ? watchPerformer(state, nowMs) : keep(state)
    case 'closed':
      return keep(state)
    default:
      return state.stage satisfies never
  }
}

function gatherTick(state: CoordinatorState, nowMs: number): Decision {
  const waitedMs = nowMs - state.beganAtMs
  const gone = [...state.members.values()].filter((m) => nowMs - m.heardAtMs > lossMs)
  const members = without(
    state.members,
    gone.map(({ id }) => id),
  )
  const next = { ...state, members }
  if (state.order.workers === null && members.size > 0 && waitedMs >= gatherMs)
    return prepareAll(next, members.size)
  if (waitedMs < state.order.test.workers.waitMs) return keep(next)
  const want = state.order.workers === null ? 'at least one' : String(state.order.workers)
  return refuse(next, {
    type: 'refuse',
    code: 'too-few-workers',
    message: `${members.size} ${members.size === 1 ? 'worker' : 'workers'} answered within ${state.order.test.workers.waitMs / 1000} s, the run needs ${want}`,
    hint: `${busyText(next)}Start workers with \`breakwater worker --nats URL\` against the same server, or ask for fewer with --workers.`,
  })
}

/** A run whose controller died holds its workers for a while. */
function busyText({ busy }: CoordinatorState): string {
  const [run] = busy.values()
  if (run === undefined) return ''
  const are = busy.size === 1 ? '1 more is there, and' : `${busy.size} more are there, and`
  return `${are} busy with run ${run}: wait for it, or take it up with \`breakwater run --resume ${run}\` if its process has died. `
}

function watchTick(state: CoordinatorState, nowMs: number): Decision {
  if (!state.connected) return keep(state)
  const silent = atWork(state).filter((m) => nowMs - m.heardAtMs > lossMs)
  if (silent.length > 0)
    return lose(
      state,
      silent.map((m) => m.id),
      'lost',
      'it was not heard from for three beats',
      nowMs,
    )
  if (state.stage === 'rejoining') return settleIfAllRejoined(state, nowMs)
  if (state.stage !== 'running' || state.startAtMs === null) return keep(state)
  const newest = state.epochs.at(-1)
  if (newest === undefined || newest.pausedAt !== null) return watchRoster(state, nowMs)
  const endAt = Math.max(...newest.phases.map((p) => p.endAt))
  const overdueAtMs = state.startAtMs + endAt / 1000 + state.order.test.limits.drainMs + closingMs
  if (nowMs < overdueAtMs) return watchRoster(state, nowMs)
  return lose(
    state,
    atWork(state).map((m) => m.id),
    'lost',
    'its last snapshot did not come',
    nowMs,
  )
}

function watchRoster(state: CoordinatorState, nowMs: number): Decision {
  const matched = matchWanted(state, nowMs)
  const watched = watchClocks(matched.state, nowMs)
  return keep(watched.state, ...matched.actions, ...watched.actions)
}
