import { CsvRow } from './csv-row.ts'
import { FoundRows } from './found-rows.ts'
import type { IndexedRows, RowScan } from './indexed-rows.ts'

const quote = 0x22
const comma = 0x2c
const lineFeed = 0x0a
const carriageReturn = 0x0d

/**
 * Where the rows of a CSV (RFC 4180) begin: a heading, then rows with as many fields, on lines that end as on any system; empty lines are none. Fields
 * are looked at for their ends alone, so that a file of hundreds of MB takes a second, and a number per row.
 */
export class CsvScan implements RowScan {
  readonly #bytes: Uint8Array
  readonly #found: FoundRows
  #columns: readonly string[] | null = null
  #at: number
  #line = 1

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#found = new FoundRows(bytes)
    this.#at = behindMark(bytes)
  }

  advance(most: number): boolean {
    const bytes = this.#bytes
    const { length } = bytes
    const stop = Math.min(length, this.#at + most)
    let at = this.#at
    let line = this.#line
    while (at < stop) {
      const start = at
      const startLine = line
      let fields = 0
      let problem: string | null = null
      let byte: number | undefined
      do {
        fields++
        let closedAt = -1
        if (bytes[at] === quote) {
          for (at++; at < length; at++) {
            byte = bytes[at]
            if (byte === lineFeed) line++
            else if (byte === quote) {
              if (bytes[at + 1] !== quote) break
              at++
            }
          }
          if (at < length) closedAt = ++at
          else problem = 'has a quote that is never closed'
        }
        for (; at < length; at++) {
          byte = bytes[at] as number
          // Letters and digits lie above the comma, all that matters at or below it.
          if (byte > comma) continue
          if (byte === comma || byte === lineFeed || byte === carriageReturn) break
          if (byte === quote && closedAt < 0) problem ??= 'has a quote within a field that has none around it'
        }
        if (closedAt >= 0 && at > closedAt)
          problem ??= 'has something between a closing quote and the next comma'
        byte = bytes[at]
        if (byte === comma) at++
      } while (byte === comma)
      const isEmpty = at === start
      if (byte === carriageReturn) at++
      if (bytes[at] === lineFeed) at++
      line++
      if (!isEmpty) this.#row(start, startLine, fields, problem)
    }
    this.#at = at
    this.#line = line
    return at < length
  }

  result(): IndexedRows {
    const { faults, moreFaults } = this.#found
    return { columns: this.#columns ?? [], starts: this.#found.starts(), faults, moreFaults }
  }

  #row(start: number, line: number, fields: number, problem: string | null): void {
    const columns = this.#columns
    // What lies below a broken heading says nothing more.
    if (columns === null) this.#columns = problem === null ? headingOf(this.#bytes, start, fields) : []
    if (columns?.length === 0) return
    if (problem !== null) this.#found.fault(line, problem)
    else if (columns === null) return
    else if (fields === columns.length) this.#found.add(start)
    else {
      const count = fields === 1 ? '1 field' : `${fields} fields`
      this.#found.fault(line, `has ${count}, its heading has ${columns.length}`)
    }
  }
}

function headingOf(bytes: Uint8Array, start: number, fields: number): readonly string[] {
  const row = new CsvRow(bytes, fields)
  row.enter(start)
  return Array.from({ length: fields }, (_, field) => row.text(field).trim())
}

/** Behind the byte order mark that spreadsheets put first. */
export function behindMark(bytes: Uint8Array): number {
  return bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf ? 3 : 0
}
