import type { Epoch, Micros } from './plan.ts'

/**
 * Whether a worker that last started or skipped something intended at `decidedAt` did so without a share: it was cut off and did not know that others have
 * it. `decidedAt` 0: it has decided on nothing.
 */
export function isOverrun(epochs: readonly Epoch[], worker: string, decidedAt: Micros): boolean {
  if (decidedAt <= 0) return false
  const current = epochs.findLast(({ at }) => at <= decidedAt)
  return current !== undefined && !current.roster.some((entry) => entry.worker === worker)
}
