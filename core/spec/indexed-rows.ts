/** Where the rows of a data file lie. As plain as bytes, so that threads can share it as they share the file. */
export interface RowIndex {
  readonly columns: readonly string[]
  /** Byte at which each row begins. */
  readonly starts: Uint32Array
}

/** What is wrong with a row, as the end of a sentence that begins with its line. */
export interface RowFault {
  readonly line: number
  readonly problem: string
}

export interface IndexedRows extends RowIndex {
  /** The first few. */
  readonly faults: readonly RowFault[]
  /** How many more there are. */
  readonly moreFaults: number
}

/** A search for rows that can be interrupted. */
export interface RowScan {
  /** Looks at about so many bytes more; false: it is done. */
  advance(bytes: number): boolean
  result(): IndexedRows
}
