import test from 'ava'
import fc from 'fast-check'
import { ownsArrival, stripeOf } from '../../../../core/plan/stripe.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { type Judgement, judgeRun } from '../../../../core/verdict/judge.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { type Answered, accountsOf, type Fate, type RunSketch, runRecord } from '../../../kit/run-record.ts'

/** Two scenarios, one of two steps; 60/s for 20 s, so that 0.6 s of one worker of four are less than 1 %. */
const scenarios: Json = [
  { name: 'browse', weight: 3, steps: [{ get: '/' }, { get: '/item', check: { body: '~x' } }] },
  { name: 'buy', weight: 1, steps: [{ post: '/buy', check: { status: 200 } }] },
]
const load: Json = [{ phase: 'steady', rate: 60, duration: '20s' }]

const duration = fc.integer({ min: 1, max: 60 }).map((tens) => `${tens * 10}ms`)
const percent = fc.integer({ min: 1, max: 60 }).map((tenths) => `${tenths / 10}%`)
const operator = fc.constantFrom('<', '>')
const rule = fc.oneof(
  fc.tuple(
    fc.constantFrom(
      'p50',
      'p90',
      'p95(ok)',
      'p90(buy)',
      'p99(browse/GET /item)',
      'mean',
      'max',
      'iteration_p90',
    ),
    operator,
    duration,
  ),
  fc.tuple(fc.constantFrom('error_rate', 'error_rate(buy)', 'checks'), operator, percent),
  fc.tuple(
    fc.constantFrom('rate', 'rate(buy)'),
    operator,
    fc.integer({ min: 10, max: 120 }).map((rate) => `${rate}/s`),
  ),
  fc.tuple(
    fc.constant('rate'),
    fc.constant('>='),
    fc.integer({ min: 95, max: 100 }).map((share) => `${share}% of planned`),
  ),
)
const objective = fc
  .tuple(rule, fc.option(fc.integer({ min: 1, max: 5 }).map((seconds) => `${seconds}s`)))
  .map(([parts, over]): Json => (over === null ? parts.join(' ') : { that: parts.join(' '), over }))

const answered = fc
  .record({
    ms: fc.oneof(fc.integer({ min: 1, max: 600 }), fc.integer({ min: 1, max: 5_000 })),
    error: fc.constantFrom(undefined, undefined, undefined, 'timeout' as const),
  })
  .map(({ ms, error }): Answered => (error === undefined ? { ms } : { ms, error }))

function judged(objectives: Json[], sketch: Omit<RunSketch, 'test'>): Judgement {
  const record = runRecord({ test: parsedTest({ scenarios, load, objectives }), ...sketch })
  return judgeRun(record, accountsOf(record))
}

const died = [{ id: 'w1' }, { id: 'w2' }, { id: 'w3' }, { id: 'w4', died: { lastWordS: 8, lostAtS: 8.1 } }]
const stripe = stripeOf(
  died.map(({ id }) => ({ worker: id, weight: 1, threads: 1 })),
  'w4',
  0,
)
const lived = [{ id: 'w1' }, { id: 'w2' }, { id: 'w3' }, { id: 'w4' }]

test('however a dead worker’s iterations would have gone, no pass would have been a fail, and no fail a pass', (t) => {
  const decided = { pass: 0, fail: 0, unknown: 0 }
  fc.assert(
    fc.property(
      fc.array(objective, { minLength: 1, maxLength: 3 }),
      fc.array(answered, { minLength: 1, maxLength: 30 }),
      fc.array(answered, { minLength: 1, maxLength: 5 }),
      (objectives, fates, otherwise) => {
        const usual = (n: number): Answered =>
          n % 3 === 0 ? (fates[n % fates.length] as Answered) : { ms: 20 }
        const other = (n: number): Fate =>
          isUnknown(n, usual(n).ms) ? laterThanTold(n, otherwise[n % otherwise.length] as Answered) : usual(n)
        const without = judged(objectives, { workers: died, fate: usual })
        const truth = judged(objectives, { workers: lived, fate: other })
        for (const [index, { result, that }] of without.objectives.entries()) {
          decided[result]++
          if (result === 'unknown') continue
          t.is(truth.objectives[index]?.result, result, `${that}: ${without.objectives[index]?.message}`)
        }
      },
    ),
    { numRuns: 60 },
  )
  t.true(decided.pass > 10 && decided.fail > 10, JSON.stringify(decided))
})

/** What was in flight at the dead worker's last word cannot have ended before it. */
function laterThanTold(n: number, fate: Answered): Answered {
  return { ...fate, ms: Math.max(fate.ms, 8_000 - (n * 1000) / 60) }
}

/** Of the dead worker, before its share was taken over at 8.6 s, and not one request of it told of at 8 s. */
function isUnknown(n: number, ms: number): boolean {
  const startMs = (n * 1000) / 60
  return startMs < 8_600 && startMs + ms >= 8_000 && ownsArrival(stripe, n)
}
