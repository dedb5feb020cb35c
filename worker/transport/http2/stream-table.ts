/** What is kept in one. */
export interface Identified {
  readonly id: number
}

/**
 * The open streams of a connection, by id. Ids count up by two, so their places follow each other and a look-up is one step, where a Map would hash; a
 * stream that outlives many others is stepped over.
 */
export class StreamTable<S extends Identified> {
  #places: (S | null)[] = new Array(16).fill(null)
  #size = 0

  get size(): number {
    return this.#size
  }

  get(id: number): S | undefined {
    const mask = this.#places.length - 1
    for (let place = (id >>> 1) & mask; ; place = (place + 1) & mask) {
      const stream = this.#places[place]
      if (stream === null || stream === undefined) return undefined
      if (stream.id === id) return stream
    }
  }

  /** None of its id may be in it. */
  add(stream: S): void {
    if (this.#size * 2 >= this.#places.length) this.#grow()
    this.#put(stream)
    this.#size++
  }

  /** Nothing happens where there is none. */
  remove(id: number): void {
    const places = this.#places
    const mask = places.length - 1
    let gap = (id >>> 1) & mask
    while (places[gap]?.id !== id) {
      if (places[gap] === null) return
      gap = (gap + 1) & mask
    }
    places[gap] = null
    this.#size--
    // Those behind it move up where they would else not be found any more.
    for (let place = (gap + 1) & mask; ; place = (place + 1) & mask) {
      const stream = places[place]
      if (stream === null || stream === undefined) return
      const home = (stream.id >>> 1) & mask
      if (((place - home) & mask) < ((place - gap) & mask)) continue
      places[gap] = stream
      places[place] = null
      gap = place
    }
  }

  /** As they are now, by age. */
  all(): S[] {
    const streams = this.#places.filter((stream) => stream !== null)
    return streams.sort((one, other) => one.id - other.id)
  }

  #put(stream: S): void {
    const mask = this.#places.length - 1
    let place = (stream.id >>> 1) & mask
    while (this.#places[place] !== null) place = (place + 1) & mask
    this.#places[place] = stream
  }

  #grow(): void {
    const streams = this.all()
    this.#places = new Array(this.#places.length * 2).fill(null)
    for (const stream of streams) this.#put(stream)
  }
}
