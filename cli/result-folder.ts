import { type FileHandle, mkdir, open, rename, rm, rmdir } from 'node:fs/promises'
import path from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { setTimeout as sleep } from 'node:timers/promises'
import { makeFolder, unwritable } from './new-file.ts'

/** Where the files of a result go. Whoever sees a file there sees a whole one. */
export interface ResultFolder {
  readonly path: string
  /** Throws BreakwaterError `output-unwritable`. */
  write(name: string, text: string | Iterable<string>): Promise<void>
  /** Takes back the folder where nothing was written. */
  discard(): Promise<void>
}

/** Made before anything is sent, so that a long run does not end without a place for its results. Throws BreakwaterError `output-unwritable`. */
export async function openResultFolder(folder: string): Promise<ResultFolder> {
  let made: string | undefined
  try {
    made = await makeFolder(folder)
    const probe = path.join(folder, `.breakwater-${process.pid}`)
    await mkdir(probe)
    await rmdir(probe)
  } catch (error) {
    throw unwritable(folder, error)
  }
  return {
    path: folder,
    async write(name, text) {
      const file = path.join(folder, name)
      const unfinished = `${file}.${process.pid}.tmp`
      try {
        const handle = await openWithPatience(unfinished)
        await pipeline(Readable.from(typeof text === 'string' ? [text] : text), handle.createWriteStream())
        await rename(unfinished, file)
      } catch (error) {
        await rm(unfinished, { force: true })
        throw unwritable(file, error)
      }
    },
    async discard() {
      if (made === undefined) return
      // From the folder up to the first one that was made; one that is not empty stays, and those above it.
      const top = path.resolve(made)
      for (let at = path.resolve(folder); at.startsWith(top); at = path.dirname(at)) {
        try {
          await rmdir(at)
        } catch {
          return
        }
      }
    },
  }
}

const pauseMs = 50
const mostPauses = 100

/** A run that took every file descriptor is still closing its connections when its results are written: they wait for one. */
async function openWithPatience(file: string): Promise<FileHandle> {
  for (let pauses = 0; ; pauses++) {
    try {
      return await open(file, 'w')
    } catch (error) {
      const { code } = error as NodeJS.ErrnoException
      if (pauses === mostPauses || (code !== 'EMFILE' && code !== 'ENFILE')) throw error
      await sleep(pauseMs)
    }
  }
}
