import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import type { ResultDocument } from '../../core/report/result.ts'
import { startBreakwater, startDemoProcess, startWorkerProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { specText } from '../kit/malformed-files.ts'
import { startNats } from '../kit/nats.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnNats = testWith('nats-server')

async function place(t: ExecutionContext) {
  const [nats, demo, folder] = await Promise.all([
    startNats({ jetstream: false }),
    startDemoProcess(['--servers', '8', '--service-time', '1ms']),
    makeTempDir(),
  ])
  const workers = [await startWorkerProcess(nats.url, 'w1'), await startWorkerProcess(nats.url, 'w2')]
  t.teardown(async () => {
    for (const worker of workers) await worker.stop('SIGKILL')
    await demo.stop()
    await nats.stop()
    await folder.remove()
  })
  const spec = join(folder.path, 'long.yaml')
  await writeFile(
    spec,
    specText({ target: `url: ${demo.url}`, load: '- { phase: steady, rate: 100, duration: 60s }' }),
  )
  const ask = async (...words: readonly string[]) => {
    const ended = await breakwater([...words, '--nats', nats.url, '--json'])
    return { ...ended, document: JSON.parse(ended.stdout) }
  }
  const out = join(folder.path, 'out')
  const start = () =>
    startBreakwater(['run', spec, '--nats', nats.url, '--workers', '2', '--quiet', '--out', out])
  return { nats, demo, out, ask, start }
}

testOnNats('a run is seen and stopped from anywhere, and ends in order', async (t) => {
  const { demo, out, ask, start, nats } = await place(t)
  t.deepEqual((await ask('ls')).document, { runs: [] })
  const idle = await ask('workers')
  t.like(idle.document, {
    workers: [
      { id: 'w1', state: 'idle', run: null },
      { id: 'w2', state: 'idle', run: null },
    ],
  })
  // What it can do is known where the machine was calibrated.
  const { capacity: _, ...told } = idle.document.workers[0]
  t.deepEqual(Object.keys(told).sort(), [
    ...['heardMsAgo', 'host', 'id', 'incarnation', 'labels', 'pid', 'run', 'state', 'threads', 'version'],
    'vitals',
  ])
  const run = await start()
  t.teardown(() => run.stop('SIGKILL'))
  await until('the load is there', async () => (await demo.stats()).received > 50, { withinMs: 30_000 })
  const [listed] = (await ask('ls')).document.runs
  const busy = (await ask('workers')).document.workers
  t.deepEqual(
    busy.map(({ state, run }: { state: string; run: string }) => [state, run]),
    [
      ['running', listed.run],
      ['running', listed.run],
    ],
  )
  const shown = await ask('show', 'latest')
  t.like(shown.document, {
    run: listed.run,
    stage: 'running',
    planned: 6_000,
    lengthMs: 60_000,
    ending: null,
  })
  t.true(shown.document.started > 0 && shown.document.started < 6_000)
  const text = await breakwater(['show', listed.run, '--nats', nats.url])
  t.regex(text.stdout, /running, .* of 1 min[\s\S]*w1 \(running\), w2 \(running\)[\s\S]*6,000 planned/)
  const watching = await startBreakwater(['watch', 'latest', '--nats', nats.url])
  t.teardown(() => watching.stop('SIGKILL'))
  await until('it is watched', () => /run 01\w+ · running/.test(watching.output()))
  const stopped = await ask('stop', 'latest')
  t.is(stopped.code, 0)
  t.like(stopped.document, { run: listed.run, ending: { how: 'stopped' } })
  t.is(await run.ended, 3)
  const result = JSON.parse(await readFile(join(out, 'result.json'), 'utf8')) as ResultDocument
  t.like(result, { run: listed.run, ended: 'stopped', verdict: 'inconclusive', merge: { missing: 0 } })
  t.true(result.ledger.balanced && result.ledger.unstarted > 4_000)
  t.is(result.requests.sent, (await demo.stats()).received)
  t.true(
    result.reasons.some((reason) => /@.* stopped it/.test(reason)),
    result.reasons.join(' '),
  )
  t.is(await watching.ended, 0)
  t.regex(watching.output(), /run 01\w+ is (over|not under control any more)/)
  const over = await ask('stop', listed.run)
  t.is(over.code, 2)
  t.like(over.document, { error: { code: 'unknown-run' } })
  t.regex(over.document.error.hint, /--resume/)
})

for (const command of [
  ...['workers', 'ls', 'show latest', 'watch latest', 'stop latest', 'halt', 'unhalt'],
  'steer latest --rate-factor 2',
]) {
  test(`${command} without a NATS server says which one to name`, async (t) => {
    const { code, stdout } = await breakwater([...command.split(' '), '--json'])
    t.is(code, 2)
    t.like(JSON.parse(stdout), { error: { code: 'usage' } })
    t.regex(stdout, new RegExp(`breakwater ${command} --nats`))
  })
}
