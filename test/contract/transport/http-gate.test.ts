import type { RequestListener } from 'node:http'
import { setImmediate as nextTurn } from 'node:timers/promises'
import test, { type ExecutionContext } from 'ava'
import { type Certificates, makeCertificates } from '../../kit/certificates.ts'
import { Exchanges, targetOf } from '../../kit/exchanges.ts'
import { caFile, type Flavour, flavours, type Served, serve } from '../../kit/http-flavours.ts'
import { until } from '../../kit/until.ts'

let certificates: Certificates
test.before(async () => {
  certificates = await makeCertificates()
})

interface Gated {
  readonly exchanges: Exchanges
  readonly server: Served
  shut(): void
  /** As the engine opens it. */
  open(): void
}

async function withGate(
  t: ExecutionContext,
  flavour: Flavour,
  { share, listener }: { share: 'pool' | 'user'; listener: RequestListener },
  body: (gated: Gated) => Promise<void>,
): Promise<void> {
  const server = await serve(flavour, listener, { certificates })
  let isShut = false
  const target = targetOf(server.url, { ...flavour.wish, connections: { max: 1, share } })
  const exchanges = new Exchanges(target, {
    files: { [caFile]: certificates.ca },
    engine: flavour.engine,
    gate: { mayWrite: () => !isShut },
  })
  try {
    await exchanges.transport.prepare()
    await body({
      exchanges,
      server,
      shut: () => {
        isShut = true
      },
      open: () => {
        isShut = false
        exchanges.transport.resume?.()
      },
    })
  } finally {
    await exchanges.close()
    await server.close()
  }
  t.deepEqual(exchanges.violations, [])
}

for (const flavour of flavours) {
  // On an HTTP/2 connection that users share nobody waits for one.
  for (const share of flavour.isHttp2 ? (['user'] as const) : (['pool', 'user'] as const)) {
    test(`${flavour.name}, share: ${share}: who waits for a connection is not sent while the gate is shut`, async (t) => {
      const answers: (() => void)[] = []
      const listener: RequestListener = (_request, response) => answers.push(() => response.end('ok'))
      await withGate(t, flavour, { share, listener }, async ({ exchanges, server, shut, open }) => {
        const first = exchanges.start({ user: 1 })
        await until('the first is there', () => server.requests === 1)
        const second = exchanges.start({ user: 2 })
        const third = exchanges.start({ user: 3 })
        shut()
        answers[0]?.()
        t.is((await first.done).status, 200, 'what was sent is answered')
        for (let turn = 0; turn < 20; turn++) await nextTurn()
        t.is(server.requests, 1)
        open()
        await until('the second is there', () => server.requests === 2)
        answers[1]?.()
        await until('the third is there', () => server.requests === 3)
        answers[2]?.()
        const [two, three] = await Promise.all([second.done, third.done])
        t.deepEqual([two.status, three.status, two.sends, three.sends], [200, 200, 1, 1])
      })
    })
  }

  test(`${flavour.name}: a connection that opens while the gate is shut waits for it`, async (t) => {
    const listener: RequestListener = (_request, response) => response.end('ok')
    await withGate(t, flavour, { share: 'pool', listener }, async ({ exchanges, server, shut, open }) => {
      const { done } = exchanges.start()
      shut()
      await until('it is connected', () => server.connections === 1)
      for (let turn = 0; turn < 20; turn++) await nextTurn()
      t.is(server.requests, 0)
      open()
      t.is((await done).status, 200)
    })
  })
}
