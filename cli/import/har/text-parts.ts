import { literal } from '../draft.ts'
import { looksDynamic } from './dynamic.ts'
import type { Fill, Place } from './fill.ts'

/** Long texts have many parts, and no id is that long. */
export const mostTextCharacters = 256 * 1024

/** The parts of a text that may be a value by themselves: from the largest to the smallest. */
export const parts = [
  /[\w.-]{8,}/g,
  /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/gi,
  /[\w-]{8,}/g,
  /[A-Za-z0-9]{8,}/g,
]

export interface TextPart {
  readonly value: string
  readonly index: number
}

/** The largest parts of a text that are wanted, in their order; none of them overlap. */
export function* partsOf(text: string, isWanted: (part: string) => boolean, level = 0): Generator<TextPart> {
  const part = parts[level]
  if (part === undefined) return
  for (const { 0: value, index } of text.matchAll(part)) {
    if (isWanted(value)) yield { value, index }
    else if (/[^A-Za-z0-9]/.test(value))
      for (const inner of partsOf(value, isWanted, level + 1)) yield { ...inner, index: index + inner.index }
  }
}

/** Every value that a request may have from an answer. */
export function collectWanted(into: Set<string>): Fill {
  return (value, place, write = literal) => {
    const text = String(value)
    into.add(text)
    if (typeof value === 'number') return value
    const scheme = schemeOf(text, place)
    if (scheme !== undefined) into.add(scheme[1])
    if (text.length <= mostTextCharacters) {
      for (const part of parts)
        for (const [found] of text.matchAll(part)) if (looksDynamic(found)) into.add(found)
    }
    return write(text) as never
  }
}

/** `Bearer abc` of an authorization header. */
export function schemeOf(text: string, { kind, key }: Place): readonly [string, string] | undefined {
  if (kind !== 'header' || !/authorization$/.test(key)) return undefined
  const found = /^(bearer|basic|token|apikey|jwt) +(\S.*)$/i.exec(text)
  return found === null ? undefined : [found[1] ?? '', found[2] ?? '']
}
