import test from 'ava'
import fc from 'fast-check'
import { linearScale, logScale, percentileScale, timeScale } from '../../../../core/report/html/scale.ts'

const range = { from: 300, to: 0 }
const positive = fc.double({ min: 1e-3, max: 1e7, noNaN: true })

test('a linear axis ends at a round number at or above the highest value, with two to seven ticks', (t) => {
  fc.assert(
    fc.property(positive, (highest) => {
      const { ticks, at } = linearScale(highest, range)
      const top = ticks.at(-1) ?? 0
      return (
        top >= highest * (1 - 1e-9) &&
        ticks.length >= 2 &&
        ticks.length <= 7 &&
        ticks.every((tick) => isRound(tick, (ticks[1] ?? 1) - (ticks[0] ?? 0))) &&
        Math.abs(at(top) - range.to) < 1e-6
      )
    }),
  )
  t.deepEqual(linearScale(208, range).ticks, [0, 50, 100, 150, 200, 250])
})

/** A multiple of a step that is 1, 2 or 5 times a power of ten. */
function isRound(tick: number, step: number): boolean {
  const digit = Number(step.toExponential(6).split('e')[0])
  return [1, 2, 5].includes(digit) && Math.abs(tick / step - Math.round(tick / step)) < 1e-6
}

test('a logarithmic axis covers its values and has ticks at 1, 2 and 5 of each decade', (t) => {
  fc.assert(
    fc.property(positive, positive, (a, b) => {
      const [lowest, highest] = [Math.min(a, b), Math.max(a, b)]
      const { ticks, at } = logScale(lowest, highest, range)
      return (
        at(lowest) <= range.from + 1e-6 &&
        at(highest) >= range.to - 1e-6 &&
        ticks.length <= 14 &&
        ticks.every((tick) => [1, 2, 5].includes(Number(tick.toExponential(6).split('e')[0])))
      )
    }),
  )
  t.deepEqual(logScale(3, 450, range).ticks, [2, 5, 10, 20, 50, 100, 200, 500])
})

test('a time axis has ticks that a clock shows', (t) => {
  t.deepEqual(timeScale(60, range).ticks, [0, 10, 20, 30, 40, 50, 60])
  t.deepEqual(timeScale(86_400, range).ticks.length, 9)
  t.is(timeScale(86_400, range).ticks[1], 10_800)
})

test('each further nine has the same room on a percentile axis', (t) => {
  const { at, ticks } = percentileScale(1_000_000, { from: 0, to: 600 })
  t.is(at(0), 0)
  for (const [percentile, pixels] of [
    [90, 100],
    [99, 200],
    [99.9, 300],
    [99.99, 400],
  ] as const) {
    t.true(Math.abs(at(percentile) - pixels) < 1e-6)
  }
  t.is(at(100), 600)
  t.deepEqual(ticks, [0, 50, 75, 90, 95, 99, 99.9, 99.99, 99.999])
})
