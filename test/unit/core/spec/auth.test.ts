import test from 'ava'
import { parseLoadTestText } from '../../../../core/spec/parse.ts'
import { resolveReferences } from '../../../../core/spec/resolve.ts'
import { specText } from '../../../kit/malformed-files.ts'

const values = {
  environment: { PASSWORD: 'pässword', ID: 'client' },
  secret: (secret: string, key: string) =>
    secret === 'shop' && key !== 'none' ? new TextEncoder().encode(`${key}-value\n`) : undefined,
}

function targetWith(auth: string) {
  const parsed = parseLoadTestText(specText({ target: `url: http://127.0.0.1:9\nauth: ${auth}` }))
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.issues))
  const resolved = resolveReferences(parsed.value, values, {})
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.issues))
  return { auth: resolved.value.test.target.auth, secrets: resolved.value.secrets }
}

test('user and password are templates or references, and the password is a secret however it is given', (t) => {
  t.deepEqual(targetWith('{ basic: { user: ada, password: { env: PASSWORD } } }'), {
    auth: {
      kind: 'basic',
      user: { kind: 'template', text: 'ada' },
      password: { kind: 'value', value: 'pässword' },
    },
    secrets: ['pässword'],
  })
  t.deepEqual(targetWith('{ basic: { user: ada, password: "typed$${x}" } }').secrets, ['typed${x}'])
})

test('a bearer token is a text or a reference', (t) => {
  t.deepEqual(targetWith('{ bearer: { secret: shop, key: token } }'), {
    auth: { kind: 'bearer', token: { kind: 'value', value: 'token-value' } },
    secrets: ['token-value'],
  })
  t.deepEqual(targetWith('{ bearer: typed }').secrets, ['typed'])
})

test('client credentials have their defaults, and id and secret stay hidden where they come from outside', (t) => {
  const oauth2 =
    'tokenUrl: https://auth.test/token, clientId: { env: ID }, clientSecret: { secret: shop, key: oauth }'
  t.deepEqual(targetWith(`{ oauth2: { ${oauth2} } }`), {
    auth: {
      kind: 'oauth2',
      tokenUrl: 'https://auth.test/token',
      clientId: { kind: 'value', value: 'client' },
      clientSecret: { kind: 'value', value: 'oauth-value' },
      scope: null,
      audience: null,
      refreshBeforeMs: 60_000,
      sentIn: 'header',
    },
    secrets: ['client', 'oauth-value'],
  })
  const { auth } = targetWith(
    `{ oauth2: { ${oauth2}, scope: a b, audience: api, refreshBefore: 5s, auth: body } }`,
  )
  t.like(auth, { scope: 'a b', audience: 'api', refreshBeforeMs: 5000, sentIn: 'body' })
})

test('an authority that lies in a secret travels among the files, and no file can take its name', (t) => {
  const parsed = parseLoadTestText(
    specText({ target: 'url: https://127.0.0.1:9\ntls: { ca: { secret: shop, key: ca.crt } }' }),
  )
  if (!parsed.ok) return t.fail(JSON.stringify(parsed.issues))
  t.is(parsed.value.target.tls.caFile, 'secret:shop/ca.crt')
  const resolved = resolveReferences(parsed.value, values, { 'users.csv': Uint8Array.of(1) })
  t.deepEqual(resolved.ok && Object.keys(resolved.value.files), ['users.csv', 'secret:shop/ca.crt'])
  const typed = parseLoadTestText(
    specText({ target: 'url: https://127.0.0.1:9\ntls: { ca: { file: "secret:shop/ca.crt" } }' }),
  )
  t.deepEqual(!typed.ok && typed.issues.map(({ path, code }) => [path, code]), [
    ['target.tls.ca.file', 'wrong-file'],
  ])
})

test('what is wrong with credentials is told without repeating them', (t) => {
  const parsed = parseLoadTestText(
    specText({
      target:
        'url: "http://me:hunter2@h"\nauth: { basic: hunter2, bearer: [hunter2], oauth2: { clientSecret: 4711, auth: hunter2 } }',
      targets: 'a: { url: "http://me:hunter2 @h/" }',
    }),
  )
  if (parsed.ok) return t.fail('was accepted')
  t.true(parsed.issues.length >= 5)
  t.notRegex(JSON.stringify(parsed.issues), /hunter2|4711/)
  t.regex(
    parsed.issues.find(({ path }) => path === 'target.url')?.hint ?? '',
    /auth: \{ basic: \{ user: …, password:/,
  )
})
