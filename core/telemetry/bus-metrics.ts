import { counter, gauge } from './metric.ts'

/** What every part tells of its connection. */
export const busMetrics = {
  connected: gauge('breakwater_nats_connected', '1 while connected to the NATS server.'),
  reconnects: counter('breakwater_nats_reconnects_total', 'Connections that were lost and taken up again.'),
  received: counter(
    'breakwater_bus_messages_received_total',
    'Messages that were heard and handled, by kind.',
    ['kind'],
  ),
  dropped: counter(
    'breakwater_bus_messages_dropped_total',
    'Messages that were none of this cluster, by kind and fault: too_large, protocol, malformed or stranger.',
    ['kind', 'fault'],
  ),
} as const
