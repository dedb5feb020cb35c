import test from 'ava'
import { parseLoadTestText } from '../../../../core/spec/parse.ts'
import { secretVariable } from '../../../../core/spec/reference.ts'
import { namedReferences } from '../../../../core/spec/references.ts'
import { resolveReferences } from '../../../../core/spec/resolve.ts'
import { specText } from '../../../kit/malformed-files.ts'

const utf8 = new TextEncoder()

function parsed(variables: string) {
  const result = parseLoadTestText(specText({ variables }))
  if (!result.ok) throw new Error(JSON.stringify(result.issues))
  return result.value
}

function secrets(values: Readonly<Record<string, string | Uint8Array>>) {
  return (secret: string, key: string) => {
    const value = values[`${secret}/${key}`]
    return typeof value === 'string' ? utf8.encode(value) : value
  }
}

test('values of the environment and of secrets are filled in and count as secrets', (t) => {
  const read = parsed(
    'token: { env: TOKEN }\nempty: { env: EMPTY }\nkey: { secret: shop, key: id }\ntier: gold',
  )
  const resolved = resolveReferences(
    read,
    { environment: { TOKEN: 's3cret', EMPTY: '' }, secret: secrets({ 'shop/id': 'k3y' }) },
    {},
  )
  if (!resolved.ok) return t.fail()
  t.deepEqual(resolved.value.secrets, ['s3cret', 'k3y'])
  t.deepEqual(resolved.value.test.variables, {
    token: { kind: 'value', value: 's3cret' },
    empty: { kind: 'value', value: '' },
    key: { kind: 'value', value: 'k3y' },
    tier: { kind: 'value', value: 'gold' },
  })
  t.deepEqual(resolved.value.unset, [])
  t.deepEqual(read.variables.token, { kind: 'env', name: 'TOKEN' })
})

for (const [title, content, value] of [
  ['without the line break that ends its file', 'k3y\n', 'k3y'],
  ['without the one of Windows', 'k3y\r\n', 'k3y'],
  ['with every other line break and space', '\n k3y \n\n', '\n k3y \n'],
] as const) {
  test(`a secret is taken ${title}`, (t) => {
    const resolved = resolveReferences(
      parsed('key: { secret: shop, key: id }'),
      { environment: {}, secret: secrets({ 'shop/id': content }) },
      {},
    )
    t.deepEqual(resolved.ok && resolved.value.test.variables.key, { kind: 'value', value })
  })
}

test('what is not set is an issue with its remedies, also by the name of an object method', (t) => {
  const resolved = resolveReferences(
    parsed('a: { env: TOKN }\nb: { env: toString }\nc: { secret: shop-eu, key: api.key }'),
    { environment: { TOKEN: 's3cret' }, secret: secrets({}) },
    {},
  )
  if (resolved.ok) return t.fail('was accepted')
  t.deepEqual(
    resolved.issues.map(({ path, code }) => [path, code]),
    [
      ['variables.a.env', 'unset-variable'],
      ['variables.b.env', 'unset-variable'],
      ['variables.c.secret', 'unset-secret'],
    ],
  )
  t.regex(resolved.issues[0]?.hint ?? '', /did you mean TOKEN/)
  t.regex(
    resolved.issues[2]?.hint ?? '',
    /shop-eu\/api\.key.*--secrets DIR.*BREAKWATER_SECRET_SHOP_EU_API_KEY=/,
  )
  t.notRegex(JSON.stringify(resolved.issues), /s3cret/)
})

test('who runs nothing is told what is not set, and gets a test all the same', (t) => {
  const resolved = resolveReferences(
    parsed('a: { env: A }\nb: { secret: shop, key: id }'),
    { environment: {}, secret: secrets({}) },
    {},
    { unset: 'allow' },
  )
  if (!resolved.ok) return t.fail()
  t.deepEqual(
    resolved.value.unset.map(({ code }) => code),
    ['unset-variable', 'unset-secret'],
  )
  t.deepEqual(resolved.value.test.variables.b, { kind: 'value', value: '' })
})

test('a secret that is no text is refused where text is needed', (t) => {
  const resolved = resolveReferences(
    parsed('a: { secret: shop, key: id }'),
    { environment: {}, secret: secrets({ 'shop/id': Uint8Array.of(0xff, 0xfe) }) },
    {},
  )
  t.deepEqual(!resolved.ok && resolved.issues.map(({ path, code }) => [path, code]), [
    ['variables.a.secret', 'not-text'],
  ])
})

test('the variable that stands in for a file is in capitals, all else underscores', (t) => {
  t.is(secretVariable('shop-eu.west', 'tls.crt'), 'BREAKWATER_SECRET_SHOP_EU_WEST_TLS_CRT')
})

test('inputs of any shape name their references instead of failing', (t) => {
  for (const input of [
    null,
    1,
    [],
    { spec: null },
    { spec: { variables: [], target: { auth: 3, tls: [] } } },
  ])
    t.deepEqual(namedReferences(input), [])
  const named = namedReferences({
    spec: {
      target: {
        auth: { oauth2: { clientId: { env: 'ID' }, clientSecret: { secret: 'shop', key: 'oauth' } } },
        tls: { cert: { secret: 'shop', key: 'tls.crt' } },
      },
      targets: { media: { auth: { bearer: { secret: 'media', key: 'token' } } } },
      variables: { deep: { value: { secret: 'no', key: 'reference' } } },
    },
  })
  t.deepEqual(
    named.map(({ path, reference }) => [
      path,
      reference.kind === 'env' ? reference.name : `${reference.secret}/${reference.key}`,
    ]),
    [
      ['target.tls.cert.secret', 'shop/tls.crt'],
      ['target.tls.key.secret', 'shop/tls.key'],
      ['target.auth.oauth2.clientId.env', 'ID'],
      ['target.auth.oauth2.clientSecret.secret', 'shop/oauth'],
      ['targets.media.auth.bearer.secret', 'media/token'],
    ],
  )
})
