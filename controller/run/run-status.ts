import { lengthAsOf } from '../../core/plan/phase-time.ts'
import { accountRun } from '../../core/verdict/accounts.ts'
import type { RunRecord } from '../../core/verdict/run-record.ts'
import type { RunStatus } from '../../proto/messages.ts'
import type { CoordinatorState, MemberStatus } from './coordinator-state.ts'

/** How a run is just now; `record`: as far as it was measured, null before its start is fixed. */
export function runStatus(
  state: CoordinatorState,
  record: RunRecord | null,
  refusal: RunStatus['refusal'] = null,
): RunStatus {
  const { order, stage, epochs, ending, members, wanted } = state
  const accounts = record === null ? null : accountRun(record, [])
  const newest = epochs.at(-1)
  const now = record?.endedAt ?? 0
  const open = accounts?.phases.filter((_, phase) => order.test.load[phase]?.loop === 'open')
  return {
    run: order.run,
    name: order.test.name,
    stage,
    term: order.term,
    wanted,
    startedAtMs: record?.startedAtMs ?? null,
    elapsedMs: now / 1000,
    lengthMs: (newest === undefined ? order.plan.endAt : lengthAsOf(newest, now)) / 1000,
    epoch: newest?.number ?? 0,
    rateFactor: newest?.rateFactor ?? 1,
    paused: newest !== undefined && newest.pausedAt !== null,
    inForceInMs: Math.max(0, (newest?.at ?? 0) - now) / 1000,
    refusal,
    ending: ending === null ? null : { how: ending.how, why: ending.why },
    workers: [...members.values()].map(({ id, threads, status, duty }) => ({
      id,
      threads,
      status: status === 'armed' && duty !== 'share' ? duty : words[status],
    })),
    planned: open?.reduce((sum, { ledger }) => sum + ledger.planned, 0) ?? order.plan.planned,
    plannedAtStart: order.plan.planned,
    started: accounts?.total.started ?? 0,
    skipped: accounts?.total.skipped ?? 0,
    lost: accounts?.total.lost ?? 0,
    sent: accounts?.requests.sent ?? 0,
    ok: accounts?.requests.ok ?? 0,
    failed: accounts?.requests.failed ?? 0,
    droppedMessages: (record?.dropped ?? []).reduce((sum, { count }) => sum + count, 0),
  }
}

/** For people: `armed` is a step of ours. */
const words: Readonly<Record<MemberStatus, string>> = {
  candidate: 'idle',
  preparing: 'preparing',
  ready: 'ready',
  armed: 'running',
  final: 'drained',
  left: 'left',
  lost: 'lost',
  failed: 'failed',
}
