/** Values by a key, the lowest first; of equal keys in no order. */
export class MinHeap<T> {
  readonly #keys: number[] = []
  readonly #values: T[] = []

  get size(): number {
    return this.#keys.length
  }

  get lowestKey(): number | undefined {
    return this.#keys[0]
  }

  push(key: number, value: T): void {
    let hole = this.#keys.push(key) - 1
    this.#values.push(value)
    while (hole > 0) {
      const parent = (hole - 1) >> 1
      if (this.#key(parent) <= key) break
      this.#move(parent, hole)
      hole = parent
    }
    this.#put(hole, key, value)
  }

  pop(): T | undefined {
    const lowest = this.#values[0]
    const key = this.#keys.pop()
    const value = this.#values.pop()
    if (key === undefined || this.size === 0) return lowest
    let hole = 0
    for (;;) {
      let child = 2 * hole + 1
      if (child >= this.size) break
      if (child + 1 < this.size && this.#key(child + 1) < this.#key(child)) child++
      if (key <= this.#key(child)) break
      this.#move(child, hole)
      hole = child
    }
    this.#put(hole, key, value as T)
    return lowest
  }

  #key(index: number): number {
    return this.#keys[index] as number
  }

  #move(from: number, to: number): void {
    this.#put(to, this.#key(from), this.#values[from] as T)
  }

  #put(index: number, key: number, value: T): void {
    this.#keys[index] = key
    this.#values[index] = value
  }
}
