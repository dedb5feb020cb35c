import { type Document, isAlias, isMap, isScalar, isSeq, type LineCounter, type ParsedNode } from 'yaml'
import type { Issue } from './issue.ts'
import { type PathSegment, parentPath, pathText } from './path.ts'

export interface Position {
  /** 1-based. */
  readonly line: number
  readonly column: number
}

/** Where something was written, as far as that can be told: a flag has no lines. */
export interface Whereabouts extends Partial<Position> {
  /** What it is in, where that is not the LoadTest's own file. */
  readonly file?: string
  /** Of several texts, which one: 0 is the file. */
  readonly layer?: number
}

/** Where the parts of a LoadTest were written, by their path (path.ts). */
export interface Positions {
  /** Of the place itself or the nearest one around it that was written. */
  find(path: string): Whereabouts
}

/** Issues with where they were written, in the order of the texts; unchanged where there is none. */
export function placed(issues: readonly Issue[], positions: Positions | undefined): readonly Issue[] {
  if (positions === undefined) return issues
  return issues
    .map((issue) => {
      const { layer = 0, ...where } = positions.find(issue.path)
      return { layer, issue: { ...issue, ...where } }
    })
    .toSorted((a, b) => a.layer - b.layer || before(a.issue, b.issue))
    .map(({ issue }) => issue)
}

function before(a: Issue, b: Issue): number {
  return (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0)
}

/** A key or a list item of a document, and where it begins. */
export interface Place {
  readonly path: readonly PathSegment[]
  readonly offset: number
  /** A key that the same map has already. */
  readonly repeated: boolean
}

/** Every key and list item in the order of the text, down to `depth`; aliases are not followed. */
export function* placesOf(document: Document.Parsed<ParsedNode>, depth: number): Generator<Place> {
  yield* placesIn(document.contents, [], depth)
}

function* placesIn(node: unknown, path: readonly PathSegment[], depth: number): Generator<Place> {
  if (isAlias(node) || path.length >= depth) return
  if (isMap<ParsedNode, ParsedNode | null>(node)) {
    const seen = new Set<string>()
    for (const { key, value } of node.items) {
      const name = isScalar(key) ? String(key.value) : String(key)
      const below = [...path, name]
      yield { path: below, offset: key.range?.[0] ?? 0, repeated: seen.has(name) }
      seen.add(name)
      yield* placesIn(value, below, depth)
    }
  } else if (isSeq<ParsedNode>(node)) {
    for (const [index, item] of node.items.entries()) {
      const below = [...path, index]
      yield { path: below, offset: item.range?.[0] ?? 0, repeated: false }
      yield* placesIn(item, below, depth)
    }
  }
}

/** Positions of a document; nothing is looked up before the first `find`. */
export function documentPositions(
  document: Document.Parsed<ParsedNode>,
  lines: LineCounter,
  depth: number,
): { find(path: string): Position } {
  let offsets: Map<string, number> | undefined
  return {
    find(path) {
      offsets ??= new Map(
        Array.from(placesOf(document, depth), (place) => [pathText(place.path), place.offset]),
      )
      for (let at: string | undefined = path; at !== undefined; at = parentPath(at)) {
        const offset = offsets.get(at)
        if (offset !== undefined) return positionAt(lines, offset)
      }
      return { line: 1, column: 1 }
    },
  }
}

export function positionAt(lines: LineCounter, offset: number): Position {
  const { line, col } = lines.linePos(offset)
  return { line: Math.max(1, line), column: Math.max(1, col) }
}
