import type { PlanFacts } from '../../core/plan/plan-warning.ts'
import type { LoadTest, OpenPhase } from '../../core/spec/load-test.ts'
import { loadTest } from './load-test.ts'
import { type Corner, closedPhase, openPhase, sinePhase } from './phases.ts'

/** Every kind of phase, one of them beside the others. */
export const shopLoad: LoadTest = loadTest({
  load: [
    shaped(
      'constant',
      'warmup',
      [
        [0, 50],
        [10_000, 50],
      ],
      { record: false },
    ),
    shaped('ramp', 'ramp', [
      [0, 50],
      [60_000, 500],
    ]),
    shaped('spike', 'spike', [
      [0, 100],
      [5000, 3000],
      [25_000, 3000],
      [30_000, 100],
    ]),
    sinePhase({ mean: 300, amplitude: 200, periodMs: 60_000 }, 120_000, { name: 'day', arrivals: 'poisson' }),
    closedPhase({
      name: 'pay',
      atMs: 60_000,
      paceMs: 30_000,
      users: { from: 0, to: 20, overMs: 30_000 },
      durationMs: 90_000,
    }),
  ],
})

/** Of a machine that nobody knows. */
export const planFacts: PlanFacts = { rows: [], openFiles: null, localPorts: null, calibration: null }

export function shaped(
  label: Extract<OpenPhase['rate'], { kind: 'linear' }>['label'],
  name: string,
  corners: readonly Corner[],
  overrides: Partial<OpenPhase> = {},
): OpenPhase {
  const points = corners.map(([atMs, perSecond]) => ({ atMs, perSecond }))
  return openPhase(corners, { name, rate: { kind: 'linear', label, points }, ...overrides })
}
