import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import { Totals } from '../../../../core/measure/totals.ts'
import { buildResult } from '../../../../core/report/build-result.ts'
import type { MetricRow, ResultDocument } from '../../../../core/report/result.ts'
import { judgeRun } from '../../../../core/verdict/judge.ts'
import type { RunRecord } from '../../../../core/verdict/run-record.ts'
import { httpGet, loadTest, scenario } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'
import {
  emptySample,
  failedSample,
  hostileSample,
  mixedSample,
  reportSample,
} from '../../../kit/report-sample.ts'
import { accountsOf, runRecord } from '../../../kit/run-record.ts'

function resultOf(record: RunRecord): ResultDocument {
  const accounts = accountsOf(record)
  return buildResult({
    record,
    accounts,
    judgement: judgeRun(record, accounts),
    exitCode: 0,
    specDigest: `sha256:${'0'.repeat(64)}`,
    environment: {
      breakwater: '0.1.0',
      node: '24.12.0',
      platform: 'linux x64',
      cpus: 4,
      memoryBytes: 1,
      target: 'http://shop.test',
      transport: 'undici',
    },
    reproduce: [],
  })
}

const label = ({ scope, loop, phase, scenario: of, step }: MetricRow) =>
  [scope, loop, phase ?? '*', of, step].filter((part) => part !== null).join(' ')

const twoSteps = [scenario({ steps: [httpGet('/'), httpGet('/item')] })]

test('metrics begin with the totals, open before closed, then come phases, then what is in them', (t) => {
  const record = runRecord({
    test: loadTest({
      scenarios: twoSteps,
      load: [
        closedPhase({ name: 'users', durationMs: 2000, users: { from: 1, to: 1, overMs: 0 } }),
        constantPhase(10, 2000, { name: 'a' }),
        constantPhase(10, 1000, { name: 'warm', record: false }),
      ],
    }),
  })
  t.deepEqual(resultOf(record).metrics.map(label), [
    'total open *',
    'total closed *',
    'phase open a',
    'phase closed users',
    'scenario open * browse',
    'iteration open * browse',
    'step open * browse GET /',
    'step open * browse GET /item',
    'scenario closed * browse',
    'iteration closed * browse',
    'step closed * browse GET /',
    'step closed * browse GET /item',
    'scenario open a browse',
    'iteration open a browse',
    'step open a browse GET /',
    'step open a browse GET /item',
    'scenario closed users browse',
    'iteration closed users browse',
    'step closed users browse GET /',
    'step closed users browse GET /item',
  ])
})

test('percentiles are those of one histogram of all samples, in ms and unrounded', (t) => {
  const fate = (n: number) => ({ ms: 3 + ((n * 37) % 91) * 1.7 })
  const record = runRecord({
    test: loadTest({ load: [constantPhase(50, 4000)] }),
    workers: [{ id: 'a', threads: 2 }, { id: 'b' }, { id: 'c' }],
    fate,
  })
  const all = new Totals()
  for (let n = 0; n < 200; n++) all.record(fate(n).ms * 1000)
  const [total] = resultOf(record).metrics
  t.is(total?.count, 200)
  for (const [key, p] of [
    ['p50', 50],
    ['p75', 75],
    ['p90', 90],
    ['p95', 95],
    ['p99', 99],
    ['p999', 99.9],
  ] as const) {
    t.is(total?.responseMs[key], (all.percentile(p) as number) / 1000)
  }
  t.is(total?.responseMs.max, (all.max as number) / 1000)
  t.is(total?.responseMs.mean, (all.mean as number) / 1000)
})

test('a rate counts what ended inside the window, and is divided by the union of the windows', (t) => {
  const record = runRecord({
    test: loadTest({
      load: [
        constantPhase(20, 4000, { name: 'a', atMs: 0 }),
        constantPhase(10, 2000, { name: 'b', atMs: 1000 }),
      ],
    }),
    // The last arrivals of each phase are answered in its drain.
    fate: () => ({ ms: 60 }),
  })
  const { metrics } = resultOf(record)
  const [total, a, b] = metrics
  t.is(total?.count, 100)
  t.is(a?.rate, 79 / 4)
  t.is(b?.rate, 20 / 2)
  t.is(total?.rate, (79 + 20) / 4)
})

test('phases that are not recorded are in ledger and phases, and in no metric, timeline or curve', (t) => {
  const record = runRecord({
    test: loadTest({
      load: [
        constantPhase(10, 2000, { name: 'warm', record: false }),
        constantPhase(10, 2000, { name: 'a' }),
      ],
    }),
  })
  const document = resultOf(record)
  t.is(document.ledger.planned, 40)
  t.is(document.requests.attempted, 40)
  t.deepEqual(
    document.phases.map(({ name, recorded }) => [name, recorded]),
    [
      ['warm', false],
      ['a', true],
    ],
  )
  t.is(document.metrics[0]?.count, 20)
  t.deepEqual(document.timeline.plannedRate, [null, null, 10, 10])
  t.deepEqual(document.timeline.requestRate, [0, 0, 10, 10])
})

test('what has no samples is null', (t) => {
  const { document } = emptySample()
  const [total] = document.metrics
  t.is(total?.count, 0)
  t.is(total?.errorRate, null)
  t.true(Object.values(total?.responseMs ?? {}).every((value) => value === null))
  t.deepEqual(document.curves, [])
  t.true(document.timeline.p95.every((value) => value === null))
})

test('the ledger of a run that lost a worker stays balanced, and says who it was', (t) => {
  const record = runRecord({
    test: loadTest({ load: [constantPhase(40, 6000)] }),
    workers: [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 2, lostAtS: 3.5 } }],
  })
  const document = resultOf(record)
  const { planned, started, skipped, lost, unstarted, balanced } = document.ledger
  t.true(lost > 0)
  t.true(balanced)
  t.is(planned, started + skipped + lost + unstarted)
  t.deepEqual(
    document.workers.map(({ id, state }) => [id, state]),
    [
      ['w1', 'drained'],
      ['w2', 'lost'],
    ],
  )
  t.deepEqual(
    document.epochs.map(({ cause, roster }) => [cause, roster]),
    [
      ['start', ['w1', 'w2']],
      ['lost', ['w1']],
    ],
  )
})

test('an epoch that was ordered for an instant after the end is not listed', (t) => {
  const at = (micros: number) => {
    const record = runRecord({ test: loadTest({ load: [constantPhase(10, 2000)] }) })
    const [first] = record.epochs
    if (first === undefined) throw new Error('there is no epoch')
    const second = { ...first, number: 2, at: micros, cause: 'phase' as const }
    return resultOf({ ...record, endedAt: 2_100_000, epochs: [first, second] }).epochs
  }
  t.deepEqual(
    at(2_100_000).map(({ number }) => number),
    [1, 2],
  )
  t.deepEqual(
    at(2_100_001).map(({ number }) => number),
    [1],
  )
})

test('a timeline has at most 600 rows, each the exact merge of its seconds', (t) => {
  const record = runRecord({
    test: loadTest({ load: [constantPhase(2, 1_300_000)] }),
    fate: (n) => ({ ms: 1 + (n % 97) }),
  })
  const { timeline, metrics } = resultOf(record)
  t.is(timeline.stepS, 3)
  t.true(timeline.atS.length <= 600)
  const steps = record.table.select((key) => key.kind === 'step')
  for (const row of [0, 100, 432]) {
    const at = timeline.atS[row] as number
    const { response } = record.metrics.window(steps, at, at + 3)
    t.is(timeline.p95[row], (response.percentile(95) as number) / 1000)
  }
  const counted = timeline.requestRate.reduce((sum, rate, row) => {
    const seconds = Math.min(3, 1300 - (timeline.atS[row] as number))
    return sum + rate * seconds
  }, 0)
  t.is(Math.round(counted), metrics[0]?.count ?? 0)
  const columns = Object.values(timeline).filter((column) => Array.isArray(column))
  t.true(columns.every((column) => column.length === timeline.atS.length))
})

test('open and closed percentiles are never merged', (t) => {
  const { document, record } = mixedSample()
  const { timeline, curves } = document
  t.is(timeline.loop, 'open')
  const of = (phase: number) => record.table.select((key) => key.kind === 'step' && key.phase === phase)
  for (const [columns, phase] of [
    [timeline, 0],
    [timeline.closed, 1],
  ] as const) {
    const { response } = record.metrics.window(of(phase), 2, 3)
    t.is(columns?.p50[2], (response.percentile(50) as number) / 1000)
  }
  t.deepEqual(
    curves.map(({ loop }) => loop),
    ['open', 'closed'],
  )
  const counts = document.metrics.slice(0, 2).map(({ loop, count }) => [loop, count])
  t.deepEqual(
    counts,
    [0, 1].map((phase) => [phase === 0 ? 'open' : 'closed', record.metrics.totals(of(phase)).count]),
  )
})

test('a percentile curve rises to the slowest request', (t) => {
  const { document } = failedSample()
  const [curve] = document.curves
  const points = curve?.points ?? []
  t.is(points.at(-1)?.percentile, 100)
  t.is(points.at(-1)?.ms, document.metrics[0]?.responseMs.max as number)
  t.true(points.every((point, at) => at === 0 || point.ms >= (points[at - 1]?.ms ?? 0)))
  t.is(points.find((point) => point.percentile === 90)?.ms, document.metrics[0]?.responseMs.p90 as number)
})

test('names of steps beyond 500 are added up as __other__', (t) => {
  const steps = Array.from({ length: 503 }, (_, index) => httpGet(`/${index}`))
  const { document } = reportSample({
    test: loadTest({ scenarios: [scenario({ steps })], load: [constantPhase(1, 2000)] }),
  })
  const rows = document.metrics.filter((row) => row.scope === 'step' && row.phase === null)
  t.is(rows.length, 501)
  t.is(rows.at(-1)?.step, '__other__')
  t.is(rows.at(-1)?.count, 6)
  t.is(rows[0]?.count, 2)
})

test('a detailed run tells connect, TLS and first-byte times', (t) => {
  const { document } = reportSample({ test: loadTest({ detail: true, load: [constantPhase(10, 2000)] }) })
  t.truthy(document.metrics[0]?.ttfbMs?.p95)
  t.is(document.metrics[0]?.connectMs?.p95, null)
})

const root = join(import.meta.dirname, '../../../..')
const schema = JSON.parse(readFileSync(join(root, 'core/report/result.schema.json'), 'utf8')) as object
const documents: readonly (readonly [string, () => ResultDocument])[] = [
  ['with failures', () => failedSample().document],
  ['of both loops', () => mixedSample().document],
  ['without a sample', () => emptySample().document],
  ['with hostile names', () => hostileSample().document],
  ['with details', () => reportSample({ test: loadTest({ detail: true }) }).document],
  [
    'that lost a worker',
    () =>
      resultOf(
        runRecord({
          test: loadTest({
            load: [constantPhase(40, 6000)],
            objectives: [],
          }),
          workers: [{ id: 'w1' }, { id: 'w2', died: { lastWordS: 2, lostAtS: 3.5 } }],
        }),
      ),
  ],
]

for (const [name, document] of documents) {
  test(`a result ${name} is as its JSON Schema says, and has no key that is not in it`, (t) => {
    const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true })
    const stored: unknown = JSON.parse(JSON.stringify(document()))
    for (const validate of [ajv.compile(schema), ajv.compile(closed(schema) as object)]) {
      t.true(validate(stored), ajv.errorsText(validate.errors))
    }
  })
}

test('the JSON Schema refuses what is not a result', (t) => {
  const validate = new Ajv2020({ allErrors: true, allowUnionTypes: true }).compile(schema)
  const { verdict: _, ...without } = mixedSample().document
  t.false(validate(without))
  t.false(validate({ ...mixedSample().document, startedAt: 'yesterday' }))
})

/** The same schema with nothing allowed beyond what it names: a field that was forgotten in it is found. */
function closed(node: unknown): unknown {
  if (Array.isArray(node)) return node.map(closed)
  if (typeof node !== 'object' || node === null) return node
  const copy = Object.fromEntries(
    Object.entries(node).map(([key, value]) => [
      key,
      key === '$id' ? `${String(value)}?closed` : closed(value),
    ]),
  )
  return 'properties' in copy ? { ...copy, additionalProperties: false } : copy
}
