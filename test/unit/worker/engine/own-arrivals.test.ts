import test from 'ava'
import fc from 'fast-check'
import { firstEpoch, nextEpoch } from '../../../../core/plan/epoch.ts'
import type { Epoch, RosterEntry } from '../../../../core/plan/plan.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import { createSchedules } from '../../../../core/plan/schedules.ts'
import { stripeOf } from '../../../../core/plan/stripe.ts'
import type { Schedule } from '../../../../core/schedule/schedule.ts'
import type { OpenPhase } from '../../../../core/spec/load-test.ts'
import { OwnArrivals } from '../../../../worker/engine/own-arrivals.ts'
import { anyOpenPhase } from '../../../kit/arbitrary-phase.ts'
import { anyRoster, roster } from '../../../kit/arbitrary-roster.ts'
import { loadTest } from '../../../kit/load-test.ts'
import { constantPhase } from '../../../kit/phases.ts'

const seed = 7

interface Change {
  /** Share of the phase. */
  readonly at: number
  readonly roster: readonly RosterEntry[]
}

const anyChanges = fc.array(
  fc.record({ at: fc.double({ min: 0, max: 1.1, noNaN: true }), roster: anyRoster }),
  {
    maxLength: 5,
  },
)

function epochsOf(phase: OpenPhase, first: readonly RosterEntry[], changes: readonly Change[]): Epoch[] {
  const spec = loadTest({ load: [phase] })
  const schedules = createSchedules(spec, seed)
  // Weights come and go, the threads of a worker stay.
  const fixed = (roster: readonly RosterEntry[]) =>
    roster.map((entry) => ({ ...entry, threads: 1 + (Number(entry.worker.slice(1)) % 3) }))
  const epochs: Epoch[] = [firstEpoch(spec, planRun(spec, seed), fixed(first))]
  for (const { at, roster } of [...changes].sort((a, b) => a.at - b.at)) {
    const previous = epochs.at(-1) as Epoch
    const instant = Math.max(previous.at + 1, Math.floor(at * phase.durationMs * 1000))
    epochs.push(nextEpoch(previous, { at: instant, cause: 'joined', roster: fixed(roster) }, schedules))
  }
  return epochs
}

/** Every arrival that one thread takes when its turns come at these instants and it hears of epochs so late. */
function walk(
  phase: OpenPhase,
  epochs: readonly Epoch[],
  worker: string,
  thread: number,
  turns: readonly number[],
  lateMicros = 0,
): number[] {
  const [schedule] = createSchedules(loadTest({ load: [phase] }), seed) as [Schedule]
  const segment = ({ roster, phases: [of] }: Epoch) => ({
    startAt: of?.startAt ?? 0,
    firstArrival: of?.firstArrival ?? 0,
    stripe: stripeOf(roster, worker, thread),
    schedule,
  })
  const [first, ...later] = epochs as [Epoch, ...Epoch[]]
  const own = new OwnArrivals(segment(first))
  const taken: number[] = []
  for (const now of [...turns, Number.MAX_SAFE_INTEGER]) {
    while (later[0] !== undefined && later[0].at + lateMicros <= now)
      own.append(segment(later.shift() as Epoch))
    for (; own.nextAt <= now; own.advance()) taken.push(own.next)
  }
  return taken
}

const anyTurns = (phase: OpenPhase) =>
  fc
    .array(fc.integer({ min: 0, max: Math.ceil(phase.durationMs * 1100) }), { maxLength: 30 })
    .map((turns) => turns.sort((a, b) => a - b))

test('over any epochs and any turns, all threads together take every arrival exactly once', (t) => {
  fc.assert(
    fc.property(
      anyOpenPhase.chain((phase) => fc.tuple(fc.constant(phase), anyRoster, anyChanges, anyTurns(phase))),
      ([phase, first, changes, turns]) => {
        const epochs = epochsOf(phase, first, changes)
        const threads = new Set(
          epochs.flatMap(({ roster }) =>
            roster.flatMap(({ worker, threads }) =>
              Array.from({ length: threads }, (_, thread) => `${worker}/${thread}`),
            ),
          ),
        )
        const taken = [...threads].flatMap((name) => {
          const [worker, thread] = name.split('/') as [string, string]
          return walk(phase, epochs, worker, Number(thread), turns)
        })
        const planned = planRun(loadTest({ load: [phase] }), seed).planned
        taken.sort((a, b) => a - b)
        if (taken.length !== planned) return false
        return taken.every((arrival, index) => arrival === index)
      },
    ),
    { numRuns: 60 },
  )
  t.pass()
})

test('a thread that hears of an epoch too late takes no arrival twice, and misses none of its own', (t) => {
  fc.assert(
    fc.property(
      anyOpenPhase.chain((phase) => fc.tuple(fc.constant(phase), anyRoster, anyChanges, anyTurns(phase))),
      fc.integer({ min: 0, max: 5_000_000 }),
      ([phase, first, changes, turns], lateMicros) => {
        const epochs = epochsOf(phase, first, changes)
        const intime = walk(phase, epochs, 'w1', 0, turns)
        const late = walk(phase, epochs, 'w1', 0, turns, lateMicros)
        const taken = new Set(late)
        return taken.size === late.length && intime.every((arrival) => taken.has(arrival))
      },
    ),
    { numRuns: 60 },
  )
  t.pass()
})

test('a phase that moves before it has begun moves its arrivals', (t) => {
  const phase = constantPhase(10, 1000)
  const [first] = epochsOf(phase, roster(1), []) as [Epoch]
  const moved = {
    ...first,
    number: 2,
    at: -500_000,
    phases: [{ startAt: 250_000, endAt: 1_250_000, firstArrival: 0 }],
  }
  const [schedule] = createSchedules(loadTest({ load: [phase] }), seed) as [Schedule]
  const stripe = stripeOf(roster(1), 'w1', 0)
  const own = new OwnArrivals({ startAt: 0, firstArrival: 0, stripe, schedule })
  own.append({ startAt: moved.phases[0]?.startAt ?? 0, firstArrival: 0, stripe, schedule })
  t.is(own.next, 0)
  t.is(own.nextAt, 250_000)
  own.advance()
  t.is(own.nextAt, 350_000)
})

test('where an epoch comes too late, what was decided by then and is another’s is told of, once and for all', (t) => {
  const [schedule] = createSchedules(loadTest({ load: [constantPhase(100, 1_000)] }), seed)
  if (schedule === null || schedule === undefined) return t.fail()
  const segment = (firstArrival: number, workers: number) => {
    const stripe = stripeOf(roster(workers), 'w2', 0)
    return { firstArrival, stripe, startAt: 0, schedule }
  }
  // 1, 4, 7 … by the first; 1, 3, 5 … by the second.
  const own = new OwnArrivals(segment(0, 3))
  const upTo = (arrival: number) => {
    while (own.next < arrival) own.advance()
  }
  upTo(10)
  own.append(segment(6, 2))
  t.is(own.strayedThrough, null, '7 is its own by both')
  upTo(11)
  own.append(segment(4, 3))
  t.is(own.strayedThrough, 11, '5 and 9 are others’ by the third')
  upTo(30)
  own.append(segment(20, 2))
  t.is(own.strayedThrough, 11)
})
