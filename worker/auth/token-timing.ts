/** However short a token lives, and whatever a server says of it. */
const leastPeriodMs = 500
/** Timers of Node end at 2³¹ − 1 ms. */
const mostPeriodMs = 24 * 3600 * 1000
const firstPauseMs = 1_000
const longestPauseMs = 30_000

/**
 * From the sending of a token's request to that of the next: its life − `refreshBeforeMs`, and no less than half its life, so that a short-lived
 * token isn't asked for all the time. Null: it does not say when it expires, and is kept.
 */
export function refreshAfterMs(lifeMs: number | null, refreshBeforeMs: number): number | null {
  if (lifeMs === null) return null
  const ahead = Math.min(refreshBeforeMs, lifeMs / 2)
  return Math.min(mostPeriodMs, Math.max(leastPeriodMs, lifeMs - ahead))
}

/** After the n-th failure in a row, n ≥ 1. */
export function pauseAfterMs(failures: number): number {
  return Math.min(longestPauseMs, firstPauseMs * 2 ** (failures - 1))
}
