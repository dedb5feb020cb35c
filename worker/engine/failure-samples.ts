import type { FailureSample, RequestError } from '../../core/measure/request-error.ts'
import type { CompiledRequest, RenderedRequest } from '../../core/scenario/compiled.ts'
import type { Redactor } from '../../core/scenario/redact.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import { originsOf, requestShown, responseShown } from './shown-exchange.ts'
import type { Exchange } from './transport-port.ts'

const samplesEach = 5

export interface FailureSamplesOptions {
  readonly worker: string
  readonly test: LoadTest
  readonly redactor: Redactor
}

/** The first five failures of each step and error on this thread. */
export class FailureSamples {
  readonly #options: FailureSamplesOptions
  readonly #originOf: (request: RenderedRequest) => string
  /** By request index. */
  readonly #seen: (Map<RequestError, number> | undefined)[] = []
  #waiting: FailureSample[] = []

  constructor(options: FailureSamplesOptions) {
    this.#options = options
    this.#originOf = originsOf(options.test)
  }

  offer(
    phase: number,
    request: CompiledRequest,
    exchange: Exchange,
    error: RequestError,
    detail: string | null,
  ): void {
    const seen = this.#seen[request.index] ?? new Map<RequestError, number>()
    this.#seen[request.index] = seen
    const count = seen.get(error) ?? 0
    if (count === samplesEach) return
    seen.set(error, count + 1)
    const { worker, test } = this.#options
    const redactor = this.#options.redactor.knowing(exchange.request)
    this.#waiting.push({
      worker,
      phase: test.load[phase]?.name ?? '',
      scenario: test.scenarios[request.scenario]?.name ?? '',
      step: request.name,
      error,
      at: exchange.doneAt,
      detail: redactor.text(detail ?? error),
      request: requestShown(exchange.request, this.#originOf(exchange.request), redactor),
      response: responseShown(exchange, redactor),
    })
  }

  /** Those that came since the last call. */
  take(): readonly FailureSample[] {
    const taken = this.#waiting
    this.#waiting = []
    return taken
  }
}
