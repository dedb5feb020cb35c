import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { ExecutionContext } from 'ava'
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
  const data = join(folder.path, 'data')
  const file = async (name: string, seconds: number) => {
    const load = `- { phase: steady, rate: 100, duration: ${seconds}s }`
    await writeFile(join(folder.path, name), specText({ target: `url: ${demo.url}`, load }))
    return join(folder.path, name)
  }
  const received = async () => (await demo.stats()).received
  const run = (spec: string, out: string) =>
    startBreakwater(['run', spec, '--nats', nats.url, '--json', '--quiet', '--out', join(folder.path, out)], {
      BREAKWATER_DATA: data,
    })
  const isStill = async () => {
    const before = await received()
    await new Promise((resolve) => setTimeout(resolve, 1_000))
    return (await received()) === before
  }
  return { nats, workers, data, file, received, run, isStill }
}

testOnNats(
  'halt ends the load of a run and forbids any other, also of workers that come later, until it is lifted',
  async (t) => {
    const { nats, workers, data, file, received, run, isStill } = await place(t)
    const first = await run(await file('long.yaml', 60), 'first')
    await until('the load is there', async () => (await received()) > 50)
    const ordered = await breakwater(['halt', '--nats', nats.url, '--why', 'the shop is down', '--json'])
    t.is(ordered.code, 0, ordered.stderr)
    t.like(JSON.parse(ordered.stdout), {
      halt: { why: 'the shop is down' },
      workers: [
        { id: 'w1', confirmed: true },
        { id: 'w2', confirmed: true },
      ],
    })
    t.true(await isStill(), 'nothing is sent any more')
    t.is(await first.ended, 3)
    const result = JSON.parse(first.output().slice(first.output().indexOf('{')))
    t.like(result, { ended: 'halted', verdict: 'inconclusive', ledger: { balanced: true } })
    t.is(result.requests.sent, await received(), 'every request is accounted for')

    workers.push(await startWorkerProcess(nats.url, 'w3'))
    await until('the new one has heard of it', async () => {
      const asked = await breakwater(['run', await file('short.yaml', 1), '--nats', nats.url, '--quiet'], {
        env: { BREAKWATER_DATA: data },
      })
      t.is(asked.code, 2, asked.stdout)
      t.regex(asked.stderr, /has halted all load at .*: the shop is down/)
      t.regex(asked.stderr, /breakwater unhalt/)
      return true
    })
    t.regex(workers[2]?.output() ?? '', /is ready/)

    const lifted = await breakwater(['unhalt', '--nats', nats.url])
    t.is(lifted.code, 0, lifted.stderr)
    t.regex(lifted.stdout, /lifted for 3 workers within .* s: w1, w2, w3/)
    const second = await run(await file('short.yaml', 1), 'second')
    t.is(await second.ended, 0, second.output())
  },
)

testOnNats(
  'halt needs no controller: the load of a run whose controller was killed ends as well',
  async (t) => {
    const { nats, file, received, run, isStill } = await place(t)
    const controller = await run(await file('long.yaml', 60), 'first')
    await until('the load is there', async () => (await received()) > 50)
    await controller.stop('SIGKILL')
    const before = await received()
    await until('it goes on without the controller', async () => (await received()) > before + 20)
    t.is((await breakwater(['halt', '--nats', nats.url])).code, 0)
    t.true(await isStill())
  },
)

testOnNats('halt with nobody there, or without a server, says so', async (t) => {
  const nats = await startNats({ jetstream: false })
  t.teardown(nats.stop)
  const alone = await breakwater(['halt', '--nats', nats.url])
  t.is(alone.code, 2)
  t.regex(alone.stderr, /no worker answered/)
  const nowhere = await breakwater(['halt'])
  t.is(nowhere.code, 2)
  t.regex(nowhere.stderr, /breakwater halt --nats/)
})
