import test from 'ava'
import fc from 'fast-check'
import { formEncode, headerValue, percentEncode } from '../../../../core/scenario/encoding.ts'
import { createRedactor } from '../../../../core/scenario/redact.ts'
import { base64 } from '../../../../core/scenario/template-functions.ts'
import { shown } from '../../../../core/scenario/value.ts'

const redactor = createRedactor(['s3cret/é"', 's3cret', 'abc', ''])

const table: readonly (readonly [string, string])[] = [
  ['a s3cret b s3cret', 'a *** b ***'],
  ['/p?t=s3cret%2F%C3%A9%22', '/p?t=***'],
  ['/p?t=s3cret%2f%c3%a9%22', '/p?t=***'],
  ['{"t":"s3cret/é\\""}', '{"t":"***"}'],
  ['{"t":"s3cret\\/\\u00e9\\""}', '{"t":"***"}'],
  ['<b>s3cret/é&quot;</b>', '<b>***</b>'],
  ['x-t: s3cret/Ã©"', 'x-t: ***'],
  ['733363726574', '***'],
  ['abcdef', 'abcdef'],
  ['s3crets3cret', '***'],
  ['Authorization: Bearer x.y\nhost: h', 'Authorization: ***\nhost: h'],
  ['cookie: a=1; b=2', 'cookie: ***'],
  ['nothing here', 'nothing here'],
]

for (const [text, expected] of table) {
  test(`${JSON.stringify(text)} becomes ${JSON.stringify(expected)}`, (t) => {
    t.is(redactor.text(text), expected)
  })
}

type Encoding = (text: string) => string

/** What the functions of the language make of a text. */
const own: Readonly<Record<string, Encoding>> = {
  percent: percentEncode,
  form: formEncode,
  json: (text) => JSON.stringify(text),
  base64,
  basic: (text) => base64(`somebody:${text}`),
}

/** What servers make of it that repeat what they got. */
const others: Readonly<Record<string, Encoding>> = {
  asItIs: (text) => text,
  header: headerValue,
  base64url: (text) => base64(text).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', ''),
  hex: (text) => Buffer.from(text.toWellFormed()).toString('hex'),
  html: (text) =>
    text
      .replaceAll('&', '&amp;')
      .replaceAll('<', '&lt;')
      .replaceAll('>', '&gt;')
      .replaceAll('"', '&quot;')
      .replaceAll("'", '&#39;'),
}

const secret = fc.oneof(
  fc.string({ minLength: 8, maxLength: 60 }),
  fc.string({ unit: 'binary', minLength: 8, maxLength: 60 }),
  fc.base64String({ minLength: 8, maxLength: 60 }),
)

const around = fc.string({ unit: fc.constantFrom('.', ',', ' '), maxLength: 5 })

/** What stands around it may hold its first characters by chance, never the middle of it. */
function holds(text: string, encoded: string): boolean {
  return text.includes(encoded.slice(3, -3))
}

test('a secret comes to light in no encoding of ours, nor in one on top of another', (t) => {
  const layers = fc.array(fc.constantFrom(...Object.keys(own)), { maxLength: 3 })
  fc.assert(
    fc.property(secret, layers, around, around, (value, names, before, after) => {
      const encoded = names.reduce((text, name) => (own[name] as Encoding)(text), value)
      const safe = createRedactor([value]).text(`${before}${encoded}${after}`)
      t.false(holds(safe, encoded), `${names.join(', then ')}: ${safe}`)
    }),
    { numRuns: 500 },
  )
})

test('a secret comes to light in no encoding of a server that repeats it', (t) => {
  const layer = fc.constantFrom(undefined, ...Object.keys(own))
  fc.assert(
    fc.property(secret, layer, fc.constantFrom(...Object.keys(others)), (value, name, last) => {
      const sent = name === undefined || last === 'hex' ? value : (own[name] as Encoding)(value)
      const encoded = (others[last] as Encoding)(sent)
      const safe = createRedactor([value]).text(`echo: ${encoded}.`)
      t.false(holds(safe, encoded), `${name}, then ${last}: ${safe}`)
    }),
    { numRuns: 500 },
  )
})

test('where a text is cut, the beginning of a secret goes too', (t) => {
  fc.assert(
    fc.property(secret, fc.integer({ min: 4, max: 59 }), (value, kept) => {
      const part = value.slice(0, Math.min(kept, value.length - 1))
      fc.pre(part.isWellFormed() && part.length >= 4)
      t.is(createRedactor([value]).cut(`echo: ${part}`).includes(part), false)
    }),
  )
})

test('a sentence that leaves out the rest of a value shows no beginning of a secret', (t) => {
  const value = 'x"/'.repeat(40)
  const redact = createRedactor([value])
  t.is(redact.text(`expected 1, got ${shown(value)}.`), 'expected 1, got "***"… (120 characters).')
  t.is(redact.text(`got ${shown(`{"token":"${value}"}`)}`), 'got "{\\"token\\":\\"***"… (132 characters)')
})

test('values of authorization and cookie headers go whatever they are', (t) => {
  t.deepEqual(
    redactor.headers(['Authorization', 'Basic eDp5', 'x-a', 'my s3cret', 'set-cookie', 'a=1', 'b', 'cookie']),
    ['Authorization', '***', 'x-a', 'my ***', 'set-cookie', '***', 'b', 'cookie'],
  )
})

test('credentials that one request carried are hidden in what is shown of it', (t) => {
  const request = (headers: readonly string[]) =>
    ({ kind: 'http', target: 0, method: 'GET', path: '/', headers, body: null }) as const
  const echo = 'token-of-today, pa:ss-word, session-0815, dark'
  t.is(
    redactor.knowing(request(['authorization', 'Bearer token-of-today'])).text(echo),
    '***, pa:ss-word, session-0815, dark',
  )
  t.is(
    redactor.knowing(request(['authorization', `Basic ${btoa('ada:pa:ss-word')}`])).text(`s3cret ${echo}`),
    '*** token-of-today, ***, session-0815, dark',
  )
  t.is(
    redactor.knowing(request(['cookie', 'theme=dark; sid=session-0815'])).text(echo),
    'token-of-today, pa:ss-word, ***, dark',
  )
  t.is(redactor.text(echo), echo)
})

test('a secret that becomes known later is hidden from then on, and the newest hundred of them stay so', (t) => {
  const redact = createRedactor(['first'])
  t.is(redact.text('first token-1-'), '*** token-1-')
  for (let n = 1; n <= 101; n++) redact.add(`token-${n}-`)
  t.is(redact.text('first token-1- token-2- token-101-'), '*** token-1- *** ***')
})

test('redacting takes linear time, however many secrets there are', (t) => {
  t.timeout(120_000)
  const many = createRedactor(Array.from({ length: 300 }, (_, n) => `secret ${n} / é "`))
  const start = performance.now()
  for (const text of [' ', 'cookie:', '\n', 'cookie: \n', 'secret 29', '…'])
    many.text(text.repeat(300_000 / text.length))
  // A few hundred milliseconds on a machine at rest; minutes, were it quadratic.
  t.true(performance.now() - start < 20_000, `${performance.now() - start} ms`)
})
