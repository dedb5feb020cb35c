import fc from 'fast-check'
import type { RosterEntry, Stripe } from '../../core/plan/plan.ts'
import { stripeOf } from '../../core/plan/stripe.ts'

export const anyRoster: fc.Arbitrary<readonly RosterEntry[]> = fc
  .array(fc.record({ weight: fc.integer({ min: 1, max: 9 }), threads: fc.integer({ min: 1, max: 5 }) }), {
    minLength: 1,
    maxLength: 9,
  })
  .map((entries) => entries.map((entry, index) => ({ worker: `w${index + 1}`, ...entry })))

/** Workers of weight 1, named w1, w2 … */
export function roster(workers: number, threads = 1): readonly RosterEntry[] {
  return Array.from({ length: workers }, (_, index) => ({ worker: `w${index + 1}`, weight: 1, threads }))
}

export function stripesOf(of: readonly RosterEntry[]): readonly Stripe[] {
  return of.flatMap(({ worker, threads }) =>
    Array.from({ length: threads }, (_, thread) => stripeOf(of, worker, thread)),
  )
}
