import { buildResult } from '../../core/report/build-result.ts'
import type { ObjectiveResult, ResultDocument, ValidityResult } from '../../core/report/result.ts'
import type { Judgement } from '../../core/verdict/judge.ts'
import type { RunRecord } from '../../core/verdict/run-record.ts'
import { httpGet, loadTest, scenario } from './load-test.ts'
import { closedPhase, constantPhase, openPhase } from './phases.ts'
import { accountsOf } from './run-record.ts'
import { type SimulatedAnswer, type SimulatedRequest, type Simulation, simulateRun } from './simulated-run.ts'

export interface ReportSample {
  readonly record: RunRecord
  readonly document: ResultDocument
}

export const shop = loadTest({
  scenarios: [
    scenario({ name: 'browse', weight: 3, steps: [httpGet('/'), httpGet('/products')] }),
    scenario({ name: 'checkout', weight: 1, steps: [httpGet('/cart', { name: 'POST /cart' })] }),
  ],
  load: [
    constantPhase(10, 2000, { name: 'warmup', record: false }),
    openPhase(
      [
        [0, 20],
        [6000, 60],
      ],
      { name: 'ramp' },
    ),
    constantPhase(60, 4000, { name: 'steady' }),
  ],
})

/** An outage of two seconds amid a ramp: errors, a backlog, a broken objective. */
export function failedSample(): ReportSample {
  return reportSample(
    {
      test: shop,
      workers: 2,
      answer: failing,
      skip: (atS) => (atS > 7 && atS < 7.1 ? 'in_flight' : null),
      pacerLagMs: (atS) => (atS > 5 ? 0.9 : 0.2),
    },
    {
      verdict: 'fail',
      reasons: [
        '2 of 4 objectives hold; error_rate is 9.4 %, limit 1 %.',
        'Backlog: 5 arrivals of phase ramp were skipped because too much work was in flight.',
      ],
      objectives: [
        objective({ that: 'p95 < 400ms', actual: 118.4, limit: 400 }),
        objective({ that: 'p99(ok) < 200ms', actual: 190, worst: 212.5, limit: 200, result: 'unknown' }),
        objective({ that: 'error_rate < 1%', actual: 0.094, limit: 0.01, unit: 'ratio', result: 'fail' }),
        objective({
          that: 'backlog <= 0.1%',
          actual: 0.009,
          limit: 0.001,
          unit: 'ratio',
          result: 'fail',
          implied: true,
        }),
      ],
      warnings: ['Worker w2 was above 80 % CPU for 12 s: add a worker.'],
    },
  )
}

/** An open and a closed phase side by side, all well. */
export function mixedSample(): ReportSample {
  const test = loadTest({
    name: 'both loops',
    scenarios: shop.scenarios,
    load: [
      constantPhase(30, 6000, { name: 'traffic' }),
      closedPhase({
        name: 'pay',
        atMs: 1000,
        durationMs: 3000,
        mix: { checkout: 1 },
        users: { from: 2, to: 2, overMs: 0 },
      }),
    ],
  })
  return reportSample(
    { test, answer: ({ chance }) => ({ serviceMs: 20 + 60 * chance() ** 4 }) },
    {
      verdict: 'pass',
      reasons: ['The objective holds: p95 is 71 ms, limit 400 ms.'],
      objectives: [objective({ that: 'p95 < 400ms', actual: 71, limit: 400 })],
    },
  )
}

/** Nothing could be started. */
export function emptySample(): ReportSample {
  return reportSample(
    { test: loadTest({ name: 'nothing answered' }), skip: () => 'in_flight' },
    {
      verdict: 'inconclusive',
      reasons: ['Nothing was measured.'],
      objectives: [
        objective({
          that: 'p95 < 400ms',
          actual: null,
          best: null,
          worst: null,
          limit: 400,
          result: 'unknown',
        }),
      ],
    },
  )
}

export const hostileName = '"><script>alert(1)</script>\u0000\u001b[31m\u202e|`@everyone'

/** Every text that comes from a file or a target wants to be more than text. */
export function hostileSample(): ReportSample {
  const test = loadTest({
    name: '<script>alert(1)</script>',
    labels: { '<b onclick="alert(1)">': hostileName },
    scenarios: [scenario({ name: '<script>', steps: [httpGet('/', { name: hostileName })] })],
    load: [
      constantPhase(20, 2000, { name: '<img src=x onerror=alert(1)>' }),
      constantPhase(20, 2000, { name: hostileName }),
    ],
  })
  return reportSample(
    { test, answer: ({ chance }) => (chance() < 0.3 ? failure('status_5xx', 4) : { serviceMs: 4 }) },
    {
      verdict: 'fail',
      reasons: [hostileName, hostileName],
      objectives: [
        objective({ that: hostileName, actual: 3, limit: 2, result: 'fail', message: hostileName }),
      ],
      warnings: [hostileName],
    },
  )
}

export function reportSample(simulation: Simulation, judgement: Partial<Judgement> = {}): ReportSample {
  const record = simulateRun(simulation)
  const document = buildResult({
    record,
    accounts: accountsOf(record),
    judgement: {
      verdict: 'pass',
      reasons: ['The run finished; it states no objectives, so nothing was judged.'],
      objectives: [],
      validity: sound,
      warnings: [],
      ...judgement,
    },
    exitCode: 0,
    specDigest: `sha256:${'0123456789abcdef'.repeat(4)}`,
    environment: {
      breakwater: '0.1.0',
      node: '24.12.0',
      platform: 'linux x64',
      cpus: 4,
      memoryBytes: 8 * 2 ** 30,
      target: 'http://shop.test',
      transport: 'undici',
    },
    reproduce: ['breakwater run shop.yaml --seed 1 --workers 2'],
  })
  return { record, document }
}

export function objective(overrides: Partial<ObjectiveResult>): ObjectiveResult {
  const actual = overrides.actual === undefined ? 100 : overrides.actual
  return {
    that: 'p95 < 200ms',
    result: 'pass',
    actual,
    best: actual,
    worst: actual,
    limit: 200,
    unit: 'ms',
    implied: false,
    message: 'As it was measured.',
    evidence: { series: 'open total', count: 1200, window: null, unknownRequests: 0 },
    ...overrides,
  }
}

export const sound: readonly ValidityResult[] = [
  rule('generator-late', 0.9, 20, 'ms', 'The pacer was in time.'),
  rule('generator-short', 0, 0.01, 'ratio', 'Every planned arrival reached the target.'),
  rule('samples', 1200, 299, 'samples', 'Every percentile has enough samples.'),
  rule('missing-data', 0, 0, 'snapshots', 'All snapshots arrived.'),
  rule('clock', 0.1, 50, 'ms', 'The clocks agree.'),
  rule('health', 0.2, 0.8, 'ratio', 'No thread was above 80 % of its share.'),
]

function rule(
  name: ValidityResult['rule'],
  actual: number,
  limit: number,
  unit: string,
  message: string,
): ValidityResult {
  return { rule: name, ok: true, actual, limit, unit, message }
}

function failing({ atS, chance }: SimulatedRequest): SimulatedAnswer {
  const luck = chance()
  if (atS > 6 && atS < 8 && luck < 0.5) {
    return luck < 0.4 ? failure('status_5xx', 3) : failure('timeout', 2000)
  }
  return { serviceMs: 20 + 100 * chance() ** 3 }
}

function failure(error: 'status_5xx' | 'timeout', serviceMs: number): SimulatedAnswer {
  return { serviceMs, error }
}
