import { fieldsOf } from './field-lines.ts'
import { ResponseHead } from './response-head.ts'

/** Of a head that is worth comparing; longer ones are parsed each time. */
const mostBytes = 2048
/** After that many answers in a row that were different, the last one is kept of each sixteenth only. */
const patience = 8

/**
 * The last head that came for a request. Targets answer the same request with the same head until the second of its `date` is over, and comparing
 * bytes four at a time costs a quarter of parsing them.
 */
export class KnownHead {
  readonly head = new ResponseHead()
  /** Bytes of it; 0: none is known. */
  length = 0
  #words = new Int32Array(0)
  #bytes = new Uint8Array(0)
  #fields: string[] | null = null
  #strangers = 0

  /** `words`: the same memory as `bytes`, of which `available` are there. */
  matches(bytes: Uint8Array, words: Int32Array, available: number): boolean {
    const { length } = this
    if (length === 0 || length > available) return false
    const known = this.#words
    const whole = length >> 2
    for (let i = 0; i < whole; i++) if (words[i] !== known[i]) return false
    for (let i = whole << 2; i < length; i++) if (bytes[i] !== this.#bytes[i]) return false
    this.#strangers = 0
    return true
  }

  /** That one came instead. */
  learn(head: ResponseHead, bytes: Uint8Array, length: number): void {
    if (length > mostBytes || (++this.#strangers > patience && this.#strangers % 16 !== 0)) return
    if (this.#bytes.length < length) {
      this.#words = new Int32Array((length + 67) >> 2)
      this.#bytes = new Uint8Array(this.#words.buffer)
    }
    this.#bytes.set(bytes.subarray(0, length))
    this.length = length
    this.#fields = null
    this.head.copy(head)
  }

  /** As {@link fieldsOf}, of the head that matched `bytes`; shared, so whoever gives it away copies it. */
  fields(bytes: Buffer): readonly string[] {
    this.#fields ??= fieldsOf(bytes, 0, this.length)
    return this.#fields
  }
}
