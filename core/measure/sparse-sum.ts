import type { SparseCounts } from './snapshot.ts'
import { sparseAdder } from './sparse-adder.ts'
import { Totals } from './totals.ts'

const nothing: SparseCounts = new Uint8Array(0)

/** So many payloads are added up at once: the counts that they go to come into the processor's cache once for all of them. */
const mostPending = 32
/** Emptied ones, for the next sums that many payloads come to. */
const spare: Totals[] = []
const mostSpare = 512

/**
 * A sum of sparse counts. What comes is kept as it is while there is little of it, and is counted in full where more comes (a thousand workers tell of one
 * second): so adding costs one walk of a payload. `settle` makes it small again, and its own.
 */
export class SparseSum {
  #sum: SparseCounts = nothing
  #pending: SparseCounts[] | null = null
  #counts: Totals | null = null

  /** Of payloads. */
  get bytes(): number {
    return (this.#pending ?? []).reduce((sum, { length }) => sum + length, this.#sum.length)
  }

  /** Checked before (`checkSparse`); kept, so it must not change any more. */
  add(sparse: SparseCounts): void {
    if (sparse.length === 0) return
    if (this.#sum.length === 0 && this.#counts === null) {
      this.#sum = sparse
      return
    }
    this.#pending ??= []
    this.#pending.push(sparse)
    if (this.#pending.length >= mostPending) this.#count()
  }

  /** As `add` of each, and then `settle`: nothing of them is kept. */
  addAll(payloads: readonly SparseCounts[]): void {
    for (const sparse of payloads) sparseAdder.add(sparse)
    this.#addUp()
  }

  addTo(totals: Totals): void {
    totals.addSparse(this.#sum)
    for (const sparse of this.#pending ?? []) totals.addSparse(sparse)
    if (this.#counts !== null) totals.addAll(this.#counts)
  }

  /** As one payload. */
  toSparse(): SparseCounts {
    if (this.#pending !== null || this.#counts !== null) this.#addUp()
    return this.#sum
  }

  /** As few bytes as it can be, which are its own: not those of a message that held more. */
  settle(): void {
    const sparse = this.toSparse()
    const isPart = sparse.length < sparse.buffer.byteLength
    this.#become(isPart ? sparse.slice() : sparse)
  }

  toTotals(): Totals {
    const totals = new Totals()
    this.addTo(totals)
    return totals
  }

  /** With what the adder holds already. */
  #addUp(): void {
    sparseAdder.add(this.#sum)
    for (const sparse of this.#pending ?? []) sparseAdder.add(sparse)
    this.#counts?.forEach((index, count) => {
      sparseAdder.addAt(index, count)
    })
    this.#become(sparseAdder.take())
  }

  #become(sparse: SparseCounts): void {
    this.#sum = sparse
    this.#pending = null
    if (this.#counts === null) return
    this.#counts.clear()
    if (spare.length < mostSpare) spare.push(this.#counts)
    this.#counts = null
  }

  #count(): void {
    this.#counts ??= spare.pop() ?? new Totals()
    this.#counts.addSparse(this.#sum)
    for (const sparse of this.#pending ?? []) this.#counts.addSparse(sparse)
    this.#sum = nothing
    this.#pending = null
  }
}
