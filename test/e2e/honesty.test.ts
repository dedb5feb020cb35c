import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import { isBalanced } from '../../core/plan/ledger.ts'
import type { ResultDocument } from '../../core/report/result.ts'
import { judgeRun } from '../../core/verdict/judge.ts'
import { startBreakwater, startDemoProcess } from '../kit/breakwater.ts'
import { type Ran, runSpec } from '../kit/cluster.ts'
import { startNginx } from '../kit/nginx.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

testWith('nginx')(
  'a generator that cannot send what was planned ends inconclusive with exit code 3, whatever was asked of the target',
  async (t) => {
    const nginx = await startNginx()
    t.teardown(nginx.remove)
    const folder = await makeTempDir()
    t.teardown(folder.remove)
    // Far more than one core can send; what is asked is what a slow target would break, and what one that has it easy would keep.
    const objectives = ['p95 < 20ms', 'error_rate < 1%', 'rate >= 99% of planned']
    const run = await startBreakwater([
      ...['run', nginx.url, '--rate', '300000', '--duration', '4s', '--threads', '1', '--quiet'],
      ...[
        '--out',
        join(folder.path, 'result'),
        ...objectives.flatMap((objective) => ['--objective', objective]),
      ],
    ])
    t.is(await run.ended, 3, run.output())
    const result = JSON.parse(
      await readFile(join(folder.path, 'result/result.json'), 'utf8'),
    ) as ResultDocument
    t.like(result, { verdict: 'inconclusive', exitCode: 3, ended: 'finished' })
    t.like(result.ledger, { planned: 1_200_000, balanced: true })
    t.true(result.ledger.skippedBy.late > 100_000)
    t.is((await nginx.accessLog()).length, result.requests.sent)
    t.deepEqual(
      result.objectives.map(({ that, result }) => [that, result]),
      objectives.map((objective) => [objective, 'unknown']),
    )
    t.deepEqual(
      result.validity.filter(({ rule, ok }) => !ok && rule.startsWith('generator')).map(({ rule }) => rule),
      ['generator-late', 'generator-short'],
    )
  },
)

test('a target that stalls under a healthy generator fails by its backlog', async (t) => {
  const demo = await startDemoProcess(['--service-time', '1ms', '--distribution', 'constant'])
  t.teardown(demo.stop)
  const ran = await runSpec({
    target: { url: demo.url },
    scenarios: [
      { name: 'browse', steps: [{ get: '/' }] },
      { name: 'stall', weight: 0, steps: [{ post: '/stall', query: { for: '2s' }, name: 'stall' }] },
    ],
    limits: { inFlight: 50 },
    load: [
      { phase: 'steady', rate: 300, duration: '6s' },
      { phase: 'stall', at: '2s', users: 1, iterations: 1, scenarios: { stall: 1 }, record: false },
    ],
    // A limit of 5 s lets the generator be late by 500 ms, as it may be on a busy machine.
    objectives: ['p50 < 5s'],
  })
  const { total } = ran.accounts
  t.true(isBalanced(total))
  t.is(total.skippedBy.late, 0)
  t.true(total.skippedBy.in_flight > 300)
  const judgement = judgeRun(ran.record, ran.accounts)
  t.is(judgement.verdict, 'fail', JSON.stringify([judgement.reasons, judgement.validity]))
  t.deepEqual(
    judgement.objectives.map(({ implied, result }) => [implied, result]),
    [
      [false, 'pass'],
      [true, 'fail'],
    ],
  )
})

testWith('nginx')(
  'an objective that aborts stops the whole cluster within two seconds, and fails the run',
  async (t) => {
    const nginx = await startNginx()
    t.teardown(nginx.remove)
    const ran = await runSpec(
      {
        target: { url: nginx.url },
        scenarios: [{ name: 'browse', steps: [{ get: '/status/503' }] }],
        load: [{ phase: 'steady', rate: 200, duration: '60s' }],
        objectives: [{ that: 'error_rate < 5%', over: '2s', abort: true, after: '2s' }],
      },
      { workers: 3 },
    )
    const { record, accounts } = ran
    t.is(record.ended, 'aborted')
    // The window ends at 2 s, is told by 3 s, and from the decision on there are two.
    const decidedAt = record.endingAt ?? Number.NaN
    t.true(decidedAt >= 2_000_000 && decidedAt < 5_000_000, `decided at ${decidedAt}`)
    t.true(record.endedAt - decidedAt < 2_000_000)
    balancedAfterTheEnd(t, ran)
    t.is((await nginx.accessLog()).length, accounts.requests.sent)
    const judgement = judgeRun(record, accounts)
    t.is(judgement.verdict, 'fail', judgement.reasons.join('\n'))
    t.regex(record.endedWhy ?? '', /error_rate/)
  },
)

testWith('nginx')(
  'Ctrl-C lets what is in flight finish, counts the rest as unstarted, and is inconclusive',
  async (t) => {
    const nginx = await startNginx()
    t.teardown(nginx.remove)
    const ran = await runSpec(
      {
        target: { url: nginx.url },
        scenarios: [{ name: 'browse', steps: [{ get: '/first' }, { think: '1s' }, { get: '/second' }] }],
        load: [{ phase: 'steady', rate: 100, duration: '60s' }],
        objectives: ['error_rate < 1%'],
      },
      {
        workers: 3,
        onConductor: (conductor) => {
          void until('arrivals have started', () => {
            const started = conductor.soFar()?.metrics.workers.flatMap(({ shards }) => shards) ?? []
            return started.reduce((sum, shard) => sum + shard.started, 0) > 100
          }).then(() => conductor.end('stop', 'interrupted', 'Ctrl-C'))
        },
      },
    )
    const { record, accounts } = ran
    t.is(record.ended, 'interrupted')
    balancedAfterTheEnd(t, ran)
    t.is(accounts.iterations.interrupted, 0)
    t.is(accounts.iterations.completed, accounts.total.started)
    const log = await nginx.accessLog()
    const seen = (path: string) => log.filter((request) => request.path === path).length
    t.deepEqual([seen('/first'), seen('/second')], [accounts.total.started, accounts.total.started])
    const judgement = judgeRun(record, accounts)
    t.is(judgement.verdict, 'inconclusive', judgement.reasons.join('\n'))
    t.like(judgement.objectives[0], { result: 'pass' })
  },
)

test('a target that breaks one objective and keeps another fails, and says which', async (t) => {
  const demo = await startDemoProcess([
    ...['--service-time', '20ms', '--distribution', 'constant', '--servers', '64'],
  ])
  t.teardown(demo.stop)
  const { record, accounts } = await runSpec({
    target: { url: demo.url },
    load: [{ phase: 'steady', rate: 150, duration: '2s' }],
    objectives: ['p50 < 15ms', 'p50 < 5s'],
  })
  const { verdict, objectives } = judgeRun(record, accounts)
  t.is(verdict, 'fail')
  t.deepEqual(
    objectives.map(({ result }) => result),
    ['fail', 'pass'],
  )
})

function balancedAfterTheEnd(t: ExecutionContext, { accounts, record }: Ran): void {
  const { total, iterations } = accounts
  t.true(isBalanced(total))
  t.is(total.lost, 0)
  t.true(total.unstarted > 0)
  t.is(total.planned, total.started + total.skipped + total.unstarted)
  t.is(iterations.completed + iterations.failed + iterations.interrupted, total.started)
  t.true(record.members.every(({ state }) => state === 'drained'))
}
