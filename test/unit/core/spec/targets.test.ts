import test from 'ava'
import { requestsOf } from '../../../../core/spec/step-tree.ts'
import { requestTimeoutMs, routesOf, targetNumber, targetsOf } from '../../../../core/spec/targets.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

const shop = parsedTest({
  target: {
    url: 'http://shop.test',
    timeout: '3s',
    grpc: { url: 'grpc://calls.test:50051', protos: ['shop.proto'] },
  },
  targets: {
    unused: { url: 'http://unused.test' },
    media: { url: 'http://media.test', timeout: '1s' },
    calls: { url: 'grpcs://more.test', grpc: { protos: ['shop.proto'] } },
  },
  scenarios: [
    {
      name: 'browse',
      onStart: [{ grpc: 'shop.Cart/Add', target: 'calls' }],
      steps: [
        { get: '/logo', target: 'media' },
        { think: '1s' },
        { get: '/' },
        { grpc: 'shop.Cart/Add' },
        { get: '/slow', target: 'media', timeout: '9s' },
      ],
    },
  ],
})

test('the main target is the first, the others follow in the order of the file', (t) => {
  t.deepEqual(
    targetsOf(shop).map(({ url }) => url),
    ['http://shop.test', 'http://unused.test', 'http://media.test', 'grpcs://more.test'],
  )
  const [logo] = shop.scenarios[0]?.steps ?? []
  t.true(logo?.kind === 'http' && targetNumber(shop, logo) === 2)
})

test('there is one route for each target and protocol that some step takes', (t) => {
  t.deepEqual(routesOf(shop), [
    { target: 0, kind: 'http' },
    { target: 0, kind: 'grpc' },
    { target: 2, kind: 'http' },
    { target: 3, kind: 'grpc' },
  ])
})

test("a step's timeout is its own, else that of its target", (t) => {
  const steps = [...requestsOf(shop.scenarios[0]?.steps ?? [])]
  t.deepEqual(
    steps.map((step) => requestTimeoutMs(shop, step)),
    [1000, 3000, 3000, 9000],
  )
})
