import test from 'ava'
import { convertHar } from '../../../../cli/import/har/convert.ts'
import { looksDynamic } from '../../../../cli/import/har/dynamic.ts'
import type { HttpStep } from '../../../../core/spec/load-test.ts'
import { harText, type Recorded } from '../../../kit/har.ts'
import { imported } from '../../../kit/imported.ts'

const importHar = (exchanges: readonly Recorded[]) =>
  imported(convertHar({ file: 'shop.har', text: harText(exchanges) }))

const stepsOf = (exchanges: readonly Recorded[]): readonly HttpStep[] =>
  importHar(exchanges).loadTest.scenarios[0]?.steps.filter((step) => step.kind === 'http') ?? []

const made: readonly (readonly [string, boolean])[] = [
  ['f47ac10b-58cc-4372-a567-0e02b2c3d479', true],
  ['eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxIn0.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk', true],
  ['0f9c1d2e3b4a5968', true],
  ['48213', true],
  ['ORD-2026-000731', true],
  ['2026-11-24T12:23:08.665Z', true],
  ['cus_NffrFeUfNV2Hib', true],
  ['true', false],
  ['1', false],
  ['2026', false],
  ['2026-11-24', false],
  ['1.2.3', false],
  ['checkout', false],
  ['ada@shop.test', false],
  ['two words and more', false],
  ['https://shop.test/a/1234567', false],
  ['application', false],
  ['CheckoutCompleted', false],
  ['007', false],
  ['', false],
]

for (const [value, expected] of made) {
  test(`${value === '' ? 'nothing' : value} ${expected ? 'looks' : 'does not look'} made up for one visit`, (t) => {
    t.is(looksDynamic(value), expected)
  })
}

const id = 'f47ac10b-58cc-4372-a567-0e02b2c3d479'

interface Correlation {
  readonly title: string
  readonly answer: Recorded
  readonly request: Recorded
  readonly name: string
  readonly from: Partial<HttpStep['captures'][number]>
  /** What the later request holds. */
  readonly holds: Partial<HttpStep>
}

const given = { url: '/api/carts', method: 'POST', status: 201 }
const fromId = { from: 'json', expression: '$.id' } as const

const correlations: readonly Correlation[] = [
  {
    title: 'a segment of the path',
    answer: { ...given, answer: { id } },
    request: { url: `/api/carts/${id}/items` },
    name: 'cartId',
    from: fromId,
    holds: { url: '/api/carts/${cartId}/items' },
  },
  {
    title: 'a part of a segment',
    answer: { ...given, answer: { id } },
    request: { url: `/api/carts/cart-${id}.json` },
    name: 'cartId',
    from: fromId,
    holds: { url: '/api/carts/cart-${cartId}.json' },
  },
  {
    title: 'a parameter of the query',
    answer: { ...given, answer: { next: { cursor: id } } },
    request: { url: `/api/carts?after=${id}&limit=10` },
    name: 'cursor',
    from: { from: 'json', expression: '$.next.cursor' },
    holds: { query: { after: '${cursor}', limit: '10' } },
  },
  {
    title: 'a parameter of a query that stays as it is',
    answer: { ...given, answer: { id } },
    request: { url: `/api/carts?a=1&a=2&cart=${id}` },
    name: 'cartId',
    from: fromId,
    holds: { url: '/api/carts?a=1&a=2&cart=${cartId}' },
  },
  {
    title: 'a header',
    answer: { ...given, answer: {}, answerHeaders: [['X-CSRF-Token', id]] },
    request: { url: '/api/carts', headers: { 'X-CSRF-Token': id } },
    name: 'csrfToken',
    from: { from: 'header', header: 'x-csrf-token' },
    holds: { headers: { 'x-csrf-token': '${csrfToken}' } },
  },
  {
    title: 'a token behind its scheme',
    answer: { ...given, answer: { access_token: id } },
    request: { url: '/api/carts', headers: { Authorization: `Bearer ${id}` } },
    name: 'accessToken',
    from: { from: 'json', expression: '$.access_token' },
    holds: { headers: { authorization: 'Bearer ${accessToken}' } },
  },
  {
    title: 'a field of a form',
    answer: { ...given, answer: { form: { nonce: id } } },
    request: {
      url: '/pay',
      method: 'POST',
      type: 'application/x-www-form-urlencoded',
      body: `nonce=${id}&a=1`,
    },
    name: 'nonce',
    from: { from: 'json', expression: '$.form.nonce' },
    holds: { body: { kind: 'form', fields: { nonce: '${nonce}', a: '1' } } },
  },
  {
    title: 'a number that stays one',
    answer: { ...given, answer: { items: [{ id: 48213 }] } },
    request: { url: '/pay', method: 'POST', body: { product: 48213, amount: 3 } },
    name: 'productId',
    from: { from: 'json', expression: '$.items[0].id' },
    holds: { body: { kind: 'json', value: { product: '${productId}', amount: 3 } } },
  },
  {
    title: 'a number that was a text',
    answer: { ...given, answer: { product: '48213' } },
    request: { url: '/pay', method: 'POST', body: { product: 48213 } },
    name: 'product',
    from: { from: 'json', expression: '$.product' },
    holds: { body: { kind: 'json', value: { product: '${int(product)}' } } },
  },
  {
    title: 'a text that was a number',
    answer: { ...given, answer: { product: 48213 } },
    request: { url: '/pay', method: 'POST', body: { product: '48213' } },
    name: 'product',
    from: { from: 'json', expression: '$.product' },
    holds: { body: { kind: 'json', value: { product: '${json(product)}' } } },
  },
  {
    title: 'a part of a text behind a dollar sign',
    answer: { ...given, answer: { id } },
    request: { url: '/pay', method: 'POST', body: { text: `$${id} {` } },
    name: 'cartId',
    from: fromId,
    holds: { body: { kind: 'json', value: { text: '${"$"}${cartId} {' } } },
  },
  {
    title: 'a hidden field of a form',
    answer: {
      url: '/pay',
      answer: `<form action="/pay"><input type="hidden" name="_csrf" value="${id}"></form>`,
    },
    request: { url: '/pay', method: 'POST', type: 'application/x-www-form-urlencoded', body: `_csrf=${id}` },
    name: 'csrf',
    from: { from: 'css', selector: 'input[name=_csrf]', attribute: 'value' },
    holds: { body: { kind: 'form', fields: { _csrf: '${csrf}' } } },
  },
  {
    title: 'a hidden field of the second form',
    answer: {
      url: '/pay',
      answer: `<form action="/out"><input name="csrf" value="other"></form><form action="/pay"><input name="csrf" value="${id}"></form>`,
    },
    request: { url: '/pay', method: 'POST', type: 'application/x-www-form-urlencoded', body: `csrf=${id}` },
    name: 'csrf',
    from: { from: 'css', selector: 'form[action="/pay"] input[name=csrf]', attribute: 'value' },
    holds: { body: { kind: 'form', fields: { csrf: '${csrf}' } } },
  },
  {
    title: 'the third of several alike',
    answer: { url: '/p', answer: `<li data-sku="a"><li data-sku="b"><li data-sku="${id}">` },
    request: { url: `/p/${id}` },
    name: 'sku',
    from: { from: 'css', selector: 'li[data-sku]', attribute: 'data-sku', take: 2 },
    holds: { url: '/p/${sku}' },
  },
  {
    title: 'a meta tag',
    answer: { url: '/', answer: `<meta name="csrf-token" content="${id}">` },
    request: { url: '/x', headers: { 'X-CSRF-Token': id } },
    name: 'csrfToken',
    from: { from: 'css', selector: 'meta[name=csrf-token]', attribute: 'content' },
    holds: { headers: { 'x-csrf-token': '${csrfToken}' } },
  },
  {
    title: 'a link in a page',
    answer: { url: '/', answer: `<a href="/other">o</a> <a href="/orders/${id}/pay">pay</a>` },
    request: { url: `/orders/${id}/pay` },
    name: 'orderId',
    from: { from: 'regex', pattern: '/orders/([\\w-]+)' },
    holds: { url: '/orders/${orderId}/pay' },
  },
  {
    title: 'a value in a script',
    answer: { url: '/', answer: `<script>let a = "x", session = "${id}"</script>` },
    request: { url: '/x', headers: { 'X-Session': id } },
    name: 'session',
    from: { from: 'regex', pattern: 'session = "([\\w-]+)' },
    holds: { headers: { 'x-session': '${session}' } },
  },
  {
    title: 'a part of a text of JSON',
    answer: { url: '/', answer: { next: `https://shop.test/orders/${id}` } },
    request: { url: `/orders/${id}` },
    name: 'orderId',
    from: { from: 'regex', pattern: '/orders/([\\w-]+)' },
    holds: { url: '/orders/${orderId}' },
  },
  {
    title: 'a cookie that a script reads',
    answer: { url: '/', answer: {}, answerHeaders: [['Set-Cookie', `XSRF-TOKEN=${id}; Path=/`]] },
    request: { url: '/x', headers: { 'X-XSRF-Token': id, Cookie: `XSRF-TOKEN=${id}` } },
    name: 'xsrfToken',
    from: { from: 'cookie', cookie: 'XSRF-TOKEN' },
    holds: { headers: { 'x-xsrf-token': '${xsrfToken}' } },
  },
  {
    title: 'a small number that a POST made',
    answer: { ...given, answer: { id: 7 } },
    request: { url: '/api/carts/7' },
    name: 'cartId',
    from: fromId,
    holds: { url: '/api/carts/${cartId}' },
  },
  {
    title: 'a value under a key that no dot can name',
    answer: { ...given, answer: { 'cart-id': [{ "it's": id }] } },
    request: { url: `/x/${id}` },
    name: 'itS',
    from: { from: 'json', expression: '$["cart-id"][0]["it\'s"]' },
    holds: { url: '/x/${itS}' },
  },
]

for (const { title, answer, request, name, from, holds } of correlations) {
  test(`${title} that an answer held before becomes a capture called ${name}`, (t) => {
    const [first, second] = stepsOf([answer, request])
    t.is(first?.captures.length, 1)
    t.like(first?.captures[0], { name, ...from })
    t.like(second, holds)
  })
}

const plain: readonly (readonly [string, readonly Recorded[]])[] = [
  ['a word', [{ url: '/a', answer: { sort: 'price' } }, { url: '/b?sort=price' }]],
  [
    'a small number that was there before',
    [{ url: '/a', answer: { items: [{ id: 7 }] } }, { url: '/items/7' }],
  ],
  ['a small number of something else', [{ ...given, answer: { id: 7 } }, { url: '/products/7' }]],
  ['a value that the user had brought', [{ url: `/x/${id}`, answer: { id } }, { url: `/y/${id}` }]],
  ['a value that comes later', [{ url: `/x/${id}` }, { url: '/y', answer: { id } }]],
  [
    'a value of another host',
    [{ url: '/x' }, { url: 'https://ads.test/', answer: { id } }, { url: `/y/${id}` }],
  ],
]

for (const [title, exchanges] of plain) {
  test(`${title} is no capture`, (t) => {
    t.deepEqual(
      stepsOf(exchanges).flatMap(({ captures }) => captures),
      [],
    )
  })
}

test('the last answer before the use wins, save one that only repeats what it was asked with', (t) => {
  const steps = stepsOf([
    { ...given, answer: { id } },
    { url: '/api/me', answer: { cart: { id } } },
    { url: `/api/carts/${id}`, answer: { id } },
    { url: `/api/carts/${id}/items` },
  ])
  t.deepEqual(
    steps.map(({ captures }) => captures.map(({ name }) => name)),
    [[], ['cartId'], [], []],
  )
})

test('different values have different names, and one value has one', (t) => {
  const other = '0e02b2c3-58cc-4372-a567-f47ac10bd479'
  const steps = stepsOf([
    { ...given, answer: { id } },
    { ...given, answer: { id: other } },
    { url: `/api/carts/${id}?and=${other}` },
    { url: `/api/carts/${other}?and=${id}` },
  ])
  t.is(steps[2]?.url, '/api/carts/${cartId}')
  t.deepEqual(steps[2]?.query, { and: '${cartId2}' })
  t.is(steps[3]?.url, '/api/carts/${cartId2}')
})

const secrets: readonly (readonly [string, Recorded, string, string])[] = [
  ['a token', { url: '/', headers: { Authorization: 'Bearer q8Zk31xTopSecret' } }, 'token', 'API_TOKEN'],
  ['a key', { url: '/', headers: { 'X-Api-Key': 'q8Zk31xTopSecret' } }, 'apiKey', 'API_KEY'],
  [
    'a signature',
    { url: '/', headers: { Authorization: 'q8Zk31xTopSecret' } },
    'authorization',
    'AUTHORIZATION',
  ],
  [
    'a password in JSON',
    { url: '/', method: 'POST', body: { login: { passWord: 'q8Zk31xTopSecret' } } },
    'passWord',
    'PASS_WORD',
  ],
  [
    'a password in a form',
    {
      url: '/',
      method: 'POST',
      type: 'application/x-www-form-urlencoded',
      body: 'user%5Bpassword%5D=q8Zk31xTopSecret',
    },
    'userPassword',
    'USER_PASSWORD',
  ],
  ['a key in the query', { url: '/?api_key=q8Zk31xTopSecret' }, 'apiKey', 'API_KEY'],
]

for (const [title, recorded, name, env] of secrets) {
  test(`${title} that no answer held is left to the environment as ${env}`, (t) => {
    // The same secret stands in other places before it is known as one, and in an answer after.
    const { text, loadTest } = importHar([
      { url: '/', method: 'POST', body: 'the key is q8Zk31xTopSecret, sir' },
      recorded,
      {
        url: '/a?note=q8Zk31xTopSecret',
        headers: { Cookie: 'c=q8Zk31xTopSecret' },
        answer: { a: 'q8Zk31xTopSecret' },
      },
    ])
    t.deepEqual(loadTest.variables, { [name]: { kind: 'env', name: env } })
    t.notRegex(text, /TopSecret/)
  })
}

test('the authorization that every request has is that of the target', (t) => {
  const headers = { Authorization: 'Bearer abc' }
  const { loadTest } = importHar([
    { url: '/a', headers },
    { url: '/b', headers },
  ])
  t.deepEqual(loadTest.target.headers, { authorization: 'Bearer ${token}' })
})

const other = '0e02b2c3-58cc-4372-a567-f47ac10bd479'
const redirect = (location: string): Partial<Recorded> => ({
  method: 'POST',
  status: 303,
  answerHeaders: [['Location', location]],
})

test('a redirect to an address that nobody could know is followed, and the page behind it gives what it has', (t) => {
  const [first, second] = stepsOf([
    { url: '/orders', ...redirect(`/orders/${id}`) },
    { url: `/orders/${id}`, answer: `<a href="/receipts/${other}">` },
    { url: `/receipts/${other}` },
  ])
  t.like(first, {
    url: '/orders',
    followRedirects: 1,
    checks: [{ kind: 'status', anyOf: [{ from: 200, to: 200 }] }],
  })
  t.like(first?.captures, [{ name: 'receiptId', from: 'regex' }])
  t.is(second?.url, '/receipts/${receiptId}')
})

const followed: readonly (readonly [string, readonly Recorded[], number])[] = [
  [
    'to a small number that a POST made',
    [{ url: '/orders', ...redirect('/orders/7') }, { url: '/orders/7' }],
    1,
  ],
  [
    'through a second one',
    [
      { url: '/o', ...redirect(`/a/${id}`) },
      { url: `/a/${id}`, status: 302, answerHeaders: [['Location', `/b/${other}`]] },
      { url: `/b/${other}` },
    ],
    1,
  ],
  ['to an address that is always the same', [{ url: '/login', ...redirect('/home') }, { url: '/home' }], 2],
  [
    'to an address that it was asked with',
    [{ url: `/orders/${id}`, ...redirect(`/orders/${id}/paid`) }, { url: `/orders/${id}/paid` }],
    2,
  ],
  [
    'to an address that an answer has told',
    [
      { url: '/', answer: { id } },
      { url: '/orders', ...redirect(`/orders/${id}`) },
      { url: `/orders/${id}` },
    ],
    3,
  ],
  [
    'to somewhere else than the next request',
    [{ url: '/orders', ...redirect(`/orders/${id}`) }, { url: '/home' }],
    2,
  ],
]

for (const [title, exchanges, steps] of followed) {
  test(`a redirect ${title} leaves ${steps} of ${exchanges.length} steps`, (t) => {
    t.is(stepsOf(exchanges).length, steps)
  })
}

const jobs = (...states: readonly Recorded['answer'][]): readonly Recorded[] =>
  states.map((answer, n) => ({
    url: '/things/7',
    at: n / 2,
    took: 100,
    ...(answer !== undefined && { answer }),
  }))

test('a request that is made until its answer changes is a poll', (t) => {
  const { loadTest } = importHar([
    ...jobs({ state: 'new', n: 1 }, { state: 'new', n: 2 }, { state: 'done', n: 3, order: id }),
    { url: `/orders/${id}`, at: 9 },
  ])
  const [poll, order] = loadTest.scenarios[0]?.steps ?? []
  t.like(poll, {
    kind: 'poll',
    everyMs: 400,
    step: { url: '/things/7', captures: [{ name: 'order', from: 'json' }] },
  })
  t.like(poll?.kind === 'poll' ? poll.until : [], [
    { kind: 'json', expression: '$.state', matcher: { op: 'equals', value: 'done' } },
  ])
  t.like(order, { url: '/orders/${order}' })
})

const polls: readonly (readonly [string, readonly Recorded[], number])[] = [
  ['that ends with another truth', jobs({ ready: false }, { ready: true }), 1],
  ['that never changes', jobs({ state: 'new' }, { state: 'new' }), 0],
  ['whose numbers alone change', jobs({ n: 1 }, { n: 2 }), 0],
  ['that is no JSON', jobs('<p>new', '<p>done'), 0],
  ['that was done at once, at the address of a job', [{ url: '/jobs/7', answer: { state: 'done' } }], 1],
  ['that was done at once, at another address', [{ url: '/orders/7', answer: { state: 'done' } }], 0],
]

for (const [title, exchanges, count] of polls) {
  test(`a request ${title} is ${count === 0 ? 'no' : 'a'} poll`, (t) => {
    const { loadTest } = importHar(exchanges)
    t.is(loadTest.scenarios[0]?.steps.filter(({ kind }) => kind === 'poll').length, count)
  })
}

test('a poll whose last answer was not recorded ends when the state is no longer what it was', (t) => {
  const lost: Recorded = { url: '/things/7', answerType: 'application/json' }
  const { loadTest } = importHar([
    ...jobs({ state: 'new' }, { state: 'new' }),
    { ...lost, at: 2 },
    { url: '/x', at: 3 },
  ])
  const [poll] = loadTest.scenarios[0]?.steps ?? []
  t.like(poll?.kind === 'poll' ? poll.until : [], [{ expression: '$.state', matcher: { op: 'not' } }])
})

test('a value that no answer holds is told, with the answer that was not recorded', (t) => {
  const { text } = importHar([
    { url: '/jobs/9', answerType: 'application/json' },
    { url: `/orders/${id}` },
    { url: `/orders/${id}/again` },
  ])
  t.regex(
    text,
    /# guess: sent as recorded, .* looks: order; it may come from the answer to GET \/jobs\/9, .*\n +- get: \/orders\/f47/,
  )
  t.is(text.match(/sent as recorded/g)?.length, 1)
})
