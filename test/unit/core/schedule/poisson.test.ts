import test from 'ava'
import { createSchedule } from '../../../../core/schedule/create-schedule.ts'
import { constantPhase, openPhase } from '../../../kit/phases.ts'

const poisson = { arrivals: 'poisson' } as const
const seconds = 2000
const steady = constantPhase(100, seconds * 1000, poisson)

test('arrivals of one seed are those of a Poisson process: exponential gaps', (t) => {
  const schedule = createSchedule(steady, 1, 0)
  const gaps: number[] = []
  for (let n = 1; n < schedule.planned; n++) {
    gaps.push((schedule.startOf(n) as number) - (schedule.startOf(n - 1) as number))
  }
  gaps.sort((a, b) => a - b)
  // Kolmogorov–Smirnov against 1 − e^(−t/10 ms); 1.628/√n is the limit at 1 %.
  const distance = Math.max(
    ...chunks(gaps.map((gap, i) => Math.abs(1 - Math.exp(-gap / 10) - (i + 0.5) / gaps.length))),
  )
  t.true(distance < 1.628 / Math.sqrt(gaps.length), `${distance}`)
})

test('counts per second have the mean and the spread of a Poisson distribution, and do not depend on their neighbours', (t) => {
  const schedule = createSchedule(steady, 2, 0)
  const counts = new Array<number>(seconds).fill(0)
  for (let n = 0; n < schedule.planned; n++) {
    const second = Math.floor((schedule.startOf(n) as number) / 1000)
    counts[second] = (counts[second] as number) + 1
  }
  const mean = schedule.planned / seconds
  t.true(Math.abs(mean - 100) < 4 * Math.sqrt(100 / seconds), `mean ${mean}`)
  // Index of dispersion: Σ(x − mean)²/mean is χ² with n − 1 degrees of freedom, near normal here.
  const dispersion = counts.reduce((sum, count) => sum + (count - mean) ** 2, 0) / mean
  t.true(Math.abs(dispersion - (seconds - 1)) < 4 * Math.sqrt(2 * seconds), `dispersion ${dispersion}`)
  let product = 0
  for (let s = 1; s < seconds; s++)
    product += ((counts[s] as number) - mean) * ((counts[s - 1] as number) - mean)
  t.true(Math.abs(product / (mean * seconds)) < 4 / Math.sqrt(seconds), `correlation ${product}`)
})

test('the number planned varies from seed to seed as a Poisson number does', (t) => {
  const runs = 400
  const planned = Array.from({ length: runs }, (_, seed) => createSchedule(steady, seed, 0).planned)
  const expected = 100 * seconds
  const chi = planned.reduce((sum, count) => sum + (count - expected) ** 2, 0) / expected
  t.true(Math.abs(chi - runs) < 4 * Math.sqrt(2 * runs), `${chi}`)
})

test('arrivals follow the rate of their phase', (t) => {
  const phase = openPhase(
    [
      [0, 0],
      [100_000, 2000],
      [100_000, 0],
      [150_000, 0],
      [150_000, 500],
      [200_000, 500],
    ],
    poisson,
  )
  const schedule = createSchedule(phase, 4, 0)
  for (const [fromMs, toMs, expected] of [
    [0, 50_000, 25_000],
    [50_000, 100_000, 75_000],
    [100_000, 150_000, 0],
    [150_000, 200_000, 25_000],
  ] as const) {
    const count = schedule.firstAtOrAfter(toMs) - schedule.firstAtOrAfter(fromMs)
    t.true(Math.abs(count - expected) <= 4 * Math.sqrt(expected), `${fromMs}: ${count}`)
  }
})

test('seed and phase make different arrivals, the same ones the same', (t) => {
  const of = (seed: number, phase: number) => createSchedule(steady, seed, phase).startOf(5000)
  t.is(of(1, 0), of(1, 0))
  t.is(new Set([of(1, 0), of(2, 0), of(1, 1), of(2 ** 40 + 1, 0)]).size, 4)
})

test('arrivals are frozen: a new release must not move them', (t) => {
  const schedule = createSchedule(steady, 1, 0)
  t.is(schedule.planned, 200_336)
  t.deepEqual(
    [0, 1, 1023, 1024, 100_000].map((n) => schedule.startOf(n)),
    [5.2857276320287045, 36.49121888891812, 10324.464211406586, 10335.76270897187, 998999.3247550653],
  )
})

test('a day at 10,000/s is planned at once and read anywhere', (t) => {
  const day = constantPhase(10_000, 86_400_000, poisson)
  const schedule = createSchedule(day, 1, 0)
  t.true(Math.abs(schedule.planned - 864e6) < 4 * Math.sqrt(864e6))
  const middle = schedule.startOf(432e6) as number
  t.true(Math.abs(middle - 43_200_000) < 10_000)
  t.is(schedule.firstAtOrAfter(middle), 432e6)
})

/** Math.max takes no more arguments than fit a stack. */
function chunks(values: readonly number[]): readonly number[] {
  const highest: number[] = []
  for (let i = 0; i < values.length; i += 1000) highest.push(Math.max(...values.slice(i, i + 1000)))
  return highest
}
