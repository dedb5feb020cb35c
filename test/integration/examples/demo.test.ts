import { once } from 'node:events'
import { connect } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { Client, Pool, request } from 'undici'
import { type DemoOptions, startDemo } from '../../../examples/demo/demo.ts'
import type { DemoStats } from '../../../examples/demo/demo-stats.ts'
import { until } from '../../kit/until.ts'

async function demo(t: ExecutionContext, options: DemoOptions = {}) {
  const started = await startDemo(options)
  t.teardown(() => started.close())
  return started
}

async function get(url: string, method: 'GET' | 'POST' | 'HEAD' = 'GET') {
  const { statusCode, headers, body } = await request(url, { method })
  return { status: statusCode, headers, body: await body.text() }
}

test('each path answers as it says', async (t) => {
  const { url } = await demo(t, { serviceTimeMs: 1 })
  for (const [path, status, body] of [
    ['/', 200, 'ok\n'],
    ['/?page=2', 200, 'ok\n'],
    ['/fast', 200, 'ok\n'],
    ['/status/404', 404, ''],
    ['/status/204', 204, ''],
    ['/status/599', 599, ''],
    ['/status/199', 404, 'no such path\n'],
    ['/status/toString', 404, 'no such path\n'],
    ['/bytes/0', 200, ''],
    ['/bytes/5', 200, 'xxxxx'],
    ['/bytes/1000000001', 404, 'no such path\n'],
    ['/bytes/-1', 404, 'no such path\n'],
    ['/nowhere', 404, 'no such path\n'],
    ['/healthz', 200, 'ok\n'],
  ] as const) {
    const answer = await get(url + path)
    t.deepEqual([path, answer.status, answer.body], [path, status, body])
  }
  t.is((await get(`${url}/`, 'POST')).status, 200)
  t.is((await get(`${url}/bytes/1000`, 'HEAD')).headers['content-length'], '1000')
})

test('stats count the load by path and status, and nothing else', async (t) => {
  const { url, stats } = await demo(t, { serviceTimeMs: 1 })
  for (const path of ['/', '/?x=1', '/fast', '/status/503', '/nowhere', '/healthz', '/stats'])
    await get(url + path)
  const answered: DemoStats = JSON.parse((await get(`${url}/stats`)).body)
  t.like(answered, {
    received: 5,
    receivedByPath: { '/': 2, '/fast': 1, '/status/503': 1, '/nowhere': 1 },
    answeredByStatus: { 200: 3, 404: 1, 503: 1 },
    served: 2,
    queued: 0,
    inService: 0,
  })
  t.deepEqual({ ...stats(), upMs: 0 }, { ...answered, upMs: 0 })
})

test('paths named after parts of every object are counted like others', async (t) => {
  const { url, stats } = await demo(t)
  await get(`${url}/__proto__`)
  await get(`${url}/constructor`)
  t.is(stats().received, 2)
  t.is(stats().receivedByPath['/constructor'], 1)
})

test('one connection carries any number of requests, also sent ahead', async (t) => {
  const { url, stats } = await demo(t, { servers: 4, serviceTimeMs: 1 })
  const { hostname, port } = new URL(url)
  const socket = connect(Number(port), hostname)
  t.teardown(() => socket.destroy())
  let received = ''
  socket.setEncoding('latin1').on('data', (part: string) => {
    received += part
  })
  socket.write('GET / HTTP/1.1\r\nhost: demo\r\n\r\n'.repeat(200))
  await until('two hundred answers', () => received.split('HTTP/1.1 200 OK').length === 201)
  t.is(stats().served, 200)
})

test.serial('requests in line are done a service time apart, and timer errors do not add up', async (t) => {
  const { url } = await demo(t, { servers: 1, serviceTimeMs: 5, distribution: 'constant' })
  const pool = new Pool(url, { connections: 100 })
  t.teardown(() => pool.close())
  // Connections first: opening a hundred takes longer than a service time.
  await Promise.all(Array.from({ length: 100 }, () => fetched(pool, '/fast')))
  // A busy machine may hold up the client, the sockets or a timer: it doesn't do so three times. What adds up does.
  const attempts = [await inLine(pool), await inLine(pool), await inLine(pool)]
  const told = JSON.stringify(attempts)
  for (const { earliestMs } of attempts) t.true(earliestMs >= 0, told)
  t.true(Math.min(...attempts.map(({ medianMs }) => medianMs)) < 25, told)
  // A millisecond for each request would be 80.
  t.true(Math.min(...attempts.map(({ driftMs }) => driftMs)) < 10, told)
})

/** A hundred requests at once of one server that takes 5 ms: how late they are done, in their order. */
async function inLine(pool: Pool) {
  const begin = performance.now()
  const doneMs = await Promise.all(
    Array.from({ length: 100 }, async () => {
      await fetched(pool, '/')
      return performance.now() - begin
    }),
  )
  const lateMs = doneMs.sort((a, b) => a - b).map((ms, i) => ms - 5 * (i + 1))
  return {
    earliestMs: Math.min(...lateMs),
    medianMs: lateMs.toSorted((a, b) => a - b)[50] as number,
    driftMs: Math.min(...lateMs.slice(-20)) - Math.min(...lateMs.slice(0, 20)),
  }
}

test('a full queue turns requests away at once', async (t) => {
  const { url, stats } = await demo(t, { servers: 2, serviceTimeMs: 300, distribution: 'constant', queue: 3 })
  const answers = Array.from({ length: 12 }, () => get(`${url}/`))
  await until('all requests', () => stats().received === 12)
  t.like(stats(), { queued: 3, inService: 2, answeredByStatus: { 503: 7 } })
  const statuses = (await Promise.all(answers)).map((answer) => answer.status)
  t.is(statuses.filter((status) => status === 200).length, 5)
})

test('a stall freezes what is under way and what comes in', async (t) => {
  const { url, stats } = await demo(t, {
    servers: 1,
    serviceTimeMs: 20,
    distribution: 'constant',
    stalls: [{ atMs: 0, forMs: 400 }],
  })
  await Promise.all([get(`${url}/`), get(`${url}/`)])
  t.true(stats().upMs >= 440, `${stats().upMs}`)
  t.is((await get(`${url}/fast`)).status, 200)
})

test('a stall can be started at any time', async (t) => {
  const { url, stats } = await demo(t, { servers: 1, serviceTimeMs: 500, distribution: 'constant' })
  const begin = performance.now()
  const first = get(`${url}/`)
  await until('the request to be in service', () => stats().inService === 1)
  t.is((await get(`${url}/stall?for=300ms`, 'POST')).status, 202)
  t.is(stats().served, 0)
  await first
  t.true(performance.now() - begin >= 800)
  t.is((await get(`${url}/stall?for=300ms`)).status, 405)
  const refused = await get(`${url}/stall?for=300`, 'POST')
  t.is(refused.status, 400)
  t.regex(refused.body, /300s/)
  t.is(stats().received, 1)
})

test('errors come at their rate, the same for the same seed', async (t) => {
  const failures = async (seed: number) => {
    const { url, stats } = await demo(t, { errorRate: 0.2, seed })
    const client = new Client(url)
    t.teardown(() => client.close())
    const statuses: number[] = []
    for (let i = 0; i < 300; i++) statuses.push(await fetched(client, '/fast'))
    t.is(stats().answeredByStatus[500], statuses.filter((status) => status === 500).length)
    return statuses
  }
  const once = await failures(1)
  const errors = once.filter((status) => status === 500).length
  t.true(errors > 40 && errors < 80, `${errors}`)
  t.deepEqual(await failures(1), once)
  t.notDeepEqual(await failures(2), once)
})

test('large bodies are streamed to those who read, and dropped where the client goes away', async (t) => {
  const { url, stats } = await demo(t)
  const { body } = await request(`${url}/bytes/100000000`)
  let bytes = 0
  for await (const part of body) bytes += part.length
  t.is(bytes, 100_000_000)
  const before = process.memoryUsage().rss
  const { body: abandoned } = await request(`${url}/bytes/1000000000`)
  await once(abandoned, 'readable')
  t.true(process.memoryUsage().rss - before < 100e6)
  abandoned.on('error', () => {}).destroy()
  t.is((await get(`${url}/fast`)).status, 200)
  t.is(stats().received, 3)
})

test('closing cuts off requests under way and frees the port', async (t) => {
  const started = await startDemo({ serviceTimeMs: 60_000, distribution: 'constant' })
  const cut = t.throwsAsync(get(`${started.url}/`))
  await until('the request to be in service', () => started.stats().inService === 1)
  await started.close()
  await cut
  const again = await startDemo({ port: Number(new URL(started.url).port) })
  await again.close()
})

test('a port in use is an error of starting', async (t) => {
  const { url } = await demo(t)
  await t.throwsAsync(startDemo({ port: Number(new URL(url).port) }), { code: 'EADDRINUSE' })
})

async function fetched(client: Client | Pool, path: string): Promise<number> {
  const { statusCode, body } = await client.request({ path, method: 'GET' })
  await body.dump()
  return statusCode
}
