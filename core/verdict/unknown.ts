import type { LostStretch } from '../plan/ledger.ts'
import { createMix } from '../plan/mix.ts'
import type { Micros } from '../plan/plan.ts'
import { arrivalAt, countOwn, indexOfFirst } from '../plan/stripe.ts'
import { arrivalScenario } from '../scenario/arrival-scenario.ts'
import type { Accounts } from './accounts.ts'
import { deadMembers } from './dead-members.ts'
import { microsPerSecond, type Seconds, type Span } from './recorded-time.ts'
import type { RunRecord } from './run-record.ts'
import { longestIterationMicros, type Scope } from './scope.ts'

/**
 * Iterations of which nobody knows how they went: lost arrivals (had they been made) and those that were cut off. Their requests would have
 * ended within `span`.
 */
export interface UnknownIterations {
  readonly phase: number
  /** Null: any of the phase's mix. */
  readonly scenario: number | null
  readonly count: number
  readonly span: Span
}

/** What unknown iterations could have done in a scope at most. */
export interface Unknown {
  readonly requests: number
  readonly checks: number
  readonly iterations: number
}

export const nothingUnknown: Unknown = { requests: 0, checks: 0, iterations: 0 }

/** Of recorded phases, when the run is over. */
export function unknownIterations(record: RunRecord, accounts: Accounts): readonly UnknownIterations[] {
  const ends = record.epochs.at(-1)?.phases.map(({ endAt }) => endAt) ?? []
  // Whoever was cut off by the end of the drain, or of the run, was at work until then.
  const from = record.endingAt ?? Math.max(0, ...ends)
  const cutOff = accounts.phases.map((account, phase) => ({
    phase,
    scenario: null,
    count: account.interrupted - account.interruptedByScenario.reduce((sum, count) => sum + count, 0),
    span: { from, to: Number.POSITIVE_INFINITY },
  }))
  return [...cutOff, ...unknownOfTheDead(record)].filter(
    ({ phase, count }) => count > 0 && record.test.load[phase]?.record === true,
  )
}

/**
 * Those of dead workers alone. With `until`, while the run goes on: lost arrivals intended before it, whatever their scenario, which
 * takes no longer the more there are.
 */
export function unknownOfTheDead(record: RunRecord, until?: Micros): readonly UnknownIterations[] {
  const dead = deadMembers(record)
  return dead.all.flatMap((member) =>
    record.test.load.flatMap((load, phase): readonly UnknownIterations[] => {
      if (!load.record) return []
      const lastWord = dead.lastWord(member)
      const longest = longestIterationMicros(record.test, phase)
      const times = record.epochs.at(-1)?.phases[phase]
      const inFlight = record.test.scenarios.map((_, scenario) => ({
        phase,
        scenario,
        count: dead
          .shards(member, phase)
          .reduce((sum, shard) => sum + (shard.inFlightByScenario[scenario] ?? 0), 0),
        span: { from: lastWord, to: lastWord + longest },
      }))
      if (load.loop === 'closed') return inFlight
      // Its share was taken over by the epoch without it, or by nobody until the phase ended.
      const takenOver = record.epochs.find(
        (epoch) =>
          epoch.at >= (member.lostAt ?? 0) && !epoch.roster.some((entry) => entry.worker === member.id),
      )
      const span = {
        from: Math.min(lastWord, takenOver?.at ?? lastWord),
        to: Math.min(takenOver?.at ?? Number.POSITIVE_INFINITY, times?.endAt ?? 0) + longest,
      }
      const lost = dead.lost(member, phase, until)
      const byScenario =
        until === undefined
          ? lostByScenario(record, phase, lost)
          : [
              {
                scenario: null,
                count: lost.reduce((sum, one) => sum + countOwn(one.stripe, one.from, one.to), 0),
              },
            ]
      return [...inFlight, ...byScenario.map((one) => ({ ...one, phase, span }))]
    }),
  )
}

/** Which scenario a lost arrival would have taken is known: it follows from its number. */
function lostByScenario(
  { test, plan }: RunRecord,
  phase: number,
  lost: readonly LostStretch[],
): readonly { readonly scenario: number; readonly count: number }[] {
  const counts = test.scenarios.map(() => 0)
  const scenarioOf = arrivalScenario(test, plan.seed, phase)
  for (const { stripe, from, to } of lost) {
    for (let i = indexOfFirst(stripe, from), n = arrivalAt(stripe, i); n < to; n = arrivalAt(stripe, ++i)) {
      const scenario = scenarioOf(n)
      counts[scenario] = (counts[scenario] ?? 0) + 1
    }
  }
  return counts.map((count, scenario) => ({ scenario, count }))
}

/** What of it could have ended in a scope within these seconds. */
export function unknownIn(
  record: RunRecord,
  all: readonly UnknownIterations[],
  scope: Scope,
  seconds: Seconds,
): Unknown {
  let [requests, checks, iterations] = [0, 0, 0]
  const [fromAt, toAt] = [seconds.fromS * microsPerSecond, seconds.toS * microsPerSecond]
  for (const { phase, scenario, count, span } of all) {
    if (count === 0 || !scope.phases.includes(phase) || span.from >= toAt || span.to <= fromAt) continue
    const candidates =
      scenario === null
        ? createMix(record.test, record.test.load[phase] ?? { mix: null }).shares.map(
            (share) => share.scenario,
          )
        : [scenario]
    const most = (what: keyof Unknown) =>
      count * Math.max(0, ...candidates.map((index) => scope.most[index]?.[what] ?? 0))
    requests += most('requests')
    checks += most('checks')
    iterations += most('iterations')
  }
  return { requests, checks, iterations }
}

/** Up to the end of the last phase in scope: what ended later counts for no rate. */
export function secondsOf(scope: Scope): Seconds {
  const last = scope.spans.at(-1)?.to ?? 0
  return { fromS: 0, toS: last / microsPerSecond }
}
