import test from 'ava'
import { type FieldDefault, fieldDefaults } from '../../../../core/spec/field-defaults.ts'
import { bareJsonSchema } from '../../../../core/spec/json-schema.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { parseLoadTest } from '../../../../core/spec/parse.ts'
import type { SchemaNode } from '../../../../core/spec/schema-editor.ts'
import {
  type FieldWalk,
  fieldsOf,
  type ReferenceField,
} from '../../../../scripts/generators/reference-fields.ts'
import { sameAs } from '../../../../scripts/generators/reference-sections.ts'

const schema = bareJsonSchema()
const walk: FieldWalk = { sections: new Set(Object.keys(sameAs)), linkOf: (place) => place }
const spec = (schema.properties as Readonly<Record<string, SchemaNode>>).spec as SchemaNode
const fields: readonly ReferenceField[] = [
  ...fieldsOf(spec, '', '', walk),
  ...Object.entries(schema.$defs as Readonly<Record<string, SchemaNode>>).flatMap(([name, node]) =>
    fieldsOf(node, name, '', walk),
  ),
]

/** Not there unless given, and nothing stands in their place. */
const absent = new Set([
  'load[].users',
  'load[].rate',
  'Step.repeat',
  'Step.think',
  'Step.check.status',
  'Step.ws.close',
  'Step.sse.close',
  'Step.if.exists',
  'Step.capture.*.all',
])

test('every optional choice, number and quantity says what it is when it is not given', (t) => {
  const missing = fields.filter(
    ({ place, type, isRequired }) =>
      !isRequired &&
      /^(?!map of|list of).*(duration|rate\]|size|percentage|number|`)/.test(type) &&
      !absent.has(place) &&
      !Object.hasOwn(fieldDefaults, place),
  )
  t.deepEqual(
    [...new Set(missing.map(({ place, type }) => `${place}: ${type}`))],
    [],
    'add them to core/spec/field-defaults.ts',
  )
})

test('every default is that of a field', (t) => {
  const places = new Set(fields.map(({ place }) => place))
  t.deepEqual(
    Object.keys(fieldDefaults).filter((place) => !places.has(place)),
    [],
  )
})

const smallest = {
  target: { url: 'https://shop.test' },
  scenarios: [{ name: 'browse', steps: [{ get: '/' }] }],
  load: [{ phase: 'steady', rate: 1, duration: '1s' }],
}

/** Where a field of a step stands: steps that have it where it is not undefined. */
const stepsWith: Readonly<Record<string, (given: { readonly [key: string]: Json }) => readonly Json[]>> = {
  every: (given) => [{ poll: { get: '/' }, until: { status: 200 }, ...given }],
  max: (given) => [{ poll: { get: '/' }, until: { status: 200 }, ...given }],
  'multipart.*.template': (given) => [{ post: '/', multipart: { a: { file: 'a.txt', ...given } } }],
  'body.template': (given) => [{ post: '/', body: { file: 'a.txt', ...given } }],
  'capture.*.index': (given) => [{ get: '/', capture: { id: { json: '$.a', ...given } } }],
  'check.css.*.ignoreCase': (given) => [{ get: '/', check: { css: { a: { equals: 'x', ...given } } } }],
  'ws.count': (given) => [{ ws: { connect: '/' } }, { ws: { expect: 'x', ...given } }],
  'ws.close.code': (given) => [{ ws: { connect: '/' } }, { ws: { close: { reason: 'x', ...given } } }],
  'sse.count': (given) => [{ sse: { open: '/' } }, { sse: { expect: 'x', ...given } }],
}

const literals = Object.entries(fieldDefaults).filter(
  (entry): entry is [string, Extract<FieldDefault, { value: Json }>] => 'value' in entry[1],
)

for (const [place, { value }] of literals) {
  test(`${place} is ${JSON.stringify(value)} when it is not given`, (t) => {
    const [without, given] = documents(place, value).map((spec) =>
      parseLoadTest({ apiVersion: 'breakwater.dev/v1', kind: 'LoadTest', metadata: { name: 'x' }, spec }),
    )
    for (const parsed of [without, given]) t.deepEqual(parsed?.ok === false ? parsed.issues : [], [])
    t.deepEqual(given, without)
  })
}

const overGrpc = {
  target: { url: 'grpc://shop.test', grpc: { protos: ['a.proto'] } },
  scenarios: [{ name: 'browse', steps: [{ grpc: 'a.B/C' }] }],
}

function withSteps(steps: readonly Json[]): Json {
  return { ...smallest, scenarios: [{ name: 'browse', steps }] }
}

/** One without the field, and one with its default. */
function documents(place: string, value: Json): readonly Json[] {
  if (place === 'load[].maxDuration') {
    const phase = { phase: 'p', users: 1, iterations: 1 }
    return [
      { ...smallest, load: [phase] },
      { ...smallest, load: [{ ...phase, maxDuration: value }] },
    ]
  }
  if (place.startsWith('objectives[]')) {
    return [
      { ...smallest, objectives: [{ that: 'p95 < 1s' }] },
      { ...smallest, objectives: [{ that: 'p95 < 1s', [place.slice(13)]: value }] },
    ]
  }
  if (place.startsWith('data.*')) {
    const source = { rows: [{ a: 1 }] }
    return [
      { ...smallest, data: { x: source } },
      { ...smallest, data: { x: { ...source, [place.slice(7)]: value } } },
    ]
  }
  if (place === 'Matcher.ignoreCase') {
    return [{}, { ignoreCase: value }].map((given) =>
      withSteps([{ get: '/', check: { body: { equals: 'x', ...given } } }]),
    )
  }
  if (place.startsWith('Step.')) {
    const stepsOf = stepsWith[place.slice(5)] ?? ((given) => [{ get: '/', ...given }])
    const key = place.split('.').at(-1) as string
    return [withSteps(stepsOf({})), withSteps(stepsOf({ [key]: value }))]
  }
  const grpc = place.startsWith('target.grpc')
  const base = grpc ? { ...smallest, ...overGrpc } : smallest
  const path = place.replaceAll('[]', '.0').split('.')
  const parent = place.split('.').slice(0, -1).join('.')
  const without =
    neededIn(parent).length === 0 ? base : withValue(base, path.slice(0, -1), examplesIn(parent))
  return [without, withValue(without, path, value)]
}

/** Fields without which a map cannot be, where a test does not have it anyway. */
function neededIn(map: string): readonly ReferenceField[] {
  const isThere = /^(|target|scenarios\[\]|load\[\])$/.test(map)
  return isThere
    ? []
    : fields.filter(({ place, isRequired }) => isRequired && place.replace(/\.\w+$/, '') === map)
}

function examplesIn(map: string): Json {
  return Object.fromEntries(
    neededIn(map).map(({ place, examples }) => [place.split('.').at(-1), examples[0] as Json]),
  )
}

function withValue(json: Json | undefined, [key = '', ...rest]: readonly string[], value: Json): Json {
  const own =
    rest.length === 0
      ? value
      : withValue((json as Readonly<Record<string, Json>> | undefined)?.[key], rest, value)
  if (Array.isArray(json)) return json.with(Number(key), own)
  return { ...(json as object | undefined), [key]: own }
}
