import test from 'ava'
import fc from 'fast-check'
import { type InLine, WaitingLine } from '../../../../worker/transport/waiting-line.ts'

interface Member extends InLine {
  readonly name: number
}

function member(name: number): Member {
  return { name, before: null, after: null, inLine: false }
}

test('a line serves in the order of joining, whoever leaves in between', (t) => {
  const step = fc.record({ kind: fc.constantFrom('join', 'front', 'leave', 'serve'), who: fc.nat(7) })
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const members = Array.from({ length: 8 }, (_, name) => member(name))
      const line = new WaitingLine<Member>()
      let model: number[] = []
      for (const { kind, who } of steps) {
        const one = members[who] as Member
        if (kind === 'leave') {
          line.leave(one)
          model = model.filter((name) => name !== who)
        } else if (kind === 'serve') {
          const { first } = line
          if (first !== null) line.leave(first)
          t.is(first?.name, model.shift())
        } else if (!one.inLine && kind === 'join') {
          line.join(one)
          model.push(who)
        } else if (!one.inLine) {
          line.joinInFront(one)
          model.unshift(who)
        }
        t.is(line.length, model.length)
        t.is(line.first?.name, model[0])
      }
    }),
  )
})
