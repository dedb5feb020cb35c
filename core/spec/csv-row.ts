const quote = 0x22
const comma = 0x2c
const lineFeed = 0x0a
const carriageReturn = 0x0d

const decoder = new TextDecoder('utf-8', { ignoreBOM: true })

/** One row at a time of a CSV that has been scanned, its fields decoded as they are asked for. */
export class CsvRow {
  readonly #bytes: Uint8Array
  /** From and to of each field, without its quotes. */
  readonly #ends: Uint32Array
  readonly #isQuoted: boolean[]
  #start = -1

  constructor(bytes: Uint8Array, fields: number) {
    this.#bytes = bytes
    this.#ends = new Uint32Array(2 * fields)
    this.#isQuoted = new Array(fields).fill(false)
  }

  /** `start`: where the row begins. */
  enter(start: number): void {
    if (start === this.#start) return
    this.#start = start
    const bytes = this.#bytes
    const { length } = bytes
    let at = start
    for (let field = 0; field < this.#isQuoted.length; field++) {
      const isQuoted = bytes[at] === quote
      if (isQuoted) at++
      this.#isQuoted[field] = isQuoted
      this.#ends[2 * field] = at
      if (isQuoted) {
        while (at < length && (bytes[at] !== quote || bytes[++at] === quote)) at++
        this.#ends[2 * field + 1] = at - 1
      } else {
        while (at < length && !endsField(bytes[at] as number)) at++
        this.#ends[2 * field + 1] = at
      }
      at++
    }
  }

  text(field: number): string {
    const text = decoder.decode(this.#bytes.subarray(this.#ends[2 * field], this.#ends[2 * field + 1]))
    return this.#isQuoted[field] === true && text.includes('"') ? text.replaceAll('""', '"') : text
  }
}

function endsField(byte: number): boolean {
  return byte === comma || byte === lineFeed || byte === carriageReturn
}
