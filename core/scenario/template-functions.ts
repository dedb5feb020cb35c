import { hmac } from '@noble/hashes/hmac.js'
import { sha256 } from '@noble/hashes/sha2.js'
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js'
import type { Random } from '../random.ts'
import { jsonText, textOf } from './value.ts'

/** The functions of the language, as plain functions of random numbers, instants and values. Descriptions: core/spec/template-functions.ts. */

/** Four digits of every 16-bit word. */
const hexOf = Array.from({ length: 0x10000 }, (_, word) => word.toString(16).padStart(4, '0'))

/** RFC 9562 §5.4: 122 random bits, version 4, variant 10. */
export function uuid(random: Random): string {
  const a = random.uint32()
  const b = (random.uint32() & 0xffff0fff) | 0x4000
  const c = (random.uint32() & 0x3fffffff) | 0x80000000
  const d = random.uint32()
  return `${hex(a >>> 16)}${hex(a)}-${hex(b >>> 16)}-${hex(b)}-${hex(c >>> 16)}-${hex(c)}${hex(d >>> 16)}${hex(d)}`
}

/** Of the lower 16 bits. */
function hex(word: number): string {
  return hexOf[word & 0xffff] as string
}

/** Both bounds included. */
export function randomInt(random: Random, low: number, high: number): number {
  return low + Math.floor(random.next() * (high - low + 1))
}

const letters = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789'

export function randomString(random: Random, length: number): string {
  let text = ''
  while (text.length < length) text += letters[Math.floor(random.next() * letters.length)]
  return text
}

/** Truncated towards zero; null where there is no number in it. */
export function int(value: unknown): number | null {
  const number = float(value)
  return number === null ? null : Math.trunc(number)
}

/** Null where there is no finite number in it. */
export function float(value: unknown): number | null {
  const text = textOf(value).trim()
  const number = text === '' ? Number.NaN : typeof value === 'boolean' ? Number(value) : Number(text)
  return Number.isFinite(number) ? number : null
}

export function json(value: unknown): string {
  return jsonText(value)
}

/** As many bytes as one call may take as arguments. */
const chunkBytes = 0x8000

/** RFC 4648 §4, of the text's UTF-8. */
export function base64(text: string): string {
  const bytes = utf8ToBytes(text)
  let latin1 = ''
  for (let at = 0; at < bytes.length; at += chunkBytes) {
    latin1 += String.fromCharCode(...bytes.subarray(at, at + chunkBytes))
  }
  return btoa(latin1)
}

export function sha256Hex(text: string): string {
  return bytesToHex(sha256(utf8ToBytes(text)))
}

export function hmacSha256Hex(key: string, text: string): string {
  return bytesToHex(hmac(sha256, utf8ToBytes(key), utf8ToBytes(text)))
}

type DatePart = string | ((date: Date) => string)

const dateFields: Readonly<Record<string, (date: Date) => string>> = {
  YYYY: (date) => String(date.getUTCFullYear()).padStart(4, '0'),
  MM: (date) => two(date.getUTCMonth() + 1),
  DD: (date) => two(date.getUTCDate()),
  HH: (date) => two(date.getUTCHours()),
  mm: (date) => two(date.getUTCMinutes()),
  ss: (date) => two(date.getUTCSeconds()),
  SSS: (date) => String(date.getUTCMilliseconds()).padStart(3, '0'),
}

function two(number: number): string {
  return number < 10 ? `0${number}` : String(number)
}

/** YYYY, MM, DD, HH, mm, ss and SSS of an instant in UTC; everything else in the format stands for itself. */
export function dateFormatter(format: string): (epochMs: number) => string {
  const parts: DatePart[] = format
    .split(/(YYYY|MM|DD|HH|mm|SSS|ss)/)
    .map((part) => (Object.hasOwn(dateFields, part) ? (dateFields[part] ?? part) : part))
  return (epochMs) => {
    const date = new Date(epochMs)
    let text = ''
    for (const part of parts) text += typeof part === 'string' ? part : part(date)
    return text
  }
}
