import type { Json } from '../../../core/spec/load-test.ts'
import { fieldsOf, itemsOf } from '../../../core/spec/raw.ts'
import { nameFrom, singular } from '../names.ts'
import type { Media, Operation } from './operations.ts'
import type { Located, References } from './references.ts'
import { typeOf } from './sample.ts'

const mostDepth = 3
const mostProperties = 200

/** A hole of a path: `{petId}` of `/pets/{petId}`. */
export interface PathHole {
  readonly name: string
  /** What stands before it, with every hole alike: `/pets`, `/pets/{}/photos`. */
  readonly prefix: string
  /** `pet` */
  readonly resource: string
}

export function pathHolesOf(path: string): readonly PathHole[] {
  return [...path.matchAll(/\{([^{}]+)\}/g)].map(({ 0: _, 1: name = '', index }) => {
    const before = path.slice(0, index)
    const words = before.split('/').filter((part) => part !== '' && !part.includes('{'))
    return { name, prefix: likePath(before), resource: singular(words.at(-1) ?? '') }
  })
}

/** A path as a prefix of others. */
export function likePath(path: string): string {
  return path.replace(/\{[^{}]*\}/g, '{}').replace(/\/+$/, '')
}

/** What a captured id is called: `petId`, whatever the document calls it there. */
export function holeName({ name, resource }: PathHole): string {
  const own = nameFrom(name)
  if (own !== undefined && own !== 'id' && own !== 'uuid') return own
  return nameFrom(resource, own ?? 'id') ?? 'id'
}

/** Where the good answers of an operation hold the id of what was made, or of the first of a list; undefined: nowhere. */
export function idPath(
  operation: Operation,
  hole: PathHole,
  kind: 'made' | 'listed',
  references: References,
): string | undefined {
  for (const [status, { bodies }] of operation.answers) {
    if (!/^2|^default$/.test(status)) continue
    const json = bodies.find(({ type }) => type.includes('json'))
    if (json === undefined) continue
    const path = kind === 'made' ? madePath(json, hole, references) : listedPath(json, hole, references)
    if (path !== undefined) return path
  }
  return undefined
}

function madePath({ schema }: Media, hole: PathHole, references: References): string | undefined {
  if (typeOf(schema) === 'array') return undefined
  return search([{ schema, path: '$' }], references, ({ path, name }) =>
    isIdOf(name, hole) ? path : undefined,
  )
}

function listedPath({ schema }: Media, hole: PathHole, references: References): string | undefined {
  const first = ({ schema: list, path }: Place) => {
    if (typeOf(list) !== 'array') return undefined
    const item = references.follow(list.fields.items, list.in)
    return search(
      [{ schema: item, path: `${path}[0]` }],
      references,
      (at) => (isIdOf(at.name, hole) ? at.path : undefined),
      1,
    )
  }
  return first({ schema, path: '$' }) ?? search([{ schema, path: '$' }], references, first)
}

interface Place {
  readonly schema: Located
  readonly path: string
}

/** The nearest first: what stands further in is less likely to be meant. */
function search(
  from: readonly Place[],
  references: References,
  look: (place: Place & { readonly name: string }) => string | undefined,
  depth = mostDepth,
): string | undefined {
  const level = from.flatMap(({ schema, path }) =>
    propertiesOf(schema, references).map(([name, property]) => ({
      name,
      schema: property,
      path: `${path}${step(name)}`,
    })),
  )
  for (const place of level) {
    const found = look(place)
    if (found !== undefined) return found
  }
  const inner = level.filter(({ schema }) => typeOf(schema) === 'object').slice(0, mostProperties)
  return depth <= 1 || inner.length === 0 ? undefined : search(inner, references, look, depth - 1)
}

/** Of the schema itself and of what it is made of. */
function propertiesOf(
  schema: Located,
  references: References,
  depth = 0,
): readonly (readonly [string, Located])[] {
  const own = Object.entries(fieldsOf(schema.fields.properties))
    .slice(0, mostProperties)
    .map(([name, raw]): [string, Located] => [name, references.follow(raw, schema.in)])
  if (depth >= mostDepth) return own
  const parts: readonly Json[] = [
    ...itemsOf(schema.fields.allOf),
    ...itemsOf(schema.fields.oneOf).slice(0, 1),
    ...itemsOf(schema.fields.anyOf).slice(0, 1),
  ].slice(0, 20)
  return [
    ...own,
    ...parts.flatMap((part) => propertiesOf(references.follow(part, schema.in), references, depth + 1)),
  ].slice(0, mostProperties)
}

function isIdOf(property: string, { name, resource }: PathHole): boolean {
  const plain = (text: string) => text.toLowerCase().replace(/[^a-z0-9]/g, '')
  const own = plain(property)
  if (own === plain(name)) return true
  const wanted = plain(name)
  const isId =
    wanted === 'id' ||
    wanted === 'uuid' ||
    wanted === `${plain(resource)}id` ||
    wanted === `${plain(resource)}uuid`
  return isId && (own === 'id' || own === 'uuid')
}

function step(name: string): string {
  return /^[A-Za-z_]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`
}
