/** Think times and paces over slots: a binary heap by (instant, order of adding). A slot has at most one wake-up. */
export class Wakeups {
  #at = new Float64Array(64)
  #order = new Float64Array(64)
  #slot = new Int32Array(64)
  #added = 0
  #size = 0

  add(slot: number, at: number): void {
    if (this.#size === this.#at.length) this.#grow()
    const order = this.#added++
    let hole = this.#size++
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if (!this.#isAfter(parent, at, order)) break
      this.#move(parent, hole)
      hole = parent
    }
    this.#put(hole, slot, at, order)
  }

  /** Takes one slot that is due; -1: none. */
  takeDue(now: number): number {
    if (this.#size === 0 || (this.#at[0] as number) > now) return -1
    const taken = this.#slot[0] as number
    const last = --this.#size
    if (last > 0)
      this.#sink(this.#slot[last] as number, this.#at[last] as number, this.#order[last] as number)
    return taken
  }

  /** When the next one is due; Infinity: there is none. */
  nextAt(): number {
    return this.#size === 0 ? Number.POSITIVE_INFINITY : (this.#at[0] as number)
  }

  clear(): void {
    this.#size = 0
  }

  #sink(slot: number, at: number, order: number): void {
    let hole = 0
    for (;;) {
      let child = 2 * hole + 1
      if (child >= this.#size) break
      const right = child + 1
      if (
        right < this.#size &&
        this.#isAfter(child, this.#at[right] as number, this.#order[right] as number)
      ) {
        child = right
      }
      if (this.#isAfter(child, at, order)) break
      this.#move(child, hole)
      hole = child
    }
    this.#put(hole, slot, at, order)
  }

  #isAfter(index: number, at: number, order: number): boolean {
    const mine = this.#at[index] as number
    return mine > at || (mine === at && (this.#order[index] as number) > order)
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#slot[from] as number, this.#at[from] as number, this.#order[from] as number)
  }

  #put(index: number, slot: number, at: number, order: number): void {
    this.#slot[index] = slot
    this.#at[index] = at
    this.#order[index] = order
  }

  #grow(): void {
    const length = this.#at.length * 2
    const at = new Float64Array(length)
    const order = new Float64Array(length)
    const slot = new Int32Array(length)
    at.set(this.#at)
    order.set(this.#order)
    slot.set(this.#slot)
    this.#at = at
    this.#order = order
    this.#slot = slot
  }
}
