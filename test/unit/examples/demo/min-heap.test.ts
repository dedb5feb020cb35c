import test from 'ava'
import fc from 'fast-check'
import { MinHeap } from '../../../../examples/demo/min-heap.ts'

test('values come out by their keys, whatever order they went in', (t) => {
  fc.assert(
    fc.property(fc.array(fc.oneof(fc.integer({ min: 0, max: 50 }), fc.constant(null))), (steps) => {
      const heap = new MinHeap<string>()
      const model: number[] = []
      return steps.every((key) => {
        if (key === null) {
          const lowest = model.shift()
          return heap.lowestKey === lowest && heap.pop() === (lowest === undefined ? undefined : `v${lowest}`)
        }
        heap.push(key, `v${key}`)
        model.push(key)
        model.sort((a, b) => a - b)
        return heap.size === model.length
      })
    }),
    { numRuns: 500 },
  )
  t.pass()
})
