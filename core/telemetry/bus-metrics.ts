import { counter, gauge } from './metric.ts'

/** What every part tells of its connection. */
export const busMetrics = {
  connected: gauge('breakwater_nats_connected', '1 while connected to the NATS server.'),
  reconnects: counter('breakwater_nats_reconnects_total', 'Connections that were lost and taken up again.'),
} as const
