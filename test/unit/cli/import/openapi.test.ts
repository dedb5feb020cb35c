import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import test from 'ava'
import { convertOpenapi, type OpenapiOptions } from '../../../../cli/import/openapi/convert.ts'
import { BreakwaterError } from '../../../../core/error.ts'
import type { HttpStep, Json } from '../../../../core/spec/load-test.ts'
import { parseLoadTestText } from '../../../../core/spec/parse.ts'
import { matchesGolden } from '../../../kit/golden.ts'
import { imported } from '../../../kit/imported.ts'

const petstore = readFileSync(join(import.meta.dirname, '../../../kit/data/petstore.yaml'), 'utf8')
const importText = (text: string, options: OpenapiOptions = {}) =>
  imported(convertOpenapi({ file: 'api.yaml', text }, options))

type Map = Readonly<Record<string, Json>>

/** A document with these paths and components. */
const document = (paths: Json, components: Json = {}, more: Map = {}): string =>
  JSON.stringify({
    openapi: '3.1.0',
    info: { title: 'Shop', version: '1' },
    servers: [{ url: 'https://api.test' }],
    paths,
    components,
    ...more,
  })

const ok = { responses: { 200: { description: 'ok' } } }

const stepsOf = (text: string, options: OpenapiOptions = {}): readonly HttpStep[] =>
  importText(text, options).loadTest.scenarios.flatMap(({ steps }) =>
    steps.flatMap((step) => (step.kind === 'http' ? step : [])),
  )

const names = (text: string, options: OpenapiOptions = {}) => stepsOf(text, options).map(({ name }) => name)

test('a pet store is a scenario for each of its tags', async (t) => {
  await matchesGolden(t, 'import/petstore.yaml', importText(petstore, {}).text)
})

test('what could not run validates too, once its comment is taken away', (t) => {
  const { text } = importText(petstore)
  const parsed = parseLoadTestText(text.replace(/^( *)# (- | {2})/gm, '$1$2').replaceAll('/${name}', '/ada'))
  if (!parsed.ok) return t.fail(JSON.stringify(parsed.issues))
  t.deepEqual(
    parsed.value.scenarios.map(({ name, steps }) => [name, steps.length]),
    [
      ['pets', 5],
      ['stores', 1],
      ['users', 1],
    ],
  )
})

test('only what changes nothing is done on request, with ids from a list', (t) => {
  const steps = stepsOf(petstore, { operations: 'safe' })
  t.deepEqual(
    steps.map(({ method, url }) => `${method} ${url}`),
    ['GET /pets', 'GET /pets/${petId}', 'GET /stores/A%201/stock'],
  )
  t.like(steps[0]?.captures, [{ name: 'petId', from: 'json', expression: '$[0].id' }])
})

test('operations are picked by their ids', (t) => {
  t.deepEqual(names(petstore, { operations: 'listPets, getPet' }), ['listPets', 'getPet'])
  const error = t.throws(() => importText(petstore, { operations: 'getPets' }), {
    instanceOf: BreakwaterError,
  })
  t.is(error?.code, 'usage')
  t.regex(error?.hint ?? '', /listPets, addPet, getPet/)
})

test('what would change or delete something that was there before is not run', (t) => {
  const item = { ...ok, parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string' } }] }
  const listed = {
    200: {
      description: '',
      content: {
        'application/json': { schema: { type: 'array', items: { properties: { id: { type: 'string' } } } } },
      },
    },
  }
  const { text } = importText(
    document({
      '/carts': { get: { responses: listed } },
      '/carts/{id}': { get: item, put: item, delete: item },
    }),
  )
  t.regex(text, /^ +- get: \/carts\/\$\{cartId\}/m)
  t.regex(text, /^ +# - put: /m)
  t.regex(text, /^ +# - delete: /m)
})

test('deprecated operations are left out, where there are others', (t) => {
  const paths = { '/old': { get: { ...ok, deprecated: true } }, '/new': { get: ok } }
  t.deepEqual(names(document(paths)), ['GET /new'])
  t.deepEqual(names(document({ '/old': paths['/old'] })), ['GET /old'])
})

test('where nothing could run, what is lacking is asked of the environment', (t) => {
  const { loadTest } = importText(
    document({
      '/users/{user-id}': {
        get: { ...ok, parameters: [{ name: 'user-id', in: 'path', schema: { type: 'string' } }] },
      },
    }),
  )
  t.deepEqual(loadTest.variables, { userId: { kind: 'env', name: 'USER_ID' } })
})

interface Answered {
  readonly title: string
  readonly schema: Json
  readonly path: string
  readonly components?: Json
}

const made: readonly Answered[] = [
  { title: 'id', schema: { properties: { id: {} } }, path: '$.id' },
  { title: 'the name of the parameter', schema: { properties: { id: {}, order_id: {} } }, path: '$.id' },
  { title: 'order-id', schema: { properties: { 'order-id': {} } }, path: '$["order-id"]' },
  { title: 'uuid', schema: { properties: { uuid: {} } }, path: '$.uuid' },
  {
    title: 'an id in an envelope',
    schema: { properties: { data: { properties: { id: {} } } } },
    path: '$.data.id',
  },
  {
    title: 'an id of a part of the whole',
    schema: { allOf: [{ properties: { a: {} } }, { properties: { id: {} } }] },
    path: '$.id',
  },
  {
    title: 'an id behind references',
    schema: { $ref: '#/components/schemas/A' },
    path: '$.id',
    components: { schemas: { A: { $ref: '#/components/schemas/B' }, B: { properties: { id: {} } } } },
  },
]

for (const { title, schema, path, components } of made) {
  test(`an order that is made has ${title}, which the next request gets`, (t) => {
    const text = document(
      {
        '/orders': {
          post: { responses: { 201: { description: '', content: { 'application/json': { schema } } } } },
        },
        '/orders/{orderId}': { get: ok },
      },
      components,
    )
    const [post, get] = stepsOf(text)
    t.like(post?.captures, [{ name: 'orderId', from: 'json', expression: path }])
    t.is(get?.url, '/orders/${orderId}')
  })
}

test('ids are captured all the way down, and each is deleted before what holds it', (t) => {
  const answer = {
    responses: {
      201: { description: '', content: { 'application/json': { schema: { properties: { id: {} } } } } },
    },
  }
  const steps = stepsOf(
    document({
      '/carts/{cartId}': { delete: ok },
      '/carts/{cartId}/items/{id}': { get: ok, delete: ok },
      '/carts/{cartId}/items': { post: answer },
      '/carts': { post: answer },
    }),
  )
  t.deepEqual(
    steps.map(({ method, url }) => `${method} ${url}`),
    [
      'POST /carts',
      'POST /carts/${cartId}/items',
      'GET /carts/${cartId}/items/${itemId}',
      'DELETE /carts/${cartId}/items/${itemId}',
      'DELETE /carts/${cartId}',
    ],
  )
})

const samples: readonly (readonly [string, Json, Json])[] = [
  ['an example', { example: { a: '${b}' } }, { a: '$${b}' }],
  ['the first of the examples', { examples: [7] }, 7],
  ['a default', { type: 'string', default: 'x' }, 'x'],
  ['the only value', { const: 5 }, 5],
  ['one of some words', { enum: ['a', 'b'] }, '${pick("a","b")}'],
  ['the first of some values', { enum: [3, 4] }, 3],
  ['a text', { type: 'string' }, '${randomString(10)}'],
  ['a text of a length', { type: 'string', minLength: 3, maxLength: 5 }, '${randomString(5)}'],
  ['a UUID', { type: 'string', format: 'uuid' }, '${uuid()}'],
  ['an address of mail', { type: 'string', format: 'email' }, '${randomString(10)}@example.com'],
  ['a day', { type: 'string', format: 'date' }, '${date("YYYY-MM-DD")}'],
  ['a number with bounds', { type: 'integer', minimum: 5, maximum: 9 }, '${randomInt(5,9)}'],
  [
    'a number with open bounds of 3.0',
    { type: 'integer', minimum: 5, exclusiveMinimum: true, maximum: 7 },
    '${randomInt(6,7)}',
  ],
  ['a number with open bounds of 3.1', { type: 'integer', exclusiveMinimum: 5, exclusiveMaximum: 7 }, 6],
  ['a multiple', { type: 'integer', minimum: 5, multipleOf: 10 }, 10],
  ['a truth', { type: 'boolean' }, true],
  ['nothing, where only nothing is allowed', { type: 'null' }, null],
  ['a type beside nothing', { type: ['null', 'integer'], maximum: 0, minimum: 0 }, 0],
  ['a list', { type: 'array', items: { const: 1 }, minItems: 2 }, [1, 1]],
  [
    'all parts of a whole',
    { allOf: [{ properties: { a: { const: 1 } } }, { properties: { b: { const: 2 } } }] },
    { a: 1, b: 2 },
  ],
  ['the first of several shapes', { oneOf: [{ type: 'null' }, { const: 3 }] }, 3],
  ['what is required', { required: ['a'], properties: { a: { const: 1 }, b: { const: 2 } } }, { a: 1 }],
  [
    'all of it, where nothing is required',
    { properties: { a: { const: 1 }, b: { const: 2 } } },
    { a: 1, b: 2 },
  ],
  [
    'nothing that the server makes',
    { properties: { id: { readOnly: true, const: 1 }, b: { const: 2 } } },
    { b: 2 },
  ],
  ['no forbidden key', { properties: { constructor: { const: 1 }, b: { const: 2 } } }, { b: 2 }],
  ['a tree that ends', { $ref: '#/components/schemas/Tree' }, { name: 'x', children: [] }],
  ['a shape by its word', { $ref: '#/components/schemas/Animal' }, { kind: 'cat', lives: 9 }],
]

const components = {
  schemas: {
    Tree: {
      required: ['name', 'children'],
      properties: {
        name: { const: 'x' },
        children: { type: 'array', items: { $ref: '#/components/schemas/Tree' } },
      },
    },
    Animal: {
      oneOf: [{ $ref: '#/components/schemas/Cat' }],
      discriminator: { propertyName: 'kind', mapping: { cat: '#/components/schemas/Cat' } },
    },
    Cat: { properties: { kind: { type: 'string' }, lives: { const: 9 } } },
    Endless: { required: ['self'], properties: { self: { $ref: '#/components/schemas/Endless' } } },
  },
}

const posting = (schema: Json, type = 'application/json', media: Map = {}) =>
  document(
    { '/x': { post: { ...ok, requestBody: { content: { [type]: { schema, ...media } } } } } },
    components,
  )

for (const [title, schema, value] of samples) {
  test(`a body is made as ${title}`, (t) => {
    const [step] = stepsOf(posting(schema))
    t.deepEqual(step?.body, { kind: 'json', value })
  })
}

test('a body that could never end is not made, and what needs it is a comment', (t) => {
  const paths = {
    '/a': { get: ok },
    '/x': {
      post: {
        ...ok,
        requestBody: {
          content: { 'application/json': { schema: { $ref: '#/components/schemas/Endless' } } },
        },
      },
    },
  }
  const { text } = importText(document(paths, components))
  t.regex(text, /# +- post: \/x/)
})

const bodies: readonly (readonly [string, string, Partial<HttpStep>])[] = [
  [
    'a form',
    posting({ properties: { a: { const: 'x y' }, b: { const: [1] } } }, 'application/x-www-form-urlencoded'),
    { body: { kind: 'form', fields: { a: 'x y', b: '[1]' } } },
  ],
  ['text', posting({ const: 'hi' }, 'text/plain'), { body: { kind: 'text', text: 'hi' } }],
  [
    'JSON of another name',
    posting({ const: 1 }, 'application/vnd.api+json'),
    { body: { kind: 'json', value: 1 }, headers: { 'content-type': 'application/vnd.api+json' } },
  ],
  [
    'XML by its example',
    posting({}, 'application/xml', { example: '<a/>' }),
    { body: { kind: 'text', text: '<a/>' }, headers: { 'content-type': 'application/xml' } },
  ],
  [
    'the first named example',
    posting({}, 'application/json', { examples: { one: { value: [1] } } }),
    { body: { kind: 'json', value: [1] } },
  ],
]

test('a body of parts has a file for bytes, and JSON for what is nested', (t) => {
  const schema = {
    properties: {
      note: { const: 'hi' },
      meta: { properties: { a: { const: 1 } } },
      photo: { type: 'string', format: 'binary' },
    },
  }
  const [step] = stepsOf(posting(schema, 'multipart/form-data'))
  t.like(step?.body, {
    kind: 'multipart',
    parts: [
      { name: 'note', filename: null, content: { kind: 'text', text: 'hi' } },
      { name: 'meta', content: { kind: 'json', value: { a: 1 } } },
      { name: 'photo', filename: 'photo.bin', content: { kind: 'text', text: '${randomString(100)}' } },
    ],
  } as object)
})

for (const [title, text, step] of bodies) {
  test(`a body of ${title} is sent as such`, (t) => {
    t.like(stepsOf(text)[0], step)
  })
}

const checks: readonly (readonly [string, readonly string[], number, number])[] = [
  ['the lowest good status', ['404', '204', '201'], 201, 201],
  ['a class of its own', ['2XX', 'default'], 200, 299],
  ['a redirect where nothing else is good', ['302', '400'], 302, 302],
  ['any good status where none is described', ['default'], 200, 299],
]

for (const [title, statuses, from, to] of checks) {
  test(`${title} is checked`, (t) => {
    const responses = Object.fromEntries(statuses.map((status) => [status, { description: '' }]))
    t.deepEqual(stepsOf(document({ '/x': { get: { responses } } }))[0]?.checks, [
      { kind: 'status', anyOf: [{ from, to }] },
    ])
  })
}

test('required parameters are sent, others are not', (t) => {
  const parameters = [
    { name: 'q', in: 'query', required: true, schema: { type: 'string' } },
    { name: 'page', in: 'query', schema: { default: 1 } },
    { name: 'X-Shop', in: 'header', required: true, example: 'west' },
    { name: 'Accept', in: 'header', required: true, example: 'x' },
    { name: 'lang', in: 'cookie', required: true, schema: { const: 'de' } },
    {
      name: 'ids',
      in: 'query',
      required: true,
      schema: { type: 'array', items: { type: 'integer', const: 4 } },
    },
  ]
  const [step] = stepsOf(
    document({
      '/x': {
        parameters,
        get: { ...ok, parameters: [{ name: 'q', in: 'query', required: true, example: 'own' }] },
      },
    }),
  )
  t.deepEqual(step?.query, { q: 'own', ids: 4 })
  t.deepEqual(step?.headers, { 'x-shop': 'west', cookie: 'lang=de' })
})

const schemes: readonly (readonly [string, Map, Partial<HttpStep>, string])[] = [
  [
    'a bearer token',
    { type: 'http', scheme: 'bearer' },
    { headers: { authorization: 'Bearer ${token}' } },
    'API_TOKEN',
  ],
  ['OAuth 2', { type: 'oauth2', flows: {} }, { headers: { authorization: 'Bearer ${token}' } }, 'API_TOKEN'],
  [
    'a password',
    { type: 'http', scheme: 'Basic' },
    { headers: { authorization: 'Basic ${credentials}' } },
    'API_CREDENTIALS',
  ],
  [
    'a key in a header',
    { type: 'apiKey', in: 'header', name: 'X-Key' },
    { headers: { 'x-key': '${it}' } },
    'API_IT',
  ],
  ['a key in the query', { type: 'apiKey', in: 'query', name: 'key' }, { query: { key: '${it}' } }, 'API_IT'],
  [
    'a key in a cookie',
    { type: 'apiKey', in: 'cookie', name: 'sid' },
    { headers: { cookie: 'sid=${it}' } },
    'API_IT',
  ],
]

for (const [title, scheme, step, env] of schemes) {
  test(`${title} comes from the environment`, (t) => {
    const text = document(
      { '/x': { get: ok } },
      { securitySchemes: { it: scheme } },
      { security: [{}, { it: [] }] },
    )
    const { loadTest } = importText(text)
    t.like(loadTest.scenarios[0]?.steps[0], step as object)
    t.deepEqual(Object.values(loadTest.variables), [{ kind: 'env', name: env }])
  })
}

test('an operation that says so is asked without a token', (t) => {
  const text = document(
    { '/x': { get: { ...ok, security: [] } } },
    { securitySchemes: { it: { type: 'http', scheme: 'bearer' } } },
    { security: [{ it: [] }] },
  )
  t.deepEqual(stepsOf(text)[0]?.headers, {})
})

const servers: readonly (readonly [string, Json, string | undefined, string])[] = [
  ['as written', [{ url: 'https://api.test/v1/' }], undefined, 'https://api.test/v1'],
  [
    'its variables by their defaults',
    [{ url: 'https://{env}.test/{v}', variables: { env: { default: 'eu' }, v: { enum: ['v2'] } } }],
    undefined,
    'https://eu.test/v2',
  ],
  [
    'a path below the host that is named',
    [{ url: '/api/v3' }],
    'http://127.0.0.1:9',
    'http://127.0.0.1:9/api/v3',
  ],
  [
    'the whole address that is named',
    [{ url: '/api/v3' }],
    'http://127.0.0.1:9/base',
    'http://127.0.0.1:9/base',
  ],
  [
    'another host that is named',
    [{ url: 'https://api.test/v1' }],
    'http://127.0.0.1:9',
    'http://127.0.0.1:9',
  ],
  ['a guess where there is a path alone', [{ url: '/api/v3' }], undefined, 'http://127.0.0.1:8080/api/v3'],
  ['a guess where there is none', [], undefined, 'http://127.0.0.1:8080'],
]

for (const [title, list, url, expected] of servers) {
  test(`the target is ${title}: ${expected}`, (t) => {
    const { loadTest, text } = importText(
      document({ '/x': { get: ok } }, {}, { servers: list }),
      url === undefined ? {} : { url },
    )
    t.is(loadTest.target.url, expected)
    if (title.startsWith('a guess')) t.regex(text, /url: http:\/\/127\S+ # guess: .*--url/)
  })
}

test('files beside the document are read where they are given', (t) => {
  const text = document({ '/x': { $ref: 'paths/x.yaml#/x' } })
  const files = new Map([
    [
      'paths/x.yaml',
      'x: { get: { operationId: getX, parameters: [ { $ref: ../params.yaml#/q } ], responses: {} } }',
    ],
    ['params.yaml', 'q: { name: q, in: query, required: true, example: 1 }'],
  ])
  const [step] = stepsOf(text, { files })
  t.is(step?.name, 'getX')
  t.deepEqual(step?.query, { q: 1 })
})

const bomb = `a: &a [1]\n${Array.from({ length: 30 }, (_, n) => `b${n}: &b${n} [${n === 0 ? '*a, *a' : `*b${n - 1}, *b${n - 1}`}]`).join('\n')}`

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['nothing', '', /looks like a single value|no OpenAPI/],
  ['broken JSON', '{"openapi": ', /not JSON/],
  ['broken YAML', 'openapi: [1', /not YAML: line 1/],
  ['an alias bomb', bomb, /more aliases than anybody writes/],
  ['YAML without end', `openapi: ${'['.repeat(50_000)}`, /nested too deeply|not YAML/],
  ['Swagger 2', 'swagger: "2.0"', /OpenAPI 2\.0 \(Swagger\)/],
  ['a version to come', 'openapi: 4.0.0', /version 4\.0\.0/],
  ['a HAR recording', '{"log":{}}', /looks like a HAR recording/],
  ['no paths', document({}), /describes no operation/],
  [
    'a reference to the network',
    document({ '/x': { $ref: 'https://evil.test/x.yaml' } }),
    /would have to be fetched/,
  ],
  ['a reference out of the folder', document({ '/x': { $ref: '../../etc/passwd' } }), /outside the folder/],
  [
    'a reference to a file that is not there',
    document({ '/x': { $ref: 'x.yaml' } }),
    /names a file that cannot be read/,
  ],
  ['a reference to nowhere', document({ '/x': { $ref: '#/paths/~1y' } }), /leads nowhere/],
  ['a reference in a circle', document({ '/x': { $ref: '#/paths/~1x' } }), /round in a circle/],
]

for (const [title, text, message] of refused) {
  test(`${title} is refused with the file and a remedy`, (t) => {
    const error = t.throws(() => importText(text), { instanceOf: BreakwaterError })
    t.is(error?.code, 'unfit-import')
    t.regex(error?.message ?? '', /^api\.yaml: /)
    t.regex(error?.message ?? '', message)
    t.truthy(error?.hint)
  })
}

test('an address that is none is wrong usage', (t) => {
  const error = t.throws(() => importText(petstore, { url: 'shop' }), { instanceOf: BreakwaterError })
  t.is(error?.code, 'usage')
})
