import test from 'ava'
import { firstEpoch } from '../../../../core/plan/epoch.ts'
import {
  brokenByEpoch,
  brokenRails,
  type GuardRails,
  noRails,
  withNetworks,
} from '../../../../core/plan/guard-rails.ts'
import { planRun } from '../../../../core/plan/plan-run.ts'
import type { LoadTest } from '../../../../core/spec/load-test.ts'
import { roster } from '../../../kit/arbitrary-roster.ts'
import { loadTest } from '../../../kit/load-test.ts'
import { closedPhase, constantPhase } from '../../../kit/phases.ts'

const shop = loadTest()

function at(url: string, more: Partial<LoadTest['target']> = {}): LoadTest['target'] {
  return { ...shop.target, url, ...more }
}

const cases: readonly {
  readonly title: string
  readonly test: LoadTest
  readonly rails: Partial<GuardRails>
  readonly told: readonly RegExp[]
}[] = [
  { title: 'without rails everything is allowed', test: shop, rails: {}, told: [] },
  { title: 'a host by its name', test: shop, rails: { hosts: ['shop.test'] }, told: [] },
  {
    title: 'no host at all',
    test: shop,
    rails: { hosts: [] },
    told: [/target\.url is shop\.test.* no host alone/],
  },
  {
    title: 'a pattern is for what lies below a name',
    test: loadTest({ target: at('https://api.shop.test:8443/x') }),
    rails: { hosts: ['*.SHOP.test'] },
    told: [],
  },
  {
    title: 'a pattern is not for the name itself, nor for one that ends alike',
    test: loadTest({ target: at('http://shop.test'), targets: { b: at('http://workshop.test') } }),
    rails: { hosts: ['*.shop.test'] },
    told: [/target\.url is shop\.test/, /targets\.b\.url is workshop\.test/],
  },
  {
    title: 'an address of IPv6 is a host, too',
    test: loadTest({ target: at('http://[2001:db8::1]:80') }),
    rails: { hosts: ['2001:db8::1'] },
    told: [],
  },
  {
    title: 'gRPC endpoints, proxies and token servers are hosts as well',
    test: loadTest({
      target: at('http://shop.test', {
        grpc: { url: 'grpc://calls.test', protos: [], reflection: false, metadata: {} },
        proxy: { url: 'http://between.test:3128', auth: null },
        auth: {
          kind: 'oauth2',
          tokenUrl: 'https://login.test/token',
          clientId: { kind: 'value', value: 'x' },
          clientSecret: { kind: 'value', value: 'y' },
          scope: null,
          audience: null,
          refreshBeforeMs: 0,
          sentIn: 'body',
        },
      }),
    }),
    rails: { hosts: ['shop.test'] },
    told: [/grpc\.url is calls\.test/, /proxy is between\.test/, /tokenUrl is login\.test/],
  },
  { title: 'the rate may be the highest', test: shop, rails: { maxRate: 100 }, told: [] },
  {
    title: 'the rate may not be higher',
    test: shop,
    rails: { maxRate: 99 },
    told: [/up to 100\/s, and 99\/s/],
  },
  {
    title: 'rates of phases side by side are one rate',
    test: loadTest({ load: [constantPhase(60, 1000), constantPhase(60, 1000, { name: 'b', atMs: 0 })] }),
    rails: { maxRate: 100 },
    told: [/up to 120\/s/],
  },
  {
    title: 'users are counted apart',
    test: loadTest({ load: [closedPhase()] }),
    rails: { maxRate: 1, maxUsers: 9 },
    told: [/10 users are there at once, and 9 are allowed/],
  },
  {
    title: 'the plan may not be longer',
    test: shop,
    rails: { maxDurationMs: 9_999 },
    told: [/takes 10 s, and 9\.999 s is allowed/],
  },
  { title: 'the plan may be as long', test: shop, rails: { maxDurationMs: 10_000 }, told: [] },
]

for (const { title, test: spec, rails, told } of cases) {
  test(`guard rails: ${title}`, (t) => {
    const broken = brokenRails(spec, planRun(spec, 1), { ...noRails, ...rails })
    t.is(broken.length, told.length, broken.join('\n'))
    told.forEach((pattern, at) => {
      t.regex(broken[at] ?? '', pattern)
    })
  })
}

test('networks of the controller and of the worker stand beside each other', (t) => {
  const more = loadTest({ targets: { b: at('http://b.test') } })
  t.is(withNetworks(more, noRails), more)
  const controllers = withNetworks(more, { ...noRails, networks: ['10.0.0.0/8'] })
  const workers = withNetworks(controllers, { ...noRails, networks: ['10.1.0.0/16'] })
  t.deepEqual(workers.target.dns.networks, [['10.0.0.0/8'], ['10.1.0.0/16']])
  t.deepEqual(workers.targets.b?.dns.networks, [['10.0.0.0/8'], ['10.1.0.0/16']])
})

test('an epoch is held to the rate that is left of the run, times its factor', (t) => {
  const test = loadTest({ load: [constantPhase(100, 1000), constantPhase(10, 1000)] })
  const epochAt = (at: number, rateFactor: number, pausedAt: number | null = null) => ({
    ...firstEpoch(test, planRun(test, 1), roster(1)),
    ...{ at, rateFactor, pausedAt },
  })
  const rails = { ...noRails, maxRate: 150 }
  t.is(brokenByEpoch(test, epochAt(0, 1.5), rails), null)
  t.is(brokenByEpoch(test, epochAt(500_000, 2), rails), 'the rate would go up to 200/s, and 150/s is allowed')
  t.is(brokenByEpoch(test, epochAt(1_500_000, 15), rails), null)
  // While it is paused, what is left is what was left then.
  t.regex(brokenByEpoch(test, epochAt(1_500_000, 15, 500_000), rails) ?? '', /1500\/s/)
  t.is(brokenByEpoch(test, epochAt(0, 1_000), noRails), null)
})
