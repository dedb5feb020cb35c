import protobuf from 'protobufjs'
import type { Issue } from '../../core/spec/issue.ts'
import type { Json } from '../../core/spec/load-test.ts'
import { nearest } from '../../core/spec/nearest.ts'

/**
 * How messages are written in a LoadTest and read from an answer. It is proto3's JSON mapping with the field names of the proto file and
 * without the special forms of google.protobuf (a Timestamp is `{ seconds, nanos }`): 64-bit integers are decimal texts in an answer, numbers or texts in
 * a request; enums are names; bytes are base64; fields that are not there have their default, messages null.
 */
export const answerForm: protobuf.IConversionOptions = {
  longs: String,
  enums: String,
  bytes: String,
  defaults: true,
}

export function encodeMessage(type: protobuf.Type, message: unknown): Buffer {
  const bytes = type.encode(type.fromObject((message ?? {}) as Record<string, unknown>)).finish()
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

export function decodeMessage(type: protobuf.Type, bytes: Uint8Array): unknown {
  return type.toObject(type.decode(bytes), answerForm)
}

/** Where a message as written does not fit its type. A text with a hole fits anything: what it will be is not known yet. */
export function messageIssues(message: Json, type: protobuf.Type, path: string): Issue[] {
  if (hasHole(message) || message === null) return []
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

function fieldIssues(value: Json, field: protobuf.Field, path: string): Issue[] {
  if (hasHole(value) || value === null) return []
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
const real: Scalar = { is: 'a number', fits: (value) => typeof value === 'number' }
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
