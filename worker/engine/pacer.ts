import type { Micros } from '../../core/plan/plan.ts'
import type { Clock } from './clock.ts'

/** Calls a thread's turns. */
export interface Pacer {
  /** Something is due before the instant that the last turn gave. */
  sooner(at: Micros): void
  /** No turn follows. */
  stop(): void
}

/**
 * `timer`: setTimeout, accurate to about 1 ms, a few percent of a core at most. `spin`: setImmediate while something is due soon, accurate to
 * microseconds, a whole core. `turn` returns when it wants to be called next. The first turn comes at once.
 */
export function createPacer(mode: 'timer' | 'spin', clock: Clock, turn: (now: Micros) => Micros): Pacer {
  return new TurnPacer(mode, clock, turn)
}

/** From here on `spin` spins: a timer is late by up to 2 ms. */
const spinMicros = 3_000
const longestSleepMs = 1_000

class TurnPacer implements Pacer {
  readonly #mode: 'timer' | 'spin'
  readonly #clock: Clock
  readonly #turn: (now: Micros) => Micros
  #dueAt: Micros = Number.NEGATIVE_INFINITY
  #isTurning = false
  #isStopped = false
  #immediate: NodeJS.Immediate | undefined
  #timeout: NodeJS.Timeout | undefined

  constructor(mode: 'timer' | 'spin', clock: Clock, turn: (now: Micros) => Micros) {
    this.#mode = mode
    this.#clock = clock
    this.#turn = turn
    this.#immediate = setImmediate(this.#onTime)
  }

  sooner(at: Micros): void {
    if (at >= this.#dueAt) return
    this.#dueAt = at
    if (!this.#isTurning) this.#schedule(this.#clock.nowMicros())
  }

  stop(): void {
    this.#isStopped = true
    this.#cancel()
  }

  readonly #onTime = (): void => {
    const now = this.#clock.nowMicros()
    if (now >= this.#dueAt) {
      this.#isTurning = true
      this.#dueAt = Number.POSITIVE_INFINITY
      const next = this.#turn(now)
      this.#dueAt = Math.min(this.#dueAt, next)
      this.#isTurning = false
    }
    this.#schedule(now)
  }

  #schedule(now: Micros): void {
    this.#cancel()
    if (this.#isStopped) return
    const micros = this.#dueAt - now
    if (micros <= 0 || (this.#mode === 'spin' && micros <= spinMicros)) {
      this.#immediate = setImmediate(this.#onTime)
    } else {
      const early = this.#mode === 'spin' ? spinMicros : 0
      const ms = Math.min(longestSleepMs, Math.max(1, Math.floor((micros - early) / 1000)))
      this.#timeout = setTimeout(this.#onTime, ms)
    }
  }

  #cancel(): void {
    clearImmediate(this.#immediate)
    clearTimeout(this.#timeout)
    this.#immediate = undefined
    this.#timeout = undefined
  }
}
