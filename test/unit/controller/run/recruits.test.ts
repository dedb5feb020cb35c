import test from 'ava'
import fc from 'fast-check'
import { planRun } from '../../../../core/plan/plan-run.ts'
import type { CommandReply } from '../../../../proto/messages.ts'
import { Bench, hello } from '../../../kit/coordinator-bench.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

function running(grow: boolean, ids = ['a', 'b']): Bench {
  const made = parsedTest({ load: [{ phase: 'steady', rate: 100, duration: '60s' }], workers: { grow } })
  const order = { run: 'r1', test: made, seed: 1, plan: planRun(made, 1), files: {}, secrets: [] }
  const bench = new Bench(
    { ...order, workers: ids.length, threads: null, pace: 'timer', engine: 'auto', term: 1 },
    [...ids],
  )
  bench.until(3_000)
  return bench
}

function comes(bench: Bench, id: string): void {
  bench.ids.push(id)
  bench.until(bench.nowMs + 1_000)
}

function rosters(bench: Bench): readonly string[] {
  return bench.state.epochs.map(({ cause, roster }) => `${cause} ${roster.map((r) => r.worker).join(' ')}`)
}

function steer(bench: Bench, workers: number): void {
  bench.dispatch({ type: 'steer', wish: { workers }, by: 'ada', nowMs: bench.nowMs })
  bench.until(bench.nowMs + 1_000)
}

test('a worker that comes while the load is under way is prepared, asked for its clock, armed, and gets a share', (t) => {
  const bench = running(true)
  const before = bench.actions.length
  comes(bench, 'c')
  const told = bench.actions
    .slice(before)
    .flatMap((a) => (a.type === 'send' && a.worker === 'c' ? [a.command.type] : []))
  t.deepEqual(told.slice(0, 11), ['prepare', ...Array<string>(8).fill('clock'), 'arm', 'epoch'])
  t.deepEqual(rosters(bench), ['start a b', 'joined a b c'])
  const arm = bench.actions.findLast((a) => a.type === 'send' && a.command.type === 'arm')
  t.true(arm?.type === 'send' && arm.command.type === 'arm' && arm.command.epoch.number === 1)
  const [start] = bench.actions.flatMap((a) =>
    a.type === 'send' && a.command.type === 'arm' ? [a.command.startLocalMs] : [],
  )
  t.is(arm?.type === 'send' && arm.command.type === 'arm' ? arm.command.startLocalMs : undefined, start)
  const [, joined] = bench.state.epochs
  t.true((joined?.at ?? 0) / 1000 + (bench.state.startAtMs ?? 0) >= 3_000 + 500)
})

test('without grow it is passed over, and that is said once', (t) => {
  const bench = running(false)
  comes(bench, 'c')
  t.deepEqual(rosters(bench), ['start a b'])
  t.is(bench.said('passed-over').length, 1)
  t.false(bench.state.members.has('c'))
})

test('a worker that cannot be prepared is left out, once, and the run goes on', (t) => {
  for (const reply of [
    { type: 'refused', incarnation: 'c-1', code: 'failed', message: 'no such host', hint: '' },
    null,
  ] satisfies (CommandReply | null)[]) {
    const bench = running(true)
    bench.mute.add('c')
    bench.dispatch({ type: 'hello', hello: hello('c'), nowMs: bench.nowMs })
    const sent = bench.actions.findLast((a) => a.type === 'send')
    if (sent?.type !== 'send') return t.fail()
    if (reply !== null) {
      const { nowMs } = bench
      bench.dispatch({ type: 'reply', worker: 'c', command: sent.command, reply, sentMs: nowMs, nowMs })
    }
    // Silent otherwise.
    bench.until(bench.nowMs + 4_000)
    bench.dispatch({ type: 'hello', hello: hello('c'), nowMs: bench.nowMs })
    t.is(bench.said('passed-over').length, 1)
    t.is(bench.said('lost').length, 0)
    t.is(bench.sent('prepare').filter((id) => id === 'c').length, 1)
    t.deepEqual(rosters(bench), ['start a b'])
    t.is(bench.state.stage, 'running')
    t.false(bench.state.members.has('c'))
  }
})

test('a run ends without those that are still joining', (t) => {
  const bench = running(true)
  bench.mute.add('c')
  bench.dispatch({ type: 'hello', hello: hello('c'), nowMs: bench.nowMs })
  bench.snapshot('a', { final: true, donePhases: [true] })
  bench.snapshot('b', { final: true, donePhases: [true] })
  t.is(bench.state.stage, 'closed')
  t.true(bench.sent('release').includes('c'))
})

test('a worker of a name that was in the run before takes no part', (t) => {
  const bench = running(true)
  bench.mute.add('b')
  bench.until(6_000)
  bench.dispatch({ type: 'hello', hello: hello('b', { incarnation: 'b-2' }), nowMs: bench.nowMs })
  t.deepEqual(rosters(bench), ['start a b', 'lost a'])
  t.is(bench.said('passed-over').length, 1)
})

test('steered to fewer workers, the last of them stand by, and share again when more are wanted', (t) => {
  const bench = running(false, ['a', 'b', 'c'])
  const at = bench.nowMs
  steer(bench, 1)
  t.deepEqual(rosters(bench), ['start a b c', 'steer a'])
  t.true((bench.state.epochs[1]?.at ?? Infinity) / 1000 + (bench.state.startAtMs ?? 0) - at <= 1_000)
  t.deepEqual(
    bench.actions.flatMap((a) => (a.type === 'send' && a.command.type === 'epoch' ? [a.worker] : [])),
    ['a', 'b', 'c'],
  )
  steer(bench, 3)
  t.deepEqual(rosters(bench), ['start a b c', 'steer a', 'joined a b c'])
  t.is(bench.sent('prepare').length, 3, 'they were prepared all the time')
})

test('a worker that was passed over is taken in when more are wanted after all', (t) => {
  const bench = running(false)
  comes(bench, 'c')
  t.is(bench.said('passed-over').length, 1)
  steer(bench, 3)
  t.deepEqual(rosters(bench), ['start a b', 'joined a b c'])
})

test('a worker that was joining when fewer were wanted is taken in when more are', (t) => {
  const bench = running(true)
  bench.mute.add('c')
  bench.dispatch({ type: 'hello', hello: hello('c'), nowMs: bench.nowMs })
  steer(bench, 2)
  t.false(bench.state.members.has('c'))
  bench.mute.clear()
  bench.ids.push('c')
  steer(bench, 3)
  t.deepEqual(rosters(bench), ['start a b', 'joined a b c'])
})

test('steered to more workers, those that are there are taken in', (t) => {
  const bench = running(false)
  steer(bench, 3)
  t.deepEqual(rosters(bench), ['start a b'])
  comes(bench, 'c')
  comes(bench, 'd')
  t.deepEqual(rosters(bench), ['start a b', 'joined a b c'])
})

test('one that stands by takes the place of one that is lost, and its own loss changes nothing', (t) => {
  const bench = running(false, ['a', 'b', 'c'])
  steer(bench, 2)
  bench.mute.add('a')
  bench.until(bench.nowMs + 3_000)
  t.deepEqual(rosters(bench), ['start a b c', 'steer a b', 'lost b c'])
  const other = running(false, ['a', 'b', 'c'])
  steer(other, 2)
  other.mute.add('c')
  other.until(other.nowMs + 3_000)
  t.is(other.said('lost').length, 1)
  t.deepEqual(rosters(other), ['start a b c', 'steer a b'])
})

test('a run that is taken up begins anew with those that were joining', (t) => {
  const bench = running(true)
  bench.mute.add('c')
  bench.dispatch({ type: 'hello', hello: hello('c'), nowMs: bench.nowMs })
  const next = bench.takenUp(1_000)
  next.mute.clear()
  t.true(next.sent('release').includes('c'))
  next.ids.push('c')
  next.until(next.nowMs + 2_000)
  t.deepEqual(rosters(next), ['start a b', 'joined a b c'])
})

test('whatever comes, goes and is wanted, each roster is of workers that are there, and no larger than is wanted', (t) => {
  const step = fc.oneof(
    fc.record({ kind: fc.constant('come' as const) }),
    fc.record({ kind: fc.constant('silence' as const), which: fc.nat(9) }),
    fc.record({ kind: fc.constant('steer' as const), workers: fc.integer({ min: 1, max: 6 }) }),
    fc.record({ kind: fc.constant('pause' as const), paused: fc.boolean() }),
    fc.record({ kind: fc.constant('wait' as const), ms: fc.integer({ min: 250, max: 4_000 }) }),
    fc.record({ kind: fc.constant('take-up' as const) }),
  )
  fc.assert(
    fc.property(fc.boolean(), fc.array(step, { maxLength: 14 }), (grow, steps) => {
      let bench = running(grow)
      let come = 0
      for (const one of steps) {
        switch (one.kind) {
          case 'come':
            bench.ids.push(`n${come++}`)
            break
          case 'silence':
            bench.mute.add(bench.ids[one.which % bench.ids.length] as string)
            break
          case 'steer':
            bench.dispatch({ type: 'steer', wish: { workers: one.workers }, by: 'ada', nowMs: bench.nowMs })
            break
          case 'pause':
            bench.dispatch({ type: 'steer', wish: { paused: one.paused }, by: 'ada', nowMs: bench.nowMs })
            break
          case 'wait':
            bench.until(bench.nowMs + one.ms)
            break
          case 'take-up':
            bench = bench.takenUp(500)
            break
          default:
            one satisfies never
        }
      }
      const silent = new Set(bench.mute)
      bench.until(bench.nowMs + 8_000)
      const { epochs, members, wanted, stage } = bench.state
      for (const [index, { number, at, roster }] of epochs.entries()) {
        t.is(number, index + 1)
        t.true(at >= (epochs[index - 1]?.at ?? 0))
        t.true(roster.length > 0)
        t.is(new Set(roster.map(({ worker }) => worker)).size, roster.length)
      }
      if (stage !== 'running') return
      const newest = epochs.at(-1)?.roster.map(({ worker }) => worker) ?? []
      const sharing = [...members.values()].filter(
        ({ status, duty }) => status === 'armed' && duty === 'share',
      )
      t.deepEqual(sharing.map(({ id }) => id).sort(), newest.filter((id) => !silent.has(id)).sort())
      t.false(
        [...members.values()].some(({ duty }) => duty === 'joining'),
        'all that joined are through',
      )
      if (wanted !== null) t.true(newest.length <= wanted || newest.length === 1)
    }),
    { numRuns: 300 },
  )
})
