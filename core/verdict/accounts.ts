import type { RequestError } from '../measure/request-error.ts'
import type { RequestCounts, ShardState } from '../measure/snapshot.ts'
import {
  closedLedger,
  gapUserSeconds,
  type Ledger,
  lostOfShard,
  openLedger,
  sumLedgers,
} from '../plan/ledger.ts'
import type { EpochPhase } from '../plan/plan.ts'
import { createSchedules } from '../plan/schedules.ts'
import type { MemberRecord, RunRecord } from './run-record.ts'

/** Where every planned arrival, every iteration and every request went (semantics.md: Ledger, Workers and loss). All phases, recorded or not. */
export interface Accounts {
  readonly phases: readonly PhaseAccount[]
  readonly total: Ledger
  readonly iterations: { readonly completed: number; readonly failed: number; readonly interrupted: number }
  readonly requests: {
    readonly attempted: number
    readonly sent: number
    readonly ok: number
    readonly failed: number
    readonly interrupted: number
    readonly overrun: number
    readonly setup: number
    readonly teardown: number
    readonly auth: number
    readonly errors: Readonly<Partial<Record<RequestError, number>>>
    /** What dead workers may have sent after their last word; max null: not bounded, they ran closed users. */
    readonly unknown: { readonly min: 0; readonly max: number | null }
  }
}

export interface PhaseAccount {
  readonly ledger: Ledger
  readonly completed: number
  readonly failed: number
  /** By the run's end, and those in flight at a dead worker's last snapshot. */
  readonly interrupted: number
  /** By scenario index; together `interrupted` of dead workers. Those of living ones are in `interrupted` alone. */
  readonly interruptedByScenario: readonly number[]
  /** Closed phases: users × seconds in which a dead worker's users were not at work. */
  readonly gapUserSeconds: number
  /** A closed phase in which a worker died. */
  readonly broken: boolean
}

/** A command in flight may have reached a worker until this long after it was declared lost (semantics.md). */
const afterLossMicros = 11_000_000

/**
 * `mostRequests` by scenario index: the most requests one iteration can make, null where it is not bounded
 * (CompiledScenario.mostRequests).
 */
export function accountRun(record: RunRecord, mostRequests: readonly (number | null)[]): Accounts {
  const dead = record.members.filter((member) => member.state !== 'drained')
  const phases = record.test.load.map((_, phase) => accountPhase(record, dead, phase))
  const counts = record.metrics.workers.flatMap((worker) => worker.requests)
  const of = (key: Exclude<keyof RequestCounts, 'thread' | 'errors'>) =>
    sum(counts.map((count) => count[key]))
  const errors: Partial<Record<RequestError, number>> = {}
  for (const count of counts) {
    for (const [name, times] of Object.entries(count.errors) as [RequestError, number][]) {
      errors[name] = (errors[name] ?? 0) + times
    }
  }
  return {
    phases,
    total: sumLedgers(phases.map((phase) => phase.ledger)),
    iterations: {
      completed: sum(phases.map((phase) => phase.completed)),
      failed: sum(phases.map((phase) => phase.failed)),
      interrupted: sum(phases.map((phase) => phase.interrupted)),
    },
    requests: {
      attempted: of('attempted'),
      sent: of('sent'),
      ok: of('ok'),
      failed: of('failed'),
      interrupted: of('interrupted'),
      overrun: of('overrun'),
      setup: of('setup'),
      teardown: of('teardown'),
      auth: of('auth'),
      errors,
      unknown: {
        min: 0,
        max: unknownRequests(
          record,
          dead.filter(({ state }) => state !== 'left'),
          mostRequests,
        ),
      },
    },
  }
}

function accountPhase(record: RunRecord, dead: readonly MemberRecord[], phase: number): PhaseAccount {
  const planned = record.plan.phases[phase]?.planned ?? 0
  const open = record.test.load[phase]?.loop === 'open'
  const shards = record.metrics.workers
    .flatMap((worker) => worker.shards)
    .filter((shard) => shard.phase === phase)
  const deadShards = dead.flatMap((member) => shardsOf(record, member, phase))
  const of = (key: 'started' | 'completed' | 'failed' | 'interrupted' | 'skippedInFlight' | 'skippedLate') =>
    sum(shards.map((shard) => shard[key]))
  const started = of('started')
  const interruptedByScenario = record.test.scenarios.map((_, scenario) =>
    sum(deadShards.map((shard) => shard.inFlightByScenario[scenario] ?? 0)),
  )
  return {
    ledger: open
      ? openLedger({
          planned,
          plannedAtStart: planned,
          started,
          skippedInFlight: of('skippedInFlight'),
          skippedLate: of('skippedLate'),
          lost: sum(dead.map((member) => lostOf(record, member, phase))),
        })
      : closedLedger(started),
    completed: of('completed'),
    failed: of('failed'),
    interrupted: of('interrupted') + sum(deadShards.map((shard) => shard.inFlight)),
    interruptedByScenario,
    gapUserSeconds: open ? 0 : sum(dead.map((member) => gapOf(record, member, phase))),
    broken: !open && dead.some((member) => wasAtWork(record, member, phase)),
  }
}

function shardsOf(record: RunRecord, member: MemberRecord, phase: number): readonly ShardState[] {
  return (record.metrics.worker(member.incarnation)?.shards ?? []).filter((shard) => shard.phase === phase)
}

/** Arrivals from a dead worker's last word to the next epoch's first, or to where the run itself ended. */
function lostOf(record: RunRecord, member: MemberRecord, phase: number): number {
  const planned = record.plan.phases[phase]?.planned ?? 0
  const known = shardsOf(record, member, phase)
  const end =
    record.ended === 'finished' ? planned : firstAfter(record, phase, record.endingAt ?? record.endedAt)
  let lost = 0
  for (let thread = 0; thread < member.threads; thread++) {
    const through = known.find((shard) => shard.thread === thread)?.through ?? 0
    lost += lostOfShard(record.epochs, { worker: member.id, thread, phase, through }, end)
  }
  return lost
}

/** The first arrival intended at or after that instant. */
function firstAfter(record: RunRecord, phase: number, at: number): number {
  const schedule = createSchedules(record.test, record.plan.seed)[phase]
  const times = lastTimes(record, phase)
  if (schedule === null || schedule === undefined || times === undefined) return 0
  return schedule.firstAtOrAfter(Math.max(0, at - times.startAt) / 1000)
}

function lastTimes(record: RunRecord, phase: number): EpochPhase | undefined {
  return record.epochs.at(-1)?.phases[phase]
}

function wasAtWork(record: RunRecord, member: MemberRecord, phase: number): boolean {
  const times = lastTimes(record, phase)
  const died = lastWordOf(record, member)
  return times !== undefined && times.endAt > died && (member.lostAt ?? record.endedAt) >= times.startAt
}

function lastWordOf(record: RunRecord, member: MemberRecord): number {
  return record.metrics.worker(member.incarnation)?.newestAt ?? 0
}

/** Its users stood still from its last word to the next epoch without it, or to the phase's end. */
function gapOf(record: RunRecord, member: MemberRecord, phase: number): number {
  const times = lastTimes(record, phase)
  if (times === undefined || !wasAtWork(record, member, phase)) return 0
  const users = sum(shardsOf(record, member, phase).map((shard) => shard.users))
  const from = Math.max(times.startAt, lastWordOf(record, member))
  const takenOver = record.epochs.find(
    (epoch) => epoch.at >= (member.lostAt ?? 0) && !epoch.roster.some((entry) => entry.worker === member.id),
  )
  return gapUserSeconds(users, from, Math.min(times.endAt, takenOver?.at ?? times.endAt, record.endedAt))
}

/**
 * Per dead incarnation: (iterations in flight at its last word + own arrivals from there until 11 s after its loss was declared) × the most
 * requests an iteration makes.
 */
function unknownRequests(
  record: RunRecord,
  dead: readonly MemberRecord[],
  mostRequests: readonly (number | null)[],
): number | null {
  let max = 0
  for (const member of dead) {
    const until = (member.lostAt ?? record.endedAt) + afterLossMicros
    for (const [phase, { loop, mix }] of record.test.load.entries()) {
      if (loop === 'closed') {
        if (wasAtWork(record, member, phase)) return null
        continue
      }
      const most = mostOf(record, mix, mostRequests)
      if (most === null) return null
      const known = shardsOf(record, member, phase)
      const inFlight = sum(known.map((shard) => shard.inFlight))
      const end = Math.min(record.plan.phases[phase]?.planned ?? 0, firstAfter(record, phase, until))
      let arrivals = 0
      for (let thread = 0; thread < member.threads; thread++) {
        const through = known.find((shard) => shard.thread === thread)?.through ?? 0
        const upTo = record.epochs.filter((epoch) => epoch.roster.some((entry) => entry.worker === member.id))
        arrivals += lostOfShard(upTo, { worker: member.id, thread, phase, through }, end)
      }
      max += (inFlight + arrivals) * most
    }
  }
  return max
}

function mostOf(
  record: RunRecord,
  mix: Readonly<Record<string, number>> | null,
  mostRequests: readonly (number | null)[],
): number | null {
  let most = 0
  for (const [index, scenario] of record.test.scenarios.entries()) {
    if ((mix === null ? scenario.weight : (mix[scenario.name] ?? 0)) <= 0) continue
    const requests = mostRequests[index] ?? null
    if (requests === null) return null
    most = Math.max(most, requests)
  }
  return most
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
