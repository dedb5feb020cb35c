import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { Distribution, MetricRow, ResultDocument } from '../../core/report/result.ts'
import { startDemoProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { runPython } from '../kit/python.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'

/** One run, checked as somebody would who has nothing but its files. */
const demo = await startDemoProcess(['--servers', '8', '--service-time', '2ms'])
const folder = await makeTempDir()
const document = await runOnce()

test.after.always(async () => {
  await demo.stop()
  await folder.remove()
})

async function runOnce(): Promise<ResultDocument> {
  const file = join(folder.path, 'test.yaml')
  await writeFile(
    file,
    `
apiVersion: breakwater.dev/v1
kind: LoadTest
metadata: { name: figures }
spec:
  target: { url: "${demo.url}" }
  detail: true
  scenarios:
    - name: browse
      weight: 70
      steps:
        - { get: /, name: home, check: { status: 200 } }
        - { get: /status/500, name: broken, onError: continue }
    - name: order
      weight: 30
      steps: [{ post: /, name: checkout }]
  load:
    - { phase: warm, rate: 20, duration: 1s, record: false }
    - { phase: ramp, rate: { from: 40, to: 101 }, duration: 2s }
    - { phase: stairs, rate: { steps: [{ rate: 100, for: 1s }, { rate: 33.3, for: 1s }] } }
    - { phase: beside, at: 2s, rate: 50, duration: 2s }
    - { phase: pay, at: 1s, users: 3, duration: 2s, pace: 20ms, scenarios: { order: 1 } }
    - { phase: smoke, users: 3, iterations: 10, maxDuration: 20s, scenarios: { order: 1 } }
  objectives:
    - p95 < 1s
    - p95(ok) < 1s
    - p90(browse/home@ramp) < 1s
    - mean(order) < 1s
    - max(@pay) < 1s
    - iteration_p50(browse) < 1s
    - ttfb_p50(browse/home) < 1s
    - error_rate(browse) < 60%
    - checks > 99%
    - rate > 1/s
    - rate(@stairs) > 1/s
`,
  )
  const out = join(folder.path, 'out')
  await breakwater(['run', file, '--workers', '3', '--threads', '1', '--out', out, '--quiet'])
  return JSON.parse(await readFile(join(out, 'result.json'), 'utf8')) as ResultDocument
}

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0)

function rows(wanted: Partial<MetricRow>): readonly MetricRow[] {
  const entries = Object.entries(wanted) as [keyof MetricRow, unknown][]
  return document.metrics.filter((row) => entries.every(([key, value]) => row[key] === value))
}

test('planned is what each shape integrates to, and everything was started', (t) => {
  t.deepEqual(document.phases.map(({ name, ledger }) => [name, ledger.planned, ledger.started]).slice(0, 4), [
    ['warm', 20, 20],
    ['ramp', 141, 141],
    ['stairs', 134, 134],
    ['beside', 100, 100],
  ])
  t.is(document.phases.at(-1)?.ledger.planned, 10)
  t.is(document.ledger.planned, sum(document.phases.map(({ ledger }) => ledger.planned)))
})

test('what the target received is what was sent', async (t) => {
  const { received } = await demo.stats()
  t.is(document.requests.sent, received)
})

test('metrics begin with the totals, and what a total counts is what its parts count', (t) => {
  t.deepEqual(
    document.metrics.slice(0, 2).map(({ scope, loop }) => [scope, loop]),
    [
      ['total', 'open'],
      ['total', 'closed'],
    ],
  )
  for (const total of rows({ scope: 'total' })) {
    const { loop } = total
    const recorded = document.phases.filter((phase) => phase.recorded && phase.kind === loop)
    t.deepEqual(
      rows({ scope: 'phase', loop }).map(({ phase }) => phase),
      recorded.map(({ name }) => name),
    )
    const perPhase = (scope: MetricRow['scope']) =>
      rows({ scope, loop }).filter(({ phase }) => phase !== null)
    for (const scope of ['scenario', 'step'] as const) {
      t.is(sum(rows({ scope, loop, phase: null }).map(({ count }) => count)), total.count)
      t.is(sum(perPhase(scope).map(({ count }) => count)), total.count)
    }
    t.is(sum(perPhase('phase').map(({ count }) => count)), total.count)
    const ended = sum(recorded.map(({ iterations }) => iterations.completed + iterations.failed))
    t.is(sum(perPhase('iteration').map(({ count }) => count)), ended)
  }
})

test('a total rate divides what ended inside the windows by their union', (t) => {
  const [total] = rows({ scope: 'total', loop: 'open' })
  const inWindows = rows({ scope: 'phase', loop: 'open' }).map(
    ({ phase, rate }) =>
      (rate * (document.phases.find(({ name }) => name === phase)?.durationMs ?? 0)) / 1000,
  )
  // ramp and stairs fill 1 s … 5 s, and `beside` lies within.
  t.is(Math.round((total?.rate ?? 0) * 4), Math.round(sum(inWindows)))
})

const worse = (of: (row: MetricRow) => number | null) =>
  Math.max(...rows({ scope: 'total' }).map((row) => of(row) ?? Number.NaN))

const expected: Readonly<Record<string, () => number | null | undefined>> = {
  'p95 < 1s': () => worse((row) => row.responseMs.p95),
  'p95(ok) < 1s': () => worse((row) => row.responseOkMs.p95),
  'p90(browse/home@ramp) < 1s': () => rows({ scope: 'step', step: 'home', phase: 'ramp' })[0]?.responseMs.p90,
  'max(@pay) < 1s': () => rows({ scope: 'phase', phase: 'pay' })[0]?.responseMs.max,
  'mean(order) < 1s': () =>
    Math.max(
      ...rows({ scope: 'scenario', scenario: 'order', phase: null }).map((row) => row.responseMs.mean ?? 0),
    ),
  'iteration_p50(browse) < 1s': () =>
    rows({ scope: 'iteration', scenario: 'browse', phase: null })[0]?.responseMs.p50,
  'ttfb_p50(browse/home) < 1s': () => rows({ scope: 'step', step: 'home', phase: null })[0]?.ttfbMs?.p50,
  'error_rate(browse) < 60%': () =>
    rows({ scope: 'scenario', scenario: 'browse', phase: null })[0]?.errorRate,
  'checks > 99%': () => 1,
  'rate > 1/s': () => Math.min(...rows({ scope: 'total' }).map(({ rate }) => rate)),
  'rate(@stairs) > 1/s': () => rows({ scope: 'phase', phase: 'stairs' })[0]?.rate,
}

for (const [that, value] of Object.entries(expected)) {
  test(`${that} is judged on the figure that the metrics show`, (t) => {
    const objective = document.objectives.find((one) => one.that === that)
    t.is(objective?.actual, value() ?? null)
    t.is(objective?.result, 'pass')
  })
}

/** Of each tag: the total, and by the definition (the sample of rank max(1, ⌈p·N/100⌉)) what percentiles, extremes and mean are. */
const reader = `
import json, math, sys
from fractions import Fraction
from hdrh.histogram import HdrHistogram
from hdrh.log import HistogramLogReader
new = lambda: HdrHistogram(1, 3600000000, 3)
sums = {}
log = HistogramLogReader(sys.argv[1], new())
while (interval := log.get_next_interval_histogram()) is not None:
    sums.setdefault(interval.tag, new()).add(interval)
def figures(h):
    n = h.get_total_count()
    def at(p):
        left = max(1, math.ceil(Fraction(p) * n / 100))
        for i in range(h.counts_len):
            left -= h.get_count_at_index(i)
            if left <= 0:
                return h.get_highest_equivalent_value(h.get_value_from_index(i)) / 1000
    return {"count": n, "min": h.get_lowest_equivalent_value(h.get_min_value()) / 1000, "max": at("100"), "mean": h.get_mean_value() / 1000,
            **{"p" + p.replace(".", ""): at(p) for p in ("50", "75", "90", "95", "99", "99.9")}}
print(json.dumps({tag: figures(h) for tag, h in sums.items()}))
`

testWith('python')('run.hlog, read by another language, has the figures of each step', async (t) => {
  const found = JSON.parse(
    await runPython(reader, { args: [join(folder.path, 'out/run.hlog')] }),
  ) as Readonly<Record<string, Distribution & { readonly count: number }>>
  const measured = rows({ scope: 'step' }).filter(({ phase, count }) => phase !== null && count > 0)
  t.is(Object.keys(found).length, measured.length)
  for (const { scenario, step, phase, count, responseMs } of measured) {
    const tag = `${scenario}/${step}_@${phase}`
    const { mean, ...exact } = found[tag] ?? { mean: null }
    const { mean: meanMs, ...others } = responseMs
    t.deepEqual(exact, { count, ...others }, tag)
    t.true(Math.abs((mean ?? 0) - (meanMs ?? 0)) < 1e-9 * (meanMs ?? 0), tag)
  }
})
