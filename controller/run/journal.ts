import type { Merge } from '../../core/measure/merge.ts'
import type { HeldRun } from '../store/run-store.ts'
import { partsOf, toJson } from './kept-parts.ts'
import type { SavedRun } from './saved-run.ts'

export interface JournalDependencies {
  readonly held: HeldRun
  readonly merge: Merge
  /** Of snapshots that are kept already and not added up yet. */
  readonly snapshotBytes: number
  /** The run as it is now. */
  readonly saved: () => SavedRun
  /** This machine's monotonic clock, ms. */
  readonly nowMs: () => number
  /** What is waited for more before snapshots are added up in the store; `leastCompactBytes` where it is not given. */
  readonly compactBytes?: number
  /** Called once: from then on nothing is kept any more, and nobody waits for it. */
  readonly onBroken: (error: unknown) => void
}

/** Keeps what happens in a run, several things at a time. */
export interface Journal {
  /** One that is merged, as it came. */
  snapshot(payload: Uint8Array): void
  event(text: string): void
  /** The run's state is no longer the one that was kept. */
  changed(): void
  /** Resolves when all that was told so far is kept for good. */
  kept(when: 'now' | 'soon'): Promise<void>
  /** Keeps what is left, then nothing more. */
  close(): Promise<void>
}

/** Snapshots may wait for others this long: ten writes to the disk a second, however many workers there are. */
const commitEveryMs = 100
/**
 * Snapshots are added up in the store when there are more of them than this, and than what that wrote the last time: so it never writes more than the
 * snapshots do, and whoever takes the run up merges a second's worth one by one.
 */
const leastCompactBytes = 64 * 1024 * 1024

export function createJournal(dependencies: JournalDependencies): Journal {
  const { held, merge, saved, nowMs, onBroken } = dependencies
  let snapshots: Uint8Array[] = []
  let events: string[] = []
  let hasChanged = true
  let waiting: (() => void)[] = []
  let isCommitting = false
  let isUrgent = false
  let isOver = false
  let committedAtMs = Number.NEGATIVE_INFINITY
  /** The last one, ms. Not even what is urgent takes more than half of the time: a thousand workers answer in a thousand pieces. */
  let tookMs = 0
  let cancel: (() => void) | undefined
  let bytesSince = dependencies.snapshotBytes
  const least = dependencies.compactBytes ?? leastCompactBytes
  let compactBytes = least

  function isAtRest(): boolean {
    return snapshots.length === 0 && events.length === 0 && !hasChanged && !isCommitting
  }

  function schedule(when: 'now' | 'soon'): void {
    const isMoreUrgent = when === 'now' && !isUrgent
    isUrgent ||= isMoreUrgent
    if (isCommitting || (cancel !== undefined && !isMoreUrgent)) return
    cancel?.()
    const restMs = isUrgent ? tookMs : commitEveryMs
    cancel = after(committedAtMs + restMs - nowMs(), () => void commit())
  }

  async function commit(): Promise<void> {
    cancel = undefined
    isCommitting = true
    isUrgent = false
    const resolves = waiting
    waiting = []
    const beganAtMs = nowMs()
    try {
      await held.commit(takeChange())
      committedAtMs = nowMs()
      tookMs = committedAtMs - beganAtMs
    } catch (error) {
      isOver = true
      onBroken(error)
    }
    isCommitting = false
    for (const resolve of resolves) resolve()
    if (!isOver && !isAtRest()) {
      schedule('soon')
      return
    }
    // Those who asked while it was being written for what was in it already.
    for (const resolve of waiting.splice(0)) resolve()
  }

  function takeChange() {
    const parts = new Map<string, Uint8Array>()
    if (hasChanged) parts.set('state', toJson(saved()))
    const isCompact = bytesSince > compactBytes
    if (isCompact) {
      for (const [name, bytes] of partsOf(merge.keep())) parts.set(name, bytes)
      const keptBytes = [...parts.values()].reduce((sum, bytes) => sum + bytes.length, 0)
      compactBytes = Math.max(least, keptBytes)
      bytesSince = 0
    }
    const change = { parts, snapshots: isCompact ? [] : snapshots, events, isCompact }
    snapshots = []
    events = []
    hasChanged = false
    return change
  }

  function kept(when: 'now' | 'soon'): Promise<void> {
    if (isOver || isAtRest()) return Promise.resolve()
    const done = new Promise<void>((resolve) => waiting.push(resolve))
    schedule(when)
    return done
  }

  return {
    snapshot(payload) {
      snapshots.push(payload)
      bytesSince += payload.length
    },
    event(text) {
      if (isOver) return
      events.push(text)
      schedule('soon')
    },
    changed() {
      hasChanged = true
    },
    kept,
    async close() {
      while (!isOver && !isAtRest()) await kept('now')
      isOver = true
      cancel?.()
    },
  }
}

/** At once: when what has come in with this turn has been heard. */
function after(waitMs: number, work: () => void): () => void {
  if (waitMs <= 0) {
    const immediate = setImmediate(work)
    return () => clearImmediate(immediate)
  }
  const timeout = setTimeout(work, waitMs)
  return () => clearTimeout(timeout)
}
