import test from 'ava'
import { standingOf } from '../../../../controller/run/standing.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import { Bench } from '../../../kit/coordinator-bench.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

function running(): Bench {
  const made = parsedTest({ load: [{ phase: 'steady', rate: 100, duration: '60s' }] })
  const order = { run: 'r1', test: made, seed: 1, plan: planRun(made, 1), files: {}, secrets: [] }
  const bench = new Bench({ ...order, workers: 2, threads: null, pace: 'timer', engine: 'auto', term: 1 }, [
    'a',
    'b',
  ])
  bench.until(3_000)
  return bench
}

const b = { worker: 'b', incarnation: 'b-1', epoch: 1 }

test('a worker that asks is there: it is a member, and is not lost for its silence before', (t) => {
  const bench = running()
  bench.mute.add('b')
  bench.until(4_250)
  bench.dispatch({ type: 'asked', worker: 'b', incarnation: 'b-1', nowMs: bench.nowMs })
  t.deepEqual(standingOf(bench.state, b), {
    term: 1,
    standing: 'member',
    epochs: [],
  })
  bench.until(5_500)
  t.is(bench.said('lost').length, 0)
  bench.until(6_500)
  t.is(bench.said('lost').length, 1)
})

test('a worker that was lost is replaced, whatever it asks, and so is one of another process or another name', (t) => {
  const bench = running()
  bench.mute.add('b')
  bench.until(6_000)
  const { epochs } = bench.state
  bench.dispatch({ type: 'asked', worker: 'b', incarnation: 'b-1', nowMs: bench.nowMs })
  t.is(bench.state.epochs, epochs)
  const { standing, epochs: told } = standingOf(bench.state, b)
  t.is(standing, 'replaced')
  t.deepEqual(
    told.map(({ number }) => number),
    [2],
  )
  t.is(standingOf(bench.state, { ...b, worker: 'a', incarnation: 'a-2' }).standing, 'replaced')
  t.is(standingOf(bench.state, { ...b, worker: 'z' }).standing, 'replaced')
  t.is(standingOf(bench.state, { ...b, worker: 'a', incarnation: 'a-1' }).standing, 'member')
})

test('a worker that stands down by the word of another controller is lost for this one', (t) => {
  const bench = running()
  bench.snapshot('b', { final: true, endedBy: 'replaced' })
  t.is(bench.state.members.get('b')?.status, 'lost')
  t.is(bench.state.epochs.at(-1)?.cause, 'lost')
})
