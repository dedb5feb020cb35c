import { decodeHaltOrder, encodeHaltOrder } from './halt-codec.ts'
import type { Halt, HaltOrder } from './messages.ts'

/**
 * The halt as the cluster's bucket keeps it: for workers that were not there when it was ordered, or lifted. proto may not import bus, so the ends name what they
 * need of it.
 */

export interface ReadableBucket {
  get(key: string): Promise<{ readonly value: Uint8Array; readonly revision: number } | null>
}

export interface WritableBucket extends ReadableBucket {
  put(key: string, value: Uint8Array, over: number): Promise<number | null>
}

const key = 'halt'
/** Two who order at once are enough to think of. */
const mostTries = 5

/** Null: none was ever ordered there. */
export async function readKeptHalt(bucket: ReadableBucket): Promise<HaltOrder | null> {
  const entry = await bucket.get(key)
  return entry === null ? null : decodeHaltOrder(entry.value)
}

/** Null lifts whatever is in force. False: others wrote again and again. The first halt stays until it is lifted. */
export async function keepHalt(bucket: WritableBucket, halt: Halt | null): Promise<boolean> {
  for (let tried = 0; tried < mostTries; tried++) {
    const entry = await bucket.get(key)
    const kept = entry === null ? null : decodeHaltOrder(entry.value).halt
    if ((halt === null) === (kept === null)) return true
    const order: HaltOrder = halt === null && kept !== null ? { halt, lifted: kept } : { halt }
    if ((await bucket.put(key, encodeHaltOrder(order), entry?.revision ?? 0)) !== null) return true
  }
  return false
}

/** What whoever obeys `inForce` has to do by what is kept; undefined: nothing. */
export function haltToFollow(kept: HaltOrder | null, inForce: Halt | null): Halt | null | undefined {
  if (kept === null) return undefined
  if (kept.halt !== null) return kept.halt
  // A halt that was ordered later, while nothing could be kept, is none of those that were lifted.
  const isLifted =
    kept.lifted !== undefined && inForce?.by === kept.lifted.by && inForce.atMs === kept.lifted.atMs
  return isLifted ? null : undefined
}
