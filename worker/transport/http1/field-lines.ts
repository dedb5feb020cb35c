import type { ResponseHead } from './response-head.ts'

/** Of a head, or of the trailers of a body. */
export const mostHeadBytes = 256 * 1024
export const mostFields = 20_000

export const incomplete = -1
export const broken = -2

/**
 * Reads a head, or trailers, line by line (RFC 9112 §2 to §5), each line once, however the bytes come in pieces: `parse` is called again with the same
 * bytes and more behind them. Stricter than it might be, because two readers that understand a head differently are how answers are smuggled: a line
 * ends with CR LF, none is folded, and no name has a blank behind it.
 */
export class FieldLines {
  /** Why it is broken, as the end of a sentence. */
  problem = ''
  readonly #head: ResponseHead
  /** From the start of the head: where the line begins that is not whole yet, and how far it was looked at. */
  #lineAt = 0
  #seenTo = 0
  #fields = 0
  #isStatusNext = true

  constructor(head: ResponseHead) {
    this.#head = head
  }

  /** `withStatus`: a head; else trailers. */
  begin(withStatus: boolean): void {
    this.#lineAt = 0
    this.#seenTo = 0
    this.#fields = 0
    this.#isStatusNext = withStatus
    if (withStatus) this.#head.clear()
  }

  /** `start`: where it begins. Gives the place behind it, or `incomplete`, or `broken`. */
  parse(bytes: Uint8Array, start: number, end: number): number {
    let line = start + this.#lineAt
    let at = start + this.#seenTo
    for (;;) {
      let byte = 0
      while (at < end) {
        byte = bytes[at] as number
        if (byte < 32 ? byte !== tab : byte === del) break
        at++
      }
      // Before all else: what is no HTTP at all may never end a line.
      if (this.#isStatusNext && !beginsAsHttp(bytes, line, at)) return this.#broken(noHttp)
      if (at - start > mostHeadBytes) return this.#broken(`it has more than ${mostHeadBytes} bytes`)
      if (at >= end || (byte === cr && at + 1 >= end)) {
        this.#lineAt = line - start
        this.#seenTo = at - start
        return incomplete
      }
      if (byte !== cr)
        return this.#broken(byte === lf ? 'a line of it ends without CR' : 'it has a control character')
      if (bytes[at + 1] !== lf) return this.#broken('it has a CR without LF')
      if (this.#isStatusNext) {
        if (!this.#readStatus(bytes, line, at)) return broken
        this.#isStatusNext = false
      } else if (at === line) {
        return at + 2
      } else if (!this.#readField(bytes, line, at)) {
        return broken
      }
      at += 2
      line = at
    }
  }

  #readStatus(bytes: Uint8Array, from: number, to: number): boolean {
    const head = this.#head
    const minor = (bytes[from + 7] as number) - zero
    const hundreds = (bytes[from + 9] as number) - zero
    const tens = (bytes[from + 10] as number) - zero
    const ones = (bytes[from + 11] as number) - zero
    const isStatus =
      to - from >= 12 &&
      (minor === 0 || minor === 1) &&
      bytes[from + 8] === space &&
      hundreds >= 1 &&
      hundreds <= 9 &&
      tens >= 0 &&
      tens <= 9 &&
      ones >= 0 &&
      ones <= 9 &&
      (to - from === 12 || bytes[from + 12] === space)
    if (!isStatus) return this.#bad('its first line is no status line')
    head.minorVersion = minor
    head.status = hundreds * 100 + tens * 10 + ones
    return true
  }

  #readField(bytes: Uint8Array, from: number, to: number): boolean {
    if (++this.#fields > mostFields) return this.#bad(`it has more than ${mostFields} lines`)
    let colon = from
    while (colon < to && isToken[bytes[colon] as number] === 1) colon++
    if (colon === from && (bytes[from] === space || bytes[from] === tab))
      return this.#bad('a line of it is folded')
    if (colon === from || colon === to || bytes[colon] !== colonByte)
      return this.#bad('a line of it has no name')
    switch (colon - from) {
      case 10:
        if (isName(bytes, from, connection)) this.#readConnection(textOf(bytes, colon + 1, to))
        else if (isName(bytes, from, keepAlive)) this.#readKeepAlive(textOf(bytes, colon + 1, to))
        else if (isName(bytes, from, setCookie)) this.#head.hasCookies = true
        return true
      case 14:
        return isName(bytes, from, contentLength) ? this.#readLength(bytes, colon + 1, to) : true
      case 16:
        if (isName(bytes, from, contentEncoding)) this.#head.isEncoded = true
        return true
      case 17:
        return isName(bytes, from, transferEncoding) ? this.#readCoding(textOf(bytes, colon + 1, to)) : true
      default:
        return true
    }
  }

  #readConnection(value: string): void {
    for (const option of value.toLowerCase().split(',')) {
      const name = option.trim()
      if (name === 'close') this.#head.closes = true
      else if (name === 'keep-alive') this.#head.keepsAlive = true
    }
  }

  #readKeepAlive(value: string): void {
    const [, seconds] = /(?:^|[\s,;])timeout\s*=\s*(\d{1,9})/i.exec(value) ?? []
    if (seconds !== undefined) this.#head.keepAliveSeconds = Number(seconds)
  }

  /** RFC 9110 §8.6: digits alone. Said twice, it must be the same. */
  #readLength(bytes: Uint8Array, from: number, to: number): boolean {
    let at = from
    let last = to
    while (at < last && isBlank(bytes[at] as number)) at++
    while (last > at && isBlank(bytes[last - 1] as number)) last--
    let length = 0
    if (at === last || last - at > 15) return this.#bad('its content-length is no length')
    for (; at < last; at++) {
      const digit = (bytes[at] as number) - zero
      if (digit < 0 || digit > 9) return this.#bad('its content-length is no length')
      length = length * 10 + digit
    }
    const head = this.#head
    if (head.contentLength >= 0 && head.contentLength !== length)
      return this.#bad('it has two different content-lengths')
    head.contentLength = length
    return true
  }

  /** No other coding was asked for, and it is not said twice. */
  #readCoding(value: string): boolean {
    if (this.#head.isChunked || value.toLowerCase() !== 'chunked')
      return this.#bad('its transfer-encoding is another than chunked')
    this.#head.isChunked = true
    return true
  }

  #bad(problem: string): boolean {
    this.problem = problem
    return false
  }

  #broken(problem: string): number {
    this.problem = problem
    return broken
  }
}

/** Name, value, name, value …, names in lower case, of a head that was parsed: `end` is the place behind it. */
export function fieldsOf(bytes: Buffer, start: number, end: number): string[] {
  const fields: string[] = []
  // Behind the status line.
  let line = bytes.indexOf(lf, start) + 1
  while (line < end - 2) {
    const next = bytes.indexOf(lf, line) + 1
    const colon = bytes.indexOf(colonByte, line)
    fields.push(bytes.toString('latin1', line, colon).toLowerCase(), textOf(bytes, colon + 1, next - 2))
    line = next
  }
  return fields
}

const tab = 9
const lf = 10
const cr = 13
const space = 32
const zero = 48
const colonByte = 58
const del = 127

const noHttp = 'it does not begin with HTTP/1'

/** As far as it goes. */
function beginsAsHttp(bytes: Uint8Array, from: number, to: number): boolean {
  const length = Math.min(to - from, version.length)
  for (let i = 0; i < length; i++) if (bytes[from + i] !== version[i]) return false
  return true
}

function isBlank(byte: number): boolean {
  return byte === space || byte === tab
}

const bytesOf = (text: string): Uint8Array => new TextEncoder().encode(text)

const version = bytesOf('HTTP/1.')
const connection = bytesOf('connection')
const keepAlive = bytesOf('keep-alive')
const setCookie = bytesOf('set-cookie')
const contentLength = bytesOf('content-length')
const contentEncoding = bytesOf('content-encoding')
const transferEncoding = bytesOf('transfer-encoding')

/** RFC 9110 §5.6.2. */
const isToken = new Uint8Array(256)
for (const byte of bytesOf("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"))
  isToken[byte] = 1

/** `name` is in lower case; of what it is compared with, tokens alone were let through, so bit 5 is the case of a letter or changes `-` to what is no token. */
function isName(bytes: Uint8Array, from: number, name: Uint8Array): boolean {
  for (let i = 0; i < name.length; i++) {
    if (((bytes[from + i] as number) | 32) !== name[i]) return false
  }
  return true
}

/** Of a value, without the blanks around it. */
function textOf(bytes: Uint8Array, from: number, to: number): string {
  let first = from
  let last = to
  while (first < last && isBlank(bytes[first] as number)) first++
  while (last > first && isBlank(bytes[last - 1] as number)) last--
  return (bytes as Buffer).toString('latin1', first, last)
}
