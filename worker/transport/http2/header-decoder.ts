import { decodeHuffman, mostDecoded } from './huffman.ts'
import { errorCodes, HpackError, Http2Error } from './protocol-error.ts'
import { staticEntries, staticNames, staticValues } from './static-table.ts'

/** Bytes of a table that these pairs take: name, value, name, value …. */
export function tableBytesOf(pairs: readonly string[]): number {
  return pairs.reduce((sum, part) => sum + part.length, (pairs.length / 2) * fieldOverhead)
}

/** What a field counts for beside its bytes (RFC 7541 §4.1, RFC 9113 §10.5.1). */
const fieldOverhead = 32

/** Of all decoders: what is decoded becomes a string at once. */
let scratch = Buffer.allocUnsafe(1024)

export interface HeaderDecoderLimits {
  /** Of the dynamic table, as our SETTINGS allow. */
  readonly tableBytes: number
  /** Of one list of headers, each with its overhead. */
  readonly listBytes: number
}

/** HPACK (RFC 7541), the reading side: one for each connection, because every block may change what the next one means. */
export class HeaderDecoder {
  readonly #limits: HeaderDecoderLimits
  /** Rings of one size, a power of two; the newest entry is at `#newest`. */
  #names: string[] = new Array(16).fill('')
  #values: string[] = new Array(16).fill('')
  #newest = 0
  #entries = 0
  #bytes = 0
  #tableBytes: number
  #revision = 0
  #at = 0
  #readsTable = false
  #inserted: string[] = []

  constructor(limits: HeaderDecoderLimits) {
    this.#limits = limits
    this.#tableBytes = limits.tableBytes
  }

  /** Another one whenever the table has changed: between two equal ones, equal bytes mean the same. */
  get revision(): number {
    return this.#revision
  }

  /** What the last block means depends on the table, or the table's size on it. */
  get readsTable(): boolean {
    return this.#readsTable
  }

  /** What the last block put into the table: name, value, name, value …. */
  get inserted(): readonly string[] {
    return this.#inserted
  }

  /** What the table may hold. */
  get mostTableBytes(): number {
    return this.#tableBytes
  }

  get entries(): number {
    return this.#entries
  }

  /** Bytes of the dynamic table, overhead included. */
  get tableBytes(): number {
    return this.#bytes
  }

  /** A whole block: name, value, name, value …. Throws Http2Error; then the connection is of no more use. */
  decode(bytes: Buffer, at: number, end: number): string[] {
    const list: string[] = []
    this.#readsTable = false
    this.#inserted = []
    let listBytes = 0
    this.#at = at
    while (this.#at < end) {
      const first = bytes[this.#at] as number
      let name: string
      let value: string
      if (first >= 0x80) {
        const index = this.#integer(bytes, end, 7)
        name = this.#nameAt(index)
        value = this.#valueAt(index)
      } else if (first >= 0x40) {
        name = this.#name(bytes, end, 6)
        value = this.#text(bytes, end)
        this.#inserted.push(name, value)
        this.#insert(name, value)
      } else if (first >= 0x20) {
        if (list.length > 0) throw new HpackError('a size of the dynamic table stands behind a header')
        this.#readsTable = true
        this.#resize(this.#integer(bytes, end, 5))
        continue
      } else {
        name = this.#name(bytes, end, 4)
        value = this.#text(bytes, end)
      }
      listBytes += name.length + value.length + fieldOverhead
      if (listBytes > this.#limits.listBytes) {
        throw new Http2Error(
          `headers of more than ${this.#limits.listBytes} bytes`,
          errorCodes.enhanceYourCalm,
        )
      }
      list.push(name, value)
    }
    return list
  }

  /** As a block does that puts these into the table, and is known otherwise. */
  insertAll(pairs: readonly string[]): void {
    for (let n = 0; n < pairs.length; n += 2) this.#insert(pairs[n] as string, pairs[n + 1] as string)
  }

  #name(bytes: Buffer, end: number, prefix: number): string {
    const index = this.#integer(bytes, end, prefix)
    return index === 0 ? this.#text(bytes, end) : this.#nameAt(index)
  }

  /** RFC 7541 §5.1; numbers beyond 2^28 fit nothing here. */
  #integer(bytes: Buffer, end: number, prefix: number): number {
    if (this.#at >= end) throw new HpackError('a header block is cut short')
    const mask = (1 << prefix) - 1
    let value = (bytes[this.#at++] as number) & mask
    if (value < mask) return value
    for (let shift = 0; ; shift += 7) {
      if (this.#at >= end) throw new HpackError('a header block is cut short')
      if (shift > 21) throw new HpackError('a number in a header block is too large')
      const byte = bytes[this.#at++] as number
      value += (byte & 0x7f) << shift
      if (byte < 0x80) return value
    }
  }

  #text(bytes: Buffer, end: number): string {
    if (this.#at >= end) throw new HpackError('a header block is cut short')
    const isHuffman = (bytes[this.#at] as number) >= 0x80
    const length = this.#integer(bytes, end, 7)
    const from = this.#at
    if (length > end - from) throw new HpackError('a header is longer than its block')
    this.#at = from + length
    if (!isHuffman) return bytes.toString('latin1', from, from + length)
    const most = mostDecoded(length)
    if (most > scratch.length) scratch = Buffer.allocUnsafe(most * 2)
    return scratch.toString('latin1', 0, decodeHuffman(bytes, from, from + length, scratch))
  }

  #nameAt(index: number): string {
    if (index <= staticEntries) return staticNames[this.#known(index)] as string
    return this.#names[this.#place(index)] as string
  }

  #valueAt(index: number): string {
    if (index <= staticEntries) return staticValues[this.#known(index)] as string
    return this.#values[this.#place(index)] as string
  }

  #known(index: number): number {
    if (index === 0) throw new HpackError('a header of index 0')
    return index
  }

  #place(index: number): number {
    this.#readsTable = true
    const age = index - staticEntries - 1
    if (age >= this.#entries) throw new HpackError(`no header has index ${index}`)
    return (this.#newest - age) & (this.#names.length - 1)
  }

  #insert(name: string, value: string): void {
    this.#revision++
    const bytes = name.length + value.length + fieldOverhead
    this.#evictTo(this.#tableBytes - bytes)
    // One that is larger than the table empties it, and that is all.
    if (bytes > this.#tableBytes) return
    if (this.#entries === this.#names.length) this.#grow()
    this.#newest = (this.#newest + 1) & (this.#names.length - 1)
    this.#names[this.#newest] = name
    this.#values[this.#newest] = value
    this.#entries++
    this.#bytes += bytes
  }

  #resize(tableBytes: number): void {
    if (tableBytes > this.#limits.tableBytes) throw new HpackError('a dynamic table larger than allowed')
    this.#revision++
    this.#tableBytes = tableBytes
    this.#evictTo(tableBytes)
  }

  #evictTo(most: number): void {
    while (this.#entries > 0 && this.#bytes > most) {
      const oldest = (this.#newest - this.#entries + 1) & (this.#names.length - 1)
      this.#bytes -=
        (this.#names[oldest] as string).length + (this.#values[oldest] as string).length + fieldOverhead
      this.#names[oldest] = ''
      this.#values[oldest] = ''
      this.#entries--
    }
  }

  #grow(): void {
    const inOrder = (ring: readonly string[]) =>
      Array.from({ length: ring.length * 2 }, (_, n) =>
        n < this.#entries ? (ring[(this.#newest + 1 + n) & (ring.length - 1)] as string) : '',
      )
    this.#names = inOrder(this.#names)
    this.#values = inOrder(this.#values)
    this.#newest = this.#entries - 1
  }
}
