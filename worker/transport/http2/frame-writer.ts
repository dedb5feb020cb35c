import { frameBytes, frameHeaderBytes } from './frame.ts'

const chunkBytes = 2 * (frameBytes + frameHeaderBytes)
const mostFree = 64

/** Memory for what is written next, used again by all connections of a thread: idle ones hold none. */
export class Chunks {
  readonly #free: Buffer[] = []

  take(): Buffer {
    return this.#free.pop() ?? Buffer.allocUnsafeSlow(chunkBytes)
  }

  giveBack(chunk: Buffer): void {
    if (this.#free.length < mostFree) this.#free.push(chunk)
  }
}

/** What waits to be written to one connection. */
export class FrameWriter {
  readonly #chunks: Chunks
  /** Full ones, and how much is in each. */
  readonly #full: Buffer[] = []
  readonly #lengths: number[] = []
  /** Handed to the socket, which may still read them. */
  readonly #written: Buffer[] = []
  #current: Buffer | null = null
  #at = 0
  #bytes = 0

  constructor(chunks: Chunks) {
    this.#chunks = chunks
  }

  /** That wait. */
  get bytes(): number {
    return this.#bytes
  }

  /** Makes room for so many bytes, a frame at most, in `chunk`; they begin there at what it returns. */
  reserve(length: number): number {
    if (this.#current === null) this.#current = this.#chunks.take()
    else if (this.#at + length > this.#current.length) {
      this.#full.push(this.#current)
      this.#lengths.push(this.#at)
      this.#current = this.#chunks.take()
      this.#at = 0
    }
    const at = this.#at
    this.#at += length
    this.#bytes += length
    return at
  }

  /** The one in which `reserve` has just found room. */
  get chunk(): Buffer {
    return this.#current as Buffer
  }

  /** Hands all of it to `write`, chunk by chunk. Their memory is kept until `recycle`. */
  drain(write: (bytes: Buffer) => void): void {
    for (let n = 0; n < this.#full.length; n++) {
      const chunk = this.#full[n] as Buffer
      this.#written.push(chunk)
      write(chunk.subarray(0, this.#lengths[n]))
    }
    this.#full.length = 0
    this.#lengths.length = 0
    const current = this.#current
    if (current !== null) {
      this.#written.push(current)
      this.#current = null
      write(current.subarray(0, this.#at))
    }
    this.#at = 0
    this.#bytes = 0
  }

  /** What was drained has been written. */
  recycle(): void {
    for (let chunk = this.#written.pop(); chunk !== undefined; chunk = this.#written.pop()) {
      this.#chunks.giveBack(chunk)
    }
  }
}
