import type { Bus } from '../../bus/bus.ts'
import { busMetrics as metrics } from '../../core/telemetry/bus-metrics.ts'
import { type Reading, reading } from '../../core/telemetry/metric.ts'

/** What the connection to the bus has gone through since it is watched. */
export interface ConnectionWatch {
  readonly isConnected: boolean
  readonly reconnects: number
  readings(): readonly Reading[]
}

export function watchConnection(bus: Bus): ConnectionWatch {
  let isConnected = false
  let connections = 0
  bus.onState((state) => {
    isConnected = state === 'connected'
    if (isConnected) connections++
  })
  return {
    get isConnected() {
      return isConnected
    },
    get reconnects() {
      return Math.max(0, connections - 1)
    },
    readings() {
      return [
        reading(metrics.connected, isConnected ? 1 : 0),
        reading(metrics.reconnects, Math.max(0, connections - 1)),
      ]
    },
  }
}
