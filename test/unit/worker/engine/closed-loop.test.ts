import test from 'ava'
import { Totals } from '../../../../core/measure/totals.ts'
import { endEarly, nextEpoch } from '../../../../core/plan/epoch.ts'
import { roster } from '../../../kit/arbitrary-roster.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'
import { VirtualRun } from '../../../kit/virtual-engine.ts'

const users = (to: number, from = to, overMs = 0) => ({ from, to, overMs })

test('each user starts its next iteration when the one before it has ended', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [closedPhase({ users: users(2), durationMs: 1000 })] }),
    target: () => ({ afterMicros: 300_000 }),
  }).run()
  t.deepEqual(
    run.sent.map(({ at }) => at),
    [0, 0, 300_000, 300_000, 600_000, 600_000, 900_000, 900_000],
  )
  t.like(run.phase(0), { planned: 0, started: 8, completed: 8, users: 0, done: true })
  t.is(new Set(run.sent.map(({ user }) => user)).size, 2)
})

test('a pace holds the next iteration back, and not where the one before it took longer', (t) => {
  const steps = [httpGet('/')]
  let n = 0
  const run = new VirtualRun({
    test: loadTest({
      load: [closedPhase({ users: users(1), durationMs: 1000, paceMs: 200 })],
      scenarios: [scenario({ steps })],
    }),
    target: () => ({ afterMicros: n++ === 1 ? 350_000 : 10_000 }),
  }).run()
  t.deepEqual(
    run.sent.map(({ at }) => at),
    [0, 200_000, 550_000, 750_000, 950_000],
  )
})

test('a number of iterations is divided among the users of all threads', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [closedPhase({ users: users(4), iterations: 10 })] }),
    target: () => ({ afterMicros: 1000 }),
    roster: roster(3),
  }).run()
  t.like(run.phase(0), { started: 10, completed: 10, users: 0, done: true })
  // Long before the 60 s that the phase may last.
  t.is(run.now, 3000)
})

test('a phase that is done early makes way for the next one by an epoch', (t) => {
  const load = [
    closedPhase({ name: 'smoke', users: users(1), iterations: 3 }),
    constantPhase(10, 1000, { name: 'open' }),
  ]
  const spec = loadTest({ load })
  const run = new VirtualRun({ test: spec, target: () => ({ afterMicros: 1000 }) }).run(100_000)
  t.true(run.phase(0).done)
  t.false(run.isDrained)
  const at = 600_000
  const change = {
    at,
    cause: 'phase',
    roster: run.epoch.roster,
    phases: endEarly(spec, run.epoch, 0, at),
  } as const
  run.advance(nextEpoch(run.epoch, change, run.schedules))
  run.run()
  t.deepEqual(
    run.sent.slice(3).map(({ at }) => Math.round(at)),
    Array.from({ length: 10 }, (_, n) => at + n * 100_000),
  )
  t.like(run.phase(1), { planned: 10, started: 10, completed: 10 })
})

test('users join one by one over a ramp', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [closedPhase({ users: users(4, 0, 400), durationMs: 1000 })] }),
    target: () => ({ afterMicros: 10_000_000 }),
    roster: roster(2),
  })
  run.run(250_000)
  t.is(run.phase(0).users, 2)
  run.run()
  t.deepEqual(
    run.sent.map(({ at }) => at),
    [100_000, 200_000, 300_000, 400_000],
  )
})

test('users leave one by one over a ramp down, each after its iteration', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [closedPhase({ users: users(0, 2, 200), durationMs: 1000 })] }),
    target: () => ({ afterMicros: 30_000 }),
  }).run()
  const byUser = Map.groupBy(run.sent, ({ user }) => user)
  t.deepEqual(
    [...byUser.values()].map((sent) => sent.length),
    [7, 4],
  )
})

test('a user keeps its scenario for life, and the mix holds over users', (t) => {
  const scenarios = [
    scenario({ name: 'a', weight: 3, steps: [httpGet('/a')] }),
    scenario({ name: 'b', weight: 1, steps: [httpGet('/b')] }),
  ]
  const run = new VirtualRun({
    test: loadTest({ load: [closedPhase({ users: users(400), durationMs: 1000 })], scenarios }),
    target: () => ({ afterMicros: 200_000 }),
  }).run()
  const byUser = [...Map.groupBy(run.sent, ({ user }) => user).values()]
  t.true(byUser.every((sent) => new Set(sent.map(({ path }) => path)).size === 1))
  const a = byUser.filter((sent) => sent[0]?.path === '/a').length
  t.true(a > 260 && a < 340, `${a} of 400`)
})

test('onStart heads a user’s iterations until it has succeeded once', (t) => {
  let logins = 0
  const browse = scenario({ onStart: [httpGet('/login')], steps: [httpGet('/')] })
  const run = new VirtualRun({
    test: loadTest({ load: [closedPhase({ users: users(1), iterations: 5 })], scenarios: [browse] }),
    target: ({ request }) => ({
      afterMicros: 10,
      status: request.path === '/login' && logins++ < 2 ? 500 : 200,
    }),
  }).run()
  t.deepEqual(
    run.sent.map(({ path }) => path),
    ['/login', '/login', '/login', '/', '/', '/'],
  )
  t.like(run.phase(0), { started: 5, failed: 2, completed: 3 })
})

test('an onStart that went on past a failure has not succeeded', (t) => {
  let logins = 0
  const browse = scenario({ onStart: [httpGet('/login', { onError: 'continue' })], steps: [httpGet('/')] })
  const run = new VirtualRun({
    test: loadTest({ load: [closedPhase({ users: users(1), iterations: 3 })], scenarios: [browse] }),
    target: ({ request }) => ({
      afterMicros: 10,
      status: request.path === '/login' && logins++ < 1 ? 500 : 200,
    }),
  }).run()
  t.deepEqual(
    run.sent.map(({ path }) => path),
    ['/login', '/', '/login', '/', '/'],
  )
  t.like(run.phase(0), { started: 3, failed: 1, completed: 2 })
})

test('users that have made their iterations do not begin again with an epoch', (t) => {
  const spec = loadTest({ load: [closedPhase({ users: users(4), iterations: 10 })] })
  let n = 0
  const run = new VirtualRun({ test: spec, target: () => ({ afterMicros: n++ % 2 === 0 ? 1000 : 400_000 }) })
  run.advance({ ...run.epoch, number: 2, at: 300_000 })
  run.run()
  t.like(run.phase(0), { started: 10, completed: 10, done: true })
})

test('in closed phases intended is dispatched: a late pacer is in no response time', (t) => {
  const steps = [
    httpGet('/a'),
    { kind: 'think', path: 'p', think: { kind: 'constant', ms: 100 } } as const,
    httpGet('/b'),
  ]
  const run = new VirtualRun({
    test: loadTest({
      load: [closedPhase({ users: users(1), durationMs: 1000 })],
      scenarios: [scenario({ steps })],
    }),
    target: () => ({ afterMicros: 1000, waitMicros: 64 }),
    lateness: () => 900,
  }).run()
  const intervals = run.intervals()
  for (const { series } of intervals) {
    for (const delta of series) {
      if (run.table.keys[delta.series]?.kind === 'step') t.is(Totals.of(delta.responseOk).max, 1064)
    }
  }
  const lags = intervals.flatMap((interval) => interval.lags)
  t.true(lags.every(({ pacerLag }) => Totals.of(pacerLag).total === 0))
  t.true(lags.every(({ sendLag }) => Totals.of(sendLag).max === 64))
})

test('after the end of the phase no iteration starts; those under way finish', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [closedPhase({ users: users(3), durationMs: 1000, paceMs: 700 })] }),
    target: () => ({ afterMicros: 600_000 }),
  }).run()
  t.like(run.phase(0), { started: 6, completed: 6, interrupted: 0 })
  t.is(run.now, 1_300_000)
})

test('abort interrupts thinking users too', (t) => {
  const steps = [
    httpGet('/a'),
    { kind: 'think', path: 'p', think: { kind: 'constant', ms: 100 } } as const,
    httpGet('/b'),
  ]
  const run = new VirtualRun({
    test: loadTest({
      load: [closedPhase({ users: users(3), durationMs: 1000 })],
      scenarios: [scenario({ steps })],
    }),
    target: () => ({ afterMicros: 1000 }),
  }).run(50_000)
  run.abort()
  run.run()
  t.like(run.phase(0), { started: 3, completed: 0, interrupted: 3, inFlight: 0, users: 0 })
  t.like(run.requests, { attempted: 3, ok: 3, interrupted: 0 })
  t.true(run.isDrained)
  // Nothing of them wakes up later.
  t.notThrows(() => run.threads[0]?.engine.turn(5_000_000))
  t.is(run.sent.length, 3)
})

test('an epoch that moves users to another worker ends their loops here and begins them there', (t) => {
  const spec = loadTest({ load: [closedPhase({ users: users(6), durationMs: 1000 })] })
  const run = new VirtualRun({ test: spec, target: () => ({ afterMicros: 50_000 }), roster: roster(2) })
  const alone = { ...run.epoch, roster: roster(1) }
  // The second worker joins in the middle.
  const late = new VirtualRun({ test: spec, target: () => ({ afterMicros: 50_000 }), roster: roster(2) })
  for (const thread of late.threads) thread.engine.advance({ ...alone, number: 2, at: 0 })
  late.run(400_000)
  t.deepEqual(new Set(late.sent.filter(({ at }) => at > 60_000).map(({ worker }) => worker)), new Set(['w1']))
  for (const thread of late.threads) thread.engine.advance({ ...run.epoch, number: 3, at: 500_000 })
  late.run()
  const inOneRound = late.sent.filter(({ at }) => at >= 700_000 && at < 750_000)
  t.deepEqual(inOneRound.map(({ worker }) => worker).sort(), ['w1', 'w1', 'w1', 'w2', 'w2', 'w2'])
  const moved = (of: VirtualRun) => of.threads.map((thread) => thread.engine.shards(of.now)[0]?.moved)
  // Three came to the first worker, before they had begun; three went to the second one.
  t.deepEqual(moved(late), [0, 3])
  run.run()
  t.deepEqual(moved(run), [0, 0])
})

test('a user that joins after an epoch, or goes on where it was, has not moved', (t) => {
  const spec = loadTest({ load: [closedPhase({ users: users(10, 0, 1000), durationMs: 2000 })] })
  const run = new VirtualRun({ test: spec, target: () => ({ afterMicros: 50_000 }), roster: roster(2) })
  for (const thread of run.threads)
    thread.engine.advance({ ...run.epoch, roster: roster(1), number: 2, at: 500_000 })
  run.run()
  // Users 1, 3 … were the second worker's; of those half had joined by then.
  const [first, second] = run.threads.map((thread) => thread.engine.shards(run.now)[0]?.moved ?? 0)
  t.true((first ?? 0) >= 2 && (first ?? 0) <= 3, `${first}`)
  t.is(second, 0)
})

test('a scenario that takes no time does not stop the world', (t) => {
  const steps = [{ kind: 'think', path: 'p', think: { kind: 'constant', ms: 0 } } as const]
  const run = new VirtualRun({
    test: loadTest({
      load: [closedPhase({ users: users(1), durationMs: 1 })],
      scenarios: [scenario({ steps })],
    }),
    target: () => 'never',
  }).run()
  t.is(run.phase(0).started, 1000)
})
