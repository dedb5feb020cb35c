import test from 'ava'
import fc from 'fast-check'
import { createSchedule, cumulativeOf } from '../../../../core/schedule/create-schedule.ts'
import type { Schedule } from '../../../../core/schedule/schedule.ts'
import type { OpenPhase } from '../../../../core/spec/load-test.ts'
import { anyOpenPhase, uniformPhase } from '../../../kit/arbitrary-phase.ts'
import { constantPhase, openPhase, sinePhase } from '../../../kit/phases.ts'

const ramp = openPhase([
  [0, 50],
  [60_000, 500],
])

const closedForms: readonly {
  title: string
  phase: OpenPhase
  planned: number
  starts: readonly (readonly [arrival: number, startMs: number | undefined])[]
}[] = [
  {
    title: '100/s for 2 s: every 10 ms, the first at once, none at the end',
    phase: constantPhase(100, 2000),
    planned: 200,
    starts: [
      [0, 0],
      [1, 10],
      [199, 1990],
      [200, undefined],
    ],
  },
  {
    title: 'ten a minute: a rate that no multiple of a second meets',
    phase: constantPhase(1 / 6, 60_000),
    planned: 10,
    starts: [
      [1, 6000],
      [9, 54_000],
    ],
  },
  {
    title: 'three a second for 500 ms: 1.5 expected are two arrivals',
    phase: constantPhase(3, 500),
    planned: 2,
    starts: [
      [1, 1000 / 3],
      [2, undefined],
    ],
  },
  {
    title: 'ramp 50 → 500/s over 60 s: n = 50 t + 3.75 t²',
    phase: ramp,
    planned: 16_500,
    starts: [
      [0, 0],
      [1, ((-50 + Math.sqrt(2500 + 15)) / 7.5) * 1000],
      [4875, 30_000],
      [8250, ((-50 + Math.sqrt(2500 + 15 * 8250)) / 7.5) * 1000],
      [16_499, ((-50 + Math.sqrt(2500 + 15 * 16_499)) / 7.5) * 1000],
    ],
  },
  {
    title: 'ramp 0 → 100/s over 10 s: n = 5 t²',
    phase: openPhase([
      [0, 0],
      [10_000, 100],
    ]),
    planned: 500,
    starts: [
      [0, 0],
      [5, 1000],
      [20, 2000],
      [125, 5000],
      [405, 9000],
    ],
  },
  {
    title: 'ramp 100 → 0/s over 10 s: 500 − n = 5 (10 − t)²',
    phase: openPhase([
      [0, 100],
      [10_000, 0],
    ]),
    planned: 500,
    starts: [
      [0, 0],
      [95, 1000],
      [375, 5000],
      [495, 9000],
      [499, 10_000 - Math.sqrt(1 / 5) * 1000],
    ],
  },
  {
    title: 'a jump: the arrival at the jump starts there, the next at the new distance',
    phase: openPhase([
      [0, 10],
      [1000, 10],
      [1000, 100],
      [2000, 100],
    ]),
    planned: 110,
    starts: [
      [9, 900],
      [10, 1000],
      [11, 1010],
    ],
  },
  {
    title: 'a stretch without rate holds no arrival: the one due there starts behind it',
    phase: openPhase([
      [0, 1],
      [10_000, 1],
      [10_000, 0],
      [20_000, 0],
      [20_000, 1],
      [30_000, 1],
    ]),
    planned: 20,
    starts: [
      [9, 9000],
      [10, 20_000],
      [11, 21_000],
    ],
  },
  {
    title: 'no rate to begin with: the first arrival waits for it',
    phase: openPhase([
      [0, 0],
      [5000, 0],
      [5000, 2],
      [6000, 2],
    ]),
    planned: 2,
    starts: [
      [0, 5000],
      [1, 5500],
    ],
  },
  {
    title: 'rounding adds no arrival, nor does it move one: 0.1 + 2.7 + 0.2 is more than 3 in floating point',
    phase: openPhase([
      [0, 0.1],
      [1000, 0.1],
      [1000, 2.7],
      [2000, 2.7],
      [2000, 0.2],
      [3000, 0.2],
      [3000, 0],
      [4000, 0],
      [4000, 1],
      [5000, 1],
    ]),
    planned: 4,
    starts: [[3, 4000]],
  },
  {
    title: 'rounding plans no arrival at the end',
    phase: openPhase([
      [0, 0.1],
      [1000, 0.1],
      [1000, 2.7],
      [2000, 2.7],
      [2000, 0.2],
      [3000, 0.2],
    ]),
    planned: 3,
    starts: [],
  },
  {
    title: 'a replay that has not been read plans nothing',
    phase: openPhase([]),
    planned: 0,
    starts: [[0, undefined]],
  },
  {
    title: 'nothing but no rate plans nothing',
    phase: constantPhase(0, 5000),
    planned: 0,
    starts: [[0, undefined]],
  },
  {
    title: 'spike 100 → 1000 in 5 s, 20 s long, back in 5 s',
    phase: openPhase([
      [0, 100],
      [5000, 1000],
      [25_000, 1000],
      [30_000, 100],
    ]),
    planned: 25_500,
    starts: [
      [2750, 5000],
      [22_750, 25_000],
      [3750, 6000],
    ],
  },
  {
    title: 'sine 300 ± 200 by 2 min: half a period has mean·t + amplitude·period/π of them',
    phase: sinePhase({ mean: 300, amplitude: 200, periodMs: 120_000 }, 240_000),
    planned: 72_000,
    starts: [
      [0, 0],
      [36_000, 120_000],
    ],
  },
  {
    title: 'sine down to 0 and up again',
    phase: sinePhase({ mean: 10, amplitude: 10, periodMs: 10_000 }, 20_000),
    planned: 200,
    starts: [
      [0, 0],
      [100, 10_000],
    ],
  },
  {
    title: 'a sine that would go below 0 stays there: half waves of amplitude·period/π arrivals',
    phase: sinePhase({ mean: 0, amplitude: 100 * Math.PI, periodMs: 1000 }, 2000),
    planned: 200,
    starts: [
      [50, 250],
      [100, 1000],
      [150, 1250],
    ],
  },
]

for (const { title, phase, planned, starts } of closedForms) {
  test(`closed form: ${title}`, (t) => {
    const schedule = createSchedule(phase, 1, 0)
    t.is(schedule.planned, planned)
    for (const [arrival, startMs] of starts) {
      const actual = schedule.startOf(arrival)
      if (startMs === undefined || actual === undefined) t.is(actual, startMs)
      else t.true(Math.abs(actual - startMs) < 1e-6, `arrival ${arrival}: ${actual}, expected ${startMs}`)
    }
  })
}

test('an arrival starts no earlier than the one before it, and within its phase', (t) => {
  const early = (phase: OpenPhase) => {
    const schedule = createSchedule(phase, 3, 1)
    let last = 0
    for (const startMs of startsOf(schedule)) {
      if (startMs < last || startMs > phase.durationMs) return false
      last = startMs
    }
    return schedule.startOf(schedule.planned) === undefined
  }
  fc.assert(fc.property(anyOpenPhase, early), { numRuns: 150 })
  t.pass()
})

test('Λ⁻¹(Λ(t)) = t wherever there is rate', (t) => {
  fc.assert(
    fc.property(uniformPhase, fc.double({ min: 0, max: 1, noNaN: true }), (phase, share) => {
      const timeMs = share * phase.durationMs
      const { rateAt, before, inverse } = cumulativeOf(phase.rate, phase.durationMs)
      fc.pre(rateAt(timeMs) > 0.01)
      return Math.abs(inverse(before(timeMs)) - timeMs) < 1e-3
    }),
    { numRuns: 1000 },
  )
  t.pass()
})

test('Λ(Λ⁻¹(n)) = n for every arrival', (t) => {
  fc.assert(
    fc.property(uniformPhase, (phase) => {
      const schedule = createSchedule(phase, 1, 0)
      let n = 0
      for (const startMs of startsOf(schedule)) {
        if (Math.abs(schedule.expectedBefore(startMs) - n) > 1e-6) return false
        n++
      }
      return true
    }),
    { numRuns: 150 },
  )
  t.pass()
})

test('what is expected before an instant is the integral of the rate', (t) => {
  fc.assert(
    fc.property(uniformPhase, fc.double({ min: 0, max: 1, noNaN: true }), (phase, share) => {
      const schedule = createSchedule(phase, 1, 0)
      const untilMs = share * phase.durationMs
      const steps = 20_000
      const stepMs = untilMs / steps
      let sum = 0
      for (let i = 0; i < steps; i++) sum += schedule.rateAt((i + 0.5) * stepMs) * stepMs
      // A jump inside a step costs at most its height times the step; there are at most eight.
      return Math.abs(sum / 1000 - schedule.expectedBefore(untilMs)) <= 1e-3 + (8 * 500 * stepMs) / 1000
    }),
    { numRuns: 60 },
  )
  t.pass()
})

test('the first arrival at or after an instant is the first whose start is not before it', (t) => {
  fc.assert(
    fc.property(anyOpenPhase, fc.array(fc.double({ min: -0.1, max: 1.1, noNaN: true })), (phase, shares) => {
      const schedule = createSchedule(phase, 5, 0)
      const starts = startsOf(schedule)
      const instants = [
        ...shares.map((share) => share * phase.durationMs),
        ...starts.slice(0, 50),
        ...starts.slice(-50),
      ]
      return instants.every((instant) => {
        const expected = starts.findIndex((startMs) => startMs >= instant)
        return schedule.firstAtOrAfter(instant) === (expected === -1 ? starts.length : expected)
      })
    }),
    { numRuns: 150 },
  )
  t.pass()
})

test('the answer does not depend on what was asked before', (t) => {
  fc.assert(
    fc.property(anyOpenPhase, fc.array(fc.nat({ max: 4000 }), { maxLength: 60 }), (phase, asked) => {
      const schedule = createSchedule(phase, 9, 2)
      return asked.every((arrival) => {
        const fresh = createSchedule(phase, 9, 2)
        return Object.is(schedule.startOf(arrival), fresh.startOf(arrival))
      })
    }),
    { numRuns: 60 },
  )
  t.pass()
})

test('outside the phase there is no rate, and nothing more is expected', (t) => {
  for (const phase of [ramp, sinePhase({ mean: 300, amplitude: 200, periodMs: 7000 }, 60_000)]) {
    const schedule = createSchedule(phase, 1, 0)
    t.is(schedule.rateAt(-1), 0)
    t.is(schedule.rateAt(60_000), 0)
    t.is(schedule.expectedBefore(-1), 0)
    t.is(schedule.expectedBefore(70_000), schedule.expectedBefore(60_000))
  }
  t.is(createSchedule(ramp, 1, 0).rateAt(30_000), 275)
})

test('uniform arrivals cost less than half a microsecond each', (t) => {
  const schedule = createSchedule(constantPhase(100_000, 20_000), 1, 0)
  let best = Number.POSITIVE_INFINITY
  for (let repeat = 0; repeat < 5; repeat++) {
    const begin = process.cpuUsage().user
    let sum = 0
    for (let n = 0; n < schedule.planned; n += 7) sum += schedule.startOf(n) as number
    t.true(sum > 0)
    best = Math.min(best, (process.cpuUsage().user - begin) / (schedule.planned / 7))
  }
  t.true(best < 0.5, `${best} µs`)
})

function startsOf(schedule: Schedule): readonly number[] {
  return Array.from({ length: schedule.planned }, (_, arrival) => schedule.startOf(arrival) as number)
}
