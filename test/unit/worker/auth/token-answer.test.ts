import test from 'ava'
import { readTokenAnswer } from '../../../../worker/auth/token-answer.ts'

const good: readonly (readonly [title: string, answer: object, lifeMs: number | null])[] = [
  ['as the standard has it', { token_type: 'Bearer', expires_in: 3600 }, 3_600_000],
  ['with its type in other letters', { token_type: 'bearer', expires_in: 1.5 }, 1500],
  ['with a life in quotes', { token_type: 'Bearer', expires_in: '60' }, 60_000],
  ['that has expired at once', { token_type: 'Bearer', expires_in: 0 }, 0],
  ['that has expired before', { token_type: 'Bearer', expires_in: -5 }, 0],
  ['that does not say how long it lives', { token_type: 'Bearer' }, null],
  ['with a life that is no number', { token_type: 'Bearer', expires_in: 'soon' }, null],
  ['without a type', { expires_in: 1 }, 1000],
]

for (const [title, answer, lifeMs] of good) {
  test(`a token ${title} is taken`, (t) => {
    const body = JSON.stringify({ access_token: 'abc', ...answer })
    t.deepEqual(readTokenAnswer(200, body), { ok: true, token: 'abc', lifeMs })
  })
}

const bad: readonly (readonly [
  title: string,
  status: number,
  body: string,
  why: RegExp,
  retryable: boolean,
])[] = [
  ['an error', 401, '{"error":"invalid_client"}', /^it answered 401 \(invalid_client\)$/, false],
  [
    'an error with its description',
    400,
    '{"error":"invalid_scope","error_description":"no such scope"}',
    /^it answered 400 \(invalid_scope, no such scope\)$/,
    false,
  ],
  ['an overload', 503, 'busy', /^it answered 503$/, true],
  ['too many requests', 429, '', /^it answered 429$/, true],
  ['a redirect', 302, '', /^it answered 302$/, false],
  ['a page', 200, '<html>', /no JSON object/, false],
  ['JSON of another kind', 200, '[1]', /no access_token/, false],
  ['nothing', 200, '', /no JSON object/, false],
  ['no token', 200, '{}', /no access_token/, false],
  ['a token that is none', 200, '{"access_token":""}', /no access_token/, false],
  ['a number for a token', 200, '{"access_token":1}', /no access_token/, false],
  ['a token of two lines', 200, '{"access_token":"a\\r\\nx: 1"}', /cannot stand in a header/, false],
  ['a token in other letters', 200, '{"access_token":"ä"}', /cannot stand in a header/, false],
  [
    'an endless token',
    200,
    JSON.stringify({ access_token: 'x'.repeat(16_385) }),
    /cannot stand in a header/,
    false,
  ],
  ['another type', 200, '{"access_token":"a","token_type":"mac"}', /of the type mac/, false],
  ['what would steer a terminal', 400, '{"error":"\\u001b[2J"}', /^it answered 400 \(\ufffd\[2J\)$/, false],
  [
    'a long complaint',
    400,
    JSON.stringify({ error: 'x'.repeat(5000) }),
    /^it answered 400 \(x{200}\)$/,
    false,
  ],
]

for (const [title, status, body, why, retryable] of bad) {
  test(`${title} (${status}) is no token`, (t) => {
    const answer = readTokenAnswer(status, body)
    if (answer.ok) return t.fail('was taken')
    t.regex(answer.why, why)
    t.is(answer.retryable, retryable)
  })
}
