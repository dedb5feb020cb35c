import type { Snapshot } from '../../core/measure/snapshot.ts'

/** What the outbox needs from outside; `deliver` resolves once the snapshot is merged and kept, and rejects when nobody said so in time. */
export interface OutboxDependencies {
  readonly deliver: (snapshot: Snapshot) => Promise<void>
  /** Waits before the same snapshot is sent again, ms. */
  readonly pause: (attempt: number) => Promise<void>
  readonly onTrouble: (error: unknown) => void
}

/**
 * Snapshots on their way to the coordinator, one at a time and in order. A snapshot that was handed over once keeps its number and its bytes
 * until it is acknowledged.
 */
export interface Outbox {
  add(snapshots: readonly Snapshot[]): void
  readonly waiting: number
  /** Resolves when everything added so far is acknowledged, or the outbox was closed. */
  drained(): Promise<void>
  /** Gives up what is left. */
  close(): void
}

export function createOutbox({ deliver, pause, onTrouble }: OutboxDependencies): Outbox {
  const queue: Snapshot[] = []
  let working = false
  let closed = false
  let waiters: (() => void)[] = []

  async function work(): Promise<void> {
    working = true
    for (let attempt = 0; !closed; ) {
      const next = queue[0]
      if (next === undefined) break
      try {
        await deliver(next)
        queue.shift()
        attempt = 0
      } catch (error) {
        onTrouble(error)
        attempt++
        await pause(attempt)
      }
    }
    working = false
    for (const resolve of waiters) resolve()
    waiters = []
  }

  return {
    add(snapshots) {
      queue.push(...snapshots)
      if (!working && !closed) void work()
    },
    get waiting() {
      return queue.length
    },
    drained() {
      return working ? new Promise((resolve) => waiters.push(resolve)) : Promise.resolve()
    },
    close() {
      closed = true
    },
  }
}
