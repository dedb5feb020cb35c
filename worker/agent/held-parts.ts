import type { ThreadPart } from '../engine/thread-protocol.ts'

/** Snapshots that wait to be confirmed; beyond that, nothing new gets a number. */
export const mostWaiting = 64
/** Of each thread: ten minutes without a word from a controller that beats all the same. */
const mostSeconds = 600
/** Of each thread; the first say most. */
const mostFailures = 50

export interface HeldParts {
  /** One for each thread. */
  readonly parts: readonly ThreadPart[]
  /** Seconds of a thread whose detail was given up: what all threads state at the end holds them still. */
  readonly droppedSeconds: number
}

/** What waits without a number, joined by thread, in bounded memory: a controller that lives may confirm nothing for as long as its disk does not answer. */
export function joinParts(parts: readonly ThreadPart[]): HeldParts {
  const byThread = Map.groupBy(parts, ({ thread }) => thread)
  let droppedSeconds = 0
  const joined = [...byThread.values()].map((own): ThreadPart => {
    const newest = own.at(-1) as ThreadPart
    const intervals = own.flatMap((part) => part.intervals).sort((a, b) => a.second - b.second)
    const seconds = [...new Set(intervals.map(({ second }) => second))]
    const from = seconds.at(-mostSeconds) ?? Number.NEGATIVE_INFINITY
    droppedSeconds += Math.max(0, seconds.length - mostSeconds)
    const skews = own.flatMap(({ startSkew }) => (startSkew === null ? [] : [startSkew]))
    return {
      ...newest,
      intervals: intervals.filter(({ second }) => second >= from),
      failures: own.flatMap((part) => part.failures).slice(0, mostFailures),
      startSkew: skews.length === 0 ? null : Math.max(...skews),
      dataEnded: own.some((part) => part.dataEnded),
    }
  })
  return { parts: joined, droppedSeconds }
}
