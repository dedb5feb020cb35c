import test from 'ava'
import fc from 'fast-check'
import { Totals } from '../../../../core/measure/totals.ts'
import { BoundedCounts, boundsOf } from '../../../../core/telemetry/bounded-counts.ts'

const bounds = boundsOf(0.001, 0.01, 0.1, 1)

test('each bound counts what lies at or below it, and the count everything', (t) => {
  const counts = new BoundedCounts(bounds)
  const totals = new Totals()
  for (const micros of [1, 500, 999, 5_000, 50_000, 999_000, 5_000_000]) totals.record(micros)
  counts.add(totals.toSparse())
  t.deepEqual(counts.read().cumulative, [3, 4, 5, 6])
  t.is(counts.read().count, 7)
})

test('nothing is the histogram of nothing', (t) => {
  const counts = new BoundedCounts(bounds)
  t.true(counts.isEmpty)
  t.deepEqual(counts.read(), { bounds: bounds.seconds, cumulative: [0, 0, 0, 0], count: 0, sum: 0 })
})

test('counts by bounds never fall, and agree with the samples to a thousandth of a bound', (t) => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 1, max: 5_000_000 }), { maxLength: 200 }), (samples) => {
      const counts = new BoundedCounts(bounds)
      const totals = new Totals()
      for (const micros of samples) totals.record(micros)
      counts.add(totals.toSparse())
      const { cumulative, count, sum } = counts.read()
      t.is(count, samples.length)
      bounds.seconds.forEach((bound, place) => {
        const atMost = samples.filter((micros) => micros <= bound * 1e6).length
        const wellBelow = samples.filter((micros) => micros <= bound * 1e6 * 0.999).length
        const seen = cumulative[place] as number
        t.true(wellBelow <= seen && seen <= atMost, `${wellBelow} ${seen} ${atMost}`)
        t.true(seen >= (cumulative[place - 1] ?? 0))
      })
      const exact = samples.reduce((total, micros) => total + micros, 0) / 1e6
      t.true(Math.abs(sum - exact) <= exact * 0.001 + 1e-9)
    }),
  )
})

test('what is added in parts is what is added at once', (t) => {
  const [whole, parts] = [new BoundedCounts(bounds), new BoundedCounts(bounds)]
  const all = new Totals()
  for (const micros of [10, 2_000, 30_000]) {
    const one = new Totals()
    one.record(micros)
    all.record(micros)
    parts.add(one.toSparse())
  }
  whole.add(all.toSparse())
  t.deepEqual(parts.read(), whole.read())
})
