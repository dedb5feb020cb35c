import type { Snapshot } from '../../core/measure/snapshot.ts'

/** What the outbox needs from outside. */
export interface OutboxDependencies {
  /** To the coordinator itself. Resolves once the snapshot is merged and kept, and rejects when nobody said so in time. */
  readonly deliver: (snapshot: Snapshot) => Promise<void>
  /** Into the stream. Resolves once that has it, which says nothing of the coordinator: the stream's storage may be lost. */
  readonly keep: (snapshot: Snapshot) => Promise<void>
  /** The coordinator takes snapshots from the stream. */
  readonly isStreamed: () => boolean
  /** As long as a receipt may take for what is in the stream. */
  readonly receiptDue: () => Promise<void>
  /** Waits before the same snapshot is delivered again, ms. */
  readonly pause: (attempt: number) => Promise<void>
  /** The first since one was last confirmed. */
  readonly onTrouble: (error: unknown) => void
}

/**
 * Snapshots on their way to the coordinator. A snapshot that was handed over once keeps its number and its bytes, and is kept here, until the coordinator says
 * that it is merged and kept. Into the stream they go as they come; those that the stream does not take, or of which nothing was heard after that, are
 * delivered, the oldest first, a few at a time.
 */
export interface Outbox {
  add(snapshots: readonly Snapshot[]): void
  /** Merged and kept, says the coordinator. */
  received(sequence: number): void
  /** What was under way when the connection broke off may be nowhere. */
  reconnected(): void
  readonly waiting: number
  /** Resolves when everything added so far is acknowledged, or the outbox was closed. */
  drained(): Promise<void>
  /** Gives up what is left. */
  close(): void
}

/** Of those that are delivered: a way that takes seconds must not take them for each. */
const atOnce = 4
/** After one that the stream did not take, as many are delivered without asking it. */
const restAfterTrouble = 5

export function createOutbox(dependencies: OutboxDependencies): Outbox {
  const { deliver, keep, isStreamed, receiptDue, pause } = dependencies
  const waiting = new Map<number, Snapshot>()
  /** Of those that wait, in order: those to be delivered. */
  let direct: number[] = []
  const underWay = new Set<number>()
  let rest = 0
  let isTroubled = false
  let isClosed = false
  const waiters: (() => void)[] = []

  function send(snapshot: Snapshot): void {
    if (!isStreamed()) queue(snapshot.sequence)
    else if (rest > 0) {
      rest--
      queue(snapshot.sequence)
    } else void stream(snapshot)
  }

  async function stream(snapshot: Snapshot): Promise<void> {
    try {
      await keep(snapshot)
      if (waiting.has(snapshot.sequence)) await receiptDue()
    } catch (error) {
      if (isClosed) return
      trouble(error)
      rest = restAfterTrouble
    }
    queue(snapshot.sequence)
  }

  function queue(sequence: number): void {
    if (isClosed || !waiting.has(sequence) || direct.includes(sequence)) return
    direct = [...direct, sequence].sort((a, b) => a - b)
    work()
  }

  function work(): void {
    while (!isClosed && underWay.size < atOnce) {
      const next = direct.find((sequence) => !underWay.has(sequence))
      const snapshot = next === undefined ? undefined : waiting.get(next)
      if (snapshot === undefined) return
      void carry(snapshot)
    }
  }

  async function carry(snapshot: Snapshot): Promise<void> {
    const { sequence } = snapshot
    underWay.add(sequence)
    for (let attempt = 1; !isClosed && direct.includes(sequence); attempt++) {
      try {
        await deliver(snapshot)
        received(sequence)
      } catch (error) {
        // Its receipt may have come meanwhile.
        if (isClosed || !direct.includes(sequence)) break
        trouble(error)
        await pause(attempt)
      }
    }
    underWay.delete(sequence)
    work()
  }

  function trouble(error: unknown): void {
    if (!isTroubled) dependencies.onTrouble(error)
    isTroubled = true
  }

  function received(sequence: number): void {
    isTroubled = false
    waiting.delete(sequence)
    direct = direct.filter((other) => other !== sequence)
    if (waiting.size === 0) release()
  }

  function release(): void {
    for (const resolve of waiters.splice(0)) resolve()
  }

  return {
    add(snapshots) {
      if (isClosed) return
      for (const snapshot of snapshots) waiting.set(snapshot.sequence, snapshot)
      for (const snapshot of snapshots) send(snapshot)
    },
    received,
    reconnected() {
      if (isClosed || !isStreamed()) return
      rest = 0
      direct = []
      for (const snapshot of waiting.values()) send(snapshot)
    },
    get waiting() {
      return waiting.size
    },
    drained() {
      return waiting.size === 0 || isClosed
        ? Promise.resolve()
        : new Promise((resolve) => waiters.push(resolve))
    },
    close() {
      isClosed = true
      release()
    },
  }
}
