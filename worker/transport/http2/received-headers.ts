import { type HeaderDecoder, tableBytesOf } from './header-decoder.ts'

/** One list of headers as it came; shared by all answers that have the same: nobody may change it. */
export class ReceivedHeaders {
  /** name, value, name, value …, pseudo headers included. */
  readonly list: readonly string[]
  /** `:status`; 0: there is none. */
  readonly status: number
  /** `grpc-status` as it came. */
  readonly grpcStatus: string | null
  readonly contentLength: string | null
  /** What is wrong with it (RFC 9113 §8.2, §8.3); null: nothing. */
  readonly fault: string | null

  constructor(list: readonly string[]) {
    this.list = list
    let status = 0
    let grpcStatus: string | null = null
    let contentLength: string | null = null
    let fault: string | null = null
    let isBehindPseudo = false
    for (let n = 0; n < list.length; n += 2) {
      const name = list[n] as string
      const value = list[n + 1] as string
      if (name.charCodeAt(0) === colon) {
        if (name !== ':status' || isBehindPseudo || status !== 0 || !/^[1-9]\d\d$/.test(value))
          fault = `${name}: ${value} where none may be`
        else status = Number(value)
        continue
      }
      isBehindPseudo = true
      if (!isFieldName.test(name)) fault = 'a name of a header that is none'
      else if (unsafe.test(value)) fault = `control characters in ${name}`
      else if (forbidden.has(name)) fault = `${name}, which belongs to HTTP/1.1`
      else if (name === 'grpc-status') grpcStatus = value
      else if (name === 'content-length') {
        if (!/^\d{1,15}$/.test(value) || (contentLength !== null && contentLength !== value))
          fault = `content-length: ${value}`
        contentLength = value
      }
    }
    this.status = status
    this.grpcStatus = grpcStatus
    this.contentLength = contentLength
    this.fault = fault
  }

  /** Without the pseudo headers; a copy. */
  regular(): string[] {
    const regular: string[] = []
    for (let n = 0; n < this.list.length; n += 2) {
      const name = this.list[n] as string
      if (name.charCodeAt(0) !== colon) regular.push(name, this.list[n + 1] as string)
    }
    return regular
  }

  all(name: string): string[] {
    const { list } = this
    return list.filter((_, n) => n % 2 === 1 && list[n - 1] === name)
  }

  /** The first of that name; undefined: there is none. */
  get(name: string): string | undefined {
    for (let n = 0; n < this.list.length; n += 2) if (this.list[n] === name) return this.list[n + 1]
    return undefined
  }
}

const colon = 0x3a
/** RFC 9110 §5.6.2, without upper case. */
const isFieldName = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/
const unsafe = /[\0\r\n]/
const forbidden: ReadonlySet<string> = new Set([
  'connection',
  'proxy-connection',
  'keep-alive',
  'transfer-encoding',
  'upgrade',
])

const nothing = Buffer.alloc(0)

/** Of a block that is larger, no copy is worth its while. */
const mostCachedBytes = 2048

/**
 * Most answers of a target begin and end alike, so that a block is seldom decoded that equals the last one. What equal bytes mean is the same where they
 * refer to no entry of the table, or the table is the same. What they put into it is put in again; and no more once it is full of nothing else, because then
 * it is the same after as before. One cache for what begins answers, one for what ends them.
 */
export class HeaderCache {
  readonly #decoder: HeaderDecoder
  #bytes = nothing
  #length = -1
  #headers: ReceivedHeaders | null = null
  #readsTable = false
  /** Of the table, when the block had been read. */
  #revision = -1
  #inserted: readonly string[] = []
  #insertedBytes = 0
  /** Put into the table by this block since anything else was. */
  #repeatedBytes = 0

  constructor(decoder: HeaderDecoder) {
    this.#decoder = decoder
  }

  /** Throws Http2Error. */
  decode(block: Buffer, at: number, end: number): ReceivedHeaders {
    const headers = this.#headers
    if (
      headers !== null &&
      this.#length === end - at &&
      (!this.#readsTable || this.#revision === this.#decoder.revision) &&
      isSame(this.#bytes, block, at, end)
    ) {
      if (this.#inserted.length > 0) this.#insertAgain()
      return headers
    }
    return this.#decode(block, at, end)
  }

  #decode(block: Buffer, at: number, end: number): ReceivedHeaders {
    const decoder = this.#decoder
    this.#headers = null
    const headers = new ReceivedHeaders(decoder.decode(block, at, end))
    const { inserted, readsTable, revision } = decoder
    if (end - at > mostCachedBytes || (readsTable && inserted.length > 0)) return headers
    this.#headers = headers
    this.#length = end - at
    if (this.#bytes.length < end - at) this.#bytes = Buffer.allocUnsafe(2 * (end - at))
    block.copy(this.#bytes, 0, at, end)
    this.#readsTable = readsTable
    this.#revision = revision
    this.#inserted = inserted
    this.#insertedBytes = tableBytesOf(inserted)
    this.#repeatedBytes = this.#insertedBytes
    return headers
  }

  #insertAgain(): void {
    const decoder = this.#decoder
    if (this.#revision !== decoder.revision) this.#repeatedBytes = 0
    else if (this.#repeatedBytes >= decoder.mostTableBytes + this.#insertedBytes) return
    decoder.insertAll(this.#inserted)
    this.#repeatedBytes += this.#insertedBytes
    this.#revision = decoder.revision
  }
}

/** By a loop: for the few bytes of most blocks a call of `Buffer.compare` takes longer. */
function isSame(known: Buffer, block: Buffer, at: number, end: number): boolean {
  const length = end - at
  if (length > 64) return known.compare(block, at, end, 0, length) === 0
  for (let n = 0; n < length; n++) if (known[n] !== block[at + n]) return false
  return true
}
