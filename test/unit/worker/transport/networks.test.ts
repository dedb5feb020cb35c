import test from 'ava'
import { isNetwork, isWithin } from '../../../../worker/transport/networks.ts'

const cases: readonly (readonly [address: string, lists: readonly (readonly string[])[], is: boolean])[] = [
  ['10.1.2.3', [], true],
  ['10.1.2.3', [[]], false],
  ['10.1.2.3', [['10.0.0.0/8']], true],
  ['11.1.2.3', [['10.0.0.0/8', '192.168.0.0/16']], false],
  ['192.168.9.9', [['10.0.0.0/8', '192.168.0.0/16']], true],
  ['10.1.2.3', [['10.0.0.0/8'], ['10.1.0.0/16']], true],
  ['10.2.2.3', [['10.0.0.0/8'], ['10.1.0.0/16']], false],
  ['127.0.0.1', [['127.0.0.1']], true],
  ['127.0.0.2', [['127.0.0.1']], false],
  ['2001:db8::5', [['2001:db8::/32']], true],
  ['2001:db9::5', [['2001:db8::/32', '0.0.0.0/0']], false],
  // An IPv4 address in the clothes of IPv6 leads to the same machine.
  ['::ffff:10.1.2.3', [['10.0.0.0/8']], true],
  ['::ffff:11.1.2.3', [['10.0.0.0/8', '::/128']], false],
]

for (const [address, lists, is] of cases) {
  test(`${address} is ${is ? '' : 'not '}within ${JSON.stringify(lists)}`, (t) => {
    t.is(isWithin(address, lists), is)
  })
}

test('what is no network is told apart', (t) => {
  for (const good of ['10.0.0.0/8', '0.0.0.0/0', '10.0.0.1', '::/0', '2001:db8::1'])
    t.true(isNetwork(good), good)
  for (const bad of [
    '',
    '10.0.0.0/33',
    '10.0.0/8',
    'shop.test',
    '10.0.0.0/8/8',
    '::/129',
    '10.0.0.0/x',
    '/8',
  ]) {
    t.false(isNetwork(bad), bad)
  }
})
