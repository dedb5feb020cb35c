import type { RequestError } from '../measure/request-error.ts'
import type { RequestCounts, ShardState } from '../measure/snapshot.ts'
import {
  closedLedger,
  type Ledger,
  type LostStretch,
  lostArrivals,
  openLedger,
  sumLedgers,
} from '../plan/ledger.ts'
import { createMix } from '../plan/mix.ts'
import type { Epoch } from '../plan/plan.ts'
import { arrivalAt, indexOfFirst, ownsArrival, stripeOf } from '../plan/stripe.ts'
import { plannedNow } from './current-plan.ts'
import { type DeadMembers, deadMembers } from './dead-members.ts'
import type { RunRecord } from './run-record.ts'

/** Where every planned arrival, every iteration and every request went (semantics: Ledger, Workers and loss). All phases, recorded or not. */
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
    /** Good answers that are redirects which nobody follows or asks for. */
    readonly redirected: number
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
  /** Closed phases: how often a user began anew on another thread, because an epoch gave it there. */
  readonly movedUsers: number
  /** A closed phase in which a worker died that had users at work. */
  readonly broken: boolean
}

/** A dead worker may have gone on until this long after it was declared lost: its dead man's switch takes 10 s, and a second is in hand. */
export const afterLossMicros = 11_000_000

/**
 * `mostRequests` by scenario index: the most requests one iteration can make, null where it is not bounded
 * (CompiledScenario.mostRequests).
 */
export function accountRun(record: RunRecord, mostRequests: readonly (number | null)[]): Accounts {
  const dead = deadMembers(record)
  const { onceRequests } = record
  const { workers } = record.metrics
  const shards = workers.flatMap((worker) => worker.shards)
  const phases = record.test.load.map((_, phase) => accountPhase(record, dead, shards, phase))
  const counts = workers.flatMap((worker) => worker.requests)
  const of = (key: Exclude<keyof RequestCounts, 'thread' | 'errors' | 'passes'>) =>
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
      sent: of('sent') + onceRequests.setup + onceRequests.teardown + onceRequests.auth,
      ok: of('ok'),
      failed: of('failed'),
      interrupted: of('interrupted'),
      redirected: of('redirected'),
      overrun: of('overrun'),
      setup: of('setup') + onceRequests.setup,
      teardown: of('teardown') + onceRequests.teardown,
      auth: of('auth') + onceRequests.auth,
      errors,
      unknown: { min: 0, max: unknownRequests(record, dead, mostRequests) },
    },
  }
}

function accountPhase(
  record: RunRecord,
  dead: DeadMembers,
  allShards: readonly ShardState[],
  phase: number,
): PhaseAccount {
  const open = record.test.load[phase]?.loop === 'open'
  const shards = allShards.filter((shard) => shard.phase === phase)
  const deadShards = dead.all.flatMap((member) => dead.shards(member, phase))
  const of = (
    key: 'started' | 'completed' | 'failed' | 'interrupted' | 'skippedInFlight' | 'skippedLate' | 'moved',
  ) => sum(shards.map((shard) => shard[key]))
  const started = of('started')
  return {
    ledger: open
      ? openLedger({
          planned: plannedNow(record, phase) + beyondPlan(record, phase),
          plannedAtStart: record.plan.phases[phase]?.planned ?? 0,
          started,
          skippedInFlight: of('skippedInFlight'),
          skippedLate: of('skippedLate'),
          lost: sum(dead.all.map((member) => countOf(dead.lost(member, phase)))),
        })
      : closedLedger(started),
    completed: of('completed'),
    failed: of('failed'),
    interrupted: of('interrupted') + sum(deadShards.map((shard) => shard.inFlight)),
    interruptedByScenario: record.test.scenarios.map((_, scenario) =>
      sum(deadShards.map((shard) => shard.inFlightByScenario[scenario] ?? 0)),
    ),
    gapUserSeconds: sum(dead.all.map((member) => dead.gapUserSeconds(member, phase))),
    movedUsers: of('moved'),
    broken: dead.all.some((member) => member.state !== 'left' && dead.gapUserSeconds(member, phase) > 0),
  }
}

/** What workers had decided that heard of a change too late was planned when they did, and stays so; others may have made it once more. */
function beyondPlan(record: RunRecord, phase: number): number {
  const planned = plannedNow(record, phase)
  return sum(
    record.metrics.workers.flatMap(({ worker, shards }) =>
      shards
        .filter((shard) => shard.phase === phase)
        .map((shard) => (shard.beyondPlan ?? 0) + decidedOfOthers(record.epochs, worker, shard, planned)),
    ),
  )
}

/** Arrivals that were a thread's own by the newest epoch it has told of, and that it had decided when a later one gave them away. */
function decidedOfOthers(
  epochs: readonly Epoch[],
  worker: string,
  { thread, phase, epoch, through }: ShardState,
  planned: number,
): number {
  const known = epochs.find(({ number }) => number === epoch)
  const later = epochs.filter(({ number }) => number > epoch)
  const firstOf = ({ phases }: Epoch) => phases[phase]?.firstArrival ?? 0
  const [next] = later
  if (known === undefined || next === undefined) return 0
  const own = stripeOf(known.roster, worker, thread)
  let count = 0
  for (let i = indexOfFirst(own, Math.min(planned, firstOf(next))); arrivalAt(own, i) < through; i++) {
    const arrival = arrivalAt(own, i)
    const owning = later.findLast((one) => firstOf(one) <= arrival) ?? known
    const isOnIt = owning.roster.some((entry) => entry.worker === worker)
    const isOwn = isOnIt && ownsArrival(stripeOf(owning.roster, worker, thread), arrival)
    if (!isOwn || arrival >= planned) count++
  }
  return count
}

/**
 * Per dead incarnation, not those that left in order or told everything later: (iterations in flight at its last word + own arrivals from there until 11 s after its loss was declared) × the most
 * requests an iteration makes.
 */
function unknownRequests(
  record: RunRecord,
  dead: DeadMembers,
  mostRequests: readonly (number | null)[],
): number | null {
  let max = 0
  for (const member of dead.all) {
    if (member.state === 'left' || record.metrics.worker(member.incarnation)?.isTold === true) continue
    const until = (member.lostAt ?? record.endedAt) + afterLossMicros
    for (const [phase, { loop }] of record.test.load.entries()) {
      if (loop === 'closed' && dead.mayHaveRunUsers(member, phase, until)) return null
      const inFlight = sum(dead.shards(member, phase).map((shard) => shard.inFlight))
      const iterations = inFlight + (loop === 'open' ? dead.startable(member, phase, until) : 0)
      if (iterations === 0) continue
      const most = mostOf(record, phase, mostRequests)
      if (most === null) return null
      max += iterations * most
    }
  }
  return max
}

function mostOf(record: RunRecord, phase: number, mostRequests: readonly (number | null)[]): number | null {
  let most = 0
  for (const { scenario } of createMix(record.test, record.test.load[phase] ?? { mix: null }).shares) {
    const requests = mostRequests[scenario] ?? null
    if (requests === null) return null
    most = Math.max(most, requests)
  }
  return most
}

function countOf(stretches: readonly LostStretch[]): number {
  return sum(stretches.map(({ stripe, from, to }) => lostArrivals(stripe, from, to)))
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0)
}
