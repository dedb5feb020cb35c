import test from 'ava'
import fc from 'fast-check'
import { createSchedule } from '../../../../core/schedule/create-schedule.ts'
import type { OpenPhase } from '../../../../core/spec/load-test.ts'
import { ServiceQueue } from '../../../../examples/demo/queue.ts'
import { type Distribution, serviceTimes } from '../../../../examples/demo/service-time.ts'
import { constantPhase } from '../../../kit/phases.ts'

interface Target {
  readonly servers: number
  readonly serviceMs: number
  readonly distribution?: Distribution
  readonly stall?: { readonly fromMs: number; readonly toMs: number }
}

/** Latencies in ms, ascending, of a phase sent to a target, all measured from the intended start. */
function latencies(phase: OpenPhase, target: Target): readonly number[] {
  const queue = new ServiceQueue({
    servers: target.servers,
    room: null,
    nextServiceMs: serviceTimes(target.distribution ?? 'constant', target.serviceMs, 5),
  })
  if (target.stall) queue.stall(target.stall.fromMs, target.stall.toMs)
  const schedule = createSchedule(phase, 7, 0)
  return Array.from({ length: schedule.planned }, (_, n) => {
    const startMs = schedule.startOf(n) as number
    return queue.instantOf(queue.admit(startMs) as number) - startMs
  }).sort((a, b) => a - b)
}

/** Nearest rank: k = ⌈p/100·N⌉, as HdrHistogram has it. */
function percentile(sorted: readonly number[], p: number): number {
  return sorted[Math.max(1, Math.ceil((p / 100) * sorted.length - 1e-9)) - 1] as number
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

// Gil Tene's pause and its kin, known-answers `coordinated_omission` co.A, co.C, co.E.
const omission: readonly {
  title: string
  phase: OpenPhase
  target: Target
  count: number
  expectedMs: Readonly<Record<string, number>>
  meanMs: number
}[] = [
  {
    title: 'A: 100/s for 200 s, all that is held in a pause of 100 s is released at once',
    phase: constantPhase(100, 200_000),
    target: { servers: 10_002, serviceMs: 1, stall: { fromMs: 100_000, toMs: 200_000 } },
    count: 20_000,
    expectedMs: {
      50: 1,
      75: 50_001,
      90: 80_001,
      95: 90_001,
      97: 94_001,
      99: 98_001,
      99.9: 99_801,
      99.99: 99_981,
      100: 100_001,
    },
    meanMs: 25_003.5,
  },
  {
    title: 'C: 500/s for 100 s, one server of 1 ms that pauses for 2 s',
    phase: constantPhase(500, 100_000),
    target: { servers: 1, serviceMs: 1, stall: { fromMs: 50_000, toMs: 52_000 } },
    count: 50_000,
    expectedMs: { 50: 1, 75: 1, 90: 1, 95: 1, 97: 501, 99: 1501, 99.9: 1951, 99.99: 1996, 100: 2001 },
    meanMs: 41.02,
  },
  {
    title: 'E: 1,250/s for 30 s at one server of 1 ms',
    phase: constantPhase(1250, 30_000),
    target: { servers: 1, serviceMs: 1 },
    count: 37_500,
    expectedMs: {
      50: 3750.8,
      75: 5625.8,
      90: 6750.8,
      95: 7125.8,
      97: 7275.8,
      99: 7425.8,
      99.9: 7493.4,
      99.99: 7500.2,
      100: 7500.8,
    },
    meanMs: 3750.9,
  },
]

for (const { title, phase, target, count, expectedMs, meanMs } of omission) {
  test(`latencies follow the closed form, ${title}`, (t) => {
    const sorted = latencies(phase, target)
    t.is(sorted.length, count)
    const intervalMs = phase.durationMs / count
    for (const [p, expected] of Object.entries(expectedMs)) {
      const actual = percentile(sorted, Number(p))
      t.true(
        Math.abs(actual - expected) <= intervalMs + 0.001 * expected,
        `p${p}: ${actual}, expected ${expected}`,
      )
    }
    t.true(Math.abs(mean(sorted) - meanMs) <= 0.002 * meanMs, `mean ${mean(sorted)}`)
  })
}

const seconds = 1000
const poisson = { arrivals: 'poisson' } as const

// Mean response times; Kleinrock, Queueing Systems, vol. 1; Erlang C for more servers; figures as in known-answers `queueing`.
const queueing: readonly { title: string; phase: OpenPhase; target: Target; meanMs: number }[] = [
  {
    title: 'M/M/1 at half load: 1/(μ − λ)',
    phase: constantPhase(500, seconds * 1000, poisson),
    target: { servers: 1, serviceMs: 1, distribution: 'exponential' },
    meanMs: 2,
  },
  {
    title: 'M/D/1 at half load: s + ρs/(2(1 − ρ))',
    phase: constantPhase(500, seconds * 1000, poisson),
    target: { servers: 1, serviceMs: 1 },
    meanMs: 1.5,
  },
  {
    title: 'D/M/1 at half load: 1/(μ(1 − σ)), σ = 0.20318787',
    phase: constantPhase(500, seconds * 1000),
    target: { servers: 1, serviceMs: 1, distribution: 'exponential' },
    meanMs: 1.2550009749159752,
  },
  {
    title: 'M/M/4 at λ = 3μ: 1/μ + C/(4μ − λ), C = 0.5094340',
    phase: constantPhase(300, seconds * 1000, poisson),
    target: { servers: 4, serviceMs: 10, distribution: 'exponential' },
    meanMs: 10 + (10 * 27) / 53,
  },
]

for (const { title, phase, target, meanMs } of queueing) {
  test(`mean latency is that of ${title}`, (t) => {
    const actual = mean(latencies(phase, target))
    t.true(Math.abs(actual - meanMs) < 0.02 * meanMs, `${actual}, expected ${meanMs}`)
  })
}

test('exponential service times make M/M/1 latencies exponential', (t) => {
  const sorted = latencies(constantPhase(500, seconds * 1000, poisson), {
    servers: 1,
    serviceMs: 1,
    distribution: 'exponential',
  })
  for (const [p, expected] of [
    [50, 1.3862943611],
    [90, 4.605170186],
    [99, 9.210340372],
  ] as const) {
    const actual = percentile(sorted, p)
    t.true(Math.abs(actual - expected) < 0.02 * expected, `p${p}: ${actual}, expected ${expected}`)
  }
})

test('who finds the waiting room full is turned away, who is served does not wait', (t) => {
  const queue = new ServiceQueue({ servers: 2, room: 3, nextServiceMs: () => 10 })
  const done = Array.from({ length: 6 }, () => queue.admit(0))
  t.deepEqual(done, [10, 10, 20, 20, 30, null])
  t.is(queue.waiting(0), 3)
  t.is(queue.waiting(10), 1)
  t.is(queue.admit(10), 30)
  t.is(queue.waiting(30), 0)
})

test('the length of a long queue is known, however long it has been running', (t) => {
  const queue = new ServiceQueue({ servers: 1, room: null, nextServiceMs: () => 1 })
  for (let n = 0; n < 20_000; n++) {
    queue.admit(n * 0.8)
    if (n % 1000 === 999) {
      const taken = Math.floor(n * 0.8) + 1
      t.is(queue.waiting(n * 0.8), n + 1 - taken)
    }
  }
})

test('without a waiting room a request is served at once or not at all', (t) => {
  const queue = new ServiceQueue({ servers: 1, room: 0, nextServiceMs: () => 10 })
  t.deepEqual(
    [0, 5, 9.9, 10].map((instant) => queue.admit(instant)),
    [10, null, null, 20],
  )
})

test('a stall that begins later puts off what is under way, and what has come in since', (t) => {
  const queue = new ServiceQueue({ servers: 1, room: null, nextServiceMs: () => 10 })
  const first = queue.admit(0) as number
  queue.stall(4, 1004)
  const second = queue.admit(500) as number
  t.is(queue.instantOf(first), 1010)
  t.is(queue.instantOf(second), 1020)
  t.is(queue.waiting(1009), 1)
  t.is(queue.waiting(1010), 0)
})

test('requests are served in the order in which they came, none faster than its service time', (t) => {
  fc.assert(
    fc.property(
      fc.array(
        fc.record({ gapMs: fc.integer({ min: 0, max: 30 }), serviceMs: fc.integer({ min: 1, max: 40 }) }),
      ),
      fc.array(fc.record({ from: fc.nat({ max: 500 }), forMs: fc.nat({ max: 200 }) }), { maxLength: 3 }),
      (requests, stalls) => {
        let next = 0
        const queue = new ServiceQueue({
          servers: 1,
          room: null,
          nextServiceMs: () => requests[next++]?.serviceMs ?? 0,
        })
        for (const { from, forMs } of stalls) queue.stall(from, from + forMs)
        const stalled = (ms: number) => stalls.some(({ from, forMs }) => from <= ms && ms < from + forMs)
        let instant = 0
        let freeAt = 0
        return requests.every(({ gapMs, serviceMs }) => {
          instant += gapMs
          // The same by walking through it ms by ms.
          let ms = Math.max(instant, freeAt)
          for (let left = serviceMs; left > 0; ms++) if (!stalled(ms)) left--
          freeAt = ms
          return queue.instantOf(queue.admit(instant) as number) === ms
        })
      },
    ),
  )
  t.pass()
})
