import protobuf from 'protobufjs'
import { isMap, jsonFormOf } from './well-known-types.ts'

/**
 * Messages that hold types of google.protobuf, between their JSON and what protobufjs takes and gives. Types that can hold none are handed through,
 * at the cost of one look-up.
 */

type Fields = Readonly<Record<string, unknown>>

/** How deep an Any may lie in another one; deeper ones stay bytes, because each level copies what is below it. */
const mostAnys = 16

/** What protobufjs's fromObject makes a message of. Throws where a value doesn't fit its type. */
export function fromJson(type: protobuf.Type, value: unknown): Fields {
  return readIn(type, value) as Fields
}

/** What protobufjs's toObject gave, as JSON; `options` are those it was called with. */
export function toJson(type: protobuf.Type, message: Fields, options: protobuf.IConversionOptions): unknown {
  return writeOf(type, message, options, 0)
}

function readIn(type: protobuf.Type, value: unknown): unknown {
  const form = jsonFormOf(type)
  if (form !== undefined) return form.read(value, type)
  if (isAny(type)) return readAny(type, value)
  if (value === null || value === undefined) return {}
  if (!isMap(value)) throw new TypeError(`${JSON.stringify(value).slice(0, 80)} is no ${type.name}`)
  const fields = fieldsWithForms(type)
  if (fields.length === 0) return value
  const read: Record<string, unknown> = { ...value }
  for (const { field, holds } of fields) {
    const held = Object.hasOwn(value, field.name) ? value[field.name] : undefined
    if (holds === null || held === undefined || (held === null && !isValue(field))) continue
    read[field.name] = eachOf(field, held, (one) => readIn(holds, one))
  }
  return read
}

function writeOf(
  type: protobuf.Type,
  message: Fields,
  options: protobuf.IConversionOptions,
  anys: number,
): unknown {
  const form = jsonFormOf(type)
  if (form !== undefined) return form.write(message, type)
  if (isAny(type)) return writeAny(type, message, options, anys)
  const written = message as Record<string, unknown>
  for (const { field, holds } of fieldsWithForms(type)) {
    const held = written[field.name]
    if (held === undefined || held === null) continue
    const keyed = hasLongKeys(field) ? withLongKeys(held as Fields, field.keyType) : held
    written[field.name] =
      holds === null ? keyed : eachOf(field, keyed, (one) => writeOf(holds, one as Fields, options, anys))
  }
  return written
}

/** protobufjs keeps 64-bit keys as eight characters of one byte each. */
function withLongKeys(map: Fields, keyType: string): Fields {
  const isUnsigned = /^u|^fixed/.test(keyType)
  return Object.fromEntries(
    Object.entries(map).map(([key, one]) => [String(protobuf.util.longFromHash(key, isUnsigned)), one]),
  )
}

function hasLongKeys(field: protobuf.Field): field is protobuf.Field & protobuf.MapField {
  return field instanceof protobuf.MapField && field.keyType.endsWith('64')
}

/** A list's items, a map's values, or the value itself. */
function eachOf(field: protobuf.Field, held: unknown, change: (one: unknown) => unknown): unknown {
  if (field instanceof protobuf.MapField) {
    if (!isMap(held)) return held
    return Object.fromEntries(Object.entries(held).map(([key, one]) => [key, change(one)]))
  }
  if (field.repeated) return Array.isArray(held) ? held.map(change) : held
  return change(held)
}

function readAny(any: protobuf.Type, value: unknown): unknown {
  if (!isMap(value) || !Object.hasOwn(value, '@type')) return value
  const { '@type': url, ...rest } = value
  const type = typeof url === 'string' ? typeOfUrl(any, url) : undefined
  if (type === undefined) throw new TypeError(`${JSON.stringify(url)} names no message that is described`)
  const message = fromJson(type, hasOwnForm(type) ? rest.value : rest)
  return { type_url: url, value: type.encode(type.fromObject(message)).finish() }
}

function writeAny(
  any: protobuf.Type,
  message: Fields,
  options: protobuf.IConversionOptions,
  anys: number,
): unknown {
  const { type_url: url, value } = message
  const type = typeof url === 'string' ? typeOfUrl(any, url) : undefined
  if (type === undefined || anys >= mostAnys) return message
  const bytes = Buffer.from(String(value), 'base64')
  const held = writeOf(type, type.toObject(type.decode(bytes), options), options, anys + 1)
  return hasOwnForm(type) || !isMap(held) ? { '@type': url, value: held } : { '@type': url, ...held }
}

/** The message that an Any says it holds: its name stands behind the last slash. Undefined: nothing describes it. */
export function typeOfUrl(any: protobuf.Type, url: string): protobuf.Type | undefined {
  const name = url.slice(url.lastIndexOf('/') + 1)
  const found = name === '' ? null : any.root.lookup(`.${name}`, [protobuf.Type])
  return found instanceof protobuf.Type ? found : undefined
}

/** In an Any these stand under `value`. */
export function hasOwnForm(type: protobuf.Type): boolean {
  return jsonFormOf(type) !== undefined || isAny(type)
}

export function isAny(type: protobuf.Type): boolean {
  return type.fullName === '.google.protobuf.Any'
}

/** Whether null is a value of the field, and not the absence of one. */
function isValue({ resolvedType, repeated }: protobuf.Field): boolean {
  return !repeated && resolvedType?.fullName === '.google.protobuf.Value'
}

interface FieldWithForm {
  readonly field: protobuf.Field
  /** Its type; null: nothing in it has a form, but its keys are read otherwise. */
  readonly holds: protobuf.Type | null
}

const known = new WeakMap<protobuf.Type, readonly FieldWithForm[]>()

/** Those that are, or can hold, a type with a form of its own; and maps whose keys protobufjs gives otherwise. */
function fieldsWithForms(type: protobuf.Type): readonly FieldWithForm[] {
  let fields = known.get(type)
  if (fields === undefined) {
    fields = type.fieldsArray.flatMap((field) => {
      const { resolvedType: of } = field
      const holds = of instanceof protobuf.Type && reachesForm(of, new Set()) ? of : null
      return holds !== null || hasLongKeys(field) ? [{ field, holds }] : []
    })
    known.set(type, fields)
  }
  return fields
}

function reachesForm(type: protobuf.Type, seen: Set<protobuf.Type>): boolean {
  if (hasOwnForm(type)) return true
  if (seen.has(type)) return false
  seen.add(type)
  return type.fieldsArray.some(
    (field) =>
      hasLongKeys(field) ||
      (field.resolvedType instanceof protobuf.Type && reachesForm(field.resolvedType, seen)),
  )
}
