import {
  brotliCompressSync,
  constants,
  createGzip,
  deflateRawSync,
  deflateSync,
  gzipSync,
  zstdCompressSync,
} from 'node:zlib'
import test from 'ava'
import fc from 'fast-check'
import { ContentDecoding, decodedExcerpt } from '../../../../worker/engine/content-decoding.ts'
import { PooledExchange } from '../../../../worker/engine/exchange.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

const megabyte = 1024 * 1024
const decoding = new ContentDecoding(
  parsedTest({
    target: { url: 'http://shop.test', compression: true, http: { maxBody: '1MiB' } },
    targets: { plain: { url: 'http://plain.test', http: { maxBody: '1MiB' } } },
  }),
)

function decoded(body: Uint8Array, encoding: string | null, target = 0): PooledExchange {
  const exchange = new PooledExchange(0)
  exchange.request = { kind: 'http', target, method: 'GET', path: '/', headers: [], body: null }
  exchange.status = 200
  exchange.body = body
  exchange.bodyBytes = body.length
  exchange.encoding = encoding
  decoding.decode(exchange)
  return exchange
}

const codings: readonly (readonly [coding: string, encode: (body: Uint8Array) => Uint8Array])[] = [
  ['gzip', gzipSync],
  ['x-gzip', gzipSync],
  ['GZip', gzipSync],
  ['deflate', deflateSync],
  ['Deflate', deflateRawSync],
  ['br', brotliCompressSync],
  ['zstd', zstdCompressSync],
  ['identity', (body) => body],
  ['deflate, gzip', (body) => gzipSync(deflateSync(body))],
]

for (const [coding, encode] of codings) {
  test(`${coding} is undone, whatever it holds`, (t) => {
    fc.assert(
      fc.property(fc.uint8Array({ minLength: 1, maxLength: 5000 }), (body) => {
        const exchange = decoded(encode(body), coding)
        t.is(exchange.error, null)
        t.deepEqual(Buffer.from(exchange.body ?? []), Buffer.from(body))
        t.is(exchange.encoding, null)
        t.is(exchange.bodyBytes, body.length)
      }),
      { numRuns: 30 },
    )
    t.pass()
  })
}

test('the size is that of what came, where compression was not asked for', (t) => {
  const body = gzipSync('x'.repeat(1000))
  const exchange = decoded(body, 'gzip', 1)
  t.is(exchange.body?.length, 1000)
  t.is(exchange.bodyBytes, body.length)
})

test('an empty body is no stream of any coding', (t) => {
  t.is(decoded(new Uint8Array(0), 'gzip').error, null)
})

const broken: readonly (readonly [title: string, body: Uint8Array, encoding: string])[] = [
  ['no gzip', Buffer.from('plain text'), 'gzip'],
  ['gzip that ends too early', gzipSync('x'.repeat(100)).subarray(0, 15), 'gzip'],
  ['gzip with a wrong sum', Buffer.concat([gzipSync('hello').subarray(0, -8), Buffer.alloc(8, 7)]), 'gzip'],
  ['no deflate', Buffer.from([0xff, 0xff, 0xff]), 'deflate'],
  ['no brotli', Buffer.from([0xff, 0xff, 0xff, 0x00]), 'br'],
  ['no zstd', Buffer.from('plain text'), 'zstd'],
  ['a coding nobody knows', Buffer.from('x'), 'compress'],
  ['a name of Object.prototype', Buffer.from('x'), 'constructor'],
  ['more codings than anybody uses', Buffer.from('x'), Array(10_000).fill('gzip').join(',')],
]

for (const [title, body, encoding] of broken) {
  test(`${title} is a protocol error that says so`, (t) => {
    const exchange = decoded(body, encoding)
    t.is(exchange.error, 'protocol')
    t.true((exchange.errorDetail ?? '').length < 200, exchange.errorDetail ?? '')
  })
}

const bombs: readonly (readonly [coding: string, encode: (body: Uint8Array) => Uint8Array])[] = [
  ['gzip', gzipSync],
  ['deflate', deflateSync],
  ['br', (body) => brotliCompressSync(body, { params: { [constants.BROTLI_PARAM_QUALITY]: 1 } })],
  ['zstd', zstdCompressSync],
]

for (const [coding, encode] of bombs) {
  test(`a bomb of ${coding} is too large before it has grown`, (t) => {
    const bomb = encode(Buffer.alloc(200 * megabyte))
    const before = process.memoryUsage()
    const start = performance.now()
    const exchange = decoded(bomb, coding)
    t.is(exchange.error, 'too_large')
    t.true(performance.now() - start < 1000)
    const after = process.memoryUsage()
    t.true(after.arrayBuffers - before.arrayBuffers < 20 * megabyte)
  })
}

test('ten megabytes of gzip that hold ten gigabytes take no longer than what they may hold', async (t) => {
  const chunks: Buffer[] = []
  const gzip = createGzip({ level: 1 }).on('data', (chunk) => chunks.push(chunk))
  const ended = new Promise((resolve) => gzip.once('end', resolve))
  gzip.write(Buffer.alloc(16 * megabyte))
  gzip.end()
  await ended
  // Members of a gzip file follow each other; all of them are one body.
  const member = Buffer.concat(chunks)
  const bomb = Buffer.concat(Array(640).fill(member))
  t.true(member.length < 100_000)
  const start = performance.now()
  t.is(decoded(bomb, 'gzip').error, 'too_large')
  t.true(performance.now() - start < 1000)
})

test('the beginning of a body is shown, also where its stream is cut off', (t) => {
  const text = Array.from({ length: 300 }, (_, n) => `line ${n}\n`).join('')
  for (const [coding, encode] of [
    ['gzip', gzipSync],
    ['deflate', deflateSync],
    ['br', brotliCompressSync],
    ['zstd', zstdCompressSync],
  ] as const) {
    const whole = encode(text)
    t.is(Buffer.from(decodedExcerpt(whole, coding) ?? []).toString(), text, coding)
    const cut = Buffer.from(decodedExcerpt(whole.subarray(0, whole.length - 10), coding) ?? []).toString()
    t.true(text.startsWith(cut), coding)
  }
  t.is(decodedExcerpt(Buffer.from('x'), 'nothing'), null)
  t.is(decodedExcerpt(gzipSync(Buffer.alloc(10 * megabyte)), 'gzip'), null)
})
