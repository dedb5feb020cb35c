import { once } from 'node:events'
import { setTimeout as sleep } from 'node:timers/promises'
import { productOf, products } from './catalog.ts'
import { Refusal } from './exchange.ts'
import type { Routes } from './router.ts'

const mostEvents = 1_000_000

/**
 * `/events?count=5&every=50`: prices as server-sent events, that many, so many milliseconds apart; without a count until the client leaves.
 * A client that comes back with `last-event-id` gets those behind it.
 */
export const events: Routes = {
  'GET /events': async ({ query, request, response, shop }) => {
    const count = numberOf(query.get('count') ?? `${mostEvents}`, 1, mostEvents)
    const everyMs = numberOf(query.get('every') ?? '100', 1, 60_000)
    const first = Number(request.headers['last-event-id'] ?? 0) + 1 || 1
    const gone = new AbortController()
    response.on('close', () => gone.abort())
    shop.counts.sse.streams++
    response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-store' })
    for (let id = first; id < first + count && !gone.signal.aborted; id++) {
      if (id > first) await sleep(everyMs, undefined, { signal: gone.signal }).catch(() => {})
      if (gone.signal.aborted) return
      shop.counts.sse.events++
      const { id: product, cents } = productOf(1 + (id % products.length)) as { id: number; cents: number }
      const isRoom = response.write(
        `id: ${id}\nevent: price\ndata: ${JSON.stringify({ id, product, cents })}\n\n`,
      )
      if (!isRoom) await once(response, 'drain', { signal: gone.signal }).catch(() => {})
    }
    response.end()
  },
}

function numberOf(text: string, least: number, most: number): number {
  const number = Number(text)
  if (!Number.isInteger(number) || number < least || number > most) {
    throw new Refusal(422, `from ${least} to ${most}, not ${text}`)
  }
  return number
}
