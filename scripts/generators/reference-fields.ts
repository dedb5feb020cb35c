import { stringify } from 'yaml'
import { fieldDefaults } from '../../core/spec/field-defaults.ts'
import type { Json } from '../../core/spec/load-test.ts'
import type { SchemaNode } from '../../core/spec/schema-editor.ts'

/** A field of the language, as the reference shows it. */
export interface ReferenceField {
  /** Where it is defined: `target.timeout.connect`, `Step.get`. */
  readonly place: string
  /** Within its section: `timeout.connect`. */
  readonly name: string
  readonly type: string
  readonly isRequired: boolean
  readonly description: string
  readonly examples: readonly Json[]
}

export interface FieldWalk {
  /** Places that have a section of their own; their fields are not gone into. */
  readonly sections: ReadonlySet<string>
  /** Where a part with a section is explained. */
  readonly linkOf: (place: string) => string
}

/** The fields of the map at `place`, those of maps within it behind them. Alternatives follow each other. */
export function fieldsOf(
  node: SchemaNode,
  place: string,
  name: string,
  walk: FieldWalk,
): readonly ReferenceField[] {
  return mapsIn(node).flatMap((map) => {
    const required = Array.isArray(map.required) ? map.required : []
    return Object.entries((map.properties ?? {}) as Readonly<Record<string, SchemaNode>>).flatMap(
      ([key, field]) => {
        const own = place === '' ? key : `${place}.${key}`
        const shown = name === '' ? key : `${name}.${key}`
        return [
          {
            place: own,
            name: shown,
            type: typeOf(field, own, walk),
            isRequired: required.includes(key),
            description: String(field.description ?? ''),
            examples: (field.examples ?? []) as readonly Json[],
          },
          ...below(field, own, shown, walk),
        ]
      },
    )
  })
}

function below(field: SchemaNode, place: string, name: string, walk: FieldWalk): readonly ReferenceField[] {
  if (walk.sections.has(place)) return []
  const items = alternativesOf(field).flatMap((one) => (isNode(one.items) ? [one.items] : []))
  const values = alternativesOf(field).flatMap((one) =>
    isNode(one.additionalProperties) ? [one.additionalProperties] : [],
  )
  return [
    ...fieldsOf(field, place, name, walk),
    ...(walk.sections.has(`${place}[]`)
      ? []
      : items.flatMap((one) => fieldsOf(one, `${place}[]`, `${name}[]`, walk))),
    ...(walk.sections.has(`${place}.*`)
      ? []
      : values.flatMap((one) => fieldsOf(one, `${place}.*`, `${name}.*`, walk))),
  ]
}

export function mapsIn(node: SchemaNode): readonly SchemaNode[] {
  return alternativesOf(node).filter((one) => isNode(one.properties))
}

function alternativesOf(node: SchemaNode): readonly SchemaNode[] {
  return Array.isArray(node.anyOf) ? node.anyOf.flatMap((one: SchemaNode) => alternativesOf(one)) : [node]
}

/** What may stand there, in words: `duration`, `` `a` or `b` ``, `list of [steps](#steps)`. */
export function typeOf(node: SchemaNode, place: string, walk: FieldWalk): string {
  const { type, title } = node
  if ('const' in node) return code(yamlText(node.const as Json))
  if (Array.isArray(node.enum)) return listed(node.enum.map((value) => code(yamlText(value as Json))))
  if (typeof node.$ref === 'string') return linked(node.$ref.split('/').at(-1) ?? '', walk)
  if (typeof title === 'string' && quantities.has(title)) return `[${title}](#quantities)`
  if (walk.sections.has(place)) return linked(place, walk)
  if (Array.isArray(node.anyOf)) {
    return listed([...new Set(alternativesOf(node).map((one) => typeOf(one, place, walk)))])
  }
  if (Array.isArray(type)) return listed(type.map((one) => typeOf({ ...node, type: one }, place, walk)))
  switch (type) {
    case 'string':
      return 'text'
    case 'integer':
      return `whole number${range(node)}`
    case 'number':
      return `number${range(node)}`
    case 'boolean':
      return '`true` or `false`'
    case 'null':
      return '`null`'
    case 'array': {
      const items = isNode(node.items) ? node.items : {}
      return Object.keys(items).length === 0 ? 'list' : `list of ${plural(typeOf(items, `${place}[]`, walk))}`
    }
    case 'object': {
      const values = node.additionalProperties
      if (isNode(node.properties)) return 'map'
      return isNode(values) && Object.keys(values).length > 0
        ? `map of ${plural(typeOf(values, `${place}.*`, walk))}`
        : 'map'
    }
    default:
      return 'anything'
  }
}

const quantities = new Set(['duration', 'rate', 'size', 'percentage'])

function linked(place: string, walk: FieldWalk): string {
  return walk.linkOf(place)
}

function range({ minimum, maximum }: SchemaNode): string {
  const numbers = [minimum, maximum].map((bound) =>
    typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER
      ? bound.toLocaleString('en-US')
      : undefined,
  )
  const [low, high] = numbers
  if (low !== undefined && high !== undefined) return ` ${low} … ${high}`
  return low === undefined ? '' : ` from ${low}`
}

function plural(type: string): string {
  const link = /^\[(.+?)s?\](\(#.+\))$/.exec(type)
  if (link !== null) return `[${link[1]}s]${link[2]}`
  if (type.startsWith('list of ')) return type.replace('list', 'lists')
  if (type.startsWith('lists of ')) return type
  const known: Readonly<Record<string, string>> = {
    text: 'texts',
    map: 'maps',
    number: 'numbers',
    anything: 'anything',
  }
  return known[type] ?? (type.includes(' or ') ? `(${type})` : type)
}

function listed(types: readonly string[]): string {
  const last = types.at(-1) ?? ''
  if (last.includes(' or ')) return types.join(', ')
  return types.length < 2 ? last : `${types.slice(0, -1).join(', ')} or ${last}`
}

export function code(text: string): string {
  return text.includes('`') ? `\`\` ${text} \`\`` : `\`${text}\``
}

/** What stands where the field is left out. */
export function defaultText({ place, isRequired }: ReferenceField): string {
  if (isRequired) return 'required'
  const known = fieldDefaults[place]
  if (known === undefined) return ''
  return 'value' in known ? code(yamlText(known.value)) : known.words
}

/** On one line, as a person would write it. */
export function yamlText(value: Json): string {
  return stringify(value, { collectionStyle: 'flow', flowCollectionPadding: true, lineWidth: 0 }).trim()
}

function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
