import test from 'ava'
import fc from 'fast-check'
import { bucketIndexOf, highestEquivalentOf, middleOf } from '../../../../core/measure/buckets.ts'
import { SeriesSum } from '../../../../core/measure/series-sum.ts'
import { rankOf } from '../../../../core/measure/totals.ts'
import type { Objective } from '../../../../core/spec/load-test.ts'
import { outcomeOf } from '../../../../core/verdict/outcome.ts'
import { type Reading, readMetric } from '../../../../core/verdict/reading.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

interface Sample {
  readonly micros: number
  readonly ok: boolean
}

const slowestMicros = 10_000_000
const metrics = [
  'p50',
  'p90',
  'p95',
  'p99.9',
  'mean',
  'max',
  'p90(ok)',
  'max(ok)',
  'error_rate',
  'checks',
  'rate',
] as const
type MetricText = (typeof metrics)[number]

function objective(metric: MetricText, op: '<' | '>', limit: number): Objective {
  const unit = metric === 'rate' ? '/s' : metric === 'error_rate' || metric === 'checks' ? '%' : 'ms'
  const [parsed] = parsedTest({
    objectives: [`${metric} ${op} ${unit === '%' ? limit / 10_000 : limit}${unit}`],
  }).objectives
  return parsed as Objective
}

function sumOf(samples: readonly Sample[]): SeriesSum {
  const sum = new SeriesSum()
  for (const { micros, ok } of samples) {
    if (ok) sum.ok++
    else sum.failed++
    sum.inWindow++
    if (ok) sum.checksPassed++
    else sum.checksFailed++
    ;(ok ? sum.responseOk : sum.responseFailed).record(micros)
  }
  return sum
}

function read(of: Objective, samples: readonly Sample[], unknown: number): Reading {
  return readMetric(of, {
    sum: sumOf(samples),
    unknown: { requests: unknown, checks: unknown, iterations: unknown },
    slowestMicros,
    seconds: 10,
    planned: 0,
  })
}

/** The metric from its definition, over samples of which each is known; null where there is nothing. */
function definition(metric: MetricText, all: readonly Sample[]): number | null {
  const samples = metric.endsWith('(ok)') ? all.filter(({ ok }) => ok) : all
  const shown = samples.map(({ micros }) => highestEquivalentOf(bucketIndexOf(micros))).sort((a, b) => a - b)
  if (metric === 'rate') return samples.length / 10
  if (samples.length === 0) return null
  if (metric === 'error_rate') return samples.filter(({ ok }) => !ok).length / samples.length
  if (metric === 'checks') return samples.filter(({ ok }) => ok).length / samples.length
  if (metric === 'mean')
    return (
      samples.reduce((sum, { micros }) => sum + middleOf(bucketIndexOf(micros)), 0) / samples.length / 1000
    )
  if (metric.startsWith('max')) return (shown.at(-1) as number) / 1000
  const p = Number.parseFloat(metric.slice(1))
  return (shown[rankOf(p, shown.length) - 1] as number) / 1000
}

const micros = fc.oneof(fc.integer({ min: 1, max: 30_000 }), fc.integer({ min: 1, max: slowestMicros }))
const sample = fc.record({ micros, ok: fc.boolean() })
const samples = fc.array(sample, { maxLength: 40 })
const anyMetric = fc.constantFrom(...metrics)

test('the best case is at most, the worst at least what was measured', (t) => {
  fc.assert(
    fc.property(anyMetric, samples, fc.nat(20), (metric, known, unknown) => {
      const { actual, low, high } = read(objective(metric, '<', 1000), known, unknown)
      t.is(actual === null ? null : round(actual), roundOrNull(definition(metric, known)))
      if (actual === null || low === null || high === null) return
      t.true(low <= actual + 1e-9 && actual <= high + 1e-9, `${low} ${actual} ${high}`)
    }),
  )
})

test('however unknown samples went, the metric lies between its bounds', (t) => {
  fc.assert(
    fc.property(
      anyMetric,
      samples,
      fc.array(fc.option(sample), { maxLength: 12 }),
      (metric, known, fates) => {
        const { low, high } = read(objective(metric, '<', 1000), known, fates.length)
        // Null: it was never made, as where fewer requests than the most were.
        const truth = definition(metric, [...known, ...fates.filter((fate) => fate !== null)])
        if (truth === null) return
        t.true(low !== null && high !== null)
        t.true((low as number) <= truth + 1e-9, `${metric}: ${low} > ${truth}`)
        t.true(truth <= (high as number) * (1 + 1e-3) + 1e-9, `${metric}: ${truth} > ${high}`)
      },
    ),
    { numRuns: 400 },
  )
})

test('the bounds are reached: nothing is taken for unknown that is known', (t) => {
  fc.assert(
    fc.property(
      anyMetric,
      fc.array(sample, { minLength: 1, maxLength: 40 }),
      fc.nat(12),
      (metric, known, unknown) => {
        const { low, high } = read(objective(metric, '<', 1000), known, unknown)
        const all = (fate: Sample) =>
          definition(metric, [...known, ...Array.from({ length: unknown }, () => fate)])
        const ends = [
          definition(metric, known),
          ...[1, slowestMicros].flatMap((time) => [
            all({ micros: time, ok: true }),
            all({ micros: time, ok: false }),
          ]),
        ].flatMap((end) => end ?? [])
        if (ends.length === 0 || low === null || high === null) {
          t.deepEqual([low, high], [null, null])
          return
        }
        // A mean is of the middles of buckets, and bounded by their ends.
        t.true(isNear(low, Math.min(...ends)), `${metric}: ${low} of ${ends}`)
        t.true(isNear(high, Math.max(...ends)), `${metric}: ${high} of ${ends}`)
      },
    ),
    { numRuns: 400 },
  )
})

test('more unknown never turns unknown into pass or fail, nor one of them into the other', (t) => {
  fc.assert(
    fc.property(
      anyMetric,
      fc.constantFrom('<' as const, '>' as const),
      fc.integer({ min: 1, max: 9_999 }),
      samples,
      fc.nat(20),
      (metric, op, limit, known, unknown) => {
        const rule = objective(metric, op, limit)
        const before = outcomeOf(rule, read(rule, known, unknown), false)
        const after = outcomeOf(rule, read(rule, known, unknown + 1), false)
        t.true(after === 'unknown' || after === before || (known.length === 0 && unknown === 0))
      },
    ),
    { numRuns: 400 },
  )
})

test('strictly judged, nothing is decided that was not decided before', (t) => {
  fc.assert(
    fc.property(anyMetric, fc.integer({ min: 1, max: 9_999 }), samples, (metric, limit, known) => {
      const rule = objective(metric, '<', limit)
      const reading = read(rule, known, 0)
      const strict = outcomeOf(rule, reading, true)
      t.true(strict === 'unknown' || strict === outcomeOf(rule, reading, false))
    }),
  )
})

function isNear(value: number, end: number): boolean {
  return Math.abs(value - end) <= end * 1e-3 + 1e-9
}

function round(value: number): number {
  return Number(value.toPrecision(9))
}

function roundOrNull(value: number | null): number | null {
  return value === null ? null : round(value)
}
