import { mkdir, stat, writeFile } from 'node:fs/promises'
import path from 'node:path'
import { BreakwaterError } from '../core/error.ts'

/** Throws BreakwaterError `output-unwritable`, also where there is such a file already: that one stays as it is. */
export async function writeNewFile(file: string, text: string): Promise<void> {
  const folder = path.dirname(file)
  await makeFolder(folder).catch((error: unknown) => {
    throw unwritable(folder, error)
  })
  try {
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

/** The same for what breakwater makes and nobody else writes: an older one is written over. */
export async function writeGenerated(file: string, text: string): Promise<void> {
  const folder = path.dirname(file)
  await makeFolder(folder).catch((error: unknown) => {
    throw unwritable(folder, error)
  })
  await writeFile(file, text).catch((error: unknown) => {
    throw unwritable(file, error)
  })
}

/**
 * The folder and those above it. Returns the uppermost one that had to be made; undefined: there was none. What `recursive` of node:fs does, save
 * that it tries for ever where a folder is refused as if the one above it were missing, as under /proc.
 */
export async function makeFolder(folder: string): Promise<string | undefined> {
  try {
    await mkdir(folder)
    return folder
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException
    const above = path.dirname(folder)
    if (code === 'ENOENT' && above !== folder) {
      const made = await makeFolder(above)
      await mkdir(folder)
      return made ?? folder
    }
    if (code === 'EEXIST' && (await stat(folder)).isDirectory()) return undefined
    throw error
  }
}

export function unwritable(what: string, cause: unknown): BreakwaterError {
  const { code = String(cause) } = cause as NodeJS.ErrnoException
  return new BreakwaterError('output-unwritable', `${what} cannot be written: ${reasons[code] ?? code}`, {
    hint: 'Name a place that can be written to with --out.',
    cause,
  })
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: 'this user may not (EACCES)',
  EEXIST: 'it is a file, not a folder (EEXIST)',
  EMFILE: 'too many files are open (EMFILE)',
  EISDIR: 'it is a folder, not a file (EISDIR)',
  ENOENT: 'the folder takes no new files (ENOENT)',
  ENOSPC: 'the disk is full (ENOSPC)',
  ENOTDIR: 'a part of the path is a file, not a folder (ENOTDIR)',
  EPERM: 'this user may not (EPERM)',
  EROFS: 'the file system is read-only (EROFS)',
}
