import { BreakwaterError } from '../../core/error.ts'
import { createMerge, type Merge } from '../../core/measure/merge.ts'
import type { SeriesTable } from '../../core/measure/series.ts'
import { isOverrun } from '../../core/plan/ownership.ts'
import { decodeSnapshot } from '../../proto/codec.ts'
import type { StoredRun } from '../store/run-store.ts'
import { beginRun } from './coordinator.ts'
import type { CoordinatorState } from './coordinator-state.ts'
import { fromJson, keptOf } from './kept-parts.ts'
import type { RunOrder } from './run-order.ts'
import { restoredState, type SavedRun, shiftClock } from './saved-run.ts'

export interface Clocks {
  /** This machine's monotonic clock, ms. */
  readonly localNowMs: () => number
  /** Wall clock, ms since 1970 UTC. */
  readonly wallNowMs: () => number
}

export interface TakenUp {
  readonly merge: Merge
  readonly state: CoordinatorState
  readonly startedAtMs: number | null
  readonly dataEnded: boolean
  readonly leasedTo: readonly number[] | null
  /** Of snapshots that were merged one by one. */
  readonly snapshotBytes: number
  readonly resumed: boolean
}

/** A run as it was left, on this process's clock; or a new one. */
export function takeUp(
  stored: StoredRun | null,
  table: SeriesTable,
  order: RunOrder,
  { localNowMs, wallNowMs }: Clocks,
): TakenUp {
  const state = stored?.parts.get('state')
  if (stored === null || state === undefined) {
    const begun = { startedAtMs: null, dataEnded: false, leasedTo: null, snapshotBytes: 0, resumed: false }
    return { ...begun, merge: createMerge(table), state: beginRun(order, localNowMs()) }
  }
  const { merge, saved } = read(stored, state, table, order.run)
  const { clock, startedAtMs, dataEnded, leasedTo } = saved
  const shiftMs = localNowMs() - wallNowMs() - (clock.localMs - clock.wallMs)
  return {
    merge,
    state: shiftClock({ ...restoredState(order, saved.state), beganAtMs: Number.POSITIVE_INFINITY }, shiftMs),
    startedAtMs,
    dataEnded,
    leasedTo,
    snapshotBytes: stored.snapshots.reduce((sum, bytes) => sum + bytes.length, 0),
    resumed: true,
  }
}

function read({ parts, snapshots }: StoredRun, state: Uint8Array, table: SeriesTable, run: string) {
  try {
    const merge = createMerge(table, keptOf(parts))
    const saved = fromJson(state) as SavedRun
    for (const payload of snapshots) {
      const snapshot = decodeSnapshot(payload)
      merge.add(snapshot, isOverrun(saved.state.epochs, snapshot))
    }
    return { merge, saved }
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause)
    throw new BreakwaterError('store-unusable', `what was kept of run ${run} cannot be read: ${why}`, {
      hint: 'Another program has written into its file, or the disk has lost something. Run it again.',
      cause,
    })
  }
}
