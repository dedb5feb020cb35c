import type { Bus } from '../../bus/bus.ts'
import { busMetrics as metrics } from '../../core/telemetry/bus-metrics.ts'
import { type Reading, reading } from '../../core/telemetry/metric.ts'
import { faults } from '../../proto/bad-message.ts'
import type { Reception } from '../../proto/reception.ts'

/** What the connection to the bus has gone through since it is watched. */
export interface ConnectionWatch {
  readonly isConnected: boolean
  readonly reconnects: number
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
  }
}

export function busReadings(connection: ConnectionWatch, reception: Reception): readonly Reading[] {
  const dropped = new Map(
    reception.dropped.map(({ message, fault, count }) => [`${message} ${fault}`, count] as const),
  )
  return [
    reading(metrics.connected, connection.isConnected ? 1 : 0),
    reading(metrics.reconnects, connection.reconnects),
    ...[...reception.received].flatMap(([kind, count]) => [
      reading(metrics.received, count, { kind }),
      ...faults.map((fault) =>
        reading(metrics.dropped, dropped.get(`${kind} ${fault}`) ?? 0, { kind, fault }),
      ),
    ]),
  ]
}
