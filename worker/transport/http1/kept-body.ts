/** What a target says of its length is not taken at its word. */
const mostAtOnce = 64 * 1024

/** What is kept of a body, as it comes. */
export class KeptBody {
  #most = 0
  #bytes: Buffer | null = null
  #length = 0

  /** `most`: what comes behind it is not kept. */
  begin(most: number): void {
    this.#most = most
    this.#bytes = null
    this.#length = 0
  }

  /** `expected`: how many bytes there will be; -1: not known. */
  add(bytes: Buffer, from: number, to: number, expected: number): void {
    const length = Math.min(to - from, this.#most - this.#length)
    if (length <= 0) return
    const needed = this.#length + length
    let kept = this.#bytes
    if (kept === null || kept.length < needed) {
      const wanted = Math.min(this.#most, expected < 0 ? needed : expected)
      const room = Math.max(needed, Math.min(wanted, Math.max(mostAtOnce, 2 * needed)))
      const more = Buffer.allocUnsafe(kept === null ? room : Math.max(room, 2 * kept.length))
      kept?.copy(more, 0, 0, this.#length)
      kept = more
      this.#bytes = kept
    }
    bytes.copy(kept, this.#length, from, from + length)
    this.#length = needed
  }

  /** Null: none came. It is the caller's. */
  take(): Buffer | null {
    const bytes = this.#bytes
    this.#bytes = null
    return bytes === null || bytes.length === this.#length ? bytes : bytes.subarray(0, this.#length)
  }
}
