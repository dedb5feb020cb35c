import type { Json } from '../../../core/spec/load-test.ts'
import type { RawMap } from '../../../core/spec/raw.ts'

const mostCharacters = 1000

const formats: Readonly<Record<string, string>> = {
  date: '${date("YYYY-MM-DD")}',
  'date-time': '${date("YYYY-MM-DDTHH:mm:ss.SSS")}Z',
  time: '${date("HH:mm:ss")}Z',
  duration: 'PT1H',
  uuid: '${uuid()}',
  email: '${randomString(10)}@example.com',
  'idn-email': '${randomString(10)}@example.com',
  uri: 'https://example.com/${randomString(10)}',
  url: 'https://example.com/${randomString(10)}',
  'uri-reference': '/${randomString(10)}',
  iri: 'https://example.com/${randomString(10)}',
  hostname: 'host.example.com',
  ipv4: '192.0.2.1',
  ipv6: '2001:db8::1',
  byte: '${base64(randomString(12))}',
}

/** A text of the format, or of the length, that a schema wants. */
export function textSample({ format, minLength, maxLength }: RawMap): string {
  const known = typeof format === 'string' && Object.hasOwn(formats, format) ? formats[format] : undefined
  if (known !== undefined) return known
  const least = whole(minLength, 0)
  const most = Math.max(least, whole(maxLength, Math.max(least, 10)))
  return most === 0
    ? ''
    : `\${randomString(${Math.min(Math.max(least, Math.min(10, most)), mostCharacters)})}`
}

/** A number within the bounds of a schema: random where there is room, one of the multiples where only those are allowed. */
export function numberSample(fields: RawMap, isInteger: boolean): Json {
  const { low, high } = bounds(fields)
  const step = fields.multipleOf
  if (typeof step === 'number' && step > 0) {
    const multiple = Math.ceil((low ?? step) / step) * step
    return Number.isFinite(multiple) ? multiple + 0 : 0
  }
  const from = Math.ceil(low ?? Math.min(1, high ?? 1))
  const to = Math.floor(high ?? Math.max(100, from))
  if (Number.isSafeInteger(from) && Number.isSafeInteger(to) && from <= to) {
    return from === to ? from + 0 : `\${randomInt(${from},${to})}`
  }
  return isInteger || low === undefined || !Number.isFinite(low) ? 1 : low
}

/** 3.0 has `exclusiveMinimum: true` beside `minimum`, 3.1 a number of its own. */
function bounds({ minimum, maximum, exclusiveMinimum, exclusiveMaximum }: RawMap): {
  low: number | undefined
  high: number | undefined
} {
  const low = typeof exclusiveMinimum === 'number' ? exclusiveMinimum + 1 : number(minimum)
  const high = typeof exclusiveMaximum === 'number' ? exclusiveMaximum - 1 : number(maximum)
  return {
    low: low !== undefined && exclusiveMinimum === true ? low + 1 : low,
    high: high !== undefined && exclusiveMaximum === true ? high - 1 : high,
  }
}

function number(value: Json | undefined): number | undefined {
  return typeof value === 'number' && Number.isFinite(value) ? value : undefined
}

function whole(value: Json | undefined, otherwise: number): number {
  return typeof value === 'number' && value >= 0 ? Math.min(Math.trunc(value), mostCharacters) : otherwise
}
