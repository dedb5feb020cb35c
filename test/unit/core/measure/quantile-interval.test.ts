import test from 'ava'
import fc from 'fast-check'
import { fewestSamples, quantileInterval } from '../../../../core/measure/quantile-interval.ts'

// n = 20 and 100: order statistics by exact binomial sums; the others as go-moremath's stats/quantileci.go prints them, whose 0 and n + 1
// stand for no bound.
for (const [n, p, confidence, lower, upper, coverage] of [
  [20, 0.5, 0.95, 6, 15, 0.9586105346679688],
  [100, 0.5, 0.95, 40, 61, 0.9647997997822952],
  [4, 0.5, 0.001, 2, 3, 0.375],
  [6, 0.5, 0.95, 1, 6, 0.96875],
  [5, 0.5, 0.99, null, null, 1],
  [0, 0.5, 0.95, null, null, 1],
] as const) {
  test(`${n} samples bound the ${p} quantile with confidence ${confidence} by ranks ${lower} and ${upper}`, (t) => {
    const interval = quantileInterval(n, p, confidence)
    t.deepEqual([interval.lower, interval.upper], [lower, upper])
    t.true(Math.abs(interval.coverage - coverage) < 1e-12)
  })
}

for (const [p, samples] of [
  [0.9, 36],
  [0.95, 72],
  [0.99, 368],
  [0.999, 3688],
] as const) {
  test(`p${p * 100} has an upper bound on both sides' terms from ${samples} samples on`, (t) => {
    t.is(quantileInterval(samples - 1, p).upper, null)
    t.is(quantileInterval(samples, p).upper, samples)
  })
}

for (const [p, samples] of [
  [0.9, 29],
  [0.95, 59],
  [0.99, 299],
  [0.999, 2995],
] as const) {
  test(`p${p * 100} takes at least ${samples} samples`, (t) => {
    t.is(fewestSamples(p), samples)
  })
}

test('the interval covers what was asked for, and holds the quantile itself', (t) => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 200_000 }),
      fc.double({ min: 0.01, max: 0.999, noNaN: true }),
      (n, p) => {
        const { lower, upper, coverage } = quantileInterval(n, p)
        t.true(coverage >= 0.95 - 1e-9 && coverage <= 1)
        t.true((lower ?? 0) <= Math.ceil(p * n) && (upper ?? n + 1) >= Math.ceil(p * n))
      },
    ),
  )
})

test('ten million samples are a matter of milliseconds, not of ten million terms', (t) => {
  const { lower, upper } = quantileInterval(10_000_000, 0.999)
  t.deepEqual([lower, upper], [9_989_804, 9_990_196])
})
