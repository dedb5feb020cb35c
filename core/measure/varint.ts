import { BreakwaterError } from '../error.ts'

/** Whole numbers in groups of seven bits, lowest first (LEB128), up to 2⁵³ − 1: at most eight bytes. */
export class VarintWriter {
  #bytes = new Uint8Array(1024)
  #length = 0

  get length(): number {
    return this.#length
  }

  write(value: number): void {
    if (this.#length + 8 > this.#bytes.length) this.#grow()
    let rest = value
    while (rest >= 0x80) {
      this.#bytes[this.#length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.#length++] = rest
  }

  /** A copy of what was written; the writer is empty again. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length)
    this.#length = 0
    return taken
  }

  #grow(): void {
    const larger = new Uint8Array(this.#bytes.length * 2)
    larger.set(this.#bytes)
    this.#bytes = larger
  }
}

export interface VarintCursor {
  at: number
}

/** Reads what VarintWriter wrote, and moves on. Throws BreakwaterError `bad-message` where bytes are missing or a number is beyond 2⁵³ − 1. */
export function readVarint(bytes: Uint8Array, cursor: VarintCursor): number {
  let value = 0
  let factor = 1
  for (let group = 0; group < 8; group++) {
    const byte = bytes[cursor.at++]
    if (byte === undefined) throw malformed('it ends in the middle of a number')
    value += (byte & 0x7f) * factor
    if (byte < 0x80) {
      if (value > Number.MAX_SAFE_INTEGER) break
      return value
    }
    factor *= 0x80
  }
  throw malformed('a number is beyond 2^53')
}

export function malformed(what: string): BreakwaterError {
  return new BreakwaterError('bad-message', `sparse counts are malformed: ${what}`, {
    hint: 'Controller and workers must run the same version of Breakwater.',
  })
}
