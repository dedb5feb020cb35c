import { setTimeout as sleep } from 'node:timers/promises'
import test from 'ava'
import { frameTypes } from '../../../worker/transport/http2/frame.ts'
import { Exchanges, targetOf } from '../../kit/exchanges.ts'
import { type RawServer, startRawServer } from '../../kit/failing-servers.ts'
import { add, shopProtos } from '../../kit/grpc-exchanges.ts'
import { shopFiles } from '../../kit/grpc-shop.ts'
import { data, framesIn, goaway, headers, reset, settings, windowUpdate } from '../../kit/http2-frames.ts'

const total = 3000
const concurrency = 60

/** Numbers in [0, 1), the same each time (the minimal standard generator). */
function randomOf(seed: number): () => number {
  let state = seed
  return () => {
    state = (state * 48_271) % 2_147_483_647
    return state / 2_147_483_647
  }
}

/** What it answers is made of what it was asked, whatever else it does: late, in any order, in pieces, resetting some, and ending connections. */
function startStorm(
  answerOf: (id: number, asked: Buffer, random: () => number) => Buffer[],
): Promise<RawServer> {
  return startRawServer((socket, connection) => {
    const random = randomOf(connection + 1)
    let held = Buffer.alloc(0)
    let last = 0
    let isGoing = false
    const waiting: Buffer[] = []
    socket.on('error', () => {})
    socket.write(settings())
    socket.on('data', (bytes: Buffer) => {
      held = Buffer.concat([held, bytes])
      if (held.toString('latin1', 0, 3) === 'PRI') held = held.subarray(24)
      let used = 0
      for (const { type, id, payload, flags } of framesIn(held)) {
        if (used + 9 + payload.length > held.length || held.readUIntBE(used, 3) !== payload.length) break
        used += 9 + payload.length
        const isAsked = type === frameTypes.data || (type === frameTypes.headers && (flags & 1) === 1)
        if (!isAsked || (isGoing && id > last)) continue
        last = Math.max(last, id)
        for (const frame of answerOf(id, payload, random)) waiting.push(frame)
      }
      held = held.subarray(used)
      if (!isGoing && last > 600) {
        isGoing = true
        waiting.push(goaway(last, 0))
      }
      setTimeout(send, random() * 3)
    })
    function send(): void {
      // Of different streams any order will do; those of one stream were pushed as one piece.
      waiting.sort(() => (isGoing ? 0 : random() - 0.5))
      const bytes = Buffer.concat(waiting.splice(0))
      for (let at = 0; at < bytes.length && socket.writable; ) {
        const end = Math.min(bytes.length, at + 1 + Math.floor(random() * 300))
        socket.write(bytes.subarray(at, end))
        at = end
      }
    }
  })
}

/** Some exchanges are given up at any time. Resolves with what was wrong. */
async function runStorm(
  exchanges: Exchanges,
  wish: (n: number) => Parameters<Exchanges['start']>[0],
  isRight: (n: number, exchange: Awaited<ReturnType<Exchanges['send']>>) => boolean,
): Promise<{ wrong: string[]; right: number }> {
  const random = randomOf(4711)
  const wrong: string[] = []
  let right = 0
  let next = 0
  const loop = async () => {
    while (next < total) {
      const n = next++
      const { exchange, done } = exchanges.start(wish(n))
      const isGivenUp = random() < 0.1
      let isOver = false
      if (isGivenUp) {
        void sleep(random() * 3).then(() => {
          if (!isOver) exchanges.cancel(exchange, 'timeout')
        })
      }
      const ended = await done
      isOver = true
      if (isGivenUp && ended.error === 'timeout') continue
      if (ended.error === null && isRight(n, ended)) right++
      else wrong.push(`${n}: ${ended.error} ${ended.status} ${ended.errorDetail}`)
    }
  }
  await Promise.all(Array.from({ length: concurrency }, loop))
  return { wrong, right }
}

test('gRPC: in a storm of answers, each call has its own', async (t) => {
  const server = await startStorm((id, asked, random) => {
    if (random() < 0.05) return [reset(id, 8)]
    // The message is field 1 as a varint of two bytes: asked again in the answer.
    const message = Buffer.from(asked)
    return [
      Buffer.concat([
        headers(id, [':status', '200', 'x', String(Math.floor(random() * 3))]),
        ...(random() < 0.3 ? [windowUpdate(id, 5), data(id, '')] : []),
        ...(random() < 0.5
          ? [data(id, message.subarray(0, 3)), data(id, message.subarray(3))]
          : [data(id, message)]),
        headers(id, ['grpc-status', '0'], true),
      ]),
    ]
  })
  const target = targetOf(`grpc://127.0.0.1:${server.port}`, { grpc: shopProtos, connections: { max: 3 } })
  const exchanges = new Exchanges(target, { engine: 'wire', files: shopFiles })
  t.teardown(async () => {
    await exchanges.close()
    await server.close()
  })
  await exchanges.transport.prepare()
  const { wrong, right } = await runStorm(
    exchanges,
    (n) => ({ ...add({ id: n + 200 }), wantBody: true }),
    (n, { status, message }) => status === 1 || (message as { id: string } | null)?.id === String(n + 200),
  )
  t.deepEqual(wrong.slice(0, 5), [])
  t.true(right > total / 2)
  t.true(server.accepted > 3, 'connections were ended')
  t.deepEqual(exchanges.violations, [])
})

test('HTTP: in a storm of answers, each request has its own', async (t) => {
  const server = await startStorm((id, asked, random) => [
    Buffer.concat([
      headers(id, [':status', '103']),
      headers(id, [':status', '200', 'content-length', String(asked.length)]),
      ...(random() < 0.5 ? [data(id, asked, true)] : [data(id, asked), headers(id, ['x', 'y'], true)]),
    ]),
  ])
  const target = targetOf(`http://127.0.0.1:${server.port}`, { protocol: 'http2', connections: { max: 3 } })
  const exchanges = new Exchanges(target, { engine: 'wire' })
  t.teardown(async () => {
    await exchanges.close()
    await server.close()
  })
  await exchanges.transport.prepare()
  const { wrong, right } = await runStorm(
    exchanges,
    (n) => ({ method: 'POST', body: `request ${n}`, wantBody: true }),
    (n, { status, body }) => status === 200 && Buffer.from(body ?? []).toString() === `request ${n}`,
  )
  t.deepEqual(wrong.slice(0, 5), [])
  t.true(right > total / 2)
  t.true(server.accepted > 1, 'connections were ended')
  t.deepEqual(exchanges.violations, [])
})
