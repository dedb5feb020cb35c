import type { MergedMetrics } from '../../core/measure/merge.ts'
import type { SeriesTable } from '../../core/measure/series.ts'
import type { Snapshot } from '../../core/measure/snapshot.ts'
import { refuse, refuseStranger } from '../../proto/bad-message.ts'
import type { Member } from './coordinator-state.ts'

/** What a snapshot is held against. */
export interface DoorRun {
  readonly run: string
  readonly table: SeriesTable
  readonly scenarios: number
  readonly metrics: MergedMetrics
}

/** Lets in what a worker of this run can have said by now; the rest would end up in its numbers. */
export interface SnapshotDoor {
  /** `sender`: whose subject it came on. `elapsed`: cluster time, µs. @throws BadMessage */
  admit(
    snapshot: Snapshot,
    sender: string | null,
    members: ReadonlyMap<string, Member>,
    elapsed: number,
  ): void
}

/** Clocks are known better than this, even one that steps. */
const aheadMicros = 60_000_000
/** More than a worker numbers in a day; a number beyond would make all those before it missing. */
const mostAhead = 100_000
const mostThreads = 1024

export function createSnapshotDoor({ run, table, scenarios, metrics }: DoorRun): SnapshotDoor {
  /** By incarnation, the highest number that was let in. */
  const highest = new Map<string, number>()

  function requireKnown(snapshot: Snapshot, members: ReadonlyMap<string, Member>): number {
    const { worker, incarnation } = snapshot
    const seen = highest.get(incarnation)
    if (seen !== undefined) return seen
    // What was merged before this process took the run up, and what comes late of a process that was replaced.
    const merged = metrics.worker(incarnation)
    if (merged !== null) return merged.snapshots + merged.missing
    if (members.get(worker)?.incarnation !== incarnation)
      refuseStranger(`${worker} (${incarnation}) is no worker of this run`)
    return 0
  }

  return {
    admit(snapshot, sender, members, elapsed) {
      const { worker, incarnation, sequence } = snapshot
      if (snapshot.run !== run) refuseStranger(`it is of run ${snapshot.run}`)
      if (sender !== worker) refuseStranger(`it is said to be of ${worker}`)
      const seen = requireKnown(snapshot, members)
      if (sequence > seen + mostAhead)
        refuse(`its number is ${sequence}, and the highest before it was ${seen}`)
      requirePossible(snapshot, Math.max(0, elapsed) + aheadMicros)
      highest.set(incarnation, Math.max(seen, sequence))
    },
  }

  function requirePossible(snapshot: Snapshot, latest: number): void {
    if (Math.abs(snapshot.at) > latest) refuse(`it was taken at ${snapshot.at} µs`)
    for (const { second, thread } of [...snapshot.intervals, ...(snapshot.totals ?? [])]) {
      if (second * 1e6 > latest) refuse(`it holds second ${second}, which is to come`)
      if (thread >= mostThreads) refuse(`it holds thread ${thread}`)
    }
    for (const { phase, thread, inFlightByScenario } of snapshot.shards) {
      if (phase >= table.phases) refuse(`it holds phase ${phase}, and the LoadTest has ${table.phases}`)
      if (thread >= mostThreads) refuse(`it holds thread ${thread}`)
      if (inFlightByScenario.length > scenarios)
        refuse(`it holds ${inFlightByScenario.length} scenarios, and the LoadTest has ${scenarios}`)
    }
    // The worker itself counts as one more.
    for (const { thread } of snapshot.requests) if (thread > mostThreads) refuse(`it holds thread ${thread}`)
  }
}
