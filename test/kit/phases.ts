import type { ClosedPhase, OpenPhase, RatePoint } from '../../core/spec/load-test.ts'

/** [ms, per second] */
export type Corner = readonly [atMs: number, perSecond: number]

export function openPhase(corners: readonly Corner[], overrides: Partial<OpenPhase> = {}): OpenPhase {
  const points: RatePoint[] = corners.map(([atMs, perSecond]) => ({ atMs, perSecond }))
  return {
    name: 'open',
    record: true,
    atMs: null,
    mix: null,
    loop: 'open',
    durationMs: corners.at(-1)?.[0] ?? 0,
    arrivals: 'uniform',
    rate: { kind: 'linear', label: 'steps', points },
    ...overrides,
  }
}

export function constantPhase(
  perSecond: number,
  durationMs: number,
  overrides: Partial<OpenPhase> = {},
): OpenPhase {
  return openPhase(
    [
      [0, perSecond],
      [durationMs, perSecond],
    ],
    overrides,
  )
}

export function sinePhase(
  shape: { mean: number; amplitude: number; periodMs: number },
  durationMs: number,
  overrides: Partial<OpenPhase> = {},
): OpenPhase {
  return openPhase([], { durationMs, rate: { kind: 'sine', ...shape }, ...overrides })
}

export function closedPhase(overrides: Partial<ClosedPhase> = {}): ClosedPhase {
  return {
    name: 'closed',
    record: true,
    atMs: null,
    mix: null,
    loop: 'closed',
    durationMs: 60_000,
    users: { from: 10, to: 10, overMs: 0 },
    paceMs: null,
    iterations: null,
    ...overrides,
  }
}
