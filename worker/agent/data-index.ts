import { setImmediate as nextTurn } from 'node:timers/promises'
import type { Files } from '../../core/spec/files.ts'
import type { RowIndex } from '../../core/spec/indexed-rows.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import { indexingRows } from '../../core/spec/row-index.ts'

/** Where the rows of a test's data files lie: found once for all threads, in turns, so that this worker goes on answering meanwhile. */
export async function indexData(
  { data }: LoadTest,
  files: Files,
): Promise<Readonly<Record<string, RowIndex>>> {
  const indexes: Record<string, RowIndex> = {}
  for (const { source } of Object.values(data)) {
    const bytes = source.kind === 'rows' ? undefined : files[source.file]
    if (source.kind === 'rows' || bytes === undefined) continue
    const indexing = indexingRows(bytes, source.kind)
    for (;;) {
      const step = indexing.next()
      if (step.done) {
        const { columns, starts } = step.value
        indexes[source.file] = { columns, starts }
        break
      }
      await nextTurn()
    }
  }
  return indexes
}
