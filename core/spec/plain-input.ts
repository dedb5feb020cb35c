import type { Issue, Parsed } from './issue.ts'
import type { Json } from './load-test.ts'
import { type PathSegment, pathText } from './path.ts'

/** Bounds of what is looked at at all; a LoadTest of 500 steps stays far below them. */
export const inputBounds = { bytes: 1024 * 1024, values: 200_000, depth: 64 } as const

/** Keys that would reach an object's prototype in careless code. */
export const forbiddenKeys: ReadonlySet<string> = new Set(['__proto__', 'constructor', 'prototype'])
const mostIssues = 50

/**
 * A copy of `input` that is JSON and nothing else, so that everything behind may trust it. Codes: `too-large`, `too-deep`, `not-json`,
 * `forbidden-key`.
 */
export function plainInput(input: unknown): Parsed<Json> {
  const copier = new Copier()
  const value = copier.copy(input, [])
  return copier.issues.length > 0 ? { ok: false, issues: copier.issues } : { ok: true, value }
}

class Copier {
  readonly issues: Issue[] = []
  #values = 0
  #characters = 0
  #full = false

  copy(input: unknown, path: PathSegment[]): Json {
    if (this.#full) return null
    this.#values++
    if (this.#values > inputBounds.values) {
      return this.#stop(path, 'too-large', `The LoadTest has more than ${inputBounds.values} values.`)
    }
    if (input === null || typeof input === 'boolean') return input
    if (typeof input === 'string') return this.#text(input, path)
    if (typeof input === 'number') {
      return Number.isFinite(input)
        ? input
        : this.#refuse(path, `${input} is not a number a LoadTest can hold.`)
    }
    if (typeof input !== 'object') {
      return this.#refuse(
        path,
        `Found ${input === undefined ? 'nothing' : `a ${typeof input}`} where a value should be.`,
      )
    }
    if (path.length >= inputBounds.depth) {
      return this.#stop(path, 'too-deep', `The LoadTest is nested more than ${inputBounds.depth} deep.`)
    }
    if (Array.isArray(input)) return this.#list(input, path)
    const prototype = Object.getPrototypeOf(input)
    if (prototype !== Object.prototype && prototype !== null) {
      return this.#refuse(path, 'Found an object that is neither a map nor a list.')
    }
    return this.#map(input, path)
  }

  #list(input: readonly unknown[], path: PathSegment[]): Json {
    const copy: Json[] = []
    for (let i = 0; i < input.length && !this.#full; i++) copy.push(this.#child(input[i], path, i))
    return copy
  }

  #map(input: object, path: PathSegment[]): Json {
    const copy: Record<string, Json> = {}
    for (const key of Object.keys(input)) {
      if (this.#full) break
      this.#text(key, path)
      if (forbiddenKeys.has(key)) {
        this.#add(
          [...path, key],
          'forbidden-key',
          `The key \`${key}\` is not allowed anywhere in a LoadTest.`,
          'Give it another name.',
        )
      } else copy[key] = this.#child((input as Readonly<Record<string, unknown>>)[key], path, key)
    }
    return copy
  }

  #child(value: unknown, path: PathSegment[], segment: PathSegment): Json {
    path.push(segment)
    const copy = this.copy(value, path)
    path.pop()
    return copy
  }

  #text(text: string, path: PathSegment[]): Json {
    this.#characters += text.length
    if (this.#characters <= inputBounds.bytes) return text
    return this.#stop(path, 'too-large', 'The LoadTest holds more than 1 MiB of text.')
  }

  #refuse(path: PathSegment[], message: string): Json {
    this.#add(path, 'not-json', message, 'Write text, a number, true, false, null, a list or a map.')
    return null
  }

  #stop(path: PathSegment[], code: string, message: string): Json {
    this.#full = true
    this.#add(
      path.slice(0, 4),
      code,
      message,
      'A LoadTest holds at most 1 MiB; put rows and payloads into files beside it.',
    )
    return null
  }

  #add(path: PathSegment[], code: string, message: string, hint: string): void {
    if (this.issues.length >= mostIssues) this.#full = true
    else this.issues.push({ path: pathText(path), code, message, hint })
  }
}
