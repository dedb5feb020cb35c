import test from 'ava'
import type { Auth, HttpStep, Target } from '../../../../core/spec/load-test.ts'
import { compiled, grpcStep, httpStep, onlyRequest, scenarioOf, scenarioTest } from '../../../kit/scenario.ts'

const basic: Auth = {
  kind: 'basic',
  user: { kind: 'template', text: '${user}' },
  password: { kind: 'value', value: 'pä:ss${word}' },
}
const bearer: Auth = { kind: 'bearer', token: { kind: 'value', value: 'abc' } }
const oauth2: Auth = {
  kind: 'oauth2',
  tokenUrl: 'http://auth.test/token',
  clientId: { kind: 'value', value: 'id' },
  clientSecret: { kind: 'value', value: 'secret' },
  scope: null,
  audience: null,
  refreshBeforeMs: 60_000,
  sentIn: 'header',
}

function subject(target: Partial<Target>, step: Partial<HttpStep> = {}) {
  return compiled(
    scenarioTest([scenarioOf([httpStep(step)])], {
      target,
      variables: { user: { kind: 'value', value: 'ada' } },
    }),
  )
}

function authorizationIn(headers: readonly string[]): string | undefined {
  const at = headers.indexOf('authorization')
  return at < 0 ? undefined : headers[at + 1]
}

function authorizationOf(target: Partial<Target>, step: Partial<HttpStep> = {}): string | undefined {
  const test = subject(target, step)
  const request = onlyRequest(test).render(test.createScope())
  return request.kind === 'http' ? authorizationIn(request.headers) : undefined
}

test('basic authentication is base64 of user and password, in UTF-8', (t) => {
  t.is(authorizationOf({ auth: basic }), `Basic ${Buffer.from('ada:pä:ss${word}').toString('base64')}`)
})

test('a bearer token is sent as it is, in a request that is still made once for all', (t) => {
  t.is(authorizationOf({ auth: bearer }), 'Bearer abc')
  t.truthy(onlyRequest(subject({ auth: bearer })).constant)
})

test('an authorization header of the step or the target wins, whatever its case', (t) => {
  t.is(authorizationOf({ auth: bearer, headers: { Authorization: 'target' } }), 'target')
  t.is(authorizationOf({ auth: bearer }, { headers: { AUTHORIZATION: 'step' } }), 'step')
  t.is(onlyRequest(subject({ auth: oauth2 }, { headers: { Authorization: 'step' } })).token, null)
})

test('a line break in a token cannot begin another header', (t) => {
  const auth: Auth = { kind: 'bearer', token: { kind: 'value', value: 'abc\r\nx-admin: yes' } }
  t.is(authorizationOf({ auth }), 'Bearer abc x-admin: yes')
})

test('requests carry the newest token of their target, and say whose it is', (t) => {
  const test = subject({ auth: oauth2 })
  const request = onlyRequest(test)
  t.is(request.token, 0)
  t.is(request.constant, null)
  const scope = test.createScope()
  for (const token of ['first', 'second']) {
    test.provideToken(0, token)
    test.provideToken(1, 'of another target')
    const { headers } = request.render(scope) as { readonly headers: readonly string[] }
    t.is(authorizationIn(headers), `Bearer ${token}`)
  }
})

test('gRPC calls carry it as metadata, where neither target nor step bring their own', (t) => {
  const render = (auth: Auth, metadata: Readonly<Record<string, string>>) => {
    const test = compiled(
      scenarioTest([scenarioOf([grpcStep({ metadata })])], {
        target: {
          url: 'grpc://shop.test',
          grpc: { url: null, protos: [], reflection: false, metadata: { tenant: 'a' } },
          auth,
        },
      }),
    )
    const request = onlyRequest(test).render(test.createScope())
    return request.kind === 'grpc' ? request.metadata : []
  }
  t.deepEqual(render(bearer, {}), ['authorization', 'Bearer abc', 'tenant', 'a'])
  t.deepEqual(render(bearer, { Authorization: 'own' }), ['tenant', 'a', 'authorization', 'own'])
})
