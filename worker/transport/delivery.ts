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

  now(exchange: Exchange, error: RequestError | null, detail: string | null): void {
    this.#end(exchange, error, detail)
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
    this.#end(exchange, error, detail)
    this.#late.push(exchange)
    if (this.#late.length === 1) queueMicrotask(this.#deliverLate)
  }

  #end(exchange: Exchange, error: RequestError | null, detail: string | null): void {
    exchange.doneAt = this.#clock.nowMicros()
    exchange.error = error
    exchange.errorDetail = detail
  }

  readonly #deliverLate = (): void => {
    for (const exchange of this.#late.splice(0)) this.#sink.done(exchange)
  }
}
