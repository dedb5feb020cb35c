/** Length and compression flag before each message (the gRPC wire format). */
export const messagePrefixBytes = 5

export interface MessageListener {
  /** Its memory is used again after the call. `isCompressed`: as the answer's `grpc-encoding` says. */
  message(bytes: Buffer, isCompressed: boolean): void
  /** It says to be longer than may be kept. */
  tooLong(): void
}

/** Cuts a body into the messages of gRPC. One that comes in a single frame is handed on where it lies. */
export class MessageReader {
  readonly #listener: MessageListener
  readonly #mostBytes: number
  readonly #prefix = Buffer.alloc(messagePrefixBytes)
  #prefixBytes = 0
  #length = 0
  #parts: Buffer | null = null
  #partBytes = 0
  #isStopped = false

  constructor(mostBytes: number, listener: MessageListener) {
    this.#mostBytes = mostBytes
    this.#listener = listener
  }

  /** Something of a message is missing. */
  get isWithin(): boolean {
    return this.#prefixBytes > 0
  }

  restart(): void {
    this.#prefixBytes = 0
    this.#parts = null
    this.#partBytes = 0
    this.#isStopped = false
  }

  /** Nothing more is told of what it is reading. */
  stop(): void {
    this.#isStopped = true
    this.#parts = null
  }

  read(bytes: Buffer, from: number, end: number): void {
    let at = from
    while (at < end && !this.#isStopped) {
      if (this.#prefixBytes < messagePrefixBytes) {
        this.#prefix[this.#prefixBytes++] = bytes[at++] as number
        if (this.#prefixBytes < messagePrefixBytes) continue
        this.#length = this.#prefix.readUInt32BE(1)
        if (this.#length > this.#mostBytes) {
          this.stop()
          this.#listener.tooLong()
          return
        }
        if (this.#length > 0) continue
      }
      const left = this.#length - this.#partBytes
      const taken = Math.min(left, end - at)
      if (taken === this.#length) this.#tell(bytes.subarray(at, at + taken))
      else this.#keep(bytes, at, taken)
      at += taken
    }
  }

  #keep(bytes: Buffer, at: number, taken: number): void {
    // Not more than came is held: a length is only said.
    if (this.#parts === null) this.#parts = Buffer.allocUnsafe(Math.min(this.#length, 2 * taken))
    const wanted = this.#partBytes + taken
    if (this.#parts.length < wanted) {
      const larger = Buffer.allocUnsafe(Math.min(this.#length, 2 * wanted))
      this.#parts.copy(larger, 0, 0, this.#partBytes)
      this.#parts = larger
    }
    bytes.copy(this.#parts, this.#partBytes, at, at + taken)
    this.#partBytes = wanted
    if (wanted === this.#length) this.#tell(this.#parts.subarray(0, wanted))
  }

  #tell(message: Buffer): void {
    this.#prefixBytes = 0
    this.#parts = null
    this.#partBytes = 0
    this.#listener.message(message, this.#prefix[0] !== 0)
  }
}
