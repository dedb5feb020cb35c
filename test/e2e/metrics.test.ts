import { spawnSync } from 'node:child_process'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import { connect } from '@nats-io/transport-node'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import type { ResultDocument } from '../../core/report/result.ts'
import { responseBounds } from '../../core/telemetry/bounded-counts.ts'
import { busMetrics } from '../../core/telemetry/bus-metrics.ts'
import { controllerMetrics } from '../../core/telemetry/controller-metrics.ts'
import type { Metric } from '../../core/telemetry/metric.ts'
import { workerMetrics } from '../../core/telemetry/worker-metrics.ts'
import { startBreakwater, startDemoProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { specText } from '../kit/malformed-files.ts'
import { type ReadMetrics, scrape } from '../kit/metrics-page.ts'
import { startNats } from '../kit/nats.ts'
import { startPrometheus } from '../kit/prometheus.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith, tool } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnNats = testWith('nats-server')

async function startWatchedWorker(t: ExecutionContext, natsUrl: string, id: string) {
  const worker = await startBreakwater([
    ...['worker', '--nats', natsUrl, '--id', id, '--threads', '2', '--metrics', '127.0.0.1:0'],
  ])
  t.teardown(() => worker.stop('SIGKILL'))
  const url = await until(`${id} tells its URL`, () => /metrics at (\S+)/.exec(worker.output())?.[1])
  await until(`${id} is ready`, () => worker.output().includes('is ready'))
  return { url, read: () => scrape(url) }
}

async function place(t: ExecutionContext, load: string) {
  const [nats, demo, folder] = await Promise.all([
    startNats({ jetstream: false }),
    startDemoProcess(['--servers', '8', '--service-time', '1ms', '--error-rate', '10%', '--seed', '1']),
    makeTempDir(),
  ])
  t.teardown(async () => {
    await demo.stop()
    await nats.stop()
    await folder.remove()
  })
  const spec = join(folder.path, 'watched.yaml')
  const steps = '- name: browse\n  steps:\n    - { name: home, get: / }\n    - { name: fast, get: /fast }'
  await writeFile(spec, specText({ target: `url: ${demo.url}`, scenarios: steps, load }))
  const out = join(folder.path, 'out')
  return { nats, demo, spec, out }
}

testOnNats('what workers tell Prometheus of a run is what its result says', async (t) => {
  const { nats, spec, out } = await place(
    t,
    '- { phase: steady, rate: 100, duration: 3s }\n- { phase: users, users: 2, duration: 1s }',
  )
  const workers = [await startWatchedWorker(t, nats.url, 'w1'), await startWatchedWorker(t, nats.url, 'w2')]
  const idle = await (workers[0] as (typeof workers)[0]).read()
  t.is(idle.sum('breakwater_worker_state', { worker: 'w1', state: 'idle' }), 1)
  t.is(idle.sum('breakwater_worker_state'), 1)
  t.is(idle.sum('breakwater_nats_connected'), 1)

  const ended = await breakwater([
    ...['run', spec, '--nats', nats.url, '--workers', '2', '--quiet', '--out', out],
  ])
  t.true(ended.code === 0 || ended.code === 1, ended.stderr)
  const result = JSON.parse(await readFile(join(out, 'result.json'), 'utf8')) as ResultDocument
  const pages = await Promise.all(
    workers.map(({ read }) =>
      until('it is idle again', async () => {
        const page = await read()
        return page.sum('breakwater_worker_state', { state: 'idle' }) === 1 && page
      }),
    ),
  )
  const { run } = result
  const all = (name: string, labels: Readonly<Record<string, string>> = {}) =>
    pages.reduce(
      (sum, page: ReadMetrics) => sum + page.sum(`breakwater_worker_${name}`, { run, ...labels }),
      0,
    )

  t.is(all('iterations_started_total'), result.ledger.started)
  t.is(all('iterations_started_total', { phase: 'steady' }), 300)
  t.is(all('iterations_skipped_total'), result.ledger.skipped)
  t.is(all('iterations_ended_total', { outcome: 'completed' }), result.iterations.completed)
  t.is(all('iterations_ended_total', { outcome: 'failed' }), result.iterations.failed)
  t.is(all('iterations_in_flight'), 0)
  t.is(all('requests_attempted_total'), result.requests.attempted)
  t.is(all('requests_sent_total'), result.requests.sent)
  t.is(all('requests_total', { outcome: 'ok' }), result.requests.ok)
  t.is(all('requests_total', { outcome: 'failed' }), result.requests.failed)
  t.true(result.requests.failed > 0)
  t.deepEqual(
    Object.fromEntries(
      Object.keys(result.requests.errors).map((error) => [error, all('request_errors_total', { error })]),
    ),
    result.requests.errors,
  )
  const steps = result.metrics.filter(({ scope, phase }) => scope === 'step' && phase !== null)
  t.is(steps.length, 4)
  for (const { phase, step, count, errors, responseMs } of steps) {
    const labels = { phase: phase as string, scenario: 'browse', step: step as string }
    t.is(all('response_seconds_count', labels), count)
    t.is(all('response_seconds_count', { ...labels, outcome: 'failed' }), errors)
    t.is(all('step_errors_total', labels), errors)
    t.is(all('response_seconds_bucket', { ...labels, le: '+Inf' }), count)
    const mean = (1000 * all('response_seconds_sum', labels)) / count
    t.true(Math.abs(mean - (responseMs?.mean ?? 0)) < 0.01, `${mean} and ${responseMs?.mean}`)
  }
  t.is(all('snapshots_acknowledged_total'), result.merge.received)
  t.is(all('snapshots_unacknowledged'), 0)
  t.is(all('received_bytes_total'), total(result, 'bytesIn'))
  for (const page of pages) {
    t.deepEqual(
      page.lines
        .filter(({ name }) => name === 'breakwater_worker_thread_cpu_ratio')
        .map(({ labels }) => labels.thread)
        .sort(),
      ['0', '1'],
    )
    t.is(page.lines.filter(({ name }) => name === 'breakwater_worker_info').length, 1)
  }
})

testOnNats(
  'what the controlling process tells Prometheus at the end of a run is what its result says',
  async (t) => {
    const { nats, spec, out } = await place(
      t,
      '- { phase: steady, rate: 100, duration: 2s }\n- { phase: users, users: 2, duration: 1s }',
    )
    await startWatchedWorker(t, nats.url, 'w1')
    const controller = await startBreakwater([
      ...[
        'run',
        spec,
        '--nats',
        nats.url,
        '--workers',
        '1',
        '--quiet',
        '--out',
        out,
        '--metrics',
        '127.0.0.1:0',
      ],
    ])
    t.teardown(() => controller.stop('SIGKILL'))
    const url = await until('it tells its URL', () => /metrics at (\S+)/.exec(controller.output())?.[1])
    const pages: ReadMetrics[] = []
    while (controller.isRunning()) {
      const page = await scrape(url).catch(() => null)
      if (page !== null) pages.push(page)
      await sleep(10)
    }
    const running = pages.find((page) => page.sum('breakwater_controller_stage', { stage: 'running' }) === 1)
    t.is(running?.sum('breakwater_controller_members', { status: 'armed' }), 1)
    t.true((running?.sum('breakwater_controller_oldest_heartbeat_seconds') ?? 9) < 1.5)
    for (const [index, page] of pages.entries()) {
      const before = pages[index - 1]
      for (const { name, labels, value } of before?.lines ?? []) {
        if (name.startsWith('breakwater_') && name.endsWith('_total'))
          t.true(page.sum(name, labels) >= value, `${name} fell from ${value}`)
      }
    }
    const last = pages.findLast((page) => page.sum('breakwater_controller_stage', { stage: 'closed' }) === 1)
    const result = JSON.parse(await readFile(join(out, 'result.json'), 'utf8')) as ResultDocument
    const all = (name: string, labels: Readonly<Record<string, string>> = {}) =>
      last?.sum(`breakwater_controller_${name}`, labels)
    const [steady] = result.phases
    t.is(all('arrivals_planned', { phase: 'steady' }), steady?.ledger.planned)
    t.is(all('arrivals_unstarted', { phase: 'steady' }), steady?.ledger.unstarted)
    t.is(all('arrivals_lost', { phase: 'steady' }), steady?.ledger.lost)
    t.is(all('iterations_started_total'), result.ledger.started)
    t.is(all('iterations_skipped_total'), result.ledger.skipped)
    t.is(all('iterations_ended_total', { outcome: 'completed' }), result.iterations.completed)
    t.is(all('requests_sent_total'), result.requests.sent)
    t.is(all('requests_total', { outcome: 'ok' }), result.requests.ok)
    t.is(all('request_errors_total'), result.requests.failed)
    t.is(all('snapshots_total'), result.merge.received)
    t.is(all('snapshots_missing'), 0)
    t.is(
      all('response_seconds_count'),
      result.metrics.filter(({ scope }) => scope === 'total').reduce((sum, { count }) => sum + count, 0),
    )
    t.true((all('merge_seconds_total') ?? 0) > 0)
    t.is(last?.sum('breakwater_bus_messages_received_total', { kind: 'snapshot' }), result.merge.received)
    t.is(last?.sum('breakwater_bus_messages_dropped_total'), 0)
    t.deepEqual(result.messages, { dropped: 0, by: [] })
  },
)

testWith('nats-server', 'promtool')('promtool finds no fault in a page of metrics', async (t) => {
  const { nats, spec, out } = await place(t, '- { phase: steady, rate: 50, duration: 4s }')
  const { read } = await startWatchedWorker(t, nats.url, 'w1')
  const controller = await startBreakwater([
    ...[
      'run',
      spec,
      '--nats',
      nats.url,
      '--workers',
      '1',
      '--quiet',
      '--out',
      out,
      '--metrics',
      '127.0.0.1:0',
    ],
  ])
  t.teardown(() => controller.stop('SIGKILL'))
  const url = await until('it tells its URL', () => /metrics at (\S+)/.exec(controller.output())?.[1])
  const ofRun = await until('it has measured', async () => {
    const page = await scrape(url)
    return page.sum('breakwater_controller_response_seconds_count') > 0 && page
  })
  await controller.ended
  const ofWorker = await read()
  t.regex(ofWorker.text, /breakwater_worker_response_seconds_bucket\{[^}]*outcome="failed"/)
  for (const { text } of [ofWorker, ofRun]) expectSound(t, text)
})

function expectSound(t: ExecutionContext, text: string): void {
  const { status, stderr, stdout } = spawnSync(tool('promtool'), ['check', 'metrics'], {
    input: text,
    encoding: 'utf8',
  })
  t.is(status, 0, `${stdout}${stderr}`)
  t.is(`${stdout}${stderr}`, '')
}

testWith('nats-server', 'prometheus')(
  'a Prometheus that scrapes workers counts what they sent, sees their percentiles and fires an alert',
  async (t) => {
    const { nats, spec, out } = await place(t, '- { phase: steady, rate: 100, duration: 4s }')
    const workers = [await startWatchedWorker(t, nats.url, 'w1'), await startWatchedWorker(t, nats.url, 'w2')]
    const prometheus = await startPrometheus(workers.map(({ url }) => new URL(url).host))
    t.teardown(prometheus.stop)
    await until('both are scraped', async () => (await prometheus.value('sum(up)')) === 2)
    await breakwater(['run', spec, '--nats', nats.url, '--workers', '2', '--quiet', '--out', out])
    const { run, requests, metrics } = JSON.parse(
      await readFile(join(out, 'result.json'), 'utf8'),
    ) as ResultDocument
    const ofRun = `{run="${run}"}`
    await until('everything is scraped', async () => {
      return (await prometheus.value(`sum(breakwater_worker_requests_sent_total${ofRun})`)) === requests.sent
    })
    t.is(await prometheus.value(`sum(breakwater_worker_request_errors_total${ofRun})`), requests.failed)
    // Between the bounds on either side of what all buckets say.
    const p95 = (metrics[0]?.responseMs?.p95 ?? 0) / 1000
    const quantile = `histogram_quantile(0.95, sum by (le) (breakwater_worker_response_seconds_bucket${ofRun}))`
    const seen = (await prometheus.value(quantile)) ?? 0
    const above = responseBounds.seconds.find((bound) => bound >= p95 * 0.999) ?? 0
    const below = responseBounds.seconds.findLast((bound) => bound < p95 * 0.999) ?? 0
    t.true(below <= seen && seen <= above, `${seen} and ${p95}`)

    const stranger = await connect({ servers: nats.url })
    t.teardown(() => stranger.close())
    const alert = 'count(ALERTS{alertname="BreakwaterStrangerOnTheBus", alertstate="firing"})'
    t.is(await prometheus.value(alert), undefined)
    stranger.publish('bw.worker.w2.command', 'hello')
    await until('the alert fires', async () => (await prometheus.value(alert)) === 1, { withinMs: 30_000 })
  },
)

testOnNats('a worker that is cut off says so, stays alive, and tells how often it came back', async (t) => {
  const nats = await startNats({ jetstream: false })
  t.teardown(nats.stop)
  const { url, read } = await startWatchedWorker(t, nats.url, 'w1')
  const status = async (path: string) => (await fetch(new URL(path, url))).status
  t.deepEqual([await status('/healthz'), await status('/readyz')], [200, 200])
  await nats.kill()
  await until('it notices', async () => (await read()).sum('breakwater_nats_connected') === 0)
  t.deepEqual([await status('/healthz'), await status('/readyz')], [200, 503])
  await nats.restart()
  await until('it is back', async () => (await read()).sum('breakwater_nats_connected') === 1)
  t.is((await read()).sum('breakwater_nats_reconnects_total'), 1)
  t.is(await status('/readyz'), 200)
})

testWith('promtool')('the configuration and the alerts for Prometheus are sound', (t) => {
  const { status, stdout, stderr } = spawnSync(tool('promtool'), ['check', 'config', 'prometheus.yml'], {
    cwd: join(import.meta.dirname, '../../deploy/prometheus'),
    encoding: 'utf8',
  })
  t.is(status, 0, `${stdout}${stderr}`)
})

test('alerts ask for metrics that there are', async (t) => {
  const text = await readFile(join(import.meta.dirname, '../../deploy/prometheus/alerts.yml'), 'utf8')
  const known = new Set(
    [workerMetrics, controllerMetrics, busMetrics]
      .flatMap((all): readonly Metric[] => Object.values(all))
      .map(({ name }) => name),
  )
  const asked = [...text.matchAll(/breakwater_\w+/g)].map(([name]) => name.replace(/_bucket$/, ''))
  t.true(asked.length >= 6)
  for (const name of asked) t.true(known.has(name), name)
})

function total({ metrics }: ResultDocument, key: 'bytesIn' | 'bytesOut'): number {
  return metrics.filter(({ scope }) => scope === 'total').reduce((sum, metric) => sum + metric[key], 0)
}
