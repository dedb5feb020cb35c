import { readdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { startBreakwater, startDemoProcess, startWorkerProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { specText } from '../kit/malformed-files.ts'
import { startNats } from '../kit/nats.ts'
import { makeTempDir, type TempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnNats = testWith('nats-server')

async function place(
  t: ExecutionContext,
): Promise<{ readonly nats: string; readonly url: string; readonly folder: TempDir }> {
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
  return { nats: nats.url, url: demo.url, folder }
}

testOnNats('workers started anywhere serve a run, and leave on SIGTERM with exit code 0', async (t) => {
  const { nats, url, folder } = await place(t)
  const workers = await Promise.all(['a1', 'a2', 'a3'].map((id) => startWorkerProcess(nats, id)))
  const file = join(folder.path, 'test.yaml')
  await writeFile(
    file,
    specText({ target: `url: ${url}`, load: '- { phase: steady, rate: 60, duration: 2s }' }),
  )
  const { code, stdout, stderr } = await breakwater(
    ['run', file, '--json', '--out', join(folder.path, 'out')],
    {
      // The environment will do; flags would win.
      env: { BREAKWATER_NATS_URL: nats },
    },
  )
  t.is(code, 0, stderr)
  const document = JSON.parse(stdout)
  t.like(document, { verdict: 'pass', ledger: { planned: 120, started: 120, balanced: true } })
  t.deepEqual(
    document.workers.map(({ id }: { id: string }) => id),
    ['a1', 'a2', 'a3'],
  )
  for (const worker of workers) {
    t.is(await worker.stop('SIGTERM'), 0)
    t.regex(worker.output(), /preparing run/)
    t.regex(worker.output(), /left/)
  }
})

testOnNats('a run that nobody serves is refused, and leaves no folder', async (t) => {
  const { nats, url, folder } = await place(t)
  const file = join(folder.path, 'test.yaml')
  await writeFile(file, specText({ target: `url: ${url}`, workers: 'wait: 1s' }))
  const { code, stdout, stderr } = await breakwater(['run', file, '--nats', nats, '--workers', '2'], {
    cwd: folder.path,
  })
  t.is(code, 2, stderr)
  t.is(stdout, '')
  t.regex(stderr, /0 workers answered within 1 s, the run needs 2\n.*breakwater worker/)
  t.deepEqual(await readdir(folder.path), ['test.yaml'])
})

testOnNats('Ctrl-C before the start ends with 130, and leaves no folder', async (t) => {
  const { nats, url, folder } = await place(t)
  const file = join(folder.path, 'test.yaml')
  await writeFile(file, specText({ target: `url: ${url}` }))
  const run = await startBreakwater([
    'run',
    file,
    '--nats',
    nats,
    '--workers',
    '2',
    '--out',
    join(folder.path, 'out'),
  ])
  await until('it waits for workers', () => run.output().includes('waiting for 2 workers'))
  t.is(await run.stop('SIGINT'), 130)
  t.regex(run.output(), /before the start; nothing was sent/)
  t.deepEqual(await readdir(folder.path), ['test.yaml'])
})

testOnNats('a worker says who it is in one document', async (t) => {
  const { nats } = await place(t)
  const worker = await startBreakwater([
    'worker',
    '--nats',
    nats,
    '--json',
    '--id',
    'w7',
    '--label',
    'zone=a',
  ])
  await until('it is ready', () => worker.output().includes('}\n'))
  t.is(await worker.stop('SIGINT'), 130)
  const document = worker.output().slice(worker.output().indexOf('{'), worker.output().indexOf('\n}\n') + 2)
  t.like(JSON.parse(document), { id: 'w7', labels: { zone: 'a' } })
})
