import { jetstreamManager } from '@nats-io/jetstream'
import { connect } from '@nats-io/transport-node'
import type { ExecutionContext } from 'ava'
import { startNats } from '../kit/nats.ts'
import { testWith } from '../kit/tools.ts'
import { expectComplete, startVisits } from '../kit/visits-run.ts'

const testOnCluster = testWith('nginx', 'nats-server')

testOnCluster('snapshots come by the stream where there is one, and leave nothing there', async (t) => {
  const nats = await startNats()
  t.teardown(nats.stop)
  const run = await startVisits(t, { nats, rate: 100, seconds: 4 })
  t.is(await run.controller.ended, 0, run.controller.output())
  const result = await run.result()
  await expectComplete(t, run, result)
  t.like(result, { verdict: 'pass', merge: { duplicates: 0 } })
  t.regex(run.controller.output(), /snapshots come by JetStream$/m)
  const { state, consumers } = await streamOf(t, nats.url)
  t.is(state.messages, 0)
  t.true(state.last_seq >= result.merge.received, `${state.last_seq} went through the stream`)
  t.deepEqual(consumers, [])
})

async function streamOf(t: ExecutionContext, url: string) {
  const connection = await connect({ servers: url })
  t.teardown(() => connection.close())
  const manager = await jetstreamManager(connection)
  const { state } = await manager.streams.info('bw-snapshots')
  const consumers: string[] = []
  for await (const { name } of manager.consumers.list('bw-snapshots')) consumers.push(name)
  return { state, consumers, manager }
}
