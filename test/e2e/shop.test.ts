import { readFileSync } from 'node:fs'
import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import test from 'ava'
import type { ResultDocument } from '../../core/report/result.ts'
import type { AccessLogLine } from '../../examples/shop/access-log.ts'
import type { ShopStats } from '../../examples/shop/counts.ts'
import { binomialBounds } from '../kit/binomial.ts'
import { runSpec } from '../kit/cluster.ts'
import { breakwater } from '../kit/command.ts'
import { root } from '../kit/guide.ts'
import { type ShopProcess, startShop } from '../kit/shop.ts'
import { makeTempDir } from '../kit/temp-dir.ts'

const example = join(root, 'examples/shop.yaml')
const photo = readFileSync(join(root, 'examples/shop/cup.png'))

/** The same journeys in a few seconds, all of them recorded, so that series can be compared with counters. */
const short = `spec:
  load:
    - { phase: warmup, record: true, duration: 1s }
    - { phase: ramp, duration: 3s }
    - { phase: evening, duration: 2s }
    - { phase: office, at: 1s, iterations: 30, users: { over: 1s }, pace: 200ms }
    - { phase: chat, at: 1s, rate: 4, duration: 2s }
    - { phase: app, at: 1s, duration: 3s }
  objectives: [error_rate < 5%]
`

interface Run {
  readonly result: ResultDocument
  readonly stats: ShopStats
  /** What the shop has logged; requests of one visit in their order. */
  readonly log: readonly AccessLogLine[]
}

async function run(seed: number, workers: number): Promise<Run> {
  const folder = await makeTempDir()
  const at = (name: string) => join(folder.path, name)
  const shop = await startShop(['--access-log', at('access.log')])
  try {
    await writeFile(at('short.yaml'), short)
    const { code, stdout, stderr } = await breakwater([
      ...['run', example, '-f', at('short.yaml'), '--out', at('out'), '--quiet'],
      ...['--seed', `${seed}`, '--workers', `${workers}`, '--threads', '1'],
      ...addressed(shop),
    ])
    if (code !== 0) throw new Error(`it ended with ${code}:\n${stdout}${stderr}`)
    const stats = await shop.stats()
    await shop.stop()
    const lines = (await readFile(at('access.log'), 'utf8')).trimEnd().split('\n')
    return {
      result: JSON.parse(await readFile(at('out/result.json'), 'utf8')),
      stats,
      log: lines.map((line) => JSON.parse(line)),
    }
  } finally {
    await shop.stop()
    await folder.remove()
  }
}

function addressed({ url, mediaUrl, grpcUrl }: ShopProcess): readonly string[] {
  return [
    `target.url=${url}`,
    `target.grpc.url=${grpcUrl}`,
    `targets.media.url=${mediaUrl}`,
    `targets.reports.url=${url}`,
    `targets.reports.auth.oauth2.tokenUrl=${url}/oauth/token`,
  ].flatMap((setting) => ['--set', setting])
}

/** Requests of a step in all phases and loops. */
function countOf({ metrics }: ResultDocument, ...steps: readonly string[]): number {
  return metrics
    .filter(({ scope, phase, scenario, step }) => {
      return scope === 'step' && phase === null && steps.includes(`${scenario}/${step}`)
    })
    .reduce((sum, { count }) => sum + count, 0)
}

/** Two tests look at it. */
const withThree = run(7, 3)

test.serial('what the shop has counted is what the result says', async (t) => {
  const { result, stats, log } = await withThree
  const { requests, ledger } = result
  t.is(requests.sent, stats.received.total)
  const hops = (stats.byStatus[302] ?? 0) + (stats.byStatus[303] ?? 0)
  t.is(hops, countOf(result, 'person/old address', 'person/log in', 'person/check out'))
  // Messages are attempts, but what opens their stream is what a server sees as a request.
  const messages = countOf(result, 'chat/hello', 'chat/ask', 'chat/watch', 'chat/close', 'chat/price')
  const { setup, teardown, auth } = requests.other
  t.is(requests.sent, requests.attempted - messages + hops + setup + teardown + auth)
  t.deepEqual([setup, teardown, auth], [1, 1, stats.oauth.tokens])
  t.true(auth >= 1)
  t.like(ledger, { skipped: 0, lost: 0, unstarted: 0, balanced: true })
  t.is(log.length, stats.received.total)

  t.deepEqual(stats.tenants, { seeded: requests.other.setup, removed: requests.other.teardown, open: 0 })
  t.deepEqual(Object.keys(stats.byTenant), ['spring-1'])
  const customers = countOf(result, 'buy/login', 'person/log in')
  const logins = customers + countOf(result, 'clerk/login', 'chat/login', 'review/login')
  t.deepEqual(stats.logins, { ok: logins, refused: 0 })
  // The tenant is gone, and so is everybody in it.
  t.deepEqual(stats.sessions, { opened: logins, open: 0 })
  t.is(stats.searches, countOf(result, 'search/search', 'clerk/stock'))
  t.is(stats.carts.additions, countOf(result, 'buy/add', 'person/add'))
  t.is(stats.carts.gifts, countOf(result, 'buy/gift'))
  const { card, invoice } = stats.checkouts
  t.is(card + invoice, countOf(result, 'buy/pay by card', 'buy/pay by invoice', 'person/check out'))
  const orders = countOf(result, 'buy/order', 'person/order page')
  t.is(orders, customers)
  t.is(stats.orders.done, orders)
  t.is(stats.polls.all, countOf(result, 'buy/job', 'person/job'))
  t.is(stats.polls.all - stats.polls.pending, orders)
  const uploads = countOf(result, 'review/upload')
  t.true(uploads > 0)
  t.like(stats.uploads, { taken: uploads, fileBytes: uploads * photo.length })
  t.deepEqual(stats.byTenant['spring-1'], { logins, orders, uploads })
  t.is(stats.received.media, countOf(result, 'browse/picture'))
  const app = countOf(result, 'app/add')
  t.is(stats.received.grpc, 4 * app)
  t.deepEqual(stats.grpc, {
    Add: { calls: app, messagesIn: app, messagesOut: app },
    Watch: { calls: app, messagesIn: app, messagesOut: 4 * app },
    Upload: { calls: countOf(result, 'app/upload'), messagesIn: 2 * app, messagesOut: app },
    Chat: { calls: countOf(result, 'app/chat'), messagesIn: 3 * app, messagesOut: 3 * app },
  })
  const chats = countOf(result, 'chat/connect')
  t.is(chats, 8)
  t.deepEqual(stats.ws, {
    connections: chats,
    open: 0,
    messagesIn: countOf(result, 'chat/ask') + countOf(result, 'chat/watch'),
    messagesOut:
      countOf(result, 'chat/hello') + countOf(result, 'chat/ask') + 4 * countOf(result, 'chat/watch'),
  })
  t.deepEqual(stats.sse, { streams: chats, events: 5 * countOf(result, 'chat/price') })
  t.is(stats.byRoute['GET /api/shipping'], countOf(result, 'buy/shipping'))
  t.is(stats.byRoute['GET /api/products/:id'], countOf(result, 'search/hit', 'clerk/clock'))
  t.is(stats.byRoute['GET /api/me'], 30)
  t.deepEqual([stats.oauth.reports, stats.oauth.refused], [30, 0])

  // Those who get no recommendations are told of, and still buy.
  const without = stats.byStatus[503] ?? 0
  t.true(without > 0)
  t.deepEqual(requests.errors, { status_5xx: without })
  t.is(result.iterations.failed, without)

  // No row was taken twice: everybody was there once.
  const visits = new Set(log.flatMap(({ visit }) => (/^[a-z]+-\d+\./.test(visit ?? '') ? [visit] : [])))
  t.is(visits.size, logins)
  t.true([...visits].every((visit) => visit?.endsWith('.1')))
})

test.serial(
  'under one seed the same journeys happen again, also with another number of workers',
  async (t) => {
    const three = await withThree
    const alone = await run(7, 1)
    t.true(journeys(alone).length > 200)
    t.deepEqual(journeys(three), journeys(alone))
    t.deepEqual(withoutTokens(three.stats), withoutTokens(alone.stats))
    t.notDeepEqual(journeys(await run(8, 1)), journeys(alone))
  },
)

/** Tokens are asked for by workers, whatever the journeys. */
function withoutTokens({ received, byRoute, byPath, byStatus, oauth, ...others }: ShopStats): object {
  const { 'POST /oauth/token': tokens = 0, ...routes } = byRoute
  const { '/oauth/token': _, ...paths } = byPath
  return {
    ...others,
    received: { ...received, total: received.total - tokens, http: received.http - tokens },
    routes,
    paths,
    byStatus: { ...byStatus, 200: (byStatus[200] ?? 0) - tokens },
    oauth: { ...oauth, tokens: oauth.tokens - tokens },
  }
}

/** Each visit's requests in their order, visits sorted; those of nobody known sorted one by one. */
function journeys({ log }: Run): readonly string[] {
  const visits = new Map<string, string>()
  for (const [index, { host, visit, method, url, status }] of log.entries()) {
    if (url === '/oauth/token') continue
    const key = visit ?? `nobody ${index}`
    visits.set(key, `${visits.get(key) ?? `${visit}:`} ${host} ${method} ${url} ${status}`)
  }
  return [...visits.values()].sort()
}

test.serial(
  'scenarios and branches are taken by their weights, and alike by any number of workers',
  async (t) => {
    const shop = await startShop()
    t.teardown(shop.stop)
    const get = (product: number) => ({ get: `/api/products/${product}` })
    const spec = {
      target: { url: shop.url },
      scenarios: [
        {
          name: 'often',
          weight: 50,
          steps: [
            { ...get(1) },
            {
              choose: [
                { weight: 70, steps: [get(11)] },
                { weight: 25, steps: [get(12)] },
                { weight: 5, steps: [get(13)] },
              ],
            },
          ],
        },
        { name: 'less', weight: 30, steps: [get(2)] },
        { name: 'rarely', weight: 20, steps: [get(3)] },
      ],
      load: [
        { phase: 'steady', rate: 250, duration: '4s' },
        { phase: 'other mix', at: '0s', rate: 125, duration: '4s', scenarios: { less: 9, rarely: 1 } },
      ],
    }
    const taken = async (workers: number) => {
      await shop.reset()
      const { accounts } = await runSpec(spec, { workers, seed: 5 })
      t.like(accounts.total, { planned: 1_500, started: 1_500 })
      const { byPath } = await shop.stats()
      return (product: number) => byPath[`/api/products/${product}`] ?? 0
    }
    const one = await taken(1)
    const five = await taken(5)
    const products = [1, 2, 3, 11, 12, 13]
    t.deepEqual(products.map(five), products.map(one))
    const within = (count: number, n: number, p: number) => {
      const { least, most } = binomialBounds(n, p, 1e-6)
      t.true(least <= count && count <= most, `${count} of ${n} at ${p}: ${least} … ${most}`)
    }
    within(one(1), 1_000, 0.5)
    within(one(11), one(1), 0.7)
    within(one(12), one(1), 0.25)
    within(one(13), one(1), 0.05)
    t.is(one(11) + one(12) + one(13), one(1))
    // Of both phases: sums of two binomials lie within the sums of their bounds.
    const [less, lessBeside] = [binomialBounds(1_000, 0.3, 1e-6), binomialBounds(500, 0.9, 1e-6)]
    t.true(one(2) >= less.least + lessBeside.least && one(2) <= less.most + lessBeside.most, `${one(2)}`)
  },
)
