import test from 'ava'
import { Addresses, resolveHost } from '../../../../worker/transport/resolve.ts'

test('an address is its own answer, with and without brackets', async (t) => {
  t.deepEqual((await resolveHost('127.0.0.1')).all, [{ address: '127.0.0.1', family: 4 }])
  t.deepEqual((await resolveHost('[::1]')).all, [{ address: '::1', family: 6 }])
})

test('localhost resolves', async (t) => {
  t.true((await resolveHost('localhost')).all.length > 0)
})

test('a name that does not resolve is target-unreachable, with the remedy', async (t) => {
  const error = await t.throwsAsync(resolveHost('no-such-host.invalid'))
  t.like(error, { code: 'target-unreachable', retryable: true })
  t.regex(error?.message ?? '', /no-such-host\.invalid/)
})

test('connections take the addresses of the first family in turn, the others stand behind', (t) => {
  const four = (address: string) => ({ address, family: 4 })
  const six = { address: '::1', family: 6 }
  const addresses = new Addresses('shop.test', [four('10.0.0.1'), six, four('10.0.0.2')])
  t.deepEqual(addresses.inTurn(), [four('10.0.0.1'), four('10.0.0.2'), six])
  t.deepEqual(addresses.inTurn(), [four('10.0.0.2'), four('10.0.0.1'), six])
  t.deepEqual(addresses.inTurn(), [four('10.0.0.1'), four('10.0.0.2'), six])
})
