import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import { logEvents } from '../../core/telemetry/log-event.ts'
import { startBreakwater, startDemoProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { specText } from '../kit/malformed-files.ts'
import { startNats } from '../kit/nats.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnNats = testWith('nats-server')
const secret = 'tr0ub4dor-and-3'

interface Line {
  readonly level: string
  readonly time: string
  readonly event: string
  readonly msg: string
  readonly [field: string]: unknown
}

/** Every line is a document, or this throws. */
function linesOf(text: string): readonly Line[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as Line)
}

function expectSound(t: ExecutionContext, lines: readonly Line[], role: string): void {
  t.true(lines.length > 0)
  for (const line of lines) {
    t.regex(line.time, /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/)
    t.true(['debug', 'info', 'warn', 'error'].includes(line.level), JSON.stringify(line))
    t.true(Object.hasOwn(logEvents, line.event), line.event)
    t.is(line.role, role)
    t.is(typeof line.msg, 'string')
  }
}

async function place(t: ExecutionContext) {
  const [nats, demo, folder] = await Promise.all([
    startNats({ jetstream: false }),
    startDemoProcess(['--servers', '8', '--service-time', '1ms']),
    makeTempDir(),
  ])
  t.teardown(async () => {
    await demo.stop()
    await nats.stop()
    await folder.remove()
  })
  const spec = join(folder.path, 'logged.yaml')
  await writeFile(
    spec,
    specText({
      target: `url: ${demo.url}`,
      scenarios: `- name: browse\n  steps:\n    - get: /fast\n      headers: { x-key: "\${key}" }`,
      variables: 'key: { secret: shop, key: key }',
      load: '- { phase: steady, rate: 20, duration: 2s }',
    }),
  )
  return { nats, spec, out: join(folder.path, 'out') }
}

testOnNats('a worker and the controlling process log for machines, with run, worker and epoch', async (t) => {
  const { nats, spec, out } = await place(t)
  const worker = await startBreakwater(
    ['worker', '--nats', nats.url, '--id', 'w1', '--threads', '1', '--json', '--log-level', 'debug'],
    { BREAKWATER_LOG_FORMAT: 'json' },
  )
  t.teardown(() => worker.stop('SIGKILL'))
  await until('it is ready', () => worker.output().includes('"event":"ready"'))
  const run = await breakwater(
    [
      ...['run', spec, '--nats', nats.url, '--workers', '1', '--out', out, '--json'],
      ...['--log-format', 'json', '--log-level', 'debug'],
    ],
    { env: { BREAKWATER_SECRET_SHOP_KEY: secret } },
  )
  t.is(run.code, 0, run.stderr)
  const { run: id } = JSON.parse(run.stdout)
  const said = linesOf(run.stderr)
  expectSound(t, said, 'controller')
  const events = said.map(({ event }) => event)
  for (const event of ['gathering', 'preparing', 'clock', 'armed', 'started', 'ended']) {
    t.true(events.includes(event), `${event} in ${events.join(', ')}`)
  }
  t.like(
    said.find(({ event }) => event === 'ended'),
    { level: 'debug', run: id, epoch: 1, how: 'finished' },
  )

  await until('it has left', async () => {
    await worker.stop('SIGTERM')
    return !worker.isRunning()
  })
  const text = worker.output()
  const own = linesOf(
    text
      .split('\n')
      .filter((line) => line.startsWith('{"level"'))
      .join('\n'),
  )
  expectSound(t, own, 'worker')
  t.true(own.every((line) => line.worker === 'w1'))
  t.like(
    own.find(({ event }) => event === 'prepare'),
    { run: id },
  )
  t.like(
    own.find(({ event }) => event === 'release'),
    { level: 'info', run: id, epoch: 1 },
  )
  t.deepEqual(own.map(({ event }) => event).slice(-2), ['signal', 'left'])
  t.false(`${text}${run.stderr}`.includes(secret))
})

testOnNats('what a machine is told of an error holds its code, and no secret', async (t) => {
  const { spec } = await place(t)
  const { code, stdout, stderr } = await breakwater(
    ['run', spec, '--nats', 'nats://127.0.0.1:1', '--json', '--log-format=json'],
    { env: { BREAKWATER_SECRET_SHOP_KEY: secret } },
  )
  t.is(code, 2)
  t.is(JSON.parse(stdout).error.code, 'bus-unreachable')
  t.like(linesOf(stderr).at(-1), { level: 'error', event: 'failed', code: 'bus-unreachable' })
})

test('a secret in a text or deep in a field is redacted', async (t) => {
  const { spec } = await place(t)
  // The name of a file that is not there holds it by accident.
  const { code, stderr } = await breakwater(
    ['run', spec, '--log-format', 'json', '--out', `/proc/${secret}/nowhere`],
    { env: { BREAKWATER_SECRET_SHOP_KEY: secret } },
  )
  t.is(code, 2)
  t.false(stderr.includes(secret), stderr)
  t.regex(linesOf(stderr).at(-1)?.msg ?? '', /\*\*\*/)
})

test('below the level that is asked for nothing is told, for people and for machines', async (t) => {
  const { spec, out } = await place(t)
  for (const format of ['text', 'json']) {
    const { code, stderr } = await breakwater(
      ['run', spec, '--out', `${out}-${format}`, '--log-format', format, '--log-level', 'error'],
      { env: { BREAKWATER_SECRET_SHOP_KEY: secret } },
    )
    t.is(code, 0, stderr)
    t.is(stderr, '')
  }
})

for (const { args, env, says } of [
  { args: ['--log-format', 'xml'], env: {}, says: /text, json/ },
  { args: ['--log-level', 'loud'], env: {}, says: /debug, info, warn, error/ },
  {
    args: [],
    env: { BREAKWATER_LOG_FORMAT: 'xml' },
    says: /BREAKWATER_LOG_FORMAT=xml cannot be read[\s\S]*text, json/,
  },
  { args: [], env: { BREAKWATER_LOG_LEVEL: 'loud' }, says: /BREAKWATER_LOG_LEVEL=loud/ },
  { args: ['--metrics', 'here'], env: {}, says: /HOST:PORT/ },
  { args: [], env: { BREAKWATER_METRICS: 'here' }, says: /BREAKWATER_METRICS=here cannot be read/ },
  {
    args: ['--metrics', '192.0.2.1:9'],
    env: {},
    says: /cannot be served at 192\.0\.2\.1:9 \(EADDRNOTAVAIL\)/,
  },
]) {
  test(`${[...args, ...Object.entries(env).flat()].join(' ')} is refused with what to write instead`, async (t) => {
    const { spec, out } = await place(t)
    const { code, stderr } = await breakwater(['run', spec, '--out', out, ...args], {
      env: { BREAKWATER_SECRET_SHOP_KEY: secret, ...env },
    })
    t.is(code, 2, stderr)
    t.regex(stderr, says)
  })
}
