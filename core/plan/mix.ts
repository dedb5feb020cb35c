import type { LoadTest, Phase } from '../spec/load-test.ts'

/** The scenarios of a phase with their weights. */
export interface Mix {
  /** Index of the scenario for a number in [0, 1). */
  choose(random01: number): number
  /** Of the scenarios that may be chosen; their sum is 1. */
  readonly shares: readonly { readonly scenario: number; readonly share: number }[]
}

/** A phase's own weights replace the scenarios'; a scenario it doesn't name has none there. */
export function createMix(test: Pick<LoadTest, 'scenarios'>, phase: Pick<Phase, 'mix'>): Mix {
  const weights = test.scenarios.map(({ name, weight }) =>
    phase.mix === null ? weight : Object.hasOwn(phase.mix, name) ? (phase.mix[name] ?? 0) : 0,
  )
  const sum = weights.reduce((total, weight) => total + weight, 0)
  const shares = weights
    .map((weight, scenario) => ({ scenario, share: weight / sum }))
    .filter(({ share }) => share > 0)
  const last = shares.at(-1)?.scenario ?? 0
  let below = 0
  const bounds = shares.map(({ share }) => (below += share))
  return {
    shares,
    choose(random01) {
      for (let i = 0; i < shares.length - 1; i++) {
        if (random01 < (bounds[i] ?? 1)) return shares[i]?.scenario ?? last
      }
      return last
    },
  }
}
