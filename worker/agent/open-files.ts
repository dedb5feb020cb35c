import { readFileSync } from 'node:fs'

/** How many files this process may have open: Node raises its soft limit to the hard one by itself. Null: nobody knows. */
export function openFileLimit(
  read: (file: string) => string = (file) => readFileSync(file, 'utf8'),
): number | null {
  try {
    const hard = /^Max open files\s+\S+\s+(\d+)/m.exec(read('/proc/self/limits'))?.[1]
    return hard === undefined ? null : Number(hard)
  } catch {
    return null
  }
}
