import test from 'ava'
import fc from 'fast-check'
import { createSchedule, cumulativeOf } from '../../../../core/schedule/create-schedule.ts'
import { createPointProcess } from '../../../../core/schedule/point-process.ts'
import type { Schedule } from '../../../../core/schedule/schedule.ts'
import { type RatePiece, steeredCumulative } from '../../../../core/schedule/steered-cumulative.ts'
import type { OpenPhase } from '../../../../core/spec/load-test.ts'
import { anyOpenPhase, uniformPhase } from '../../../kit/arbitrary-phase.ts'
import { constantPhase, openPhase } from '../../../kit/phases.ts'

const seed = 3

const anyFactor = fc.oneof(fc.constantFrom(0, 1, 2, 0.5, 1 / 3), fc.double({ min: 0, max: 20, noNaN: true }))

function anyPieces(phase: OpenPhase): fc.Arbitrary<RatePiece[]> {
  return fc
    .uniqueArray(
      fc.record({
        fromMs: fc
          .integer({ min: 0, max: Math.ceil(phase.durationMs * 1100) })
          .map((micros) => micros / 1000),
        factor: anyFactor,
      }),
      { maxLength: 5, selector: ({ fromMs }) => fromMs },
    )
    .map((pieces) => pieces.sort((a, b) => a.fromMs - b.fromMs))
}

/** The same instant; or one where the rate is so low that it is the same by all that can be counted. */
function areSame(one: Schedule, other: Schedule, arrival: number): boolean {
  const [a, b] = [one.startOf(arrival), other.startOf(arrival)]
  if (a === undefined || b === undefined) return a === b
  return Math.abs(a - b) < 1e-6 || Math.abs(one.expectedBefore(a) - one.expectedBefore(b)) < 1e-9
}

const anySteered = (phases: fc.Arbitrary<OpenPhase>) =>
  phases.chain((phase) => fc.tuple(fc.constant(phase), anyPieces(phase)))

test('100/s for 10 s, three times as much from 2 s and half of it from 5 s on', (t) => {
  const pieces = [
    { fromMs: 2000, factor: 3 },
    { fromMs: 5000, factor: 0.5 },
  ]
  const schedule = createSchedule(constantPhase(100, 10_000), seed, 0, pieces)
  t.is(schedule.planned, 200 + 900 + 250)
  t.deepEqual(
    [0, 199, 200, 201, 1099, 1100, 1101, 1349].map((n) => schedule.startOf(n)?.toFixed(6)),
    [0, 1990, 2000, 2000 + 10 / 3, 5000 - 10 / 3, 5000, 5020, 9980].map((ms) => ms.toFixed(6)),
  )
  t.is(schedule.startOf(1350), undefined)
  t.deepEqual([1999, 2000, 4999, 5000].map(schedule.rateAt), [100, 300, 300, 50])
})

test('with a factor of 0 no arrival falls until the next one, and the count goes on', (t) => {
  const pieces = [
    { fromMs: 1000, factor: 0 },
    { fromMs: 3000, factor: 2 },
  ]
  const schedule = createSchedule(constantPhase(10, 5000), seed, 0, pieces)
  t.is(schedule.planned, 10 + 40)
  t.deepEqual([9, 10, 11].map(schedule.startOf), [900, 3000, 3050])
  t.is(createSchedule(constantPhase(10, 5000), seed, 0, [{ fromMs: 1000, factor: 0 }]).planned, 10)
})

test('a steered ramp is the ramp, so many times: 0 → 100/s over 10 s, twice from 5 s on', (t) => {
  const ramp = openPhase([
    [0, 0],
    [10_000, 100],
  ])
  const schedule = createSchedule(ramp, seed, 0, [{ fromMs: 5000, factor: 2 }])
  t.is(schedule.planned, 125 + 2 * 375)
  // 125 + 2·(5 t² − 125) = n
  for (const n of [125, 300, 874]) {
    const expected = 1000 * Math.sqrt(((n - 125) / 2 + 125) / 5)
    t.true(Math.abs((schedule.startOf(n) ?? Number.NaN) - expected) < 1e-6)
  }
})

test('each arrival starts where the steered Λ reaches its number, and those below Λ′(T) are planned', (t) => {
  fc.assert(
    fc.property(anySteered(uniformPhase), ([phase, pieces]) => {
      const cumulative = steeredCumulative(cumulativeOf(phase.rate, phase.durationMs), pieces)
      const schedule = createSchedule(phase, seed, 0, pieces)
      if (schedule.planned !== Math.max(0, Math.ceil(cumulative.total - 1e-9))) return false
      let last = 0
      for (let n = 0; n < schedule.planned; n++) {
        const at = schedule.startOf(n) as number
        if (!(at >= last && at <= phase.durationMs)) return false
        if (Math.abs(cumulative.before(at) - n) > 1e-6) return false
        last = at
      }
      return true
    }),
    { numRuns: 200 },
  )
  t.pass()
})

test('Λ′ is Λ until the first piece, and grows by each factor times as Λ does behind it', (t) => {
  fc.assert(
    fc.property(
      anySteered(uniformPhase),
      fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { minLength: 2, maxLength: 20 }),
      ([phase, pieces], shares) => {
        const base = cumulativeOf(phase.rate, phase.durationMs)
        const cumulative = steeredCumulative(base, pieces)
        const instants = [...shares.map((share) => share * phase.durationMs), ...pieces.map((p) => p.fromMs)]
        instants.sort((a, b) => a - b)
        return instants.every((to, index) => {
          const from = instants[index - 1] ?? 0
          const factor = pieces.findLast(({ fromMs }) => fromMs <= from)?.factor ?? 1
          const grown = cumulative.before(to) - cumulative.before(from)
          return Math.abs(grown - factor * (base.before(to) - base.before(from))) < 1e-6
        })
      },
    ),
    { numRuns: 200 },
  )
  t.pass()
})

test('steering changes nothing of what was before it, random arrivals included', (t) => {
  fc.assert(
    fc.property(anySteered(anyOpenPhase), ([phase, pieces]) => {
      const last = pieces.at(-1)
      if (last === undefined) return true
      const before = createSchedule(phase, seed, 2, pieces.slice(0, -1))
      const after = createSchedule(phase, seed, 2, pieces)
      const first = before.firstAtOrAfter(last.fromMs)
      const reached = before.expectedBefore(last.fromMs)
      // Which side of the change an arrival is on is a matter of rounding there.
      if (Math.abs(reached - Math.round(reached)) < 1e-6) return true
      if (after.firstAtOrAfter(last.fromMs) !== first) return false
      for (let n = 0; n < first; n++) if (!areSame(before, after, n)) return false
      return true
    }),
    { numRuns: 200 },
  )
  t.pass()
})

test('the first arrival at or after an instant is that, however the phase was steered', (t) => {
  fc.assert(
    fc.property(
      anySteered(anyOpenPhase),
      fc.double({ min: -0.1, max: 1.1, noNaN: true }),
      ([phase, pieces], share) => {
        const schedule = createSchedule(phase, seed, 1, pieces)
        const at = share * phase.durationMs
        const first = schedule.firstAtOrAfter(at)
        const isFirst = first === schedule.planned || (schedule.startOf(first) as number) >= at
        const isLater = first === 0 || (schedule.startOf(first - 1) as number) < at || at >= phase.durationMs
        return isFirst && isLater
      },
    ),
    { numRuns: 300 },
  )
  t.pass()
})

test('a factor of 1 throughout is the phase as it was written', (t) => {
  fc.assert(
    fc.property(anyOpenPhase, fc.double({ min: 0, max: 1, noNaN: true }), (phase, share) => {
      const written = createSchedule(phase, seed, 0)
      const steered = createSchedule(phase, seed, 0, [{ fromMs: share * phase.durationMs, factor: 1 }])
      if (written.planned !== steered.planned) return false
      for (let n = 0; n < written.planned; n++) if (!areSame(written, steered, n)) return false
      return true
    }),
    { numRuns: 100 },
  )
  t.pass()
})

test('a random process goes on beyond the length it was made for, with the same points', (t) => {
  const short = createPointProcess(seed, 1, 100)
  const long = createPointProcess(seed, 1, 100_000)
  for (const n of [0, 99, 1023, 1024, 5000, 60_000]) t.is(short.point(n), long.point(n))
  t.is(short.countBelow(90_000), long.countBelow(90_000))
})
