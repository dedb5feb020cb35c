import { zlibSync } from 'fflate'
import { highestMicros, lowestMicros, significantDigits } from './buckets.ts'
import type { Totals } from './totals.ts'

/** The zlib format (RFC 1950); where there is a faster one than that in JavaScript. */
export type Deflate = (bytes: Uint8Array) => Uint8Array

/**
 * HdrHistogram's encoding V2, compressed, in Base64: what the payload column of an .hlog holds. Big-endian:
 *
 *     0x1c849314, length, zlib of
 *       0x1c849313, payload length, normalising index offset 0, significant digits (4 × int32)
 *       lowest, highest (2 × int64), integer-to-double ratio 1.0 (float64)
 *       payload: zigzag LEB128 of each bucket's count in order, runs of empty buckets as minus their length
 *
 * hdr-histogram-js writes an offset of 1 and a ratio of 5e-324 (the integer 1 in place of 1.0), which the other implementations take at its
 * word; so the payload is written here. Source: HdrHistogram, AbstractHistogram.encodeIntoByteBuffer and ZigZagEncoding (public domain).
 */
export function encodeHistogram(totals: Totals, deflate: Deflate = zlibSync): string {
  const payload = new ZigzagWriter()
  let next = 0
  totals.forEach((index, count) => {
    const empty = index - next
    if (empty > 0) payload.write(empty === 1 ? 0 : -empty)
    payload.write(count)
    next = index + 1
  })
  const raw = new Uint8Array(headerBytes + payload.length)
  const header = new DataView(raw.buffer)
  header.setInt32(0, cookieV2)
  header.setInt32(4, payload.length)
  header.setInt32(8, 0)
  header.setInt32(12, significantDigits)
  header.setBigInt64(16, BigInt(lowestMicros))
  header.setBigInt64(24, BigInt(highestMicros))
  header.setFloat64(32, 1)
  raw.set(payload.bytes, headerBytes)
  const compressed = deflate(raw)
  const sealed = new Uint8Array(8 + compressed.length)
  const envelope = new DataView(sealed.buffer)
  envelope.setInt32(0, compressedCookieV2)
  envelope.setInt32(4, compressed.length)
  sealed.set(compressed, 8)
  return toBase64(sealed)
}

const headerBytes = 40
/** 0x10: word size by zigzag LEB128. */
const cookieV2 = 0x1c849303 | 0x10
const compressedCookieV2 = 0x1c849304 | 0x10

/** Signed numbers up to ±2⁵² in groups of seven bits, lowest first: at most eight bytes, so the ninth of the format never comes up. */
class ZigzagWriter {
  #bytes = new Uint8Array(256)
  length = 0

  get bytes(): Uint8Array {
    return this.#bytes.subarray(0, this.length)
  }

  write(value: number): void {
    if (this.length + 8 > this.#bytes.length) {
      const larger = new Uint8Array(this.#bytes.length * 2)
      larger.set(this.#bytes)
      this.#bytes = larger
    }
    let rest = value >= 0 ? value * 2 : -value * 2 - 1
    while (rest >= 0x80) {
      this.#bytes[this.length++] = (rest % 0x80) | 0x80
      rest = Math.floor(rest / 0x80)
    }
    this.#bytes[this.length++] = rest
  }
}

/** In pieces: a call takes only so many arguments. */
function toBase64(bytes: Uint8Array): string {
  let text = ''
  for (let from = 0; from < bytes.length; from += 0x2000) {
    text += String.fromCharCode(...bytes.subarray(from, from + 0x2000))
  }
  return btoa(text)
}
