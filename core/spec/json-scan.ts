import { behindMark } from './csv-scan.ts'
import { FoundRows } from './found-rows.ts'
import type { IndexedRows, RowScan } from './indexed-rows.ts'

const openBrace = 0x7b
const closeBrace = 0x7d
const openBracket = 0x5b
const closeBracket = 0x5d
const quote = 0x22
const backslash = 0x5c
const comma = 0x2c
const lineFeed = 0x0a

/** Rows whose keys are the columns: those behind them may lack some, and have more. */
const rowsForColumns = 1000

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** Where the rows of JSON begin: an array of maps, or a map on each line. Each is read once, so that a broken one is told here and not in a run. */
export class JsonScan implements RowScan {
  readonly #bytes: Uint8Array
  readonly #found: FoundRows
  readonly #columns = new Set<string>()
  readonly #isArray: boolean
  #at: number
  #line = 1

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#found = new FoundRows(bytes)
    this.#at = behindMark(bytes)
    this.#skipBlanks()
    this.#isArray = bytes[this.#at] === openBracket
    if (this.#isArray) {
      this.#at++
      this.#skipBlanks()
    }
  }

  advance(most: number): boolean {
    const stop = Math.min(this.#bytes.length, this.#at + most)
    while (this.#at < stop) {
      if (!(this.#isArray ? this.#item() : this.#lineOf())) return false
    }
    return this.#at < this.#bytes.length
  }

  result(): IndexedRows {
    const { faults, moreFaults } = this.#found
    return { columns: [...this.#columns], starts: this.#found.starts(), faults, moreFaults }
  }

  /** An item of the array, and what stands behind it. False: the array is over, or can't be followed any further. */
  #item(): boolean {
    const bytes = this.#bytes
    if (bytes[this.#at] === closeBracket && this.#found.count === 0) return this.#end()
    if (bytes[this.#at] !== openBrace) return this.#giveUp('has something else than a map in the list')
    const end = endOfMap(bytes, this.#at)
    if (end > bytes.length) return this.#giveUp('has a map that is never closed')
    this.#row(end)
    this.#skipBlanks()
    if (bytes[this.#at] === closeBracket) return this.#end()
    if (bytes[this.#at] !== comma) return this.#giveUp('has no comma between two maps')
    this.#at++
    this.#skipBlanks()
    return true
  }

  #end(): false {
    this.#at++
    this.#skipBlanks()
    return this.#at < this.#bytes.length ? this.#giveUp('has something behind the list') : false
  }

  /** A line, and blanks behind it. */
  #lineOf(): boolean {
    const next = this.#bytes.indexOf(lineFeed, this.#at)
    const end = next < 0 ? this.#bytes.length : next
    if (this.#bytes[this.#at] === openBrace) this.#row(end)
    else {
      this.#found.fault(this.#line, 'is no map')
      this.#at = end
    }
    this.#skipBlanks()
    return true
  }

  #row(end: number): void {
    const start = this.#at
    const text = decoder.decode(this.#bytes.subarray(start, end))
    try {
      const row: Readonly<Record<string, unknown>> = JSON.parse(text)
      if (this.#found.count < rowsForColumns) for (const key of Object.keys(row)) this.#columns.add(key)
      this.#found.add(start)
    } catch (error) {
      this.#found.fault(
        this.#line,
        `is not JSON: ${error instanceof Error ? error.message.slice(0, 100) : ''}`,
      )
    }
    this.#pass(end)
  }

  #skipBlanks(): void {
    const bytes = this.#bytes
    let end = this.#at
    while (end < bytes.length && (bytes[end] as number) <= 0x20) end++
    this.#pass(end)
  }

  #pass(end: number): void {
    for (let at = this.#at; at < end; at++) if (this.#bytes[at] === lineFeed) this.#line++
    this.#at = end
  }

  #giveUp(problem: string): false {
    this.#found.fault(this.#line, problem)
    this.#at = this.#bytes.length
    return false
  }
}

/** Behind the brace that closes the one at `start`; more than the length where none does. */
export function endOfMap(bytes: Uint8Array, start: number): number {
  let depth = 0
  for (let at = start; at < bytes.length; at++) {
    const byte = bytes[at]
    if (byte === quote) {
      for (at++; at < bytes.length && bytes[at] !== quote; at++) if (bytes[at] === backslash) at++
    } else if (byte === openBrace) depth++
    else if (byte === closeBrace && --depth === 0) return at + 1
  }
  return bytes.length + 1
}
