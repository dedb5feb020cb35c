import test, { type ExecutionContext } from 'ava'
import type { BreakwaterError } from '../../../core/error.ts'
import type { Files } from '../../../core/spec/files.ts'
import type { Json, LoadTest } from '../../../core/spec/load-test.ts'
import { resolveReferences } from '../../../core/spec/resolve.ts'
import { createTokenKeeper, type TokenKeeperOptions } from '../../../worker/auth/token-keeper.ts'
import { makeCertificates } from '../../kit/certificates.ts'
import { refusedPort } from '../../kit/failing-servers.ts'
import { type OAuthServerOptions, startOAuthServer } from '../../kit/oauth-server.ts'
import { parsedTest } from '../../kit/parsed-test.ts'
import { until } from '../../kit/until.ts'

const values = {
  environment: {},
  secret: () => new TextEncoder().encode('cl/ent secret+ä\n'),
}

function testWith(spec: Readonly<Record<string, Json>>): LoadTest {
  const resolved = resolveReferences(parsedTest(spec), values, {})
  if (!resolved.ok) throw new Error(JSON.stringify(resolved.issues))
  return resolved.value.test
}

function oauth2(tokenUrl: string, more: Readonly<Record<string, Json>> = {}): { [key: string]: Json } {
  return {
    oauth2: { tokenUrl, clientId: 'load:test', clientSecret: { secret: 'shop', key: 'oauth' }, ...more },
  }
}

interface Bench {
  readonly keeper: ReturnType<typeof createTokenKeeper>
  readonly got: (readonly [target: number, token: string])[]
  readonly warnings: string[]
}

function keep(
  t: ExecutionContext,
  spec: LoadTest,
  more: Partial<Pick<TokenKeeperOptions, 'nowMs'>> & { readonly files?: Files } = {},
): Bench {
  const got: [number, string][] = []
  const warnings: string[] = []
  const keeper = createTokenKeeper({
    test: spec,
    files: {},
    nowMs: () => performance.now(),
    onToken: (target, token) => got.push([target, token]),
    onWarning: (message) => warnings.push(message),
    ...more,
  })
  t.teardown(() => keeper.close())
  return { keeper, got, warnings }
}

async function serve(t: ExecutionContext, options: OAuthServerOptions = {}) {
  const server = await startOAuthServer(options)
  t.teardown(() => server.close())
  return server
}

const target = (auth: Json, url = 'http://127.0.0.1:9') => ({ url, auth })

test('id and secret go as basic authorization, form-encoded first, and what is wanted in the body', async (t) => {
  const server = await serve(t)
  const auth = oauth2(server.tokenUrl, { scope: 'a b', audience: 'https://api.test/' })
  const { keeper, got } = keep(t, testWith({ target: target(auth) }))
  await keeper.start()
  const [wish] = server.wishes
  const [, pair = ''] = /^Basic (.+)$/.exec(wish?.authorization ?? '') ?? []
  t.is(Buffer.from(pair, 'base64').toString(), 'load%3Atest:cl%2Fent+secret%2B%C3%A4')
  t.deepEqual(wish?.fields, {
    grant_type: 'client_credentials',
    scope: 'a b',
    audience: 'https://api.test/',
  })
  t.deepEqual(got, [[0, server.tokens[0]]] as never)
  t.is(keeper.sent, 1)
})

test('id and secret go in the body where that is asked for', async (t) => {
  const server = await serve(t)
  const { keeper } = keep(t, testWith({ target: target(oauth2(server.tokenUrl, { auth: 'body' })) }))
  await keeper.start()
  t.is(server.wishes[0]?.authorization, undefined)
  t.deepEqual(server.wishes[0]?.fields, {
    grant_type: 'client_credentials',
    client_id: 'load:test',
    client_secret: 'cl/ent secret+ä',
  })
})

test('targets that ask alike share a token, others have their own', async (t) => {
  const server = await serve(t)
  const auth = oauth2(server.tokenUrl)
  const { keeper, got } = keep(
    t,
    testWith({
      target: target(auth),
      targets: {
        plain: { url: 'http://127.0.0.1:9' },
        same: target(auth, 'http://127.0.0.2:9'),
        other: target(oauth2(server.tokenUrl, { scope: 'more' })),
      },
    }),
  )
  await keeper.start()
  t.is(server.wishes.length, 2)
  const byTarget = new Map(got)
  t.deepEqual([...byTarget.keys()].sort(), [0, 2, 3])
  t.is(byTarget.get(0), byTarget.get(2))
  t.not(byTarget.get(0), byTarget.get(3))
})

test('a token server is looked up, trusted and shown a certificate as the target is', async (t) => {
  const { ca, cert, key } = await makeCertificates()
  const server = await serve(t, { tls: { cert, key, ca, requestCert: true, rejectUnauthorized: true } })
  const tokenUrl = server.tokenUrl.replace('127.0.0.1', 'shop.test')
  const files = { 'ca.pem': ca, 'client.pem': cert, 'client.key': key }
  const spec = (more: Readonly<Record<string, Json>>) =>
    testWith({
      target: {
        url: 'https://127.0.0.1:9',
        dns: { hosts: { 'shop.test': '127.0.0.1' } },
        auth: oauth2(tokenUrl),
        tls: {
          ca: { file: 'ca.pem' },
          cert: { file: 'client.pem' },
          key: { file: 'client.key' },
          ...more,
        },
      },
    })
  const trusting = keep(t, spec({}), { files })
  await trusting.keeper.start()
  t.is(trusting.got.length, 1)
  // Under another authority, nothing is asked for twice.
  const strict = keep(t, spec({ ca: { file: 'other.pem' } }), {
    files: { ...files, 'other.pem': (await makeCertificates()).ca },
  })
  const startedAt = performance.now()
  const error = await t.throwsAsync<BreakwaterError>(strict.keeper.start())
  t.regex(error.message, /certificate|self-signed/)
  t.true(performance.now() - startedAt < 1000)
})

test('a server that recovers within two seconds delays the start, and no more', async (t) => {
  const server = await serve(t, {
    behaviour: (request) => (request === 0 ? { status: 503, body: '' } : request === 1 ? 'reset' : undefined),
  })
  const { keeper, got } = keep(t, testWith({ target: target(oauth2(server.tokenUrl)) }))
  await keeper.start()
  t.is(got.length, 1)
  t.is(keeper.sent, 3)
  t.is(server.wishes.length, 3)
})

test('who is refused is told at once, with the words of the server', async (t) => {
  const server = await serve(t, { behaviour: () => ({ status: 401, body: '{"error":"invalid_client"}' }) })
  const { keeper } = keep(t, testWith({ target: target(oauth2(server.tokenUrl)) }))
  const error = await t.throwsAsync<BreakwaterError>(keeper.start())
  t.is(error.code, 'prepare-failed')
  t.is(error.message, `there is no token from ${server.tokenUrl}: it answered 401 (invalid_client)`)
  t.regex(error.hint ?? '', /auth\.oauth2/)
  t.is(server.wishes.length, 1)
})

test('where nobody listens nothing counts as sent', async (t) => {
  const url = `http://127.0.0.1:${await refusedPort()}/token`
  const { keeper } = keep(t, testWith({ target: target(oauth2(url)) }))
  const error = await t.throwsAsync<BreakwaterError>(keeper.start())
  t.regex(error.message, /ECONNREFUSED/)
  t.is(keeper.sent, 0)
})

test('a token is replaced before it expires, again and again', async (t) => {
  const server = await serve(t, { lifeS: 1.5 })
  const { keeper, got, warnings } = keep(
    t,
    testWith({ target: target(oauth2(server.tokenUrl, { refreshBefore: '700ms' })) }),
  )
  const startedAt = performance.now()
  await keeper.start()
  await until('a fourth token is there', () => got.length === 4)
  const elapsedMs = performance.now() - startedAt
  t.true(elapsedMs >= 3 * 800 && elapsedMs < 3 * 1500, `${elapsedMs} ms`)
  t.is(keeper.sent, server.wishes.length)
  t.deepEqual(warnings, [])
})

test('while no new token can be had the old one stays, a warning says so once, and later there is one again', async (t) => {
  let down = false
  const server = await serve(t, { lifeS: 2, behaviour: () => (down ? 'reset' : undefined) })
  const { keeper, got, warnings } = keep(
    t,
    testWith({ target: target(oauth2(server.tokenUrl, { refreshBefore: '1s' })) }),
  )
  await keeper.start()
  down = true
  await until('two requests have failed', () => server.wishes.length >= 3)
  t.is(got.length, 1)
  t.is(warnings.length, 1)
  t.regex(warnings[0] ?? '', /could not be had.*expires [01]\.\d s later, and fail with 401/)
  down = false
  await until('there is a new one', () => got.length === 2)
  t.is(warnings.length, 1)
  t.is(keeper.sent, server.wishes.length)
})

test('a token that the target refuses is replaced, at most once in ten seconds', async (t) => {
  const server = await serve(t, { lifeS: null })
  let nowMs = 0
  const { keeper, got } = keep(t, testWith({ target: target(oauth2(server.tokenUrl)) }), {
    nowMs: () => nowMs,
  })
  await keeper.start()
  for (let n = 0; n < 100; n++) keeper.refused(0)
  await until('there is a new one', () => got.length === 2)
  for (let n = 0; n < 100; n++) keeper.refused(0)
  nowMs = 10_000
  keeper.refused(0)
  await until('there is another', () => got.length === 3)
  keeper.refused(7)
  t.is(server.wishes.length, 3)
})

test('nothing is asked for during a pause; what is due is asked for behind it', async (t) => {
  const server = await serve(t, { lifeS: 600 })
  let nowMs = 0
  const { keeper, got } = keep(t, testWith({ target: target(oauth2(server.tokenUrl)) }), {
    nowMs: () => nowMs,
  })
  await keeper.start()
  keeper.pause()
  keeper.refused(0)
  await keeper.resume()
  t.is(got.length, 1)
  keeper.pause()
  nowMs = 600_000
  await keeper.resume()
  t.is(got.length, 2)
  t.is(server.wishes.length, 2)
})
