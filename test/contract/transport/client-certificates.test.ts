import type { RequestListener } from 'node:http'
import type { TLSSocket } from 'node:tls'
import test from 'ava'
import { type Certificates, makeCertificates } from '../../kit/certificates.ts'
import { Exchanges, targetOf } from '../../kit/exchanges.ts'
import { add, grpcClients, shopProtos } from '../../kit/grpc-exchanges.ts'
import { shopFiles, startGrpcShop } from '../../kit/grpc-shop.ts'
import { caFile, flavours, withServer } from '../../kit/http-flavours.ts'

let certificates: Certificates
let files: Readonly<Record<string, Uint8Array>>
test.before(async () => {
  certificates = await makeCertificates()
  const { ca, client } = certificates
  files = {
    [caFile]: ca,
    'client.pem': client.cert,
    'client.key': client.key,
    'both.pem': Buffer.concat([client.cert, client.key]),
  }
})

const whoCalls: RequestListener = ({ socket }, response) => {
  response.end(String((socket as TLSSocket).getPeerCertificate().subject?.CN))
}
const known = { certFile: 'client.pem', keyFile: 'client.key' }

for (const flavour of flavours.filter(({ scheme }) => scheme === 'https')) {
  const { name } = flavour
  const server = () => ({
    certificates,
    files,
    listener: whoCalls,
    tls: { requestCert: true, ca: certificates.ca },
  })

  test(`${name}: the target sees the certificate of who calls`, async (t) => {
    for (const tls of [known, { certFile: 'both.pem', keyFile: 'both.pem' }]) {
      await withServer(flavour, { ...server(), wish: { tls } }, async (exchanges) => {
        const exchange = await exchanges.send({ wantBody: true })
        t.is(exchange.status, 200, exchange.errorDetail ?? '')
        t.is(Buffer.from(exchange.body ?? []).toString(), 'load')
      })
    }
  })

  test(`${name}: without one, a target that wants it is not spoken to`, async (t) => {
    await withServer(flavour, server(), async (exchanges, { requests }) => {
      const exchange = await exchanges.send()
      t.is(exchange.error, 'tls', exchange.errorDetail ?? '')
      t.regex(exchange.errorDetail ?? '', /wants a certificate of who calls; give target\.tls\.cert/)
      t.is(requests, 0)
    })
  })
}

for (const { client, engine } of grpcClients) {
  test(`${client}: calls show it too, and are UNAVAILABLE without`, async (t) => {
    const shop = await startGrpcShop(certificates, 0, { clientCa: certificates.ca })
    t.teardown(shop.stop)
    for (const [tls, status] of [
      [known, 0],
      [{}, 14],
    ] as const) {
      const target = targetOf(`grpcs://localhost:${shop.port}`, { grpc: shopProtos, tls: { caFile, ...tls } })
      const exchanges = new Exchanges(target, { files: { ...shopFiles, ...files }, engine })
      await exchanges.transport.prepare()
      const exchange = await exchanges.send(add({ id: 1 }))
      t.is(exchange.status, status, exchange.errorDetail ?? '')
      await exchanges.close()
    }
    t.is(shop.calls, 1)
  })
}
