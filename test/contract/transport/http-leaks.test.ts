import { setTimeout as sleep } from 'node:timers/promises'
import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import test from 'ava'
import type { Exchange } from '../../../worker/engine/transport-port.ts'
import { Exchanges, type TargetWish, targetOf } from '../../kit/exchanges.ts'
import {
  answersGarbage,
  answersLargeBody,
  answersServerError,
  type Behaviour,
  closesInTheBody,
  closesUnanswered,
  neverAnswers,
  refusedPort,
  resets,
  startRawServer,
} from '../../kit/failing-servers.ts'
import { http1Clients } from '../../kit/http-flavours.ts'
import { until } from '../../kit/until.ts'

setFlagsFromString('--expose-gc')
const collectGarbage = runInNewContext('gc') as () => void

const exchangesPerKind = 10_000
const concurrency = 50
const mebibyte = 1024 * 1024

interface Kind {
  readonly name: string
  /** Null: nobody listens. */
  readonly behaviour: Behaviour | null
  readonly outcome: string | number
  readonly wish?: TargetWish
  /** Cancelled once it is sent. */
  readonly isCancelled?: boolean
}

const http1Kinds: readonly Kind[] = [
  { name: 'refused connections', behaviour: null, outcome: 'refused' },
  { name: 'resets', behaviour: resets, outcome: 'reset' },
  { name: 'closes without an answer', behaviour: closesUnanswered, outcome: 'reset' },
  { name: 'closes in the body', behaviour: closesInTheBody, outcome: 'reset' },
  { name: 'garbage', behaviour: answersGarbage, outcome: 'protocol' },
  { name: 'answers of 500', behaviour: answersServerError, outcome: 500 },
  {
    name: 'bodies over the bound',
    behaviour: answersLargeBody(4000),
    outcome: 'too_large',
    wish: { maxBodyBytes: 1000 },
  },
  { name: 'timeouts', behaviour: neverAnswers, outcome: 'timeout', isCancelled: true },
]

const http2Kinds = http1Kinds
  .filter(({ name }) =>
    ['refused connections', 'resets', 'closes without an answer', 'garbage'].includes(name),
  )
  .map((kind): Kind => ({ ...kind, wish: { protocol: 'http2' } }))

for (const { client, engine, of } of [
  ...http1Clients.map((one) => ({ ...one, of: http1Kinds })),
  { client: 'wire-http2', engine: 'wire', of: http2Kinds } as const,
]) {
  for (const { name, behaviour, outcome, wish, isCancelled } of of) {
    test.serial(
      `${client}: ${exchangesPerKind} ${name} are each counted, and leave neither sockets nor memory`,
      async (t) => {
        const server = behaviour === null ? null : await startRawServer(behaviour)
        const url = server?.url ?? `http://127.0.0.1:${await refusedPort()}`
        const exchanges = new Exchanges(targetOf(url, wish), { engine })
        await exchanges.transport.prepare()
        const outcomes = new Map<string | number, number>()
        const count = ({ error, status }: Exchange) => {
          const key = error ?? status
          outcomes.set(key, (outcomes.get(key) ?? 0) + 1)
        }
        const one = async () => {
          if (isCancelled !== true) return exchanges.send({ wantBody: true })
          const { exchange, done } = exchanges.start()
          while (exchange.sends === 0) await new Promise((resolve) => setImmediate(resolve))
          exchanges.cancel(exchange, 'timeout')
          return done
        }
        const many = async (total: number) => {
          let left = total
          const loop = async () => {
            while (left-- > 0) count(await one())
          }
          await Promise.all(Array.from({ length: concurrency }, loop))
        }
        const tenth = exchangesPerKind / 10
        await many(tenth)
        const before = await settledHeap()
        await many(exchangesPerKind - tenth)
        const after = await settledHeap()
        t.deepEqual([...outcomes], [[outcome, exchangesPerKind]])
        t.is(exchanges.underWay, 0)
        t.true(after - before < 5 * mebibyte, `${((after - before) / mebibyte).toFixed(1)} MiB more`)
        await exchanges.close()
        t.is(exchanges.transport.openSockets, 0)
        t.deepEqual(exchanges.violations, [])
        if (server !== null) {
          await until('the server has no connection left', () => server.open === 0)
          await server.close()
        }
      },
    )
  }
}

/** Bytes that are still in use once the garbage is gone, buffers outside the heap included. */
async function settledHeap(): Promise<number> {
  for (let n = 0; n < 3; n++) {
    await sleep(1)
    collectGarbage()
  }
  const { heapUsed, external } = process.memoryUsage()
  return heapUsed + external
}
