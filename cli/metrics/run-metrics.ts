import type { Bus } from '../../bus/bus.ts'
import type { Conductor } from '../../controller/run/conductor.ts'
import { busMetrics } from '../../core/telemetry/bus-metrics.ts'
import { controllerMetrics } from '../../core/telemetry/controller-metrics.ts'
import type { CliConfig } from '../config.ts'
import { busReadings, type ConnectionWatch, watchConnection } from './bus-readings.ts'
import { type MetricsFlags, startMetrics } from './metrics-flags.ts'

/** What the process that controls a run tells of it. */
export interface RunMetrics {
  /** Null: nobody asked for them. */
  readonly url: string | null
  follow(conductor: Conductor, bus: Bus): void
  close(): Promise<void>
}

export async function startRunMetrics(
  flags: MetricsFlags,
  config: CliConfig,
  run: string,
): Promise<RunMetrics> {
  let followed: { readonly conductor: Conductor; readonly connection: ConnectionWatch } | null = null
  const server = await startMetrics(flags, config, {
    metrics: [...Object.values(controllerMetrics), ...Object.values(busMetrics)],
    read() {
      if (followed === null) return []
      const { conductor, connection } = followed
      return [...conductor.readings(), ...busReadings(connection, conductor.reception)]
    },
    labels: {},
    health: () => ({
      ready: followed?.connection.isConnected ?? false,
      run,
      stage: followed?.conductor.state.stage ?? null,
    }),
  })
  return {
    url: server?.url ?? null,
    follow(conductor, bus) {
      followed = { conductor, connection: watchConnection(bus) }
    },
    close: async () => server?.close(),
  }
}
