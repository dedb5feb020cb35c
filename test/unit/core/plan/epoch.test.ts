import test from 'ava'
import fc from 'fast-check'
import { endEarly, firstEpoch, nextEpoch } from '../../../../core/plan/epoch.ts'
import { lostOfShard } from '../../../../core/plan/ledger.ts'
import type { Epoch, EpochPhase, Stripe } from '../../../../core/plan/plan.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import { createSchedules } from '../../../../core/plan/schedules.ts'
import { arrivalAt, indexOfFirst, stripeOf } from '../../../../core/plan/stripe.ts'
import { anyOpenPhase } from '../../../kit/arbitrary-phase.ts'
import { anyRoster, roster, stripesOf } from '../../../kit/arbitrary-roster.ts'
import { loadTest } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'

test('epoch changes in the middle of phases neither repeat nor drop an arrival', (t) => {
  const changes = fc.array(fc.record({ at: fc.nat({ max: 20_000_000 }), roster: anyRoster }), {
    maxLength: 4,
  })
  fc.assert(
    fc.property(
      fc.array(anyOpenPhase, { minLength: 1, maxLength: 3 }),
      anyRoster,
      changes,
      (load, first, later) => {
        const run = loadTest({ load })
        const plan = planRun(run, 11)
        const schedules = createSchedules(run, 11)
        const epochs: Epoch[] = [firstEpoch(run, plan, first)]
        for (const change of later.toSorted((a, b) => a.at - b.at)) {
          epochs.push(nextEpoch(epochs.at(-1) as Epoch, { ...change, cause: 'joined' }, schedules))
        }
        return plan.phases.every(({ index, planned }) => {
          const started = epochs.flatMap((epoch, e) =>
            stripesOf(epoch.roster).flatMap((stripe) =>
              membersOf(
                stripe,
                (epoch.phases[index] as EpochPhase).firstArrival,
                epochs[e + 1]?.phases[index]?.firstArrival ?? planned,
              ),
            ),
          )
          started.sort((a, b) => a - b)
          return started.length === planned && started.every((arrival, n) => arrival === n)
        })
      },
    ),
    { numRuns: 100 },
  )
  t.pass()
})

test('arrivals intended before the new epoch stay with the old one', (t) => {
  const run = loadTest({ load: [constantPhase(100, 1000), constantPhase(10, 1000)] })
  const schedules = createSchedules(run, 1)
  const first = firstEpoch(run, planRun(run, 1), roster(2))
  const firsts = (at: number) =>
    nextEpoch(first, { at, cause: 'joined', roster: roster(3) }, schedules).phases.map((p) => p.firstArrival)
  t.deepEqual(firsts(500_000), [50, 0])
  t.deepEqual(firsts(500_001), [51, 0])
  t.deepEqual(firsts(1_000_000), [100, 0])
  t.deepEqual(firsts(1_250_000), [100, 3])
  t.deepEqual(firsts(9_000_000), [100, 10])
})

test('what a dead worker left undecided is lost, to the last arrival', (t) => {
  const run = loadTest({ load: [constantPhase(100, 10_000)] })
  const schedules = createSchedules(run, 1)
  const first = firstEpoch(run, planRun(run, 1), roster(4))
  const second = nextEpoch(first, { at: 5_000_000, cause: 'lost', roster: roster(3) }, schedules)
  const dead = { worker: 'w4', thread: 0, phase: 0, epoch: 1 }
  t.is(lostOfShard([first, second], { ...dead, through: 400 }, 1000), 25)
  t.is(lostOfShard([first, second], { ...dead, through: 403 }, 1000), 25)
  t.is(lostOfShard([first, second], { ...dead, through: 404 }, 1000), 24)
  t.is(lostOfShard([first, second], { ...dead, through: 500 }, 1000), 0)
  t.is(lostOfShard([first], { ...dead, through: 400 }, 1000), 150)
})

test('a worker that was through with its share owes what a later epoch has given it', (t) => {
  const run = loadTest({ load: [constantPhase(100, 10_000)] })
  const schedules = createSchedules(run, 1)
  const first = firstEpoch(run, planRun(run, 1), roster(3))
  const second = nextEpoch(first, { at: 5_000_000, cause: 'joined', roster: roster(4) }, schedules)
  const joined = { worker: 'w4', thread: 0, phase: 0, through: 1000 }
  t.is(lostOfShard([first, second], { ...joined, epoch: 1 }, 1000), 125)
  t.is(lostOfShard([first, second], { ...joined, epoch: 2 }, 1000), 0)
})

test('lost arrivals are those of every epoch that counted on the dead worker', (t) => {
  const run = loadTest({ load: [constantPhase(100, 10_000)] })
  const schedules = createSchedules(run, 1)
  const first = firstEpoch(run, planRun(run, 1), roster(4))
  const second = nextEpoch(first, { at: 5_000_000, cause: 'lost', roster: roster(2) }, schedules)
  const third = nextEpoch(second, { at: 6_000_000, cause: 'lost', roster: roster(1) }, schedules)
  const epochs = [first, second, third]
  t.is(lostOfShard(epochs, { worker: 'w2', thread: 0, phase: 0, epoch: 1, through: 440 }, 1000), 15 + 50)
})

test('what a dead worker had decided before it heard of an epoch says nothing of other arrivals that are its own by that epoch', (t) => {
  const run = loadTest({ load: [constantPhase(100, 10_000)] })
  const schedules = createSchedules(run, 1)
  const first = firstEpoch(run, planRun(run, 1), roster(4))
  const second = nextEpoch(first, { at: 5_000_000, cause: 'lost', roster: roster(2) }, schedules)
  const dead = { worker: 'w1', thread: 0, phase: 0, epoch: 1 }
  // 500, 502 … 998 are its own by the second epoch; 504 is the next one by the first.
  t.is(lostOfShard([first, second], { ...dead, through: 504 }, 1000), 249)
  t.is(lostOfShard([first, second], { ...dead, through: 500 }, 1000), 250)
  // By the first epoch it went on: 500, 504 and 508 are decided, which are its own by the second one, too.
  t.is(lostOfShard([first, second], { ...dead, through: 512 }, 1000), 247)
  t.is(lostOfShard([first, second], { ...dead, epoch: 2, through: 512 }, 1000), 244)
})

test('a phase done early moves those that follow it, and no other', (t) => {
  const run = loadTest({
    load: [
      closedPhase({ durationMs: 10_000, iterations: 5 }),
      constantPhase(10, 5000, { atMs: 8000 }),
      constantPhase(10, 5000),
      constantPhase(10, 5000),
    ],
  })
  const first = firstEpoch(run, planRun(run, 1), roster(1))
  const change = { at: 4_000_000, cause: 'phase' as const, roster: roster(1) }
  const second = nextEpoch(
    first,
    { ...change, phases: endEarly(run, first, 0, change.at) },
    createSchedules(run, 1),
  )
  t.deepEqual(
    second.phases.map(({ startAt, endAt }) => [startAt / 1e6, endAt / 1e6]),
    [
      [0, 4],
      [8, 13],
      [4, 9],
      [9, 14],
    ],
  )
  t.deepEqual(
    second.phases.map((phase) => phase.firstArrival),
    [0, 0, 0, 0],
  )
  t.is(endEarly(run, second, 0, 5_000_000).size, 0)
})

test('a phase beside the others that is done early moves nobody', (t) => {
  const run = loadTest({
    load: [closedPhase({ atMs: 0, durationMs: 10_000, iterations: 5 }), constantPhase(10, 5000)],
  })
  const first = firstEpoch(run, planRun(run, 1), roster(1))
  t.deepEqual([...endEarly(run, first, 0, 1_000_000)], [[0, { endAt: 1_000_000 }]])
})

test('stripes survive an epoch: a thread that stays goes on where the new assignment says', (t) => {
  const run = loadTest({ load: [constantPhase(100, 10_000)] })
  const first = firstEpoch(run, planRun(run, 1), roster(2))
  const second = nextEpoch(
    first,
    { at: 1_005_000, cause: 'joined', roster: roster(3) },
    createSchedules(run, 1),
  )
  t.deepEqual(
    membersOf(stripeOf(second.roster, 'w1', 0), second.phases[0]?.firstArrival ?? 0, 110),
    [102, 105, 108],
  )
})

function membersOf(stripe: Stripe, from: number, to: number): readonly number[] {
  const members: number[] = []
  for (let i = indexOfFirst(stripe, from); arrivalAt(stripe, i) < to; i++) members.push(arrivalAt(stripe, i))
  return members
}
