/** Keeps the `room` entries written last, so that hours of load take no more memory than minutes. */
export class BoundedMap<K, V> {
  readonly #entries = new Map<K, V>()
  readonly #room: number

  constructor(room: number) {
    this.#room = room
  }

  get size(): number {
    return this.#entries.size
  }

  get(key: K): V | undefined {
    return this.#entries.get(key)
  }

  set(key: K, value: V): void {
    this.#entries.delete(key)
    if (this.#entries.size >= this.#room) {
      const [oldest] = this.#entries.keys()
      this.#entries.delete(oldest as K)
    }
    this.#entries.set(key, value)
  }

  delete(key: K): boolean {
    return this.#entries.delete(key)
  }

  entries(): IterableIterator<[K, V]> {
    return this.#entries.entries()
  }
}

/** A number for each key, from 0. */
export class Tallies {
  readonly #numbers: BoundedMap<string, number>

  constructor(room: number) {
    this.#numbers = new BoundedMap(room)
  }

  /** The new number. */
  add(key: string, increment = 1): number {
    const number = (this.#numbers.get(key) ?? 0) + increment
    this.#numbers.set(key, number)
    return number
  }
}
