import { mkdir, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { BreakwaterError } from '../core/error.ts'

/** Throws BreakwaterError `output-unwritable`, also where there is such a file already: that one stays as it is. */
export async function writeNewFile(file: string, text: string): Promise<void> {
  try {
    await mkdir(path.dirname(file), { recursive: true })
    await writeFile(file, text, { flag: 'wx' })
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    if (code === 'EEXIST') {
      throw new BreakwaterError('output-unwritable', `${file} exists already; it was left as it is`, {
        hint: 'Name another file with --out, or remove that one first.',
        cause: error,
      })
    }
    throw unwritable(file, error)
  }
}

export function unwritable(what: string, cause: unknown): BreakwaterError {
  const { code = String(cause) } = cause as NodeJS.ErrnoException
  return new BreakwaterError('output-unwritable', `${what} cannot be written (${code})`, {
    hint: 'Name a place that can be written to with --out.',
    cause,
  })
}
