import type protobuf from 'protobufjs'

/** A type of google.protobuf that JSON writes in a form of its own. */
export interface JsonForm {
  /** What stands there, as a sentence goes on: `Write …`. */
  readonly is: string
  fits(value: unknown): boolean
  /** What protobufjs makes a message of; a value in the plain form of a message (`{ seconds, nanos }`) stays what it is. */
  read(value: unknown, type: protobuf.Type): unknown
  /** `message` as protobufjs gives it: 64-bit integers as texts. */
  write(message: Fields, type: protobuf.Type): unknown
}

type Fields = Readonly<Record<string, unknown>>

/** The form of a type; undefined: it is written as a map of its fields. Any is not here: it takes the types of its root (json-mapping.ts). */
export function jsonFormOf(type: protobuf.Type): JsonForm | undefined {
  return forms.get(type.fullName)
}

const timestampPattern =
  /^(\d{4})-(\d{2})-(\d{2})T(\d{2}):(\d{2}):(\d{2})(?:\.(\d{1,9}))?(?:Z|([+-])(\d{2}):(\d{2}))$/i
const durationPattern = /^(-?)(\d{1,12})(?:\.(\d{1,9}))?s$/

const timestamp: JsonForm = {
  is: 'an RFC 3339 time, such as 2026-01-31T12:00:00Z',
  fits: (value) => typeof value === 'string' && timestampOf(value) !== undefined,
  read: (value) => (typeof value === 'string' ? given(timestampOf(value), value) : value),
  write: ({ seconds, nanos }) => {
    const at = new Date(Number(seconds) * 1000)
    if (Number.isNaN(at.getTime()) || at.getTime() < earliest || at.getTime() > latest)
      return { seconds, nanos }
    return at.toISOString().replace(/\.000Z$/, `${fraction(Number(nanos))}Z`)
  },
}

/** 0001-01-01T00:00:00Z and 9999-12-31T23:59:59Z, between which a Timestamp has to lie. */
const earliest = -62_135_596_800_000
const latest = 253_402_300_799_000

function timestampOf(text: string): Fields | undefined {
  const found = timestampPattern.exec(text)
  if (found === null) return undefined
  const [, year, month, day, hour, minute, second, fractional = '', sign, zoneHour = '0', zoneMinute = '0'] =
    found
  const date = `${year}-${month}-${day}T${hour}:${minute}:${second}Z`
  const at = new Date(date)
  // Another day than was written: 2026-02-31.
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== date.slice(0, 10)) return undefined
  const ahead = (Number(zoneHour) * 60 + Number(zoneMinute)) * 60 * (sign === '-' ? -1 : 1)
  return { seconds: at.getTime() / 1000 - ahead, nanos: Number(fractional.padEnd(9, '0')) }
}

const duration: JsonForm = {
  is: 'seconds, such as 1.5s',
  fits: (value) => typeof value === 'string' && durationPattern.test(value),
  read: (value) => {
    const found = typeof value === 'string' ? durationPattern.exec(value) : null
    if (found === null) return typeof value === 'string' ? given(undefined, value) : value
    const [, sign, seconds, fractional = ''] = found
    const factor = sign === '-' ? -1 : 1
    return { seconds: factor * Number(seconds), nanos: factor * Number(fractional.padEnd(9, '0')) }
  },
  write: ({ seconds, nanos }) => {
    const [whole, part] = [Number(seconds), Number(nanos)]
    const sign = whole < 0 || part < 0 ? '-' : ''
    return `${sign}${Math.abs(whole)}${fraction(Math.abs(part))}s`
  },
}

/** Behind the point in groups of three digits, as few as hold it; '' where it is zero. */
function fraction(nanos: number): string {
  if (nanos === 0) return ''
  return `.${String(nanos)
    .padStart(9, '0')
    .replace(/(?:000){1,2}$/, '')}`
}

const fieldMask: JsonForm = {
  is: 'the names of fields with commas between them',
  fits: (value) => typeof value === 'string',
  read: (value) =>
    typeof value === 'string'
      ? { paths: value === '' ? [] : value.split(',').map((path) => path.trim()) }
      : value,
  write: ({ paths }) => (paths as readonly string[]).join(','),
}

/** Int32Value and its like: the bare value. */
const wrapper: JsonForm = {
  is: 'the bare value',
  // Its type is that of its field (json-mapping.ts).
  fits: () => false,
  read: (value) => (isMap(value) ? value : { value }),
  write: ({ value }) => value,
}

/** Fields of google.protobuf.Value by number; the file and protobufjs spell them differently. */
const kinds = { null: 1, number: 2, string: 3, boolean: 4, struct: 5, list: 6 } as const

const value: JsonForm = {
  is: 'any JSON',
  fits: () => true,
  read: (value, type) => {
    const field = (kind: keyof typeof kinds) => type.fieldsById[kinds[kind]] as protobuf.Field
    if (value === null || value === undefined) return { [field('null').name]: 0 }
    if (typeof value !== 'object') return { [field(typeof value as 'string').name]: value }
    const kind = field(Array.isArray(value) ? 'list' : 'struct')
    const form = Array.isArray(value) ? list : struct
    return { [kind.name]: form.read(value, kind.resolvedType as protobuf.Type) }
  },
  write: (message, type) => {
    for (const [kind, id] of Object.entries(kinds)) {
      const { name, resolvedType } = type.fieldsById[id] as protobuf.Field
      const held = message[name]
      if (held === undefined || held === null) continue
      if (kind === 'null') return null
      if (kind === 'list') return list.write(held as Fields, resolvedType as protobuf.Type)
      if (kind === 'struct') return struct.write(held as Fields, resolvedType as protobuf.Type)
      return held
    }
    return null
  },
}

const struct: JsonForm = {
  is: 'a map',
  fits: isMap,
  read: (map, type) => {
    if (!isMap(map)) return given(undefined, map)
    const of = type.fieldsById[1]?.resolvedType as protobuf.Type
    return { fields: Object.fromEntries(Object.entries(map).map(([key, one]) => [key, value.read(one, of)])) }
  },
  write: ({ fields }, type) => {
    const of = type.fieldsById[1]?.resolvedType as protobuf.Type
    const entries = Object.entries((fields ?? {}) as Fields)
    return Object.fromEntries(entries.map(([key, one]) => [key, value.write(one as Fields, of)]))
  },
}

const list: JsonForm = {
  is: 'a list',
  fits: Array.isArray,
  read: (items, type) => {
    if (isMap(items)) return items
    if (!Array.isArray(items)) return given(undefined, items)
    const of = type.fieldsById[1]?.resolvedType as protobuf.Type
    return { values: items.map((one) => value.read(one, of)) }
  },
  write: ({ values }, type) => {
    const of = type.fieldsById[1]?.resolvedType as protobuf.Type
    return ((values ?? []) as readonly Fields[]).map((one) => value.write(one, of))
  },
}

const wrappers = ['Double', 'Float', 'Int64', 'UInt64', 'Int32', 'UInt32', 'Bool', 'String', 'Bytes']

const forms: ReadonlyMap<string, JsonForm> = new Map([
  ['.google.protobuf.Timestamp', timestamp],
  ['.google.protobuf.Duration', duration],
  ['.google.protobuf.FieldMask', fieldMask],
  ['.google.protobuf.Struct', struct],
  ['.google.protobuf.Value', value],
  ['.google.protobuf.ListValue', list],
  ...wrappers.map((name): [string, JsonForm] => [`.google.protobuf.${name}Value`, wrapper]),
])

/** What a template gave and no form fits is an error of the request. */
function given(read: Fields | undefined, written: unknown): Fields {
  if (read !== undefined) return read
  throw new TypeError(`${JSON.stringify(written)?.slice(0, 80)} does not fit`)
}

export function isMap(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

export function isWrapper(type: protobuf.Type): boolean {
  return forms.get(type.fullName) === wrapper
}
