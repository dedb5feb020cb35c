import test from 'ava'
import { connectionsPerWorker, planConnections } from '../../../../core/plan/connections.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

const steps: readonly Json[] = [
  { get: '/' },
  { ws: { connect: '/a', as: 'a' } },
  { ws: { connect: '/b', as: 'b' } },
  { sse: { open: '/events' }, target: 'media' },
]

function planned(load: Json) {
  const loadTest = parsedTest({
    targets: { media: { url: 'https://media.test' } },
    scenarios: [{ name: 'talk', steps: [...steps] }],
    load: [load],
  })
  return planConnections(loadTest, planRun(loadTest, 1), 2)
}

test('a user may have as many streams open as its scenario has names for, beside the pool', (t) => {
  const connections = planned({ phase: 'closed', users: 100, duration: '10s' })
  t.deepEqual(connections, [
    { url: 'http://shop.test', share: 'pool', perWorker: 50 },
    { url: 'ws://shop.test', share: 'stream', perWorker: 100 },
    { url: 'https://media.test', share: 'stream', perWorker: 50 },
  ])
  t.is(connectionsPerWorker(connections), 200)
})

test('arrivals open streams as fast as they come', (t) => {
  const connections = planned({ phase: 'open', rate: 10, duration: '10s' })
  t.deepEqual(
    connections.map(({ share, perWorker }) => [share, perWorker === null]),
    [
      ['pool', false],
      ['stream', true],
      ['stream', true],
    ],
  )
  t.is(connectionsPerWorker(connections), null)
})
