import test from 'ava'
import type { Dns } from '../../../../core/spec/load-test.ts'
import { Addresses, resolveHost } from '../../../../worker/transport/resolve.ts'
import { until } from '../../../kit/until.ts'

const dnsOf = (over: Partial<Dns> = {}): Dns => ({
  refreshMs: 30_000,
  family: null,
  pick: 'roundRobin',
  hosts: {},
  ...over,
})
const four = (address: string) => ({ address, family: 4 })
const six = { address: '::1', family: 6 }

test('an address is its own answer, with and without brackets', async (t) => {
  t.deepEqual((await resolveHost('127.0.0.1', dnsOf())).all, [four('127.0.0.1')])
  t.deepEqual((await resolveHost('[::1]', dnsOf())).all, [six])
})

test('localhost resolves, to addresses of one family where asked', async (t) => {
  t.true((await resolveHost('localhost', dnsOf())).all.length > 0)
  t.deepEqual((await resolveHost('localhost', dnsOf({ family: 4 }))).all, [four('127.0.0.1')])
})

test('a name that does not resolve is target-unreachable, with the remedy', async (t) => {
  const error = await t.throwsAsync(resolveHost('no-such-host.invalid', dnsOf()))
  t.like(error, { code: 'target-unreachable', retryable: true })
  t.regex(error?.message ?? '', /no-such-host\.invalid/)
  t.regex((error as { hint?: string }).hint ?? '', /target\.url/)
})

test('a host without an address of the family asked for is target-unreachable', async (t) => {
  const error = await t.throwsAsync(resolveHost('127.0.0.1', dnsOf({ family: 6 })))
  t.like(error, { code: 'target-unreachable' })
  t.regex(error?.message ?? '', /127\.0\.0\.1 has no address of IPv6/)
})

test('hosts that the LoadTest gives addresses for are not asked of any resolver', async (t) => {
  const dns = dnsOf({ hosts: { 'shop.invalid': ['127.0.0.2', '::1', '127.0.0.3'] } })
  const addresses = await resolveHost('SHOP.invalid', dns)
  t.is(addresses.host, 'SHOP.invalid')
  t.deepEqual(addresses.all, [four('127.0.0.2'), six, four('127.0.0.3')])
})

test('a host may stand for another name', async (t) => {
  const addresses = await resolveHost(
    'shop.invalid',
    dnsOf({ family: 4, hosts: { 'shop.invalid': ['localhost'] } }),
  )
  t.deepEqual(addresses.all, [four('127.0.0.1')])
  const dns = dnsOf({ hosts: { 'shop.invalid': ['other.invalid'] } })
  t.regex((await t.throwsAsync(resolveHost('shop.invalid', dns)))?.message ?? '', /other\.invalid/)
})

test('connections take the addresses of the first family in turn, the others stand behind', (t) => {
  const addresses = new Addresses('shop.test', dnsOf(), [four('10.0.0.1'), six, four('10.0.0.2')])
  t.deepEqual(addresses.forConnection(), [four('10.0.0.1'), four('10.0.0.2'), six])
  t.deepEqual(addresses.forConnection(), [four('10.0.0.2'), four('10.0.0.1'), six])
  t.deepEqual(addresses.forConnection(), [four('10.0.0.1'), four('10.0.0.2'), six])
})

test('connections take the first address, or any, where asked', (t) => {
  const found = [four('10.0.0.1'), four('10.0.0.2'), four('10.0.0.3')]
  const firsts = (pick: Dns['pick']) => {
    const addresses = new Addresses('shop.test', dnsOf({ pick }), found)
    return new Set(Array.from({ length: 200 }, () => addresses.forConnection()[0]?.address))
  }
  t.deepEqual(firsts('first'), new Set(['10.0.0.1']))
  t.is(firsts('random').size, 3)
})

test('an old answer is asked for again beside the load, and stays where nothing comes', async (t) => {
  const addresses = new Addresses('localhost', dnsOf({ refreshMs: 1, family: 4 }), [four('10.0.0.1')])
  await until('it is refreshed', () => addresses.forConnection()[0]?.address === '127.0.0.1')
  const lost = new Addresses('no-such-host.invalid', dnsOf({ refreshMs: 1 }), [four('10.0.0.1')])
  for (let n = 0; n < 5; n++) {
    await new Promise((resolve) => setTimeout(resolve, 2))
    t.is(lost.forConnection()[0]?.address, '10.0.0.1')
  }
})
