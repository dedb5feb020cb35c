import test from 'ava'
import { createClock, localMs } from '../../../../worker/engine/clock.ts'
import { createPacer, type Pacer } from '../../../../worker/engine/pacer.ts'
import { until } from '../../../kit/until.ts'

for (const mode of ['timer', 'spin'] as const) {
  test(`${mode}: a turn never comes before its instant, and sooner asks for an earlier one`, async (t) => {
    const clock = createClock()
    const turns: number[] = []
    let asked = Number.NEGATIVE_INFINITY
    const early: number[] = []
    const pacer: Pacer = createPacer(mode, clock, (now) => {
      if (now < asked) early.push(now)
      turns.push(now)
      // The third sleep would take an hour.
      asked = turns.length < 3 ? now + 5_000 : now + 3_600_000_000
      return asked
    })
    await until('three turns', () => turns.length === 3)
    asked = clock.nowMicros() + 4_000
    pacer.sooner(asked)
    await until('the fourth turn', () => turns.length === 4)
    pacer.stop()
    t.deepEqual(early, [])
  })
}

test('no turn follows a stop, not even one that a turn asks for', async (t) => {
  let turns = 0
  const pacer = createPacer('timer', createClock(), (now) => {
    turns++
    pacer.stop()
    return now
  })
  await until('a turn', () => turns === 1)
  pacer.sooner(0)
  await new Promise((resolve) => setImmediate(() => setImmediate(resolve)))
  t.is(turns, 1)
})

test('cluster time is 0 at the start instant', (t) => {
  const clock = createClock()
  clock.bind(localMs() + 1000)
  const now = clock.nowMicros()
  t.true(now < -990_000 && now >= -1_000_000, `${now}`)
})
