import { z } from 'zod'
import { duration, field, map, period } from './schema-fields.ts'

const rule = () => z.string().min(1).max(500)

export const objectiveMapSchema = map({
  that: field(rule(), 'The rule: metric(scope@phase) operator limit.', 'error_rate < 5%'),
  over: field(
    period().optional(),
    'Judge every sliding window of this length, in place of the whole run.',
    '10s',
  ),
  abort: field(z.boolean().optional(), 'Stop the run as soon as it is broken.', true),
  after: field(duration().optional(), "Judge from here on, counted from the run's start.", '15s'),
})

export const objectiveSchema = z.union([rule(), objectiveMapSchema])

export type ObjectiveWish = z.output<typeof objectiveSchema>
