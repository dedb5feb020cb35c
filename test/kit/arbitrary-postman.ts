import fc from 'fast-check'
import type { Json } from '../../core/spec/load-test.ts'

const hole = fc.constantFrom(
  '{{a}}',
  '{{b}}',
  '{{token}}',
  '{{$guid}}',
  '{{$timestamp}}',
  '{{$randomX}}',
  '{{a{{b}}}}',
  '{{',
  '}}',
  '{{ a }}',
  '{{__proto__}}',
)
const scrap = fc.oneof(
  hole,
  fc.constantFrom(
    'x',
    '$',
    '{',
    '${x}',
    '"',
    '\\',
    '\u0000',
    '\u2028',
    'é',
    '',
    '/',
    '?',
    '#',
    ':id',
    'constructor',
    'ok',
    'https://api.test',
    'api.test:99999',
  ),
  fc.string({ unit: 'binary', maxLength: 8 }),
)
const text = fc.array(scrap, { maxLength: 4 }).map((parts) => parts.join(''))
const { any } = fc.letrec<{ any: Json }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    text,
    fc.constantFrom<Json[]>(null, true, 0, 1.5),
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(text, tie('any'), { maxKeys: 3 }) as fc.Arbitrary<Json>,
  ),
}))
const pairs = fc.array(
  fc.record(
    {
      key: text,
      value: fc.oneof(text, any),
      disabled: fc.boolean(),
      type: fc.constantFrom('text', 'file', 'secret'),
      src: any,
    },
    { requiredKeys: ['key'] },
  ),
  { maxLength: 4 },
)
const url = fc.oneof(
  text,
  fc.record({ raw: text, host: any, path: any, query: pairs, variable: pairs }, { requiredKeys: [] }),
)

const sentence = fc.oneof(
  fc.constantFrom(
    "pm.environment.set('a', pm.response.json().id)",
    'const d = pm.response.json()',
    "pm.globals.set('${x}', d['constructor'][0])",
    "pm.collectionVariables.set('token', pm.response.headers.get('__proto__'))",
    'pm.response.to.have.status(299)',
    'pm.response.to.have.status(999)',
    "pm.expect(d.a).to.eql('${x} ~ /[/ > 5')",
    "pm.expect(d).to.have.property('constructor')",
    "pm.expect(d).to.have.property('\\u0000')",
    'pm.expect(d.x).to.be.oneOf([])',
    'pm.expect(pm.response.responseTime).to.be.below(0.1)',
    "pm.expect(pm.response.text()).to.include('')",
    "pm.response.to.have.header('', 'x')",
    "pm.test('",
    "pm.test('x', function () {",
    '})',
  ),
  text,
)
const script = fc.array(
  fc.record({
    listen: fc.constantFrom('test', 'prerequest'),
    script: fc.record({ exec: fc.oneof(text, fc.array(sentence, { maxLength: 5 })) }),
  }),
  {
    maxLength: 2,
  },
)
const auth = fc.oneof(
  any,
  fc.record({
    type: fc.constantFrom('bearer', 'basic', 'apikey', 'oauth2', 'noauth', 'hawk'),
    bearer: pairs,
    basic: fc.oneof(pairs, fc.record({ username: text, password: text })),
    apikey: fc.record({ key: text, value: text, in: fc.constantFrom('query', 'header') }),
    oauth2: fc.record({
      grant_type: fc.constant('client_credentials'),
      accessTokenUrl: fc.oneof(fc.webUrl(), text),
      clientId: text,
      clientSecret: text,
      scope: text,
    }),
  }),
)
const request = fc.record(
  {
    method: fc.constantFrom('GET', 'POST', 'HEAD', 'PURGE', 'put'),
    url,
    header: fc.oneof(pairs, text),
    auth,
    body: fc.record(
      {
        mode: fc.constantFrom('raw', 'urlencoded', 'formdata', 'graphql', 'file', 'x'),
        raw: fc.oneof(
          text,
          any.map((value) => JSON.stringify(value)),
        ),
        urlencoded: pairs,
        formdata: pairs,
        graphql: fc.record({ query: text, variables: text }),
        file: any,
        options: fc.constant({ raw: { language: 'json' } }),
      },
      { requiredKeys: ['mode'] },
    ),
  },
  { requiredKeys: ['url'] },
)
const { item } = fc.letrec<{ item: Json }>((tie) => ({
  item: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    fc.record(
      {
        name: text,
        request,
        event: script,
        protocolProfileBehavior: fc.record({ followRedirects: fc.boolean() }),
      },
      { requiredKeys: ['request'] },
    ) as fc.Arbitrary<Json>,
    fc.record(
      { name: text, item: fc.array(tie('item'), { maxLength: 4 }), auth, event: script },
      { requiredKeys: ['item'] },
    ) as fc.Arbitrary<Json>,
  ),
}))

/** A collection that Postman may have written, or nearly. */
export const arbitraryPostman: fc.Arbitrary<Json> = fc.record(
  {
    info: fc.record({ name: text }),
    item: fc.array(item, { minLength: 1, maxLength: 5 }),
    variable: pairs,
    auth,
    event: script,
  },
  { requiredKeys: ['info', 'item'] },
) as fc.Arbitrary<Json>
