import type { Command } from 'commander'
import type { Metric, Reading } from '../../core/telemetry/metric.ts'
import type { CliConfig } from '../config.ts'
import { fromVariable, type Listen, listen } from '../flags.ts'
import type { Health, MetricsServer } from './metrics-server.ts'

export interface MetricsFlags {
  readonly metrics?: Listen
}

export function withMetricsFlags(command: Command): Command {
  return command.option(
    '--metrics <host:port>',
    'tell Prometheus of this process at http://HOST:PORT/metrics (BREAKWATER_METRICS; default: nobody)',
    listen,
  )
}

export interface Observed {
  readonly metrics: readonly Metric[]
  readonly read: () => readonly Reading[]
  /** On every line. */
  readonly labels: Readonly<Record<string, string>>
  readonly health: Health
}

/** Null where nobody asked for metrics: nothing is loaded then. */
export async function startMetrics(
  flags: MetricsFlags,
  config: CliConfig,
  observed: Observed,
): Promise<MetricsServer | null> {
  const address = flags.metrics ?? fromVariable('BREAKWATER_METRICS', config.metrics, listen)
  if (address === null) return null
  const [{ createMetricsPage }, { serveMetrics }] = await Promise.all([
    import('./metrics-page.ts'),
    import('./metrics-server.ts'),
  ])
  const { metrics, read, labels, health } = observed
  return serveMetrics(address, createMetricsPage(metrics, read, labels), health)
}

export function wantsMetrics(flags: MetricsFlags, config: CliConfig): boolean {
  return flags.metrics !== undefined || config.metrics !== null
}
