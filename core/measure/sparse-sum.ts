import type { SparseCounts } from './snapshot.ts'
import { Totals } from './totals.ts'

const nothing: SparseCounts = new Uint8Array(0)
const scratch = new Totals()

/** Pending payloads below this are not worth adding up. */
const tolerated = 2_048

/**
 * A sum of sparse counts that stays sparse: payloads are kept as they are until they take more room than the sum itself, and are
 * added up then. So adding costs about two walks of a payload, and the room is about twice that of the sum.
 */
export class SparseSum {
  #sum: SparseCounts = nothing
  #pending: SparseCounts[] = []
  #pendingBytes = 0

  get bytes(): number {
    return this.#sum.length + this.#pendingBytes
  }

  /** Checked before (`checkSparse`); kept, so it must not change any more. */
  add(sparse: SparseCounts): void {
    if (sparse.length === 0) return
    if (this.#sum.length === 0 && this.#pending.length === 0) {
      this.#sum = sparse
      return
    }
    this.#pending.push(sparse)
    this.#pendingBytes += sparse.length
    if (this.#pendingBytes > Math.max(tolerated, this.#sum.length)) this.#compact()
  }

  addTo(totals: Totals): void {
    totals.addSparse(this.#sum)
    for (const sparse of this.#pending) totals.addSparse(sparse)
  }

  /** As one payload. */
  toSparse(): SparseCounts {
    if (this.#pending.length > 0) this.#compact()
    return this.#sum
  }

  toTotals(): Totals {
    const totals = new Totals()
    this.addTo(totals)
    return totals
  }

  #compact(): void {
    scratch.clear()
    this.addTo(scratch)
    this.#sum = scratch.toSparse()
    this.#pending = []
    this.#pendingBytes = 0
  }
}
