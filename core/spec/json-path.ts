import {
  type Comparison,
  type Filter,
  type Operand,
  PathReader,
  type Query,
  type Segment,
  type Selector,
} from './json-path-reader.ts'
import { sameJson } from './same-json.ts'

/**
 * JSONPath (RFC 9535) without functions: names, indices, wildcards, slices, filters, unions of them, and descendants. Nothing is
 * evaluated as code. A path gives the first match in document order; looking for it is bounded in nodes visited and in depth,
 * whatever the path and the document are.
 */
export interface JsonPath {
  readonly text: string
  find(document: unknown): Found
  /** The first `most` matches in document order. `gaveUp`: the bound was met before the document's end. */
  findAll(document: unknown, most: number): { readonly values: readonly unknown[]; readonly gaveUp: boolean }
}

/** `value` where there is a match. `gaveUp`: the bound was met before one was found. */
export type Found =
  | { readonly found: true; readonly value: unknown }
  | { readonly found: false; readonly gaveUp: boolean }

export type ParsedJsonPath =
  | { readonly ok: true; readonly path: JsonPath }
  | { readonly ok: false; readonly message: string; readonly hint: string }

/** Takes 30 to 100 ms, less than parsing a document of as many values. */
const mostVisits = 1_000_000
/** Documents nested deeper are not walked to their end by wildcards and descendants. */
const mostDepth = 512

const nothing: Found = Object.freeze({ found: false, gaveUp: false })
const surrendered: Found = Object.freeze({ found: false, gaveUp: true })

export function parseJsonPath(text: string): ParsedJsonPath {
  const parsed = new PathReader(text).read()
  if ('problem' in parsed) {
    return {
      ok: false,
      message: `The JSONPath \`${text.slice(0, 80)}\` ${parsed.problem}.`,
      hint: parsed.hint,
    }
  }
  const { segments } = parsed
  const keys = straightKeys(segments)
  const find = keys
    ? (document: unknown) => follow(document, keys)
    : (document: unknown) => new Search(document).find(segments)
  const findAll = (document: unknown, most: number) => new Search(document).findAll(segments, most)
  return { ok: true, path: { text, find, findAll } }
}

/** The keys of a path that can match at one place alone; undefined for any other. */
function straightKeys(segments: readonly Segment[]): (string | number)[] | undefined {
  const keys: (string | number)[] = []
  for (const { descend, selectors } of segments) {
    const selector = selectors[0]
    if (descend || selectors.length !== 1 || selector === undefined) return undefined
    if (selector.kind === 'name') keys.push(selector.name)
    else if (selector.kind === 'index') keys.push(selector.index)
    else return undefined
  }
  return keys
}

function follow(document: unknown, keys: readonly (string | number)[]): Found {
  let value = document
  for (const key of keys) {
    value = typeof key === 'string' ? member(value, key) : element(value, key)
    if (value === undefined) return nothing
  }
  return { found: true, value }
}

/** JSON knows no undefined, so it stands for "no such member". */
function member(value: unknown, name: string): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined
  return Object.hasOwn(value, name) ? (value as Record<string, unknown>)[name] : undefined
}

function element(value: unknown, index: number): unknown {
  return Array.isArray(value) ? value[index < 0 ? value.length + index : index] : undefined
}

/** Depth first, so that the first match found is the first of the document; undefined while there is none. */
class Search {
  readonly #document: unknown
  #visits = 0
  /** Of the path all of whose matches are wanted: paths within filters end at their first. */
  #collecting: readonly Segment[] | null = null
  readonly #collected: unknown[] = []
  #most = 0

  constructor(document: unknown) {
    this.#document = document
  }

  find(segments: readonly Segment[]): Found {
    let value: unknown
    try {
      value = this.#match(this.#document, segments, 0, 0)
    } catch (error) {
      // Filters that compare values nested so deeply that the stack is exhausted.
      if (error instanceof RangeError) return surrendered
      throw error
    }
    if (value !== undefined) return { found: true, value }
    return this.#visits >= mostVisits ? surrendered : nothing
  }

  findAll(segments: readonly Segment[], most: number): { values: readonly unknown[]; gaveUp: boolean } {
    this.#collecting = segments
    this.#most = most
    const { gaveUp } = { gaveUp: false, ...this.find(segments) }
    return { values: this.#collected, gaveUp }
  }

  #match(value: unknown, segments: readonly Segment[], at: number, depth: number): unknown {
    const segment = segments[at]
    if (segment === undefined) return segments === this.#collecting ? this.#collect(value) : value
    for (const selector of segment.selectors) {
      const match = this.#select(value, selector, segments, at, depth)
      if (match !== undefined) return match
    }
    if (!segment.descend) return undefined
    return this.#each(value, depth, (child) => this.#match(child, segments, at, depth + 1))
  }

  /** Undefined: the search goes on. */
  #collect(value: unknown): true | undefined {
    this.#collected.push(value)
    return this.#collected.length >= this.#most ? true : undefined
  }

  #select(
    value: unknown,
    selector: Selector,
    segments: readonly Segment[],
    at: number,
    depth: number,
  ): unknown {
    const next = (child: unknown) => this.#match(child, segments, at + 1, depth + 1)
    switch (selector.kind) {
      case 'name': {
        const child = member(value, selector.name)
        return child === undefined ? undefined : next(child)
      }
      case 'index': {
        const child = element(value, selector.index)
        return child === undefined ? undefined : next(child)
      }
      case 'wildcard':
        return this.#each(value, depth, next)
      case 'slice':
        return Array.isArray(value) ? this.#slice(value, selector, next) : undefined
      case 'filter':
        return this.#each(value, depth, (child) =>
          this.#holds(selector.filter, child, depth + 1) ? next(child) : undefined,
        )
      default:
        return selector satisfies never
    }
  }

  /** False, too, once the bound is met. */
  #holds(filter: Filter, child: unknown, depth: number): boolean {
    switch (filter.kind) {
      case 'any':
        return filter.of.some((part) => this.#holds(part, child, depth))
      case 'all':
        return filter.of.every((part) => this.#holds(part, child, depth))
      case 'not':
        return !this.#holds(filter.of, child, depth) && this.#visits < mostVisits
      case 'exists':
        return this.#query(filter.query, child, depth) !== undefined
      case 'compare':
        return (
          compare(
            filter.op,
            this.#operand(filter.left, child, depth),
            this.#operand(filter.right, child, depth),
          ) && this.#visits < mostVisits
        )
      default:
        return filter satisfies never
    }
  }

  #operand(operand: Operand, child: unknown, depth: number): unknown {
    return operand.kind === 'literal' ? operand.value : this.#query(operand.query, child, depth)
  }

  #query({ fromRoot, segments }: Query, child: unknown, depth: number): unknown {
    this.#visits++
    return this.#match(fromRoot ? this.#document : child, segments, 0, depth)
  }

  #each(value: unknown, depth: number, look: (child: unknown) => unknown): unknown {
    if (typeof value !== 'object' || value === null) return undefined
    if (depth >= mostDepth) {
      this.#visits = mostVisits
      return undefined
    }
    if (Array.isArray(value)) {
      for (let i = 0; i < value.length && this.#visits < mostVisits; i++) {
        this.#visits++
        const match = look(value[i])
        if (match !== undefined) return match
      }
      return undefined
    }
    for (const name in value) {
      if (++this.#visits >= mostVisits) return undefined
      const match = look(member(value, name))
      if (match !== undefined) return match
    }
    return undefined
  }

  /** Bounds as RFC 9535 §2.3.4.2 has them. */
  #slice(
    array: readonly unknown[],
    { start, end, step }: { start: number | null; end: number | null; step: number },
    look: (child: unknown) => unknown,
  ): unknown {
    if (step === 0) return undefined
    const size = array.length
    const from = start === null ? (step > 0 ? 0 : size - 1) : start < 0 ? size + start : start
    const to = end === null ? (step > 0 ? size : -1) : end < 0 ? size + end : end
    const first = step > 0 ? clamp(from, 0, size) : clamp(from, -1, size - 1)
    const last = step > 0 ? clamp(to, 0, size) : clamp(to, -1, size - 1)
    for (let i = first; step > 0 ? i < last : i > last; i += step) {
      if (++this.#visits >= mostVisits) return undefined
      const match = look(array[i])
      if (match !== undefined) return match
    }
    return undefined
  }
}

/** RFC 9535 §2.3.5.2.2; undefined is what a query gives that finds nothing. */
function compare(op: Comparison, left: unknown, right: unknown): boolean {
  switch (op) {
    case '==':
      return sameJson(left, right)
    case '!=':
      return !sameJson(left, right)
    case '<':
      return isLess(left, right)
    case '>':
      return isLess(right, left)
    case '<=':
      return isLess(left, right) || sameJson(left, right)
    case '>=':
      return isLess(right, left) || sameJson(left, right)
    default:
      return op satisfies never
  }
}

function isLess(left: unknown, right: unknown): boolean {
  if (typeof left === 'number' && typeof right === 'number') return left < right
  return typeof left === 'string' && typeof right === 'string' && left < right
}

function clamp(value: number, low: number, high: number): number {
  return Math.min(Math.max(value, low), high)
}
