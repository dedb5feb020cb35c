import { connect } from 'node:net'
import test, { type ExecutionContext } from 'ava'
import { createMetricsPage } from '../../../cli/metrics/metrics-page.ts'
import { serveMetrics } from '../../../cli/metrics/metrics-server.ts'
import { gauge, reading } from '../../../core/telemetry/metric.ts'
import { readMetrics } from '../../kit/metrics-page.ts'
import { until } from '../../kit/until.ts'

const metric = gauge('breakwater_test', 'A test.', ['name'])

async function place(t: ExecutionContext, { ready = true, page = ownPage } = {}) {
  const server = await serveMetrics({ host: '127.0.0.1', port: 0 }, page(), () => ({ ready, worker: 'w1' }))
  t.teardown(server.close)
  return server.url.replace('/metrics', '')
}

function ownPage(names: readonly string[] = ['a']) {
  return createMetricsPage([metric], () => names.map((name) => reading(metric, 1, { name })), {
    worker: 'w"1',
  })
}

test('labels come back as they were, whatever is in them', async (t) => {
  const names = ['plain', 'with "quotes"', 'back\\slash', 'two\nlines', 'Käse 🧀', '{a="b"} 1', '']
  const url = await place(t, { page: () => ownPage(names) })
  const { lines } = readMetrics(await (await fetch(`${url}/metrics`)).text())
  const own = lines.filter(({ name }) => name === 'breakwater_test')
  t.deepEqual(
    own.map(({ labels }) => labels.name),
    names,
  )
  t.true(own.every(({ labels }) => labels.worker === 'w"1'))
})

test('it is of the type that Prometheus wants, and may be asked for its head', async (t) => {
  const url = await place(t)
  const got = await fetch(`${url}/metrics?from=prometheus`)
  t.is(got.headers.get('content-type'), 'text/plain; version=0.0.4; charset=utf-8')
  const head = await fetch(`${url}/metrics`, { method: 'HEAD' })
  t.is(head.status, 200)
  t.is(await head.text(), '')
})

test('a process that is cut off is alive, and not ready', async (t) => {
  const url = await place(t, { ready: false })
  const [alive, ready] = [await fetch(`${url}/healthz`), await fetch(`${url}/readyz`)]
  t.deepEqual([alive.status, ready.status], [200, 503])
  t.deepEqual(await alive.json(), { ready: false, worker: 'w1' })
})

for (const [request, status] of [
  ['POST /metrics HTTP/1.1\r\nhost: a\r\ncontent-length: 0\r\n\r\n', 405],
  ['GET //[:: HTTP/1.1\r\nhost: a\r\n\r\n', 404],
  ['GET http://other/ HTTP/1.1\r\nhost: a\r\n\r\n', 404],
  ['GET /metrics/../../etc/passwd HTTP/1.1\r\nhost: a\r\n\r\n', 404],
  ['nonsense\r\n\r\n', 400],
  [`GET /${'x'.repeat(100_000)} HTTP/1.1\r\n\r\n`, 431],
] as const) {
  test(`${JSON.stringify(request.slice(0, 40))} is answered with ${status}, and nothing else happens`, async (t) => {
    const url = await place(t)
    t.regex(await exchange(url, request), new RegExp(`^HTTP/1\\.1 ${status} `))
    t.is((await fetch(`${url}/metrics`)).status, 200)
  })
}

test('who asks while a page is being made gets that page', async (t) => {
  let made = 0
  let finish: (text: string) => void = () => {}
  const page = () => ({
    contentType: 'text/plain',
    render() {
      made++
      if (made > 1) return Promise.resolve('page')
      return new Promise<string>((resolve) => {
        finish = resolve
      })
    },
  })
  const url = await place(t, { page })
  const asked = Array.from({ length: 20 }, async () => (await fetch(`${url}/metrics`)).text())
  await until('it is being made', () => made === 1)
  // All twenty have come by then: each has a connection, and is heard in turn.
  await fetch(`${url}/healthz`)
  finish('page')
  t.deepEqual(new Set(await Promise.all(asked)), new Set(['page']))
  t.true(made <= 2, `${made}`)
})

function exchange(url: string, request: string): Promise<string> {
  const { hostname, port } = new URL(url)
  return new Promise((resolve, reject) => {
    const socket = connect(Number(port), hostname, () => socket.write(request))
    let text = ''
    socket.setEncoding('utf8')
    socket.on('data', (chunk: string) => {
      text += chunk
      socket.end()
    })
    // What is not read of a long request may reset the connection behind the answer.
    socket.on('error', (error) => (text === '' ? reject(error) : resolve(text)))
    socket.on('close', () => resolve(text))
  })
}
