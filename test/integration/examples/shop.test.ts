import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import {
  type ClientDuplexStream,
  type ClientReadableStream,
  type ClientWritableStream,
  credentials,
  type GrpcObject,
  loadPackageDefinition,
  type requestCallback,
  type ServiceClientConstructor,
  status,
} from '@grpc/grpc-js'
import { loadSync } from '@grpc/proto-loader'
import test, { type ExecutionContext } from 'ava'
import { request } from 'undici'
import { WebSocket } from 'ws'
import { launchChromium } from '../../kit/chromium.ts'
import { type ShopProcess, startShop } from '../../kit/shop.ts'
import { makeTempDir } from '../../kit/temp-dir.ts'
import { testWith } from '../../kit/tools.ts'
import { until } from '../../kit/until.ts'

async function open(t: ExecutionContext, args: readonly string[] = []): Promise<ShopProcess> {
  const shop = await startShop(args)
  t.teardown(shop.stop)
  return shop
}

async function call(method: string, url: string, body?: object, headers: Record<string, string> = {}) {
  const answer = await fetch(url, {
    method,
    headers: { ...headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
    ...(body !== undefined && { body: JSON.stringify(body) }),
    redirect: 'manual',
  })
  const text = await answer.text()
  const isJson = answer.headers.get('content-type') === 'application/json'
  return { status: answer.status, headers: answer.headers, text, json: isJson ? JSON.parse(text) : null }
}

async function login(url: string, user: string, headers: Record<string, string> = {}) {
  const { json } = await call('POST', `${url}/api/login`, { user, password: `secret-${user}` }, headers)
  return { authorization: `Bearer ${json.token}` }
}

test('a journey through the API is counted step by step, by customer and by tenant', async (t) => {
  const { url, stats } = await open(t)
  const tenant = (await call('POST', `${url}/seed`, { name: 'spring' })).json.id
  t.is(tenant, 'spring-1')
  const edsger = await login(url, 'edsger', { 'x-tenant': tenant })
  const first = (await call('GET', `${url}/api/products?page=2`)).json.items[0]
  t.is(first.id, 13)
  t.deepEqual((await call('GET', `${url}/api/products/13`)).json, first)
  t.is((await call('GET', `${url}/api/search?q=lamp`)).json.total, 25)
  t.is((await call('POST', `${url}/api/checkout`, { pay: 'card' }, edsger)).status, 409)
  await call('POST', `${url}/api/cart`, { product: 13, quantity: 2 }, edsger)
  t.like((await call('GET', `${url}/api/cart`, undefined, edsger)).json, { items: 2, cents: 2 * first.cents })
  const accepted = await call('POST', `${url}/api/checkout`, { pay: 'invoice' }, edsger)
  t.is(accepted.status, 202)
  const job = `${url}${accepted.headers.get('location')}`
  t.is((await call('GET', job, undefined, await login(url, 'bob'))).status, 404)
  let looks = 0
  const done = await until('the job is done', async () => {
    looks++
    const { json } = await call('GET', job, undefined, edsger)
    return json.state === 'done' && json
  })
  t.is(looks, 3)
  // Looked at again, it is no second order.
  t.deepEqual((await call('GET', job, undefined, edsger)).json, done)
  t.like((await call('GET', `${url}/api/orders/${done.order}`, undefined, edsger)).json, { pay: 'invoice' })
  t.is((await call('DELETE', `${url}/seed/${tenant}`)).status, 204)
  t.is((await call('GET', `${url}/api/cart`, undefined, edsger)).status, 401)

  const counted = await stats()
  t.like(counted, {
    received: { total: 15 + looks, http: 15 + looks, media: 0, grpc: 0 },
    logins: { ok: 2, refused: 0 },
    sessions: { opened: 2, open: 1 },
    searches: 1,
    carts: { additions: 1, gifts: 0 },
    checkouts: { card: 0, invoice: 1 },
    polls: { all: looks + 1, pending: looks - 1 },
    orders: { done: 1, cents: 2 * first.cents },
    tenants: { seeded: 1, removed: 1, open: 0 },
    byTenant: { [tenant]: { logins: 1, orders: 1, uploads: 0 }, main: { logins: 1, orders: 0, uploads: 0 } },
  })
  t.like(counted.byRoute, { 'GET /api/products': 1, 'GET /api/products/:id': 1, 'POST /api/login': 2 })
  t.is(counted.byPath['/api/products/13'], 1)
})

test('what is wrong is refused with the status that says so', async (t) => {
  const { url, mediaUrl, stats } = await open(t)
  const ada = await login(url, 'ada')
  const big = await request(`${url}/api/login`, { method: 'POST', body: Buffer.alloc(11 * 1024 * 1024) })
  t.is(big.statusCode, 413)
  await big.body.dump()
  for (const [status, method, path, body, headers] of [
    [401, 'POST', '/api/login', { user: 'ada', password: 'secret' }],
    [401, 'POST', '/api/login', { user: '<b>', password: 'secret-<b>' }],
    [400, 'POST', '/api/login', [1]],
    [401, 'GET', '/api/cart'],
    [404, 'POST', '/api/login', { user: 'ada', password: 'secret-ada' }, { 'x-tenant': 'nowhere' }],
    [404, 'GET', '/api/products/201'],
    [404, 'GET', '/api/products?page=18'],
    [404, 'GET', '/api/jobs/none', undefined, ada],
    [404, 'POST', '/api/cart', { product: 0 }, ada],
    [422, 'POST', '/api/cart', { product: 1, quantity: 100 }, ada],
    [415, 'POST', '/api/upload', {}, ada],
    [422, 'POST', '/seed', { name: '../x' }],
    [404, 'DELETE', '/seed/none'],
    [401, 'GET', '/api/reports/sales'],
    [422, 'GET', '/events?count=0'],
    [415, 'POST', '/login', {}],
    [401, 'GET', '/cart'],
    [404, 'GET', '/nowhere'],
    [405, 'PUT', '/api/cart', {}],
    [302, 'GET', '/old'],
  ] as const) {
    t.is((await call(method, url + path, body, headers)).status, status, `${method} ${path}`)
  }
  t.is((await call('GET', `${mediaUrl}/img/0.svg`)).status, 404)
  t.like(await stats(), { logins: { ok: 1, refused: 2 }, byStatus: { 405: 1, 413: 1 } })
})

test('texts are compressed where that was asked for', async (t) => {
  const { url } = await open(t)
  const answer = async (encoding: string) => {
    const { headers, body } = await request(`${url}/api/catalog.xml`, {
      headers: { 'accept-encoding': encoding },
    })
    return { encoding: headers['content-encoding'], bytes: (await body.arrayBuffer()).byteLength }
  }
  const plain = await answer('identity')
  t.is(plain.encoding, undefined)
  const small = await answer('br, gzip')
  t.is(small.encoding, 'gzip')
  t.true(small.bytes < plain.bytes / 3)
  const { text, headers } = await call('GET', `${url}/api/catalog.xml`)
  t.is(headers.get('content-type'), 'application/xml')
  t.is(text.split('<product ').length, 201)
})

test('an upload is taken part by part, and its bytes are counted', async (t) => {
  const { url, stats } = await open(t)
  const ada = await login(url, 'ada')
  const photo = Buffer.from(Array.from({ length: 70_000 }, (_, index) => index % 256))
  const meta = '{"product":7,"title":"Größe"}'
  const upload = async (parts: Readonly<Record<string, string | Blob>>) => {
    const form = new FormData()
    for (const [name, value] of Object.entries(parts)) {
      if (typeof value === 'string') form.set(name, value)
      else form.set(name, value, 'cat.jpg')
    }
    const answer = await fetch(`${url}/api/upload`, { method: 'POST', headers: ada, body: form })
    return { status: answer.status, json: await answer.json() }
  }
  const blob = new Blob([photo], { type: 'image/jpeg' })
  const taken = await upload({ meta, photo: blob })
  t.is(taken.status, 201)
  t.like(taken.json, {
    user: 'ada',
    meta: { product: 7 },
    photo: {
      name: 'cat.jpg',
      type: 'image/jpeg',
      bytes: 70_000,
      sha256: createHash('sha256').update(photo).digest('hex'),
    },
  })
  t.is((await upload({ meta })).status, 422)
  t.is((await upload({ meta: 'no json', photo: blob })).status, 422)
  const broken = await fetch(`${url}/api/upload`, {
    method: 'POST',
    headers: { ...ada, 'content-type': 'multipart/form-data; boundary=x' },
    body: '--y\r\n',
  })
  t.is(broken.status, 400)
  t.deepEqual((await stats()).uploads, { taken: 1, fileBytes: 70_000, partBytes: Buffer.byteLength(meta) })
})

test('a program gets tokens by either way of naming itself, and they expire', async (t) => {
  const { url, stats } = await open(t, ['--token-expiry', '0.5'])
  const ask = async (fields: Readonly<Record<string, string>>, headers: Record<string, string> = {}) => {
    const answer = await fetch(`${url}/oauth/token`, {
      method: 'POST',
      headers,
      body: new URLSearchParams(fields),
    })
    return { status: answer.status, json: (await answer.json()) as { access_token: string } }
  }
  const grant = { grant_type: 'client_credentials' }
  const client = { client_id: 'load-test', client_secret: 'client-secret' }
  const basic = { authorization: `Basic ${btoa('load-test:client-secret')}` }
  t.is((await ask({ ...grant, client_id: 'load-test', client_secret: 'guess' })).status, 401)
  t.is((await ask({ ...client, grant_type: 'password' })).status, 400)
  t.like((await ask(grant, basic)).json, { token_type: 'Bearer', expires_in: 0.5 })
  const { access_token: token } = (await ask({ ...grant, ...client })).json
  const sales = () => call('GET', `${url}/api/reports/sales`, undefined, { authorization: `Bearer ${token}` })
  t.is((await sales()).status, 200)
  await until('the token has expired', async () => (await sales()).status === 401)
  t.like((await stats()).oauth, { tokens: 2, refused: 2 })
})

test('events come as many as were asked for, and go on behind the last one that a client has seen', async (t) => {
  const { url, stats } = await open(t)
  const { text } = await call('GET', `${url}/events?count=3&every=1`)
  t.deepEqual(
    text.split('\n\n').map((event) => /^id: (\d+)/.exec(event)?.[1]),
    ['1', '2', '3', undefined],
  )
  const more = await call('GET', `${url}/events?count=2&every=1`, undefined, { 'last-event-id': '3' })
  t.deepEqual(more.text.match(/^id: \d+/gm), ['id: 4', 'id: 5'])
  const endless = await fetch(`${url}/events?every=1`)
  const reader = endless.body?.getReader()
  await reader?.read()
  await reader?.cancel()
  const rest = await until('nobody gets events', async () => {
    const before = (await stats()).sse.events
    return (await stats()).sse.events === before && { before }
  })
  t.is((await stats()).sse.events, rest.before)
  t.is((await stats()).sse.streams, 3)
})

test('the help desk answers each message, and knows who is logged in', async (t) => {
  const { url, stats } = await open(t)
  const talk = async (headers: Record<string, string>, ...messages: readonly string[]) => {
    const websocket = new WebSocket(`${url.replace('http', 'ws')}/ws`, { headers })
    const heard: unknown[] = []
    websocket.on('message', (data) => {
      heard.push(JSON.parse(`${data}`))
      const next = messages[heard.length - 1]
      if (next !== undefined) websocket.send(next)
      else if (heard.length === 1 + messages.length) websocket.close()
    })
    await once(websocket, 'close')
    return heard
  }
  const ada = await login(url, 'ada')
  t.deepEqual(await talk(ada, '{"say":"hi"}', '{"say":"well?"}', '{"watch":7}', 'nonsense'), [
    { hello: 'ada' },
    { number: 1, said: 'hi' },
    { number: 2, said: 'well?' },
    { product: 7, tick: 1, cents: 3491 },
    { error: 'say a text, or watch a product so many times' },
  ])
  t.deepEqual(await talk({}), [{ hello: null }])
  const nowhere = new WebSocket(`${url.replace('http', 'ws')}/elsewhere`)
  const [, refusal] = await once(
    nowhere.on('error', () => {}),
    'unexpected-response',
  )
  t.is(refusal.statusCode, 404)
  refusal.destroy()
  await until('all are gone', async () => (await stats()).ws.open === 0)
  t.like(await stats(), {
    received: { http: 4 },
    ws: { connections: 2, messagesIn: 4, messagesOut: 6 },
    byRoute: { 'GET /ws': 2 },
    byStatus: { 101: 2, 404: 1 },
  })
})

interface CartMethods {
  Add(message: object, done: requestCallback<object>): void
  Watch(message: object): ClientReadableStream<{ readonly number: number }>
  Upload(done: requestCallback<object>): ClientWritableStream<object>
  Chat(): ClientDuplexStream<object, { readonly text: string; readonly number: number }>
}

test('calls of all four kinds are counted with their messages', async (t) => {
  const { grpcUrl, stats } = await open(t)
  const file = join(import.meta.dirname, '../../../examples/shop.proto')
  const { Cart } = (loadPackageDefinition(loadSync(file, { longs: Number })).shop as GrpcObject)
    .v1 as GrpcObject
  const address = grpcUrl.replace('grpc://', '')
  const cart = new (Cart as ServiceClientConstructor)(address, credentials.createInsecure())
  t.teardown(() => cart.close())
  const { Add, Watch, Upload, Chat } = cart as unknown as CartMethods
  const replied = <T>(make: (done: requestCallback<T>) => void) =>
    new Promise<T | number | undefined>((resolve) => make((error, reply) => resolve(error?.code ?? reply)))
  const add = (product: number, quantity: number) =>
    replied<object>((done) => Add.call(cart, { user: 'ada', product, quantity }, done))
  t.deepEqual(await add(1, 2), { items: 2 })
  t.deepEqual(await add(2, 3), { items: 5 })
  t.is(await add(0, 1), status.NOT_FOUND)
  const uploaded = replied<object>((done) => {
    const upload = Upload.call(cart, done)
    for (const size of [10, 20, 30]) upload.write({ name: 'cat', data: Buffer.alloc(size) })
    upload.end()
  })
  t.deepEqual(await uploaded, { pieces: 3, bytes: 60 })
  const watched = Watch.call(cart, { user: 'ada', changes: 4 })
  const numbers: unknown[] = []
  for await (const { number } of watched) numbers.push(number)
  t.deepEqual(numbers, [1, 2, 3, 4])
  const chat = Chat.call(cart)
  const answers: string[] = []
  chat.on('data', ({ text, number }: { text: string; number: number }) => {
    answers.push(text)
    if (number === 2) chat.end()
    else chat.write({ text: 'b' })
  })
  chat.write({ text: 'a' })
  await new Promise((resolve) => chat.on('end', resolve))
  t.deepEqual(answers, ['re: a', 're: b'])
  const cut = Chat.call(cart)
  cut.on('error', () => {})
  cut.write({ text: 'gone' })
  await new Promise((resolve) => cut.once('data', resolve))
  cut.cancel()
  const { received, grpc } = await stats()
  t.deepEqual(received, { total: 7, http: 0, media: 0, grpc: 7 })
  t.deepEqual(grpc, {
    Add: { calls: 3, messagesIn: 3, messagesOut: 2 },
    Watch: { calls: 1, messagesIn: 1, messagesOut: 4 },
    Upload: { calls: 1, messagesIn: 3, messagesOut: 1 },
    Chat: { calls: 2, messagesIn: 3, messagesOut: 3 },
  })
})

testWith('chromium')('a person buys with a browser, from the login to the order', async (t) => {
  const folder = await makeTempDir()
  t.teardown(folder.remove)
  const log = join(folder.path, 'access.log')
  const shop = await open(t, ['--access-log', log])
  const browser = await launchChromium()
  t.teardown(() => browser.close())
  const page = await browser.newPage()
  const errors: string[] = []
  page.on('pageerror', (error) => errors.push(error.message))
  await page.goto(`${shop.url}/login`)
  await page.fill('[name=user]', 'ada')
  await page.fill('[name=password]', 'secret-ada')
  await page.click('main button')
  await page.waitForURL('**/products')
  await page.click('#more')
  await page.waitForSelector('a[href="/products/24"]')
  await page.fill('[name=q]', 'kettle')
  await page.press('[name=q]', 'Enter')
  await page.waitForURL('**/search?q=kettle')
  t.is(await page.textContent('#total'), '25 found')
  await page.click('ul.products a')
  await page.waitForURL('**/products/4')
  await page.click('#add')
  await page.getByText('1 in the cart').waitFor()
  await page.click('text=Cart')
  await page.selectOption('[name=pay]', 'invoice')
  await page.click('main button')
  await page.waitForSelector('#order')
  t.regex((await page.textContent('main')) ?? '', /by invoice/)
  await page.click('text=Log out')
  await page.waitForSelector('text=Log in')
  const stale = await page.request.post(`${shop.url}/login`, { form: { csrf: 'old', user: 'ada' } })
  t.is(stale.status(), 403)
  t.deepEqual(errors, [])
  t.like(await shop.stats(), {
    logins: { ok: 1, refused: 0 },
    sessions: { opened: 1, open: 0 },
    searches: 1,
    checkouts: { invoice: 1 },
    orders: { done: 1 },
    received: { media: 1 },
  })
  await browser.close()
  t.is(await shop.stop(), 0)
  const lines = readFileSync(log, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
  t.deepEqual(
    lines.filter(({ method, status }) => method === 'POST' && status < 400),
    [
      ['/login', 303],
      ['/api/cart', 201],
      ['/checkout', 303],
      ['/logout', 303],
    ].map(([path, status]) => ({
      host: 'http',
      tenant: 'main',
      visit: 'ada.1',
      method: 'POST',
      url: path,
      status,
    })),
  )
})

test('a reset shop is as one that has just been started', async (t) => {
  const { url, stats, reset } = await open(t)
  const fresh = await stats()
  await call('POST', `${url}/seed`, { name: 'spring' })
  const ada = await login(url, 'ada')
  await reset()
  t.deepEqual(await stats(), fresh)
  t.is((await call('GET', `${url}/api/cart`, undefined, ada)).status, 401)
  t.is((await call('POST', `${url}/seed`, { name: 'spring' })).json.id, 'spring-1')
})

test('wrong flags and ports in use are told, and nothing stays open', async (t) => {
  const { url } = await open(t)
  const message = async (...args: readonly string[]) => (await t.throwsAsync(startShop(args))).message
  t.regex(await message('--listen', 'here'), /--listen takes HOST:PORT, not here/)
  t.regex(await message('--token-expiry', '0'), /seconds above 0/)
  t.regex(await message('--nothing'), /Unknown option/)
  t.regex(await message('--grpc', new URL(url).host), /Choose other addresses/)
})
