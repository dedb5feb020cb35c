import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { convertPostman, type PostmanOptions } from '../../../../cli/import/postman/convert.ts'
import { readTestScript } from '../../../../cli/import/postman/test-script.ts'
import { BreakwaterError } from '../../../../core/error.ts'
import type { HttpStep, Json, Step } from '../../../../core/spec/load-test.ts'
import { matchesGolden } from '../../../kit/golden.ts'
import { imported } from '../../../kit/imported.ts'

const shop = readFileSync(join(import.meta.dirname, '../../../kit/data/shop.postman_collection.json'), 'utf8')
const importText = (text: string, options: PostmanOptions = {}) =>
  imported(convertPostman({ file: 'shop.json', text }, options))

type Fields = Readonly<Record<string, Json>>

const collection = (items: readonly Json[], more: Fields = {}): string =>
  JSON.stringify({ info: { name: 'Shop', schema: 'v2.1.0' }, item: items, ...more })

/** An item that asks https://api.test/x, with these fields of its request. */
const asking = (request: Fields = {}, more: Fields = {}): Json => ({
  name: 'x',
  request: { method: 'POST', url: 'https://api.test/x', ...request },
  ...more,
})

const script = (...lines: readonly string[]): Json => [{ listen: 'test', script: { exec: lines } }]

const stepsOf = (items: readonly Json[], more: Fields = {}): readonly HttpStep[] =>
  flat(importText(collection(items, more)).loadTest.scenarios[0]?.steps ?? [])

const flat = (steps: readonly Step[]): readonly HttpStep[] =>
  steps.flatMap((step) => (step.kind === 'http' ? [step] : step.kind === 'group' ? flat(step.steps) : []))

test('a collection is a scenario with its folders as groups', async (t) => {
  await matchesGolden(t, 'import/shop-postman.yaml', importText(shop).text)
})

test('v2.0 and what the API of Postman gives are read too', (t) => {
  const auth = { type: 'bearer', bearer: { token: '{{token}}' } }
  const text = JSON.stringify({
    collection: JSON.parse(collection([asking({ auth, header: 'X-A: 1\nX-B: 2' })])),
  })
  const [step] = flat(importText(text).loadTest.scenarios[0]?.steps ?? [])
  t.deepEqual(step?.headers, { 'x-a': '1', 'x-b': '2', authorization: 'Bearer ${token}' })
})

const urls: readonly (readonly [Json, string, string, HttpStep['query']?])[] = [
  ['https://api.test/a/b', 'https://api.test', '/a/b'],
  ['api.test/a', 'http://api.test', '/a'],
  ['{{base}}/a?x=1#top', 'https://base.test:8443', '/v2/a', { x: '1' }],
  ['{{scheme}}://{{host}}/a', 'https://api.test', '/a'],
  ['{{nowhere}}/a', 'http://127.0.0.1:8080', '/a'],
  ['https://api.test', 'https://api.test', '/'],
  ['https://api.test/a b/{{user}}', 'https://api.test', '/a%20b/${user}'],
  ['https://api.test/a?x=1&x=2&y={{user}}', 'https://api.test', '/a?x=1&x=2&y=${user}'],
  [{ raw: 'https://api.test/:id', variable: [{ key: 'id', value: '7 8' }] }, 'https://api.test', '/7%208'],
  [
    {
      protocol: 'https',
      host: ['api', 'test'],
      path: ['a', { value: 'b' }],
      query: [{ key: 'q', value: 'é' }],
    },
    'https://api.test',
    '/a/b',
    { q: 'é' },
  ],
  [{ host: '{{base}}', path: 'a' }, 'https://base.test:8443', '/v2/a'],
]

for (const [url, target, path, query] of urls) {
  test(`${JSON.stringify(url)} goes to ${path} of ${target}`, (t) => {
    const { loadTest } = importText(
      collection([asking({ url })], {
        variable: [
          { key: 'base', value: 'https://base.test:8443/v2' },
          { key: 'scheme', value: 'https' },
          { key: 'host', value: 'api.test' },
          { key: 'user', value: 'ada' },
        ],
      }),
    )
    t.is(loadTest.target.url, target)
    const [step] = flat(loadTest.scenarios[0]?.steps ?? [])
    t.is(step?.url, path)
    t.deepEqual(step?.query, query ?? {})
  })
}

test('the host that is asked most is the target, the others are targets, and --url takes the place of the first', (t) => {
  const text = collection([asking(), asking({ url: 'https://media.test/y' }), asking()])
  const { loadTest } = importText(text, { url: 'http://127.0.0.1:9/base/' })
  t.is(loadTest.target.url, 'http://127.0.0.1:9/base')
  t.is(loadTest.targets.media?.url, 'https://media.test')
  t.deepEqual(
    flat(loadTest.scenarios[0]?.steps ?? []).map(({ target }) => target),
    [null, 'media', null],
  )
})

const raw = (text: string, language = 'json'): Fields => ({
  body: { mode: 'raw', raw: text, options: { raw: { language } } },
})
const bodies: readonly (readonly [string, Fields, HttpStep['body'], string?])[] = [
  ['JSON', raw('{"a": [1, "{{user}} ${x}"]}'), { kind: 'json', value: { a: [1, '${user} $${x}'] } }],
  [
    'JSON with a number from a variable',
    raw('{"n": {{count}}}'),
    { kind: 'json', value: { n: '${int(count)}' } },
  ],
  [
    'JSON with a random number',
    raw('{"n": {{$randomInt}}}'),
    { kind: 'json', value: { n: '${randomInt(0,1000)}' } },
  ],
  [
    'JSON with something without quotes',
    raw('{"n": {{user}}}'),
    { kind: 'text', text: '{"n": ${user}}' },
    'application/json',
  ],
  ['JSON that is broken', raw('{'), { kind: 'text', text: '{' }, 'application/json'],
  ['XML', raw('<a>{{user}}</a>', 'xml'), { kind: 'text', text: '<a>${user}</a>' }, 'application/xml'],
  [
    'a form',
    {
      body: {
        mode: 'urlencoded',
        urlencoded: [
          { key: 'a', value: '{{user}}' },
          { key: 'b', value: '1', disabled: true },
        ],
      },
    },
    { kind: 'form', fields: { a: '${user}' } },
  ],
  [
    'a form with a field twice',
    {
      body: {
        mode: 'urlencoded',
        urlencoded: [
          { key: 'a', value: '1 2' },
          { key: 'a', value: '{{user}}' },
        ],
      },
    },
    { kind: 'text', text: 'a=1%202&a=${user}' },
    'application/x-www-form-urlencoded',
  ],
  [
    'GraphQL',
    { body: { mode: 'graphql', graphql: { query: '{ a }', variables: '{"id": "{{user}}"}' } } },
    { kind: 'json', value: { query: '{ a }', variables: { id: '${user}' } } },
  ],
  ['nothing that is switched off', { body: { mode: 'raw', raw: 'x', disabled: true } }, { kind: 'none' }],
]

for (const [title, request, body, type] of bodies) {
  test(`a body of ${title} is sent as such`, (t) => {
    const [step] = stepsOf([asking(request)], {
      variable: [
        { key: 'user', value: 'ada' },
        { key: 'count', value: '2' },
      ],
    })
    t.deepEqual(step?.body, body)
    t.is(step?.headers['content-type'], type)
  })
}

test('a file of a form is asked for, with what stands in its place', (t) => {
  const formdata = [
    { key: 'note', value: 'hi' },
    { key: 'photo', type: 'file', src: '/home/ada/cat.jpg' },
  ]
  const { text } = importText(collection([asking({ body: { mode: 'formdata', formdata } })]))
  t.regex(
    text,
    /photo: \{ text: what cat\.jpg holds, filename: cat\.jpg \} # guess: .*write \{ file: cat\.jpg \}/,
  )
})

const dynamics: readonly (readonly [string, string])[] = [
  ['{{$guid}}', '${uuid()}'],
  ['{{$randomInt}}', '${randomInt(0,1000)}'],
  ['{{$isoTimestamp}}', '${date("YYYY-MM-DDTHH:mm:ss.SSS")}Z'],
  ['{{$randomEmail}}', '${randomString(10)}@example.com'],
  ['{{$randomSomethingNew}}', '${randomString(10)}'],
  ['{{ user }}', '${user}'],
  ['{{label}}!', 'by ada at ${uuid()}!'],
  ['costs ${{user}}', 'costs ${"$"}${user}'],
  ['{{not closed', '{{not closed'],
]

for (const [written, template] of dynamics) {
  test(`${written} becomes ${template}`, (t) => {
    const variable = [
      { key: 'user', value: 'ada' },
      { key: 'label', value: 'by ada at {{$guid}}' },
    ]
    const [step] = stepsOf([asking({ header: [{ key: 'X-A', value: written }] })], { variable })
    t.is(step?.headers['x-a'], template)
  })
}

test('variables are constants, from the environment where they are secret or not said, and hidden by what a script keeps', (t) => {
  const ask = asking({
    header: [{ key: 'X-A', value: '{{plain}} {{api_key}} {{empty}} {{strange one}} {{kept}}' }],
  })
  const keeping = asking({}, { event: script("pm.environment.set('kept', pm.response.json().id)") })
  const { loadTest, text } = importText(
    collection([ask, keeping, ask], {
      variable: [
        { key: 'plain', value: 5 },
        { key: 'api_key', value: 'TopSecret' },
        { key: 'empty', value: '' },
        { key: 'kept', value: 'before' },
        { key: 'unused', value: 'x' },
      ],
    }),
  )
  t.deepEqual(loadTest.variables, {
    plain: { kind: 'value', value: '5' },
    api_key: { kind: 'env', name: 'API_KEY' },
    empty: { kind: 'env', name: 'EMPTY' },
    strangeOne: { kind: 'env', name: 'STRANGE_ONE' },
    kept: { kind: 'value', value: 'before' },
  })
  t.notRegex(text, /TopSecret/)
})

const auths: readonly (readonly [string, Fields, Partial<HttpStep>])[] = [
  [
    'a bearer token',
    { type: 'bearer', bearer: [{ key: 'token', value: '{{t}}' }] },
    { headers: { authorization: 'Bearer ${t}' } },
  ],
  [
    'a key in a header',
    {
      type: 'apikey',
      apikey: [
        { key: 'key', value: 'X-Key' },
        { key: 'value', value: '{{k}}' },
      ],
    },
    { headers: { 'x-key': '${k}' } },
  ],
  [
    'a key in the query',
    {
      type: 'apikey',
      apikey: [
        { key: 'key', value: 'k' },
        { key: 'value', value: '{{k}}' },
        { key: 'in', value: 'query' },
      ],
    },
    { query: { k: '${k}' } },
  ],
  [
    'an access token',
    { type: 'oauth2', oauth2: [{ key: 'accessToken', value: '{{t}}' }] },
    { headers: { authorization: 'Bearer ${t}' } },
  ],
]

for (const [title, auth, step] of auths) {
  test(`${title} of the collection goes with its requests`, (t) => {
    const [first, open] = stepsOf([asking(), asking({ auth: { type: 'noauth' } })], { auth })
    t.like(first, step)
    t.deepEqual([open?.headers, open?.query], [{}, {}])
  })
}

test('user and password, and client credentials, are what the target says', (t) => {
  const basic = {
    type: 'basic',
    basic: [
      { key: 'username', value: 'ada' },
      { key: 'password', value: 'TopSecret' },
    ],
  }
  const first = importText(collection([asking()], { auth: basic }))
  t.like(first.loadTest.target.auth, { kind: 'basic' })
  t.notRegex(first.text, /TopSecret/)
  const oauth2 = [
    { key: 'grant_type', value: 'client_credentials' },
    { key: 'accessTokenUrl', value: 'https://auth.test/token' },
    { key: 'clientId', value: 'me' },
    { key: 'clientSecret', value: 'TopSecret' },
  ]
  const second = importText(collection([asking()], { auth: { type: 'oauth2', oauth2 } }))
  t.like(second.loadTest.target.auth, { kind: 'oauth2', tokenUrl: 'https://auth.test/token' })
  t.notRegex(second.text, /TopSecret/)
})

test('an authorization that nobody can write down is told', (t) => {
  const { text } = importText(collection([asking({ auth: { type: 'hawk', hawk: [] } })]))
  t.regex(text, /# guess: the authorization of Postman's kind hawk was left out/)
})

const sentences: readonly (readonly [string, Json])[] = [
  ['pm.response.to.have.status(201)', { of: 'status', value: 201 }],
  ['pm.response.to.be.ok', { of: 'status', value: '2xx' }],
  ['pm.expect(pm.response.code).to.be.oneOf([200, 201]);', { of: 'status', value: [200, 201] }],
  ['pm.expect(pm.response.code).to.equal(404)', { of: 'status', value: 404 }],
  ['tests["x"] = responseCode.code === 200', { of: 'status', value: 200 }],
  ['pm.expect(pm.response.responseTime).to.be.below(200)', { of: 'time', value: '< 200ms' }],
  ['pm.expect(pm.response.text()).to.include("hi; there")', { of: 'body', value: { contains: 'hi; there' } }],
  ['pm.response.to.have.header("X-A")', { of: 'header', at: 'x-a', value: { exists: true } }],
  [
    'pm.expect(pm.response.headers.get("X-A")).to.include("b")',
    { of: 'header', at: 'x-a', value: { contains: 'b' } },
  ],
  [
    'pm.expect(pm.response.json().a["b c"][0]).to.eql(5)',
    { of: 'json', at: '$.a["b c"][0]', value: { equals: 5 } },
  ],
  ['pm.expect(pm.response.json().a).to.be.true', { of: 'json', at: '$.a', value: true }],
  ['pm.expect(pm.response.json().a).to.not.be.undefined', { of: 'json', at: '$.a', value: { exists: true } }],
  ['pm.expect(pm.response.json().n).to.be.above(3)', { of: 'json', at: '$.n', value: '> 3' }],
  [
    "pm.expect(pm.response.json()).to.have.property('id')",
    { of: 'json', at: '$.id', value: { exists: true } },
  ],
]

for (const [sentence, check] of sentences) {
  for (const [how, text] of [
    ['alone', sentence],
    ['in a function', `pm.test("it; works", function () {\n  // (\n  ${sentence}\n});`],
    ['in an arrow', `pm.test('it', () => ${sentence.replace(/;$/, '')})`],
  ] as const) {
    test(`${sentence}, ${how}, is a check`, (t) => {
      t.deepEqual(readTestScript(text), { checks: [check as never], captures: [], unknown: [] })
    })
  }
}

test('names of parts of an answer are followed', (t) => {
  const { checks, captures, unknown } = readTestScript(`
    const body = pm.response.json(), n = 1
    var answer = JSON.parse(responseBody);
    let first = answer.items?.[0]
    /* "a comment" */
    pm.globals.set("id", first.id); postman.setEnvironmentVariable('next', pm.response.headers.get('Location'))
    pm.collectionVariables.set(\`sid\`, pm.cookies.get("sid"))
    pm.expect(first.name)
      .to.eql("a \\"b\\"")
  `)
  t.deepEqual(captures, [
    { variable: 'id', from: { json: '$.items[0].id' } },
    { variable: 'next', from: { header: 'location' } },
    { variable: 'sid', from: { cookie: 'sid' } },
  ])
  t.deepEqual(checks, [{ of: 'json', at: '$.items[0].name', value: { equals: 'a "b"' } }])
  t.deepEqual(unknown, ['const body = pm.response.json(), n = 1'])
})

const strange = [
  'pm.environment.set("a", Math.random())',
  'pm.environment.set("a", data.b + 1)',
  'pm.expect(pm.response.json().items.length).to.eql(3)',
  'for (const a of b) { pm.response.to.have.status(200) }',
  'pm.sendRequest("https://evil.test", () => {})',
  'eval(pm.response.text())',
]

for (const statement of strange) {
  test(`${statement} is left out, and told above the step`, (t) => {
    const { text } = importText(collection([asking({}, { event: script(statement) })]))
    t.true(text.includes(`# guess: left out of the test script: ${statement}`))
  })
}

test('scripts around a request count for it, and what runs before one is told', (t) => {
  const { text, loadTest } = importText(
    collection([{ name: 'folder', event: script('pm.response.to.have.status(200)'), item: [asking()] }], {
      event: [{ listen: 'prerequest', script: { exec: 'pm.variables.set("a", 1)' } }],
    }),
  )
  t.regex(text, /# guess: a script that runs before the request was left out/)
  const [step] = flat(loadTest.scenarios[0]?.steps ?? [])
  t.deepEqual(step?.checks, [{ kind: 'status', anyOf: [{ from: 200, to: 200 }] }])
})

test('groups have names of their own', (t) => {
  const folder = (name: string) => ({ name, item: [asking()] })
  const { loadTest } = importText(
    collection([folder('x'), folder('Shop'), folder('ok'), folder(''), folder('fine')]),
  )
  t.deepEqual(
    loadTest.scenarios[0]?.steps.map((step) => (step.kind === 'group' ? step.name : step.kind)),
    ['x (folder)', 'Shop (folder)', 'ok (folder)', 'http', 'fine'],
  )
})

const unfit: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', '', /the file is empty/],
  ['a collection of v1', '{"requests":[],"order":[]}', /a collection of v1/],
  ['an environment', '{"values":[],"name":"x"}', /an environment of Postman/],
  ['an OpenAPI document', '{"openapi":"3.0.0"}', /looks like an OpenAPI document/],
  ['no requests', '{"info":{},"item":[]}', /holds no request/],
]

for (const [title, text, message] of unfit) {
  test(`${title} is refused with the file and a remedy`, (t) => {
    const error = t.throws(() => importText(text), { instanceOf: BreakwaterError })
    t.is(error?.code, 'unfit-import')
    t.regex(error?.message ?? '', message)
    t.truthy(error?.hint)
  })
}
