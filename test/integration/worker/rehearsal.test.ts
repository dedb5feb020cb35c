import test from 'ava'
import { localMs } from '../../../worker/engine/clock.ts'
import { rehearse } from '../../../worker/engine/rehearsal.ts'
import type { LoadTransports, Transport } from '../../../worker/engine/transport-port.ts'
import { loadTransports } from '../../../worker/transport/create-transport.ts'
import { until } from '../../kit/until.ts'

/** The real transports, watched. */
function watched() {
  const seen = { sent: 0, urls: new Set<string>(), transports: [] as Transport[] }
  const load: LoadTransports = async (spec, files, engine) => {
    seen.urls.add(spec.target.url)
    const create = await loadTransports(spec, files, engine)
    return (settings) => {
      const transport = create(settings)
      const send = transport.send.bind(transport)
      transport.send = (exchange) => {
        seen.sent++
        send(exchange)
      }
      seen.transports.push(transport)
      return transport
    }
  }
  return { seen, load }
}

for (const pace of ['timer', 'spin'] as const) {
  test(`a rehearsal for ${pace} makes its requests of servers of its own, and leaves no connection behind`, async (t) => {
    const { seen, load } = watched()
    await rehearse(localMs() + 5_000, pace, load)
    t.true(seen.sent > 100, `${seen.sent} requests`)
    t.true([...seen.urls].every((url) => /^http:\/\/127\.0\.0\.1:\d+$/.test(url)))
    // Whoever has seen one object alone is compiled for it alone.
    t.true(seen.transports.length > 1)
    await until('its connections are closed', () =>
      seen.transports.every(({ openSockets }) => openSockets === 0),
    )
  })
}

test('a rehearsal for spin is over before the start', async (t) => {
  const { load } = watched()
  const startLocalMs = localMs() + 1_500
  await rehearse(startLocalMs, 'spin', load)
  t.true(localMs() < startLocalMs)
})

test('where the start is near there is no rehearsal', async (t) => {
  const { seen, load } = watched()
  await rehearse(localMs() + 500, 'spin', load)
  t.deepEqual(seen, { sent: 0, urls: new Set(), transports: [] })
})
