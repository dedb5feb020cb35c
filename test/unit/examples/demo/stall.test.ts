import test from 'ava'
import { BreakwaterError } from '../../../../core/error.ts'
import { parseStall, WorkClock } from '../../../../examples/demo/stall.ts'

test('a stall is written as the instant and the length', (t) => {
  t.deepEqual(parseStall('at=5s,for=2s'), { atMs: 5000, forMs: 2000 })
  t.deepEqual(parseStall(' at=0ms, for=1.5m'), { atMs: 0, forMs: 90_000 })
})

for (const text of [
  '',
  '5s',
  'at=5,for=2s',
  'at=5s',
  'for=2s,at=5s',
  'at=5s,for=-2s',
  'at=5s,for=2s,more=1',
]) {
  test(`${JSON.stringify(text)} is refused as a stall, with the form it should have`, (t) => {
    const error = t.throws(() => parseStall(text), { instanceOf: BreakwaterError })
    t.is(error?.code, 'usage')
    t.regex(error?.hint ?? '', /at=5s,for=2s/)
  })
}

test('work time stands still in a stall', (t) => {
  const clock = new WorkClock()
  clock.stall(100, 150)
  t.deepEqual(
    [50, 100, 120, 150, 160].map((instant) => clock.workAt(instant)),
    [50, 100, 100, 100, 110],
  )
  t.deepEqual(
    [50, 100, 101, 110].map((work) => clock.instantOf(work)),
    [50, 100, 151, 160],
  )
})

test('stalls that overlap or touch are one', (t) => {
  const clock = new WorkClock()
  clock.stall(300, 400)
  clock.stall(100, 200)
  clock.stall(150, 250)
  clock.stall(250, 260)
  t.is(clock.workAt(500), 500 - 160 - 100)
  t.is(clock.instantOf(101), 261)
  t.is(clock.instantOf(141), 401)
})
