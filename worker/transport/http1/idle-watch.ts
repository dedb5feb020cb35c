import type { Clock } from '../../engine/clock.ts'
import type { WireConnection } from './wire-connection.ts'

/** Deadlines are looked at so often at most. */
const leastMs = 20

/** Closes connections that were idle for too long: one timer for all of them, none per request. */
export class IdleWatch {
  readonly #clock: Clock
  readonly #retire: (connection: WireConnection) => void
  readonly #connections = new Set<WireConnection>()
  #timer: NodeJS.Timeout | null = null
  #timerAt = Number.POSITIVE_INFINITY

  constructor(clock: Clock, retire: (connection: WireConnection) => void) {
    this.#clock = clock
    this.#retire = retire
  }

  add(connection: WireConnection): void {
    this.#connections.add(connection)
  }

  remove(connection: WireConnection): void {
    this.#connections.delete(connection)
  }

  /** It is idle now, and to be closed at that instant. */
  idle(connection: WireConnection, until: number): void {
    connection.idleUntil = until
    if (until < this.#timerAt) this.#arm(until)
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#connections.clear()
  }

  #arm(at: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.#timerAt = at
    const inMs = Math.ceil((at - this.#clock.nowMicros()) / 1000)
    this.#timer = setTimeout(this.#look, Math.max(leastMs, inMs))
  }

  readonly #look = (): void => {
    this.#timer = null
    this.#timerAt = Number.POSITIVE_INFINITY
    const now = this.#clock.nowMicros()
    let next = Number.POSITIVE_INFINITY
    for (const connection of this.#connections) {
      if (connection.idleUntil <= now) this.#retire(connection)
      else if (connection.idleUntil < next) next = connection.idleUntil
    }
    if (next < Number.POSITIVE_INFINITY) this.#arm(next)
  }
}
