/** What takes the bytes of a body. False: no more of them. */
export interface BodyTaker {
  body(bytes: Buffer, from: number, to: number): boolean
}

/** Extensions are read over; a line of a chunk's size has so many bytes at most. */
const mostLineBytes = 4096
/** Hexadecimal; more would be no exact number. */
const mostDigits = 13

export type ChunkedState = 'more' | 'trailers' | 'broken' | 'stopped'

type Place = 'size' | 'blank' | 'extension' | 'sizeEnd' | 'data' | 'dataCr' | 'dataLf'

/** The chunks of a body, without its trailers (RFC 9112 §7.1). */
export class ChunkedBody {
  /** Why it is broken, as the end of a sentence. */
  problem = ''
  state: ChunkedState = 'more'
  readonly #taker: BodyTaker
  #place: Place = 'size'
  #digits = 0
  #left = 0
  #lineBytes = 0

  constructor(taker: BodyTaker) {
    this.#taker = taker
  }

  begin(): void {
    this.state = 'more'
    this.#beginSize()
  }

  /** Gives the place behind what it took; the state says how it goes on. */
  take(bytes: Buffer, from: number, end: number): number {
    let at = from
    while (at < end) {
      if (this.#place === 'data') {
        const to = Math.min(end, at + this.#left)
        this.#left -= to - at
        const goesOn = this.#taker.body(bytes, at, to)
        at = to
        if (!goesOn) {
          this.state = 'stopped'
          return at
        }
        if (this.#left === 0) this.#place = 'dataCr'
        continue
      }
      const problem = this.#step(bytes[at] as number)
      at++
      if (problem !== null) {
        this.problem = problem
        this.state = 'broken'
        return at
      }
      if (this.state === 'trailers') return at
    }
    return at
  }

  #step(byte: number): string | null {
    switch (this.#place) {
      case 'size': {
        const digit = digits[byte] as number
        if (digit !== none) {
          if (++this.#digits > mostDigits) return 'the size of a chunk is too long'
          this.#left = this.#left * 16 + digit
          return null
        }
        if (this.#digits === 0) return 'the size of a chunk is no number'
        return this.#behindSize(byte)
      }
      case 'blank':
        return this.#behindSize(byte)
      case 'extension':
        if (++this.#lineBytes > mostLineBytes) return 'the extensions of a chunk are too long'
        if (byte === cr) this.#place = 'sizeEnd'
        else if (byte < 32 ? byte !== tab : byte === del)
          return 'the size of a chunk has a control character behind it'
        return null
      case 'sizeEnd':
        if (byte !== lf) return 'the size of a chunk ends without LF'
        if (this.#left === 0) this.state = 'trailers'
        else this.#place = 'data'
        return null
      case 'dataCr':
        if (byte !== cr) return 'a chunk is longer than its size'
        this.#place = 'dataLf'
        return null
      case 'dataLf':
        if (byte !== lf) return 'a chunk is longer than its size'
        this.#beginSize()
        return null
      case 'data':
        return null
      default:
        return this.#place satisfies never
    }
  }

  #behindSize(byte: number): string | null {
    if (++this.#lineBytes > mostLineBytes) return 'the size of a chunk is too long'
    if (byte === cr) this.#place = 'sizeEnd'
    else if (byte === semicolon) this.#place = 'extension'
    else if (byte === space || byte === tab) this.#place = 'blank'
    else return 'the size of a chunk is no number'
    return null
  }

  #beginSize(): void {
    this.#place = 'size'
    this.#digits = 0
    this.#left = 0
    this.#lineBytes = 0
  }
}

const tab = 9
const lf = 10
const cr = 13
const space = 32
const semicolon = 59
const del = 127

const none = 255
const digits = new Uint8Array(256).fill(none)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  digits[digit.charCodeAt(0)] = value
  digits[digit.toUpperCase().charCodeAt(0)] = value
}
