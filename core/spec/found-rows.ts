import type { RowFault } from './indexed-rows.ts'

const mostFaults = 10

/** Rows as they are found. Their places lie in memory like that of the file: what is shared of it is shared of them. */
export class FoundRows {
  readonly faults: RowFault[] = []
  moreFaults = 0
  readonly #memory: ArrayBufferConstructor
  #starts: Uint32Array
  #count = 0

  constructor(bytes: Uint8Array) {
    this.#memory = bytes.buffer.constructor as ArrayBufferConstructor
    this.#starts = new Uint32Array(1024)
  }

  get count(): number {
    return this.#count
  }

  /** `start`: below 4 GiB. */
  add(start: number): void {
    if (this.#count === this.#starts.length) {
      const larger = new Uint32Array(this.#count * 2)
      larger.set(this.#starts)
      this.#starts = larger
    }
    this.#starts[this.#count++] = start
  }

  fault(line: number, problem: string): void {
    if (this.faults.length < mostFaults) this.faults.push({ line, problem })
    else this.moreFaults++
  }

  starts(): Uint32Array {
    const starts = new Uint32Array(new this.#memory(this.#count * Uint32Array.BYTES_PER_ELEMENT))
    starts.set(this.#starts.subarray(0, this.#count))
    return starts
  }
}
