import test from 'ava'
import fc from 'fast-check'
import type { RenderedRequest } from '../../../../core/scenario/compiled.ts'
import type { HttpStep, Target } from '../../../../core/spec/load-test.ts'
import {
  closedPhase,
  compiled,
  httpStep,
  onlyRequest,
  openPhase,
  scenarioOf,
  scenarioTest,
} from '../../../kit/scenario.ts'

type HttpRequest = Extract<RenderedRequest, { kind: 'http' }>

function render(
  over: Partial<HttpStep>,
  target: Partial<Target> = {},
  it: string | number = '',
): HttpRequest {
  const subject = compiled(
    scenarioTest([scenarioOf([httpStep(over)])], { target, variables: { it: { kind: 'value', value: it } } }),
  )
  const request = onlyRequest(subject).render(subject.createScope())
  if (request.kind !== 'http') throw new Error('not HTTP')
  return request
}

const paths: readonly (readonly [string, string, string])[] = [
  ['http://h', '/', '/'],
  ['http://h', '', '/'],
  ['http://h', 'a/b', '/a/b'],
  ['http://h', '?q=1', '/?q=1'],
  ['http://h/', '/a', '/a'],
  ['http://h/base', '/a', '/base/a'],
  ['http://h/base/', 'a', '/base/a'],
  ['http://h/base', '', '/base'],
  ['http://h/base', '/', '/base/'],
  ['http://h/base', '?q=1', '/base?q=1'],
  ['http://h/base?x=1', '/a', '/base/a'],
  ['http://h', '/a#part', '/a'],
  ['http://h', '/a b/ü', '/a%20b/%C3%BC'],
  ['http://h', '/a%20b/%zz', '/a%20b/%zz'],
  ['http://h', '/a\r\nX: 1', '/a%0D%0AX:%201'],
  ['http://h', '/x"<>\\^`{|}', '/x%22%3C%3E%5C%5E%60%7B%7C%7D'],
]

for (const [url, step, expected] of paths) {
  test(`${JSON.stringify(step)} on ${url} is ${expected}`, (t) => {
    t.is(render({ url: step }, { url }).path, expected)
  })
}

test('holes in a path and its query are percent-encoded', (t) => {
  t.is(
    render({ url: '/p/${it}?q=${it}' }, {}, 'a/b?c&d=é#').path,
    '/p/a%2Fb%3Fc%26d%3D%C3%A9%23?q=a%2Fb%3Fc%26d%3D%C3%A9%23',
  )
})

test('a query is added to what the path has', (t) => {
  const query = { page: 2, on: true, 'a b': '${it}', plain: 'x&y' }
  t.is(render({ url: '/p', query }, {}, 'ü').path, '/p?page=2&on=true&a%20b=%C3%BC&plain=x%26y')
  t.is(render({ url: '/p?z=1', query: { a: 1 } }).path, '/p?z=1&a=1')
  t.is(render({ url: '/p?', query: { a: 1 } }).path, '/p?a=1')
})

test('no value makes a request that breaks out of its place', (t) => {
  fc.assert(
    fc.property(fc.string({ unit: fc.nat(0xffff).map((unit) => String.fromCharCode(unit)) }), (it) => {
      const request = render(
        {
          url: '/p/${it}',
          query: { q: '${it}' },
          headers: { 'x-it': 'v ${it}' },
          body: { kind: 'form', fields: { f: '${it}' } },
        },
        {},
        it,
      )
      t.regex(request.path, /^\/p\/[^/?#\s]*\?q=[^&#\s]*$/)
      for (const entry of request.headers) t.regex(entry, /^[\t\x20-\x7e\x80-\xff]*$/)
      const fields = [...new URLSearchParams(String(request.body))]
      t.deepEqual(fields, [['f', it.toWellFormed()]])
    }),
  )
})

test('headers: the step wins over the target, the target over the defaults', (t) => {
  const target = { headers: { Accept: 'text/html', 'X-Team': '${it}', Host: 'h', 'Content-Length': '1' } }
  const step = { headers: { accept: 'application/json', 'USER-AGENT': 'mine' } }
  t.deepEqual(render(step, target, 'web').headers, [
    'accept',
    'application/json',
    'x-team',
    'web',
    'host',
    'h',
    'user-agent',
    'mine',
  ])
  t.deepEqual(render({}).headers, ['user-agent', 'breakwater/test'])
})

test('header values lose their control characters and carry UTF-8 as bytes', (t) => {
  const { headers } = render({ headers: { a: '${it}', b: 'x${it}' } }, {}, '\r\nX-Evil: 1\0é')
  t.deepEqual(headers.slice(2), ['a', 'X-Evil: 1 Ã©', 'b', 'x X-Evil: 1 Ã©'])
})

const bodies: readonly (readonly [string, HttpStep['body'], string | null, string | null])[] = [
  ['none', { kind: 'none' }, null, null],
  [
    'json',
    { kind: 'json', value: { a: '${it}', b: [1, '<${it}>'] } },
    'application/json',
    '{"a":7,"b":[1,"<7>"]}',
  ],
  [
    'form',
    { kind: 'form', fields: { a: '${it} é!', n: 1, b: true } },
    'application/x-www-form-urlencoded',
    'a=7+%C3%A9%21&n=1&b=true',
  ],
  ['text', { kind: 'text', text: 'it is ${it}\n' }, 'text/plain; charset=utf-8', 'it is 7\n'],
]

for (const [kind, body, type, text] of bodies) {
  test(`a body of kind ${kind} is written with its content type, unless one is given`, (t) => {
    const request = render({ method: 'POST', body }, {}, 7)
    t.is(request.body, text)
    t.is(request.headers[request.headers.indexOf('content-type') + 1], type ?? 'user-agent')
    for (const given of [
      render({ body, headers: { 'Content-Type': 'x/y' } }),
      render({ body }, { headers: { 'Content-Type': 'x/y' } }),
    ]) {
      t.deepEqual(given.headers.filter((_, at) => at % 2 === 0).sort(), ['content-type', 'user-agent'])
      t.true(given.headers.includes('x/y'))
    }
  })
}

test('a request in which nothing varies is one frozen object', (t) => {
  const subject = compiled(
    scenarioTest([scenarioOf([httpStep({ url: '/${tier}', headers: { a: '${sha256(tier)}' } })])], {
      variables: { tier: { kind: 'value', value: 'gold' } },
    }),
  )
  const request = onlyRequest(subject)
  t.not(request.constant, null)
  t.is<unknown, unknown>(request.render(subject.createScope()), request.constant)
  t.true(Object.isFrozen(request.constant))
  t.true(request.constant?.kind === 'http' && Object.isFrozen(request.constant.headers))
})

test('a request in which something varies has no constant', (t) => {
  for (const over of [
    { url: '/${uuid()}' },
    { headers: { a: '${now()}' } },
    { query: { a: '${iteration()}' } },
    { body: { kind: 'json' as const, value: ['${randomInt(1,2)}'] } },
  ]) {
    t.is(onlyRequest(compiled(scenarioTest([scenarioOf([httpStep(over)])]))).constant, null)
  }
})

test('users of a closed phase send the cookies they were given', (t) => {
  const test = scenarioTest([scenarioOf([httpStep({ url: '/a' })])], { load: [closedPhase] })
  const subject = compiled(test)
  const request = onlyRequest(subject)
  const scope = subject.createScope()
  t.true(request.needs.cookies)
  t.is(request.constant, null)
  const bare = request.render(scope)
  t.is(request.render(scope), bare, 'one object while there are none')
  scope.storeCookies(['sid=1; Path=/', 'b=2; Path=/elsewhere', 'c=3; Max-Age=0'], bare)
  t.deepEqual(request.render(scope).kind === 'http' && (request.render(scope) as HttpRequest).headers, [
    'user-agent',
    'breakwater/test',
    'cookie',
    'sid=1',
  ])
  scope.reset()
  t.is(request.render(scope), bare)
})

test("cookies are added to a step's own", (t) => {
  const subject = compiled(
    scenarioTest([scenarioOf([httpStep({ headers: { Cookie: 'own=${iteration()}' } })])], {
      load: [closedPhase],
    }),
  )
  const scope = subject.createScope()
  scope.storeCookies(['sid=1'], onlyRequest(subject).render(scope))
  const request = onlyRequest(subject).render(scope)
  t.deepEqual(request.kind === 'http' && request.headers, [
    'user-agent',
    'breakwater/test',
    'cookie',
    'own=0; sid=1',
  ])
})

test('a scenario that any closed phase runs keeps its cookies', (t) => {
  const scenarios = [scenarioOf([httpStep()], { name: 'both' }), scenarioOf([httpStep()], { name: 'open' })]
  const load = [openPhase, { ...closedPhase, mix: { both: 1 } }]
  const { requests } = compiled(scenarioTest(scenarios, { load }))
  t.deepEqual(
    requests.map(({ needs }) => needs.cookies),
    [true, false],
  )
})

test('cookies are wanted only where a later request of the user can send them', (t) => {
  const login = httpStep({ name: 'login' })
  const view = httpStep({ name: 'view' })
  const wanted = (open: boolean, onStart: HttpStep[], steps: HttpStep[]) => {
    const scenario = scenarioOf(steps, { onStart })
    const { requests } = compiled(scenarioTest([scenario], open ? {} : { load: [closedPhase] }))
    return requests.map(({ needs, constant }) => [needs.cookies, constant === null])
  }
  t.deepEqual(wanted(true, [], [view]), [[false, false]])
  t.deepEqual(wanted(true, [login], [view]), [
    [true, false],
    [false, true],
  ])
  t.deepEqual(wanted(false, [], [view]), [[true, true]])
})
