import test from 'ava'
import fc from 'fast-check'
import { SparseSum } from '../../../../core/measure/sparse-sum.ts'
import { Totals } from '../../../../core/measure/totals.ts'

function sparseOf(samples: readonly number[]) {
  const totals = new Totals()
  for (const sample of samples) totals.record(sample)
  return totals.toSparse()
}

test('a sparse sum is the sum of its payloads, however often it was added up on the way', (t) => {
  const payload = fc.array(fc.integer({ min: 1, max: 3_600_000_000 }), { maxLength: 300 })
  fc.assert(
    fc.property(fc.array(payload, { maxLength: 20, size: 'max' }), (payloads) => {
      const sum = new SparseSum()
      for (const samples of payloads) sum.add(sparseOf(samples))
      t.true(sum.toTotals().equals(Totals.of(sparseOf(payloads.flat()))))
    }),
    { numRuns: 20 },
  )
})

test('a thousand like payloads take the room of a few', (t) => {
  const payload = sparseOf(Array.from({ length: 200 }, (_, n) => 1_000 + 37 * n))
  const sum = new SparseSum()
  for (let n = 0; n < 1_000; n++) sum.add(payload.slice())
  t.is(sum.toTotals().total, 200_000)
  t.true(sum.bytes < 8 * payload.length)
})
