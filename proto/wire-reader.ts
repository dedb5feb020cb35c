import { refuse } from './bad-message.ts'

/** How a field is written: the low three bits of its tag. */
const varintType = 0
const eightByteType = 1
const lengthType = 2
const fourByteType = 5

/**
 * Reads protobuf by hand, where a library that makes an object of each message would take most of a controller's time. Refuses what is malformed, and throws
 * nothing else.
 */
export class WireReader {
  readonly bytes: Uint8Array
  readonly end: number
  at: number

  constructor(bytes: Uint8Array, at = 0, end = bytes.length) {
    this.bytes = bytes
    this.at = at
    this.end = end
  }

  get more(): boolean {
    return this.at < this.end
  }

  /** Number of the field × 8 + how it is written. */
  tag(): number {
    const tag = this.varint()
    return tag >= 8 ? tag : refuse('it has a field without a number')
  }

  /** Up to 2⁵³ − 1. A negative number is written as one near 2⁶⁴. `what` it is of, for people. */
  varint(what = 'a number in it'): number {
    let value = 0
    let factor = 1
    for (let group = 0; group < 8; group++) {
      if (this.at >= this.end) brokenOff()
      const byte = this.bytes[this.at++] as number
      if (byte < 0x80) {
        value += byte * factor
        return value <= Number.MAX_SAFE_INTEGER ? value : refuse(`${what} is not a count`)
      }
      value += (byte & 0x7f) * factor
      factor *= 0x80
    }
    return refuse(`${what} is not a count`)
  }

  /** Below 2³². */
  uint32(): number {
    const value = this.varint()
    return value <= 0xffff_ffff ? value : refuse('a number in it is not a count of 32 bits')
  }

  /** A number that may be below zero (zigzag). */
  sint32(): number {
    const value = this.uint32()
    return (value >>> 1) ^ -(value & 1)
  }

  /** Of a field of bytes, of a text or of a message: where it ends. */
  length(): number {
    const end = this.varint() + this.at
    return end <= this.end ? end : brokenOff()
  }

  /** A view. */
  view(): Uint8Array {
    const end = this.length()
    const view = this.bytes.subarray(this.at, end)
    this.at = end
    return view
  }

  message(): WireReader {
    const end = this.length()
    const reader = new WireReader(this.bytes, this.at, end)
    this.at = end
    return reader
  }

  skip(tag: number): void {
    switch (tag & 7) {
      case varintType:
        this.varint()
        return
      case lengthType:
        this.at = this.length()
        return
      case eightByteType:
        this.at += 8
        break
      case fourByteType:
        this.at += 4
        break
      default:
        refuse('it has a field of a kind that nobody writes')
    }
    if (this.at > this.end) brokenOff()
  }
}

function brokenOff(): never {
  refuse('its bytes break off')
}
