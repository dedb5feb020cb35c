import test from 'ava'
import type { Json } from '../../../../core/spec/load-test.ts'
import { judgeRun } from '../../../../core/verdict/judge.ts'
import { matchesGolden } from '../../../kit/golden.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'
import { accountsOf, type Fate, type RunSketch, runRecord } from '../../../kit/run-record.ts'

const load: Json = [{ phase: 'spike', rate: 100, duration: '20s' }]
const scenarios: Json = [{ name: 'order', steps: [{ get: '/cart' }, { post: '/pay', name: 'checkout' }] }]
const objectives: Json = [
  'p99(order/checkout) < 500ms',
  'p95 < 1s',
  { that: 'error_rate < 5%', over: '5s' },
  'rate >= 98% of planned',
]
const slow = (n: number): Fate => (n % 40 === 0 ? { ms: 812 } : { ms: 20 })
const cluster = ['w1', 'w2', 'w3', 'w4'].map((id) => ({ id }))

const runs: Readonly<Record<string, Omit<RunSketch, 'test'>>> = {
  'all well': {},
  'a slow step': { fate: slow },
  'errors for three seconds': {
    fate: (n) =>
      n >= 700 && n < 1000 ? { ms: 20, error: n % 3 === 0 ? 'timeout' : 'status_5xx' } : { ms: 20 },
  },
  'a target that does not keep up': { fate: (n) => (n > 1500 ? 'in_flight' : { ms: 20 }) },
  'a late generator': { fate: slow, pacerLagMs: (second) => (second >= 8 && second < 13 ? 70 : 0.2) },
  'an overloaded generator': {
    fate: (n) => (n > 500 && n % 4 !== 0 ? 'late' : { ms: 700 }),
    pacerLagMs: () => 600,
    workers: [{ id: 'w1', cpu: () => 0.99, loopDelayMs: () => 35 }],
  },
  'a worker lost for a moment': {
    workers: [...cluster, { id: 'w5', died: { lastWordS: 9, lostAtS: 9.4 } }],
  },
  'a worker lost for long': { workers: [...cluster, { id: 'w5', died: { lastWordS: 9, lostAtS: 13 } }] },
  'work that the drain cut off': { fate: (n) => (n % 50 === 0 ? 'hangs' : { ms: 20 }) },
  'Ctrl-C': {
    fate: (n) => (n >= 830 ? 'unstarted' : { ms: 20 }),
    record: { ended: 'interrupted', endedWhy: 'Ctrl-C', endingAt: 8_300_000 },
  },
  'too near to tell, strictly': {
    fate: (n) => (n % 100 < 1 ? { ms: 812 } : { ms: 20 }),
    record: { strict: true },
  },
}

test('reasons and warnings are sentences for a person under pressure', async (t) => {
  const texts = Object.entries(runs).map(([name, sketch]) => {
    const record = runRecord({ test: parsedTest({ scenarios, load, objectives }), ...sketch })
    const { verdict, reasons, warnings } = judgeRun(record, accountsOf(record))
    return [
      `# ${name}: ${verdict}`,
      ...reasons.map((reason) => `- ${reason}`),
      ...warnings.map((warning) => `! ${warning}`),
    ].join('\n')
  })
  await matchesGolden(t, 'verdict/reasons.txt', `${texts.join('\n\n')}\n`)
})
