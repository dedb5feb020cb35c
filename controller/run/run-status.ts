import { accountRun } from '../../core/verdict/accounts.ts'
import type { RunRecord } from '../../core/verdict/run-record.ts'
import type { RunStatus } from '../../proto/messages.ts'
import type { CoordinatorState, MemberStatus } from './coordinator-state.ts'

/** How a run is just now; `record`: as far as it was measured, null before its start is fixed. */
export function runStatus(state: CoordinatorState, record: RunRecord | null): RunStatus {
  const { order, stage, epochs, ending, members } = state
  const accounts = record === null ? null : accountRun(record, [])
  return {
    run: order.run,
    name: order.test.name,
    stage,
    term: order.term,
    startedAtMs: record?.startedAtMs ?? null,
    elapsedMs: (record?.endedAt ?? 0) / 1000,
    lengthMs: Math.max(0, ...(epochs.at(-1)?.phases ?? order.plan.phases).map(({ endAt }) => endAt)) / 1000,
    epoch: epochs.at(-1)?.number ?? 0,
    ending: ending === null ? null : { how: ending.how, why: ending.why },
    workers: [...members.values()].map(({ id, threads, status }) => ({
      id,
      threads,
      status: words[status],
    })),
    planned: order.plan.planned,
    started: accounts?.total.started ?? 0,
    skipped: accounts?.total.skipped ?? 0,
    lost: accounts?.total.lost ?? 0,
    sent: accounts?.requests.sent ?? 0,
    ok: accounts?.requests.ok ?? 0,
    failed: accounts?.requests.failed ?? 0,
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
