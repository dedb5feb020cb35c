import test from 'ava'
import fc from 'fast-check'
import type { Json } from '../../../../core/spec/load-test.ts'
import { judged } from '../../../kit/answered.ts'
import {
  answer,
  compiled,
  epochMs,
  httpStep,
  onlyRequest,
  scenarioOf,
  scenarioTest,
} from '../../../kit/scenario.ts'

/** What a JSON body holds after rendering. */
function rendered(
  value: Json,
  { iteration = 0, seed = 1, variables = {} as Record<string, Json> } = {},
): unknown {
  const given = Object.fromEntries(
    Object.entries(variables).map(([name, of]) => [name, { kind: 'value' as const, value: of }]),
  )
  const step = httpStep({ method: 'POST', body: { kind: 'json', value: { value } } })
  const subject = compiled(scenarioTest([scenarioOf([step])], { variables: given }))
  const scope = subject.createScope()
  scope.begin(seed, 0, iteration, 0, 0)
  const request = onlyRequest(subject).render(scope)
  if (request.kind !== 'http') throw new Error('not HTTP')
  return JSON.parse(String(request.body)).value
}

const variables: Record<string, Json> = {
  text: 'a "b"',
  number: 7,
  yes: true,
  nothing: null,
  list: [1, { a: 2 }],
  digits: ' 42 ',
  emoji: 'é✓',
}

const values: readonly (readonly [string, unknown])[] = [
  ['plain', 'plain'],
  ['$${text}', '${text}'],
  ['${text}', 'a "b"'],
  ['<${text}>', '<a "b">'],
  ['${number}', 7],
  ['n=${number}', 'n=7'],
  ['${number}${number}', '77'],
  ['${yes}', true],
  ['${nothing}', null],
  ['<${nothing}>', '<>'],
  ['${list}', [1, { a: 2 }]],
  ['${list} ', '[1,{"a":2}] '],
  ['${int(digits)}', 42],
  ['${int("-7.9")}', -7],
  ['${int(text)}', null],
  ['${int("")}', null],
  ['${float("1.5")}', 1.5],
  ['${float("1e999")}', null],
  ['${float(yes)}', 1],
  ['${json(list)}', '[1,{"a":2}]'],
  ['${json(text)}', '"a \\"b\\""'],
  ['${base64("user:secret")}', 'dXNlcjpzZWNyZXQ='],
  // RFC 4648 §10
  ['${base64("")}', ''],
  ['${base64("f")}', 'Zg=='],
  ['${base64("fo")}', 'Zm8='],
  ['${base64("foo")}', 'Zm9v'],
  ['${base64("foobar")}', 'Zm9vYmFy'],
  ['${base64(emoji)}', 'w6ninJM='],
  ['${urlencode("a b/c?d=é")}', 'a%20b%2Fc%3Fd%3D%C3%A9'],
  // NIST FIPS 180-2, B.1
  ['${sha256("abc")}', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  ['${sha256("")}', 'e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'],
  ['${urlencode("-._~ %+/?#[]@&=")}', '-._~%20%25%2B%2F%3F%23%5B%5D%40%26%3D'],
  // RFC 4231, test case 2
  [
    '${hmacSha256("Jefe","what do ya want for nothing?")}',
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  ],
  ['${iteration()}', 5],
  ['${now()}', epochMs],
  ['${date("YYYY-MM-DDTHH:mm:ss.SSSZ")}', '2026-02-03T04:05:06.007Z'],
  ['${date("DD/MM/YYYY")}', '03/02/2026'],
  ['${pick("one")}', 'one'],
  ['${randomInt(3,3)}', 3],
  ['${randomString(0)}', ''],
]

for (const [template, expected] of values) {
  test(`${template} gives ${JSON.stringify(expected)}`, (t) => {
    t.deepEqual(rendered(template, { variables, iteration: 5 }), expected)
  })
}

test('a template that is the whole value keeps its type, wherever in a body it stands', (t) => {
  fc.assert(
    fc.property(fc.jsonValue(), (value) => {
      const held = rendered({ a: ['${it}', { b: '${it}' }], c: 'x' }, { variables: { it: value as Json } })
      t.deepEqual(held, JSON.parse(JSON.stringify({ a: [value, { b: value }], c: 'x' })))
    }),
    { numRuns: 50 },
  )
})

test('a template that is the whole value keeps its type where an answer is compared with it', (t) => {
  const typed = (value: Json, body: Json) =>
    judged(
      { check: { json: { '$.a': '${it}', '$.b': { in: ['${it}', 'other'] } } } },
      answer({ body: JSON.stringify(body) }),
      { variables: { it: { value } } },
    ).error
  for (const value of [5, '5', true, null, [1, 'x'], { c: [null] }]) {
    t.is(typed(value, { a: value, b: value }), null)
  }
  t.is(typed(5, { a: '5', b: 5 }), 'check')
  t.is(typed('5', { a: '5', b: 5 }), 'check')
})

test('uuid() gives version 4 UUIDs that differ by iteration and repeat by key', (t) => {
  const seen = new Set<unknown>()
  for (let iteration = 0; iteration < 1000; iteration++) {
    const id = rendered('${uuid()}', { iteration })
    t.regex(String(id), /^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/)
    seen.add(id)
  }
  t.is(seen.size, 1000)
  t.true(seen.has(rendered('${uuid()}', { iteration: 999 })))
  t.false(seen.has(rendered('${uuid()}', { iteration: 999, seed: 2 })))
})

test('randomInt is even between its bounds, both included', (t) => {
  const draws = 7000
  const list = rendered(Array.from({ length: draws }, () => '${randomInt(-3,3)}')) as number[]
  const counts = new Map<number, number>()
  for (const drawn of list) counts.set(drawn, (counts.get(drawn) ?? 0) + 1)
  t.deepEqual(
    [...counts.keys()].sort((a, b) => a - b),
    [-3, -2, -1, 0, 1, 2, 3],
  )
  // χ² with 6 degrees of freedom stays below 22.5 in 999 of 1000.
  let chiSquare = 0
  for (const count of counts.values()) chiSquare += (count - draws / 7) ** 2 / (draws / 7)
  t.true(chiSquare < 22.5, `χ² = ${chiSquare}`)
})

test('pick takes each of its arguments', (t) => {
  const list = rendered(Array.from({ length: 200 }, () => '${pick("a",2,"c")}')) as unknown[]
  t.deepEqual(new Set(list), new Set(['a', 2, 'c']))
})

test('randomString gives that many letters and digits', (t) => {
  t.regex(String(rendered('${randomString(500)}')), /^[A-Za-z0-9]{500}$/)
})

test('base64 takes a text of a megabyte', (t) => {
  const text = 'x'.repeat(1_000_000)
  t.is(rendered('${base64(it)}', { variables: { it: text } }), Buffer.from(text).toString('base64'))
})

test('a capture hides a variable of its name from where it is made on', (t) => {
  const say = (name: string) => httpStep({ name, url: '/${who}' })
  const steps = [
    say('before'),
    httpStep({ name: 'capture', captures: [{ name: 'who', from: 'status' }] }),
    say('after'),
  ]
  const subject = compiled(
    scenarioTest([scenarioOf(steps)], { variables: { who: { kind: 'value', value: 'me' } } }),
  )
  const scope = subject.createScope()
  const path = (at: number) => {
    const request = subject.requests[at]?.render(scope)
    return request?.kind === 'http' ? request.path : undefined
  }
  t.is(path(0), '/me')
  t.is(path(2), '/')
  subject.requests[1]?.judge(scope, answer({ status: 201 }))
  t.is(path(0), '/me')
  t.is(path(2), '/201')
})

test('a capture of one scenario hides no variable in another', (t) => {
  const subject = compiled(
    scenarioTest(
      [
        scenarioOf([httpStep({ captures: [{ name: 'who', from: 'status' }] })], { name: 'one' }),
        scenarioOf([httpStep({ url: '/${who}' })], { name: 'two' }),
      ],
      { variables: { who: { kind: 'value', value: 'me' } } },
    ),
  )
  t.is(subject.requests[1]?.constant?.path, '/me')
})

test('names and keys of Object.prototype are names like any other', (t) => {
  const steps = [
    httpStep({
      captures: [
        { name: '__proto__', from: 'json', expression: '$.__proto__' },
        { name: 'constructor', from: 'json', expression: '$.constructor' },
      ],
    }),
    httpStep({
      method: 'POST',
      body: { kind: 'json', value: JSON.parse('{"__proto__":"${__proto__}","c":"${constructor}"}') },
    }),
  ]
  const subject = compiled(scenarioTest([scenarioOf(steps)]))
  const scope = subject.createScope()
  t.is(subject.requests[0]?.judge(scope, answer({ body: '{}' })).error, 'capture')
  t.is(
    subject.requests[0]?.judge(scope, answer({ body: '{"__proto__":{"a":1},"constructor":2}' })).error,
    null,
  )
  const request = subject.requests[1]?.render(scope)
  t.is(request?.kind === 'http' ? request.body : null, '{"__proto__":{"a":1},"c":2}')
  t.is(({} as Record<string, unknown>).a, undefined)
})
