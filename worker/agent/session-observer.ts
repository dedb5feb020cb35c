import type { Snapshot } from '../../core/measure/snapshot.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'

/** Hears of what a run session does, on the main thread, and does nothing itself. */
export interface SessionObserver {
  /** A run is being prepared. `waiting`: of its snapshots, those that are not acknowledged. */
  began(run: string, test: LoadTest, waiting: () => number): void
  /** They have their numbers, and wait for delivery. */
  shipped(snapshots: readonly Snapshot[]): void
  /** A delivery came to nothing, and is repeated. */
  resent(): void
}
