import protobuf from 'protobufjs'
import type { Issue } from '../../core/spec/issue.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { nearest } from '../../core/spec/nearest.ts'
import { fromJson, hasOwnForm, isAny, toJson, typeOfUrl } from './json-mapping.ts'
import { isMap, isWrapper, jsonFormOf } from './well-known-types.ts'

/**
 * How messages are written in a LoadTest and read from an answer. It is proto3's JSON mapping with the field names of the proto file: 64-bit integers
 * are decimal texts in an answer, numbers or texts in a request; enums are names; bytes are base64; fields that are not there have their default,
 * messages null. Types of google.protobuf have the forms of that mapping, such as RFC 3339 for a Timestamp; a request may give their fields as well.
 */
const answerForm: protobuf.IConversionOptions = {
  longs: String,
  enums: String,
  bytes: String,
  defaults: true,
}

export function encodeMessage(type: protobuf.Type, message: unknown): Buffer {
  const bytes = type.encode(type.fromObject(fromJson(type, message))).finish()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function decodeMessage(type: protobuf.Type, bytes: Uint8Array): unknown {
  return toJson(type, type.toObject(type.decode(bytes), answerForm), answerForm)
}

/** Where a message as written does not fit its type. A text with a hole fits anything: what it will be is not known yet. */
export function messageIssues(message: Json, type: protobuf.Type, path: string): Issue[] {
  if (hasHole(message) || message === null) return []
  const form = formIssues(message, type, path)
  if (form !== undefined) return form
  if (typeof message !== 'object' || Array.isArray(message)) {
    return [wrongType(path, message, `a ${type.name}, which is a map of its fields`)]
  }
  return Object.entries(message).flatMap(([name, value]) => {
    const field = type.fields[name]
    const at = `${path}.${name}`
    if (field !== undefined) return fieldIssues(value, field, at)
    const known = Object.keys(type.fields)
    const near = nearest(name, known)
    return [
      {
        path: at,
        code: 'unknown-name',
        message: `The message ${type.fullName.slice(1)} has no field ${name}.`,
        hint: near === undefined ? `Its fields are ${known.join(', ') || 'none'}.` : `Write ${near}.`,
      },
    ]
  })
}

/** Of a type of google.protobuf that is written in a form of its own; undefined: it isn't one, or its fields are given. */
function formIssues(message: Json, type: protobuf.Type, path: string): Issue[] | undefined {
  if (isAny(type)) return anyIssues(message, type, path)
  const form = jsonFormOf(type)
  if (form === undefined) return undefined
  if (isWrapper(type)) return isMap(message) ? undefined : fieldIssues(message, type.fields.value, path)
  if (form.fits(message)) return []
  return isMap(message) ? undefined : [wrongType(path, message, form.is)]
}

function anyIssues(message: Json, any: protobuf.Type, path: string): Issue[] | undefined {
  if (!isMap(message) || !Object.hasOwn(message, '@type')) return undefined
  const { '@type': url, ...rest } = message as Readonly<Record<string, Json>>
  if (hasHole(url ?? null)) return []
  const type = typeof url === 'string' ? typeOfUrl(any, url) : undefined
  if (type !== undefined) {
    return hasOwnForm(type)
      ? messageIssues(rest.value ?? null, type, `${path}.value`)
      : messageIssues(rest, type, path)
  }
  return [
    {
      path: `${path}["@type"]`,
      code: 'unknown-name',
      message: `${JSON.stringify(url)} names no message that is described.`,
      hint: 'Write type.googleapis.com/ and the full name of a message, such as shop.v1.Item.',
    },
  ]
}

function fieldIssues(value: Json, field: protobuf.Field | undefined, path: string): Issue[] {
  if (field === undefined || hasHole(value) || value === null) return []
  if (field instanceof protobuf.MapField) {
    if (typeof value !== 'object' || Array.isArray(value)) return [wrongType(path, value, 'a map')]
    return Object.entries(value).flatMap(([key, one]) => valueIssues(one, field, `${path}.${key}`))
  }
  if (!field.repeated) return valueIssues(value, field, path)
  if (!Array.isArray(value)) return [wrongType(path, value, 'a list')]
  return value.flatMap((one, index) => valueIssues(one, field, `${path}[${index}]`))
}

function valueIssues(value: Json, field: protobuf.Field, path: string): Issue[] {
  if (hasHole(value)) return []
  const { resolvedType } = field
  if (resolvedType instanceof protobuf.Type) return messageIssues(value, resolvedType, path)
  if (resolvedType instanceof protobuf.Enum) return enumIssues(value, resolvedType, path)
  const scalar = scalars[field.type]
  return scalar === undefined || scalar.fits(value) ? [] : [wrongType(path, value, scalar.is)]
}

function enumIssues(value: Json, type: protobuf.Enum, path: string): Issue[] {
  const names = Object.keys(type.values)
  if (typeof value === 'number' && Number.isInteger(value)) return []
  if (typeof value === 'string' && names.includes(value)) return []
  const near = typeof value === 'string' ? nearest(value, names) : undefined
  return [
    {
      path,
      code: 'unknown-name',
      message: `${JSON.stringify(value)} is none of the values of ${type.fullName.slice(1)}.`,
      hint: near === undefined ? `Write one of ${names.join(', ')}.` : `Write ${near}.`,
    },
  ]
}

interface Scalar {
  readonly is: string
  fits(value: Json): boolean
}

function whole(least: number, most: number): Scalar {
  return {
    is: `a whole number from ${least} to ${most}`,
    fits: (value) => typeof value === 'number' && Number.isInteger(value) && value >= least && value <= most,
  }
}

const int32 = whole(-(2 ** 31), 2 ** 31 - 1)
const uint32 = whole(0, 2 ** 32 - 1)
const int64: Scalar = {
  is: 'a whole number; above 2^53 a text of its digits',
  fits: (value) => Number.isSafeInteger(value) || (typeof value === 'string' && /^-?\d{1,20}$/.test(value)),
}
const real: Scalar = {
  is: 'a number',
  fits: (value) => typeof value === 'number' || ['NaN', 'Infinity', '-Infinity'].includes(value as string),
}
const base64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}(?:==)?|[A-Za-z0-9+/]{3}=?)?$/

const scalars: Readonly<Record<string, Scalar>> = {
  double: real,
  float: real,
  int32,
  sint32: int32,
  sfixed32: int32,
  uint32,
  fixed32: uint32,
  int64,
  sint64: int64,
  sfixed64: int64,
  uint64: int64,
  fixed64: int64,
  bool: { is: 'true or false', fits: (value) => typeof value === 'boolean' },
  string: { is: 'a text', fits: (value) => typeof value === 'string' },
  bytes: { is: 'base64', fits: (value) => typeof value === 'string' && base64.test(value) },
}

function wrongType(path: string, value: Json, wanted: string): Issue {
  return {
    path,
    code: 'wrong-type',
    message: `Found ${JSON.stringify(value).slice(0, 80)}, which is not ${wanted}.`,
    hint: `Write ${wanted}.`,
  }
}

function hasHole(value: Json): boolean {
  return typeof value === 'string' && value.replaceAll('$${', '').includes('${')
}
