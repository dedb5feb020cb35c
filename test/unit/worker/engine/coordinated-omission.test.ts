import test from 'ava'
import { Totals } from '../../../../core/measure/totals.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { constantPhase } from '../../../kit/phases.ts'
import { fifoServer, responseTimes, type Target, VirtualRun } from '../../../kit/virtual-engine.ts'

interface Case {
  readonly title: string
  readonly perSecond: number
  readonly durationS: number
  readonly target: () => Target
  /** ms by percentile, nearest rank. */
  readonly expected: Readonly<Record<string, number>>
  readonly count: number
  readonly meanMs: number
}

const ms = 1000
const s = 1_000_000

/** Closed forms: L_p = b + max(0, S − (1−p)·D) for a freeze that lets go of all at once, L_p = s + max(0, S − (1−p)·D·(1−ρ)) for a FIFO server. */
const cases: readonly Case[] = [
  {
    // The distribution of HdrHistogram's HistogramDataAccessTest, plus 1 ms (Gil Tene's 100 s pause).
    title: 'a target that freezes for 100 s and answers all at once',
    perSecond: 100,
    durationS: 200,
    target:
      () =>
      ({ dispatchedAt }) => ({ afterMicros: dispatchedAt < 100 * s - 1 ? ms : 200 * s + ms - dispatchedAt }),
    expected: {
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
    count: 20_000,
    meanMs: 25_003.5,
  },
  {
    title: 'a FIFO server that pauses for 2 s and works off its queue',
    perSecond: 500,
    durationS: 100,
    target: () => fifoServer(ms, { at: 50 * s, forMicros: 2 * s }),
    expected: {
      50: 1,
      75: 1,
      90: 1,
      95: 1,
      97: 501,
      99: 1501,
      99.9: 1951,
      99.99: 1996,
      100: 2001,
    },
    count: 50_000,
    meanMs: 41.02,
  },
  {
    // Request i: L = (i+1)·s − i/R.
    title: 'a FIFO server offered a quarter more than it can do',
    perSecond: 1250,
    durationS: 30,
    target: () => fifoServer(ms),
    expected: {
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
    count: 37_500,
    meanMs: 3750.9,
  },
]

for (const { title, perSecond, durationS, target, expected, count, meanMs } of cases) {
  test(`${title} shows in the percentiles as the closed form says`, (t) => {
    const spec = loadTest({
      load: [constantPhase(perSecond, durationS * 1000)],
      scenarios: [scenario({ steps: [httpGet('/', { timeoutMs: 1_000_000 })] })],
      limits: { inFlight: null, backlog: 0.001, drainMs: 200_000, maxRate: null },
    })
    const run = new VirtualRun({ test: spec, target: target() }).run()
    const times = responseTimes(run.intervals(), run.table)
    t.is(times.total, count)
    t.like(run.phase(0), { planned: count, started: count, completed: count, interrupted: 0 })
    // Three digits of the histogram, and one interval for the phase.
    const interval = 1000 / perSecond
    for (const [p, millis] of Object.entries(expected)) {
      const actual = (times.percentile(Number(p)) as number) / 1000
      t.true(Math.abs(actual - millis) <= millis * 0.001 + interval, `p${p}: ${actual} of ${millis}`)
    }
    t.true(Math.abs((times.mean as number) / 1000 - meanMs) <= meanMs * 0.001 + interval)
  })
}

test('under overload the rate inside the window is the server’s, and no request is forgotten', (t) => {
  const spec = loadTest({ load: [constantPhase(1250, 30_000)] })
  const run = new VirtualRun({ test: spec, target: fifoServer(ms) }).run()
  const steps = run
    .intervals()
    .flatMap(({ series }) => series)
    .filter(({ series }) => run.table.keys[series]?.kind === 'step')
  const sum = (of: (delta: (typeof steps)[number]) => number) =>
    steps.reduce((total, delta) => total + of(delta), 0)
  t.is(
    sum(({ ok }) => ok),
    37_500,
  )
  // 1,000/s for 30 s; the one that ends at 30 s exactly is outside.
  t.true(Math.abs(sum(({ inWindow }) => inWindow) - 30_000) <= 1)
})

test('service time shows the naive figure where response time does not', (t) => {
  // One connection: what waits for it is not sent.
  let free = 0
  const oneConnection: Target = ({ dispatchedAt }) => {
    const sendAt = Math.max(free, dispatchedAt)
    const serviceMicros = sendAt < 500 * ms && sendAt >= 490 * ms ? 200 * ms : ms
    free = sendAt + serviceMicros
    return { waitMicros: sendAt - dispatchedAt, afterMicros: serviceMicros }
  }
  const run = new VirtualRun({
    test: loadTest({ load: [constantPhase(100, 1000)] }),
    target: oneConnection,
  }).run()
  const step = run.table.stepSeries(0, 0, 'GET /')
  const deltas = run.intervals().flatMap(({ series }) => series.filter((delta) => delta.series === step))
  const service = new Totals()
  const response = new Totals()
  for (const delta of deltas) {
    service.addSparse(delta.service)
    response.addSparse(delta.responseOk)
  }
  t.true((service.percentile(95) as number) < 2 * ms)
  t.true((response.percentile(95) as number) > 150 * ms)
})
