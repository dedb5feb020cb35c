import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
import { startDemoProcess, startWorkerProcess } from '../kit/breakwater.ts'
import { breakwater } from '../kit/command.ts'
import { specText } from '../kit/malformed-files.ts'
import { startNats } from '../kit/nats.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

const testOnNats = testWith('nats-server')

async function place(t: ExecutionContext) {
  const [nats, demo, folder] = await Promise.all([
    startNats(),
    startDemoProcess(['--servers', '8', '--service-time', '1ms']),
    makeTempDir(),
  ])
  t.teardown(async () => {
    await demo.stop()
    await nats.stop()
    await folder.remove()
  })
  const file = join(folder.path, 'test.yaml')
  const load = '- { phase: steady, rate: 20, duration: 1s }'
  await writeFile(file, specText({ target: `url: ${demo.url}`, load }))
  const env = { BREAKWATER_DATA: join(folder.path, 'data') }
  const run = (out: string) =>
    breakwater(
      ['run', file, '--nats', nats.url, '--quiet', '--workers', '1', '--out', join(folder.path, out)],
      {
        env,
      },
    )
  const startWorker = async (id: string) => {
    const worker = await startWorkerProcess(nats.url, id)
    t.teardown(() => worker.stop('SIGKILL'))
    return worker
  }
  return { nats, run, startWorker }
}

testOnNats(
  'with JetStream a halt outlives all workers and the server’s process, until it is lifted',
  async (t) => {
    const { nats, run, startWorker } = await place(t)
    const before = await startWorker('w1')
    const ordered = await breakwater(['halt', '--nats', nats.url, '--why', 'the shop is down'])
    t.is(ordered.code, 0, ordered.stderr)
    t.regex(ordered.stdout, /halted 1 worker within .* s: w1; workers that come are halted too/)
    await before.stop('SIGKILL')
    await nats.kill()
    await nats.restart()

    const after = await startWorker('w2')
    await until('it has heard of it', async () => {
      const { stdout } = await breakwater(['workers', '--nats', nats.url, '--json'])
      const [worker] = JSON.parse(stdout).workers
      return worker?.halt?.why === 'the shop is down'
    })
    const refused = await run('first')
    t.is(refused.code, 2)
    t.regex(refused.stderr, /has halted all load at .*: the shop is down/)
    t.regex(refused.stderr, /breakwater unhalt/)
    t.notRegex(after.output(), /preparing/, 'it was not even asked')

    t.is((await breakwater(['unhalt', '--nats', nats.url])).code, 0)
    await after.stop('SIGKILL')
    await startWorker('w3')
    const { code, stderr } = await run('second')
    t.is(code, 0, stderr)
  },
)

testOnNats('with JetStream a halt may be ordered where no worker is', async (t) => {
  const { nats, run, startWorker } = await place(t)
  const ordered = await breakwater(['halt', '--nats', nats.url, '--json'])
  t.is(ordered.code, 0, ordered.stderr)
  t.like(JSON.parse(ordered.stdout), { kept: true, workers: [] })
  await startWorker('w1')
  t.is((await run('first')).code, 2)
  t.is((await breakwater(['unhalt', '--nats', nats.url])).code, 0)
  t.is((await run('second')).code, 0)
})
