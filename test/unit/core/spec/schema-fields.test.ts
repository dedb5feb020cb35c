import { Ajv2020 } from 'ajv/dist/2020.js'
import test from 'ava'
import type { z } from 'zod'
import { loadTestJsonSchema } from '../../../../core/spec/json-schema.ts'
import type { Json } from '../../../../core/spec/load-test.ts'
import { parseLoadTest } from '../../../../core/spec/parse.ts'
import { pathText } from '../../../../core/spec/path.ts'
import { loadTestSchema } from '../../../../core/spec/schema.ts'

interface Node {
  readonly properties?: Readonly<Record<string, Node>>
  readonly anyOf?: readonly Node[]
  readonly title?: string
  readonly description?: string
  readonly examples?: readonly Json[]
  readonly defaultSnippets?: readonly { readonly label: string; readonly body: Json }[]
}

const whole = loadTestJsonSchema()
const { $defs } = whole

/** Every schema in the JSON Schema, with the way to it. */
function* nodesOf(node: unknown, path: string): Generator<readonly [path: string, node: Node]> {
  if (typeof node !== 'object' || node === null) return
  yield [path, node as Node]
  for (const [key, value] of Object.entries(node)) {
    if (key !== 'examples' && key !== 'defaultSnippets') yield* nodesOf(value, `${path}.${key}`)
  }
}

const fields = [...nodesOf(whole, '')].flatMap(([path, { properties }]) =>
  path.endsWith('.properties')
    ? []
    : Object.entries(properties ?? {}).map(([key, field]) => ({ path: `${path}.${key}`, key, field })),
)

test('every field, however deep, has its name, a description and an example in an editor', (t) => {
  t.true(fields.length > 150, `${fields.length}`)
  for (const { path, key, field } of fields) {
    t.is(field.title, key, path)
    t.regex(field.description ?? '', /^[^\n]+\.$/, `${path} has no description`)
    t.true((field.examples?.length ?? 0) > 0, `${path} has no example`)
  }
})

test('every example and every snippet is valid for its field', (t) => {
  const ajv = new Ajv2020({ strict: false })
  for (const { path, field } of fields) {
    const validate = ajv.compile({ ...field, $defs: $defs as Json })
    const snippets = (field.defaultSnippets ?? []).map(({ body }) => unescaped(body))
    for (const example of [...(field.examples ?? []), ...snippets]) {
      t.true(validate(example), `${path}: ${JSON.stringify(example)} ${ajv.errorsText(validate.errors)}`)
    }
  }
})

test('every alternative of a field has a title', (t) => {
  const alternatives = [...nodesOf(whole, '')].flatMap(([path, { anyOf }]) =>
    (anyOf ?? []).map((one) => ({ path, one })),
  )
  t.true(alternatives.length > 50)
  for (const { path, one } of alternatives)
    t.truthy(one.title, `${path} ${JSON.stringify(one).slice(0, 100)}`)
})

/** Snippets of editors have holes of their own. */
function unescaped(value: Json): Json {
  return JSON.parse(JSON.stringify(value).replaceAll(/\\\\([$}])/g, '$1'))
}

/** What is wrong with an example only because it stands alone: names and files it refers to are not there, or another field excludes it. */
const ofTheRest = new Set([
  'unknown-name',
  'unknown-flow',
  'not-open',
  'conflict',
  'missing-file',
  'unknown-column',
])

/** Sizes and times are matched as text is, and one example of `not` serves them all. */
const ofNumbers = /\.(size|time|messages)\.not$/

interface Placed {
  readonly path: readonly (string | number)[]
  readonly example: Json
  readonly document: Json
}

type Put = (value: Json) => Json

/** Every example in a LoadTest of its own, with what stands beside it wherever something has to. */
function* placedExamples(
  schema: z.core.$ZodType,
  path: readonly (string | number)[],
  put: Put,
  seen: ReadonlySet<z.core.$ZodType>,
): Generator<Placed> {
  const { def } = (schema as z.core.$ZodTypes)._zod
  switch (def.type) {
    case 'object': {
      if (seen.has(schema)) return
      for (const [key, child] of Object.entries(def.shape)) {
        const beside = required(def.shape, key)
        const place = [...path, key]
        const within: Put = (value) => put({ ...beside, [key]: value })
        for (const example of examplesOf(child)) yield { path: place, example, document: within(example) }
        yield* placedExamples(child, place, within, new Set([...seen, schema]))
      }
      return
    }
    case 'array':
      yield* placedExamples(def.element, [...path, 0], (value) => put([value]), seen)
      return
    case 'record':
      yield* placedExamples(
        def.valueType,
        [...path, recordKey(path)],
        (value) => put({ [recordKey(path)]: value }),
        seen,
      )
      return
    case 'union':
      for (const option of def.options) yield* placedExamples(option, path, put, seen)
      return
    case 'optional':
      yield* placedExamples(def.innerType, path, put, seen)
      return
    case 'lazy':
      yield* placedExamples(def.getter(), path, put, seen)
      return
    default:
  }
}

function examplesOf(schema: z.core.$ZodType): readonly Json[] {
  return ((schema as z.ZodType).meta?.()?.examples ?? []) as readonly Json[]
}

/** Fields without which this one cannot be judged. */
function required(
  shape: Readonly<Record<string, z.core.$ZodType>>,
  key: string,
): Readonly<Record<string, Json>> {
  const needed = Object.entries(shape).filter(
    ([name, child]) => name !== key && !(child as z.ZodType).safeParse(undefined).success,
  )
  const beside = Object.fromEntries(needed.map(([name, child]) => [name, examplesOf(child)[0] as Json]))
  return 'get' in shape && 'group' in shape ? { ...besideOfStep[key], ...beside } : beside
}

/** A step does one thing, and most of its fields belong to one kind of them. */
const besideOfStep: Readonly<Record<string, Readonly<Record<string, Json>>>> = {
  query: { get: '/' },
  headers: { get: '/' },
  json: { post: '/' },
  form: { post: '/' },
  text: { post: '/' },
  message: { grpc: 'shop.v1.Cart/Add' },
  metadata: { grpc: 'shop.v1.Cart/Add' },
  deadline: { grpc: 'shop.v1.Cart/Add' },
  capture: { get: '/' },
  check: { get: '/' },
  timeout: { get: '/' },
  name: { get: '/' },
  until: { poll: { get: '/' } },
  every: { poll: { get: '/' }, until: { status: 200 } },
  max: { poll: { get: '/' }, until: { status: 200 } },
  steps: { group: 'g' },
  as: { repeat: 2, steps: [{ get: '/' }] },
  then: { if: { var: 'tier', equals: 'gold' } },
  else: { if: { var: 'tier', equals: 'gold' }, then: [{ get: '/' }] },
}

function recordKey(path: readonly (string | number)[]): string {
  const key = path.at(-1)
  if (key === 'json') return '$.id'
  if (key === 'css') return 'title'
  return 'x'
}

test('every example is taken by the parser, where it stands', (t) => {
  const all = [...placedExamples(loadTestSchema, [], (value) => value, new Set())]
  t.true(all.length > 200, `${all.length}`)
  const wrong = all.flatMap(({ path, example, document }) => {
    const parsed = parseLoadTest(document)
    const place = pathText(path)
    if (parsed.ok || ofNumbers.test(place)) return []
    const own = parsed.issues.filter((issue) => !ofTheRest.has(issue.code) && isWithin(issue.path, place))
    return own.map(({ code, message }) => `${place}: ${JSON.stringify(example)} ${code} ${message}`)
  })
  t.deepEqual(wrong, [])
})

function isWithin(path: string, place: string): boolean {
  return path === place || path.startsWith(`${place}.`) || path.startsWith(`${place}[`)
}
