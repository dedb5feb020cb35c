import test from 'ava'
import fc from 'fast-check'
import { renderIssues } from '../../../../core/spec/issue-text.ts'
import type { Objective } from '../../../../core/spec/load-test.ts'
import { readRule } from '../../../../core/spec/objective-rule.ts'
import { describeObjective } from '../../../../core/spec/objective-words.ts'
import { parseLoadTestText } from '../../../../core/spec/parse.ts'
import { specText } from '../../../kit/malformed-files.ts'

function objective(yaml: string): Objective {
  const parsed = parseLoadTestText(
    specText({
      scenarios: [
        '- { name: browse, steps: [ { get: /api/products }, { get: /, name: "a,b" } ] }',
        '- { name: checkout, onStart: [ { post: /login, name: login } ], steps: [ { post: /pay, name: pay } ] }',
        '- { name: "odd/name", steps: [ { get: / } ] }',
      ].join('\n'),
      load: '- { phase: steady, rate: 1, duration: 1s }\n- { phase: "spike, 2", rate: 1, duration: 1s }',
      detail: 'true',
      objectives: `- ${yaml}`,
    }),
  )
  if (!parsed.ok) throw new Error(renderIssues(parsed.issues, 'test.yaml'))
  const [only] = parsed.value.objectives
  if (only === undefined) throw new Error('no objective')
  return only
}

const all = { ok: false, scenario: null, name: null, phase: null }
const response = (p: number) => ({ kind: 'percentile', p, of: 'response' })

const rules: readonly (readonly [yaml: string, that: string, normal: object, words: string])[] = [
  [
    'p95<1s',
    'p95 < 1s',
    {
      metric: response(95),
      selector: all,
      op: '<',
      limit: { unit: 'ms', value: 1000 },
      overMs: null,
      abort: false,
      afterMs: 0,
      afterGiven: false,
    },
    '95th percentile of the response time below 1 s',
  ],
  [
    '"  p99.9 ( checkout / pay @ steady ,  ok )   <=   800ms "',
    'p99.9(checkout/pay@steady,ok) <= 800ms',
    {
      metric: response(99.9),
      selector: { ok: true, scenario: 'checkout', name: 'pay', phase: 'steady' },
      op: '<=',
      limit: { unit: 'ms', value: 800 },
    },
    '99.9th percentile of the response time of good responses of checkout/pay in steady at most 800 ms',
  ],
  [
    'p95(ok) < 500ms',
    'p95(ok) < 500ms',
    { selector: { ...all, ok: true } },
    '95th percentile of the response time of good responses below 500 ms',
  ],
  [
    'mean(@steady) < 1s',
    'mean(@steady) < 1s',
    { metric: { kind: 'mean' }, selector: { ...all, phase: 'steady' } },
    'mean time of responses in steady below 1 s',
  ],
  [
    'max(browse,ok) < 2m',
    'max(browse,ok) < 2m',
    { selector: { ...all, ok: true, scenario: 'browse' } },
    'longest time of good responses of browse below 2 min',
  ],
  [
    'p50(browse/GET /api/products) < 1s',
    'p50(browse/GET /api/products) < 1s',
    { selector: { ...all, scenario: 'browse', name: 'GET /api/products' } },
    'median of the response time of browse/GET /api/products below 1 s',
  ],
  [
    `'p95(browse/"a,b"@"spike, 2") < 1s'`,
    'p95(browse/"a,b"@"spike, 2") < 1s',
    { selector: { ...all, scenario: 'browse', name: 'a,b', phase: 'spike, 2' } },
    '95th percentile of the response time of browse/a,b in spike, 2 below 1 s',
  ],
  [
    `'p95("odd/name") < 1s'`,
    'p95("odd/name") < 1s',
    { selector: { ...all, scenario: 'odd/name' } },
    '95th percentile of the response time of odd/name below 1 s',
  ],
  [
    'p95(checkout/login) < 1s',
    'p95(checkout/login) < 1s',
    { selector: { ...all, scenario: 'checkout', name: 'login' } },
    '95th percentile of the response time of checkout/login below 1 s',
  ],
  [
    'error_rate < 0.5%',
    'error_rate < 0.5%',
    { metric: { kind: 'error_rate' }, limit: { unit: 'ratio', value: 0.005 } },
    'share of failed requests below 0.5 %',
  ],
  [
    'checks(browse) > 99%',
    'checks(browse) > 99%',
    { metric: { kind: 'checks' }, op: '>', limit: { unit: 'ratio', value: 0.99 } },
    'share of passed checks of browse above 99 %',
  ],
  [
    'rate >= 98%   of   planned',
    'rate >= 98% of planned',
    { metric: { kind: 'rate' }, op: '>=', limit: { unit: 'of planned', value: 0.98 } },
    'rate at least 98 % of planned',
  ],
  [
    'rate(browse) > 100/s',
    'rate(browse) > 100/s',
    { limit: { unit: '/s', value: 100 } },
    'rate of browse above 100/s',
  ],
  ['rate > 100', 'rate > 100', { limit: { unit: '/s', value: 100 } }, 'rate above 100/s'],
  [
    'iteration_p95(checkout) < 10s',
    'iteration_p95(checkout) < 10s',
    { metric: { kind: 'percentile', p: 95, of: 'iteration' } },
    '95th percentile of the duration of iterations of checkout below 10 s',
  ],
  [
    'ttfb_p95 < 1s',
    'ttfb_p95 < 1s',
    { metric: { kind: 'percentile', p: 95, of: 'ttfb' } },
    '95th percentile of the time to the first byte below 1 s',
  ],
  [
    '{ that: "error_rate < 5%", over: 10s, abort: true, after: 15s }',
    'error_rate < 5%',
    { overMs: 10_000, abort: true, afterMs: 15_000, afterGiven: true },
    'share of failed requests below 5 %, in every window of 10 s, from 15 s on, or the run is aborted',
  ],
  [
    '{ that: "error_rate < 5%", abort: true }',
    'error_rate < 5%',
    { overMs: null, abort: true, afterMs: 10_000, afterGiven: false },
    'share of failed requests below 5 %, from 10 s on, or the run is aborted',
  ],
]

for (const [yaml, that, normal, words] of rules) {
  test(`the objective ${yaml} is read and described`, (t) => {
    const read = objective(yaml)
    t.is(read.that, that)
    t.like(read, normal)
    t.is(describeObjective(read), words)
  })
}

test('a rule made even is read again as the same rule', (t) => {
  for (const [yaml] of rules) {
    const { that } = objective(yaml)
    t.like(readRule(that), { ok: true, rule: { that } })
  }
})

const refused = [
  ['', 'wrong-objective'],
  ['< 1s', 'wrong-objective'],
  ['p95', 'wrong-objective'],
  ['p95 = 1s', 'wrong-objective'],
  ['p95(browse < 1s', 'wrong-objective'],
  ['p95() < 1s', 'wrong-objective'],
  ['p95(browse/) < 1s', 'wrong-objective'],
  ['p95(browse@) < 1s', 'wrong-objective'],
  ['p95(browse,good) < 1s', 'wrong-objective'],
  ['p95("browse) < 1s', 'wrong-objective'],
  ['p95 < 1', 'wrong-unit'],
  ['p95 < 1%', 'wrong-unit'],
  ['p95 < 0s', 'out-of-range'],
  ['error_rate < 0.01', 'wrong-unit'],
  ['error_rate < 101%', 'out-of-range'],
  ['rate > 98%', 'wrong-unit'],
  ['rate > 1s', 'wrong-unit'],
  ['p49 < 1s', 'out-of-range'],
  ['p99.99 < 1s', 'out-of-range'],
  ['latency < 1s', 'unknown-metric'],
  ['eror_rate < 1%', 'unknown-metric'],
  ['error_rate(ok) < 1%', 'conflict'],
  ['iteration_p95(a,ok) < 1s', 'conflict'],
  ['iteration_p95(a/b) < 1s', 'conflict'],
  ['rate(a/b) > 98% of planned', 'conflict'],
] as const

for (const [rule, code] of refused) {
  test(`the objective \`${rule}\` is refused as ${code}`, (t) => {
    t.like(readRule(rule), { ok: false, code })
  })
}

test('a step named without its scenario is told where it belongs', (t) => {
  const parsed = parseLoadTestText(
    specText({ scenarios: '- { name: a, steps: [ { get: /, name: pay } ] }', objectives: '- p95(pay) < 1s' }),
  )
  t.like(parsed, { ok: false, issues: [{ hint: 'It is a step of `a`: write a/pay.' }] })
})

test('quoted names may be any text, and the rule made even names them again', (t) => {
  const name = fc.string({ unit: fc.constantFrom(...'a1/@,()"\'\\ ok\n$') })
  const quoted = (text: string) => `"${text.replace(/["\\]/g, '\\$&')}"`
  fc.assert(
    fc.property(name, name, name, fc.boolean(), (scenario, step, phase, ok) => {
      const read = readRule(
        `p95(${quoted(scenario)}/${quoted(step)}@${quoted(phase)}${ok ? ',ok' : ''}) < 1s`,
      )
      t.like(read, { ok: true, rule: { scope: [scenario, step], phase, ok } })
      if (read.ok) t.deepEqual(readRule(read.rule.that), read)
    }),
  )
})

test('any text is a rule, which made even is read again as itself, or refused', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: fc.constantFrom(...'p95(a/b@c,ok)"\' <>=1s%/\\') }), (text) => {
      for (const rule of [text, `p95(${text}) < 1s`]) {
        const read = readRule(rule)
        t.true(!read.ok || readRule(read.rule.that).ok)
      }
    }),
  )
})
