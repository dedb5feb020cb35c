import { HpackError } from './protocol-error.ts'

/**
 * Lengths in bits of the codes of RFC 7541 appendix B, for the bytes 0 to 255 and EOS; `7*22` is twenty-two times 7. The code is canonical: among
 * codes of one length, and from one length to the next, they count up in the order of what they stand for.
 */
const lengths: readonly number[] =
  `13 23 28*7 24 30 28*2 30 28*8 30 28*9 6 10*2 12 13 6 8 11 10*2 8 11 8 6*3 5*3 6*7 7 8 15 6 12 10 13 6
  7*22 8 7 8 13 19 13 14 6 15 5 6 5 6 5 6*3 5 7*2 6*3 5 6 7 6 5*2 6 7*5 15 11 14 13 28 20 22 20*2 22*3 23 22 23*5 24 23 24*2 22 23 24 23*4
  21 22 23 22 23*2 24 22 21 20 22*2 23*2 21 23 22*2 24 21 22 23*2 21*2 22 21 23 22 23*2 20 22*3 23 22*2 23 26*2 20 19 22 23 22 25 26*3 27*2
  26 24 25 19 21 26 27*2 26 27 24 21*2 26*2 28 27*3 20 24 20 21 22 21*2 23 22*2 25*2 24*2 26 23 26 27 26*2 27*5 28 27*5 26 30`
    .split(/\s+/)
    .flatMap((run) => {
      const [length, times = '1'] = run.split('*')
      return Array.from({ length: Number(times) }, () => Number(length))
    })

const endOfText = 256
const longest = 30

/** Of each length: its first code, how many codes there are, and where their symbols begin in `symbols`. */
const firstCode = new Int32Array(longest + 1)
const codesOf = new Int32Array(longest + 1)
const symbolsAt = new Int32Array(longest + 1)
const symbols = new Int16Array(lengths.length)
/** By the next eight bits: symbol × 16 + length of a code that is no longer than that; 0: it is longer. */
const short = new Int16Array(256)

let code = 0
let filled = 0
for (let length = 1; length <= longest; length++) {
  code <<= 1
  firstCode[length] = code
  symbolsAt[length] = filled
  for (let symbol = 0; symbol < lengths.length; symbol++) {
    if (lengths[symbol] !== length) continue
    symbols[filled++] = symbol
    if (length <= 8) {
      const from = code << (8 - length)
      short.fill(symbol * 16 + length, from, from + (1 << (8 - length)))
    }
    code++
  }
  codesOf[length] = filled - (symbolsAt[length] as number)
}

/** Bytes that a coded text of that many bytes has at most: no code is shorter than five bits. */
export function mostDecoded(bytes: number): number {
  return Math.floor((bytes * 8) / 5)
}

/** Writes the text of `bytes` from `at` to `end` into `into`, which has room for it; its number of bytes. Throws HpackError. */
export function decodeHuffman(bytes: Uint8Array, at: number, end: number, into: Uint8Array): number {
  const bits = (end - at) * 8
  let bit = 0
  let written = 0
  while (bit < bits) {
    const byte = at + (bit >> 3)
    const next = byte + 1 < end ? (bytes[byte + 1] as number) : 0xff
    const eight = ((((bytes[byte] as number) << 8) | next) >> (8 - (bit & 7))) & 0xff
    const known = short[eight] as number
    const length = known & 15
    if (length > 0 && bit + length <= bits) {
      into[written++] = known >> 4
      bit += length
      continue
    }
    if (bits - bit < 8 && isPadding(eight, bits - bit)) return written
    let long = 0
    let used = 0
    let symbol = -1
    while (symbol < 0) {
      if (bit + used >= bits || used >= longest) throw new HpackError('a Huffman code is cut short')
      const from = bit + used
      long = (long << 1) | (((bytes[at + (from >> 3)] as number) >> (7 - (from & 7))) & 1)
      used++
      const beyond = long - (firstCode[used] as number)
      if (beyond >= 0 && beyond < (codesOf[used] as number))
        symbol = symbols[(symbolsAt[used] as number) + beyond] as number
    }
    if (symbol === endOfText) throw new HpackError('a Huffman code for the end of a text stands within it')
    into[written++] = symbol
    bit += used
  }
  return written
}

/** What fills the last byte up is the beginning of the code for the end. */
function isPadding(eight: number, bits: number): boolean {
  return eight >> (8 - bits) === (1 << bits) - 1
}
