import fc from 'fast-check'
import type { Json } from '../../core/spec/load-test.ts'

const word = fc.oneof(
  fc.constantFrom(
    'id',
    'petId',
    'pets',
    'a b',
    '__proto__',
    'constructor',
    '${x}',
    '$',
    '{',
    'ok',
    '',
    '"',
    '\u0000',
    '\u2028',
    'é#?',
  ),
  fc.string({ unit: 'binary', maxLength: 12 }),
)
const reference = fc.constantFrom('A', 'B', 'C').map((name) => ({ $ref: `#/components/schemas/${name}` }))
const scalar = fc.oneof(word, fc.constantFrom<Json[]>(null, true, 0, -5, 1.5, 1e300, 50))

const { any, schema } = fc.letrec<{ any: Json; schema: Json }>((tie) => ({
  any: fc.oneof(
    { maxDepth: 3, depthSize: 'small' },
    scalar,
    fc.array(tie('any'), { maxLength: 3 }),
    fc.dictionary(word, tie('any'), { maxKeys: 3 }) as fc.Arbitrary<Json>,
  ),
  schema: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    reference,
    tie('any'),
    fc.record(
      {
        type: fc.oneof(
          fc.constantFrom<Json[]>('string', 'integer', 'number', 'boolean', 'array', 'object', 'null', [
            'null',
            'string',
          ]),
          scalar,
        ),
        format: fc.constantFrom('uuid', 'date', 'email', 'byte', 'toString', 'x'),
        minimum: scalar,
        maximum: scalar,
        exclusiveMinimum: scalar,
        multipleOf: scalar,
        minLength: scalar,
        maxLength: scalar,
        minItems: scalar,
        enum: fc.array(tie('any'), { maxLength: 3 }),
        example: tie('any'),
        properties: fc.dictionary(word, tie('schema'), { maxKeys: 3 }),
        required: fc.array(word, { maxLength: 3 }),
        items: tie('schema'),
        allOf: fc.array(tie('schema'), { maxLength: 3 }),
        oneOf: fc.array(tie('schema'), { maxLength: 3 }),
        discriminator: fc.record({ propertyName: word, mapping: tie('any') }, { requiredKeys: [] }),
      },
      { requiredKeys: [] },
    ) as fc.Arbitrary<Json>,
  ),
}))

const content = fc.dictionary(
  fc.oneof(
    fc.constantFrom(
      'application/json',
      'application/x-www-form-urlencoded',
      'text/plain',
      'application/xml',
      'multipart/form-data',
      '*/*',
    ),
    word,
  ),
  fc.record({ schema, example: any }, { requiredKeys: [] }),
  { maxKeys: 2 },
)
const parameters = fc.array(
  fc.record(
    {
      name: word,
      in: fc.constantFrom('path', 'query', 'header', 'cookie', 'x'),
      required: fc.boolean(),
      example: any,
      schema,
    },
    { requiredKeys: ['name', 'in'] },
  ),
  { maxLength: 4 },
)
const operation = fc.record(
  {
    operationId: word,
    tags: fc.array(word, { maxLength: 2 }),
    deprecated: fc.boolean(),
    parameters,
    requestBody: fc.record({ content }),
    responses: fc.dictionary(
      fc.constantFrom('200', '2XX', 'default', '404', '302'),
      fc.record({ content }, { requiredKeys: [] }),
    ),
    security: fc.array(fc.dictionary(fc.constantFrom('a', 'b'), fc.constant([])), { maxLength: 2 }),
    servers: any,
  },
  { requiredKeys: [] },
)
const path = fc
  .array(
    fc.oneof(
      word,
      word.map((name) => `{${name}}`),
      fc.constantFrom('pets', '{petId}', 'photos', '{id}'),
    ),
    { maxLength: 4 },
  )
  .map((parts) => `/${parts.join('/')}`)

/** A document that a person may have written, or nearly. */
export const arbitraryOpenapi: fc.Arbitrary<Json> = fc.record(
  {
    openapi: fc.constant('3.1.0'),
    info: fc.record({ title: word }),
    servers: fc.oneof(any, fc.array(fc.record({ url: fc.oneof(fc.webUrl(), word) }), { maxLength: 2 })),
    paths: fc.dictionary(
      path,
      fc.dictionary(fc.constantFrom('get', 'post', 'put', 'delete', 'head', 'patch'), operation, {
        minKeys: 1,
        maxKeys: 4,
      }),
      {
        minKeys: 1,
        maxKeys: 5,
      },
    ),
    components: fc.record({
      schemas: fc.record({ A: schema, B: schema, C: schema }),
      securitySchemes: fc.record({
        a: fc.record({
          type: fc.constantFrom('http', 'apiKey', 'oauth2', 'x'),
          scheme: word,
          in: fc.constantFrom('header', 'query', 'cookie'),
          name: word,
        }),
        b: any,
      }),
    }),
    security: fc.array(fc.dictionary(fc.constantFrom('a', 'b'), fc.constant([])), { maxLength: 2 }),
  },
  { requiredKeys: ['openapi', 'paths', 'components'] },
) as fc.Arbitrary<Json>
