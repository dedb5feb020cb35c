import type { ShardState } from '../measure/snapshot.ts'
import { type LostStretch, lostStretches } from '../plan/ledger.ts'
import { phaseTime } from '../plan/phase-time.ts'
import type { Epoch, Micros } from '../plan/plan.ts'
import { arrivalAt, countOwn, indexOfFirst, ownsArrival, stripeOf } from '../plan/stripe.ts'
import { userStart, userStop } from '../schedule/users.ts'
import type { ClosedPhase } from '../spec/load-test.ts'
import { firstArrivalAt, plannedNow } from './current-plan.ts'
import type { Span } from './recorded-time.ts'
import type { MemberRecord, RunRecord } from './run-record.ts'

/** What workers that died, or left, did not do: arrivals nobody has decided, and users that stood still. */
export interface DeadMembers {
  readonly all: readonly MemberRecord[]
  /** As its last snapshot had them. */
  shards(member: MemberRecord, phase: number): readonly ShardState[]
  /** Cluster time of its last snapshot, or until when it was at work. */
  lastWord(member: MemberRecord): Micros
  /**
   * Open phases: own arrivals from `through` to the next epoch's first, or to where the run itself ended. With `until`: those intended
   * before it alone.
   */
  lost(member: MemberRecord, phase: number, until?: Micros): readonly LostStretch[]
  /** Open phases: how many arrivals the dead worker may have started until then, whichever of its epochs it heard of, and when. */
  startable(member: MemberRecord, phase: number, until: Micros): number
  /** Closed phases: user-seconds between its last word and the epoch without it; 0 where it had nobody at work. */
  gapUserSeconds(member: MemberRecord, phase: number): number
  /** Closed phases: it may have run users of its own after its last word, until that instant. */
  mayHaveRunUsers(member: MemberRecord, phase: number, until: Micros): boolean
}

/** Whoever is lost was heard until three beats before (controller/run/timing.ts). */
const silenceMicros: Micros = 1_500_000

export function deadMembers(record: RunRecord): DeadMembers {
  const { test, epochs, plan } = record
  const all = record.members.filter((member) => member.state !== 'drained')
  const measures = new Map(all.map((member) => [member, record.metrics.worker(member.incarnation)]))

  const shards = (member: MemberRecord, phase: number): readonly ShardState[] =>
    (measures.get(member)?.shards ?? []).filter((shard) => shard.phase === phase)
  /** Of one that has told more after its loss, stopped for a while, until when it had been at work. */
  const lastWord = (member: MemberRecord): Micros => {
    const { newestAt = 0, decidedAt = 0 } = measures.get(member) ?? {}
    const { lostAt } = member
    if (lostAt === null || member.state === 'left' || newestAt <= lostAt) return newestAt
    return Math.min(newestAt, Math.max(decidedAt, lostAt - silenceMicros))
  }
  const ownEpochs = (member: MemberRecord): readonly Epoch[] =>
    epochs.filter((epoch) => epoch.roster.some((entry) => entry.worker === member.id))

  /** What it may have known when it died: its epochs up to one that it was not heard to have gone beyond. */
  const mayHaveKnown = (member: MemberRecord, phase: number): readonly (readonly Epoch[])[] => {
    const heard = Math.max(1, ...shards(member, phase).map((shard) => shard.epoch))
    const own = ownEpochs(member)
    return own.flatMap((epoch, index) =>
      epoch.number >= heard || index === own.length - 1 ? [epochs.slice(0, epochs.indexOf(epoch) + 1)] : [],
    )
  }

  const stretches = (
    member: MemberRecord,
    phase: number,
    among: readonly Epoch[],
    end: number,
  ): readonly LostStretch[] => {
    const known = shards(member, phase)
    return Array.from({ length: member.threads }, (_, thread) => {
      const { epoch = 0, through = 0 } = known.find((shard) => shard.thread === thread) ?? {}
      return lostStretches(among, { worker: member.id, thread, phase, epoch, through }, end)
    }).flat()
  }

  /** Own users at work in a stretch of their phase's own time, in user-µs; phases with a number of iterations: those that had some left. */
  const userMicros = (member: MemberRecord, phase: number, span: Span): number => {
    const wish = test.load[phase]
    const known = shards(member, phase)
    if (wish?.loop !== 'closed' || span.to <= span.from) return 0
    if (wish.iterations !== null && known.length > 0) {
      return (span.to - span.from) * known.reduce((sum, { users, done }) => sum + (done ? 0 : users), 0)
    }
    let sum = 0
    for (const number of ownUsers(member, ownEpochs(member).at(-1), plan.phases[phase]?.peakUsers ?? 0)) {
      const [from, to] = userSpan(wish, number)
      sum += Math.max(0, Math.min(span.to, to) - Math.max(span.from, from))
    }
    return sum
  }

  /** From its last word on, in the phase's own time. */
  /** Its users had been given to others, and it had told so: it stood by when it died. */
  const stoodBy = (member: MemberRecord, phase: number): boolean => {
    const last = ownEpochs(member).at(-1)?.number ?? 0
    const without = epochs.find(({ number }) => number > last)?.number
    const known = shards(member, phase)
    return without !== undefined && known.length > 0 && known.every(({ epoch }) => epoch >= without)
  }

  const idle = (member: MemberRecord, phase: number, until: Micros, among: readonly Epoch[]): Span => {
    const times = ownEpochs(member).at(-1)?.phases[phase]
    if (times === undefined || stoodBy(member, phase)) return { from: 0, to: 0 }
    const timeAt = (at: Micros) => phaseTime(among, phase, at)
    return {
      from: Math.max(0, timeAt(lastWord(member))),
      to: Math.min(times.endAt - times.startAt, timeAt(until)),
    }
  }

  return {
    all,
    shards,
    lastWord,
    lost(member, phase, until = Number.POSITIVE_INFINITY) {
      const ended =
        record.ended === 'finished' ? Number.POSITIVE_INFINITY : (record.endingAt ?? record.endedAt)
      const at = Math.min(until, ended)
      const end =
        at === Number.POSITIVE_INFINITY ? plannedNow(record, phase) : firstArrivalAt(record, phase, at)
      return stretches(member, phase, epochs, end)
    },
    startable(member, phase, until) {
      const known = mayHaveKnown(member, phase).map((prefix) => ({
        newest: prefix.at(-1) as Epoch,
        to: firstArrivalAt({ test, plan, epochs: prefix }, phase, until),
      }))
      let count = 0
      for (let thread = 0; thread < member.threads; thread++) {
        const through = shards(member, phase).find((shard) => shard.thread === thread)?.through ?? 0
        const segments = known.map(({ newest: { roster, phases }, to }, index) => ({
          stripe: stripeOf(roster, member.id, thread),
          from: Math.max(through, index === 0 ? 0 : (phases[phase]?.firstArrival ?? 0)),
          to,
        }))
        count += countUnion(segments)
      }
      return count
    },
    gapUserSeconds(member, phase) {
      const without = epochs.find(
        (epoch) =>
          epoch.at >= (member.lostAt ?? 0) && !epoch.roster.some((entry) => entry.worker === member.id),
      )
      const until = Math.min(without?.at ?? Number.POSITIVE_INFINITY, record.endingAt ?? record.endedAt)
      return userMicros(member, phase, idle(member, phase, until, epochs)) / 1_000_000
    },
    mayHaveRunUsers: (member, phase, until) =>
      mayHaveKnown(member, phase).some(
        (known) => userMicros(member, phase, idle(member, phase, until, known)) > 0,
      ),
  }
}

/** Arrivals that lie in any of them, each once. */
function countUnion(segments: readonly LostStretch[]): number {
  const [first, ...others] = segments
  if (first === undefined) return 0
  let count = countOwn(first.stripe, first.from, first.to)
  for (const [index, { stripe, from, to }] of others.entries()) {
    const before = segments.slice(0, index + 1)
    for (let i = indexOfFirst(stripe, from), n = arrivalAt(stripe, i); n < to; n = arrivalAt(stripe, ++i)) {
      if (!before.some((one) => n >= one.from && n < one.to && ownsArrival(one.stripe, n))) count++
    }
  }
  return count
}

function* ownUsers(member: MemberRecord, epoch: Epoch | undefined, users: number): Generator<number> {
  if (epoch === undefined) return
  for (let thread = 0; thread < member.threads; thread++) {
    const stripe = stripeOf(epoch.roster, member.id, thread)
    for (let i = 0, user = arrivalAt(stripe, 0); user < users; user = arrivalAt(stripe, ++i)) yield user
  }
}

/** µs since the phase began. */
function userSpan(phase: ClosedPhase, user: number): readonly [from: number, to: number] {
  const startMs = userStart(phase, user)
  return startMs === undefined ? [0, 0] : [startMs * 1000, userStop(phase, user) * 1000]
}
