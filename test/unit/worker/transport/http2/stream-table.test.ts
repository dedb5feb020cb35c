import test from 'ava'
import fc from 'fast-check'
import { StreamTable } from '../../../../../worker/transport/http2/stream-table.ts'

test('it holds what a Map by id would hold, whichever streams live long', (t) => {
  // Ids count up; `leave` names one of those that are in it.
  const steps = fc.array(fc.oneof(fc.constant(-1), fc.nat(40)), {
    minLength: 200,
    maxLength: 400,
    size: 'max',
  })
  fc.assert(
    fc.property(steps, (all) => {
      const table = new StreamTable<{ id: number }>()
      const model = new Map<number, { id: number }>()
      let next = 1
      for (const step of all) {
        if (step < 0) {
          const stream = { id: next }
          next += 2
          table.add(stream)
          model.set(stream.id, stream)
        } else {
          const id = [...model.keys()][step % Math.max(1, model.size)] ?? next
          table.remove(id)
          model.delete(id)
        }
        t.is(table.size, model.size)
      }
      for (let id = 1; id < next; id += 2) t.is(table.get(id), model.get(id))
      t.deepEqual(table.all(), [...model.values()])
    }),
    { numRuns: 300 },
  )
})

test('a stream that outlives a hundred thousand others costs no memory', (t) => {
  const table = new StreamTable<{ id: number }>()
  const old = { id: 1 }
  table.add(old)
  for (let id = 3; id < 200_000; id += 2) {
    table.add({ id })
    table.remove(id)
  }
  t.is(table.size, 1)
  t.is(table.get(1), old)
  t.is(table.get(199_999), undefined)
})
