import test from 'ava'
import fc from 'fast-check'
import type { SteerWish } from '../../../../controller/run/coordinator-state.ts'
import type { RunOrder } from '../../../../controller/run/run-order.ts'
import { refusalOfSteering } from '../../../../controller/run/steering.ts'
import { phaseSpans } from '../../../../core/plan/phase-time.ts'
import type { EpochOrder } from '../../../../core/plan/plan.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import type { CommandReply, WorkerCommand } from '../../../../proto/messages.ts'
import { Bench, hello } from '../../../kit/coordinator-bench.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

const load: Json = [
  { phase: 'steady', rate: 100, duration: '10s' },
  { phase: 'smoke', users: 2, iterations: 10, maxDuration: '1m' },
  { phase: 'after', rate: 10, duration: '10s' },
]

function order(more: Readonly<Record<string, Json>> = {}): RunOrder {
  const made = parsedTest({ load, ...more })
  return {
    ...{ run: 'r1', test: made, seed: 1, plan: planRun(made, 1), files: {}, secrets: [] },
    ...{ workers: 2, threads: null, pace: 'timer', engine: 'auto', term: 1 },
  }
}

/** 3 s after the bench began, about 1 s into the run. */
function running(more?: Readonly<Record<string, Json>>): Bench {
  const bench = new Bench(order(more), ['a', 'b'])
  bench.until(3_000)
  return bench
}

function steer(bench: Bench, wish: SteerWish): void {
  bench.dispatch({ type: 'steer', wish, by: 'ann@desk', nowMs: bench.nowMs })
}

function refused(bench: Bench, wish: SteerWish, maxRate: number | null = null): string | null {
  return refusalOfSteering(bench.state, wish, maxRate, bench.nowMs)?.message ?? null
}

function causes(bench: Bench): readonly string[] {
  return bench.state.epochs.map(({ cause }) => cause)
}

/** What each worker was told last. */
function told(bench: Bench): readonly EpochOrder[] {
  const newest = bench.state.epochs.at(-1)?.number
  return bench.actions.flatMap((action) =>
    action.type === 'send' && action.command.type === 'epoch' && action.command.epoch.number === newest
      ? [action.command.epoch]
      : [],
  )
}

test('a rate factor is in force on every worker within a second, with all that they must know', (t) => {
  const bench = running()
  steer(bench, { rateFactor: 2 })
  const [epoch, ...others] = told(bench)
  t.is(others.length, 1)
  t.like(epoch, { number: 2, cause: 'steer', rateFactor: 2, pausedAt: null })
  const sinceMs = bench.nowMs - (bench.state.startAtMs ?? 0)
  t.is(epoch?.at, (sinceMs + 500) * 1000)
  t.deepEqual(epoch?.pieces[0], [{ fromMs: sinceMs + 500, factor: 2 }])
  t.like(bench.said('steered')[0], { event: { by: 'ann@desk', rateFactor: 2 } })
  t.deepEqual(
    bench.said('epoch').map((said) => (said.type === 'say' ? said.event : null)),
    [{ kind: 'epoch', number: 2, cause: 'steer', rateFactor: 2, paused: false, roster: ['a', 'b'] }],
  )
})

test('what is so already makes no epoch: asking twice is asking once', (t) => {
  const bench = running()
  steer(bench, { rateFactor: 1 })
  t.deepEqual(causes(bench), ['start'])
  steer(bench, { rateFactor: 2 })
  steer(bench, { rateFactor: 2 })
  t.deepEqual(causes(bench), ['start', 'steer'])
  t.is(refused(bench, { rateFactor: 2 }), null)
})

test('a pause shifts what is left, and a loss in it keeps the pause and the factor', (t) => {
  const bench = running()
  steer(bench, { rateFactor: 3 })
  bench.until(4_000)
  steer(bench, { paused: true })
  const pausedAt = bench.state.epochs.at(-1)?.pausedAt ?? Number.NaN
  bench.mute.add('b')
  bench.until(20_000)
  t.deepEqual(causes(bench), ['start', 'steer', 'pause', 'lost'])
  t.like(told(bench)[0], { rateFactor: 3, pausedAt })
  steer(bench, { paused: false, rateFactor: 1 })
  const resumed = told(bench)[0]
  t.like(resumed, { cause: 'resume', rateFactor: 1, pausedAt: null })
  const pause = (resumed?.at ?? 0) - pausedAt
  t.true(pause > 15_000_000)
  t.deepEqual(
    resumed?.phases.map(({ startAt, endAt }) => [startAt - pause, endAt - pause]),
    [
      [0, 10_000_000],
      [10_000_000, 70_000_000],
      [70_000_000, 80_000_000],
    ],
  )
  t.deepEqual(
    resumed?.pieces[0]?.map(({ factor }) => factor),
    [3, 1],
  )
  t.deepEqual(
    resumed?.roster.map(({ worker }) => worker),
    ['a'],
  )
})

test('a paused run is not overdue, and no phase of it makes way early', (t) => {
  const bench = running()
  bench.until(15_000)
  steer(bench, { paused: true })
  bench.until(16_000)
  for (const id of ['a', 'b']) bench.snapshot(id, { donePhases: [true, true, false] })
  bench.until(600_000)
  t.deepEqual(causes(bench), ['start', 'pause'])
  t.is(bench.state.stage, 'running')
  steer(bench, { paused: false })
  bench.until(602_000)
  for (const id of ['a', 'b']) bench.snapshot(id, { donePhases: [true, true, false] })
  t.deepEqual(causes(bench), ['start', 'pause', 'resume', 'phase'])
  const { phases } = bench.state.epochs.at(-1) ?? { phases: [] }
  t.is((phases[2]?.endAt ?? 0) - (phases[2]?.startAt ?? 0), 10_000_000)
  // When everything should be over, what does not come is lost as ever.
  bench.until(700_000)
  t.is(bench.state.stage, 'closed')
})

test('a run that is stopped while paused ends in order, and can be steered no more', (t) => {
  const bench = running()
  steer(bench, { paused: true })
  bench.until(9_000)
  bench.dispatch({ type: 'end', mode: 'stop', how: 'stopped', why: 'enough', nowMs: bench.nowMs })
  t.deepEqual(bench.sent('stop'), ['a', 'b'])
  t.regex(refused(bench, { paused: false }) ?? '', /ending \(stopped\): enough/)
  steer(bench, { paused: false })
  t.deepEqual(causes(bench), ['start', 'pause'])
  for (const id of ['a', 'b']) bench.snapshot(id, { final: true })
  t.is(bench.state.last.type, 'finish')
  t.is(bench.state.stage, 'closed')
})

test('a process that takes the run up knows how it was steered, and tells the workers again', (t) => {
  for (const paused of [true, false]) {
    const bench = running()
    steer(bench, { rateFactor: 2 })
    bench.until(4_000)
    if (paused) steer(bench, { paused })
    const after = bench.takenUp(2_000, { aheadMs: 90_000 })
    t.deepEqual(after.state.epochs, bench.state.epochs)
    t.deepEqual(after.sent('epoch'), ['a', 'b'])
    t.deepEqual(told(after), told(bench))
    after.until(after.nowMs + 1_000)
    steer(after, paused ? { paused: false } : { rateFactor: 1 })
    t.deepEqual(causes(after), ['start', 'steer', ...(paused ? ['pause', 'resume'] : ['steer'])])
    t.is(told(after).length, 2)
  }
})

test('an epoch that was not answered is sent again, also when there is a newer one', (t) => {
  const bench = running()
  bench.deaf.add('b')
  steer(bench, { rateFactor: 2 })
  bench.deaf.clear()
  const older = bench.actions.findLast((a) => a.type === 'send' && a.command.type === 'epoch')
  if (older?.type !== 'send') return t.fail()
  bench.dispatch({ type: 'no-reply', worker: 'b', command: older.command, nowMs: bench.nowMs })
  t.deepEqual(bench.sent('epoch'), ['a', 'b', 'b'])
  bench.dispatch({ type: 'no-reply', worker: 'b', command: older.command, nowMs: bench.nowMs })
  t.deepEqual(bench.sent('epoch'), ['a', 'b', 'b'], 'but not once it is confirmed')
  bench.deaf.add('b')
  steer(bench, { rateFactor: 3 })
  const missed = bench.actions.findLast((a) => a.type === 'send' && a.command.type === 'epoch')
  if (missed?.type !== 'send') return t.fail()
  steer(bench, { rateFactor: 4 })
  bench.dispatch({ type: 'no-reply', worker: 'b', command: missed.command, nowMs: bench.nowMs })
  t.deepEqual(bench.sent('epoch').slice(3), ['a', 'b', 'a', 'b', 'b'])
})

test('a worker that has heard of a newer epoch is not lost for refusing an older command', (t) => {
  const bench = running()
  bench.dispatch({ type: 'end', mode: 'stop', how: 'stopped', why: 'enough', nowMs: bench.nowMs })
  const stop = bench.actions.findLast((a) => a.type === 'send' && a.command.type === 'stop')
  if (stop?.type !== 'send') return t.fail()
  const stale = (command: WorkerCommand) => {
    const reply: CommandReply = {
      ...{ type: 'refused', incarnation: 'b-1', code: 'stale-fence', message: 'a newer one', hint: '' },
    }
    const { nowMs } = bench
    bench.dispatch({ type: 'reply', worker: 'b', command, reply, sentMs: nowMs, nowMs })
  }
  const older: WorkerCommand = { ...stop.command, fence: { term: 1, epoch: 0 } }
  stale(older)
  t.is(bench.state.members.get('b')?.status, 'armed')
  t.deepEqual(bench.sent('stop'), ['a', 'b', 'b'])
})

test('a worker whose operator does not allow the rate is told of no epoch, and the run goes on as it was', (t) => {
  const bench = new Bench(order(), ['a', 'b'])
  bench.dispatch({ type: 'hello', hello: hello('a'), nowMs: 0 })
  bench.dispatch({ type: 'hello', hello: hello('b', { maxRate: 250 }), nowMs: 0 })
  bench.until(3_000)
  t.is(refused(bench, { rateFactor: 2.5 }), null)
  t.is(
    refused(bench, { rateFactor: 3 }),
    'the rate would go up to 300/s, and the operator of worker b allows 250/s',
  )
  t.regex(refused(bench, { rateFactor: 2 }, 150) ?? '', /the operator of its controller allows 150\/s/)
  steer(bench, { rateFactor: 3 })
  t.deepEqual(causes(bench), ['start'])
})

test('what cannot be steered so is refused, and says why', (t) => {
  const fresh = new Bench(order(), ['a', 'b'])
  t.regex(refused(fresh, { rateFactor: 2 }) ?? '', /has not begun yet \(gathering\)/)
  const bench = running()
  t.is(refused(bench, { paused: false }), 'run r1 is not paused')
  steer(bench, { paused: true })
  t.is(refused(bench, { paused: true }), 'run r1 is paused already')
  steer(bench, { paused: false })
  bench.until(15_000)
  t.regex(refused(bench, { rateFactor: 2_000 }) ?? '', /out of bounds/)
  const short = running({ load: [{ phase: 'only', rate: 100, duration: '2s' }] })
  short.until(5_000)
  t.regex(refused(short, { paused: true }) ?? '', /is over/)
  const users = running({ load: [{ phase: 'loop', users: 2, duration: '1m' }] })
  t.regex(refused(users, { rateFactor: 2 }) ?? '', /no phase with a rate is left/)
  t.is(refused(users, { paused: true }), null)
})

test('a run is steered five hundred times at most', (t) => {
  const bench = running({ load: [{ phase: 'long', rate: 100, duration: '1d' }] })
  for (let n = 0; n < 500; n++) {
    bench.nowMs += 1
    steer(bench, { rateFactor: 1 + (n % 2) })
  }
  t.is(bench.state.epochs.length, 500)
  steer(bench, { rateFactor: 7 })
  t.is(bench.state.epochs.length, 501)
  t.regex(refused(bench, { rateFactor: 8 }) ?? '', /500 times already/)
})

const anyStep = fc.oneof(
  fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 100, max: 8_000 }) }),
  fc.record({ kind: fc.constant('rate' as const), factor: fc.constantFrom(0, 0.5, 1, 2) }),
  fc.record({ kind: fc.constantFrom('pause' as const, 'resume' as const, 'lose' as const, 'die' as const) }),
)

test('whatever happens, epochs follow each other, factors stay, and phases last as long as they are', (t) => {
  fc.assert(
    fc.property(fc.array(anyStep, { maxLength: 14 }), (steps) => {
      let bench = running()
      let factor = 1
      let paused = false
      for (const step of steps) {
        if (bench.state.stage !== 'running') break
        const before = bench.state.epochs.length
        if (step.kind === 'wait') bench.until(bench.nowMs + step.ms)
        if (step.kind === 'rate') steer(bench, { rateFactor: step.factor })
        if (step.kind === 'pause' || step.kind === 'resume') steer(bench, { paused: step.kind === 'pause' })
        if (step.kind === 'lose') bench.mute.add('b')
        if (step.kind === 'die') bench = bench.takenUp(1_000)
        if (bench.state.epochs.length > before && step.kind === 'rate') factor = step.factor
        if (bench.state.epochs.length > before && step.kind === 'pause') paused = true
        if (bench.state.epochs.length > before && step.kind === 'resume') paused = false
      }
      const { epochs } = bench.state
      const newest = epochs.at(-1)
      if (newest?.rateFactor !== factor || (newest.pausedAt !== null) !== paused) return false
      return (
        epochs.every(({ number, at, phases }, index) => {
          const previous = epochs[index - 1]
          const follows = previous === undefined || (number === previous.number + 1 && at >= previous.at)
          return (
            follows &&
            phases.every(({ startAt, endAt, firstArrival }, phase) => {
              const length = (endAt - startAt) / 1_000_000
              const last = previous?.phases[phase]?.firstArrival ?? 0
              return (
                length === (bench.state.order.test.load[phase]?.durationMs ?? 0) / 1000 &&
                firstArrival >= last
              )
            })
          )
        }) &&
        (paused ||
          phaseSpans(epochs, 0, 1e15).reduce((sum, { from, to }) => sum + to - from, 0) === 10_000_000)
      )
    }),
    { numRuns: 200 },
  )
  t.pass()
})
