import { Random } from '../../core/random.ts'

export type Distribution = 'constant' | 'exponential'

/** Seeded service times with that mean. */
export function serviceTimes(distribution: Distribution, meanMs: number, seed: number): () => number {
  switch (distribution) {
    case 'constant':
      return () => meanMs
    case 'exponential': {
      const random = new Random(seed, 1)
      return () => -meanMs * Math.log(1 - random.next())
    }
    default:
      return distribution satisfies never
  }
}
