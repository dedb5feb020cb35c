/**
 * Keeps at least the `room` entries written last and never more than twice as many, so that hours of load take no more memory than minutes. It forgets by
 * generations: deleting the oldest entry of a Map again and again makes it walk over all that were deleted before.
 */
export class BoundedMap<K, V> {
  #young = new Map<K, V>()
  #old = new Map<K, V>()
  readonly #room: number

  constructor(room: number) {
    this.#room = room
  }

  get size(): number {
    let size = this.#young.size
    for (const key of this.#old.keys()) if (!this.#young.has(key)) size++
    return size
  }

  get(key: K): V | undefined {
    return this.#young.get(key) ?? this.#old.get(key)
  }

  set(key: K, value: V): void {
    if (this.#young.size >= this.#room && !this.#young.has(key)) {
      this.#old = this.#young
      this.#young = new Map()
    }
    this.#young.set(key, value)
  }

  delete(key: K): boolean {
    const isYoung = this.#young.delete(key)
    return this.#old.delete(key) || isYoung
  }

  *values(): Generator<V> {
    for (const [key, value] of this.#old) if (!this.#young.has(key)) yield value
    yield* this.#young.values()
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
