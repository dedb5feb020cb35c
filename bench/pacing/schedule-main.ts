import { createSchedule } from '../../core/schedule/create-schedule.ts'
import type { OpenPhase, RateShape } from '../../core/spec/load-test.ts'
import { OwnArrivals } from '../../worker/engine/own-arrivals.ts'

/** Walks the arrivals of one thread, one in four, as the engine does, and prints how many it computes in a CPU second, by shape. */
const durationMs = 400_000
const perSecond = 50_000
/** Every fourth arrival: what one of four threads owns. */
const stripe = { cycle: 4, slots: [0] }

const constant: RateShape = linear('constant', [perSecond, perSecond])
const shapes: Readonly<Record<string, Pick<OpenPhase, 'rate' | 'arrivals'>>> = {
  constant: { rate: constant, arrivals: 'uniform' },
  ramp: { rate: linear('ramp', [0, 2 * perSecond]), arrivals: 'uniform' },
  sine: {
    rate: { kind: 'sine', mean: perSecond, amplitude: perSecond / 2, periodMs: 10_000 },
    arrivals: 'uniform',
  },
  poisson: { rate: constant, arrivals: 'poisson' },
}

const figures = Object.entries(shapes).map(([name, shape]) => [name, arrivalsPerCpuSecond(shape)])
process.stdout.write(JSON.stringify(Object.fromEntries(figures)))

function arrivalsPerCpuSecond(shape: Pick<OpenPhase, 'rate' | 'arrivals'>): number {
  const phase: OpenPhase = {
    ...shape,
    ...{ name: 'all', record: true, atMs: null, mix: null, loop: 'open', durationMs },
  }
  const schedule = createSchedule(phase, 1, 0)
  // The planned number of random arrivals is itself computed by walking them: that is done before the start of a run.
  const own = Math.ceil(schedule.planned / stripe.cycle)
  const before = process.cpuUsage()
  const arrivals = new OwnArrivals({ firstArrival: 0, stripe, startAt: 0, schedule })
  let count = 0
  let last = 0
  while (arrivals.nextAt < Number.POSITIVE_INFINITY) {
    if (arrivals.nextAt < last) throw new Error(`arrival ${arrivals.next} is before the one before it`)
    last = arrivals.nextAt
    count++
    arrivals.advance()
  }
  if (count !== own) throw new Error(`${count} arrivals, ${own} were planned`)
  const { user, system } = process.cpuUsage(before)
  return (count * 1e6) / (user + system)
}

function linear(label: 'constant' | 'ramp', [from, to]: readonly [number, number]): RateShape {
  return {
    kind: 'linear',
    label,
    points: [
      { atMs: 0, perSecond: from },
      { atMs: durationMs, perSecond: to },
    ],
  }
}
