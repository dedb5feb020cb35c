import { forbiddenKeys } from '../../../core/spec/plain-input.ts'
import { type DraftField, encoded, literal } from '../draft.ts'
import type { Fill } from './fill.ts'

/** `name=value`, as sent and as meant. */
export interface Pair {
  readonly raw: string
  readonly name: string
  readonly value: string
}

/** More take their place in the path, or stay text. */
const mostPairs = 200

/** The pairs of a query or a form; null where writing them again could make something else of them. */
export function pairsOf(text: string): readonly Pair[] | null {
  if (text === '') return []
  const pairs: Pair[] = []
  const names = new Set<string>()
  for (const raw of text.split('&', mostPairs + 1)) {
    const at = raw.indexOf('=')
    const name = decoded(raw.slice(0, Math.max(at, 0)))
    const value = decoded(raw.slice(at + 1))
    if (name === null || value === null || name === '' || names.has(name) || forbiddenKeys.has(name))
      return null
    names.add(name)
    pairs.push({ raw, name, value })
  }
  return pairs.length > mostPairs ? null : pairs
}

export function pairFields(
  pairs: readonly Pair[],
  kind: 'query' | 'form',
  fill: Fill,
): readonly DraftField[] {
  return pairs.map(({ name, value }) => ({
    key: name.toWellFormed(),
    value: fill(value, { kind, key: name }),
  }))
}

/** A query that has to stay as it was sent, save the values that are filled in. */
export function rawQuery(text: string, fill: Fill): string {
  return text
    .split('&')
    .map((raw) => {
      const at = raw.indexOf('=')
      const name = raw.slice(0, Math.max(at, 0))
      const value = at < 0 ? null : decoded(raw.slice(at + 1))
      if (value === null) return literal(raw)
      const filled = fill(value, { kind: 'query', key: decoded(name) ?? name }, encoded)
      return filled === encoded(value) ? literal(raw) : `${literal(name)}=${filled}`
    })
    .join('&')
}

function decoded(text: string): string | null {
  try {
    return decodeURIComponent(text.replaceAll('+', ' '))
  } catch {
    return null
  }
}
