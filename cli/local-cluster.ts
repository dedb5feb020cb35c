import { randomBytes } from 'node:crypto'
import { availableParallelism, hostname } from 'node:os'
import type { Bus } from '../bus/bus.ts'
import { createMemoryBus } from '../bus/memory.ts'
import { noRails } from '../core/plan/guard-rails.ts'
import type { Log } from '../core/telemetry/log-event.ts'
import { version } from '../core/version.ts'
import type { Subjects } from '../proto/subjects.ts'
import { createAgent } from '../worker/agent/agent.ts'
import { localMs } from '../worker/engine/clock.ts'
import { startThreads } from '../worker/engine/threads.ts'

export interface LocalCluster {
  /** The controller's connection. */
  readonly bus: Bus
  close(): Promise<void>
}

export interface LocalClusterOptions {
  readonly workers: number
  readonly subjects: Subjects
  /** Files by their digest; they are in this process, and need not travel. */
  readonly objects: ReadonlyMap<string, Uint8Array>
  readonly log: Log
}

/** A cluster of one machine: the same workers over a bus in memory. */
export function startLocalCluster({ workers, subjects, objects, log }: LocalClusterOptions): LocalCluster {
  const hub = createMemoryBus()
  const buses: Bus[] = []
  const connect = (): Bus => {
    const bus = hub.connect()
    buses.push(bus)
    return bus
  }
  const agents = Array.from({ length: workers }, (_, index) =>
    createAgent({
      bus: connect(),
      subjects,
      id: `w${index + 1}`,
      incarnation: newIncarnation(),
      version,
      host: hostname(),
      pid: process.pid,
      labels: {},
      threads: threadsPerWorker(workers),
      startThreads,
      // It is the same process as the controller, which has judged.
      rails: noRails,
      objects,
      localNowMs: localMs,
      log: (level, message, event) => log(level, `w${index + 1}: ${message}`, event),
    }),
  )
  return {
    bus: connect(),
    async close() {
      await Promise.all(agents.map((agent) => agent.close()))
      await Promise.all(buses.map((bus) => bus.close()))
    },
  }
}

export function newIncarnation(): string {
  return randomBytes(9).toString('base64url')
}

/** One thread per core, shared among the workers of this machine. */
export function threadsPerWorker(workers: number): number {
  return Math.max(1, Math.floor(availableParallelism() / workers))
}
