import test from 'ava'
import { parse } from 'yaml'
import { storedSpec } from '../../../cli/stored-spec.ts'

function stored(source: unknown, secrets: readonly string[] = []) {
  return parse(storedSpec({ source, name: 'nightly', labels: { team: 'qa' }, secrets }))
}

test('a stored LoadTest is the one that ran, without its secrets, and still YAML', (t) => {
  const source = {
    kind: 'LoadTest',
    metadata: { name: 'shop', labels: { team: 'web' } },
    spec: {
      target: { url: 'http://shop.test', headers: { Authorization: 'Bearer abc', accept: 'x' } },
      variables: { token: { env: 'API_TOKEN' }, key: { secret: 'shop', key: 'id' }, copy: 'geheim123' },
    },
  }
  t.deepEqual(stored(source, ['geheim123']), {
    kind: 'LoadTest',
    metadata: { name: 'nightly', labels: { team: 'qa' } },
    spec: {
      target: { url: 'http://shop.test', headers: { Authorization: '***', accept: 'x' } },
      variables: { token: { env: 'API_TOKEN' }, key: { secret: 'shop', key: 'id' }, copy: '***' },
    },
  })
})

for (const [name, text, isKept] of [
  ['authorization', 'Bearer ${token}', true],
  ['Authorization', '${header}', true],
  ['authorization', 'Basic ${base64(users.pair)}', true],
  ['authorization', 'Token token="${token}"', true],
  ['proxy-authorization', 'Bearer ${token}', true],
  ['cookie', 'sid=${sid}; csrf=${csrf}', true],
  ['authorization', 'Bearer abc', false],
  ['authorization', 'Bearer abc${token}', false],
  ['authorization', 'hunter2 ${token}', false],
  ['authorization', 'Basic ${base64("me:hunter2")}', false],
  ['authorization', 'Bearer $${token}', false],
  ['cookie', 'sid=abc; csrf=${csrf}', false],
] as const) {
  test(`the header ${name}: ${text} is ${isKept ? 'kept as it is written' : 'hidden'}`, (t) => {
    const { spec } = stored({ spec: { scenarios: [{ steps: [{ get: '/', headers: { [name]: text } }] }] } })
    t.is(spec.scenarios[0].steps[0].headers[name], isKept ? text : '***')
  })
}

test('credentials of a target are hidden where they are written out, and kept where they are referred to', (t) => {
  const { spec } = stored({
    spec: {
      target: { auth: { basic: { user: 'ada', password: 'pw' } } },
      targets: {
        media: { auth: { bearer: '${token}' } },
        api: { auth: { oauth2: { clientId: 'shop', clientSecret: { secret: 'shop', key: 'oauth' } } } },
        old: { auth: { oauth2: { clientId: 'shop', clientSecret: 'abc' } } },
      },
      scenarios: [{ steps: [{ post: '/', json: { auth: { password: 'typed' } } }] }],
    },
  })
  t.deepEqual(spec.target.auth, { basic: { user: 'ada', password: '***' } })
  t.deepEqual(spec.targets.media.auth, { bearer: '${token}' })
  t.deepEqual(spec.targets.api.auth.oauth2.clientSecret, { secret: 'shop', key: 'oauth' })
  t.is(spec.targets.old.auth.oauth2.clientSecret, '***')
  t.is(spec.scenarios[0].steps[0].json.auth.password, 'typed')
})

test('what stands in two places by an alias is written out in both', (t) => {
  const steps = [{ get: '/' }]
  const text = storedSpec({ source: { spec: { a: steps, b: steps } }, name: 'x', labels: {}, secrets: [] })
  t.notRegex(text, /[&*]/)
})
