import { once } from 'node:events'
import { createServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { TLSSocket } from 'node:tls'
import test from 'ava'
import { makeCertificates } from '../../kit/certificates.ts'
import { Exchanges, targetOf } from '../../kit/exchanges.ts'
import { http1Clients } from '../../kit/http-flavours.ts'

for (const { client, engine } of http1Clients) {
  for (const maxVersion of ['TLSv1.2', 'TLSv1.3'] as const) {
    for (const resume of [false, true]) {
      const does = resume ? 'resume a session where it is asked for' : 'take the full handshake'
      test(`${client}: new connections over ${maxVersion} ${does}`, async (t) => {
        const { ca, cert, key } = await makeCertificates()
        const reused: boolean[] = []
        // Each answer ends its connection.
        const server = createServer({ cert, key, maxVersion, keepAlive: false }, (_, response) => {
          response.writeHead(200, { connection: 'close' }).end('ok')
        })
        server.on('secureConnection', (socket: TLSSocket) => reused.push(socket.isSessionReused()))
        server.listen(0, '127.0.0.1')
        await once(server, 'listening')
        const { port } = server.address() as AddressInfo
        const target = targetOf(`https://127.0.0.1:${port}`, {
          protocol: 'http1',
          tls: { caFile: 'ca.pem', resume },
        })
        const exchanges = new Exchanges(target, { files: { 'ca.pem': ca }, engine })
        t.teardown(async () => {
          await exchanges.close()
          server.close()
        })
        await exchanges.transport.prepare()
        for (let n = 0; n < 4; n++) {
          const { status, error, errorDetail } = await exchanges.send()
          t.is(error, null, errorDetail ?? '')
          t.is(status, 200)
        }
        t.deepEqual(reused, [false, resume, resume, resume])
      })
    }
  }
}
