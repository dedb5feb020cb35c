import { DiscardPolicy, jetstreamManager, RetentionPolicy, StorageType } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { ExecutionContext } from 'ava'
import type { ResultDocument } from '../../core/report/result.ts'
import { breakwater } from '../kit/command.ts'
import { startNats } from '../kit/nats.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'
import { expectComplete, rowsOf, startVisits } from '../kit/visits-run.ts'

const testOnCluster = testWith('nginx', 'nats-server')

for (const program of ['nats-server', 'nats-server-debian'] as const) {
  testWith('nginx', program)(
    `snapshots come by the stream where there is one, and leave nothing there (${program})`,
    async (t) => {
      const nats = await startNats({ program })
      t.teardown(nats.stop)
      const run = await startVisits(t, { nats, rate: 100, seconds: 4 })
      t.is(await run.controller.ended, 0, run.controller.output())
      const result = await run.result()
      await expectComplete(t, run, result)
      t.like(result, { verdict: 'pass', merge: { duplicates: 0 } })
      const notes = run.controller.output().split('\n{')[0] ?? ''
      t.regex(notes, /snapshots come by JetStream$/m)
      t.notRegex(notes, /warning/)
      const { state, consumers } = await streamOf(t, nats.url)
      t.is(state.messages, 0)
      t.true(state.last_seq >= result.merge.received, `${state.last_seq} went through the stream`)
      t.deepEqual(consumers, [])
    },
  )
}

testOnCluster(
  'what the stream had taken while no controller was there is sent again when its storage is lost',
  async (t) => {
    const nats = await startNats()
    t.teardown(nats.stop)
    const run = await startVisits(t, { nats, rate: 60, seconds: 14 })
    await run.isUnderWay()
    await run.controller.stop('SIGKILL')
    await pilesUp(t, nats.url, 4)
    await nats.kill()
    await nats.restart({ emptied: true })
    const { code, stdout, stderr } = await breakwater(run.resumeArgs)
    t.is(code, 0, stderr)
    const result = JSON.parse(stdout) as ResultDocument
    await expectComplete(t, run, result)
    t.is(result.verdict, 'pass')
    t.is(result.ledger.started, run.planned)
  },
)

testOnCluster(
  'what a worker had put into the stream is merged also where it died before anyone took it',
  async (t) => {
    const rate = 100
    const nats = await startNats()
    t.teardown(nats.stop)
    const run = await startVisits(t, { nats, rate, seconds: 16 })
    await run.isUnderWay()
    await run.controller.stop('SIGKILL')
    await pilesUp(t, nats.url, 6)
    run.workers[0]?.signal('SIGKILL')
    const { code, stdout, stderr } = await breakwater(run.resumeArgs)
    t.is(code, 3, stderr)
    const result = JSON.parse(stdout) as ResultDocument
    const visits = await run.visits()
    const { sent, unknown } = result.requests
    t.like(result, { ended: 'finished', ledger: { balanced: true }, merge: { missing: 0 } })
    t.true(sent <= visits.length && visits.length <= sent + (unknown.max ?? 0), `${visits.length} of ${sent}`)
    // Of its last three seconds all but the very last one: it tells of each when it is over.
    t.true(visits.length - sent < 1.5 * (rate / 2), `${visits.length - sent} requests are not known`)
    const rows = rowsOf(visits)
    t.is(new Set(rows).size, rows.length, 'no arrival was started twice')
  },
)

const refusing: readonly { readonly what: string; readonly config: object; readonly why: RegExp }[] = [
  {
    what: 'is full',
    config: { max_bytes: 300 },
    // The stream is there, and takes nothing.
    why: /snapshots come by JetStream$/m,
  },
  {
    what: 'is set up to lose what is old',
    config: { discard: DiscardPolicy.Old },
    why: /request and reply: .*discard old, not workqueue and new/,
  },
  {
    what: 'is set up for other subjects',
    config: { subjects: ['other.>'] },
    why: /request and reply: .*has subjects other\.>, without bw\.run/,
  },
]

for (const { what, config, why } of refusing) {
  testOnCluster(
    `where the stream ${what}, snapshots come by request and reply, and none is missing`,
    async (t) => {
      const nats = await startNats()
      t.teardown(nats.stop)
      const connection = await connect({ servers: nats.url })
      t.teardown(() => connection.close())
      const manager = await jetstreamManager(connection)
      await manager.streams.add({
        name: 'bw-snapshots',
        subjects: ['bw.run.*.stream.*'],
        retention: RetentionPolicy.Workqueue,
        discard: DiscardPolicy.New,
        storage: StorageType.File,
        ...config,
      })
      const run = await startVisits(t, { nats, rate: 60, seconds: 4 })
      t.is(await run.controller.ended, 0, run.controller.output())
      const result = await run.result()
      await expectComplete(t, run, result)
      t.is(result.verdict, 'pass')
      t.regex(run.controller.output(), why)
      const { state } = await manager.streams.info('bw-snapshots')
      t.is(state.messages, 0)
    },
  )
}

/** So many snapshots are in the stream that nobody has taken. */
async function pilesUp(t: ExecutionContext, url: string, count: number): Promise<void> {
  const { manager, close } = await streamOf(t, url)
  await until(
    `${count} snapshots are in the stream`,
    async () => (await manager.streams.info('bw-snapshots')).state.messages >= count,
    { everyMs: 50 },
  )
  await close()
}

async function streamOf(t: ExecutionContext, url: string) {
  const connection = await connect({ servers: url })
  t.teardown(() => connection.close())
  const manager = await jetstreamManager(connection)
  const { state } = await manager.streams.info('bw-snapshots')
  const consumers: string[] = []
  for await (const { name } of manager.consumers.list('bw-snapshots')) consumers.push(name)
  return { state, consumers, manager, close: () => connection.close() }
}
