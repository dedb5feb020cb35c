import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { ExecutionContext } from 'ava'
import test from 'ava'
import type { Json } from '../../core/spec/load-test.ts'
import { warningsOf } from '../../core/verdict/warnings.ts'
import { type Ran, runSpec } from '../kit/cluster.ts'

interface Seen {
  readonly method: string
  readonly path: string
  readonly headers: IncomingMessage['headers']
  readonly body: string
}

interface Site {
  readonly url: string
  readonly seen: Seen[]
}

/** Real servers on the loopback, closed with the test. */
async function serve(
  t: ExecutionContext,
  answer: (request: Seen, response: ServerResponse) => void,
): Promise<Site> {
  const seen: Seen[] = []
  const server = createServer((request, response) => {
    const chunks: Buffer[] = []
    request.on('data', (chunk) => chunks.push(chunk))
    request.on('end', () => {
      const { method = '', url = '', headers } = request
      const one = { method, path: url, headers, body: Buffer.concat(chunks).toString() }
      seen.push(one)
      answer(one, response)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, seen }
}

const to = (response: ServerResponse, status: number, location: string, cookies: string[] = []) =>
  response.writeHead(status, { location, 'set-cookie': cookies }).end('moved')

function run(
  target: Readonly<Record<string, Json>>,
  steps: readonly Json[],
  more: Readonly<Record<string, Json>> = {},
  iterations = 10,
): Promise<Ran> {
  return runSpec({
    target,
    scenarios: [{ name: 'one', steps }],
    load: [{ phase: 'users', users: 2, iterations }],
    ...more,
  })
}

test('hops are sent, measured as one request, and the last answer is checked and captured', async (t) => {
  const shop = await serve(t, ({ path }, response) => {
    if (path === '/order') to(response, 303, 'status?id=7')
    else if (path === '/status?id=7') setTimeout(() => to(response, 302, '/receipt'), 30)
    else if (path === '/receipt') setTimeout(() => response.end('{"total":3}'), 30)
    else response.end()
  })
  const { accounts, total } = await run({ url: shop.url, followRedirects: 2 }, [
    {
      post: '/order',
      json: { id: 1 },
      check: { status: 200, json: { '$.total': 3 } },
      capture: { total: { json: '$.total' } },
    },
    { get: '/after/${total}' },
  ])
  t.deepEqual(accounts.requests.errors, {})
  t.is(accounts.requests.attempted, 20)
  t.is(accounts.requests.sent, 40)
  t.is(shop.seen.length, 40)
  const posts = shop.seen.filter(({ method }) => method === 'POST')
  t.deepEqual(
    posts.map(({ path }) => path),
    Array(10).fill('/order'),
  )
  const hops = shop.seen.filter(({ path }) => path === '/receipt' || path.startsWith('/status'))
  t.true(
    hops.every(({ method, body, headers }) => method === 'GET' && body === '' && !headers['content-type']),
  )
  t.is(shop.seen.filter(({ path }) => path === '/after/3').length, 10)
  t.true((total.response.percentile(75) ?? 0) >= 60_000, 'the response time spans all hops')
  t.true((total.service.percentile(75) ?? 0) >= 60_000, 'so does the service time')
  t.is(total.count, 20)
})

test('cookies are stored and sent on hops, and stay on their host', async (t) => {
  const media = await serve(t, ({ path }, response) => {
    if (path === '/in') to(response, 307, '/end', ['m=1; Path=/'])
    else response.end('ok')
  })
  const shop = await serve(t, ({ path }, response) => {
    if (path === '/login') to(response, 302, '/home', ['sid=42; Path=/'])
    else if (path === '/home') to(response, 307, `${media.url.replace('127.0.0.1', 'localhost')}/in`)
    else response.end('ok')
  })
  const { accounts } = await run(
    { url: shop.url, headers: { authorization: 'Bearer secret', cookie: 'own=1' } },
    [{ post: '/login', form: { user: 'ada' }, followRedirects: 5 }, { get: '/last' }],
    { targets: { media: { url: media.url.replace('127.0.0.1', 'localhost') } } },
    2,
  )
  t.deepEqual(accounts.requests.errors, {})
  const cookies = (site: Site) => site.seen.map(({ path, headers }) => `${path} ${headers.cookie ?? ''}`)
  t.deepEqual(cookies(shop).toSorted(), [
    '/home own=1; sid=42',
    '/home own=1; sid=42',
    '/last own=1; sid=42',
    '/last own=1; sid=42',
    '/login own=1',
    '/login own=1',
  ])
  t.deepEqual(cookies(media).toSorted(), ['/end m=1', '/end m=1', '/in ', '/in '])
  t.true(shop.seen.every(({ headers }) => headers.authorization === 'Bearer secret'))
  t.true(media.seen.every(({ headers }) => headers.authorization === undefined))
})

const wrong: readonly (readonly [title: string, error: string, sent: number, detail: RegExp])[] = [
  ['/circle', 'redirect', 2, /circle: .*\/circle comes again/],
  ['/endless', 'redirect', 4, /more than 3 redirects/],
  ['/elsewhere', 'blocked', 1, /http:\/\/evil\.test is not among the targets/],
  ['/broken', 'redirect', 1, /no URL/],
]

for (const [path, error, sent, detail] of wrong) {
  test(`a redirect from ${path} ends as ${error}`, async (t) => {
    let count = 0
    const shop = await serve(t, ({ path }, response) => {
      if (path === '/circle') to(response, 301, '/back')
      else if (path === '/back') to(response, 301, '/circle')
      else if (path === '/elsewhere') to(response, 302, 'http://evil.test/')
      else if (path === '/broken') to(response, 302, 'http://')
      else to(response, 302, `/endless/${count++}`)
    })
    const { accounts, record } = await run({ url: shop.url, followRedirects: 3 }, [{ get: path }])
    t.deepEqual(accounts.requests.errors, { [error]: 10 })
    t.is(accounts.requests.sent, 10 * sent)
    t.is(shop.seen.length, 10 * sent)
    t.regex(record.metrics.failures[0]?.detail ?? '', detail)
  })
}

test('a redirect back to where it came from is followed when a cookie has changed what is asked', async (t) => {
  const shop = await serve(t, ({ path, headers }, response) => {
    if (path === '/login') to(response, 302, '/home', ['sid=1; Path=/'])
    else if (headers.cookie === undefined) to(response, 302, '/login')
    else response.end('welcome')
  })
  const { accounts } = await run({ url: shop.url, followRedirects: 5 }, [
    { get: '/home', check: { body: 'welcome' } },
  ])
  t.deepEqual(accounts.requests.errors, {})
  t.is(accounts.requests.sent, 2 * 3 + 8)
})

test('the timeout of a request spans its hops', async (t) => {
  const shop = await serve(t, ({ path }, response) => {
    setTimeout(() => to(response, 302, `${path}x`), 40)
  })
  const { accounts, total } = await run(
    { url: shop.url, followRedirects: 50, timeout: '300ms' },
    [{ get: '/' }],
    {},
    4,
  )
  t.deepEqual(accounts.requests.errors, { timeout: 4 })
  t.true((total.response.percentile(99) ?? 0) < 400_000)
  t.is(accounts.requests.sent, shop.seen.length)
})

test('redirects that nobody follows are answers, and more than half of them are told', async (t) => {
  const shop = await serve(t, (_request, response) => to(response, 302, '/x'))
  const wanted = await run({ url: shop.url }, [{ get: '/', check: { status: 302 } }])
  const ran = await run({ url: shop.url }, [{ get: '/' }])
  t.is(ran.accounts.requests.ok, 10)
  t.is(ran.accounts.requests.sent, 10)
  t.is(ran.accounts.requests.redirected, 10)
  t.is(wanted.accounts.requests.redirected, 0)
  const told = (one: Ran) =>
    warningsOf({ record: one.record, accounts: one.accounts } as never, { warnings: [] } as never).filter(
      (warning) => warning.includes('target.followRedirects'),
    ).length
  t.is(told(ran), 1)
  t.is(told(wanted), 0)
})
