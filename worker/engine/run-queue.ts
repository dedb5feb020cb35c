import { closeSync, openSync, readSync } from 'node:fs'

/** How long the calling thread was ready to run while others had the cores. */
export interface RunQueue {
  /** Since the thread began, ms; 0 where nobody tells (it takes Linux with scheduler statistics). */
  waitedMs(): number
  close(): void
}

/** The file stays open: when none is left, it is what tells why. */
export function openRunQueue(file = '/proc/thread-self/schedstat'): RunQueue {
  let descriptor: number | null = null
  try {
    descriptor = openSync(file, 'r')
  } catch {}
  const text = Buffer.alloc(128)
  return {
    waitedMs() {
      if (descriptor === null) return 0
      // CPU time, time in the queue (both ns), turns: kernel.org, scheduler/sched-stats.
      const [, waitedNs] = text
        .toString('latin1', 0, readSync(descriptor, text, 0, text.length, 0))
        .split(' ')
      return Number(waitedNs ?? 0) / 1e6
    },
    close() {
      if (descriptor !== null) closeSync(descriptor)
      descriptor = null
    },
  }
}
