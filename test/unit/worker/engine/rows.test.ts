import test from 'ava'
import type { LoadTest } from '../../../../core/spec/load-test.ts'
import { roster } from '../../../kit/arbitrary-roster.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'
import { VirtualRun } from '../../../kit/virtual-engine.ts'

type Data = LoadTest['data'][string]

function rowsOf(count: number, overrides: Partial<Data> = {}): LoadTest['data'] {
  const rows = Array.from({ length: count }, (_, id) => ({ id }))
  return {
    users: { source: { kind: 'rows', rows }, columns: ['id'], pick: 'unique', onEnd: 'stop', ...overrides },
  }
}

const browse = scenario({ steps: [httpGet('/${users.id}')] })
const users = (to: number) => ({ from: to, to, overMs: 0 })

function paths(run: VirtualRun): number[] {
  return run.sent.map(({ path }) => Number(path.slice(1)))
}

/** Answers every lease, one block behind the other, from `from` up to `end`. */
function lease(run: VirtualRun, block: number, from: number, end: number, most = 1000): void {
  let next = from
  for (let rounds = 0; rounds < most && !run.isDrained; rounds++) {
    run.run(Math.max(0, run.now) + 1000)
    for (const { thread, source } of run.wanted.splice(0)) {
      const count = Math.max(0, Math.min(block, end - next))
      thread.engine.giveRows(source, next, count, run.now)
      next += count
    }
  }
}

test('an open phase’s arrival n takes its first row + n, on whichever worker it starts', (t) => {
  const load = [constantPhase(10, 1000, { name: 'one' }), constantPhase(10, 1000, { name: 'two' })]
  const run = new VirtualRun({
    test: loadTest({ load, scenarios: [browse], data: rowsOf(100) }),
    target: () => ({ afterMicros: 10 }),
    roster: roster(3),
  }).run()
  t.deepEqual(
    paths(run),
    Array.from({ length: 20 }, (_, row) => row),
  )
})

test('at the end of the data an open phase starts nothing more, and the rest is unstarted', (t) => {
  for (const [onEnd, exhausted] of [
    ['stop', false],
    ['error', true],
  ] as const) {
    const run = new VirtualRun({
      test: loadTest({ load: [constantPhase(10, 1000)], scenarios: [browse], data: rowsOf(7, { onEnd }) }),
      target: () => ({ afterMicros: 10 }),
    }).run()
    t.like(run.phase(0), {
      planned: 10,
      started: 7,
      completed: 7,
      skippedInFlight: 0,
      skippedLate: 0,
      done: true,
    })
    t.is(run.threads[0]?.rows.exhausted, exhausted)
  }
})

test('recycled data begins again', (t) => {
  const run = new VirtualRun({
    test: loadTest({
      load: [constantPhase(10, 1000)],
      scenarios: [browse],
      data: rowsOf(4, { onEnd: 'recycle' }),
    }),
    target: () => ({ afterMicros: 10 }),
  }).run()
  t.deepEqual(paths(run), [0, 1, 2, 3, 0, 1, 2, 3, 0, 1])
})

test('closed users take leased rows, asked for ahead of need; none comes twice', (t) => {
  const run = new VirtualRun({
    test: loadTest({
      load: [closedPhase({ users: users(4), iterations: 200 })],
      scenarios: [browse],
      data: rowsOf(1000),
    }),
    target: () => ({ afterMicros: 730 }),
    roster: roster(2),
  })
  t.is(run.wanted.length, 2)
  lease(run, 20, 50, 1000)
  t.like(run.phase(0), { started: 200, completed: 200 })
  t.is(new Set(paths(run)).size, 200)
  t.true(paths(run).every((row) => row >= 50))
  // A row is there whenever one is needed: nobody ever waited for a block.
  const perUser = [...Map.groupBy(run.sent, ({ user, worker }) => `${worker}/${user}`).values()]
  const gaps = perUser.flatMap((sent) => sent.slice(1).map(({ at }, i) => at - (sent[i]?.at ?? 0)))
  t.is(Math.max(...gaps), 730)
})

test('closed users wait for their first block, and end with the data', (t) => {
  const run = new VirtualRun({
    test: loadTest({
      load: [closedPhase({ users: users(3), durationMs: 10_000 })],
      scenarios: [browse],
      data: rowsOf(10),
    }),
    target: () => ({ afterMicros: 500 }),
  }).run(200_000)
  t.is(run.sent.length, 0)
  lease(run, 4, 0, 10)
  t.like(run.phase(0), { started: 10, completed: 10, done: true, users: 0 })
  t.deepEqual(
    paths(run).sort((a, b) => a - b),
    Array.from({ length: 10 }, (_, row) => row),
  )
  t.true(run.now < 1_000_000)
})

test('a row drawn in onStart stays the user’s', (t) => {
  const withLogin = scenario({ onStart: [httpGet('/${users.id}')], steps: [httpGet('/${users.id}')] })
  const run = new VirtualRun({
    test: loadTest({
      load: [closedPhase({ users: users(1), iterations: 3 })],
      scenarios: [withLogin],
      data: rowsOf(100),
    }),
    target: () => ({ afterMicros: 500 }),
  })
  lease(run, 50, 30, 100)
  t.deepEqual(paths(run), [30, 30, 30, 30])
})

test('arrivals that steering adds lease rows behind those of the plan, asked for when it is known', (t) => {
  const load = [constantPhase(100, 1000, { name: 'one' }), constantPhase(100, 1000, { name: 'two' })]
  const run = new VirtualRun({
    test: loadTest({ load, scenarios: [browse], data: rowsOf(1000) }),
    target: () => ({ afterMicros: 10 }),
    roster: roster(2),
  }).run(0)
  run.change({ at: 500_000, cause: 'steer', rateFactor: 3 })
  run.change({ at: 1_500_000, cause: 'steer', rateFactor: 1 })
  lease(run, 20, 200, 1000, 2_100)
  t.deepEqual(
    [run.phase(0), run.phase(1)].map(({ started }) => started),
    [50 + 150, 150 + 50],
  )
  const rows = paths(run)
  t.is(new Set(rows).size, 400, 'none comes twice')
  // The plan's own arrivals keep the rows that they had.
  t.deepEqual(
    rows.filter((row) => row < 200).sort((a, b) => a - b),
    Array.from({ length: 200 }, (_, row) => row),
  )
  t.like(run.phase(0), { skippedLate: 0, skippedInFlight: 0 })
})

test('at the end of the data a phase that was steered up starts nothing more', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 1000)], scenarios: [browse], data: rowsOf(120) }),
    target: () => ({ afterMicros: 10 }),
  }).run(0)
  run.change({ at: 500_000, cause: 'steer', rateFactor: 3 })
  lease(run, 20, 100, 120)
  t.like(run.phase(0), { started: 120, completed: 120, done: true })
})

test('added arrivals wait for their rows without keeping the thread busy, and are skipped when it is too late', (t) => {
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 1000)], scenarios: [browse], data: rowsOf(1000) }),
    target: () => ({ afterMicros: 10 }),
  }).run(0)
  run.change({ at: 500_000, cause: 'steer', rateFactor: 3 })
  let turns = 0
  const [thread] = run.threads
  const engine = thread?.engine
  if (engine === undefined) return t.fail()
  const turn = engine.turn.bind(engine)
  engine.turn = (now) => {
    turns++
    return turn(now)
  }
  // The plan's own are started by 0.67 s, those that were added wait.
  run.run(900_000)
  t.is(run.phase(0).started, 100)
  t.true(turns < 250, `${turns} turns`)
  const waiting = run.wanted.splice(0)
  t.is(waiting.length, 1)
  engine.giveRows(0, 100, 30, run.now)
  run.run(1_000_000)
  t.is(run.phase(0).started, 130)
  t.false(run.isDrained)
  // Nobody gives any more: each is skipped when it is a second late, and then the phase is over.
  run.run()
  t.like(run.phase(0), { started: 130, skippedLate: 70, done: true })
  t.true(turns < 600, `${turns} turns`)
})
