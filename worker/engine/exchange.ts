import type { RequestError } from '../../core/measure/request-error.ts'
import type { RenderedRequest, StreamWatch } from '../../core/scenario/compiled.ts'
import { mostRendered } from '../../core/scenario/rendered-size.ts'
import type { Exchange } from './transport-port.ts'

const unrendered: RenderedRequest = {
  kind: 'http',
  target: 0,
  method: 'GET',
  path: '/',
  headers: [],
  body: null,
}

/** Every field exists from the start, so that all exchanges have one shape. */
export class PooledExchange implements Exchange {
  readonly slot: number
  request = unrendered
  requestIndex = 0
  user = 0
  dispatchedAt = 0
  wantHeaders = false
  wantCookies = false
  wantBody = false

  sentAt = Number.NaN
  firstByteAt = Number.NaN
  doneAt = Number.NaN
  connectMicros = Number.NaN
  tlsMicros = Number.NaN
  status = 0
  error: RequestError | null = null
  errorDetail: string | null = null
  sends = 0
  bytesIn = 0
  bytesOut = 0
  bodyBytes = 0
  headers: string[] | null = null
  setCookies: string[] | null = null
  body: Uint8Array | null = null
  encoding: string | null = null
  message: unknown = null
  messages = 0
  stream: StreamWatch | null = null
  /** URLs of redirects that were followed (worker/engine/redirects.ts); null: none. */
  redirectedFrom: readonly string[] | null = null

  constructor(slot: number) {
    this.slot = slot
  }

  /** Of a request that cannot be sent: it is done, and failed. */
  refuse(at: number): void {
    this.doneAt = at
    this.error = 'too_large'
    this.errorDetail = `the request has more than ${mostRendered} characters`
  }

  /** Forgets the answer before. */
  reset(): void {
    this.sentAt = Number.NaN
    this.firstByteAt = Number.NaN
    this.doneAt = Number.NaN
    this.connectMicros = Number.NaN
    this.tlsMicros = Number.NaN
    this.status = 0
    this.error = null
    this.errorDetail = null
    this.sends = 0
    this.bytesIn = 0
    this.bytesOut = 0
    this.bodyBytes = 0
    this.headers = null
    this.setCookies = null
    this.body = null
    this.encoding = null
    this.message = null
    this.redirectedFrom = null
  }
}
