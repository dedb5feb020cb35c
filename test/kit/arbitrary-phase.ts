import fc from 'fast-check'
import type { OpenPhase } from '../../core/spec/load-test.ts'
import { type Corner, openPhase, sinePhase } from './phases.ts'

/** Jumps, stretches without rate, ramps from and to 0: whatever the language can say, up to a few thousand arrivals. */
const linearPhase: fc.Arbitrary<OpenPhase> = fc
  .array(
    fc.record({
      lengthMs: fc.oneof(fc.constant(0), fc.integer({ min: 1, max: 5000 })),
      perSecond: fc.oneof(
        fc.constant(0),
        fc.integer({ min: 1, max: 500 }),
        fc.double({ min: 0, max: 500, noNaN: true }),
      ),
    }),
    { minLength: 2, maxLength: 8 },
  )
  .map((stretches) => {
    let atMs = 0
    const corners = stretches.map(({ lengthMs, perSecond }, index): Corner => {
      if (index > 0) atMs += lengthMs
      return [atMs, perSecond]
    })
    return openPhase(corners)
  })

const sine: fc.Arbitrary<OpenPhase> = fc
  .record({
    mean: fc.double({ min: 0, max: 300, noNaN: true }),
    amplitude: fc.double({ min: 0, max: 400, noNaN: true }),
    periodMs: fc.integer({ min: 100, max: 10_000 }),
    durationMs: fc.integer({ min: 0, max: 12_000 }),
  })
  .map(({ durationMs, ...shape }) => sinePhase(shape, durationMs))

export const uniformPhase: fc.Arbitrary<OpenPhase> = fc.oneof(linearPhase, sine)

export const anyOpenPhase: fc.Arbitrary<OpenPhase> = fc
  .tuple(uniformPhase, fc.constantFrom('uniform' as const, 'poisson' as const))
  .map(([phase, arrivals]) => ({ ...phase, arrivals }))

/** Without rates so low that the tolerance of a count decides whether there is an arrival at all. */
export const steerablePhase: fc.Arbitrary<OpenPhase> = anyOpenPhase.map((phase) => {
  const { rate } = phase
  const notable = (perSecond: number) => (perSecond < 0.1 ? 0 : perSecond)
  if (rate.kind === 'sine')
    return { ...phase, rate: { ...rate, mean: notable(rate.mean), amplitude: notable(rate.amplitude) } }
  const points = rate.points.map(({ atMs, perSecond }) => ({ atMs, perSecond: notable(perSecond) }))
  return { ...phase, rate: { ...rate, points } }
})
