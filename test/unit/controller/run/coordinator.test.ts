import test from 'ava'
import fc from 'fast-check'
import type { RunOrder } from '../../../../controller/run/run-order.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import type { CommandReply, WorkerCommand } from '../../../../proto/messages.ts'
import { Bench, hello } from '../../../kit/coordinator-bench.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

function order(
  change: Partial<RunOrder> = {},
  onLoss: 'reassign' | 'fail' | 'continue' = 'reassign',
): RunOrder {
  const made = parsedTest({
    load: [
      { phase: 'steady', rate: 100, duration: '10s' },
      { phase: 'smoke', users: 2, iterations: 10, maxDuration: '1m' },
      { phase: 'after', rate: 10, duration: '10s' },
    ],
    workers: { onLoss },
  })
  return {
    run: 'r1',
    test: made,
    seed: 1,
    plan: planRun(made, 1),
    files: {},
    secrets: [],
    workers: 2,
    threads: null,
    pace: 'timer',
    engine: 'auto',
    term: 1,
    ...change,
  }
}

function running(of = order(), ids = ['a', 'b']): Bench {
  const bench = new Bench(of, ids)
  bench.until(3_000)
  return bench
}

test('workers are prepared, their clocks compared eight times, armed, and started at one instant', (t) => {
  const bench = running()
  t.is(bench.state.stage, 'running')
  t.deepEqual(bench.sent('prepare'), ['a', 'b'])
  t.is(bench.sent('clock').length, 16)
  const instants = bench.actions.flatMap((a) =>
    a.type === 'send' && a.command.type === 'arm' ? [a.command.startLocalMs] : [],
  )
  t.is(instants.length, 2)
  t.is(instants[0], instants[1])
  t.is(bench.state.members.get('a')?.offsetMs, 1_000)
  t.deepEqual(
    bench.state.epochs.map((e) => [e.number, e.cause, e.roster.map((r) => r.worker)]),
    [[1, 'start', ['a', 'b']]],
  )
})

test('clocks are looked at again while the run is under way, and the furthest that one went is kept', (t) => {
  const bench = running()
  bench.clockAheadMs.set('b', 1_080)
  bench.until(9_000)
  bench.clockAheadMs.set('b', 1_030)
  bench.until(30_000)
  t.is(bench.sent('clock').length, 16 + 10)
  t.is(bench.state.members.get('a')?.driftMs, 0)
  t.is(bench.state.members.get('b')?.driftMs, 80)
})

test('a clock that moved by no more than twice the uncertainty of its readings has not drifted', (t) => {
  for (const [movedMs, driftMs] of [
    [40, 0],
    [41, 41],
  ] as const) {
    const bench = running()
    const clock = bench.actions.find((a) => a.type === 'send' && a.command.type === 'clock')
    if (clock?.type !== 'send') return t.fail()
    const [sentMs, nowMs] = [bench.nowMs, bench.nowMs + 40]
    const reply: CommandReply = {
      type: 'ok',
      incarnation: 'a-1',
      state: 'running',
      localMs: sentMs + 20 + 1_000 + movedMs,
      threads: 1,
    }
    bench.dispatch({ type: 'reply', worker: 'a', command: clock.command, reply, sentMs, nowMs })
    t.is(bench.state.members.get('a')?.driftMs, driftMs)
  }
})

test('a clock that is refused or not answered while the run is under way costs no worker', (t) => {
  const bench = running()
  const clock = bench.actions.find((a) => a.type === 'send' && a.command.type === 'clock')
  if (clock?.type !== 'send') return t.fail()
  const { nowMs } = bench
  const before = bench.actions.length
  const reply: CommandReply = {
    type: 'refused',
    incarnation: 'a-1',
    code: 'stale-fence',
    message: 'an epoch came first',
    hint: '',
  }
  bench.dispatch({ type: 'reply', worker: 'a', command: clock.command, reply, sentMs: nowMs, nowMs })
  bench.dispatch({ type: 'no-reply', worker: 'a', command: clock.command, nowMs })
  t.is(bench.state.members.get('a')?.status, 'armed')
  t.is(bench.actions.length, before)
})

test('too few workers within the waiting time refuse the run with what to do', (t) => {
  const bench = new Bench(order({ workers: 3 }), ['a', 'b'])
  bench.until(61_000)
  t.is(bench.refusal()?.code, 'too-few-workers')
  t.regex(bench.refusal()?.message ?? '', /2 workers answered.*needs 3/)
})

test('without a number, all that answer within three beats take part', (t) => {
  const bench = running(order({ workers: null }), ['a', 'b', 'c'])
  t.deepEqual(bench.sent('prepare'), ['a', 'b', 'c'])
})

test('busy workers are passed over', (t) => {
  const bench = new Bench(order(), ['a', 'b'])
  bench.dispatch({ type: 'hello', hello: hello('z', { state: 'running', run: 'other' }), nowMs: 0 })
  bench.until(3_000)
  t.deepEqual(bench.sent('prepare'), ['a', 'b'])
})

test('a worker that refuses to prepare ends the run before it began', (t) => {
  const bench = new Bench(order(), ['a', 'b'])
  bench.mute.add('a').add('b')
  bench.dispatch({ type: 'hello', hello: hello('a'), nowMs: 0 })
  bench.dispatch({ type: 'hello', hello: hello('b'), nowMs: 0 })
  const command = bench.actions.find((a) => a.type === 'send')?.command
  t.truthy(command)
  if (command === undefined) return
  const reply: CommandReply = {
    type: 'refused',
    incarnation: 'a-1',
    code: 'failed',
    message: 'no such host x',
    hint: 'check',
  }
  bench.dispatch({ type: 'reply', worker: 'a', command, reply, sentMs: 0, nowMs: 1 })
  t.is(bench.refusal()?.code, 'prepare-failed')
  t.regex(bench.refusal()?.message ?? '', /worker a .*no such host x/)
  t.deepEqual(bench.sent('release').sort(), ['a', 'b'])
})

test('the run ends when every worker has sent its last snapshot, and releases them', (t) => {
  const bench = running()
  bench.snapshot('a', { final: true })
  t.is(bench.state.stage, 'running')
  bench.snapshot('b', { final: true })
  t.is(bench.state.stage, 'closed')
  t.deepEqual(bench.sent('release'), ['a', 'b'])
  t.true(bench.actions.some((a) => a.type === 'finish'))
})

test('a silent worker is lost after three beats, and the others take over by the next epoch', (t) => {
  const bench = running()
  bench.mute.add('a')
  bench.until(5_000)
  t.is(bench.said('lost').length, 1)
  t.is(bench.state.members.get('a')?.status, 'lost')
  t.true((bench.state.members.get('a')?.lostAtMs ?? Infinity) <= 5_000)
  t.deepEqual(
    bench.state.epochs.map((e) => [e.number, e.cause, e.roster.map((r) => r.worker)]),
    [
      [1, 'start', ['a', 'b']],
      [2, 'lost', ['b']],
    ],
  )
  t.deepEqual(bench.sent('epoch'), ['b'])
})

test('onLoss continue leaves the roster as it is; fail stops the run', (t) => {
  const goesOn = running(order({}, 'continue'))
  goesOn.mute.add('a')
  goesOn.until(6_000)
  t.is(goesOn.state.epochs.length, 1)
  t.is(goesOn.state.ending, null)
  const fails = running(order({}, 'fail'))
  fails.mute.add('a')
  fails.until(6_000)
  t.is(fails.state.ending?.how, 'stopped')
  t.deepEqual(fails.sent('stop'), ['b'])
})

test('a coordinator that was itself held up, or cut off, declares nobody lost for it', (t) => {
  const heldUp = running()
  heldUp.nowMs = 20_000
  heldUp.dispatch({ type: 'tick', nowMs: 20_000 })
  t.is(heldUp.said('lost').length, 0)
  const cutOff = running()
  cutOff.dispatch({ type: 'connection', connected: false, nowMs: cutOff.nowMs })
  cutOff.mute.add('a').add('b')
  cutOff.until(10_000)
  cutOff.mute.clear()
  cutOff.dispatch({ type: 'connection', connected: true, nowMs: cutOff.nowMs })
  cutOff.until(12_000)
  t.is(cutOff.said('lost').length, 0)
})

test('a phase whose iterations are all done makes way for the next by an epoch', (t) => {
  const bench = running()
  bench.until(15_000)
  const before = bench.state.epochs[0]
  bench.snapshot('a', { donePhases: [true, true, false] })
  t.is(bench.state.epochs.length, 1)
  bench.snapshot('b', { donePhases: [true, true, false] })
  const epoch = bench.state.epochs[1]
  t.is(epoch?.cause, 'phase')
  t.true((epoch?.phases[1]?.endAt ?? Infinity) < (before?.phases[1]?.endAt ?? 0))
  t.is(epoch?.phases[2]?.startAt, epoch?.phases[1]?.endAt)
})

test('a phase that follows one that was done early begins with its first arrival, whatever the clock reads', (t) => {
  const load = [
    { phase: 'smoke', users: 2, iterations: 10 },
    { phase: 'after', rate: 10, duration: '10s' },
  ]
  const test = parsedTest({ load })
  for (let part = 0; part < 100; part++) {
    const bench = new Bench(order({ test, plan: planRun(test, 1) }), ['a', 'b'])
    bench.nowMs = 47_000 + part / 97
    bench.until(52_000)
    bench.nowMs += part / 89
    for (const worker of ['a', 'b']) bench.snapshot(worker, { donePhases: [true, false] })
    t.like(bench.state.epochs[1]?.phases[1], { startAt: bench.state.epochs[1]?.at, firstArrival: 0 })
  }
})

test('a replaced process is a lost worker', (t) => {
  const bench = running()
  bench.dispatch({ type: 'hello', hello: hello('a', { incarnation: 'a-2' }), nowMs: bench.nowMs })
  t.is(bench.state.members.get('a')?.status, 'lost')
})

test('a worker that leaves has drained; the others take over, and it is not released', (t) => {
  const bench = running()
  bench.snapshot('a', { final: true, endedBy: 'left' })
  t.is(bench.state.members.get('a')?.status, 'left')
  t.deepEqual(
    bench.state.epochs.map((e) => [e.cause, e.roster.map((r) => r.worker)]),
    [
      ['start', ['a', 'b']],
      ['left', ['b']],
    ],
  )
  bench.snapshot('b', { final: true })
  t.deepEqual(bench.sent('release'), ['b'])
})

test('data that may not end stops the run where it ends', (t) => {
  const bench = running()
  bench.snapshot('a', { endedBy: 'data' })
  t.is(bench.state.ending?.how, 'stopped')
  t.deepEqual(bench.sent('stop'), ['a', 'b'])
})

test('data that may not end stops the run, also where it ends for all at once', (t) => {
  const bench = running()
  bench.snapshot('a', { endedBy: 'data', final: true })
  t.is(bench.state.ending?.how, 'stopped')
  t.deepEqual(bench.sent('stop'), ['b'])
  bench.snapshot('b', { endedBy: 'data', final: true })
  t.true(
    bench
      .said('ended')
      .some((a) => a.type === 'say' && a.event.kind === 'ended' && a.event.how === 'stopped'),
  )
})

test('stopping before the start refuses the run; afterwards it reaches every worker', (t) => {
  const early = new Bench(order(), ['a', 'b'])
  early.dispatch({ type: 'end', mode: 'stop', how: 'interrupted', why: 'interrupted', nowMs: 1 })
  t.is(early.refusal()?.code, 'stopped')
  const late = running()
  late.dispatch({ type: 'end', mode: 'abort', how: 'aborted', why: 'p95 broke', nowMs: late.nowMs })
  t.deepEqual(late.sent('abort'), ['a', 'b'])
  late.snapshot('a', { final: true })
  late.snapshot('b', { final: true })
  t.true(
    late.said('ended').some((a) => a.type === 'say' && a.event.kind === 'ended' && a.event.how === 'aborted'),
  )
})

test('whatever happens in whatever order, it neither throws nor acts after it has closed', (t) => {
  const anyWorker = fc.constantFrom('a', 'b', 'c')
  const step = fc.oneof(
    fc.record({ kind: fc.constant('until' as const), ms: fc.integer({ min: 1, max: 3_000 }) }),
    fc.record({ kind: fc.constant('mute' as const), worker: anyWorker }),
    fc.record({ kind: fc.constant('final' as const), worker: anyWorker }),
    fc.record({ kind: fc.constant('replace' as const), worker: anyWorker }),
    fc.record({
      kind: fc.constant('end' as const),
      mode: fc.constantFrom('stop' as const, 'abort' as const),
    }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 25 }), (steps) => {
      const bench = new Bench(order({ workers: null }), ['a', 'b', 'c'])
      for (const s of steps) {
        const closedBefore = bench.state.stage === 'closed'
        const actionsBefore = bench.actions.length
        if (s.kind === 'until') bench.until(bench.nowMs + s.ms)
        else if (s.kind === 'mute') bench.mute.add(s.worker)
        else if (s.kind === 'final') bench.snapshot(s.worker, { final: true })
        else if (s.kind === 'replace')
          bench.dispatch({
            type: 'hello',
            hello: hello(s.worker, { incarnation: 'new' }),
            nowMs: bench.nowMs,
          })
        else
          bench.dispatch({ type: 'end', mode: s.mode, how: 'stopped', why: 'asked to', nowMs: bench.nowMs })
        if (closedBefore) t.is(bench.actions.length, actionsBefore)
      }
      const ends = bench.actions.filter((a) => a.type === 'finish' || a.type === 'refuse').length
      t.is(ends, bench.state.stage === 'closed' ? 1 : 0)
    }),
    { numRuns: 200 },
  )
})

test('a worker that has missed an epoch is told of it again, and of those behind it', (t) => {
  const bench = running(order({ workers: 4 }), ['a', 'b', 'c', 'd'])
  const told = () =>
    bench.actions.flatMap((a) =>
      a.type === 'send' && a.command.type === 'epoch' ? [`${a.worker} ${a.command.epoch.number}`] : [],
    )
  bench.deaf.add('b')
  bench.dispatch({ type: 'hello', hello: hello('c', { incarnation: 'c-2' }), nowMs: bench.nowMs })
  bench.dispatch({ type: 'hello', hello: hello('d', { incarnation: 'd-2' }), nowMs: bench.nowMs })
  t.deepEqual(told(), ['a 2', 'b 2', 'd 2', 'a 3', 'b 3'])
  const [missed] = bench.actions.flatMap((a) => (a.type === 'send' && a.worker === 'b' ? [a] : [])).slice(-2)
  if (missed === undefined) return t.fail()
  t.is(missed.timeoutMs, 200, 'in time for it to be told again before the epoch begins')
  bench.dispatch({ type: 'no-reply', worker: 'b', command: missed.command, nowMs: bench.nowMs })
  t.like(bench.actions.at(-1), { worker: 'b', command: { epoch: { number: 2 }, fence: { epoch: 3 } } })
  const reply: CommandReply = {
    type: 'refused',
    incarnation: 'b-1',
    code: 'missed-epoch',
    message: 'epoch 2 is not known here',
    hint: '',
  }
  const { command } = missed
  bench.deaf.clear()
  bench.dispatch({ type: 'reply', worker: 'b', command, reply, sentMs: bench.nowMs, nowMs: bench.nowMs })
  t.deepEqual(told().slice(5), ['b 2', 'b 2', 'b 3'])
  t.is(bench.state.members.get('b')?.status, 'armed')
  t.is(bench.state.members.get('b')?.epoch, 3)
  const known = bench.actions.length
  bench.dispatch({ type: 'no-reply', worker: 'b', command, nowMs: bench.nowMs })
  t.is(bench.actions.length, known, 'what it has confirmed is not told again')
})

test('a command that a newer epoch has overtaken is given again, and its worker is not lost for it', (t) => {
  const bench = running(order({ workers: 3 }), ['a', 'b', 'c'])
  bench.dispatch({ type: 'hello', hello: hello('c', { incarnation: 'c-2' }), nowMs: bench.nowMs })
  const refused = (epoch: number): CommandReply => ({
    type: 'refused',
    incarnation: 'a-1',
    code: 'stale-fence',
    message: `epoch ${epoch} has begun`,
    hint: '',
  })
  const stop = (epoch: number) => ({ type: 'stop' as const, run: 'r1', fence: { term: 1, epoch } })
  const answer = (command: WorkerCommand, reply: CommandReply) =>
    bench.dispatch({ type: 'reply', worker: 'a', command, reply, sentMs: bench.nowMs, nowMs: bench.nowMs })
  answer(stop(1), refused(2))
  t.is(bench.state.members.get('a')?.status, 'armed')
  t.like(bench.actions.at(-1), { worker: 'a', command: { type: 'stop', fence: { epoch: 2 } } })
  answer(stop(2), refused(3))
  t.is(bench.state.members.get('a')?.status, 'failed', 'where no newer one is known it is a defect')
})

test('a worker that went on by an epoch that was over is lost: others have its share', (t) => {
  const bench = running(order({ workers: 3 }), ['a', 'b', 'c'])
  bench.snapshot('b', { isOverrun: true })
  t.is(bench.state.members.get('b')?.status, 'lost')
  t.deepEqual(
    bench.state.epochs.map((e) => [e.cause, e.roster.map((r) => r.worker)]),
    [
      ['start', ['a', 'b', 'c']],
      ['lost', ['a', 'c']],
    ],
  )
})

test('a worker without a share that dies when all the others are done ends the run', (t) => {
  const bench = running(order({ workers: 3 }), ['a', 'b', 'c'])
  bench.dispatch({ type: 'steer', wish: { workers: 2 }, by: 'someone', nowMs: bench.nowMs })
  t.is(bench.state.members.get('c')?.duty, 'standby')
  bench.mute.add('c')
  bench.snapshot('a', { final: true })
  bench.snapshot('b', { final: true })
  t.is(bench.state.stage, 'running')
  bench.until(bench.nowMs + 2_000)
  t.is(bench.state.stage, 'closed')
})

test('a worker that was done before it heard of an epoch which gave it more is lost, and others take that over', (t) => {
  const bench = running(order({ workers: 2 }))
  bench.snapshot('b', { final: true, isBehind: true })
  t.is(bench.state.members.get('b')?.status, 'lost')
  t.is(bench.state.epochs.at(-1)?.cause, 'lost')
})

test('a worker that was given up and is back is told to end where no epoch tells it', (t) => {
  for (const [onLoss, told] of [
    ['continue', ['b']],
    ['reassign', []],
  ] as const) {
    const bench = running(order({ workers: 3 }, onLoss), ['a', 'b', 'c'])
    bench.mute.add('b')
    bench.until(bench.nowMs + 3_000)
    t.is(bench.state.members.get('b')?.status, 'lost')
    const back = hello('b', { state: 'running', run: 'r1' })
    bench.dispatch({ type: 'hello', hello: back, nowMs: bench.nowMs })
    bench.dispatch({ type: 'hello', hello: { ...back, state: 'draining' }, nowMs: bench.nowMs })
    t.deepEqual(bench.sent('abort'), told, onLoss)
  }
})
