import type { DraftPause } from '../draft.ts'
import { guess } from '../draft.ts'
import type { Exchange } from './recording.ts'

/** Shorter ones are the browser's own. */
const leastMs = 300
/** Longer ones are somebody who left the room. */
const mostMs = 2 * 60_000

/** From the end of one request to the start of the next, as a person would write it; null: none. */
export function pauseBetween(before: Exchange, after: Exchange): DraftPause | null {
  if (before.endedMs === null || after.startedMs === null) return null
  const ms = after.startedMs - before.endedMs
  if (!(ms >= leastMs)) return null
  if (ms > mostMs)
    return { kind: 'think', think: duration(mostMs), note: guess(`${duration(ms)} in the recording`) }
  return { kind: 'think', think: duration(ms) }
}

/** To a tenth of a second below 10 s, to a second below a minute, to ten seconds above. */
export function duration(ms: number): string {
  if (ms < 1000) return `${Math.round(ms / 100) * 100}ms`
  if (ms < 10_000) return `${Math.round(ms / 100) / 10}s`
  const seconds = ms < 60_000 ? Math.round(ms / 1000) : Math.round(ms / 10_000) * 10
  return `${seconds}s`
}
