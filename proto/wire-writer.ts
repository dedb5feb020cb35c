const utf8 = new TextEncoder()

/** Writes protobuf by hand, into one buffer that it keeps. Numbers are whole, from 0 to 2⁵³ − 1. */
export class WireWriter {
  #buffer = new Uint8Array(64 * 1024)
  #at = 0

  /** A copy of what was written; the writer is empty again. */
  take(): Uint8Array {
    const taken = this.#buffer.slice(0, this.#at)
    this.#at = 0
    return taken
  }

  varint(value: number): void {
    this.#reserve(10)
    let rest = value
    while (rest >= 0x80) {
      this.#buffer[this.#at++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#buffer[this.#at++] = rest
  }

  /** A field that is left out where it is 0. */
  number(field: number, value: number): void {
    if (value === 0) return
    this.varint(varintTag(field))
    this.varint(value)
  }

  /** A field that is left out where it is empty. */
  bytes(field: number, bytes: Uint8Array): void {
    if (bytes.length > 0) this.#lengthThen(field, bytes)
  }

  /** A field, also where it is empty. */
  text(field: number, text: string): void {
    this.#lengthThen(field, utf8.encode(text))
  }

  raw(bytes: Uint8Array): void {
    this.#reserve(bytes.length)
    this.#buffer.set(bytes, this.#at)
    this.#at += bytes.length
  }

  /** A field whose length is known when it is written: one byte is kept for it, and what was written moves on where it needs more. */
  message(field: number, write: () => void): void {
    this.varint(lengthTag(field))
    this.#reserve(1)
    const from = ++this.#at
    write()
    const length = this.#at - from
    const more = bytesOf(length) - 1
    this.#reserve(more)
    if (more > 0) this.#buffer.copyWithin(from + more, from, from + length)
    this.#at = from - 1
    this.varint(length)
    this.#at = from + more + length
  }

  #lengthThen(field: number, bytes: Uint8Array): void {
    this.varint(lengthTag(field))
    this.varint(bytes.length)
    this.raw(bytes)
  }

  #reserve(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return
    const larger = new Uint8Array(Math.max(2 * this.#buffer.length, this.#at + bytes))
    larger.set(this.#buffer)
    this.#buffer = larger
  }
}

/** How many a varint takes. */
function bytesOf(value: number): number {
  let bytes = 1
  for (let rest = value; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes++
  return bytes
}

/** The tag of a field of numbers. */
export function varintTag(field: number): number {
  return field << 3
}

/** The tag of a field of bytes, of a text or of a message. */
export function lengthTag(field: number): number {
  return (field << 3) | 2
}
