import { staticNameIndex, staticPairIndex, staticValues } from './static-table.ts'

/**
 * HPACK (RFC 7541), the writing side, without a dynamic table: what a block means depends on no block before it, so that the block of a request that
 * never varies is made once for all connections. Names in lower case; of characters beyond U+00FF the low byte is written.
 */
export class HeaderBlock {
  #bytes = Buffer.allocUnsafe(512)
  #length = 0

  /** From now on it is these bytes of another one, and what is added. */
  restart(beginning: Buffer): this {
    this.#length = 0
    this.#reserve(beginning.length)
    beginning.copy(this.#bytes)
    this.#length = beginning.length
    return this
  }

  add(name: string, value: string): this {
    const index = staticNameIndex(name)
    const pair = staticValues[index] === '' ? 0 : staticPairIndex(name, value)
    if (pair > 0) {
      this.#reserve(4)
      this.#integer(0x80, 7, pair)
      return this
    }
    this.#reserve(name.length + value.length + 16)
    // Without indexing; proxies are told to keep what may be a secret out of their tables too (§7.1.3).
    const form = isSecret(name) ? 0x10 : 0
    this.#integer(form, 4, index)
    if (index === 0) this.#text(name)
    this.#text(value)
    return this
  }

  addList(list: readonly string[]): this {
    for (let n = 0; n + 1 < list.length; n += 2) this.add(list[n] as string, list[n + 1] as string)
    return this
  }

  /** A copy. */
  bytes(): Buffer {
    return Buffer.from(this.#bytes.subarray(0, this.#length))
  }

  #integer(form: number, prefix: number, value: number): void {
    const mask = (1 << prefix) - 1
    if (value < mask) {
      this.#bytes[this.#length++] = form | value
      return
    }
    this.#bytes[this.#length++] = form | mask
    let rest = value - mask
    for (; rest >= 0x80; rest >>>= 7) this.#bytes[this.#length++] = (rest & 0x7f) | 0x80
    this.#bytes[this.#length++] = rest
  }

  #text(text: string): void {
    this.#integer(0, 7, text.length)
    this.#bytes.write(text, this.#length, 'latin1')
    this.#length += text.length
  }

  #reserve(bytes: number): void {
    if (this.#length + bytes <= this.#bytes.length) return
    const larger = Buffer.allocUnsafe((this.#length + bytes) * 2)
    this.#bytes.copy(larger, 0, 0, this.#length)
    this.#bytes = larger
  }
}

function isSecret(name: string): boolean {
  return name === 'authorization' || name === 'cookie' || name === 'proxy-authorization'
}
