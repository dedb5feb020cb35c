import { frameBytes, frameHeaderBytes, frameTypes, readUint31 } from './frame.ts'
import { errorCodes, Http2Error } from './protocol-error.ts'

export interface FrameListener {
  /** Nothing more is read. */
  readonly isGone: boolean
  /** A whole frame, whose payload begins at `at`; the memory is used again after the call. Throws Http2Error. */
  frame(type: number, flagBits: number, id: number, bytes: Buffer, at: number, length: number): void
}

/** Cuts what comes into frames, however it is split. Those that come whole are read where they lie; of others one at a time is held. */
export class FrameReader {
  readonly #listener: FrameListener
  #hasBegun = false
  #held: Buffer | null = null
  #heldBytes = 0

  constructor(listener: FrameListener) {
    this.#listener = listener
  }

  /** Throws Http2Error: then nothing more may be read. */
  read(bytes: Buffer, size: number): void {
    let at = this.#held === null ? 0 : this.#complete(this.#held, bytes, size)
    while (size - at >= frameHeaderBytes && !this.#listener.isGone) {
      const length = this.#lengthAt(bytes, at)
      const end = at + frameHeaderBytes + length
      if (end > size) break
      this.#tell(bytes, at, length)
      at = end
    }
    if (at < size && !this.#listener.isGone) this.#hold(bytes, at, size)
  }

  #tell(bytes: Buffer, at: number, length: number): void {
    const id = readUint31(bytes, at + 5)
    this.#listener.frame(
      bytes[at + 3] as number,
      bytes[at + 4] as number,
      id,
      bytes,
      at + frameHeaderBytes,
      length,
    )
  }

  #lengthAt(bytes: Buffer, at: number): number {
    const length =
      ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    if (!this.#hasBegun) {
      if (bytes[at + 3] !== frameTypes.settings) throw new Http2Error(notHttp2(bytes, at))
      this.#hasBegun = true
    }
    if (length > frameBytes) throw new Http2Error(`a frame of ${length} bytes`, errorCodes.frameSize)
    return length
  }

  /** Takes what the held frame lacks, and tells it where it is whole then. How much was taken. */
  #complete(known: Buffer, bytes: Buffer, size: number): number {
    let held = known
    let at = 0
    while (this.#heldBytes < frameHeaderBytes && at < size) held[this.#heldBytes++] = bytes[at++] as number
    if (this.#heldBytes < frameHeaderBytes) return at
    const length = this.#lengthAt(held, 0)
    const whole = frameHeaderBytes + length
    if (held.length < whole) {
      held = Buffer.allocUnsafe(whole)
      known.copy(held, 0, 0, this.#heldBytes)
      this.#held = held
    }
    const taken = Math.min(whole - this.#heldBytes, size - at)
    bytes.copy(held, this.#heldBytes, at, at + taken)
    this.#heldBytes += taken
    if (this.#heldBytes < whole) return size
    this.#held = null
    this.#heldBytes = 0
    this.#tell(held, 0, length)
    return at + taken
  }

  #hold(bytes: Buffer, at: number, size: number): void {
    const length = size - at
    const whole = length < frameHeaderBytes ? frameHeaderBytes : frameHeaderBytes + this.#lengthAt(bytes, at)
    this.#held = Buffer.allocUnsafe(whole)
    bytes.copy(this.#held, 0, at, size)
    this.#heldBytes = length
  }
}

/** A server of HTTP/1.1 answers the preface by an error, in plain text. */
function notHttp2(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 5) === 'HTTP/'
    ? 'it speaks HTTP/1.1; leave out `protocol: http2`, or switch HTTP/2 on there'
    : 'its first frame is no SETTINGS'
}
