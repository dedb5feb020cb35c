import test from 'ava'
import fc from 'fast-check'
import {
  type EncodedRequest,
  emptyRequest,
  type HttpRequest,
  RequestEncoder,
} from '../../../../../worker/transport/http1/request-encoder.ts'
import type { ProxyServer } from '../../../../../worker/transport/proxy.ts'

const origin = new URL('http://shop.test:8080/base')
const request = (over: Partial<HttpRequest> = {}): HttpRequest => ({
  kind: 'http',
  target: 0,
  method: 'GET',
  path: '/',
  headers: [],
  body: null,
  ...over,
})
const encode = (over: Partial<HttpRequest> = {}, proxy: ProxyServer | null = null): EncodedRequest =>
  new RequestEncoder(origin, proxy).encode(0, request(over), emptyRequest())

function written({ bytes, pieces }: EncodedRequest): string {
  return Buffer.concat([bytes, ...(pieces ?? [])]).toString('latin1')
}

const proxy: ProxyServer = {
  url: 'http://proxy.test:3128',
  host: 'proxy.test',
  port: 3128,
  authorization: 'Basic bG9hZDpzZWNyZXQ=',
  tunnel: null,
}

const bytes = (text: string) => new TextEncoder().encode(text)

const rows: readonly (readonly [
  title: string,
  over: Partial<HttpRequest>,
  proxy: ProxyServer | null,
  text: string,
])[] = [
  ['a path', { path: '/a%20b?c=d' }, null, 'GET /a%20b?c=d HTTP/1.1\r\nhost: shop.test:8080\r\n\r\n'],
  [
    'headers',
    { headers: ['x-a', '1', 'x-a', '2'] },
    null,
    'GET / HTTP/1.1\r\nhost: shop.test:8080\r\nx-a: 1\r\nx-a: 2\r\n\r\n',
  ],
  [
    'a host of its own',
    { headers: ['host', 'other.test', 'x-a', '1'] },
    null,
    'GET / HTTP/1.1\r\nhost: other.test\r\nx-a: 1\r\n\r\n',
  ],
  [
    'bytes beyond ASCII',
    { headers: ['x-a', '\xc3\xa4'] },
    null,
    'GET / HTTP/1.1\r\nhost: shop.test:8080\r\nx-a: \xc3\xa4\r\n\r\n',
  ],
  [
    'text',
    { method: 'POST', body: 'ä' },
    null,
    'POST / HTTP/1.1\r\nhost: shop.test:8080\r\ncontent-length: 2\r\n\r\n\xc3\xa4',
  ],
  [
    'bytes',
    { method: 'PUT', body: bytes('ab') },
    null,
    'PUT / HTTP/1.1\r\nhost: shop.test:8080\r\ncontent-length: 2\r\n\r\nab',
  ],
  [
    'pieces',
    { method: 'POST', body: [bytes('ab'), bytes(''), bytes('c')] },
    null,
    'POST / HTTP/1.1\r\nhost: shop.test:8080\r\ncontent-length: 3\r\n\r\nabc',
  ],
  [
    'no body where one is expected',
    { method: 'POST' },
    null,
    'POST / HTTP/1.1\r\nhost: shop.test:8080\r\ncontent-length: 0\r\n\r\n',
  ],
  ['no body where none is', { method: 'DELETE' }, null, 'DELETE / HTTP/1.1\r\nhost: shop.test:8080\r\n\r\n'],
  [
    'a body where none is expected',
    { method: 'GET', body: 'a' },
    null,
    'GET / HTTP/1.1\r\nhost: shop.test:8080\r\ncontent-length: 1\r\n\r\na',
  ],
  [
    'a proxy',
    {},
    proxy,
    'GET http://shop.test:8080/ HTTP/1.1\r\nhost: shop.test:8080\r\nproxy-authorization: Basic bG9hZDpzZWNyZXQ=\r\n\r\n',
  ],
  [
    'the tunnel of a proxy',
    {},
    { ...proxy, tunnel: 'shop.test:8080' },
    'GET / HTTP/1.1\r\nhost: shop.test:8080\r\n\r\n',
  ],
]

for (const [title, over, through, text] of rows) {
  test(`a request with ${title} is written as it is`, (t) => {
    const encoded = encode(over, through)
    t.is(encoded.problem, null)
    t.is(written(encoded), text)
    t.is(encoded.length, text.length)
  })
}

for (const over of [
  { headers: ['transfer-encoding', 'chunked'] },
  { headers: ['content-length', '7'] },
  { headers: ['upgrade', 'websocket'] },
  { headers: ['expect', '100-continue'] },
  { headers: ['keep-alive', 'timeout=5'] },
  { path: '/a b' },
  { path: '/a\r\nx: y' },
  { method: 'GE T' },
]) {
  test(`a request with ${JSON.stringify(over)} is not written`, (t) => {
    t.truthy(encode(over).problem)
  })
}

test('a large body is not copied, a small one is in the same write', (t) => {
  const large = new Uint8Array(1 << 20)
  t.deepEqual(encode({ method: 'POST', body: large }).pieces, [large])
  t.is(encode({ method: 'POST', body: large }).pieces?.[0], large)
  t.is(encode({ method: 'POST', body: new Uint8Array(1000) }).pieces, null)
})

test('what is said of a request agrees with it', (t) => {
  t.true(encode({ method: 'HEAD' }).isHead)
  t.false(encode().isHead)
  t.true(encode({ method: 'PUT' }).isIdempotent)
  t.false(encode({ method: 'POST' }).isIdempotent)
  t.true(encode({ headers: ['connection', 'x, Close'] }).closes)
  t.false(encode({ headers: ['connection', 'keep-alive'] }).closes)
})

test('what was written before makes no difference, whatever is constant', (t) => {
  const headers = fc.constantFrom<readonly string[]>(
    Object.freeze(['x-a', '1']),
    Object.freeze(['x-a', '2', 'connection', 'close']),
    ['x-b', '3'],
    Object.freeze(['upgrade', 'x']),
  )
  const one = fc
    .record({
      method: fc.constantFrom('GET', 'POST', 'HEAD'),
      path: fc.constantFrom('/', '/a', '/a b'),
      headers,
      body: fc.constantFrom(null, '', 'text', bytes('bytes'), [bytes('p'), bytes('q')]),
      isFrozen: fc.boolean(),
    })
    .map(({ isFrozen, ...over }) => (isFrozen ? Object.freeze(request(over)) : request(over)))
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.integer({ min: 0, max: 2 }), one), { maxLength: 12 }), (all) => {
      const encoder = new RequestEncoder(origin, null)
      const own = emptyRequest()
      for (const [index, next] of [...all, ...all]) {
        const { bytes: _bytes, pieces: _pieces, ...said } = encoder.encode(index, next, own)
        const fresh = new RequestEncoder(origin, null).encode(0, next, emptyRequest())
        t.is(written(encoder.encode(index, next, own)), written(fresh))
        t.like(fresh, said)
      }
    }),
  )
})
