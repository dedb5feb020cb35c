import test from 'ava'
import { convertHar, type HarOptions } from '../../../../cli/import/har/convert.ts'
import { BreakwaterError } from '../../../../core/error.ts'
import type { HttpStep, Step } from '../../../../core/spec/load-test.ts'
import { matchesGolden } from '../../../kit/golden.ts'
import { harText, type Recorded } from '../../../kit/har.ts'
import { imported } from '../../../kit/imported.ts'

const importHar = (exchanges: readonly Recorded[], options: HarOptions = {}) =>
  imported(convertHar({ file: 'shop.har', text: harText(exchanges) }, options))

const stepsOf = (exchanges: readonly Recorded[], options: HarOptions = {}): readonly Step[] =>
  importHar(exchanges, options).loadTest.scenarios[0]?.steps ?? []

const stepOf = (recorded: Recorded): HttpStep => {
  const [step] = stepsOf([recorded])
  if (step?.kind !== 'http') throw new Error('no request')
  return step
}

const pathsOf = (exchanges: readonly Recorded[], options: HarOptions = {}) =>
  stepsOf(exchanges, options).map((step) => (step.kind === 'http' ? step.url : step.kind))

const browser = {
  ':authority': 'shop.test',
  'User-Agent': 'Mozilla/5.0',
  'Accept-Encoding': 'gzip',
  'sec-ch-ua': 'x',
  Connection: 'keep-alive',
  Accept: 'text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8',
}

test('a visit to a shop is a scenario that a person could have written', async (t) => {
  const { text } = importHar([
    { url: '/', headers: browser, answer: '<html>', more: { _resourceType: 'document' } },
    { url: '/style.css', answerType: 'text/css' },
    { url: 'https://cdn.test/lib.js', answerType: 'text/javascript' },
    { url: 'https://stats.test/hit?id=1', answer: {} },
    { url: 'https://api.shop.test/v1/offers', answer: [] },
    {
      method: 'POST',
      url: '/api/login',
      body: { user: 'ada', password: 'secret-ada' },
      answer: { token: 'f81d4fae7dec11d0a76500a0c91e6bf6', user: { id: 48213 } },
    },
    {
      url: '/api/users/48213/offers?sort=price&page=2',
      headers: { ...browser, Authorization: 'Bearer f81d4fae7dec11d0a76500a0c91e6bf6' },
      answer: { items: [{ id: 'P-7781-AX' }, { id: 'P-9034-BC', tags: ['new'] }] },
    },
    {
      method: 'POST',
      url: '/api/orders',
      headers: { 'X-Api-Key': 'k-1234567890' },
      body: { product: 'P-9034-BC', buyer: 48213, quantity: 1, note: 'costs ${5}' },
      status: 201,
      answer: { id: 7, state: 'new' },
    },
    { url: '/api/orders/7', answer: { id: 7, state: 'paid' }, at: 60 },
  ])
  await matchesGolden(t, 'import/shop-har.yaml', text)
})

const noise: readonly (readonly [string, Recorded])[] = [
  ['a CORS preflight', { method: 'OPTIONS', url: '/x', headers: { 'Access-Control-Request-Method': 'PUT' } }],
  ['a favicon', { url: '/favicon.ico', answerType: 'image/x-icon' }],
  ['a data URL', { url: 'data:text/plain,hello' }],
  ['an extension', { url: 'chrome-extension://abcdef/page.html' }],
  ['an aborted request', { url: '/slow', status: 0 }],
  ['a failed request', { url: '/slow', status: -1 }],
  ['what the browser had in its cache', { url: '/x', more: { _fromCache: 'memory' } }],
  ['a beacon', { method: 'POST', url: '/x', body: '{}', more: { _resourceType: 'ping' } }],
  ['a prefetch', { url: '/next', headers: { 'Sec-Purpose': 'prefetch' } }],
  ['a WebSocket', { url: 'wss://shop.test/live', status: 101 }],
  ['an event stream', { url: '/events', answerType: 'text/event-stream' }],
  ['a picture', { url: '/cat.jpg', answerType: 'image/jpeg' }],
  ['a script by its name alone', { url: '/app.js', answerType: 'x-unknown' }],
  ['a method that no step has', { method: 'PROPFIND', url: '/x' }],
  ['an entry without a URL', { url: 'nowhere' }],
]

for (const [title, recorded] of noise) {
  test(`${title} is no step, and counted in a comment`, (t) => {
    const { text, loadTest } = importHar([{ url: '/home' }, recorded])
    t.is(loadTest.scenarios[0]?.steps.length, 1)
    t.regex(text, /^# Left out: 1 × /m)
  })
}

test('static files are kept on request, save what no page asks for', (t) => {
  const recorded = [{ url: '/' }, { url: '/a.css', answerType: 'text/css' }, { url: '/favicon.ico' }]
  t.deepEqual(pathsOf(recorded, { assets: true }), ['/', '/a.css'])
})

test('what a script fetched is no static file, whatever its name', (t) => {
  const fetched = { url: '/prices.js', answer: { a: 1 }, more: { _resourceType: 'fetch' } }
  t.deepEqual(pathsOf([{ url: '/' }, fetched]), ['/', '/prices.js'])
})

test('the target is the host of the pages, not the one that is asked most', (t) => {
  const pages = [{ url: '/', answer: '<html>' }]
  const calls = Array.from({ length: 5 }, () => ({ url: 'https://api.test/v1', answer: {} }))
  const { loadTest, text } = importHar([...pages, ...calls])
  t.is(loadTest.target.url, 'https://shop.test')
  t.regex(text, /other hosts and their requests: api\.test \(5\)/)
  t.is(importHar([...pages, ...calls], { host: 'api.test' }).loadTest.target.url, 'https://api.test')
})

test('a host that is not in the recording is wrong usage, and the hosts are named', (t) => {
  const error = t.throws(() => importHar([{ url: '/' }], { host: 'elsewhere' }), {
    instanceOf: BreakwaterError,
  })
  t.is(error?.code, 'usage')
  t.regex(error?.hint ?? '', /shop\.test/)
})

const headers: readonly (readonly [string, string, string | undefined])[] = [
  ['X-Requested-With', 'XMLHttpRequest', 'XMLHttpRequest'],
  ['Accept', '*/*', undefined],
  ['Accept', 'application/json', 'application/json'],
  ['Accept', browser.Accept, 'text/html'],
  ['Accept-Language', 'de', undefined],
  ['Cookie', 'sid=abc', undefined],
  ['Host', 'shop.test', undefined],
  ['Content-Length', '0', undefined],
  ['If-None-Match', '"abc"', undefined],
  ['traceparent', '00-abc', undefined],
  ['Sec-Fetch-Mode', 'cors', undefined],
  [':path', '/', undefined],
  ['X Y', 'a name that is none', undefined],
  ['X-Price', '${5}', '$${5}'],
  ['Range', 'bytes=0-99', 'bytes=0-99'],
]

for (const [name, value, kept] of headers) {
  test(`the header ${name}: ${value} is ${kept === undefined ? 'left out' : `kept as ${kept}`}`, (t) => {
    t.is(stepOf({ url: '/', headers: { [name]: value } }).headers[name.toLowerCase()], kept)
  })
}

test('a header that is left out can be kept, save those that the transport writes', (t) => {
  const recorded = { url: '/', headers: { Origin: 'https://shop.test', 'Content-Length': '0' } }
  const [step] = stepsOf([recorded], { keepHeaders: ['Origin', 'Content-Length'] })
  t.deepEqual(step?.kind === 'http' ? step.headers : null, { origin: 'https://shop.test' })
})

test('headers that every request has alike are those of the target', (t) => {
  const common = { 'X-Shop': 'west' }
  const { loadTest } = importHar([
    { url: '/', headers: common },
    { url: '/a', headers: { ...common, 'X-Own': '1' } },
  ])
  t.deepEqual(loadTest.target.headers, { 'x-shop': 'west' })
  t.deepEqual(
    loadTest.scenarios[0]?.steps.map((step) => (step.kind === 'http' ? step.headers : null)),
    [{}, { 'x-own': '1' }],
  )
})

const queries: readonly (readonly [string, string, HttpStep['query']])[] = [
  ['/s?q=red+shoes&n=%C3%A9', '/s', { q: 'red shoes', n: 'é' }],
  ['/s?a=1&a=2', '/s?a=1&a=2', {}],
  ['/s?flag', '/s?flag', {}],
  ['/s?=x', '/s?=x', {}],
  ['/s?a=%E0%A4', '/s?a=%E0%A4', {}],
  ['/s?constructor=1', '/s?constructor=1', {}],
  ['/s?a=${x}', '/s', { a: '$${x}' }],
  ['/a%20b/%2F;v=1', '/a%20b/%2F;v=1', {}],
]

for (const [url, path, query] of queries) {
  test(`${url} becomes the path ${path}`, (t) => {
    const step = stepOf({ url })
    t.is(step.url, path)
    t.deepEqual(step.query, query)
  })
}

const form = 'application/x-www-form-urlencoded'
const bodies: readonly (readonly [string, Partial<Recorded>, HttpStep['body'], string?])[] = [
  ['JSON', { body: { a: [1, null, '${b}'] } }, { kind: 'json', value: { a: [1, null, '$${b}'] } }],
  [
    'JSON with a name',
    { body: {}, type: 'application/vnd.api+json' },
    { kind: 'json', value: {} },
    'application/vnd.api+json',
  ],
  ['broken JSON', { body: '{', type: 'application/json' }, { kind: 'text', text: '{' }, 'application/json'],
  [
    'a number too large for JSON',
    { body: '9007199254740993', type: 'application/json' },
    { kind: 'text', text: '9007199254740993' },
    'application/json',
  ],
  ['a form', { body: 'a=1&b=x+y%26', type: form }, { kind: 'form', fields: { a: '1', b: 'x y&' } }],
  [
    'a form as Firefox has it',
    { params: { a: '1', b: '' }, type: form },
    { kind: 'form', fields: { a: '1', b: '' } },
  ],
  ['a form with a field twice', { body: 'a=1&a=2', type: form }, { kind: 'text', text: 'a=1&a=2' }, form],
  ['text', { body: 'hello ${x}' }, { kind: 'text', text: 'hello $${x}' }, 'text/plain'],
  ['XML', { body: '<a/>', type: 'application/xml' }, { kind: 'text', text: '<a/>' }, 'application/xml'],
]

for (const [title, recorded, body, type] of bodies) {
  test(`a body that is ${title} is sent as it was`, (t) => {
    const step = stepOf({ method: 'POST', url: '/', ...recorded })
    t.deepEqual(step.body, body)
    t.is(step.headers['content-type'], type)
  })
}

const upload = [
  '--xx',
  'Content-Disposition: form-data; name="note"',
  '',
  'hello ${x}',
  '--xx',
  'Content-Disposition: form-data; name="photo"; filename="cat.jpg"',
  'Content-Type: image/jpeg',
  '',
  '\ufffd\u0000\u0001',
  '--xx',
  'Content-Disposition: form-data; name="rows"; filename="a.csv"',
  'Content-Type: text/csv',
  '',
  'a,b',
  '--xx--',
  '',
].join('\r\n')

test('parts of a multipart body are told apart, and a file that is lost is asked for', (t) => {
  const { text, loadTest } = importHar([
    { method: 'POST', url: '/up', type: 'multipart/form-data; boundary=xx', body: upload },
  ])
  const [step] = loadTest.scenarios[0]?.steps ?? []
  t.like(step, {
    headers: {},
    body: {
      kind: 'multipart',
      parts: [
        { name: 'note', filename: null, type: null, content: { kind: 'text', text: 'hello $${x}' } },
        { name: 'photo', filename: 'cat.jpg', type: 'image/jpeg', content: { text: 'what cat.jpg holds' } },
        { name: 'rows', filename: 'a.csv', type: 'text/csv', content: { text: 'a,b' } },
      ],
    },
  } as object)
  t.regex(text, /photo: .*# guess: the recording lacks the file; write \{ file: cat\.jpg \}/)
})

test('a multipart body whose parts cannot be told apart stays as it was', (t) => {
  const step = stepOf({ method: 'POST', url: '/up', type: 'multipart/form-data; boundary=yy', body: upload })
  t.is(step.body.kind, 'text')
  t.is(step.headers['content-type'], 'multipart/form-data; boundary=yy')
})

test('a body that the recording lacks is told above the step', (t) => {
  const { text } = importHar([{ method: 'POST', url: '/up', headers: { 'Content-Length': '272' } }])
  t.regex(text, /# guess: the recording lacks the body, of 272 bytes\n +- post: \/up/)
})

test('statuses are checked as recorded, save one that came of the cache', (t) => {
  const { text, loadTest } = importHar([
    { url: '/gone', status: 404 },
    { url: '/same', status: 304 },
  ])
  const checks = loadTest.scenarios[0]?.steps.map((step) => (step.kind === 'http' ? step.checks : null))
  t.deepEqual(checks, [
    [{ kind: 'status', anyOf: [{ from: 404, to: 404 }] }],
    [{ kind: 'status', anyOf: [{ from: 200, to: 200 }] }],
  ])
  t.regex(text, /status: 200 } # guess: 304/)
})

test('a GraphQL request is called by its operation', (t) => {
  const post = (body: Recorded['body']) => ({
    method: 'POST',
    url: '/graphql',
    ...(body !== undefined && { body }),
  })
  const steps = stepsOf([
    post({ operationName: 'Cart', query: 'query Cart { cart { id } }' }),
    post({ query: 'mutation Add($id: ID!) { add(id: $id) { id } }' }),
    post({ query: '{ me { id } }' }),
    post([{ operationName: 'First', query: 'query First { a }' }]),
  ])
  t.deepEqual(
    steps.map((step) => (step.kind === 'http' ? step.name : null)),
    ['Cart', 'Add', 'POST /graphql', 'First'],
  )
})

test('pauses are kept on request, rounded as a person would', (t) => {
  const recorded = [
    { url: '/a', at: 0 },
    { url: '/b', at: 0.1 },
    { url: '/c', at: 1.33 },
    { url: '/d', at: 30 },
    { url: '/e', at: 4000 },
  ]
  const { text, loadTest } = importHar(recorded, { think: true })
  t.deepEqual(
    loadTest.scenarios[0]?.steps.map((step) => (step.kind === 'think' ? step.think : step.kind)),
    [
      'http',
      'http',
      { kind: 'constant', ms: 1200 },
      'http',
      { kind: 'constant', ms: 29_000 },
      'http',
      { kind: 'constant', ms: 120_000 },
      'http',
    ],
  )
  t.regex(text, /think: 120s # guess: 3970s in the recording/)
  t.deepEqual(pathsOf(recorded), ['/a', '/b', '/c', '/d', '/e'])
})

test('exchanges written down out of order are put into order', (t) => {
  t.deepEqual(
    pathsOf([
      { url: '/b', at: 2 },
      { url: '/a', at: 1 },
    ]),
    ['/a', '/b'],
  )
})

test('cookies that no answer sets are told, and never their values', (t) => {
  const { text } = importHar([
    {
      url: '/',
      headers: { Cookie: 'old=1f2e3d4c5b6a; theme=dark' },
      answerHeaders: [['Set-Cookie', 'sid=99aa88bb77cc; Path=/']],
    },
    { url: '/a', headers: { Cookie: 'old=1f2e3d4c5b6a; sid=99aa88bb77cc' } },
  ])
  t.regex(text, /^# guess: the recording began with cookies that no answer in it sets \(old, theme\)/m)
  t.notRegex(text, /1f2e3d4c5b6a|99aa88bb77cc/)
})

const unfit: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', '', /the file is empty/],
  ['no JSON', 'hello', /not JSON/],
  ['half a file', '{"log": {"entries": [', /not JSON: it ends too early/],
  ['a zip archive', 'PK\u0003\u0004…', /a zip archive/],
  ['an OpenAPI document', '{"openapi":"3.1.0"}', /looks like an OpenAPI document/],
  ['a Postman collection', '{"info":{},"item":[]}', /looks like a Postman collection/],
  ['entries that are none', '{"log":{"entries":{}}}', /log\.entries is no list/],
  ['no entries', '{"log":{"entries":[]}}', /holds no request/],
]

for (const [title, text, message] of unfit) {
  test(`${title} is refused with the file and a remedy`, (t) => {
    const error = t.throws(() => convertHar({ file: 'a/shop.har', text }), { instanceOf: BreakwaterError })
    t.is(error?.code, 'unfit-import')
    t.regex(error?.message ?? '', /^a\/shop\.har: /)
    t.regex(error?.message ?? '', message)
    t.truthy(error?.hint)
  })
}
