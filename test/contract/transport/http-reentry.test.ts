import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import type { RenderedRequest } from '../../../core/scenario/compiled.ts'
import { createClock } from '../../../worker/engine/clock.ts'
import { PooledExchange } from '../../../worker/engine/exchange.ts'
import type { Exchange, Transport } from '../../../worker/engine/transport-port.ts'
import { loadRoutes } from '../../../worker/transport/create-transport.ts'
import { targetOf } from '../../kit/exchanges.ts'
import { http1Clients } from '../../kit/http-flavours.ts'

const create = await loadRoutes(['wire-http1', 'undici'])

const get: RenderedRequest = Object.freeze({
  kind: 'http',
  target: 0,
  method: 'GET',
  path: '/',
  headers: Object.freeze([]),
  body: null,
})
const unwritable: RenderedRequest = Object.freeze({ ...get, headers: Object.freeze(['upgrade', 'x']) })

interface Loop {
  readonly transport: Transport
  /** Sends on that many slots, each the next from within `done`, until so many are done. */
  run(slots: number, total: number, next: (done: number) => RenderedRequest): Promise<Exchange[]>
}

function loopOf(url: string, engine: 'wire' | 'undici', max: number): Loop {
  const clock = createClock()
  let done: (exchange: Exchange) => void = () => {}
  const transport = create({
    target: targetOf(url, { connections: { max } }),
    threads: 1,
    thread: 0,
    detail: false,
    files: {},
    clock,
    engine,
    sink: { done: (exchange) => done(exchange), openStream: () => null },
  })
  return {
    transport,
    run: (slots, total, next) =>
      new Promise((resolve) => {
        const ended: Exchange[] = []
        let started = 0
        const send = (exchange: Exchange): void => {
          exchange.request = next(started)
          exchange.requestIndex = exchange.request === get ? 0 : 1
          exchange.dispatchedAt = clock.nowMicros()
          started++
          transport.send(exchange)
        }
        done = (exchange) => {
          ended.push({ ...exchange })
          if (started < total) send(exchange)
          else if (ended.length === total) resolve(ended)
        }
        for (let slot = 0; slot < slots; slot++) send(new PooledExchange(slot))
      }),
  }
}

for (const { client, engine } of http1Clients) {
  test(`${client}: what is sent from within done goes out, however often`, async (t) => {
    let requests = 0
    const server = createServer((_request, response) => {
      requests++
      response.end('ok')
    })
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { transport, run } = loopOf(`http://127.0.0.1:${port}`, engine, 4)
    await transport.prepare()
    const ended = await run(16, 5_000, () => get)
    t.is(ended.length, 5_000)
    t.true(ended.every(({ error, status, sends }) => error === null && status === 200 && sends === 1))
    t.true(ended.every((one) => one.dispatchedAt <= one.sentAt && one.sentAt <= one.doneAt))
    t.is(requests, 5_000)
    await transport.close()
    server.close()
  })

  test(`${client}: what cannot be written, sent again from within done, lets others have their turn`, async (t) => {
    const server = createServer((_request, response) => response.end('ok'))
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
    const { port } = server.address() as AddressInfo
    const { transport, run } = loopOf(`http://127.0.0.1:${port}`, engine, 4)
    await transport.prepare()
    let turns = 0
    const watch = setInterval(() => turns++, 1)
    const ended = await run(2, 3_000, (n) => (n === 1_000 ? get : unwritable))
    clearInterval(watch)
    t.is(ended.filter(({ error }) => error === 'protocol').length, 2_999)
    t.is(ended.filter(({ status }) => status === 200).length, 1)
    t.true(turns > 0)
    await transport.close()
    server.close()
  })
}
