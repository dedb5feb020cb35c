import { z } from 'zod'
import { duration, field, file, map, name, period, rate, whole } from './schema-fields.ts'

const mostUsers = 1_000_000

const rateShape = z.union([
  rate(),
  map({
    from: field(rate(), 'The rate at the start.', 50),
    to: field(rate(), 'The rate at the end.', 500),
  }),
  map({
    shape: field(z.literal('spike'), 'A burst above a base.', 'spike'),
    base: field(rate(), 'The rate before and after.', 100),
    peak: field(rate(), 'The rate of the burst.', 1000),
    rise: field(duration(), 'From base to peak.', '5s'),
    hold: field(duration(), 'At the peak.', '20s'),
    fall: field(duration(), 'Back to the base.', '5s'),
  }),
  map({
    steps: field(
      z
        .array(
          map({
            rate: field(rate(), 'The rate of this step.', 100),
            for: field(period(), 'How long it lasts.', '1m'),
          }),
        )
        .min(1)
        .max(1000),
      'One constant rate after the other.',
      [
        { rate: 100, for: '1m' },
        { rate: 200, for: '1m' },
      ],
    ),
  }),
  map({
    shape: field(z.literal('sine'), 'A wave around a mean.', 'sine'),
    mean: field(rate(), 'The middle of the wave.', 300),
    amplitude: field(rate(), 'How far it goes up and down; no more than the mean.', 200),
    period: field(period(), 'How long one wave takes.', '2m'),
  }),
  map({ csv: field(file(), 'A file beside the LoadTest with the columns seconds and rate.', 'traffic.csv') }),
])

const users = z.union([
  whole(1, mostUsers),
  map({
    from: field(whole(0, mostUsers), 'Users at the start.', 0),
    to: field(whole(0, mostUsers), 'Users in the end.', 200),
    over: field(period(), 'How long the change takes.', '1m'),
  }),
])

export const phaseSchema = map({
  phase: field(name(), 'What the phase is called in results and objectives.', 'ramp'),
  record: field(
    z.boolean().optional(),
    '`false`: neither metrics nor objectives see it, as for a warm-up.',
    true,
  ),
  at: field(
    duration().optional(),
    "When it starts, from the run's start, beside the others; when not given, after the phase before it.",
    '1m',
  ),
  scenarios: field(
    z.record(z.string(), z.number().min(0).max(1e9)).optional(),
    "Weights that replace the scenarios' own in this phase.",
    { checkout: 1 },
  ),
  rate: field(
    rateShape.optional(),
    'Iterations started per second, whatever the target does: constant, a ramp, a spike, steps, a wave, or a replay.',
    50,
    { from: 50, to: 500 },
  ),
  users: field(users.optional(), 'Users who each start an iteration when the one before it is done.', 20, {
    from: 0,
    to: 200,
    over: '1m',
  }),
  duration: field(
    period().optional(),
    'How long the phase lasts, where its shape does not say so itself.',
    '1m',
  ),
  arrivals: field(
    z.enum(['uniform', 'poisson']).optional(),
    'How arrivals are spread at a rate: evenly, or at random as of many people.',
    'poisson',
  ),
  pace: field(period().optional(), "The least time between two starts of one user's iterations.", '30s'),
  iterations: field(
    whole(1, 1e12).optional(),
    'How many iterations all users make together, in place of a duration.',
    10,
  ),
  maxDuration: field(
    period().optional(),
    'The most a phase with `iterations` may last; 10m when not given.',
    '1m',
  ),
})

export type PhaseWish = z.output<typeof phaseSchema>
export type RateWish = NonNullable<PhaseWish['rate']>
