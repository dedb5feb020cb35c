import { MinHeap } from './min-heap.ts'
import { WorkClock } from './stall.ts'

export interface QueueOptions {
  readonly servers: number
  /** Requests that may wait; null: any number. Those being served do not wait. */
  readonly room: number | null
  /** The service time of the next request served, ms. */
  readonly nextServiceMs: () => number
}

/**
 * C servers behind one first-come-first-served queue, in virtual time: when a request comes in, it is known when a server will take it up and when it will
 * be done. Nothing waits here, so no timer's error adds up. Arrivals must come in the order of their instants, ms.
 */
export class ServiceQueue {
  readonly #options: QueueOptions
  readonly #clock = new WorkClock()
  /** Work times at which the servers are free. */
  readonly #free = new MinHeap<null>()
  /** Work times at which those that were admitted are (or were) taken up, ascending; those before #head are past. */
  #starts: number[] = []
  #head = 0

  constructor(options: QueueOptions) {
    this.#options = options
    for (let server = 0; server < options.servers; server++) this.#free.push(0, null)
  }

  /** The completion in work time (`instantOf` says when that is); null where the queue is full. */
  admit(instant: number): number | null {
    const { room, nextServiceMs } = this.#options
    const now = this.#clock.workAt(instant)
    const free = this.#free.lowestKey as number
    const waiting = this.#waitingAt(now)
    if (free > now && room !== null && waiting >= room) return null
    const start = Math.max(now, free)
    const done = start + nextServiceMs()
    this.#free.pop()
    this.#free.push(done, null)
    this.#starts.push(start)
    return done
  }

  /** When a request will be done by what is known now: a later stall puts it off. */
  instantOf(work: number): number {
    return this.#clock.instantOf(work)
  }

  stall(from: number, to: number): void {
    this.#clock.stall(from, to)
  }

  waiting(instant: number): number {
    return this.#waitingAt(this.#clock.workAt(instant))
  }

  /** Forgets those before now. */
  #waitingAt(now: number): number {
    while (this.#head < this.#starts.length && (this.#starts[this.#head] as number) <= now) this.#head++
    if (this.#head > 1024 && this.#head * 2 > this.#starts.length) {
      this.#starts = this.#starts.slice(this.#head)
      this.#head = 0
    }
    return this.#starts.length - this.#head
  }
}
