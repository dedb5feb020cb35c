import type { Json } from './load-test.ts'

export type RawMap = Readonly<Record<string, Json>>

/** The items where it is a list; else none, which the shape's issues tell. */
export function itemsOf(input: Json | undefined): readonly Json[] {
  return Array.isArray(input) ? input : []
}

/** The fields where it is a map; else none, which the shape's issues tell. */
export function fieldsOf(input: Json | undefined): RawMap {
  return typeof input === 'object' && input !== null && !Array.isArray(input) ? (input as RawMap) : {}
}
