import type { Issue } from './issue.ts'
import type { Json } from './load-test.ts'
import { isRemoval, nameOfPiece, namesHint } from './overlay.ts'
import { type PathSegment, pathText } from './path.ts'
import { jsonOf, listOf, mapOf, type Origin, type Piece } from './piece.ts'
import { show } from './quantity.ts'
import { itemSchema, mapForms, nameKeysOf, type Schema } from './schema-forms.ts'
import type { SetPath, SetSegment } from './set-path.ts'

/** `--set` or `--label`: one value at one place. */
export interface Setting {
  readonly path: SetPath
  /** Null takes away what is there. */
  readonly value: Json
}

type Problem = Omit<Issue, 'path'>

/** What a place below `piece` becomes; null: nothing is left of it. */
type Outcome =
  | { readonly ok: true; readonly piece: Piece | null }
  | { readonly ok: false; readonly issue: Issue }

/**
 * `base` with a value put at a place, in the stead of all that was there. Maps on the way are made where there are none. Codes: `unknown-path`,
 * `unknown-name`, `wrong-type`.
 */
export function settled(base: Piece, { path, value }: Setting, origin: Origin, schema: Schema): Outcome {
  return descend(base, 0, schema, [])

  function descend(
    piece: Piece | undefined,
    depth: number,
    schema: Schema | undefined,
    at: readonly PathSegment[],
  ): Outcome {
    const segment = path[depth]
    if (segment === undefined) {
      return { ok: true, piece: value === null ? null : { kind: 'whole', value, origin } }
    }
    const items = listOf(piece)
    if (piece !== undefined && items !== undefined) return inList(piece, items, segment, depth, schema, at)
    const map = mapOf(piece)
    if (piece !== undefined && map === undefined) return refused(at, nothingBelow(at, piece))
    if (segment.kind === 'index') return refused(at, noList(at, segment.index, map !== undefined))
    return inMap(map, segment.text, depth, schema, at)
  }

  function inMap(
    map: Extract<Piece, { kind: 'map' }> | undefined,
    key: string,
    depth: number,
    schema: Schema | undefined,
    at: readonly PathSegment[],
  ): Outcome {
    const forms = mapForms(schema)
    const form = forms.find((form) => form.keys === null || form.keys.has(key)) ?? forms[0]
    const child = form?.child(key)
    const entries = new Map(map?.entries)
    const removed = new Map(map?.removed)
    const outcome = descend(entries.get(key), depth + 1, child, [...at, key])
    if (!outcome.ok) return outcome
    if (outcome.piece !== null) entries.set(key, outcome.piece)
    else if (isRemoval(key, entries, form, child)) {
      entries.delete(key)
      removed.set(key, origin)
    } else entries.set(key, { kind: 'whole', value: null, origin })
    return { ok: true, piece: { kind: 'map', entries, removed, origin: map?.origin ?? origin } }
  }

  function inList(
    piece: Piece,
    items: readonly Piece[],
    segment: SetSegment,
    depth: number,
    schema: Schema | undefined,
    at: readonly PathSegment[],
  ): Outcome {
    const item = itemSchema(schema)
    const isLast = depth === path.length - 1
    const found = indexIn(items, segment, nameKeysOf(item), isLast && value !== null, at)
    if (typeof found !== 'number') return refused(at, found)
    const outcome = descend(items[found], depth + 1, item, [...at, found])
    if (!outcome.ok) return outcome
    const { piece: put } = outcome
    const next = put === null ? items.toSpliced(found, 1) : items.toSpliced(found, 1, put)
    return { ok: true, piece: { kind: 'list', items: next, origin: piece.origin } }
  }
}

/** The item that a segment means, or why there is none. `mayAdd`: one past the end is a new one. */
function indexIn(
  items: readonly Piece[],
  segment: SetSegment,
  keys: readonly string[],
  mayAdd: boolean,
  at: readonly PathSegment[],
): number | Problem {
  const list = pathText(at)
  if (segment.kind === 'key') {
    return {
      code: 'unknown-path',
      message: `\`${list}\` is a list, which has no key ${show(segment.text)}.`,
      hint: `Name one of its items: ${exampleItem(list, items, keys)}.`,
    }
  }
  if (segment.kind === 'index') {
    const { index } = segment
    if (index < items.length || (mayAdd && index === items.length)) return index
    const last = items.length - 1
    return {
      code: 'unknown-path',
      message: `There is no \`${list}[${index}]\`: ${countText(list, items.length)}.`,
      hint:
        last < 0
          ? `Set the whole list: \`${list}=[…]\`.`
          : `The last one is \`${list}[${last}]\`; they are counted from 0.`,
    }
  }
  const names = items.map((item) => nameOfPiece(item, keys))
  const found = names.flatMap((name, index) => (name === segment.text ? [index] : []))
  const [index, second] = found
  if (index === undefined) {
    return {
      code: 'unknown-name',
      message: `Nothing in \`${list}\` is called ${show(segment.text)}.`,
      hint: namesHint(
        segment.text,
        names.flatMap((name) => name ?? []),
      ),
    }
  }
  if (second === undefined) return index
  return {
    code: 'unknown-name',
    message: `${found.length} items of \`${list}\` are called ${show(segment.text)}.`,
    hint: `Write which one: ${found.map((index) => `\`${list}[${index}]\``).join(' or ')}.`,
  }
}

function countText(list: string, count: number): string {
  return count === 0
    ? `\`${list}\` is empty`
    : `\`${list}\` has ${count === 1 ? 'one item' : `${count} items`}`
}

function exampleItem(list: string, items: readonly Piece[], keys: readonly string[]): string {
  const name = items[0] && nameOfPiece(items[0], keys)
  return name === undefined ? `\`${list}[0]\`` : `\`${list}[0]\` or \`${list}[${name}]\``
}

function nothingBelow(at: readonly PathSegment[], piece: Piece): Problem {
  return {
    code: 'wrong-type',
    message: `\`${pathText(at)}\` is ${show(jsonOf(piece))}, and nothing is below it.`,
    hint: `Set it as a whole: \`${pathText(at)}=…\`.`,
  }
}

function noList(at: readonly PathSegment[], index: number, isMap: boolean): Problem {
  const list = pathText(at)
  return {
    code: 'unknown-path',
    message: `There is no \`${list}[${index}]\`: \`${list}\` is ${isMap ? 'a map' : 'not there'}.`,
    hint: isMap ? 'Name one of its keys.' : `Set the whole list: \`${list}=[…]\`.`,
  }
}

function refused(at: readonly PathSegment[], problem: Problem): Outcome {
  return { ok: false, issue: { path: pathText(at), ...problem } }
}
