import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test, { type ExecutionContext } from 'ava'
import type { RequestError } from '../../core/measure/request-error.ts'
import type { SeriesSum } from '../../core/measure/series-sum.ts'
import { isBalanced } from '../../core/plan/ledger.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { type Ran, type RunWish, runSpec } from '../kit/cluster.ts'
import { breakwater } from '../kit/command.ts'
import { examplesOf, loadTestOf } from '../kit/guide.ts'
import { startNginx } from '../kit/nginx.ts'
import { startShop } from '../kit/shop.ts'
import { type StreamServer, startStreamServer } from '../kit/stream-server.ts'
import { makeTempDir } from '../kit/temp-dir.ts'
import { testWith } from '../kit/tools.ts'
import { until } from '../kit/until.ts'

/** One iteration: a conversation and a feed, closed by their own steps. */
const conversation: readonly Json[] = [
  { ws: { connect: '/chat?room=1', as: 'chat' }, check: { status: 101, header: { 'x-server': 'streams' } } },
  {
    ws: {
      send: { json: { type: 'hi', id: '${randomInt(1,1000000)}' } },
      expect: { json: { '$.type': 'ack' } },
      within: '5s',
    },
    capture: { id: { json: '$.id' } },
    name: 'hello',
  },
  { ws: { send: 'again ${id}' } },
  { ws: { expect: 'again ${id}', within: '5s' }, check: { body: '/^again [0-9]+$/' } },
  { ws: { send: 'push 3', expect: '~push', count: 3 }, check: { body: 'push 3' }, name: 'push' },
  { ws: { close: true } },
  { sse: { open: '/events?count=9', as: 'feed' } },
  {
    sse: { expect: { event: 'price', json: { '$.sku': 'a' } }, count: 3, within: '5s' },
    capture: { last: { header: 'id' } },
    check: { json: { '$.id': 9 }, header: { id: '9' } },
  },
  { sse: { close: true } },
]

async function serve(t: ExecutionContext): Promise<StreamServer> {
  const server = await startStreamServer()
  t.teardown(server.close)
  return server
}

const run = (
  server: StreamServer,
  steps: readonly Json[],
  more: Readonly<Record<string, Json>>,
  wish: RunWish = {},
): Promise<Ran> =>
  runSpec(
    {
      target: { url: server.url.replace('http', 'ws') },
      scenarios: [{ name: 'talk', steps: [...steps] }],
      ...more,
    },
    wish,
  )

function sumOf({ record }: Ran, kind: string, name: string): SeriesSum {
  return record.metrics.totals(record.table.select((key) => key.kind === kind && key.name === name))
}

for (const workers of [1, 3]) {
  test(`in open and closed phases, what ${workers} workers tell is what the server has counted`, async (t) => {
    const server = await serve(t)
    const ran = await run(
      server,
      conversation,
      {
        load: [
          { phase: 'open', rate: 60, duration: '2s' },
          { phase: 'closed', at: '0s', users: 6, iterations: 60 },
        ],
      },
      { workers },
    )
    const { requests, total } = ran.accounts
    const { counts } = server
    const iterations = 120 + 60
    t.true(isBalanced(total))
    t.deepEqual(requests.errors, {})
    t.is(requests.attempted, iterations * conversation.length)
    t.is(requests.ok, requests.attempted)
    t.is(requests.sent, 2 * iterations, 'one request for each stream')
    await until(
      'all streams are closed',
      () => counts.closes[1000] === iterations && counts.feedsClosed === iterations,
    )
    t.is(counts.handshakes, iterations)
    t.is(counts.received, 3 * iterations)
    t.is(counts.sent, 5 * iterations)
    t.is(counts.feeds, iterations)
    t.deepEqual(counts.closes, { 1000: iterations })
    await until(
      'all connections are closed',
      () => counts.bytesRead > 0 && counts.bytesRead >= ran.total.bytesOut,
    )
    t.is(ran.total.bytesOut, counts.bytesRead)
    t.is(ran.total.bytesIn, counts.bytesWritten)

    for (const name of ['chat', 'feed']) {
      const stream = sumOf(ran, 'group', name)
      t.is(stream.ok, iterations)
      t.is(stream.failed, 0)
    }
    t.is(sumOf(ran, 'step', 'hello').ok, iterations)
    t.is(sumOf(ran, 'step', 'WS send').ok, iterations)
    t.is(sumOf(ran, 'step', 'SSE open /events').ok, iterations)
    const checks = ran.total.checksPassed
    t.is(checks, 6 * iterations)
  })
}

test('what an iteration leaves open is closed behind it', async (t) => {
  const server = await serve(t)
  const ran = await run(
    server,
    [{ ws: { connect: '/chat' } }, { ws: { send: 'x', expect: 'x' } }, { sse: { open: '/events' } }],
    {
      load: [
        { phase: 'open', rate: 50, duration: '1s' },
        { phase: 'closed', users: 5, iterations: 50 },
      ],
    },
  )
  t.deepEqual(ran.accounts.requests.errors, {})
  await until('all are closed', () => server.counts.closes[1000] === 100 && server.counts.feedsClosed === 100)
  t.is(server.sockets.length + server.feeds.length, 0)
  t.is(sumOf(ran, 'group', 'ws').ok, 100)
  t.is(sumOf(ran, 'group', 'sse').ok, 100)
})

test('what onStart opens stays open for the life of its user, and lasts as long', async (t) => {
  const server = await serve(t)
  const ran = await run(server, [], {
    scenarios: [
      {
        name: 'talk',
        onStart: [{ ws: { connect: '/chat', as: 'chat' } }],
        steps: [{ ws: { send: 'x', expect: 'x' } }, { think: '20ms' }],
      },
    ],
    load: [
      { phase: 'paced', users: 4, iterations: 40, pace: '60ms' },
      { phase: 'open', rate: 20, duration: '1s' },
    ],
  })
  t.deepEqual(ran.accounts.requests.errors, {})
  t.is(server.counts.handshakes, 4 + 20)
  t.is(server.counts.received, 40 + 20)
  await until('all are closed', () => server.counts.closes[1000] === 24)
  const paced = ran.record.metrics.totals(
    ran.record.table.select((key) => key.kind === 'group' && key.phase === 0),
  )
  t.is(paced.ok, 4)
  const shortest = (paced.response.percentile(1) ?? 0) / 1000
  t.true(shortest >= 9 * 60, `nine paces of 60 ms, not ${shortest} ms`)
})

interface Failing {
  readonly what: string
  readonly steps: readonly Json[]
  readonly error: RequestError
  readonly detail: RegExp
  /** Streams that ended as they should not. */
  readonly lost: number
}

const failing: readonly Failing[] = [
  {
    what: 'a handshake that is refused',
    steps: [{ ws: { connect: '/refuse/503' } }],
    error: 'status_5xx',
    detail: /expected status 101, got 503/,
    lost: 0,
  },
  {
    what: 'a feed that is refused',
    steps: [{ sse: { open: '/refuse/404' } }],
    error: 'status_4xx',
    detail: /expected status 200, got 404/,
    lost: 0,
  },
  {
    what: 'a feed that is none',
    steps: [{ sse: { open: '/plain' } }],
    error: 'protocol',
    detail: /content type is application\/json/,
    lost: 0,
  },
  {
    what: 'an answer that does not come',
    steps: [{ ws: { connect: '/chat' } }, { ws: { send: 'hush', expect: '~x', within: '100ms' } }],
    error: 'timeout',
    detail: /no message came/,
    lost: 0,
  },
  {
    what: 'an answer that does not match',
    steps: [{ ws: { connect: '/chat' } }, { ws: { send: 'push 2', expect: '~x', within: '100ms' } }],
    error: 'timeout',
    detail: /2 came, and did not match/,
    lost: 0,
  },
  {
    what: 'a check of a message',
    steps: [
      { ws: { connect: '/chat' } },
      { ws: { send: 'push 1', expect: '~push' }, check: { body: 'push 2' } },
    ],
    error: 'check',
    detail: /expected the body to be "push 2", got "push 1"/,
    lost: 0,
  },
  {
    what: 'a capture from a message',
    steps: [
      { ws: { connect: '/chat' } },
      { ws: { send: '{}', expect: {} }, capture: { id: { json: '$.id' } } },
    ],
    error: 'capture',
    detail: /\$\.id/,
    lost: 0,
  },
  {
    what: 'a close by the server',
    steps: [{ ws: { connect: '/chat' } }, { ws: { send: 'bye 1011', expect: '~x' } }],
    error: 'reset',
    detail: /the server closed the stream \(1011 internal error: as asked\)/,
    lost: 1,
  },
  {
    what: 'a connection that breaks',
    steps: [{ ws: { connect: '/chat' } }, { ws: { send: 'die', expect: '~x' } }],
    error: 'reset',
    detail: /the connection was lost \(1006 no close frame\)/,
    lost: 1,
  },
]

for (const { what, steps, error, detail, lost } of failing) {
  test(`${what} fails with ${error}, and is shown`, async (t) => {
    const server = await serve(t)
    const iterations = 20
    const ran = await run(server, steps, { load: [{ phase: 'closed', users: 4, iterations }] })
    t.deepEqual(ran.accounts.requests.errors, { [error]: iterations })
    t.is(ran.accounts.requests.failed, iterations)
    const samples = ran.record.metrics.failures
    t.is(samples.length, 5)
    for (const sample of samples) {
      t.is(sample.error, error)
      t.regex(sample.detail, detail)
    }
    t.is(sumOf(ran, 'group', 'ws').failed, lost * iterations)
    await until('nothing is open', () => server.sockets.length + server.feeds.length === 0)
  })
}

test('a failure goes on where it may, and what follows on the same stream finds it as it is', async (t) => {
  const server = await serve(t)
  const ran = await run(
    server,
    [
      { ws: { connect: '/refuse/403' }, onError: 'continue', name: 'refused' },
      { ws: { send: 'x' }, onError: 'continue', name: 'nowhere' },
      { ws: { close: true }, onError: 'continue', name: 'close nothing' },
      { ws: { connect: '/chat' } },
      { ws: { send: 'hush', expect: '~x', within: '50ms' }, onError: 'continue', name: 'late' },
      { ws: { send: 'x', expect: 'x' }, name: 'alive' },
    ],
    { load: [{ phase: 'closed', users: 2, iterations: 10 }] },
  )
  t.deepEqual(ran.accounts.requests.errors, { status_4xx: 10, reset: 20, timeout: 10 })
  t.is(sumOf(ran, 'step', 'alive').ok, 10)
  const nowhere = ran.record.metrics.failures.find(({ step }) => step === 'nowhere')
  t.is(nowhere?.detail, 'the stream is not open')
})

test('what the end of a run cuts off is interrupted, and its streams are closed all the same', async (t) => {
  const server = await serve(t)
  const ran = await run(server, [{ ws: { connect: '/chat' } }, { ws: { expect: '~never', within: '30s' } }], {
    load: [{ phase: 'open', rate: 20, duration: '1s' }],
    limits: { drain: '300ms' },
  })
  const { requests, total } = ran.accounts
  t.true(isBalanced(total))
  t.is(requests.interrupted, 20)
  t.is(requests.ok, 20)
  t.is(requests.attempted, 40)
  t.is(requests.sent, 20)
  await until('the server has seen all go', () => server.counts.closes[1000] === 20)
  t.is(sumOf(ran, 'group', 'ws').ok, 0, 'as iterations that are cut off have no duration')
})

test('`run --once --trace` shows what was sent and what came; failures show the last messages; secrets are hidden', async (t) => {
  const server = await serve(t)
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const file = join(folder.path, 'chat.yaml')
  const secret = 'tops3cret-token'
  await writeFile(
    file,
    JSON.stringify({
      apiVersion: 'breakwater.dev/v1',
      kind: 'LoadTest',
      metadata: { name: 'chat' },
      spec: {
        target: { url: server.url },
        variables: { token: { env: 'API_TOKEN' } },
        scenarios: [
          {
            name: 'talk',
            steps: [
              { ws: { connect: '/chat' }, headers: { authorization: 'Bearer ${token}' } },
              {
                ws: { send: { json: { type: 'hi', id: '${token}' } }, expect: { json: { '$.type': 'ack' } } },
              },
              { ws: { send: '${token} again', expect: '~nothing', within: '100ms' } },
            ],
          },
        ],
        load: [{ phase: 'p', users: 1, iterations: 2 }],
      },
    }),
  )
  const traced = await breakwater(['run', file, '--once', '--trace'], { env: { API_TOKEN: secret } })
  t.is(traced.code, 1)
  t.regex(traced.stdout, /GET ws:\/\/127\.0\.0\.1:\d+\/chat {2}101/)
  t.regex(traced.stdout, /SEND ws:\/\/127\.0\.0\.1:\d+ \(ws\) {2}message/)
  t.true(traced.stdout.includes('> {"type":"hi","id":"***"}'), traced.stdout)
  t.true(traced.stdout.includes('< {"type":"ack","id":"***"}'))
  t.true(traced.stdout.includes('timeout: nothing that was expected came in time: 1 came, and did not match'))
  t.true(traced.stdout.includes('> *** again'))
  t.true(traced.stdout.includes('< *** again'))
  t.false(traced.stdout.includes(secret))

  const out = join(folder.path, 'out')
  await breakwater(['run', file, '--out', out, '--quiet'], { env: { API_TOKEN: secret } })
  const { readFile } = await import('node:fs/promises')
  const lines = (await readFile(join(out, 'failures.ndjson'), 'utf8')).trimEnd().split('\n')
  t.is(lines.length, 2)
  const [sample] = lines.map((line) => JSON.parse(line))
  t.like(sample, { step: 'WS send', error: 'timeout' })
  t.is(sample.request.body, '*** again')
  t.is(sample.response.body, '*** again')
  t.false(lines.join('').includes(secret))
})

test('every example of the guide runs against the shop, all checks green', async (t) => {
  const shop = await startShop()
  t.teardown(shop.stop)
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const examples = examplesOf('docs/guide/websocket-and-sse.md').filter(({ language }) => language === 'yaml')
  t.true(examples.length >= 3)
  for (const [index, example] of examples.entries()) {
    const file = join(folder.path, `${index}.yaml`)
    await writeFile(file, loadTestOf(example))
    const ran = await breakwater(['run', file, '--once', '--set', `target.url=${shop.url}`])
    t.is(ran.code, 0, `${example.at}\n${ran.stdout}${ran.stderr}`)
  }
  const [whole] = examples
  const file = join(folder.path, 'whole.yaml')
  await writeFile(file, whole?.text ?? '')
  await shop.reset()
  const flags = [
    '--set',
    `target.url=${shop.url}`,
    '--set',
    'load[0].duration=2s',
    '--set',
    'load[0].rate=100',
    '--json',
    '--quiet',
  ]
  const ran = await breakwater(['run', file, '--out', join(folder.path, 'out'), ...flags])
  t.is(ran.code, 0, ran.stdout + ran.stderr)
  const { requests, ledger } = JSON.parse(ran.stdout)
  await until('the shop has seen all go', async () => (await shop.stats()).ws.open === 0)
  const { ws, sse, received } = await shop.stats()
  t.is(ledger.planned, 200)
  t.is(ws.connections + sse.streams, 200)
  t.is(requests.sent, received.total)
  t.is(ws.messagesIn, 2 * ws.connections)
  t.is(ws.messagesOut, 5 * ws.connections)
})

testWith('nginx')('behind a proxy, `sent` is what its access log shows', async (t) => {
  const server = await serve(t)
  const nginx = await startNginx({
    server: `
      location /chat {
        proxy_pass ${server.url};
        proxy_http_version 1.1;
        proxy_set_header Upgrade $http_upgrade;
        proxy_set_header Connection upgrade;
      }
      location /events { proxy_pass ${server.url}; proxy_buffering off; }`,
  })
  t.teardown(nginx.remove)
  const ran = await runSpec({
    target: { url: nginx.url },
    scenarios: [{ name: 'talk', steps: [...conversation] }],
    load: [{ phase: 'closed', users: 5, iterations: 50 }],
  })
  const { requests } = ran.accounts
  t.deepEqual(requests.errors, {})
  await until(
    'all streams are closed',
    () => server.counts.closes[1000] === 50 && server.counts.feedsClosed === 50,
  )
  await nginx.stop()
  const log = (await nginx.accessLog()).filter(({ path }) => /^\/(chat|events)/.test(path))
  t.is(log.length, requests.sent)
  t.is(log.filter(({ status }) => status === 101).length, 50)
  t.is(sumOf(ran, 'group', 'chat').ok, 50)
})

test('set-up may use a stream: what it captured is known, and what it left open is closed', async (t) => {
  const server = await serve(t)
  const ran = await run(
    server,
    [{ ws: { connect: '/chat' } }, { ws: { send: '${setup.id}', expect: '7' } }],
    {
      setup: [
        { ws: { connect: '/chat' } },
        {
          ws: { send: { json: { type: 'hi', id: 7 } }, expect: { json: { '$.type': 'ack' } } },
          capture: { id: { json: '$.id' } },
        },
      ],
      load: [{ phase: 'closed', users: 2, iterations: 10 }],
    },
  )
  const { requests } = ran.accounts
  t.deepEqual(requests.errors, {})
  t.is(requests.setup, 1)
  t.is(requests.sent, 11)
  await until('all are closed', () => server.counts.closes[1000] === 11)
  t.is(server.counts.handshakes, 11)
})
