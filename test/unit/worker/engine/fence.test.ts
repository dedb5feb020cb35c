import test from 'ava'
import type { LoadTest } from '../../../../core/spec/load-test.ts'
import { Fence, type FenceQuestion } from '../../../../worker/engine/fence.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { type Target, VirtualRun } from '../../../kit/virtual-engine.ts'

const ms = 1_000

interface Held {
  readonly run: VirtualRun
  readonly questions: number[]
  readonly fence: Fence
}

/** A thread that comes round each 10 ms, is stopped in [1, 3) s of the run, and then asks whether its share is its own. */
function stopped(test: LoadTest, target: Target = () => ({ afterMicros: 5 * ms })): Held {
  const questions: number[] = []
  const fence = new Fence(({ question }) => questions.push(question))
  const run = new VirtualRun({ test, target, fence })
  run.run(1_000 * ms)
  fence.expect(1_010 * ms, 0)
  // What is under way is answered while it is stopped, and heard of afterwards.
  run.now = 3_000 * ms
  run.run(3_200 * ms)
  return { run, questions, fence }
}

/** No turn comes late from then on. */
function confirm({ run, fence }: Pick<Held, 'run' | 'fence'>): boolean {
  const isOpen = fence.confirm(1, run.now)
  fence.expect(Number.POSITIVE_INFINITY, 0)
  run.resume()
  return isOpen
}

function sentSince(run: VirtualRun, at: number): number {
  return run.sent.filter((one) => one.at >= at).length
}

test('a thread that was stopped starts nothing before it is confirmed, then what is not too late', (t) => {
  const { run, questions, fence } = stopped(parsedTest({ load: [{ phase: 'p', rate: 100, duration: '5s' }] }))
  t.deepEqual(questions, [1])
  t.is(sentSince(run, 1_001 * ms), 0)
  t.is(run.phase(0).skippedLate, 0, 'it decides on nothing either')
  t.true(confirm({ run, fence }))
  run.run()
  const { started, skippedLate, planned } = run.phase(0)
  t.is(started + skippedLate, planned)
  // Due in [1, 3.2) s: those of the last second are started.
  t.true(skippedLate > 110 && skippedLate < 130, `${skippedLate}`)
})

test('later steps wait as well, and are sent when it is confirmed', (t) => {
  const scenarios = [{ name: 's', steps: [{ get: '/a' }, { get: '/b' }, { think: '500ms' }, { get: '/c' }] }]
  const { run, fence } = stopped(
    parsedTest({ scenarios, load: [{ phase: 'p', rate: 10, duration: '1s' }] }),
    ({ request }) => ({ afterMicros: request.path === '/a' ? 1_500 * ms : 1 * ms }),
  )
  t.is(sentSince(run, 1_001 * ms), 0)
  t.is(run.phase(0).inFlight, 10)
  t.true(confirm({ run, fence }))
  run.run()
  t.deepEqual(
    ['/a', '/b', '/c'].map((path) => run.sent.filter((one) => one.path === path).length),
    [10, 10, 10],
  )
  t.like(run.phase(0), { started: 10, completed: 10, interrupted: 0 })
})

test('users of closed phases wait between their iterations', (t) => {
  const { run, fence } = stopped(parsedTest({ load: [{ phase: 'p', users: 3, duration: '4s' }] }), () => ({
    afterMicros: 100 * ms,
  }))
  t.is(sentSince(run, 1_001 * ms), 0)
  t.is(run.phase(0).inFlight, 0, 'none has begun an iteration that it may not have')
  t.is(run.phase(0).users, 3)
  t.true(confirm({ run, fence }))
  run.run()
  t.true(sentSince(run, 3_200 * ms) >= 3 * 7)
  const { started, completed, failed, interrupted } = run.phase(0)
  t.is(started, completed + failed + interrupted)
})

test('a redirect is not followed before it is confirmed; its request’s time runs on', (t) => {
  const spec = parsedTest({
    target: { url: 'http://t.test', followRedirects: 5 },
    scenarios: [{ name: 's', steps: [{ get: '/a' }] }],
    load: [{ phase: 'p', rate: 10, duration: '1s' }],
  })
  const { run, fence } = stopped(spec, ({ request }) =>
    request.path === '/a'
      ? { afterMicros: 1_500 * ms, status: 302, location: '/b' }
      : { afterMicros: 1 * ms },
  )
  t.is(sentSince(run, 1_001 * ms), 0)
  t.true(confirm({ run, fence }))
  run.run()
  t.is(run.sent.filter((one) => one.path === '/b').length, 10)
  t.like(run.phase(0), { started: 10, completed: 10 })
})

test('a thread that is aborted while it waits ends all that it has begun', (t) => {
  const scenarios = [{ name: 's', steps: [{ get: '/a' }, { get: '/b' }] }]
  const { run } = stopped(
    parsedTest({ scenarios, load: [{ phase: 'p', rate: 10, duration: '1s' }] }),
    () => ({
      afterMicros: 1_500 * ms,
    }),
  )
  run.abort()
  run.run()
  t.true(run.isDrained)
  t.like(run.phase(0), { started: 10, interrupted: 10, inFlight: 0 })
})

test('an answer to an earlier question, or one that comes late again, opens nothing', (t) => {
  const asked: FenceQuestion[] = []
  const fence = new Fence((question) => asked.push(question))
  t.true(fence.isOpenAt(50_000 * ms), 'before anything was expected')
  fence.expect(100 * ms, 0)
  t.true(fence.isOpenAt(350 * ms), 'a quarter of a second late')
  t.false(fence.isOpenAt(1_101 * ms))
  t.false(fence.isOpenAt(1_102 * ms))
  t.deepEqual(asked, [{ question: 1, mustBeAnswered: true }])
  fence.expect(1_200 * ms, 0)
  t.false(fence.confirm(1, 2_300 * ms), 'it was stopped again before the answer')
  t.is(asked.length, 2)
  t.false(fence.confirm(1, 2_301 * ms))
  t.true(fence.confirm(2, 2_302 * ms))
  t.true(fence.isOpenAt(2_303 * ms))
})

test('a thread that was held up for less than a second asks as well, and goes on after half a second without an answer', (t) => {
  const asked: FenceQuestion[] = []
  const fence = new Fence((question) => asked.push(question))
  fence.expect(100 * ms, 0)
  t.false(fence.isOpenAt(400 * ms))
  t.deepEqual(asked, [{ question: 1, mustBeAnswered: false }])
  fence.expect(500 * ms, 0)
  t.false(fence.giveUp(899 * ms - 250 * ms))
  fence.expect(850 * ms, 0)
  t.true(fence.giveUp(900 * ms))
  t.true(fence.isOpenAt(901 * ms))
  fence.expect(1_000 * ms, 0)
  t.false(fence.isOpenAt(2_001 * ms))
  fence.expect(2_100 * ms, 0)
  t.false(fence.isOpenAt(2_400 * ms), 'held up again while it waits')
  t.deepEqual(
    asked.at(-1),
    { question: 3, mustBeAnswered: true },
    'the stop before is still to be answered for',
  )
  fence.expect(60_000 * ms, 0)
  t.false(fence.giveUp(60_000 * ms))
  t.true(fence.confirm(3, 60_000 * ms))
})

test('a thread that is behind with its arrivals was not stopped', (t) => {
  const fence = new Fence(() => t.fail())
  for (let now = 2_000 * ms; now < 2_200 * ms; now += 10 * ms) {
    // The next arrival was due 0.9 s ago.
    fence.expect(now - 900 * ms, now)
    t.true(fence.isOpenAt(now + 10 * ms))
  }
})
