import test from 'ava'
import { createRedactor, redactHeaders } from '../../../../core/scenario/redact.ts'

const redact = createRedactor(['s3cret/é"', 's3cret', 'abc', ''])

const table: readonly (readonly [string, string])[] = [
  ['a s3cret b s3cret', 'a *** b ***'],
  ['/p?t=s3cret%2F%C3%A9%22', '/p?t=***'],
  ['{"t":"s3cret/é\\""}', '{"t":"***"}'],
  ['abcdef', 'abcdef'],
  ['Authorization: Bearer x.y\nhost: h', 'Authorization: ***\nhost: h'],
  ['cookie: a=1; b=2', 'cookie: ***'],
  ['nothing here', 'nothing here'],
]

for (const [text, expected] of table) {
  test(`${JSON.stringify(text)} becomes ${JSON.stringify(expected)}`, (t) => {
    t.is(redact(text), expected)
  })
}

test('values of authorization and cookie headers go whatever they are', (t) => {
  t.deepEqual(
    redactHeaders(
      ['Authorization', 'Basic eDp5', 'x-a', 'my s3cret', 'set-cookie', 'a=1', 'b', 'cookie'],
      redact,
    ),
    ['Authorization', '***', 'x-a', 'my ***', 'set-cookie', '***', 'b', 'cookie'],
  )
})

test('a text of a megabyte is redacted in linear time', (t) => {
  const start = performance.now()
  for (const text of [' '.repeat(1e6), 'cookie:'.repeat(1e5), '\n'.repeat(1e6), 'cookie: \n'.repeat(1e5)])
    redact(text)
  t.true(performance.now() - start < 2000)
})
