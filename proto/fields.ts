import { type RequestError, requestErrors } from '../core/measure/request-error.ts'
import { refuse } from './bad-message.ts'

/** What a field of a message may hold. Each gives the value as the house uses it, or refuses the message. */

/** UTF-16 units. More than any text of a LoadTest (1 MiB) and than a message may carry. */
const longestText = 1_048_576
const longestId = 256
/** As the command line has it. */
const mostThreads = 1024

export function present<T>(value: T | undefined, field: string): T {
  return value === undefined ? refuse(`${field} is missing`) : value
}

/** A whole number from 0 to 2⁵³ − 1. A sender's negative arrives as one near 2⁶⁴. */
export function count(value: bigint, field: string): number {
  const whole = Number(value)
  return whole <= Number.MAX_SAFE_INTEGER ? whole : refuse(`${field} is not a count (${value})`)
}

export function positive(value: number, field: string): number {
  return value >= 1 ? value : refuse(`${field} must be at least 1, is ${value}`)
}

/** Engine threads of a worker. */
export function threads(value: number, field: string): number {
  return value <= mostThreads ? positive(value, field) : refuse(`${field} is ${value}, above ${mostThreads}`)
}

export function finite(value: number, field: string): number {
  return Number.isFinite(value) ? value : refuse(`${field} is not a finite number (${value})`)
}

/** A share, a length or a size: finite and not below 0. */
export function magnitude(value: number, field: string): number {
  return finite(value, field) >= 0 ? value : refuse(`${field} is negative (${value})`)
}

export function text(value: string, field: string): string {
  return value.length <= longestText ? value : refuse(`${field} is too long (${value.length} characters)`)
}

/** A text that must be there. */
export function id(value: string, field: string): string {
  if (value === '') refuse(`${field} is missing`)
  return value.length <= longestId ? value : refuse(`${field} is too long (${value.length} characters)`)
}

/** An id that becomes part of a subject, where a dot or a wildcard would reach others. */
export function token(value: string, field: string): string {
  return /^[\w-]*$/.test(id(value, field))
    ? value
    : refuse(`${field} may hold letters, digits, - and _ alone`)
}

export function digest(value: string, field: string): string {
  return /^sha256:[0-9a-f]{64}$/.test(value) ? value : refuse(`${field} is not a sha256 digest`)
}

export function oneOf<T extends string>(names: readonly T[], value: string, field: string): T {
  return (names as readonly string[]).includes(value)
    ? (value as T)
    : refuse(`${field} must be one of ${names.join(', ')}, is "${value.slice(0, 40)}"`)
}

const knownErrors = new Set<string>(requestErrors)

export function requestError(value: string, field: string): RequestError {
  return knownErrors.has(value) || /^grpc_[A-Z0-9_]{1,64}$/.test(value)
    ? (value as RequestError)
    : refuse(`${field} is not the name of a request's error ("${value.slice(0, 40)}")`)
}

export function json(source: string, field: string): unknown {
  try {
    return JSON.parse(source)
  } catch (cause) {
    refuse(`${field} is not JSON`, { cause })
  }
}
