import { posix } from 'node:path'
import type { Files } from '../core/scenario/compiled.ts'
import { importsOf, placesOfImport } from '../worker/transport/proto-imports.ts'

/** Files that are followed at most: nobody has more, and a folder may be a labyrinth. */
const mostFiles = 1000

/**
 * `files`, and whatever the proto files among them import, from wherever `read` finds it (null: it is not there). What cannot be found, and what is no proto
 * file, is told when the files are put together.
 */
export async function withImports(
  protos: readonly string[],
  files: Files,
  read: (name: string) => Promise<Uint8Array | null>,
): Promise<Files> {
  const all = new Map(Object.entries(files))
  const known = new Set([...all.keys()].map((name) => posix.normalize(name)))
  const waiting = protos.flatMap((name) => [{ name: posix.normalize(name), bytes: all.get(name) }])
  for (let next = waiting.shift(); next !== undefined && all.size < mostFiles; next = waiting.shift()) {
    for (const wanted of next.bytes === undefined ? [] : imports(next.bytes)) {
      const found = await first(placesOfImport(next.name, wanted), known, read)
      if (found === null) continue
      known.add(found.name)
      all.set(found.name, found.bytes)
      waiting.push(found)
    }
  }
  return Object.fromEntries(all)
}

function imports(bytes: Uint8Array): readonly string[] {
  try {
    return importsOf(new TextDecoder().decode(bytes))
  } catch {
    return []
  }
}

/** Null: it is there already, or nowhere. */
async function first(
  places: readonly string[],
  known: ReadonlySet<string>,
  read: (name: string) => Promise<Uint8Array | null>,
): Promise<{ readonly name: string; readonly bytes: Uint8Array } | null> {
  for (const name of places) {
    if (known.has(name)) return null
    const bytes = await read(name)
    if (bytes !== null) return { name, bytes }
  }
  return null
}
