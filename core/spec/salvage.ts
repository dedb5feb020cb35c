import type { z } from 'zod'
import type { Issue } from './issue.ts'
import type { Json } from './load-test.ts'

/** What could be read of a map, and whether that is all of it. */
export interface Salvaged<T> {
  readonly wish: T
  readonly whole: boolean
}

/**
 * Reads a map without those of its fields that have the wrong shape (which is told elsewhere), so that what else is wrong with it is
 * told at the same time. Undefined where too little is left.
 */
export function salvage<S extends z.ZodType>(
  schema: S,
  input: Json | undefined,
): Salvaged<z.output<S>> | undefined {
  const first = schema.safeParse(input)
  if (first.success) return { wish: first.data, whole: true }
  if (typeof input !== 'object' || input === null || Array.isArray(input)) return undefined
  const broken = new Set(
    first.error.issues.flatMap((issue) =>
      issue.code === 'unrecognized_keys' && issue.path.length === 0 ? issue.keys : issue.path.slice(0, 1),
    ),
  )
  const rest = Object.fromEntries(Object.entries(input).filter(([key]) => !broken.has(key)))
  const { data } = schema.safeParse(rest)
  return data === undefined ? undefined : { wish: data, whole: false }
}

/** What `read` makes of a map that could be read as a whole. Of any other, it only tells what is wrong. */
export function readSalvaged<T, R>(
  { wish, whole }: Salvaged<T>,
  issues: Issue[],
  read: (wish: T, issues: Issue[]) => R,
): R | undefined {
  const found: Issue[] = []
  const value = read(wish, found)
  issues.push(...newsOf(found, whole))
  return whole ? value : undefined
}

/** That something is missing is no news where parts were left out. */
export function newsOf(found: readonly Issue[], whole: boolean): readonly Issue[] {
  return whole ? found : found.filter(({ code }) => code !== 'missing')
}
