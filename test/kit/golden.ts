import { mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import type { ExecutionContext } from 'ava'

/** Text that people read, compared with test/golden/<name>. `UPDATE_GOLDEN=1` writes it instead: read the difference before it is committed. */
export async function matchesGolden(t: ExecutionContext, name: string, text: string): Promise<void> {
  const file = join(import.meta.dirname, '../golden', name)
  if (process.env.UPDATE_GOLDEN === '1') {
    await mkdir(dirname(file), { recursive: true })
    await writeFile(file, text)
  }
  t.is(text, await readFile(file, 'utf8'))
}
