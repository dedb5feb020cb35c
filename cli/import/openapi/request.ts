import { encodeLiteral } from '../../../core/scenario/encoding.ts'
import type { Json } from '../../../core/spec/load-test.ts'
import { forbiddenKeys } from '../../../core/spec/plain-input.ts'
import { fieldsOf } from '../../../core/spec/raw.ts'
import {
  type DraftBody,
  type DraftField,
  type DraftRequest,
  guess,
  literal,
  literalJson,
  mapTexts,
} from '../draft.ts'
import { isHeaderName } from '../header-name.ts'
import { readableName } from '../readable-name.ts'
import type { Operation, Parameter } from './operations.ts'
import type { Located, References } from './references.ts'
import { isUsable, type Sample, sampleOf } from './sample.ts'
import type { Credentials } from './security.ts'

/** What fills the holes of a path. */
export type FillHole = (name: string, parameter: Parameter | undefined) => string

export interface Draftable {
  readonly request: DraftRequest
  /** What nobody has said and no schema tells: without it the request cannot be made. */
  readonly unknown: readonly string[]
}

const unsaid = ['accept', 'content-type', 'authorization']

export function requestFor(
  operation: Operation,
  { headers, query, unknown }: Credentials,
  fill: FillHole,
  references: References,
): Draftable {
  const body = bodyFor(operation, references)
  const parameters = parametersFor(operation, references)
  const status = statusOf(operation)
  const path = pathFor(operation, fill)
  return {
    request: {
      kind: 'http',
      method: operation.method,
      path,
      name: nameOf(operation),
      query: [...parameters.query, ...query],
      headers: distinct([...headers, ...parameters.headers, ...body.headers]),
      body: body.body,
      captures: [],
      checks: [status],
      notes:
        operation.server === null
          ? []
          : [guess(`the document has another server for it: ${operation.server}`)],
    },
    unknown: [...unknown.map((name) => `the scheme ${name}`), ...parameters.unknown, ...body.unknown],
  }
}

function nameOf({ id, method, path }: Operation): string {
  const own = `${method.toUpperCase()} ${path}`
  return readableName(id ?? own) || readableName(own)
}

/** Literal parts as they may stand in an address; `?` and what follows are the author's own. */
function pathFor({ path, parameters }: Operation, fill: FillHole): string {
  const written = path.replace(/\{([^{}]+)\}|[^{]+|\{/g, (part, hole?: string) => {
    if (hole === undefined) return literal(encodeLiteral(part))
    return fill(
      hole,
      parameters.find((one) => one.in === 'path' && one.name === hole),
    )
  })
  return written.replace(/^\/{2,}/, '/')
}

function parametersFor({ parameters }: Operation, references: References) {
  const query: DraftField[] = []
  const headers: DraftField[] = []
  const unknown: string[] = []
  for (const parameter of parameters) {
    const { name, required } = parameter
    if (!required || parameter.in === 'path') continue
    if (parameter.in === 'header' && unsaid.includes(name.toLowerCase())) continue
    const sample = parameterSample(parameter, references)
    const value = sample && textFrom(sample.value)
    if (value === undefined || !isWritable(parameter)) unknown.push(name)
    else {
      const note = sample?.stated === true ? {} : { note: guess('made from the schema') }
      if (parameter.in === 'query') query.push({ key: name.toWellFormed(), value, ...note })
      else if (parameter.in === 'header')
        headers.push({ key: name.toLowerCase(), value: String(value), ...note })
      else headers.push({ key: 'cookie', value: `${name}=${value}`, ...note })
    }
  }
  return { query, headers, unknown }
}

/** Names that a LoadTest can hold in that place. */
function isWritable({ name, in: place }: Parameter): boolean {
  return place === 'query' ? !forbiddenKeys.has(name) && name.length <= 500 : isHeaderName(name)
}

function parameterSample({ example, schema }: Parameter, references: References): Sample | undefined {
  if (isUsable(example)) return { value: literalJson(example), stated: true }
  return sampleOf(schema, references)
}

/** A list by its first item; a map has many ways to be written, none of which is known. One line. */
function textFrom(value: Json): string | number | boolean | undefined {
  if (Array.isArray(value)) return value.length === 0 ? undefined : textFrom(value[0] as Json)
  if (value === null || typeof value === 'object') return undefined
  return typeof value === 'string' ? value.replace(/[\r\n\0]+/g, ' ') : (value as number | boolean)
}

/** The lowest good status, else the class. */
function statusOf({ answers }: Operation): DraftField {
  const stated = [...answers.keys()].map((status) => status.toLowerCase()).sort()
  const good = stated.find((status) => /^2\d\d$/.test(status)) ?? stated.find((status) => status === '2xx')
  const other = stated.find((status) => /^3\d\d$/.test(status))
  const status = good ?? other
  if (status === undefined) return { key: 'status', value: '2xx', note: guess('no good answer is described') }
  return { key: 'status', value: status === '2xx' ? status : Number(status) }
}

interface BodyDraft {
  readonly body: DraftBody
  readonly headers: readonly DraftField[]
  readonly unknown: readonly string[]
}

function bodyFor({ bodies, method }: Operation, references: References): BodyDraft {
  const none: BodyDraft = { body: { kind: 'none' }, headers: [], unknown: [] }
  if (bodies.length === 0 || method === 'head') return none
  const media =
    bodies.find(({ type }) => /^application\/json\b/.test(type)) ??
    bodies.find(({ type }) => /[+/]json\b/.test(type) || type === '*/*') ??
    bodies.find(({ type }) => type.startsWith('application/x-www-form-urlencoded')) ??
    bodies.find(({ type }) => type.startsWith('multipart/form-data')) ??
    bodies.find(({ type }) => type.startsWith('text/')) ??
    bodies[0]
  if (media === undefined) return none
  const type = media.type === '*/*' ? 'application/json' : media.type
  const sample: Sample | undefined = isUsable(media.example)
    ? { value: literalJson(media.example), stated: true }
    : sampleOf(media.schema, references)
  const lacking = { ...none, unknown: [`the body, ${type.slice(0, 100)}`] }
  if (sample === undefined) return lacking
  const note = sample.stated ? {} : { note: guess('made from the schema') }
  if (/[+/]json\b/.test(type)) {
    const headers = /^application\/json$/.test(type) ? [] : typeField(type)
    return { body: { kind: 'json', value: sample.value, ...note }, headers, unknown: [] }
  }
  if (type.startsWith('application/x-www-form-urlencoded')) {
    const fields = Object.entries(fieldsOf(sample.value))
      .filter(([key]) => !forbiddenKeys.has(key))
      .map(([key, value]) => ({
        key,
        value: formValue(value),
        ...note,
      }))
    return fields.length === 0 ? lacking : { body: { kind: 'form', fields }, headers: [], unknown: [] }
  }
  if (type.startsWith('multipart/form-data')) {
    const fields = partsOf(sample.value, media.schema, references, note)
    return fields.length === 0 ? lacking : { body: { kind: 'multipart', fields }, headers: [], unknown: [] }
  }
  if (typeof sample.value !== 'string' || (!sample.stated && !type.startsWith('text/'))) return lacking
  return { body: { kind: 'text', text: sample.value, ...note }, headers: typeField(type), unknown: [] }
}

/** Bytes become a file with a text in it; what is nested goes as JSON. */
function partsOf(
  value: Json,
  schema: Located,
  references: References,
  note: { readonly note?: string },
): readonly DraftField[] {
  const properties = fieldsOf(schema.fields.properties)
  return Object.entries(fieldsOf(value))
    .filter(([key]) => !forbiddenKeys.has(key) && key.length <= 500)
    .map(([key, item]): DraftField => {
      const { fields } = references.follow(properties[key], schema.in)
      const { fields: items } = references.follow(fields.items, schema.in)
      if (
        [fields, items].some(
          ({ format, contentMediaType }) => format === 'binary' || contentMediaType !== undefined,
        )
      ) {
        const file = { text: '${randomString(100)}', filename: `${key.replace(/\W/g, '') || 'file'}.bin` }
        return { key, value: file, note: guess(`a file with some text; or write { file: ${key}.bin }`) }
      }
      return { key, value: typeof item === 'object' ? { json: item as Json } : item, ...note }
    })
}

/** What is nested goes as JSON. No hole would stay one there: its quotes would be escaped. */
function formValue(value: Json): string | number | boolean {
  if (typeof value !== 'object') return value as string | number | boolean
  return literal(JSON.stringify(mapTexts(value, (text) => (text.includes('${') ? 'text' : text))))
}

/** A range of types is none that can be sent. */
function typeField(type: string): readonly DraftField[] {
  return type.includes('*') || !/^[\x20-\x7e]{1,200}$/.test(type)
    ? []
    : [{ key: 'content-type', value: literal(type) }]
}

/** The first of a name wins. */
function distinct(fields: readonly DraftField[]): readonly DraftField[] {
  return fields.filter(({ key }, index) => fields.findIndex((field) => field.key === key) === index)
}
