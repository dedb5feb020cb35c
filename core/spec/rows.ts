import { type CsvError, parse } from 'csv-parse/browser/esm/sync'
import { BreakwaterError } from '../error.ts'
import type { Files } from './files.ts'
import type { DataSource, Json } from './load-test.ts'

/** The rows of one data source. */
export interface Rows {
  readonly columns: readonly string[]
  readonly count: number
  /** Undefined where there is no such column: nothing of it was kept. */
  column(name: string): Column | undefined
}

/** Values of one column by row; CSV values are strings. */
export interface Column {
  at(row: number): Json
}

/**
 * Reads a data source. Of a CSV only the columns `wanted` are kept (null: all), as UTF-8 beside an offset per row, so that a million
 * rows cost their bytes and not a million objects. Throws BreakwaterError `file-unreadable` for a CSV that isn't there and `invalid-spec`
 * for one that is broken, with its line.
 */
export function readRows(
  name: string,
  data: DataSource,
  files: Files,
  wanted: ReadonlySet<string> | null = null,
): Rows {
  const { source } = data
  switch (source.kind) {
    case 'rows':
      return givenRows(source.rows)
    case 'csv': {
      const bytes = Object.hasOwn(files, source.file) ? files[source.file] : undefined
      if (bytes === undefined) {
        throw new BreakwaterError('file-unreadable', `data.${name} names ${source.file}, which is not there`)
      }
      return csvRows(name, source.file, bytes, wanted)
    }
    default:
      return source satisfies never
  }
}

function givenRows(rows: readonly Readonly<Record<string, Json>>[]): Rows {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return {
    columns,
    count: rows.length,
    column: (name) => {
      if (!columns.includes(name)) return undefined
      return {
        at: (row) => {
          const values = rows[row]
          return values !== undefined && Object.hasOwn(values, name) ? (values[name] ?? null) : null
        },
      }
    },
  }
}

function csvRows(name: string, file: string, bytes: Uint8Array, wanted: ReadonlySet<string> | null): Rows {
  let columns: string[] | undefined
  const kept = new Map<string, TextColumn>()
  let stores: { readonly at: number; readonly column: TextColumn }[] = []
  let count = 0

  const onRecord = (record: string[]): null => {
    if (columns === undefined) {
      columns = record.map((heading) => heading.trim())
      for (const heading of columns) {
        if (wanted === null || wanted.has(heading)) kept.set(heading, new TextColumn())
      }
      stores = [...kept].map(([heading, column]) => ({ at: columns?.indexOf(heading) ?? 0, column }))
      return null
    }
    for (const { at, column } of stores) column.push(record[at] ?? '')
    count++
    return null
  }

  try {
    // Bytes, not text: the browser build would make an array of numbers out of a text first. Records come through the callback, so
    // that they are never all in memory.
    parse(withoutMark(bytes), { on_record: onRecord, skip_empty_lines: true })
  } catch (error) {
    throw new BreakwaterError(
      'invalid-spec',
      `data.${name}: ${file} is not a CSV: ${faultOf(error as CsvFault, columns?.length ?? 0)}`,
      {
        hint: 'Give every line as many fields as the heading has, and put quotes around fields that hold commas, quotes or line breaks.',
        cause: error,
      },
    )
  }
  for (const column of kept.values()) column.trim()
  return { columns: columns ?? [], count, column: (heading) => kept.get(heading) }
}

type CsvFault = CsvError & { readonly lines?: number; readonly record?: readonly string[] }

function faultOf({ code, message, lines, record }: CsvFault, columns: number): string {
  if (code !== 'CSV_RECORD_INCONSISTENT_FIELDS_LENGTH' || record === undefined) return message
  return `line ${lines} has ${record.length} ${record.length === 1 ? 'field' : 'fields'}, its heading has ${columns}`
}

/** Less the byte order mark that spreadsheets put first. */
function withoutMark(bytes: Uint8Array): Uint8Array {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? bytes.subarray(3) : bytes
}

/** Strings as UTF-8, one behind the other. */
class TextColumn implements Column {
  #bytes = new Uint8Array(1024)
  #used = 0
  /** Value i ends at #ends[i] and begins where the one before it ends. */
  #ends = new Uint32Array(64)
  #count = 0

  push(text: string): void {
    // A UTF-16 unit takes three bytes of UTF-8 at most.
    const most = this.#used + text.length * 3
    if (most > this.#bytes.length) this.#bytes = grown(this.#bytes, new Uint8Array(most * 2))
    this.#used += encoder.encodeInto(text, this.#bytes.subarray(this.#used)).written
    if (this.#count === this.#ends.length) this.#ends = grown(this.#ends, new Uint32Array(this.#count * 2))
    this.#ends[this.#count++] = this.#used
  }

  trim(): void {
    this.#bytes = this.#bytes.slice(0, this.#used)
    this.#ends = this.#ends.slice(0, this.#count)
  }

  at(row: number): string {
    const start = row === 0 ? 0 : (this.#ends[row - 1] ?? 0)
    return decoder.decode(this.#bytes.subarray(start, this.#ends[row] ?? start))
  }
}

const encoder = new TextEncoder()
const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function grown<T extends Uint8Array | Uint32Array>(old: T, larger: T): T {
  larger.set(old)
  return larger
}
