import { monitorEventLoopDelay, PerformanceObserver } from 'node:perf_hooks'
import type { ThreadHealth } from '../../core/measure/snapshot.ts'
import { cpuQuota } from './cpu-quota.ts'
import { openRunQueue } from './run-queue.ts'

/** How the calling thread fares. */
export interface HealthMeter {
  /** Since the call before. */
  read(): ThreadHealth
  close(): void
}

/** The monitor's timer comes this often; what it comes later is the delay. */
const resolutionMs = 10

/** `threads` share the quota of the control group; `cpu` is of this thread's share of it, a whole core at most. */
export function createHealthMeter(thread: number, threads: number): HealthMeter {
  const share = Math.min(1, cpuQuota() / threads)
  const loopDelay = monitorEventLoopDelay({ resolution: resolutionMs })
  loopDelay.enable()
  let gcPauseMs = 0
  const collections = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) gcPauseMs += duration
  })
  collections.observe({ entryTypes: ['gc'] })
  const runQueue = openRunQueue()
  let before = measured()
  return {
    read() {
      const now = measured()
      const cpuMs = (now.cpu.user + now.cpu.system - before.cpu.user - before.cpu.system) / 1000
      const elapsedMs = now.at - before.at
      const health: ThreadHealth = {
        thread,
        cpu: elapsedMs > 0 ? cpuMs / elapsedMs / share : 0,
        loopDelayP99Ms: loopDelay.count > 0 ? Math.max(0, loopDelay.percentile(99) / 1e6 - resolutionMs) : 0,
        gcPauseMs,
        runQueueWait: elapsedMs > 0 ? (now.waitedMs - before.waitedMs) / elapsedMs : 0,
      }
      before = now
      gcPauseMs = 0
      loopDelay.reset()
      return health
    },
    close() {
      loopDelay.disable()
      collections.disconnect()
      runQueue.close()
    },
  }

  function measured() {
    return { at: performance.now(), cpu: process.threadCpuUsage(), waitedMs: runQueue.waitedMs() }
  }
}
