import { mkdtempSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

export interface TempDir {
  readonly path: string
  readonly remove: () => Promise<void>
}

export async function makeTempDir(): Promise<TempDir> {
  const path = await mkdtemp(join(tmpdir(), 'breakwater-test-'))
  return { path, remove: () => rm(path, { recursive: true, force: true }) }
}

let data: string | undefined

/** Where the runs of this test process are kept, which is nobody's home. */
export function dataFolder(): string {
  if (data !== undefined) return data
  const made = mkdtempSync(join(tmpdir(), 'breakwater-test-data-'))
  process.on('exit', () => rmSync(made, { recursive: true, force: true }))
  data = made
  return made
}
