import { z } from 'zod'
import { duration, field, map, percent, rate, whole } from './schema-fields.ts'

export const limitsSchema = map({
  inFlight: field(
    whole(1, 1_000_000).optional(),
    'Most iterations in flight per worker; arrivals beyond it are skipped and counted.',
    10_000,
  ),
  backlog: field(
    percent().optional(),
    'The part of a phase that may be skipped because too much is in flight.',
    '0.1%',
  ),
  drain: field(duration().optional(), 'How long work in flight may take after the last phase.', '30s'),
  maxRate: field(
    rate().optional(),
    'The highest rate that the load may ask for, iterations per second.',
    50_000,
  ),
})

export type LimitsWish = z.output<typeof limitsSchema>

export const workersSchema = map(
  {
    count: field(
      z.union([z.literal('auto'), whole(1, 10_000)]).optional(),
      'How many workers share the load. `auto`: over NATS all that answer, else as many as the peak rate needs by `breakwater calibrate`, one per core at most.',
      4,
    ),
    threads: field(
      z.union([z.literal('auto'), whole(1, 256)]).optional(),
      'Threads per worker; `auto`: one per core.',
      'auto',
    ),
    onLoss: field(
      z.enum(['reassign', 'fail', 'continue']).optional(),
      "What happens to a lost worker's share: taken over, the run fails, or it stays lost.",
      'reassign',
    ),
    grow: field(
      z.boolean().optional(),
      'Workers that come while the load is under way take over a share of it.',
      false,
    ),
    wait: field(duration().optional(), 'How long to wait for the workers.', '60s'),
  },
  ['mode', 'template'],
)

export type WorkersWish = z.output<typeof workersSchema>
