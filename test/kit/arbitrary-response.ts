import fc from 'fast-check'

/** An answer as it was meant, and its bytes. */
export interface MeantResponse {
  readonly bytes: Buffer
  readonly status: number
  /** Name, value, name, value …, names in lower case. */
  readonly fields: readonly string[]
  readonly body: string
  readonly isHead: boolean
  /** Its body ends with the connection. */
  readonly endsConnection: boolean
}

const text = (characters: string, maxLength: number) =>
  fc.array(fc.constantFrom(...characters), { maxLength }).map((list) => list.join(''))

const name: fc.Arbitrary<string> = fc.constantFrom(
  'date',
  'Server',
  'X-Thing',
  'etag',
  'Set-Cookie',
  'Content-Encoding',
  'x!#$%&',
  'Vary',
)
const value = text('abc XYZ019:;,="\t\xe4\xff', 12).map((one) => one.replace(/^[ \t]+|[ \t]+$/g, ''))
const bodyText = text('ab\r\n0\0\xff HTTP/1.1', 40)
const informational = fc.constantFrom(
  '',
  'HTTP/1.1 100 Continue\r\n\r\n',
  'HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 102 Processing\r\ncontent-length: 7\r\n\r\n',
)

function chunked(body: string, sizes: readonly number[], extension: string, trailers: string): string {
  let rest = body
  let out = ''
  for (let i = 0; rest !== ''; i++) {
    const size = Math.min(rest.length, sizes[i % sizes.length] as number)
    out += `${size.toString(16)}${extension}\r\n${rest.slice(0, size)}\r\n`
    rest = rest.slice(size)
  }
  return `${out}0${extension}\r\n${trailers}\r\n`
}

/** Valid answers of every framing. */
export const meantResponse: fc.Arbitrary<MeantResponse> = fc
  .record({
    before: informational,
    minor: fc.constantFrom(0, 1),
    status: fc.constantFrom(200, 201, 204, 301, 304, 404, 500, 799),
    reason: fc.constantFrom('', ' ', ' OK', ' Not Found', ' \xe4'),
    named: fc.array(fc.tuple(name, value), { maxLength: 5 }),
    framing: fc.constantFrom('length', 'chunks', 'connection', 'head'),
    body: bodyText,
    sizes: fc.array(fc.integer({ min: 1, max: 20 }), { minLength: 1, maxLength: 3 }),
    extension: fc.constantFrom('', ';a', ' ;b="c"', ';d=\xe4'),
    trailers: fc.constantFrom('', 'x-sum: 1\r\n', 'a: b\r\nc: d\r\n'),
    connection: fc.constantFrom(null, 'close', 'keep-alive', 'Keep-Alive, x'),
  })
  .map((wish) => {
    const { before, minor, status, reason, named, body, sizes, extension, trailers, connection } = wish
    const framing = wish.framing === 'chunks' && minor === 0 ? 'length' : wish.framing
    const pairs = [...named]
    if (connection !== null) pairs.push(['Connection', connection])
    if (framing === 'length' || framing === 'head') pairs.push(['Content-Length', String(body.length)])
    if (framing === 'chunks') pairs.push(['Transfer-Encoding', 'chunked'])
    const isHead = framing === 'head'
    const isBodiless = isHead || status === 204 || status === 304
    const after = isBodiless ? '' : framing === 'chunks' ? chunked(body, sizes, extension, trailers) : body
    const head = `HTTP/1.${minor} ${status}${reason}\r\n${pairs.map(([key, of]) => `${key}: ${of}\r\n`).join('')}\r\n`
    return {
      bytes: Buffer.from(before + head + after, 'latin1'),
      status,
      fields: pairs.flatMap(([key, of]) => [key.toLowerCase(), of]),
      body: isBodiless ? '' : body,
      isHead,
      endsConnection: framing === 'connection' && !isBodiless,
    }
  })

type Mutation = (bytes: Buffer) => Buffer

const tokens = [
  '\r',
  '\n',
  '\r\n',
  '\r\n\r\n',
  ' ',
  ':',
  ';',
  '0',
  'f',
  '\0',
  'HTTP/1.1 200 OK\r\n',
  'Content-Length: 3\r\n',
  'Transfer-Encoding: chunked\r\n',
  '9999999999999999',
]

const mutation: fc.Arbitrary<Mutation> = fc
  .record({
    kind: fc.constantFrom('insert', 'delete', 'change', 'repeat', 'cut'),
    at: fc.double({ min: 0, max: 1, noNaN: true }),
    length: fc.integer({ min: 1, max: 12 }),
    token: fc.constantFrom(...tokens),
    byte: fc.integer({ min: 0, max: 255 }),
  })
  .map(({ kind, at, length, token, byte }) => (bytes) => {
    const index = Math.floor(at * bytes.length)
    const before = bytes.subarray(0, index)
    const behind = bytes.subarray(index)
    switch (kind) {
      case 'insert':
        return Buffer.concat([before, Buffer.from(token, 'latin1'), behind])
      case 'delete':
        return Buffer.concat([before, behind.subarray(length)])
      case 'change':
        return Buffer.concat([before, Buffer.from([byte]), behind.subarray(1)])
      case 'repeat':
        return Buffer.concat([before, behind.subarray(0, length), behind])
      case 'cut':
        return before
      default:
        return kind satisfies never
    }
  })

/** Answers with something wrong, or not, and bytes of any kind. */
export const anyResponseBytes: fc.Arbitrary<Buffer> = fc.oneof(
  {
    weight: 6,
    arbitrary: fc
      .tuple(meantResponse, fc.array(mutation, { maxLength: 3 }))
      .map(([{ bytes }, mutations]) => mutations.reduce((mutated: Buffer, mutate) => mutate(mutated), bytes)),
  },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 60 }).map((bytes) => Buffer.from(bytes)) },
  {
    weight: 1,
    arbitrary: fc
      .array(fc.constantFrom(...tokens), { maxLength: 12 })
      .map((list) => Buffer.from(list.join(''), 'latin1')),
  },
)

/** Where bytes are cut into pieces. */
export const cuts = fc.array(fc.double({ min: 0, max: 1, noNaN: true }), { maxLength: 6 })

export function cutAt(bytes: Buffer, places: readonly number[]): Buffer[] {
  const sorted = places.map((place) => Math.floor(place * bytes.length)).sort((a, b) => a - b)
  const ends = [...sorted, bytes.length]
  return ends.map((end, i) => bytes.subarray(ends[i - 1] ?? 0, end)).filter((piece) => piece.length > 0)
}
