import test from 'ava'
import { type NatsServers, parseNatsUrl } from '../../../bus/nats-url.ts'
import { BreakwaterError } from '../../../core/error.ts'

const none = { credentials: {}, tls: false }

const urls: readonly { url: string; is: NatsServers }[] = [
  { url: 'nats://host', is: { ...none, addresses: ['host:4222'], shown: 'nats://host' } },
  { url: 'host:4300', is: { ...none, addresses: ['host:4300'], shown: 'nats://host:4300' } },
  { url: 'nats://[::1]:4222', is: { ...none, addresses: ['[::1]:4222'], shown: 'nats://[::1]:4222' } },
  {
    url: 'nats://a:1, nats://b:2',
    is: { ...none, addresses: ['a:1', 'b:2'], shown: 'nats://a:1,nats://b:2' },
  },
  { url: 'tls://host:1', is: { ...none, tls: true, addresses: ['host:1'], shown: 'tls://host:1' } },
  {
    url: 'nats://me:p%40ss%@host:1',
    is: {
      ...none,
      credentials: { user: 'me', pass: 'p@ss%' },
      addresses: ['host:1'],
      shown: 'nats://host:1',
    },
  },
]

for (const { url, is } of urls) {
  test(`${url} is read`, (t) => t.deepEqual(parseNatsUrl(url), is))
}

for (const url of ['', 'nats://', 'http://host', 'nats://host:99999', 'nats://me:secret@', 'nats://a,,b']) {
  test(`"${url}" is refused without showing a password`, (t) => {
    const error = t.throws(() => parseNatsUrl(url), { instanceOf: BreakwaterError, code: 'usage' })
    t.false(error?.message.includes('secret'))
  })
}
