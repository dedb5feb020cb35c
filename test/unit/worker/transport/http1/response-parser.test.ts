import test from 'ava'
import { type ParseWish, parseResponse } from '../../../../kit/parsed-response.ts'

const bytes = (text: string) => Buffer.from(text, 'latin1')
const parse = (text: string, wish: ParseWish = {}) => parseResponse([bytes(text)], wish)
const ok = 'HTTP/1.1 200 OK\r\n'

const answers: readonly (readonly [
  title: string,
  text: string,
  wish: ParseWish,
  expected: Partial<ReturnType<typeof parse>>,
])[] = [
  ['a length', `${ok}Content-Length: 2\r\n\r\nok`, {}, { status: 200, body: 'ok', staysOpen: true }],
  ['no body', `${ok}content-length: 0\r\n\r\n`, {}, { body: '', staysOpen: true }],
  ['one length said twice', `${ok}content-length: 2\r\ncontent-length:  2 \r\n\r\nok`, {}, { body: 'ok' }],
  ['no reason', 'HTTP/1.1 200\r\ncontent-length: 2\r\n\r\nok', {}, { status: 200, body: 'ok' }],
  ['an odd status', 'HTTP/1.1 799 Odd\r\ncontent-length: 0\r\n\r\n', {}, { status: 799 }],
  [
    'chunks',
    `${ok}Transfer-Encoding: Chunked\r\n\r\n3\r\nabc\r\n00A\r\n0123456789\r\n0\r\n\r\n`,
    {},
    { body: 'abc0123456789', staysOpen: true },
  ],
  [
    'chunks with extensions and trailers',
    `${ok}transfer-encoding: chunked\r\n\r\n3;a=b;c="d e"\r\nabc\r\n0 \t;x\r\nx-sum: 1\r\nx-more: 2\r\n\r\n`,
    {},
    { body: 'abc', fields: ['transfer-encoding', 'chunked'] },
  ],
  ['the connection', `${ok}\r\nto the end`, { ends: true }, { body: 'to the end', staysOpen: false }],
  ['nothing but the connection', `${ok}\r\n`, { ends: true }, { body: '', staysOpen: false }],
  ['HEAD', `${ok}content-length: 9\r\n\r\n`, { isHead: true }, { body: '', staysOpen: true }],
  ['HEAD of chunks', `${ok}transfer-encoding: chunked\r\n\r\n`, { isHead: true }, { staysOpen: true }],
  ['204', 'HTTP/1.1 204 No Content\r\ncontent-length: 9\r\n\r\n', {}, { status: 204, staysOpen: true }],
  ['304', 'HTTP/1.1 304 Not Modified\r\ncontent-length: 9\r\n\r\n', {}, { status: 304, staysOpen: true }],
  [
    'informational answers before it',
    `HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nlink: </a.css>\r\n\r\n${ok}content-length: 2\r\n\r\nok`,
    {},
    { status: 200, body: 'ok', fields: ['content-length', '2'] },
  ],
  ['close', `${ok}connection: Close\r\ncontent-length: 0\r\n\r\n`, {}, { staysOpen: false }],
  ['close among others', `${ok}connection: x, close\r\ncontent-length: 0\r\n\r\n`, {}, { staysOpen: false }],
  ['HTTP/1.0', 'HTTP/1.0 200 OK\r\ncontent-length: 0\r\n\r\n', {}, { staysOpen: false }],
  [
    'HTTP/1.0 that stays open',
    'HTTP/1.0 200 OK\r\nconnection: keep-alive\r\ncontent-length: 0\r\n\r\n',
    {},
    { staysOpen: true },
  ],
  [
    'values with blanks around, empty ones and bytes beyond ASCII',
    `${ok}A:\t 1 2 \t\r\nb:\r\nC: \xe4\r\ncontent-length: 0\r\n\r\n`,
    {},
    { fields: ['a', '1 2', 'b', '', 'c', '\xe4', 'content-length', '0'] },
  ],
  [
    'more than the answer',
    `${ok}content-length: 2\r\n\r\nokHTTP/1.1`,
    {},
    { body: 'ok', surplus: 'HTTP/1.1' },
  ],
]

for (const [title, text, wish, expected] of answers) {
  test(`an answer that ends with ${title} is read`, (t) => {
    t.like(parse(text, wish), { stage: 'done', problem: '', answers: 1, ...expected })
  })
}

const broken: readonly (readonly [title: string, text: string, problem: RegExp])[] = [
  ['two lengths', `${ok}content-length: 2\r\nContent-Length: 3\r\n\r\nok`, /two different content-lengths/],
  ['a list of lengths', `${ok}content-length: 2, 2\r\n\r\nok`, /no length/],
  ['a signed length', `${ok}content-length: +2\r\n\r\nok`, /no length/],
  ['an empty length', `${ok}content-length: \r\n\r\nok`, /no length/],
  ['a length that no number holds', `${ok}content-length: 9999999999999999\r\n\r\n`, /no length/],
  ['length and chunks', `${ok}content-length: 2\r\ntransfer-encoding: chunked\r\n\r\n`, /both/],
  ['chunks and length', `${ok}transfer-encoding: chunked\r\ncontent-length: 2\r\n\r\n`, /both/],
  ['a coding that nobody asked for', `${ok}transfer-encoding: gzip, chunked\r\n\r\n`, /another than chunked/],
  [
    'chunks twice',
    `${ok}transfer-encoding: chunked\r\ntransfer-encoding: chunked\r\n\r\n`,
    /another than chunked/,
  ],
  ['chunks in HTTP/1.0', 'HTTP/1.0 200 OK\r\ntransfer-encoding: chunked\r\n\r\n', /HTTP\/1\.0 has no chunks/],
  ['LF alone', 'HTTP/1.1 200 OK\ncontent-length: 0\n\n', /without CR/],
  ['LF alone behind a header', `${ok}a: b\ncontent-length: 0\r\n\r\n`, /without CR/],
  ['LF alone in place of the empty line', `${ok}content-length: 0\r\n\n`, /without CR/],
  ['CR alone', `${ok}a: b\rc: d\r\n\r\n`, /CR without LF/],
  ['NUL', `${ok}a: b\0\r\n\r\n`, /control character/],
  ['a folded line', `${ok}a: b\r\n c\r\n\r\n`, /folded/],
  ['a blank before the colon', `${ok}content-length : 2\r\n\r\nok`, /no name/],
  ['no name', `${ok}: 2\r\n\r\nok`, /no name/],
  ['no colon', `${ok}content-length\r\n\r\nok`, /no name/],
  ['an empty line first', `\r\n${ok}\r\n`, /no status line/],
  ['HTTP/2', 'HTTP/2 200\r\n\r\n', /does not begin/],
  ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n', /no status line/],
  ['a status of two digits', 'HTTP/1.1 20 OK\r\n\r\n', /no status line/],
  ['a status of four digits', 'HTTP/1.1 2000 OK\r\n\r\n', /no status line/],
  ['a status below 100', 'HTTP/1.1 099 OK\r\n\r\n', /no status line/],
  ['what is no HTTP', 'SSH-2.0-OpenSSH_9.2', /does not begin/],
  ['a switch of protocols', 'HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n', /switched/],
  ['informational answers alone', 'HTTP/1.1 100 Continue\r\n\r\n'.repeat(200), /more than 100 informational/],
  ['a head that is too large', `${ok}${`x: ${'y'.repeat(900)}\r\n`.repeat(400)}`, /more than 262144 bytes/],
  ['a line that is too long', `${ok}x: ${'y'.repeat(300_000)}`, /more than 262144 bytes/],
  ['too many lines', `${ok}${'x: y\r\n'.repeat(20_001)}\r\n`, /more than 20000 lines/],
  ['a chunk without a size', `${ok}transfer-encoding: chunked\r\n\r\n\r\n`, /no number/],
  ['a chunk of a size that is none', `${ok}transfer-encoding: chunked\r\n\r\nzz\r\n`, /no number/],
  ['a chunk of a size below zero', `${ok}transfer-encoding: chunked\r\n\r\n-1\r\n`, /no number/],
  ['a chunk of two sizes', `${ok}transfer-encoding: chunked\r\n\r\n1 1\r\na\r\n`, /no number/],
  ['a chunk of a size in C', `${ok}transfer-encoding: chunked\r\n\r\n0x1\r\na\r\n`, /no number/],
  ['a chunk of too many digits', `${ok}transfer-encoding: chunked\r\n\r\n${'0'.repeat(14)}1\r\n`, /too long/],
  ['a chunk whose size ends with LF alone', `${ok}transfer-encoding: chunked\r\n\r\n1\na\r\n`, /no number/],
  ['a chunk whose size ends with CR alone', `${ok}transfer-encoding: chunked\r\n\r\n1\ra\r\n`, /without LF/],
  ['an extension with LF', `${ok}transfer-encoding: chunked\r\n\r\n1;a\nb\r\n`, /control character/],
  ['an endless extension', `${ok}transfer-encoding: chunked\r\n\r\n1;${'a'.repeat(5000)}`, /too long/],
  ['a chunk longer than its size', `${ok}transfer-encoding: chunked\r\n\r\n1\r\nab\r\n`, /longer/],
  ['a chunk that ends with LF alone', `${ok}transfer-encoding: chunked\r\n\r\n1\r\na\n0\r\n\r\n`, /longer/],
  [
    'trailers that are none',
    `${ok}transfer-encoding: chunked\r\n\r\n0\r\nno colon\r\n\r\n`,
    /trailers .* no name/,
  ],
  [
    'endless trailers',
    `${ok}transfer-encoding: chunked\r\n\r\n0\r\n${'x: y\r\n'.repeat(20_001)}`,
    /more than 20000 lines/,
  ],
]

for (const [title, text, problem] of broken) {
  test(`an answer with ${title} is broken`, (t) => {
    const parsed = parse(text)
    t.is(parsed.stage, 'broken')
    t.regex(parsed.problem, problem)
  })
}

test('an answer that is not whole waits for more', (t) => {
  const whole = `${ok}content-length: 2\r\n\r\nok`
  for (let end = 0; end < whole.length; end++) {
    const { stage } = parse(whole.slice(0, end))
    t.true(stage === 'head' || stage === 'length', `${stage} after ${end} bytes`)
  }
})

test('the end of the connection ends no answer that says how long it is', (t) => {
  t.is(parse(`${ok}content-length: 3\r\n\r\nok`, { ends: true }).stage, 'length')
  t.is(parse(`${ok}transfer-encoding: chunked\r\n\r\n2\r\nok`, { ends: true }).stage, 'chunks')
  t.is(parse(ok, { ends: true }).stage, 'head')
})
