import test from 'ava'
import { type Certificates, makeCertificates } from '../../kit/certificates.ts'
import { Exchanges, targetOf } from '../../kit/exchanges.ts'
import { add, grpcClients, shopProtos } from '../../kit/grpc-exchanges.ts'
import { shopFiles, startGrpcShop } from '../../kit/grpc-shop.ts'
import { echo, type Flavour, flavours, type Served, serve, withServer } from '../../kit/http-flavours.ts'
import { until } from '../../kit/until.ts'

let certificates: Certificates
test.before(async () => {
  certificates = await makeCertificates()
})

/** A server on 127.0.0.2, with the port of one on 127.0.0.1. */
async function beside(flavour: Flavour, { port }: Served): Promise<Served> {
  return serve(flavour, echo, { certificates, address: '127.0.0.2', port })
}

for (const flavour of flavours) {
  const { name, scheme } = flavour
  const twoAddresses = { 'shop.test': ['127.0.0.1', '127.0.0.2'] }
  const named = ({ port }: { readonly port: number }) => `${scheme}://shop.test:${port}`

  test(`${name}: connections go to several addresses in turn, under the name of the host`, async (t) => {
    const hosts = new Set<string | undefined>()
    const options = {
      certificates,
      url: named,
      wish: { dns: { hosts: twoAddresses }, connections: { share: 'user' as const } },
      listener: ((request, response) => {
        hosts.add(request.headers.host ?? String(request.headers[':authority']))
        response.end()
      }) satisfies typeof echo,
    }
    await withServer(flavour, options, async (exchanges, first) => {
      const second = await beside(flavour, first)
      for (let user = 0; user < 10; user++) t.is((await exchanges.send({ user })).error, null)
      t.deepEqual([first.connections, second.connections], [5, 5])
      t.deepEqual([...hosts], [`shop.test:${first.port}`])
      await second.close()
    })
  })

  test(`${name}: connections go to the first address where asked`, async (t) => {
    const options = {
      certificates,
      url: named,
      listener: echo,
      wish: {
        dns: { hosts: twoAddresses, pick: 'first' as const },
        connections: { share: 'user' as const },
      },
    }
    await withServer(flavour, options, async (exchanges, first) => {
      const second = await beside(flavour, first)
      for (let user = 0; user < 6; user++) t.is((await exchanges.send({ user })).error, null)
      t.deepEqual([first.connections, second.connections], [6, 0])
      await second.close()
    })
  })

  test(`${name}: an address that comes back gets load when connections have lived their time`, async (t) => {
    const options = {
      certificates,
      url: named,
      listener: echo,
      wish: { dns: { hosts: twoAddresses }, connections: { max: 1, lifetimeMs: 30 } },
    }
    await withServer(flavour, options, async (exchanges, first) => {
      for (let n = 0; n < 4; n++) t.is((await exchanges.send()).error, null, 'one of two answers')
      const second = await beside(flavour, first)
      await until('the second one has requests', async () => {
        t.is((await exchanges.send()).error, null)
        return second.requests > 0
      })
      await second.close()
    })
  })

  test(`${name}: a target may be an address of IPv6`, async (t) => {
    await withServer(
      flavour,
      { certificates, listener: echo, address: '::1' },
      async (exchanges, { url }) => {
        t.regex(url, /\[::1\]/)
        const exchange = await exchanges.send({ method: 'POST', body: 'six', wantBody: true })
        t.is(exchange.error, null, exchange.errorDetail ?? '')
        t.is(Buffer.from(exchange.body ?? []).toString(), 'six')
      },
    )
  })
}

for (const { client, engine } of grpcClients) {
  test(`${client}: addresses are taken in turn, and those of IPv6`, async (t) => {
    const shop = await startGrpcShop()
    t.teardown(shop.stop)
    for (const hosts of [{ 'shop.test': ['127.0.0.1'] }, { 'shop.test': ['127.0.0.1', '::1'] }]) {
      const target = targetOf(`grpc://shop.test:${shop.port}`, { grpc: shopProtos, dns: { hosts } })
      const exchanges = new Exchanges(target, { files: shopFiles, engine })
      await exchanges.transport.prepare()
      t.is((await exchanges.send(add({ id: 1 }))).status, 0)
      await exchanges.close()
    }
  })
}
