import test from 'ava'
import fc from 'fast-check'
import { allRatePieces } from '../../../../core/plan/phase-time.ts'
import { createSchedules } from '../../../../core/plan/schedules.ts'
import type { OpenPhase } from '../../../../core/spec/load-test.ts'
import { plannedNow } from '../../../../core/verdict/current-plan.ts'
import { steerablePhase } from '../../../kit/arbitrary-phase.ts'
import { anyRoster, roster } from '../../../kit/arbitrary-roster.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'
import { type Fate, VirtualRun } from '../../../kit/virtual-engine.ts'

const second = 1_000_000
const users = (to: number, from = to, overMs = 0) => ({ from, to, overMs })
const soon = (): Fate => ({ afterMicros: 500 })

function instants(run: VirtualRun): readonly number[] {
  return run.sent.map(({ at }) => Math.round(at))
}

/** The plan as it was steered. */
function planned(run: VirtualRun): readonly number[] {
  const { options, plan, epochs } = run
  return options.test.load.map((_, phase) =>
    plannedNow({ test: options.test, plan, epochs: [...epochs] }, phase),
  )
}

test('another rate begins at its instant, in the middle of a phase and on every thread', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 3000)] }),
    target: soon,
    roster: roster(2, 2),
  })
  run.change({ at: second, cause: 'steer', rateFactor: 2 })
  run.change({ at: 2 * second, cause: 'steer', rateFactor: 0.5 })
  run.run()
  t.deepEqual(instants(run), [
    ...Array.from({ length: 100 }, (_, n) => n * 10_000),
    ...Array.from({ length: 200 }, (_, n) => second + n * 5_000),
    ...Array.from({ length: 50 }, (_, n) => 2 * second + n * 20_000),
  ])
  t.like(run.phase(0), { started: 350, completed: 350, done: true })
  t.is(run.now, 3 * second)
})

test('while a run is paused no arrival starts, those under way finish, and the phase is as much longer', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(10, 2000)] }),
    target: () => ({ afterMicros: 350_000 }),
  })
  run.change({ at: second, cause: 'pause', paused: true })
  run.run(4 * second)
  t.like(run.phase(0), { started: 10, completed: 10, inFlight: 0, done: false })
  t.false(run.isDrained)
  run.change({ at: 5 * second, cause: 'resume', paused: false })
  run.run()
  t.deepEqual(instants(run), [
    ...Array.from({ length: 10 }, (_, n) => n * 100_000),
    ...Array.from({ length: 10 }, (_, n) => 5 * second + n * 100_000),
  ])
  t.like(run.phase(0), { started: 20, completed: 20, skippedLate: 0, done: true })
})

test('what ends while the run is paused counts for no rate', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(10, 2000)] }),
    target: () => ({ afterMicros: 350_000 }),
  })
  run.change({ at: second, cause: 'pause', paused: true })
  run.change({ at: 5 * second, cause: 'resume', paused: false })
  run.run()
  const ids = new Set(run.table.select(({ kind }) => kind === 'step'))
  const inWindow = run
    .intervals()
    .flatMap(({ series }) => series.filter((delta) => ids.has(delta.series)))
    .reduce((sum, delta) => sum + delta.inWindow, 0)
  // Three of those that began before the pause ended in it, and three more in the drain.
  t.is(inWindow, 20 - 3 - 3)
})

test('users start nothing while a run is paused, and go on when it does', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [closedPhase({ users: users(2), durationMs: 2000 })] }),
    target: () => ({ afterMicros: 300_000 }),
  })
  run.change({ at: second, cause: 'pause', paused: true })
  run.run(3 * second)
  t.like(run.phase(0), { started: 8, completed: 8, users: 2, done: false })
  run.change({ at: 4 * second, cause: 'resume', paused: false })
  run.run()
  t.deepEqual(
    instants(run).slice(8),
    [0, 0, 0.3, 0.3, 0.6, 0.6, 0.9, 0.9].map((at) => (4 + at) * second),
  )
  t.is(run.now, 5.2 * second)
})

test('a pace and a ramp of users count the phase’s own time', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [closedPhase({ users: users(2, 1, 1000), durationMs: 2000, paceMs: 400 })] }),
    target: () => ({ afterMicros: 10_000 }),
  })
  run.change({ at: 500_000, cause: 'pause', paused: true })
  run.change({ at: 1_500_000, cause: 'resume', paused: false })
  run.run()
  t.deepEqual(
    instants(run),
    // The first user every 400 ms, the second from 1 s on, 1 s later each behind the pause.
    [0, 400, 1800, 2000, 2200, 2400, 2600, 2800].map((ms) => ms * 1000),
  )
})

test('a pause that comes while users wait for their pace holds them until its end', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [closedPhase({ users: users(1), durationMs: 2000, paceMs: 1000 })] }),
    target: () => ({ afterMicros: 10_000 }),
  })
  run.change({ at: 800_000, cause: 'pause', paused: true })
  run.change({ at: 900_000, cause: 'resume', paused: false })
  run.run()
  t.deepEqual(instants(run), [0, 1_100_000])
})

test('a phase that has not begun when the run pauses begins as much later', (t) => {
  const run = new VirtualRun({
    test: loadTest({
      load: [
        constantPhase(10, 1000),
        constantPhase(10, 1000),
        closedPhase({ users: users(1), durationMs: 500 }),
      ],
    }),
    target: () => ({ afterMicros: 200_000 }),
  })
  run.change({ at: 500_000, cause: 'pause', paused: true })
  run.change({ at: 2_500_000, cause: 'resume', paused: false })
  run.run()
  t.is(run.sent.length, 10 + 10 + 3)
  t.deepEqual(instants(run).slice(-3), [4 * second, 4.2 * second, 4.4 * second])
})

test('a run that is stopped while it is paused drains, and starts nothing more', (t) => {
  const run = new VirtualRun({
    test: loadTest({
      load: [constantPhase(10, 2000), closedPhase({ atMs: 0, users: users(3), durationMs: 2000 })],
    }),
    target: () => ({ afterMicros: 350_000 }),
  })
  run.change({ at: second, cause: 'pause', paused: true })
  run.run(1.1 * second)
  run.stop()
  run.run()
  t.true(run.isDrained)
  t.is(run.now, 1.25 * second, 'the last one that was under way')
  t.like(run.phase(0), { started: 10, completed: 10, inFlight: 0, done: true })
  t.like(run.phase(1), { started: 9, completed: 9, inFlight: 0, done: true })
})

test('a worker that is lost while the run is paused leaves its part to the others when it goes on', (t) => {
  const run = new VirtualRun({
    test: loadTest({
      load: [constantPhase(10, 2000), closedPhase({ atMs: 0, users: users(4), durationMs: 2000 })],
    }),
    target: soon,
    roster: roster(2),
  })
  run.change({ at: second, cause: 'pause', paused: true })
  run.change({ at: 2 * second, cause: 'lost', roster: roster(1) })
  run.change({ at: 3 * second, cause: 'resume', paused: false })
  run.run()
  const later = run.sent.filter(({ at }) => at >= second)
  t.deepEqual([...new Set(later.map(({ worker }) => worker))], ['w1'])
  t.is(run.phase(0).started, 20)
  t.true(later.length > 10)
})

test('a higher rate finds room for as many more in flight', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 2000)] }),
    target: () => ({ afterMicros: 300_000 }),
    inFlightBound: (rateFactor) => 40 * rateFactor,
  })
  run.change({ at: second, cause: 'steer', rateFactor: 3 })
  run.run()
  t.like(run.phase(0), { started: 400, skippedInFlight: 0 })
})

test('a thread that hears of a lower rate too late decides nothing twice, and says what has no place any more', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 2000)] }),
    target: soon,
    roster: roster(2),
  })
  run.run(1.2 * second)
  t.is(run.phase(0).started, 121)
  run.change({ at: second, cause: 'steer', rateFactor: 0 })
  run.run(1.5 * second)
  const beyond = run.threads.map(({ engine }) => engine.shards(run.now)[0]?.beyondPlan ?? 0)
  t.is(
    beyond.reduce((sum, one) => sum + one, 0),
    21,
  )
  t.is(planned(run)[0], 100)
  // With a rate again they are part of the plan once more.
  run.change({ at: 1.6 * second, cause: 'steer', rateFactor: 1 })
  run.run()
  t.deepEqual(
    run.threads.map(({ engine }) => engine.shards(run.now)[0]?.beyondPlan ?? 0),
    [0, 0],
  )
  t.is(planned(run)[0], 140)
  t.is(run.phase(0).started, 140)
})

const anyChanges = fc.array(
  fc.record({
    atMs: fc.integer({ min: 0, max: 15_000 }),
    roster: fc.option(anyRoster),
    rateFactor: fc.option(fc.oneof(fc.constantFrom(0, 1, 2), fc.double({ min: 0, max: 4, noNaN: true }))),
    paused: fc.option(fc.boolean()),
  }),
  { maxLength: 6 },
)

test('over any steering every arrival of the plan starts once, at its instant, and none in a pause', (t) => {
  fc.assert(
    fc.property(
      fc.array(steerablePhase, { minLength: 1, maxLength: 2 }),
      anyRoster,
      anyChanges,
      (load, first, changes) => {
        const run = new VirtualRun({
          test: loadTest({
            load: load.map((phase, index): OpenPhase => ({ ...phase, mix: { [`s${index}`]: 1 } })),
            scenarios: load.map((_, index) =>
              scenario({ name: `s${index}`, weight: 0, steps: [httpGet(`/p${index}`)] }),
            ),
          }),
          target: soon,
          roster: first,
        })
        for (const { atMs, roster, rateFactor, paused } of changes.toSorted((a, b) => a.atMs - b.atMs))
          run.change({
            ...{ at: atMs * 1000, cause: 'steer' },
            // Threads of workers stay what they were, and nobody joins here.
            ...(roster && { roster: first.filter((_, index) => index === 0 || index < roster.length) }),
            ...(rateFactor !== null && { rateFactor }),
            ...(paused !== null && { paused }),
          })
        run.change({ at: 20 * second, cause: 'resume', paused: false })
        run.run()
        const schedules = createSchedules(run.options.test, 1, allRatePieces(run.epochs))
        return load.every((_, index) => {
          const all = planned(run)[index] ?? 0
          const sums = run.phase(index)
          if (sums.started !== all || sums.completed !== all || !sums.done) return false
          const sent = run.sent.filter(({ path }) => path === `/p${index}`)
          const intended = Array.from({ length: all }, (_, n) => {
            const own = run.epochs.findLast((epoch) => (epoch.phases[index]?.firstArrival ?? 0) <= n)
            return (own?.phases[index]?.startAt ?? 0) + 1000 * (schedules[index]?.startOf(n) ?? Number.NaN)
          })
          const at = sent.map((one) => one.at).sort((a, b) => a - b)
          return intended.sort((a, b) => a - b).every((micros, n) => Math.abs(micros - (at[n] ?? 0)) < 1)
        })
      },
    ),
    { numRuns: 60 },
  )
  t.pass()
})
