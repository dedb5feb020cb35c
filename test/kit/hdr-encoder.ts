import { deflateSync } from 'node:zlib'

export interface ForeignHistogram {
  readonly version: 0 | 1 | 2
  readonly digits?: number
  readonly lowest?: number
  readonly highest?: number
  /** Of V0 and V1. */
  readonly wordBytes?: 2 | 4 | 8
  /** As hdr-histogram-js writes it, where it is not 0. */
  readonly offset?: number
  /** From bucket 0 on. */
  readonly counts: readonly number[]
}

const cookies = { 0: 0x1c849308, 1: 0x1c849301, 2: 0x1c849303 } as const

/** Another's histogram as it stands in a log: written from the description of the formats, apart from the decoder under test. */
export function foreignHistogram(histogram: ForeignHistogram): string {
  return seal(rawHistogram(histogram), histogram.version, histogram.wordBytes ?? 8)
}

/** Compresses whatever it is given under the cookie of that version. */
export function seal(raw: Uint8Array, version: 0 | 1 | 2, wordBytes = 8): string {
  const compressed = deflateSync(raw)
  const head = Buffer.alloc(8)
  head.writeInt32BE((cookies[version] + 1) | (version === 2 ? 0x10 : wordBytes << 4), 0)
  head.writeInt32BE(compressed.length, 4)
  return Buffer.concat([head, compressed]).toString('base64')
}

export function rawHistogram({
  version,
  digits = 3,
  lowest = 1,
  highest = 3_600_000_000,
  wordBytes = 8,
  offset = 0,
  counts,
}: ForeignHistogram): Buffer {
  const payload = version === 2 ? zigzag(counts) : words(counts, wordBytes)
  const cookie = Buffer.alloc(4)
  cookie.writeInt32BE(cookies[version] | (version === 2 ? 0x10 : wordBytes << 4))
  if (version === 0) {
    const head = Buffer.alloc(28)
    head.writeInt32BE(digits, 0)
    head.writeBigInt64BE(BigInt(lowest), 4)
    head.writeBigInt64BE(BigInt(highest), 12)
    head.writeBigInt64BE(BigInt(counts.reduce((sum, count) => sum + count, 0)), 20)
    return Buffer.concat([cookie, head, payload])
  }
  const head = Buffer.alloc(36)
  head.writeInt32BE(payload.length, 0)
  head.writeInt32BE(offset, 4)
  head.writeInt32BE(digits, 8)
  head.writeBigInt64BE(BigInt(lowest), 12)
  head.writeBigInt64BE(BigInt(highest), 20)
  head.writeDoubleBE(1, 28)
  return Buffer.concat([cookie, head, payload])
}

function words(counts: readonly number[], wordBytes: 2 | 4 | 8): Buffer {
  const buffer = Buffer.alloc(counts.length * wordBytes)
  counts.forEach((count, index) => {
    if (wordBytes === 8) buffer.writeBigInt64BE(BigInt(count), index * 8)
    else buffer.writeIntBE(count, index * wordBytes, wordBytes)
  })
  return buffer
}

function zigzag(counts: readonly number[]): Buffer {
  const bytes: number[] = []
  for (let index = 0; index < counts.length; index++) {
    let zeros = 0
    while (counts[index + zeros] === 0) zeros++
    const value = zeros > 1 ? -BigInt(zeros) : BigInt(counts[index] ?? 0)
    if (zeros > 1) index += zeros - 1
    let rest = value >= 0n ? value * 2n : -value * 2n - 1n
    for (; rest >= 0x80n; rest >>= 7n) bytes.push(Number(rest & 0x7fn) | 0x80)
    bytes.push(Number(rest))
  }
  return Buffer.from(bytes)
}
