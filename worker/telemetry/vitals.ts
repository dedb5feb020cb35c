import { availableParallelism } from 'node:os'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import type { Health } from '../../core/measure/snapshot.ts'
import type { WorkerVitals } from '../../proto/messages.ts'
import { cpuQuota } from '../engine/cpu-quota.ts'

/** How the calling process fares; asked on its main thread, which is measured by it. */
export interface VitalsMeter {
  /** Since the call before. `health`: what the engine's threads told last. */
  read(health: Health | null): ProcessVitals
  close(): void
}

export type ProcessVitals = Pick<
  WorkerVitals,
  'upMs' | 'cpu' | 'cores' | 'rssBytes' | 'loopDelayMs' | 'openSockets'
>

const resolutionMs = 20

export function createVitalsMeter(nowMs: () => number): VitalsMeter {
  const cores = Math.min(availableParallelism(), cpuQuota())
  const loopDelay = monitorEventLoopDelay({ resolution: resolutionMs })
  loopDelay.enable()
  let cpu = process.cpuUsage()
  let atMs = nowMs()
  return {
    read(health) {
      const [used, readMs] = [process.cpuUsage(), nowMs()]
      const busyMs = (used.user - cpu.user + used.system - cpu.system) / 1000
      const passedMs = Math.max(1, readMs - atMs)
      cpu = used
      atMs = readMs
      const ownDelayMs =
        loopDelay.count === 0 ? 0 : Math.max(0, loopDelay.percentile(99) / 1e6 - resolutionMs)
      loopDelay.reset()
      const delays = (health?.threads ?? []).map(({ loopDelayP99Ms }) => loopDelayP99Ms)
      return {
        upMs: process.uptime() * 1000,
        cpu: busyMs / passedMs,
        cores,
        rssBytes: residentBytes(),
        loopDelayMs: Math.max(ownDelayMs, ...delays),
        openSockets: health?.openSockets ?? 0,
      }
    },
    close: () => loopDelay.disable(),
  }
}

/** 0 where no file descriptor is left: it is read from a file. */
function residentBytes(): number {
  try {
    return process.memoryUsage.rss()
  } catch {
    return 0
  }
}
