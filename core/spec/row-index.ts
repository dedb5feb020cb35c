import { CsvScan } from './csv-scan.ts'
import type { IndexedRows, RowIndex, RowScan } from './indexed-rows.ts'
import { JsonScan } from './json-scan.ts'

export type RowFormat = 'csv' | 'json'

/** An index follows from the bytes alone, and is kept beside them as long as they live. */
const kept = new WeakMap<Uint8Array, IndexedRows>()

/** The rows of a data file, which stays as it is. */
export function indexRows(bytes: Uint8Array, format: RowFormat): IndexedRows {
  const known = kept.get(bytes)
  if (known !== undefined) return known
  const indexing = indexingRows(bytes, format)
  for (;;) {
    const { done, value } = indexing.next()
    if (done) return value
  }
}

const bytesAtOnce = 4 << 20

/** The same in steps of a few milliseconds. */
export function* indexingRows(bytes: Uint8Array, format: RowFormat): Generator<void, IndexedRows> {
  const known = kept.get(bytes)
  if (known !== undefined) return known
  const scan: RowScan = format === 'csv' ? new CsvScan(bytes) : new JsonScan(bytes)
  while (scan.advance(bytesAtOnce)) yield
  const indexed = scan.result()
  kept.set(bytes, indexed)
  return indexed
}

/** What another thread has made of the same bytes. */
export function keepIndex(bytes: Uint8Array, { columns, starts }: RowIndex): void {
  kept.set(bytes, { columns, starts, faults: [], moreFaults: 0 })
}
