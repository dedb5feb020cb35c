import { bucketCount } from './buckets.ts'
import type { SparseCounts } from './snapshot.ts'
import { walkSparse } from './totals.ts'
import { VarintWriter } from './varint.ts'

const wordBits = 5
const wordMask = (1 << wordBits) - 1

/**
 * Adds up payloads to one, and is empty again. It has all buckets, and a bit for each that holds something: so it costs as much as there is in the
 * payloads, however far apart that lies. There is one for all, since it keeps nothing.
 */
class SparseAdder {
  readonly #counts = new Float64Array(bucketCount)
  readonly #held = new Uint32Array(bucketCount >>> wordBits)
  readonly #writer = new VarintWriter()
  #lowestWord = this.#held.length
  #highestWord = -1

  /** Checked before (`checkSparse`). */
  add(sparse: SparseCounts): void {
    walkSparse(sparse, this)
  }

  addAt(index: number, count: number): void {
    this.#counts[index] = (this.#counts[index] as number) + count
    const word = index >>> wordBits
    this.#held[word] = (this.#held[word] as number) | (1 << (index & wordMask))
    if (word < this.#lowestWord) this.#lowestWord = word
    if (word > this.#highestWord) this.#highestWord = word
  }

  take(): SparseCounts {
    const writer = this.#writer
    let previous = 0
    for (let word = this.#lowestWord; word <= this.#highestWord; word++) {
      let held = this.#held[word] as number
      if (held === 0) continue
      this.#held[word] = 0
      while (held !== 0) {
        const lowest = held & -held
        const index = (word << wordBits) | (31 - Math.clz32(lowest))
        held ^= lowest
        writer.write(index - previous)
        writer.write(this.#counts[index] as number)
        this.#counts[index] = 0
        previous = index
      }
    }
    this.#lowestWord = this.#held.length
    this.#highestWord = -1
    return writer.take()
  }
}

export const sparseAdder = new SparseAdder()
