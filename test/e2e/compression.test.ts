import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync, zstdCompressSync } from 'node:zlib'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import type { Json } from '../../core/spec/load-test.ts'
import { runSpec } from '../kit/cluster.ts'

async function serve(t: ExecutionContext, listener: RequestListener): Promise<string> {
  const server = createServer(listener)
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`
}

const run = (target: Readonly<Record<string, Json>>, steps: readonly Json[]) =>
  runSpec({
    target,
    scenarios: [{ name: 'one', steps }],
    load: [{ phase: 'users', users: 1, iterations: 5 }],
  })

const page = JSON.stringify({ items: Array.from({ length: 500 }, (_, id) => ({ id, name: 'item' })) })

test('bodies are asked for compressed, looked into decompressed, and counted as they came', async (t) => {
  const asked = new Set<string | undefined>()
  const url = await serve(t, ({ headers }, response) => {
    asked.add(String(headers['accept-encoding']))
    response.writeHead(200, { 'content-encoding': 'gzip' }).end(gzipSync(page))
  })
  const { accounts, total } = await run({ url, compression: true }, [
    {
      get: '/',
      check: { json: { '$.items[499].id': 499 }, size: page.length },
      capture: { name: { json: '$.items[0].name' } },
    },
    { get: '/again/${name}', check: { size: page.length } },
    { get: '/unseen', headers: { 'Accept-Encoding': 'zstd' } },
  ])
  t.deepEqual(accounts.requests.errors, {})
  t.deepEqual([...asked].toSorted(), ['gzip, br, deflate, zstd', 'zstd'])
  t.true(total.bytesIn / total.count < page.length / 4, `${total.bytesIn / total.count} bytes each`)
})

test('nothing is asked for where the LoadTest does not, and what comes compressed is read all the same', async (t) => {
  const asked = new Set<string>()
  const coded = zstdCompressSync(page)
  const url = await serve(t, ({ headers }, response) => {
    asked.add(String(headers['accept-encoding']))
    response.writeHead(200, { 'content-encoding': 'zstd' }).end(coded)
  })
  const { accounts } = await run({ url }, [
    { get: '/', check: { body: '~"id":499', size: coded.length } },
    { get: '/size', check: { size: coded.length } },
  ])
  t.deepEqual(accounts.requests.errors, {})
  t.deepEqual([...asked], ['undefined'])
})

test('bombs, broken streams and unknown codings are counted, and the next request is made', async (t) => {
  const bomb = gzipSync(Buffer.alloc(100 * 1024 * 1024))
  const url = await serve(t, ({ url: path }, response) => {
    if (path === '/bomb') response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb)
    else if (path === '/broken') response.writeHead(200, { 'content-encoding': 'gzip' }).end('not so')
    else if (path === '/unknown') response.writeHead(200, { 'content-encoding': 'snappy' }).end('x')
    else response.writeHead(500, { 'content-encoding': 'gzip' }).end(gzipSync('why it failed'))
  })
  const look = { check: { body: '~x' }, onError: 'continue' }
  const { accounts, record } = await run({ url, compression: true }, [
    { get: '/bomb', ...look },
    { get: '/broken', ...look },
    { get: '/unknown', ...look },
    { get: '/unseen' },
  ])
  t.deepEqual(accounts.requests.errors, { too_large: 5, protocol: 10, status_5xx: 5 })
  const shown = record.metrics.failures.find(({ step }) => step === 'GET /unseen')
  t.is(shown?.response?.body, 'why it failed', 'a failure shows what the body holds')
})
