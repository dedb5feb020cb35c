import test from 'ava'
import fc from 'fast-check'
import { Timeouts } from '../../../../worker/engine/timeouts.ts'
import { Wakeups } from '../../../../worker/engine/wakeups.ts'

test('wake-ups come in the order of their instants, and of their adding where those are equal', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { maxLength: 300 }), (instants) => {
      const wakeups = new Wakeups()
      for (const [slot, at] of instants.entries()) wakeups.add(slot, at)
      const expected = instants.map((at, slot) => ({ at, slot })).sort((a, b) => a.at - b.at)
      for (const { at, slot } of expected) {
        t.is(wakeups.nextAt(), at)
        t.is(wakeups.takeDue(at - 1), -1)
        if (wakeups.takeDue(at) !== slot) return false
      }
      return wakeups.takeDue(Number.MAX_SAFE_INTEGER) === -1 && wakeups.nextAt() === Number.POSITIVE_INFINITY
    }),
  )
})

test('timeouts fall due by their instants, and removed ones never', (t) => {
  const command = fc.record({
    wait: fc.integer({ min: 0, max: 20 }),
    timeout: fc.constantFrom(10, 25, 100),
    removes: fc.option(fc.nat({ max: 200 })),
  })
  fc.assert(
    fc.property(fc.array(command, { maxLength: 200 }), (commands) => {
      const timeouts = new Timeouts()
      const model = new Map<number, number>()
      let now = 0
      const expire = () => {
        for (let slot = timeouts.takeDue(now); slot >= 0; slot = timeouts.takeDue(now)) {
          if ((model.get(slot) ?? Number.POSITIVE_INFINITY) > now) return false
          model.delete(slot)
        }
        return [...model.values()].every((due) => due > now)
      }
      for (const [slot, { wait, timeout, removes }] of commands.entries()) {
        now += wait
        if (!expire()) return false
        timeouts.add(slot, now, timeout)
        model.set(slot, now + timeout)
        if (removes !== null) {
          timeouts.remove(removes)
          model.delete(removes)
        }
        if (timeouts.nextAt() !== Math.min(Number.POSITIVE_INFINITY, ...model.values())) return false
      }
      now = Number.MAX_SAFE_INTEGER
      return expire() && model.size === 0
    }),
  )
  t.pass()
})
