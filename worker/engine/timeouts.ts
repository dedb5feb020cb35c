/**
 * Request timeouts over slots. Requests with one timeout expire in the order in which they were dispatched, so each
 * distinct timeout is a queue: adding and removing cost the same for one request in flight as for ten thousand, and no resolution is lost.
 */
export class Timeouts {
  readonly #queues: Queue[] = []
  readonly #byMicros = new Map<number, Queue>()
  #before = new Int32Array(64)
  #after = new Int32Array(64)
  #due = new Float64Array(64)
  #queueOf: (Queue | null)[] = []

  /** `slot` has no timeout running. `now` never decreases. */
  add(slot: number, now: number, timeoutMicros: number): void {
    if (slot >= this.#due.length) this.#grow(slot)
    let queue = this.#byMicros.get(timeoutMicros)
    if (queue === undefined) {
      queue = { first: none, last: none }
      this.#byMicros.set(timeoutMicros, queue)
      this.#queues.push(queue)
    }
    this.#due[slot] = now + timeoutMicros
    this.#queueOf[slot] = queue
    this.#before[slot] = queue.last
    this.#after[slot] = none
    if (queue.last === none) queue.first = slot
    else this.#after[queue.last] = slot
    queue.last = slot
  }

  /** Nothing happens where none is running. */
  remove(slot: number): void {
    const queue = this.#queueOf[slot]
    if (queue === undefined || queue === null) return
    this.#queueOf[slot] = null
    const before = this.#before[slot] as number
    const after = this.#after[slot] as number
    if (before === none) queue.first = after
    else this.#after[before] = after
    if (after === none) queue.last = before
    else this.#before[after] = before
  }

  /** Takes one slot whose time is up; -1: none. */
  takeDue(now: number): number {
    for (const { first } of this.#queues) {
      if (first !== none && (this.#due[first] as number) <= now) {
        this.remove(first)
        return first
      }
    }
    return none
  }

  /** When the next one is due; Infinity: none is running. */
  nextAt(): number {
    let next = Number.POSITIVE_INFINITY
    for (const { first } of this.#queues) {
      if (first !== none && (this.#due[first] as number) < next) next = this.#due[first] as number
    }
    return next
  }

  #grow(slot: number): void {
    const length = 2 ** Math.ceil(Math.log2(slot + 1))
    this.#before = grown(this.#before, new Int32Array(length))
    this.#after = grown(this.#after, new Int32Array(length))
    this.#due = grown(this.#due, new Float64Array(length))
  }
}

interface Queue {
  first: number
  last: number
}

const none = -1

function grown<T extends Int32Array | Float64Array>(from: T, to: T): T {
  to.set(from)
  return to
}
