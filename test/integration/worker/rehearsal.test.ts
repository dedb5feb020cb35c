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

test('a rehearsal makes its requests of a server of its own, and leaves no connection behind', async (t) => {
  const { seen, load } = watched()
  await rehearse(localMs() + 2_000, load)
  t.true(seen.sent > 100, `${seen.sent} requests`)
  t.deepEqual(
    [...seen.urls].map((url) => /^http:\/\/127\.0\.0\.1:\d+$/.test(url)),
    [true],
  )
  t.is(seen.transports.length, 1)
  await until('its connections are closed', () => seen.transports[0]?.openSockets === 0)
})

test('where the start is near there is no rehearsal', async (t) => {
  const { seen, load } = watched()
  await rehearse(localMs() + 500, load)
  t.deepEqual(seen, { sent: 0, urls: new Set(), transports: [] })
})
