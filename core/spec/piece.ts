import type { Json } from './load-test.ts'
import { type PathSegment, parentPath, pathText } from './path.ts'

/** Where something of a merged LoadTest was written. */
export interface Origin {
  /** 0: the file itself; then what changes it, in order. */
  readonly layer: number
  /** Its place in that text. */
  readonly path: readonly PathSegment[]
}

/** A value of a merged LoadTest that remembers where it was written. */
export type Piece =
  /** As one text has it, with everything below. */
  | { readonly kind: 'whole'; readonly value: Json; readonly origin: Origin }
  | {
      readonly kind: 'map'
      readonly entries: ReadonlyMap<string, Piece>
      /** Keys that were there, and who took them away. */
      readonly removed: ReadonlyMap<string, Origin>
      readonly origin: Origin
    }
  | { readonly kind: 'list'; readonly items: readonly Piece[]; readonly origin: Origin }

export function below({ layer, path }: Origin, segment: PathSegment): Origin {
  return { layer, path: [...path, segment] }
}

/** Undefined where it is no map. */
export function mapOf(piece: Piece | undefined): Extract<Piece, { kind: 'map' }> | undefined {
  if (piece?.kind !== 'whole') return piece?.kind === 'map' ? piece : undefined
  const { value, origin } = piece
  if (!isMap(value)) return undefined
  const entries = Object.entries(value).map(([key, child]): [string, Piece] => [
    key,
    { kind: 'whole', value: child, origin: below(origin, key) },
  ])
  return { kind: 'map', entries: new Map(entries), removed: new Map(), origin }
}

/** Undefined where it is no list. */
export function listOf(piece: Piece | undefined): readonly Piece[] | undefined {
  if (piece?.kind !== 'whole') return piece?.kind === 'list' ? piece.items : undefined
  const { value, origin } = piece
  if (!Array.isArray(value)) return undefined
  return (value as readonly Json[]).map((item, index) => ({
    kind: 'whole',
    value: item,
    origin: below(origin, index),
  }))
}

export function jsonOf(piece: Piece): Json {
  switch (piece.kind) {
    case 'whole':
      return piece.value
    case 'map':
      // Defines what a key such as `__proto__` would otherwise set: it is refused later, by name.
      return Object.fromEntries([...piece.entries].map(([key, child]) => [key, jsonOf(child)]))
    case 'list':
      return piece.items.map(jsonOf)
    default:
      return piece satisfies never
  }
}

/** Where the place `path` of a merged LoadTest was written: it or the nearest one around it, with its path in that text. */
export function originFinder(
  root: Piece,
): (path: string) => { readonly layer: number; readonly path: string } {
  const origins = new Map<string, Origin>()
  record(root, [], origins)
  return (path) => {
    for (let at: string | undefined = path; at !== undefined; at = parentPath(at)) {
      const origin = origins.get(at)
      if (origin === undefined) continue
      return { layer: origin.layer, path: `${pathText(origin.path)}${path.slice(at.length)}` }
    }
    return { layer: 0, path }
  }
}

function record(piece: Piece, path: readonly PathSegment[], origins: Map<string, Origin>): void {
  origins.set(pathText(path), piece.origin)
  if (piece.kind === 'list') {
    for (const [index, item] of piece.items.entries()) record(item, [...path, index], origins)
  }
  // Paths leave `spec` out: what stands below it finds its way up only where each of its keys is known.
  const isSpec = path.length === 1 && path[0] === 'spec'
  const map = piece.kind === 'map' || isSpec ? mapOf(piece) : undefined
  for (const [key, origin] of map?.removed ?? []) origins.set(pathText([...path, key]), origin)
  for (const [key, child] of map?.entries ?? []) record(child, [...path, key], origins)
}

export function isMap(value: Json | undefined): value is { readonly [key: string]: Json } {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
