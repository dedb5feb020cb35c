/**
 * Calls back at or after an instant of `performance.now()`, late by microseconds while the process has a core: Node's timers, which may be 1–2 ms late, up to the
 * last two milliseconds, and `setImmediate` over and over from there, which lets sockets be read and written in between.
 */
export class PreciseTimer {
  readonly #callback: () => void
  #due = Number.POSITIVE_INFINITY
  #timeout: NodeJS.Timeout | undefined
  #immediate: NodeJS.Immediate | undefined

  constructor(callback: () => void) {
    this.#callback = callback
  }

  /** Replaces the instant set before. Infinity: never. */
  set(due: number): void {
    if (due === this.#due) return
    this.clear()
    this.#due = due
    this.#wait()
  }

  clear(): void {
    clearTimeout(this.#timeout)
    clearImmediate(this.#immediate)
    this.#due = Number.POSITIVE_INFINITY
  }

  #wait(): void {
    const restMs = this.#due - performance.now()
    if (restMs === Number.POSITIVE_INFINITY) return
    // Node's longest timer is 2³¹ − 1 ms.
    if (restMs > 3) this.#timeout = setTimeout(() => this.#wait(), Math.min(restMs - 2, 0x7fffffff))
    else this.#immediate = setImmediate(() => this.#check())
  }

  #check(): void {
    if (performance.now() < this.#due) {
      this.#wait()
      return
    }
    this.#due = Number.POSITIVE_INFINITY
    this.#callback()
  }
}
