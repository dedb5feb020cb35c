import fc from 'fast-check'
import type { Json } from '../../core/spec/load-test.ts'
import type { Recorded } from './har.ts'

const id = 'f47ac10b-58cc-4372-a567-0e02b2c3d479'
/** Few, so that they meet; some of them hard to write down. */
const value = fc.oneof(
  fc.constantFrom(
    id,
    '48213',
    'ada',
    'q8Zk31xTopSecret',
    '${x}',
    '$',
    '{',
    '',
    'a b',
    'é',
    '\u0000',
    '\u2028',
    '\ud800',
    'true',
    '- x: #',
  ),
  fc.string({ unit: 'binary', maxLength: 30 }),
)
const key = fc.oneof(
  fc.constantFrom(
    'id',
    'orderId',
    'token',
    'password',
    '__proto__',
    'constructor',
    'a b',
    '<<',
    '*',
    '&a',
    '',
    'query',
    '${x}',
  ),
  fc.string({ maxLength: 10 }),
)

const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    value,
    fc.constantFrom(null, true, 0, -0, 7, 48213, 1.5, 1e300, 2 ** 53),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(key, tie('json'), { maxKeys: 4 }) as fc.Arbitrary<Json>,
  ),
}))

const header = fc.constantFrom(
  'Authorization',
  'X-Api-Key',
  'X-CSRF-Token',
  'Accept',
  'Content-Type',
  'Cookie',
  'If-Match',
  'X Y',
  ':path',
  '',
)
const headers = fc.dictionary(fc.oneof(header, key), value, { maxKeys: 4 })
const segment = value.map((text) => encodeURIComponent(text.toWellFormed()))
const url = fc.oneof(
  fc
    .tuple(
      fc.constantFrom(
        '',
        'http://shop.test',
        'https://api.shop.test',
        'https://stats.test:8443',
        'https://u:p@shop.test',
      ),
      fc.array(segment, { maxLength: 4 }),
      fc.array(fc.tuple(key, value), { maxLength: 3 }),
    )
    .map(
      ([host, path, query]) => `${host}/${path.join('/')}${query.length > 0 ? `?${rawQuery(query)}` : ''}`,
    ),
  fc.webUrl({ withQueryParameters: true }),
  fc.string(),
)

const multipart = fc
  .array(fc.tuple(key, value, value), { maxLength: 3 })
  .map((parts) =>
    [
      ...parts.map(
        ([name, text, file]) =>
          `--x\r\nContent-Disposition: form-data; name="${name}"; filename="${file}"\r\nContent-Type: ${text}\r\n\r\n${text}\r\n`,
      ),
      '--x--',
    ].join(''),
  )

/** An exchange that a tool may have written, or nearly. */
export const arbitraryExchange: fc.Arbitrary<Recorded> = fc.record(
  {
    method: fc.constantFrom('GET', 'POST', 'PUT', 'patch', 'DELETE', 'HEAD', 'OPTIONS', 'CONNECT', ''),
    url,
    headers,
    body: fc.oneof(json, value, multipart, fc.array(fc.tuple(key, value), { maxLength: 4 }).map(rawQuery)),
    type: fc.oneof(
      fc.constantFrom(
        'application/json',
        'application/x-www-form-urlencoded',
        'text/plain',
        'multipart/form-data; boundary=x',
      ),
      value,
    ),
    params: fc.dictionary(key, value, { maxKeys: 3 }),
    status: fc.oneof(fc.constantFrom(200, 201, 302, 304, 404, 500, 0, -1, 101, 999), fc.double()),
    answerHeaders: headers.map((record) => Object.entries(record)),
    answer: json,
    answerType: fc.constantFrom('application/json', 'text/html', 'image/png', ''),
    at: fc.integer({ min: 0, max: 10_000 }),
    took: fc.integer({ min: 0, max: 10_000 }),
  },
  { requiredKeys: ['url'] },
)

function rawQuery(pairs: readonly (readonly [string, string])[]): string {
  return pairs
    .map(
      ([name, text]) =>
        `${encodeURIComponent(name.toWellFormed())}=${encodeURIComponent(text.toWellFormed())}`,
    )
    .join('&')
}
