import test from 'ava'
import fc from 'fast-check'
import { type EpochChange, endEarly, firstEpoch, nextEpoch } from '../../../../core/plan/epoch.ts'
import { peakFrom, peakOfAll } from '../../../../core/plan/peak-rate.ts'
import { allRatePieces, phaseSpans, phaseTime, ratePieces } from '../../../../core/plan/phase-time.ts'
import type { Epoch, RosterEntry } from '../../../../core/plan/plan.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import { createSchedules } from '../../../../core/plan/schedules.ts'
import { steeringIssue } from '../../../../core/plan/steering.ts'
import { arrivalAt, indexOfFirst } from '../../../../core/plan/stripe.ts'
import type { LoadTest } from '../../../../core/spec/load-test.ts'
import { plannedNow } from '../../../../core/verdict/current-plan.ts'
import { steerablePhase } from '../../../kit/arbitrary-phase.ts'
import { anyRoster, roster, stripesOf } from '../../../kit/arbitrary-roster.ts'
import { loadTest } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase, sinePhase } from '../../../kit/phases.ts'

const second = 1_000_000
const seed = 5

function begin(test: LoadTest, entries: readonly RosterEntry[] = roster(2)): Epoch[] {
  return [firstEpoch(test, planRun(test, seed), entries)]
}

function change(
  test: LoadTest,
  epochs: Epoch[],
  wish: Omit<EpochChange, 'roster'> & Partial<EpochChange>,
): Epoch {
  const previous = epochs.at(-1) as Epoch
  const schedules = createSchedules(test, seed, allRatePieces(epochs))
  const next = nextEpoch(previous, { roster: previous.roster, ...wish }, schedules)
  epochs.push(next)
  return next
}

function plannedOf(test: LoadTest, epochs: readonly Epoch[]): readonly number[] {
  return test.load.map((_, phase) =>
    plannedNow({ test, plan: planRun(test, seed), epochs: [...epochs] }, phase),
  )
}

test('a pause moves what is left of a phase on, and what follows it', (t) => {
  const run = loadTest({ load: [constantPhase(100, 4000), constantPhase(10, 2000)] })
  const epochs = begin(run)
  const paused = change(run, epochs, { at: second, cause: 'pause', paused: true })
  t.is(paused.pausedAt, second)
  t.deepEqual(
    paused.phases.map(({ firstArrival }) => firstArrival),
    [100, 0],
  )
  const lost = change(run, epochs, { at: 2 * second, cause: 'lost', roster: roster(1) })
  t.deepEqual([lost.pausedAt, lost.phases[0]?.firstArrival], [second, 100])
  const resumed = change(run, epochs, { at: 8 * second, cause: 'resume', paused: false })
  t.is(resumed.pausedAt, null)
  t.deepEqual(resumed.phases, [
    { startAt: 7 * second, endAt: 11 * second, firstArrival: 100 },
    { startAt: 11 * second, endAt: 13 * second, firstArrival: 0 },
  ])
  t.deepEqual(phaseSpans(epochs, 0, 20 * second), [
    { from: 0, to: second },
    { from: 8 * second, to: 11 * second },
  ])
  t.deepEqual(
    [0.5, 1, 5, 8, 9].map((at) => phaseTime(epochs, 0, at * second) / second),
    [0.5, 1, 1, 1, 2],
  )
  t.deepEqual(plannedOf(run, epochs), [400, 20])
})

test('a phase that is over when the run pauses stays where it was', (t) => {
  const run = loadTest({ load: [constantPhase(100, 1000), constantPhase(10, 2000, { atMs: 0 })] })
  const epochs = begin(run)
  change(run, epochs, { at: second, cause: 'pause', paused: true })
  const resumed = change(run, epochs, { at: 3 * second, cause: 'resume', paused: false })
  t.deepEqual(
    resumed.phases.map(({ startAt, endAt }) => [startAt, endAt]),
    [
      [0, second],
      [2 * second, 4 * second],
    ],
  )
})

test('the last factor wins, also for phases that have not begun, and phases side by side', (t) => {
  const run = loadTest({
    load: [
      constantPhase(100, 4000),
      constantPhase(50, 4000, { atMs: 1000 }),
      constantPhase(10, 1000),
      closedPhase({ atMs: 0, durationMs: 4000 }),
    ],
  })
  const epochs = begin(run)
  change(run, epochs, { at: 0.5 * second, cause: 'steer', rateFactor: 2 })
  change(run, epochs, { at: 2 * second, cause: 'steer', rateFactor: 3 })
  t.deepEqual(ratePieces(epochs, 0), [
    { fromMs: 500, factor: 2 },
    { fromMs: 2000, factor: 3 },
  ])
  t.deepEqual(ratePieces(epochs, 1), [
    { fromMs: 0, factor: 2 },
    { fromMs: 1000, factor: 3 },
  ])
  t.deepEqual(ratePieces(epochs, 2), [{ fromMs: 0, factor: 3 }])
  t.deepEqual(plannedOf(run, epochs), [50 + 300 + 600, 100 + 450, 30, 0])
  // Back to what was written: the phase to come is as it was.
  change(run, epochs, { at: 3 * second, cause: 'steer', rateFactor: 1 })
  t.deepEqual(ratePieces(epochs, 2), [])
})

test('factors that are given in one pause count as the last of them', (t) => {
  const run = loadTest({ load: [constantPhase(100, 4000)] })
  const epochs = begin(run)
  change(run, epochs, { at: second, cause: 'pause', paused: true })
  change(run, epochs, { at: 2 * second, cause: 'steer', rateFactor: 9 })
  change(run, epochs, { at: 3 * second, cause: 'steer', rateFactor: 2 })
  change(run, epochs, { at: 9 * second, cause: 'resume', paused: false })
  t.deepEqual(ratePieces(epochs, 0), [{ fromMs: 1000, factor: 2 }])
  t.deepEqual(plannedOf(run, epochs), [100 + 600])
})

test('a phase that makes way early moves the next one, whose factor goes with it', (t) => {
  const run = loadTest({
    load: [closedPhase({ durationMs: 10_000, iterations: 5 }), constantPhase(100, 1000)],
  })
  const epochs = begin(run)
  change(run, epochs, { at: second, cause: 'steer', rateFactor: 2 })
  const phases = endEarly(run, epochs.at(-1) as Epoch, 0, 3 * second)
  const next = change(run, epochs, { at: 3 * second, cause: 'phase', phases })
  t.deepEqual(next.phases[1], { startAt: 3 * second, endAt: 4 * second, firstArrival: 0 })
  t.is(next.rateFactor, 2)
  t.deepEqual(plannedOf(run, epochs), [0, 200])
})

const anyChanges = fc.array(
  fc.record({
    at: fc.nat({ max: 20_000_000 }),
    roster: fc.option(anyRoster),
    rateFactor: fc.option(fc.oneof(fc.constantFrom(0, 1, 2), fc.double({ min: 0, max: 5, noNaN: true }))),
    paused: fc.option(fc.boolean()),
  }),
  { maxLength: 6 },
)

test('over any steering, pauses and rosters, every arrival of the plan is one worker’s, in one epoch', (t) => {
  fc.assert(
    fc.property(
      fc.array(steerablePhase, { minLength: 1, maxLength: 3 }),
      anyRoster,
      anyChanges,
      (load, first, changes) => {
        const run = loadTest({ load })
        const epochs = begin(run, first)
        for (const { at, roster, rateFactor, paused } of changes.toSorted((a, b) => a.at - b.at)) {
          change(run, epochs, {
            ...{ at, cause: 'steer' },
            ...(roster && { roster }),
            ...(rateFactor !== null && { rateFactor }),
            ...(paused !== null && { paused }),
          })
        }
        const planned = plannedOf(run, epochs)
        return planned.every((all, index) => {
          const owned = epochs.flatMap((epoch, e) =>
            stripesOf(epoch.roster).flatMap((stripe) => {
              const to = Math.min(all, epochs[e + 1]?.phases[index]?.firstArrival ?? all)
              const own: number[] = []
              for (
                let i = indexOfFirst(stripe, epoch.phases[index]?.firstArrival ?? 0),
                  n = arrivalAt(stripe, i);
                n < to;
                n = arrivalAt(stripe, ++i)
              )
                own.push(n)
              return own
            }),
          )
          owned.sort((a, b) => a - b)
          return owned.length === all && owned.every((arrival, n) => arrival === n)
        })
      },
    ),
    { numRuns: 150 },
  )
  t.pass()
})

test('a phase is under way for as long as it lasts, whatever pauses there are', (t) => {
  fc.assert(
    fc.property(fc.array(steerablePhase, { minLength: 1, maxLength: 3 }), anyChanges, (load, changes) => {
      const run = loadTest({ load })
      const epochs = begin(run)
      for (const { at, paused } of changes.toSorted((a, b) => a.at - b.at))
        change(run, epochs, { at, cause: 'pause', ...(paused !== null && { paused }) })
      change(run, epochs, { at: 30 * second, cause: 'resume', paused: false })
      return load.every((phase, index) => {
        const spans = phaseSpans(epochs, index, Number.POSITIVE_INFINITY)
        return spans.reduce((sum, { from, to }) => sum + to - from, 0) === Math.round(phase.durationMs * 1000)
      })
    }),
    { numRuns: 200 },
  )
  t.pass()
})

test('no rate is higher, from an instant on, than the highest rate of the rest', (t) => {
  fc.assert(
    fc.property(
      fc.array(steerablePhase, { minLength: 1, maxLength: 3 }),
      fc.nat({ max: 15_000_000 }),
      fc.array(fc.nat({ max: 15_000_000 }), { minLength: 1, maxLength: 30 }),
      (load, from, later) => {
        const run = loadTest({ load: load.map((phase, index) => ({ ...phase, atMs: index * 700 })) })
        const { phases } = planRun(run, seed)
        const schedules = createSchedules(run, seed)
        const rateAt = (at: number) =>
          phases.reduce((sum, { startAt }, i) => sum + (schedules[i]?.rateAt((at - startAt) / 1000) ?? 0), 0)
        const peak = peakFrom(run, phases, from)
        return (
          peak <= peakOfAll(run, phases) * 1.002 + 1e-9 &&
          later.every((behind) => rateAt(from + behind) <= peak * 1.002 + 1e-9)
        )
      },
    ),
    { numRuns: 200 },
  )
  t.pass()
})

const railed = loadTest({ load: [constantPhase(1000, 1000), constantPhase(100, 4000)] })
const anyRail = (allowed: number | null) => [{ allowed, whose: 'the operator of worker w1' }]

test('a rail on the rate counts what is left of the run, and says which factor would do', (t) => {
  const epochs = begin(railed)
  const issueOf = (rateFactor: number, at: number) =>
    steeringIssue(railed, epochs, { rateFactor, at }, anyRail(1000))
  t.is(issueOf(1, 0.5 * second), null)
  t.like(issueOf(1.5, 0.5 * second), {
    code: 'not-allowed',
    message: 'the rate would go up to 1500/s, and the operator of worker w1 allows 1000/s',
  })
  t.is(issueOf(10, 1.5 * second), null)
  t.like(issueOf(10.1, 1.5 * second), { hint: 'Write a factor of 10 at most, or ask for more.' })
})

test('limits.maxRate of the LoadTest holds for steering as well', (t) => {
  const limited = loadTest({
    load: [sinePhase({ mean: 50, amplitude: 50, periodMs: 4000 }, 4000)],
    limits: { inFlight: null, backlog: 0.001, drainMs: 1000, maxRate: 150 },
  })
  const issueOf = (rateFactor: number, at: number) =>
    steeringIssue(limited, begin(limited), { rateFactor, at }, anyRail(null))
  t.is(issueOf(1.5, 0), null)
  t.like(issueOf(1.6, 0), { code: 'not-allowed' })
  // Behind the crest there is less to come.
  t.is(issueOf(2.5, 2 * second), null)
})

for (const [title, rateFactor, at, code] of [
  ['a factor below 0', -1, second, 'not-steerable'],
  ['a factor that is none', Number.NaN, second, 'not-steerable'],
  ['a factor beyond all bounds', 1001, second, 'not-steerable'],
  ['a factor when no phase with a rate is left', 2, 9 * second, 'not-steerable'],
] as const) {
  test(`${title} is refused`, (t) => {
    t.like(steeringIssue(railed, begin(railed), { rateFactor, at }, []), { code })
  })
}

test('a factor of 0 is one like others: users go on, and phases last as long', (t) => {
  t.is(steeringIssue(railed, begin(railed), { rateFactor: 0, at: second }, anyRail(1)), null)
})
