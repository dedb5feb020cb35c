import { Unzlib } from 'fflate'
import { BreakwaterError } from '../error.ts'

/** A foreign histogram; values in its own units. */
export interface DecodedHistogram extends HdrHeader {
  /** Its non-empty buckets, ascending; `value` is the lowest of its bucket. Throws BreakwaterError `bad-histogram`. */
  forEach(visit: (value: number, count: number) => void): void
}

export interface HdrHeader {
  readonly version: 0 | 1 | 2
  readonly digits: number
  readonly lowest: number
  readonly highest: number
}

/**
 * Reads a compressed histogram of encoding V0, V1 or V2 in Base64. Bounded whatever the text says:
 * at most 16 MiB are inflated, and no bucket takes memory here.
 *
 * V0 and V1 hold each count as a big-endian word of 2, 4 or 8 bytes, V2 as zigzag LEB128 with runs of empty buckets (see
 * hdr-encoding.ts). V0's header: cookie, digits (int32), lowest, highest, total (int64). The normalising offset and the ratio of the
 * others are of no account: the payload is in the order of values, and both are 0 and 1.0 for histograms of integers, save where
 * hdr-histogram-js wrote them.
 *
 * @throws BreakwaterError `bad-histogram`
 */
export function decodeHistogram(base64: string): DecodedHistogram {
  const sealed = new Cursor(fromBase64(base64))
  const version = versionOf(sealed.int32(), compressedCookies)
  const length = sealed.int32()
  const raw = new Cursor(inflate(sealed.take(length)))
  const cookie = raw.int32()
  if (versionOf(cookie, cookies) !== version) throw malformed('its two cookies disagree')
  const header = version === 0 ? headerV0(raw) : headerV1(raw, version)
  const layout = layoutOf(header)
  const counts = version === 2 ? zigzagCounts(raw) : wordCounts(raw, (cookie & 0xe0) >> 4)
  return { ...header, forEach: (visit) => visitCounts(counts, layout, visit) }
}

function visitCounts(
  counts: Iterable<number>,
  layout: Layout,
  visit: (value: number, count: number) => void,
): void {
  let index = 0
  for (const count of counts) {
    if (count < 0) {
      index -= count
      continue
    }
    if (index >= layout.length && count > 0) throw malformed('it counts values above its own range')
    if (count > 0) {
      const value = valueAt(index, layout)
      if (!Number.isSafeInteger(value)) throw malformed('it counts values above 2^53')
      visit(value, count)
    }
    index++
  }
}

const cookies = [0x1c849308, 0x1c849301, 0x1c849303] as const
const compressedCookies = [0x1c849309, 0x1c849302, 0x1c849304] as const
const cookieMask = ~0xf0
const inflatedLimit = 16 * 1024 * 1024

function versionOf(cookie: number, known: readonly number[]): 0 | 1 | 2 {
  const version = known.indexOf(cookie & cookieMask)
  if (version === 0 || version === 1 || version === 2) return version
  throw malformed('no cookie of encoding V0, V1 or V2 stands at its beginning')
}

function headerV0(raw: Cursor): HdrHeader {
  const header = { version: 0, digits: raw.int32(), lowest: raw.int64(), highest: raw.int64() } as const
  raw.int64()
  return header
}

/** What follows the payload by its length is not read. */
function headerV1(raw: Cursor, version: 1 | 2): HdrHeader {
  const payload = raw.int32()
  raw.int32()
  const header = { version, digits: raw.int32(), lowest: raw.int64(), highest: raw.int64() }
  raw.int64()
  raw.endAfter(payload)
  return header
}

interface Layout {
  /** Buckets. */
  readonly length: number
  readonly unitMagnitude: number
  readonly halfMagnitude: number
}

/** The arithmetic of buckets.ts for any lowest, highest and number of digits. */
function layoutOf({ digits, lowest, highest }: HdrHeader): Layout {
  if (digits < 0 || digits > 5) throw malformed(`${digits} significant digits are not between 0 and 5`)
  if (lowest < 1 || highest < 2 * lowest) {
    throw malformed(`its range from ${lowest} to ${highest} is not one`)
  }
  const unitMagnitude = Math.floor(Math.log2(lowest))
  const halfMagnitude = Math.max(1, Math.ceil(Math.log2(2 * 10 ** digits))) - 1
  let octaves = 1
  for (let end = 2 ** (halfMagnitude + 1 + unitMagnitude); end <= highest; end *= 2) octaves++
  return { length: (octaves + 1) * 2 ** halfMagnitude, unitMagnitude, halfMagnitude }
}

function valueAt(index: number, { unitMagnitude, halfMagnitude }: Layout): number {
  const half = 2 ** halfMagnitude
  const octave = Math.floor(index / half) - 1
  return octave < 0 ? index * 2 ** unitMagnitude : ((index % half) + half) * 2 ** (octave + unitMagnitude)
}

function* zigzagCounts(raw: Cursor): Generator<number> {
  while (raw.more) yield raw.zigzag()
}

function* wordCounts(raw: Cursor, wordBytes: number): Generator<number> {
  if (wordBytes !== 2 && wordBytes !== 4 && wordBytes !== 8) {
    throw malformed(`counts of ${wordBytes} bytes do not exist`)
  }
  while (raw.more) {
    const count = raw.word(wordBytes)
    if (count < 0) throw malformed('a count is negative')
    yield count
  }
}

/** In small portions, so that a bomb is noticed before it is all there. */
function inflate(compressed: Uint8Array): Uint8Array {
  const chunks: Uint8Array[] = []
  let size = 0
  const stream = new Unzlib((chunk) => {
    chunks.push(chunk)
    size += chunk.length
    if (size > inflatedLimit) throw malformed('it inflates to more than 16 MiB')
  })
  try {
    const portion = 4096
    for (let from = 0; from < compressed.length || from === 0; from += portion) {
      stream.push(compressed.slice(from, from + portion), from + portion >= compressed.length)
    }
  } catch (error) {
    if (error instanceof BreakwaterError) throw error
    throw malformed('its compressed contents are damaged', error)
  }
  const whole = new Uint8Array(size)
  let at = 0
  for (const chunk of chunks) {
    whole.set(chunk, at)
    at += chunk.length
  }
  return whole
}

function fromBase64(text: string): Uint8Array {
  try {
    return Uint8Array.from(atob(text), (character) => character.charCodeAt(0))
  } catch (cause) {
    throw malformed('it is not Base64', cause)
  }
}

/** Big-endian reading that never leaves its bytes. */
class Cursor {
  readonly #view: DataView
  readonly #bytes: Uint8Array
  #at = 0
  #end: number

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    this.#end = bytes.length
  }

  get more(): boolean {
    return this.#at < this.#end
  }

  endAfter(length: number): void {
    this.#need(length)
    this.#end = this.#at + length
  }

  take(length: number): Uint8Array {
    this.#need(length)
    this.#at += length
    return this.#bytes.subarray(this.#at - length, this.#at)
  }

  int32(): number {
    this.#need(4)
    this.#at += 4
    return this.#view.getInt32(this.#at - 4)
  }

  /** Beyond ±2⁵³ not exact; whoever needs it exact looks. */
  int64(): number {
    this.#need(8)
    this.#at += 8
    return Number(this.#view.getBigInt64(this.#at - 8))
  }

  word(bytes: 2 | 4 | 8): number {
    if (bytes === 8) return safe(this.int64())
    if (bytes === 4) return this.int32()
    this.#need(2)
    this.#at += 2
    return this.#view.getInt16(this.#at - 2)
  }

  /** Eight groups of seven bits, then a byte of eight. */
  zigzag(): number {
    let value = 0
    let factor = 1
    for (let group = 0; group < 9; group++) {
      this.#need(1)
      const byte = this.#bytes[this.#at++] as number
      value += (group < 8 ? byte & 0x7f : byte) * factor
      if (byte < 0x80) break
      factor *= 0x80
    }
    return value % 2 === 0 ? safe(value / 2) : safe(-(value + 1) / 2)
  }

  #need(length: number): void {
    if (length < 0 || this.#at + length > this.#end) throw malformed('it ends too early')
  }
}

function safe(value: number): number {
  if (Number.isSafeInteger(value)) return value
  throw malformed('a count is beyond 2^53')
}

function malformed(what: string, cause?: unknown): BreakwaterError {
  return new BreakwaterError('bad-histogram', `this is not an HDR histogram: ${what}`, {
    hint: 'The last column of a histogram log holds Base64 that begins with HISTF, HISTI, HISTE, HISTi or the like.',
    cause,
  })
}
