import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { connectionsBench } from '../../../bench/connections/connections-bench.ts'
import { grpcBench } from '../../../bench/grpc/grpc-bench.ts'
import { pacingBench } from '../../../bench/pacing/pacing-bench.ts'
import { makeTempDir } from '../../kit/temp-dir.ts'
import { testWith } from '../../kit/tools.ts'

const said = () => {}

testWith('nginx')('pacing, gRPC and connections are measured on real runs', async (t) => {
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const at = (name: string) => join(folder.path, name)

  const pacing = await pacingBench({ against: null, rounds: 1, seconds: 1, rate: 100 }, at('pacing'), said)
  t.deepEqual(
    pacing.samples.map(({ contender, ok, extra }) => [contender, ok, extra.planned, extra.notStarted]),
    [
      ['timer', 100, 100, 0],
      ['spin', 100, 100, 0],
    ],
  )
  for (const { extra } of pacing.samples) t.true((extra['send p99'] ?? -1) >= (extra['send p50'] ?? 0))

  t.deepEqual(Object.keys(pacing.schedules), ['constant', 'ramp', 'sine', 'poisson'])
  for (const [perSecond = 0] of Object.values(pacing.schedules)) t.true(perSecond > 1000)

  const grpc = await grpcBench({ rounds: 1, seconds: 1 }, at('grpc'), said)
  t.true((grpc.samples[0]?.ok ?? 0) > 0)
  t.is(grpc.samples[0]?.failed, 0)

  const wish = { rounds: 1, seconds: 4, connections: 20 }
  const connections = await connectionsBench(wish, at('connections'), said)
  t.deepEqual(
    connections.samples.map(({ contender, extra }) => [contender, extra.connections]),
    [
      ['one', 1],
      ['idle', 20],
      ['active', 20],
    ],
  )
  // The kernel tells what is resident on Linux alone.
  if (existsSync('/proc/self/status'))
    for (const { extra } of connections.samples) t.true((extra.residentMiB ?? 0) > 20)
})
