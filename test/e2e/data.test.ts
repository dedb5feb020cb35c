import { once } from 'node:events'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import test from 'ava'
import { isBalanced } from '../../core/plan/ledger.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { runSpec } from '../kit/cluster.ts'
import { type LoggedRequest, startNginx } from '../kit/nginx.ts'
import { testWith } from '../kit/tools.ts'

const workers = 3

testWith('nginx')('unique rows never repeat over three workers, in open and in closed phases', async (t) => {
  const nginx = await startNginx()
  t.teardown(nginx.remove)
  const spec = {
    target: { url: nginx.url },
    data: { items: rowsOf(3_000) },
    scenarios: [
      { name: 'open', steps: [{ get: '/open', query: { row: '${items.id}' } }] },
      { name: 'closed', steps: [{ get: '/closed', query: { row: '${items.id}' } }] },
    ],
    load: [
      { phase: 'first', rate: 150, duration: '1s', scenarios: { open: 1 } },
      { phase: 'second', rate: 200, duration: '1s', arrivals: 'poisson', scenarios: { open: 1 } },
      { phase: 'users', at: '500ms', users: 7, pace: '20ms', duration: '1s', scenarios: { closed: 1 } },
    ],
  } satisfies Readonly<Record<string, Json>>
  const { record, accounts } = await runSpec(spec, { workers })
  t.is(accounts.requests.ok, accounts.requests.attempted)
  const log = await nginx.accessLog()
  t.is(log.length, accounts.requests.sent)
  // An open phase's arrival n takes row (planned of the open phases before it + n); closed users lease what is behind those.
  const planned = record.plan.planned
  t.deepEqual(
    rowsIn(log, '/open').sort((a, b) => a - b),
    Array.from({ length: planned }, (_, row) => row),
  )
  const leased = rowsIn(log, '/closed')
  t.true(leased.length > 7 * 20)
  t.is(new Set(leased).size, leased.length)
  t.true(Math.min(...leased) >= planned)
})

testWith('nginx')('unique data that ends stops its phase, and the next phase runs in full', async (t) => {
  const nginx = await startNginx()
  t.teardown(nginx.remove)
  const spec = {
    target: { url: nginx.url },
    data: { items: { ...rowsOf(90), onEnd: 'stop' } },
    scenarios: [
      { name: 'open', steps: [{ get: '/open', query: { row: '${items.id}' } }] },
      { name: 'free', steps: [{ get: '/free' }] },
    ],
    load: [
      { phase: 'open', rate: 200, duration: '1s', scenarios: { open: 1 } },
      { phase: 'free', rate: 100, duration: '1s', scenarios: { free: 1 } },
    ],
  } satisfies Readonly<Record<string, Json>>
  const { record, accounts } = await runSpec(spec, { workers })
  const log = await nginx.accessLog()
  t.deepEqual(
    accounts.phases.map(({ ledger }) => [ledger.planned, ledger.started, ledger.unstarted]),
    [
      [200, 90, 110],
      [100, 100, 0],
    ],
  )
  t.true(isBalanced(accounts.total))
  t.is(record.ended, 'finished')
  t.deepEqual(
    rowsIn(log, '/open').sort((a, b) => a - b),
    Array.from({ length: 90 }, (_, row) => row),
  )
  t.is(log.filter(({ path }) => path === '/free').length, 100)
})

testWith('nginx')('closed users use every row of unique data once, and then stop', async (t) => {
  const nginx = await startNginx()
  t.teardown(nginx.remove)
  const { record, accounts } = await runSpec(
    {
      target: { url: nginx.url },
      data: { items: { ...rowsOf(300), onEnd: 'stop' } },
      scenarios: [{ name: 'closed', steps: [{ get: '/closed', query: { row: '${items.id}' } }] }],
      load: [{ phase: 'users', users: 7, duration: '3s' }],
    },
    { workers },
  )
  t.is(accounts.iterations.completed, 300)
  t.is(record.ended, 'finished')
  t.deepEqual(
    rowsIn(await nginx.accessLog(), '/closed').sort((a, b) => a - b),
    Array.from({ length: 300 }, (_, row) => row),
  )
})

testWith('nginx')('unique data that recycles begins again, by the arrivals’ numbers', async (t) => {
  const nginx = await startNginx()
  t.teardown(nginx.remove)
  const { accounts } = await runSpec(
    {
      target: { url: nginx.url },
      data: { items: { ...rowsOf(40), onEnd: 'recycle' } },
      scenarios: [
        { name: 'open', steps: [{ get: '/open', query: { row: '${items.id}' } }] },
        { name: 'closed', steps: [{ get: '/closed', query: { row: '${items.id}' } }] },
      ],
      load: [
        { phase: 'open', rate: 200, duration: '1s', scenarios: { open: 1 } },
        { phase: 'users', users: 5, iterations: 100, scenarios: { closed: 1 } },
      ],
    },
    { workers },
  )
  t.is(accounts.requests.ok, 300)
  const log = await nginx.accessLog()
  const open = rowsIn(log, '/open')
  for (let row = 0; row < 40; row++) t.is(open.filter((found) => found === row).length, 5)
  const closed = rowsIn(log, '/closed')
  t.is(closed.length, 100)
  t.true(closed.every((row) => row >= 0 && row < 40))
})

testWith('nginx')('unique data that must not end stops the run where it does', async (t) => {
  const nginx = await startNginx()
  t.teardown(nginx.remove)
  const { record, accounts } = await runSpec(
    {
      target: { url: nginx.url },
      data: { items: { ...rowsOf(60), onEnd: 'error' } },
      scenarios: [{ name: 'open', steps: [{ get: '/open', query: { row: '${items.id}' } }] }],
      load: [{ phase: 'open', rate: 100, duration: '20s' }],
    },
    { workers },
  )
  t.true(record.dataEnded)
  t.is(record.ended, 'stopped')
  t.regex(record.endedWhy ?? '', /end of data that must not end/)
  t.true(record.endedAt < 5_000_000)
  t.like(accounts.total, { planned: 2_000, started: 60, skipped: 0, lost: 0, unstarted: 1_940 })
  const log = rowsIn(await nginx.accessLog(), '/open')
  t.is(new Set(log).size, 60)
  t.is(log.length, 60)
})

test('cookies and captures stay with their user', async (t) => {
  const seen: { sid: string | null; token: string | null; path: string }[] = []
  let logins = 0
  const server = createServer((request, response) => {
    const { pathname, searchParams } = new URL(request.url ?? '/', 'http://shop.test')
    const sid = /(?:^|; )sid=([^;]*)/.exec(request.headers.cookie ?? '')?.[1] ?? null
    seen.push({ sid, token: searchParams.get('token'), path: pathname })
    if (pathname !== '/login') {
      response.end('{}')
      return
    }
    const user = `u${++logins}`
    response.setHeader('set-cookie', [`sid=${user}; Path=/`, 'theme=dark; Path=/elsewhere'])
    response.end(JSON.stringify({ token: user }))
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.teardown(() => {
    server.close()
    server.closeAllConnections()
  })
  const login = { post: '/login', capture: { token: { json: '$.token' } } }
  const own = { get: '/own', query: { token: '${token}' } }
  const { accounts } = await runSpec(
    {
      target: { url: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
      scenarios: [
        { name: 'stays', onStart: [login], steps: [own, own] },
        { name: 'comes', steps: [login, own] },
      ],
      load: [
        { phase: 'users', users: 6, iterations: 60, scenarios: { stays: 1 } },
        { phase: 'open', rate: 100, duration: '1s', scenarios: { comes: 1 } },
      ],
    },
    { workers },
  )
  t.is(accounts.requests.failed, 0)
  t.is(seen.length, accounts.requests.sent)
  t.is(logins, 6 + 100)
  const fresh = seen.filter(({ path }) => path === '/login')
  t.true(
    fresh.every(({ sid }) => sid === null),
    'an arrival is a new user, and a user of a closed phase logs in once',
  )
  const asked = seen.filter(({ path }) => path === '/own')
  t.is(asked.length, 2 * 60 + 100)
  t.true(asked.every(({ sid, token }) => sid !== null && sid === token))
  t.is(new Set(asked.map(({ sid }) => sid)).size, logins)
})

testWith('nginx')('the same seed makes the same requests, whatever the number of workers', async (t) => {
  const requests = async (count: number) => {
    const nginx = await startNginx()
    t.teardown(nginx.remove)
    await runSpec(drawing(nginx.url), { workers: count, seed: 7 })
    return (await nginx.accessLog()).map(({ method, path }) => `${method} ${path}`).sort()
  }
  const alone = await requests(1)
  t.true(alone.length > 300)
  t.true(new Set(alone).size > alone.length / 2)
  t.deepEqual(await requests(workers), alone)
})

/** Everything that is drawn: the scenario, rows in each way, values, and the arrivals themselves. */
function drawing(url: string): Readonly<Record<string, Json>> {
  return {
    target: { url },
    data: {
      unique: rowsOf(1_000),
      next: { ...rowsOf(17), pick: 'sequential' },
      any: { ...rowsOf(50), pick: 'random' },
    },
    scenarios: [
      {
        name: 'browse',
        weight: 3,
        steps: [
          {
            get: '/browse/${unique.id}',
            query: { any: '${any.id}', next: '${next.id}', n: '${randomInt(1,9999)}' },
          },
          { post: '/order/${uuid()}', json: { id: '${any.id}' } },
        ],
      },
      {
        name: 'search',
        weight: 1,
        steps: [{ get: '/search/${randomString(8)}/${pick("red","green","blue")}' }],
      },
    ],
    load: [
      { phase: 'steady', rate: 100, duration: '1s' },
      { phase: 'chance', rate: 100, duration: '1s', arrivals: 'poisson' },
    ],
  }
}

function rowsOf(count: number): { readonly rows: Json; readonly pick: string } {
  return { rows: Array.from({ length: count }, (_, id) => ({ id })), pick: 'unique' }
}

/** The rows that requests to a path named, in the order in which they came. */
function rowsIn(log: readonly LoggedRequest[], path: string): number[] {
  return log
    .filter((request) => request.path.startsWith(`${path}?row=`))
    .map((request) => Number(request.path.slice(path.length + 5)))
}
