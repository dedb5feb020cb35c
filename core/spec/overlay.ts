import type { z } from 'zod'
import type { Issue } from './issue.ts'
import type { Json } from './load-test.ts'
import { nearest } from './nearest.ts'
import { pathText } from './path.ts'
import { below, isMap, jsonOf, listOf, mapOf, type Origin, type Piece } from './piece.ts'
import { show } from './quantity.ts'
import { itemSchema, type MapForm, mapForms, nameKeysOf, type Schema } from './schema-forms.ts'

type Entries = ReadonlyMap<string, Piece>
type Put = (path: Origin, issue: Omit<Issue, 'path'>) => void

/** What kustomize calls so: a map or an item of a list that says what to do instead of being merged. */
const directive = '$patch'

/**
 * `base` with an overlay laid over it. Maps merge; `null` removes a key; everything else replaces. Lists whose items have names merge by
 * them: the same name merges, a new one goes to the end. A map in another form of its field (`rate`, `think`, `capture`, …) replaces. Codes:
 * `duplicate-name`, `unknown-name`, `unknown-value`; their paths are places of the overlay.
 */
export function overlaid(base: Piece, overlay: Json, origin: Origin, schema: Schema, issues: Issue[]): Piece {
  const put: Put = ({ path }, issue) => issues.push({ path: pathText(path), ...issue })
  return merged(base, overlay, origin, schema, put)
}

function merged(
  base: Piece | undefined,
  value: Json,
  origin: Origin,
  schema: Schema | undefined,
  put: Put,
): Piece {
  if (Array.isArray(value)) return mergedList(base, value as readonly Json[], origin, schema, put)
  if (isMap(value)) return mergedMap(base, value, origin, schema, put)
  return { kind: 'whole', value, origin }
}

function mergedMap(
  base: Piece | undefined,
  value: { readonly [key: string]: Json },
  origin: Origin,
  schema: Schema | undefined,
  put: Put,
): Piece {
  const forms = mapForms(schema)
  const { [directive]: patch, ...rest } = forms.length > 0 ? value : { ...value, [directive]: undefined }
  if (patch === 'replace') return { kind: 'whole', value: rest, origin }
  if (patch !== undefined) put(below(origin, directive), wrongDirective(patch, 'replace'))
  const under = mapOf(base)
  const { entries, form } = agreed(forms, under?.entries ?? new Map(), Object.keys(rest))
  const result = new Map(entries)
  const removed = new Map(under?.removed)
  for (const [key, child] of Object.entries(rest)) {
    const at = below(origin, key)
    const of = form?.child(key)
    if (child !== null) result.set(key, merged(entries.get(key), child, at, of, put))
    else if (isRemoval(key, entries, form, of)) {
      result.delete(key)
      removed.set(key, at)
    } else result.set(key, { kind: 'whole', value: null, origin: at })
  }
  return { kind: 'map', entries: result, removed, origin: under?.origin ?? origin }
}

/**
 * The form in which both can stand together. Where there is none, but one for the overlay alone, nothing is left of what was there; a key that no
 * form has is left to validation.
 */
function agreed(
  forms: readonly MapForm[],
  entries: Entries,
  keys: readonly string[],
): { readonly entries: Entries; readonly form: MapForm | undefined } {
  const both = forms.find((form) => hasAll(form, [...entries.keys(), ...keys]))
  if (both !== undefined) return { entries, form: both }
  const alone = forms.length > 1 ? forms.find((form) => hasAll(form, keys)) : undefined
  if (alone !== undefined) return { entries: new Map(), form: alone }
  return { entries, form: forms.find((form) => hasAll(form, [...entries.keys()])) ?? forms[0] }
}

function hasAll({ keys: own }: MapForm, keys: readonly string[]): boolean {
  return own === null || keys.every((key) => own.has(key))
}

/** A null where nothing is to be removed is a value where the language takes one, and where it takes nothing of that name. */
export function isRemoval(
  key: string,
  entries: Entries,
  form: MapForm | undefined,
  child: Schema | undefined,
): boolean {
  if (entries.has(key)) return true
  if (form === undefined || child === undefined) return false
  return !(child as z.ZodType).safeParse(null).success
}

function mergedList(
  base: Piece | undefined,
  value: readonly Json[],
  origin: Origin,
  schema: Schema | undefined,
  put: Put,
): Piece {
  const item = itemSchema(schema)
  const keys = nameKeysOf(item)
  const [first, ...rest] = value
  if (keys.length > 0 && isMap(first) && Object.keys(first).join() === directive) {
    if (first[directive] !== 'replace')
      put(below(below(origin, 0), directive), wrongDirective(first[directive], 'replace'))
    const items = rest.map(
      (value, index): Piece => ({ kind: 'whole', value, origin: below(origin, index + 1) }),
    )
    return { kind: 'list', items, origin }
  }
  const names = value.map((one) => nameOf(one, keys))
  const under = listOf(base)
  if (under === undefined || names.length === 0 || names.includes(undefined))
    return { kind: 'whole', value, origin }
  const items = mergedByName(under, value as readonly { [key: string]: Json }[], names as readonly string[])
  return { kind: 'list', items, origin: base?.origin ?? origin }

  function mergedByName(
    under: readonly Piece[],
    value: readonly { readonly [key: string]: Json }[],
    names: readonly string[],
  ): readonly Piece[] {
    let items = under
    for (const [index, one] of value.entries()) {
      const at = below(origin, index)
      const name = names[index] as string
      if (names.indexOf(name) < index) put(at, twice(name))
      const isThis = (piece: Piece) => nameOfPiece(piece, keys) === name
      if (one[directive] === 'delete') {
        if (!items.some(isThis)) put(at, unknownName(name, items, keys))
        items = items.filter((piece) => !isThis(piece))
      } else if (items.some(isThis)) {
        items = items.map((piece) => (isThis(piece) ? merged(piece, one, at, item, put) : piece))
      } else items = [...items, merged(undefined, one, at, item, put)]
    }
    return items
  }
}

function nameOf(value: Json | undefined, keys: readonly string[]): string | undefined {
  if (!isMap(value)) return undefined
  const name = keys
    .map((key) => (Object.hasOwn(value, key) ? value[key] : undefined))
    .find((name) => name !== undefined)
  return typeof name === 'string' ? name : undefined
}

/** What an item of a list is called; undefined where it has no name. */
export function nameOfPiece(piece: Piece, keys: readonly string[]): string | undefined {
  const entries = mapOf(piece)?.entries
  const name = keys.map((key) => entries?.get(key)).find((name) => name !== undefined)
  const value = name && jsonOf(name)
  return typeof value === 'string' ? value : undefined
}

function twice(name: string): Omit<Issue, 'path'> {
  return {
    code: 'duplicate-name',
    message: `The name ${show(name)} stands twice in this list, whose items are merged by their names.`,
    hint: 'Keep one of the two.',
  }
}

function unknownName(name: string, items: readonly Piece[], keys: readonly string[]): Omit<Issue, 'path'> {
  return {
    code: 'unknown-name',
    message: `There is nothing called ${show(name)} that could be deleted.`,
    hint: namesHint(
      name,
      items.flatMap((piece) => nameOfPiece(piece, keys) ?? []),
    ),
  }
}

/** The name that was meant, else those that there are. */
export function namesHint(name: string, names: readonly string[]): string {
  const near = nearest(name, names)
  if (near !== undefined) return `Did you mean ${show(near)}?`
  return names.length === 0 ? 'None of them has a name.' : `The names are ${names.slice(0, 20).join(', ')}.`
}

function wrongDirective(found: Json | undefined, known: string): Omit<Issue, 'path'> {
  return {
    code: 'unknown-value',
    message: `Found ${show(found)}, which is nothing that \`${directive}\` can do here.`,
    hint: `Write \`${directive}: ${known}\`, or \`${directive}: delete\` in an item of a list that has a name.`,
  }
}
