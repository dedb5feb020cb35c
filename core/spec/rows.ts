import { BreakwaterError } from '../error.ts'
import { CsvRow } from './csv-row.ts'
import type { Files } from './files.ts'
import type { RowFault, RowIndex } from './indexed-rows.ts'
import { endOfMap } from './json-scan.ts'
import type { DataSource, Json } from './load-test.ts'
import { indexRows } from './row-index.ts'

/** The rows of one data source. */
export interface Rows {
  readonly columns: readonly string[]
  readonly count: number
  /** Undefined where there is no such column. */
  column(name: string): Column | undefined
}

/** Values of one column by row; CSV values are strings. */
export interface Column {
  at(row: number): Json
}

/**
 * Reads a data source. Of a file nothing is kept but itself and where its rows begin; a row is taken apart when it is asked for, and its values are
 * decoded one by one. Throws BreakwaterError `file-unreadable` for a file that isn't there and `invalid-spec` for one that is broken, with its line.
 */
export function readRows(name: string, { source }: DataSource, files: Files): Rows {
  if (source.kind === 'rows') return givenRows(source.rows)
  const { kind, file } = source
  const bytes = Object.hasOwn(files, file) ? files[file] : undefined
  if (bytes === undefined) {
    throw new BreakwaterError('file-unreadable', `data.${name} names ${file}, which is not there`)
  }
  const indexed = indexRows(bytes, kind)
  const [fault] = indexed.faults
  if (fault !== undefined) {
    throw new BreakwaterError('invalid-spec', `data.${name}: ${faultText(file, fault)}`, {
      hint: rowHints[kind],
    })
  }
  return kind === 'csv' ? csvRows(bytes, indexed) : jsonRows(bytes, indexed)
}

export function faultText(file: string, { line, problem }: RowFault): string {
  return `${file}, line ${line} ${problem}`
}

export const rowHints = {
  csv: 'Give every line as many fields as the heading has, and put quotes around fields that hold commas, quotes or line breaks.',
  json: 'Write a list of maps, [{"name": "ada"}, {"name": "grace"}], or one map on each line.',
} as const

function givenRows(rows: readonly Readonly<Record<string, Json>>[]): Rows {
  const columns = [...new Set(rows.flatMap((row) => Object.keys(row)))]
  return {
    columns,
    count: rows.length,
    column: (name) => (columns.includes(name) ? { at: (row) => memberOf(rows[row], name) } : undefined),
  }
}

function csvRows(bytes: Uint8Array, { columns, starts }: RowIndex): Rows {
  const current = new CsvRow(bytes, columns.length)
  return {
    columns,
    count: starts.length,
    column(name) {
      const field = columns.indexOf(name)
      if (field < 0) return undefined
      return {
        at(row) {
          current.enter(starts[row] as number)
          return current.text(field)
        },
      }
    },
  }
}

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

function jsonRows(bytes: Uint8Array, { columns, starts }: RowIndex): Rows {
  let current = -1
  let values: Readonly<Record<string, Json>> = {}
  const enter = (row: number): void => {
    const start = starts[row] as number
    values = JSON.parse(decoder.decode(bytes.subarray(start, endOfMap(bytes, start))))
    current = row
  }
  return {
    columns,
    count: starts.length,
    column(name) {
      if (!columns.includes(name)) return undefined
      return {
        at(row) {
          if (row !== current) enter(row)
          return memberOf(values, name)
        },
      }
    },
  }
}

/** Null where the row has none. */
function memberOf(row: Readonly<Record<string, Json>> | undefined, name: string): Json {
  return row !== undefined && Object.hasOwn(row, name) ? (row[name] ?? null) : null
}
