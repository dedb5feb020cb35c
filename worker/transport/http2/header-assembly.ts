import { flags } from './frame.ts'
import { errorCodes, Http2Error } from './protocol-error.ts'

export interface HeaderAssemblyListener {
  /** A whole header block. */
  block(bytes: Buffer, at: number, end: number, flagBits: number, id: number): void
}

/** Header blocks, of which most come in one frame, and large ones in a HEADERS and its CONTINUATIONs. */
export class HeaderAssembly {
  readonly #listener: HeaderAssemblyListener
  readonly #mostBytes: number
  #stream = 0
  #flagBits = 0
  #parts: Buffer[] = []
  #bytes = 0

  constructor(mostBytes: number, listener: HeaderAssemblyListener) {
    this.#mostBytes = mostBytes
    this.#listener = listener
  }

  /** The stream whose block goes on: nothing else may come now. 0: none does. */
  get stream(): number {
    return this.#stream
  }

  headers(bytes: Buffer, payload: number, length: number, flagBits: number, id: number): void {
    if (id === 0) throw new Http2Error('headers of no stream')
    let from = payload
    let end = payload + length
    if ((flagBits & flags.padded) !== 0) {
      if (from >= end) throw new Http2Error('a HEADERS that is too short', errorCodes.frameSize)
      end -= bytes[from] as number
      from++
    }
    if ((flagBits & flags.priority) !== 0) from += 5
    if (from > end) throw new Http2Error('more padding than frame')
    if ((flagBits & flags.endHeaders) !== 0) {
      this.#listener.block(bytes, from, end, flagBits, id)
      return
    }
    this.#stream = id
    this.#flagBits = flagBits
    this.#keep(bytes, from, end)
  }

  continuation(bytes: Buffer, from: number, length: number, flagBits: number): void {
    if (this.#stream === 0) throw new Http2Error('a CONTINUATION of nothing')
    this.#keep(bytes, from, from + length)
    if ((flagBits & flags.endHeaders) === 0) return
    const block = Buffer.concat(this.#parts, this.#bytes)
    const id = this.#stream
    this.#stream = 0
    this.#parts = []
    this.#bytes = 0
    this.#listener.block(block, 0, block.length, this.#flagBits, id)
  }

  #keep(bytes: Buffer, from: number, end: number): void {
    this.#bytes += end - from
    if (this.#bytes > this.#mostBytes) {
      throw new Http2Error(`headers of more than ${this.#mostBytes} bytes`, errorCodes.enhanceYourCalm)
    }
    if (end > from) this.#parts.push(Buffer.from(bytes.subarray(from, end)))
  }
}
