import type { Json } from '../../../core/spec/load-test.ts'
import { fieldsOf, itemsOf, type RawMap } from '../../../core/spec/raw.ts'
import type { DraftMethod } from '../draft.ts'
import { textOf } from '../source.ts'
import type { Located, References } from './references.ts'

export interface Operation {
  readonly method: DraftMethod
  /** As written: `/pets/{petId}`. */
  readonly path: string
  readonly id: string | null
  readonly tag: string | null
  readonly deprecated: boolean
  readonly parameters: readonly Parameter[]
  /** By content type. */
  readonly bodies: readonly Media[]
  /** By status as written: `200`, `2XX`, `default`. */
  readonly answers: ReadonlyMap<string, Answer>
  /** Alternatives of schemes by name; null: the document's. */
  readonly security: readonly (readonly string[])[] | null
  /** Where it isn't asked of the document's first server. */
  readonly server: string | null
}

export interface Parameter {
  readonly name: string
  readonly in: 'path' | 'query' | 'header' | 'cookie'
  readonly required: boolean
  /** What somebody has stated; undefined: nothing. */
  readonly example: Json | undefined
  readonly schema: Located
}

export interface Media {
  readonly type: string
  readonly example: Json | undefined
  readonly schema: Located
}

export interface Answer {
  readonly bodies: readonly Media[]
}

const methods = ['get', 'put', 'post', 'delete', 'options', 'head', 'patch'] as const
const mostParameters = 200

/** In the order of the document. `onBroken` gets the words of what cannot be an operation. */
export function operationsOf(document: RawMap, references: References): readonly Operation[] {
  return Object.entries(fieldsOf(document.paths)).flatMap(([path, raw]) => {
    if (!path.startsWith('/')) return []
    const item = references.follow(raw, '')
    return methods.flatMap((method) => {
      if (typeof item.fields[method] !== 'object') return []
      return [readOperation(method, path, item, references)]
    })
  })
}

function readOperation(method: DraftMethod, path: string, item: Located, references: References): Operation {
  const operation = references.follow(item.fields[method], item.in)
  const { fields } = operation
  const id = textOf(fields.operationId).trim()
  const body = references.follow(fields.requestBody, operation.in)
  const servers = [...itemsOf(fields.servers), ...itemsOf(item.fields.servers)]
  return {
    method,
    path,
    id: id === '' ? null : id,
    tag: textOf(itemsOf(fields.tags)[0]) || null,
    deprecated: fields.deprecated === true,
    parameters: parametersOf(item, operation, references),
    bodies: mediaOf(body, references),
    answers: new Map(
      Object.entries(fieldsOf(fields.responses)).map(([status, raw]) => [
        status,
        { bodies: mediaOf(references.follow(raw, operation.in), references) },
      ]),
    ),
    security: readSecurity(fields.security),
    server: textOf(fieldsOf(servers[0]).url) || null,
  }
}

/** Null: nothing is said. */
export function readSecurity(raw: Json | undefined): readonly (readonly string[])[] | null {
  if (!Array.isArray(raw)) return null
  return raw.map((alternative) => Object.keys(fieldsOf(alternative)))
}

/** The operation's own win over those of its path. */
function parametersOf(item: Located, operation: Located, references: References): readonly Parameter[] {
  const byName = new Map<string, Parameter>()
  for (const { fields, in: at } of [item, operation]) {
    for (const raw of itemsOf(fields.parameters).slice(0, mostParameters)) {
      const parameter = readParameter(references.follow(raw, at), references)
      if (parameter !== null) byName.set(`${parameter.in} ${parameter.name}`, parameter)
    }
  }
  return [...byName.values()]
}

function readParameter({ fields, in: at }: Located, references: References): Parameter | null {
  const { name } = fields
  const place = fields.in
  if (typeof name !== 'string' || name === '') return null
  if (place !== 'path' && place !== 'query' && place !== 'header' && place !== 'cookie') return null
  // A parameter has a schema, or one content type that has.
  const content = fieldsOf(Object.values(fieldsOf(fields.content))[0])
  return {
    name,
    in: place,
    required: place === 'path' || fields.required === true,
    example: exampleOf(fields, at, references) ?? exampleOf(content, at, references),
    schema: references.follow(fields.schema ?? content.schema, at),
  }
}

function mediaOf({ fields, in: at }: Located, references: References): readonly Media[] {
  return Object.entries(fieldsOf(fields.content)).map(([type, raw]) => {
    const media = fieldsOf(raw)
    return {
      type: type.trim().toLowerCase(),
      example: exampleOf(media, at, references),
      schema: references.follow(media.schema, at),
    }
  })
}

/** `example`, or the first of `examples`, whose value may lie elsewhere. */
function exampleOf(fields: RawMap, at: string, references: References): Json | undefined {
  if (fields.example !== undefined) return fields.example
  const first = Object.values(fieldsOf(fields.examples))[0]
  return first === undefined ? undefined : references.follow(first, at).fields.value
}
