import { Random } from '../random.ts'

/**
 * A row; or `wanted`: a block must be leased first (LeasedRows.give), the iteration waits; or `ended`: the data is at its end, the phase ends
 * normally; or `error`: it is at its end, and the run ends inconclusive.
 */
export type RowPick = number | 'wanted' | 'ended' | 'error'

export interface RowSource {
  /** Its place in the LoadTest's `data`. */
  readonly index: number
  readonly pick: 'unique' | 'sequential' | 'random'
  readonly onEnd: 'stop' | 'recycle' | 'error'
  readonly rows: number
}

/**
 * Which row an iteration takes. Everything but leased blocks follows from the keys alone, so any worker computes the same.
 * `leased` is this thread's own; one for every source that is drawn uniquely.
 */
export interface RowPicker {
  /**
   * For arrival n of an open phase. `firstRow` and `planned` are the phase's of the plan (PlannedPhase): arrivals that steering added lie
   * beyond `planned`, and lease.
   */
  forArrival(seed: number, phase: number, arrival: number, firstRow: number, planned: number): RowPick
  /** For a user's k-th iteration (counted over its life) in a closed phase of `users` users. */
  forUser(seed: number, phase: number, user: number, epoch: number, k: number, users: number): RowPick
}

export function createRowPicker(source: RowSource, leased: LeasedRows): RowPicker {
  const { rows } = source
  const random = new Random()
  const drawn = (seed: number, phase: number, a: number, b: number, k: number): number => {
    // The phase and the source make one key: 64 phases at most.
    random.seed(seed, randomRowStream + phase + source.index * 64, a, b, k)
    return Math.floor(random.next() * rows)
  }
  if (rows === 0) return { forArrival: () => atEnd(source), forUser: () => atEnd(source) }
  switch (source.pick) {
    case 'unique':
      return {
        forArrival: (_seed, _phase, arrival, firstRow, planned) =>
          arrival < planned ? bounded(source, firstRow + arrival) : leased.take(),
        forUser: () => leased.take(),
      }
    case 'sequential':
      return {
        forArrival: (_seed, _phase, arrival) => bounded(source, arrival),
        forUser: (_seed, _phase, user, _epoch, k, users) => bounded(source, user + k * users),
      }
    case 'random':
      return {
        forArrival: (seed, phase, arrival) => drawn(seed, phase, arrival, 0, 0),
        forUser: (seed, phase, user, epoch, k) => drawn(seed, phase, user, epoch, k),
      }
    default:
      return source.pick satisfies never
  }
}

/** Keeps random rows apart from the streams of Scope, whose keys begin with the phase. */
const randomRowStream = 0x1000

function bounded(source: RowSource, row: number): RowPick {
  if (row < source.rows) return row
  return source.onEnd === 'recycle' ? row % source.rows : atEnd(source)
}

function atEnd(source: RowSource): RowPick {
  return source.onEnd === 'error' ? 'error' : 'ended'
}

/** Blocks of rows that the controller has leased to this thread. Ask once when `take` says `wanted`; the answer goes to `give`. */
export class LeasedRows {
  readonly #source: RowSource
  #next = 0
  #end = 0
  #over = false

  constructor(source: RowSource) {
    this.#source = source
  }

  /** The next row of the block; a block's rest is used up before another one is wanted. */
  take(): RowPick {
    if (this.#next < this.#end) {
      const pick = bounded(this.#source, this.#next)
      if (typeof pick === 'number') this.#next++
      return pick
    }
    return this.#over ? atEnd(this.#source) : 'wanted'
  }

  /** The block [from, from + count); count 0: the data is at its end. */
  give(from: number, count: number): void {
    if (count === 0) this.#over = true
    this.#next = from
    this.#end = from + count
  }
}
