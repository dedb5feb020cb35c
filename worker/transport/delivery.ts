import type { RequestError } from '../../core/measure/request-error.ts'
import type { Clock } from '../engine/clock.ts'
import type { Exchange, TransportSink } from '../engine/transport-port.ts'

/** Hands exchanges back to the engine: at once, or where that would be within `send`, a microtask later. */
export class Delivery {
  readonly #clock: Clock
  readonly #sink: TransportSink
  readonly #late: Exchange[] = []

  constructor(clock: Clock, sink: TransportSink) {
    this.#clock = clock
    this.#sink = sink
  }

  /** `at`: when it was done; the clock's present where it is not given. */
  now(
    exchange: Exchange,
    error: RequestError | null,
    detail: string | null,
    at: number = this.#clock.nowMicros(),
  ): void {
    end(exchange, error, detail, at)
    try {
      this.#sink.done(exchange)
    } catch (bug) {
      // The libraries that call from here would take it for an error of the response.
      queueMicrotask(() => {
        throw bug
      })
    }
  }

  late(exchange: Exchange, error: RequestError | null, detail: string | null): void {
    end(exchange, error, detail, this.#clock.nowMicros())
    this.#late.push(exchange)
    if (this.#late.length === 1) queueMicrotask(this.#deliverLate)
  }

  /** What fails each time it is sent must not keep others from their turn. */
  nextTurn(exchange: Exchange, error: RequestError | null, detail: string | null): void {
    end(exchange, error, detail, this.#clock.nowMicros())
    setImmediate(() => this.#sink.done(exchange))
  }

  readonly #deliverLate = (): void => {
    for (const exchange of this.#late.splice(0)) this.#sink.done(exchange)
  }
}

function end(exchange: Exchange, error: RequestError | null, detail: string | null, at: number): void {
  exchange.doneAt = at
  exchange.error = error
  exchange.errorDetail = detail
}
