import { flowText } from './field-examples.ts'
import type { Json } from './load-test.ts'

/** A JSON Schema, or a part of one. */
export interface SchemaNode {
  readonly [key: string]: unknown
}

/**
 * What editors need beside what validation needs: each field and each alternative has a title, and examples that the YAML language server cannot name or
 * write out are given as snippets.
 */
export function forEditors(node: SchemaNode): SchemaNode {
  return mapNode(node, (one) => withSnippets(withTitles(one)))
}

/** `node` and every schema in it, the inner ones first. */
function mapNode(node: SchemaNode, change: (node: SchemaNode) => SchemaNode): SchemaNode {
  const inner = (value: unknown): unknown => (isNode(value) ? mapNode(value, change) : value)
  const entries = Object.entries(node).map(([key, value]): [string, unknown] => {
    if (holdsNamed.has(key) && isNode(value)) {
      return [key, Object.fromEntries(Object.entries(value).map(([name, one]) => [name, inner(one)]))]
    }
    if (holdsList.has(key) && Array.isArray(value)) return [key, value.map(inner)]
    return [key, holdsOne.has(key) ? inner(value) : value]
  })
  return change(Object.fromEntries(entries))
}

const holdsNamed = new Set(['properties', '$defs', 'patternProperties'])
const holdsList = new Set(['anyOf', 'oneOf', 'allOf', 'prefixItems'])
const holdsOne = new Set(['items', 'additionalProperties', 'propertyNames', 'not'])

function withTitles(node: SchemaNode): SchemaNode {
  const { anyOf, properties } = node
  return {
    ...node,
    ...(Array.isArray(anyOf) && { anyOf: anyOf.map((one: SchemaNode) => ({ title: titleOf(one), ...one })) }),
    ...(isNode(properties) && { properties: titledByKey(properties) }),
  }
}

function titledByKey(properties: SchemaNode): SchemaNode {
  return Object.fromEntries(
    Object.entries(properties).map(([key, one]) => [key, { ...(one as SchemaNode), title: key }]),
  )
}

/** What an alternative is, in as few words as an editor has room for. */
function titleOf(node: SchemaNode): string {
  const { type, properties, required, enum: values, items } = node
  if ('const' in node) return flowText(node.const as Json)
  if (Array.isArray(values)) return values.map((value) => flowText(value as Json)).join(' | ')
  if (typeof node.$ref === 'string') return node.$ref.split('/').at(-1)?.toLowerCase() ?? 'value'
  if (isNode(properties)) {
    const keys = Array.isArray(required) && required.length > 0 ? required : Object.keys(properties)
    return `{ ${keys.slice(0, 6).join(', ')}${keys.length > 6 ? ', …' : ''} }`
  }
  switch (type) {
    case 'string':
      return 'text'
    case 'integer':
      return 'whole number'
    case 'boolean':
      return 'true | false'
    case 'array':
      return isNode(items) && Object.keys(items).length > 0 ? `list of ${titleOf(items)}` : 'list'
    case 'object':
      return 'map'
    default:
      return typeof type === 'string' ? type : 'value'
  }
}

function withSnippets(node: SchemaNode): SchemaNode {
  const { examples } = node
  if (!Array.isArray(examples)) return node
  const isOdd = (example: Json) =>
    isNode(example) && (examples.some((one) => !isNode(one)) || holdsListOfMaps(example))
  const odd = examples.filter(isOdd)
  if (odd.length === 0) return node
  const plain = examples.filter((example) => !isOdd(example))
  return {
    ...node,
    examples: plain.length > 0 ? plain : odd,
    defaultSnippets: odd.map((example: Json) => ({ label: flowText(example), body: escaped(example) })),
  }
}

function holdsListOfMaps(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isNode)
  return isNode(value) && Object.values(value).some(holdsListOfMaps)
}

/** A snippet's own holes are written as ours are: `${name}`. */
function escaped(value: Json): Json {
  if (typeof value === 'string') return value.replace(/[$}]/g, '\\$&')
  if (Array.isArray(value)) return value.map(escaped)
  if (typeof value !== 'object' || value === null) return value
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [key.replace(/[$}]/g, '\\$&'), escaped(item)]),
  )
}

function isNode(value: unknown): value is SchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
