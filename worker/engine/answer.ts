import type {
  CompiledRequest,
  Judgement,
  ReceivedResponse,
  StreamWatch,
} from '../../core/scenario/compiled.ts'
import type { PooledExchange } from './exchange.ts'
import type { Exchange } from './transport-port.ts'

/** The answer of an exchange as a judgement sees it. One object for all requests of a thread. */
export class Answer implements ReceivedResponse {
  status = 0
  headers: readonly string[] | null = null
  body: Uint8Array | null = null
  message: unknown = null
  messages = 0
  stream: StreamWatch | null = null
  serviceMs = 0
  bodyBytes = 0

  of(exchange: Exchange): this {
    this.status = exchange.status
    this.headers = exchange.headers
    this.body = exchange.body
    this.message = exchange.message
    this.messages = exchange.messages
    this.stream = exchange.stream
    this.serviceMs = (exchange.doneAt - exchange.sentAt) / 1000
    this.bodyBytes = exchange.bodyBytes
    return this
  }
}

/** Why a request failed: what the judgement says, and what the transport knows besides, such as the details of a gRPC status. */
export function failureDetail(judgement: Judgement | null, exchange: PooledExchange): string | null {
  const known = [judgement?.detail, exchange.errorDetail].filter((text) => text)
  const from = exchange.redirectedFrom
  const detail = known.length === 0 ? null : known.join(': ')
  if (from === null) return detail
  const came = `${from.length === 1 ? 'a redirect' : `${from.length} redirects`} from ${from[0]}`
  return detail === null ? `after ${came}` : `${detail}, after ${came}`
}

/** Tells the transport what to keep of the answer. */
export function askFor(request: CompiledRequest, exchange: Exchange): void {
  exchange.wantHeaders = request.needs.headers
  exchange.wantCookies = request.needs.cookies
  exchange.wantBody = request.needs.body
}

/** Why the last request of a poll failed. */
export function missedText(awaited: string, times: number): string {
  return `${awaited}; asked ${times} ${times === 1 ? 'time' : 'times'}`
}
