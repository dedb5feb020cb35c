import test from 'ava'
import type { Json, LoadTest } from '../../../../core/spec/load-test.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { type Fate, VirtualRun, type VirtualThread } from '../../../kit/virtual-engine.ts'

const good = (status: number): Fate => ({ afterMicros: 1000, status })

function testOf(steps: readonly Json[], load: Json, onStart: readonly Json[] = []): LoadTest {
  return parsedTest({ scenarios: [{ name: 'talk', onStart: [...onStart], steps: [...steps] }], load: [load] })
}

const connect = { ws: { connect: '/chat', as: 'chat' } }
const say = { ws: { send: 'x', expect: {} } }

function threadOf(run: VirtualRun): VirtualThread {
  const [thread] = run.threads
  if (thread === undefined) throw new Error('a run has a thread')
  return thread
}

const whose = (run: VirtualRun) => threadOf(run).left.map((one) => one.whose)

test('an arrival is a user: all it holds is let go of at its end', (t) => {
  const run = new VirtualRun({
    test: testOf([say], { phase: 'open', rate: 10, duration: '300ms' }, [connect]),
    target: ({ request }) => good('operation' in request && request.operation.kind === 'open' ? 101 : 0),
  }).run()
  t.like(run.phase(0), { started: 3, completed: 3 })
  t.deepEqual(whose(run), ['user', 'user', 'user'])
})

test('a user of a closed phase keeps what onStart opened, until it leaves', (t) => {
  const run = new VirtualRun({
    test: testOf([say], { phase: 'closed', users: 1, iterations: 3 }, [connect]),
    target: ({ request }) => good('operation' in request && request.operation.kind === 'open' ? 101 : 0),
  }).run()
  t.like(run.phase(0), { started: 3, completed: 3 })
  t.deepEqual(whose(run), ['iteration', 'iteration', 'iteration', 'user'])
})

test('where onStart did not succeed, it begins again with nothing open', (t) => {
  let opened = 0
  const run = new VirtualRun({
    test: testOf([say], { phase: 'closed', users: 1, iterations: 3 }, [connect]),
    target: ({ request }) => {
      const isOpening = 'operation' in request && request.operation.kind === 'open'
      return good(isOpening ? (opened++ === 0 ? 503 : 101) : 0)
    },
  }).run()
  t.like(run.phase(0), { failed: 1, completed: 2 })
  t.deepEqual(whose(run), ['user', 'iteration', 'iteration', 'user'])
})

test('users between two iterations leave when the run is over', (t) => {
  const run = new VirtualRun({
    test: testOf([say], { phase: 'closed', users: 1, duration: '300ms', pace: '200ms' }, [connect]),
    target: ({ request }) => good('operation' in request && request.operation.kind === 'open' ? 101 : 0),
  }).run(310_000)
  t.deepEqual(whose(run), ['iteration', 'iteration'])
  threadOf(run).engine.leaveStreams()
  t.deepEqual(whose(run), ['iteration', 'iteration', 'user'])
})

test('an interrupted iteration lets go of everything', (t) => {
  const run = new VirtualRun({
    test: testOf([connect, say], { phase: 'open', rate: 10, duration: '100ms' }),
    target: ({ request }) =>
      'operation' in request && request.operation.kind === 'open' ? good(101) : 'never',
  }).run(50_000)
  run.abort()
  run.run()
  t.deepEqual(whose(run), ['user'])
})

test('a scenario without streams lets go of nothing', (t) => {
  const run = new VirtualRun({
    test: testOf([{ get: '/' }], { phase: 'closed', users: 2, iterations: 6 }),
    target: () => good(200),
  }).run()
  threadOf(run).engine.leaveStreams()
  t.deepEqual(whose(run), [])
})

test('the duration of a stream is a series of its phase and scenario, as good as its end', (t) => {
  const run = new VirtualRun({
    test: testOf([connect, say], { phase: 'closed', users: 1, iterations: 2 }),
    target: ({ request }) => good('operation' in request && request.operation.kind === 'open' ? 101 : 0),
  }).run(1500)
  const { engine, recorder } = threadOf(run)
  engine.streamEnded(0, 0, 1000, 31_000, true)
  engine.streamEnded(0, 0, 1000, 51_000, false)
  const id = run.table.groupSeries(0, 0, 'chat')
  t.true(id >= 0)
  const series = recorder.flush().flatMap((interval) => interval.series.filter((one) => one.series === id))
  t.like(series[0], { ok: 1, failed: 1 })
})
