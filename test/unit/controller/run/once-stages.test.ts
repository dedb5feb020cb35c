import test from 'ava'
import type { RunOrder } from '../../../../controller/run/run-order.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { Bench } from '../../../kit/coordinator-bench.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

const both = {
  setup: [{ post: '/seed', capture: { tenant: { json: '$.id' } } }],
  teardown: [{ delete: '/seed/${setup.tenant}' }],
}

function order(more: Readonly<Record<string, Json>> = both): RunOrder {
  const made = parsedTest({ load: [{ phase: 'steady', rate: 100, duration: '10s' }], ...more })
  return {
    run: 'r1',
    test: made,
    seed: 1,
    plan: planRun(made, 1),
    files: {},
    secrets: [],
    workers: 3,
    threads: null,
    pace: 'timer',
    engine: 'auto',
    term: 1,
  }
}

const values = { tenant: 't1' }

function benchOf(more?: Readonly<Record<string, Json>>): Bench {
  const bench = new Bench(order(more), ['a', 'b', 'c'])
  bench.perform = ({ stage }) => (stage === 'setup' ? { values } : {})
  return bench
}

/** To where the load is under way. */
function running(bench = benchOf()): Bench {
  bench.until(3_000)
  return bench
}

function finished(bench: Bench, ids: readonly string[] = ['a', 'b', 'c']): Bench {
  for (const id of ids) bench.snapshot(id, { final: true, donePhases: [true] })
  return bench
}

const performs = (bench: Bench) =>
  bench.actions.flatMap((action) =>
    action.type === 'send' && action.command.type === 'perform'
      ? [`${action.worker} ${action.command.stage} ${JSON.stringify(action.command.setup)}`]
      : [],
  )
const last = (bench: Bench) => bench.actions.filter(({ type }) => type === 'finish' || type === 'refuse')

test('one worker sets up before the start, and what it captured reaches all with the order to start', (t) => {
  const bench = running()
  t.is(bench.state.stage, 'running')
  t.deepEqual(performs(bench), ['a setup {}'])
  const armed = bench.actions.flatMap((action) =>
    action.type === 'send' && action.command.type === 'arm' ? [action.command.setup] : [],
  )
  t.deepEqual(armed, [values, values, values])
})

test('one worker tears down when all have drained, and then the run is finished', (t) => {
  const bench = finished(running())
  t.deepEqual(performs(bench), ['a setup {}', `a teardown ${JSON.stringify(values)}`])
  t.is(bench.state.stage, 'closed')
  t.deepEqual(bench.sent('release'), ['a', 'b', 'c'])
  t.like(last(bench), [{ type: 'finish' }])
  t.like(bench.state.once, { setup: { sent: 1 }, teardown: { sent: 1, failure: null } })
})

test('where set-up fails nobody is armed, nothing is torn down, and the run is at its end', (t) => {
  const bench = benchOf()
  bench.perform = () => ({ sent: 2, failure: 'POST /seed: status_5xx' })
  running(bench)
  t.deepEqual(bench.sent('arm'), [])
  t.deepEqual(performs(bench), ['a setup {}'])
  t.deepEqual(bench.sent('release'), ['a', 'b', 'c'])
  t.like(last(bench), [{ type: 'finish' }])
  t.like(bench.state.once.setup, { sent: 2, failure: 'POST /seed: status_5xx' })
})

test('set-up that takes its time is waited for, asked for again, and done once', (t) => {
  const bench = benchOf()
  bench.perform = () => undefined
  bench.until(20_000)
  t.is(bench.state.stage, 'setup')
  const command = bench.actions.find((a) => a.type === 'send' && a.command.type === 'perform')
  if (command?.type !== 'send') return t.fail()
  bench.dispatch({ type: 'no-reply', worker: 'a', command: command.command, nowMs: bench.nowMs })
  t.deepEqual(performs(bench), ['a setup {}', 'a setup {}'], 'the same worker, which does it once')
  const reply = { type: 'performed', incarnation: 'a-1', sent: 1, auth: 0, values, failure: null } as const
  const { nowMs } = bench
  bench.dispatch({ type: 'reply', worker: 'a', command: command.command, reply, sentMs: nowMs, nowMs })
  t.is(bench.state.stage, 'running')
})

test('where the worker that sets up is lost, set-up has failed: it may have been done in part', (t) => {
  const bench = benchOf()
  bench.perform = () => undefined
  bench.until(2_000)
  bench.mute.add('a')
  bench.until(6_000)
  t.like(bench.state, { stage: 'closed' })
  t.regex(bench.state.once.setup?.failure ?? '', /worker a did not finish it/)
  t.like(last(bench), [{ type: 'finish' }])
})

for (const mode of ['stop', 'abort'] as const) {
  test(`a run that ${mode}s is torn down as well`, (t) => {
    const bench = running()
    bench.dispatch({ type: 'end', mode, how: 'stopped', why: 'enough', nowMs: bench.nowMs })
    finished(bench)
    t.deepEqual(performs(bench).at(-1), `a teardown ${JSON.stringify(values)}`)
    t.like(last(bench), [{ type: 'finish' }])
  })
}

test('where the worker that tears down is lost another one does it', (t) => {
  const bench = running()
  bench.perform = (_, worker) => (worker === 'a' ? undefined : {})
  finished(bench)
  bench.mute.add('a')
  bench.until(bench.nowMs + 3_000)
  t.deepEqual(
    performs(bench)
      .slice(1)
      .map((text) => text.slice(0, 10)),
    ['a teardown', 'b teardown'],
  )
  t.is(bench.state.once.teardown?.failure, null)
})

test('where no worker is left teardown is owed, and the record says so', (t) => {
  const bench = running()
  for (const id of ['a', 'b', 'c']) bench.mute.add(id)
  bench.until(bench.nowMs + 5_000)
  t.is(bench.state.once.teardown?.failure, 'no worker was left to do it')
  t.like(last(bench), [{ type: 'finish' }])
})

test('a stop during set-up lets it finish, takes down what it made, and sends no load', (t) => {
  const bench = benchOf()
  bench.perform = () => undefined
  bench.until(2_000)
  bench.dispatch({ type: 'end', mode: 'stop', how: 'interrupted', why: 'Ctrl-C', nowMs: bench.nowMs })
  t.is(bench.state.stage, 'setup')
  const command = bench.actions.find((a) => a.type === 'send' && a.command.type === 'perform')
  if (command?.type !== 'send') return t.fail()
  bench.perform = () => ({})
  const reply = { type: 'performed', incarnation: 'a-1', sent: 1, auth: 0, values, failure: null } as const
  const { nowMs } = bench
  bench.dispatch({ type: 'reply', worker: 'a', command: command.command, reply, sentMs: nowMs, nowMs })
  t.deepEqual(bench.sent('arm'), [])
  t.is(performs(bench).length, 2)
  t.like(last(bench), [{ type: 'finish' }])
  t.is(bench.state.ending?.how, 'interrupted')
})

test('whoever insists during set-up or teardown is not kept waiting', (t) => {
  for (const stage of ['setup', 'teardown'] as const) {
    const bench = benchOf()
    bench.perform = (command) => (command.stage === stage ? undefined : { values })
    if (stage === 'setup') bench.until(2_000)
    else finished(running(bench))
    t.is(bench.state.stage, stage)
    bench.dispatch({
      type: 'end',
      mode: 'abort',
      how: 'interrupted',
      why: 'interrupted again',
      nowMs: bench.nowMs,
    })
    t.is(bench.state.stage, 'closed')
    t.regex(bench.state.once[stage]?.failure ?? '', /interrupted again/)
  }
})

test('a run that is refused after set-up is torn down before it says why', (t) => {
  const bench = benchOf()
  bench.until(1_000)
  // Armed, and gone before the start.
  t.is(bench.state.stage, 'running')
  const other = benchOf()
  other.perform = ({ stage }, worker) => {
    if (stage === 'setup') other.mute.add('b')
    return worker === 'b' ? undefined : { values }
  }
  other.until(8_000)
  t.deepEqual(
    performs(other).map((text) => text.slice(0, 10)),
    ['a setup {}', 'a teardown'],
  )
  t.like(last(other), [{ type: 'refuse', code: 'prepare-failed' }])
})

test('a test without set-up and teardown has neither', (t) => {
  const bench = finished(running(benchOf({})))
  t.deepEqual(performs(bench), [])
  t.like(last(bench), [{ type: 'finish' }])
})
