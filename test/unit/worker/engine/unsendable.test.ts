import test from 'ava'
import { mostRendered } from '../../../../core/scenario/rendered-size.ts'
import type { Json, LoadTest } from '../../../../core/spec/load-test.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { VirtualRun } from '../../../kit/virtual-engine.ts'

/** The first step captures so many characters; the second sends twice as many. */
function growing(load: Json, more: Readonly<Record<string, Json>> = {}): LoadTest {
  return parsedTest({
    target: { url: 'http://shop.test', http: { maxBody: '64MiB' } },
    scenarios: [
      {
        name: 'one',
        steps: [
          { get: '/', capture: { it: { json: '$' } } },
          { post: '/again', text: '${it}${it}', ...more },
          { get: '/after' },
        ],
      },
    ],
    load: [load],
  })
}

const answer = { afterMicros: 500, body: JSON.stringify('x'.repeat(mostRendered / 2 + 1)) }

test('a request that is too large fails its iteration, is not sent, and is counted as an attempt', (t) => {
  const run = new VirtualRun({
    test: growing({ phase: 'a', rate: 10, duration: '1s' }),
    target: () => answer,
  }).run()
  t.like(run.phase(0), { started: 10, completed: 0, failed: 10, inFlight: 0 })
  t.like(run.requests, { attempted: 20, sent: 10, ok: 10, failed: 10, interrupted: 0 })
  t.deepEqual(run.requests.errors, { too_large: 10 })
  t.deepEqual([...new Set(run.sent.map(({ path }) => path))], ['/'])
})

test('an iteration goes on behind it where its step may fail', (t) => {
  const run = new VirtualRun({
    test: growing({ phase: 'a', rate: 5, duration: '1s' }, { onError: 'continue' }),
    target: () => answer,
  }).run()
  t.like(run.requests, { attempted: 15, sent: 10, ok: 10, failed: 5 })
  t.is(run.sent.filter(({ path }) => path === '/after').length, 5)
})

test('users whose every request is too large do not hold up time, and their phase ends', (t) => {
  const run = new VirtualRun({
    test: growing({ phase: 'a', users: 2, iterations: 20 }),
    target: () => answer,
  }).run()
  t.like(run.phase(0), { started: 20, failed: 20, done: true })
  t.true(run.isDrained)
})

test('a run that is aborted meanwhile ends at once', (t) => {
  const run = new VirtualRun({
    test: growing({ phase: 'a', rate: 10, duration: '1s' }),
    target: () => answer,
  }).run(450_500)
  run.abort()
  run.run()
  t.true(run.isDrained)
  const { started, completed, failed, interrupted, inFlight } = run.phase(0)
  t.is(inFlight, 0)
  t.is(started, completed + failed + interrupted)
})
