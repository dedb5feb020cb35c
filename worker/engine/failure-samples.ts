import type { FailureSample, RequestError } from '../../core/measure/request-error.ts'
import type { CompiledRequest, RenderedRequest } from '../../core/scenario/compiled.ts'
import { redactHeaders } from '../../core/scenario/redact.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import type { Exchange } from './transport-port.ts'

const samplesEach = 5
const bodyCharacters = 2048
/** Looked at for secrets, so that one at the cut isn't left half hidden. */
const bodyBytesSeen = 4096

export interface FailureSamplesOptions {
  readonly worker: string
  readonly test: LoadTest
  readonly redact: (text: string) => string
}

/** The first five failures of each step and error on this thread. */
export class FailureSamples {
  readonly #options: FailureSamplesOptions
  readonly #origin: string
  /** By request index. */
  readonly #seen: (Map<RequestError, number> | undefined)[] = []
  #waiting: FailureSample[] = []

  constructor(options: FailureSamplesOptions) {
    this.#options = options
    const { protocol, host } = new URL(options.test.target.url)
    this.#origin = `${protocol}//${host}`
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
    const { worker, test, redact } = this.#options
    this.#waiting.push({
      worker,
      phase: test.load[phase]?.name ?? '',
      scenario: test.scenarios[request.scenario]?.name ?? '',
      step: request.name,
      error,
      at: exchange.doneAt,
      detail: redact(detail ?? error),
      request: requestShown(exchange.request, this.#origin, redact),
      response: responseShown(exchange, redact),
    })
  }

  /** Those that came since the last call. */
  take(): readonly FailureSample[] {
    const taken = this.#waiting
    this.#waiting = []
    return taken
  }
}

/** As a person reads it; secrets are ***. */
export function requestShown(
  request: RenderedRequest,
  origin: string,
  redact: (text: string) => string,
): FailureSample['request'] {
  const url = redact(`${origin}${request.path}`)
  switch (request.kind) {
    case 'http': {
      const { method, headers, body } = request
      return {
        method,
        url,
        headers: redactHeaders(headers, redact),
        body: body === null ? null : bodyShown(body, redact),
      }
    }
    case 'grpc':
      return {
        method: 'POST',
        url,
        headers: redactHeaders(request.metadata, redact),
        body: bodyShown(JSON.stringify(request.message) ?? '', redact),
      }
    default:
      return request satisfies never
  }
}

/** Null where no answer came. What the transport was not asked to keep is not there. */
export function responseShown(
  exchange: Exchange,
  redact: (text: string) => string,
): FailureSample['response'] {
  const { status, headers, body, message, request } = exchange
  const isAnswered = request.kind === 'grpc' ? exchange.error === null : status !== 0
  if (!isAnswered) return null
  const shown =
    body !== null ? bodyShown(body, redact) : message ? bodyShown(JSON.stringify(message), redact) : null
  return { status, headers: redactHeaders(headers ?? [], redact), body: shown }
}

function bodyShown(body: string | Uint8Array, redact: (text: string) => string): string {
  const text =
    typeof body === 'string'
      ? body.slice(0, bodyBytesSeen)
      : new TextDecoder().decode(body.subarray(0, bodyBytesSeen))
  return redact(text).slice(0, bodyCharacters)
}
