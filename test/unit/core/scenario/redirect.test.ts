import test from 'ava'
import type { RenderedRequest } from '../../../../core/scenario/compiled.ts'
import { Redirector } from '../../../../core/scenario/redirect.ts'
import { parsedTest } from '../../../kit/parsed-test.ts'

type HttpRequest = Extract<RenderedRequest, { kind: 'http' }>

const redirector = new Redirector(
  parsedTest({
    target: { url: 'http://shop.test/base' },
    targets: {
      media: { url: 'http://media.test:8080' },
      secure: { url: 'https://shop.test' },
      calls: { url: 'grpc://calls.test' },
      six: { url: 'http://[::1]:9000' },
    },
  }),
)

const order: HttpRequest = {
  kind: 'http',
  target: 0,
  method: 'POST',
  path: '/base/orders/new?x=1',
  headers: [
    ...['accept', '*/*', 'authorization', 'Bearer t', 'content-type', 'application/json'],
    ...['cookie', 'sid=1', 'host', 'other.test', 'x-own', '1'],
  ],
  body: '{}',
}

function next(
  status: number,
  location: string | null,
  request: Partial<HttpRequest> = {},
): ReturnType<Redirector['next']> {
  const headers = location === null ? ['x-other', 'y'] : ['x-other', 'location', 'location', location]
  return redirector.next({ ...order, ...request }, status, headers)
}

function hop(...parameters: Parameters<typeof next>): HttpRequest {
  const found = next(...parameters)
  if (found.kind !== 'hop') throw new Error(JSON.stringify(found))
  return found.request
}

const methods: readonly (readonly [status: number, method: string, then: string, body: string | null])[] = [
  [301, 'POST', 'GET', null],
  [302, 'POST', 'GET', null],
  [303, 'POST', 'GET', null],
  [303, 'PUT', 'GET', null],
  [307, 'POST', 'POST', '{}'],
  [308, 'PATCH', 'PATCH', '{}'],
  [302, 'HEAD', 'HEAD', null],
  [303, 'HEAD', 'HEAD', null],
  [307, 'GET', 'GET', '{}'],
]

for (const [status, method, then, body] of methods) {
  test(`${status} after ${method} is followed by ${then}`, (t) => {
    const request = hop(status, '/next', { method })
    t.is(request.method, then)
    t.is(request.body, body)
    t.is(request.headers.includes('content-type'), body !== null)
  })
}

const locations: readonly (readonly [location: string, target: number, path: string])[] = [
  ['/login', 0, '/login'],
  ['done', 0, '/base/orders/done'],
  ['../cart?a=b#part', 0, '/base/cart?a=b'],
  ['?page=2', 0, '/base/orders/new?page=2'],
  ['', 0, '/base/orders/new?x=1'],
  ['http://shop.test/x', 0, '/x'],
  ['http://SHOP.test:80/x', 0, '/x'],
  ['http://me:secret@shop.test/x', 0, '/x'],
  ['//media.test:8080/logo', 1, '/logo'],
  ['https://shop.test/login', 2, '/login'],
  ['https://shop.test:443', 2, '/'],
  ['http://[::1]:9000/x', 4, '/x'],
  ['/käse/\u00c3\u00a4', 0, '/k%E4se/%C3%A4'],
  ['/a b', 0, '/a%20b'],
]

for (const [location, target, path] of locations) {
  test(`the location ${JSON.stringify(location)} leads to ${path} of target ${target}`, (t) => {
    const request = hop(302, location)
    t.deepEqual([request.target, request.path], [target, path])
  })
}

const blocked = [
  'http://other.test/',
  'http://shop.test:8080/',
  'http://calls.test/',
  'https://media.test:8080/',
  'file:///etc/passwd',
  'data:text/plain,x',
  'javascript:alert(1)',
]

for (const location of blocked) {
  test(`a redirect to ${location} is blocked`, (t) => {
    const found = next(302, location)
    t.is(found.kind === 'refused' && found.error, 'blocked')
  })
}

for (const location of ['http://', 'http://a b/', 'http://shop.test:99999/', `/${'x'.repeat(20_000)}`]) {
  test(`a location such as ${location.slice(0, 30)} is an error`, (t) => {
    const found = next(302, location)
    t.is(found.kind === 'refused' && found.error, 'redirect')
    t.true(found.kind === 'refused' && found.detail.length < 300)
  })
}

test('on its own host a redirect keeps every header that is not about the body', (t) => {
  t.deepEqual(hop(303, '/x').headers, [
    ...['accept', '*/*', 'authorization', 'Bearer t', 'cookie', 'sid=1', 'host', 'other.test', 'x-own', '1'],
  ])
})

test('to another host go neither authorization, nor cookies, nor the name of this one', (t) => {
  const headers = ['accept', '*/*', 'content-type', 'application/json', 'x-own', '1']
  t.deepEqual(hop(307, 'http://media.test:8080/').headers, headers)
  t.deepEqual(hop(308, 'https://shop.test/').headers, headers, 'another scheme is another host')
})

for (const status of [200, 300, 304, 305, 306, 399, 404, 500]) {
  test(`${status} is no redirect`, (t) => {
    t.is(next(status, '/x').kind, 'none')
  })
}

test('a redirect without a location is an answer', (t) => {
  t.is(next(302, null).kind, 'none')
  t.is(redirector.next(order, 302, null).kind, 'none')
})
