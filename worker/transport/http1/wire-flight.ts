import type { Exchange } from '../../engine/transport-port.ts'
import type { Waiter } from '../connection-pool.ts'
import type { InLine } from '../waiting-line.ts'
import { type EncodedRequest, emptyRequest } from './request-encoder.ts'

/** One exchange on its way, on a connection `C`. Used again by the next exchange of its slot. */
export class WireFlight<C> implements Waiter {
  before: InLine | null = null
  after: InLine | null = null
  inLine = false
  exchange: Exchange | null = null
  connection: C | null = null
  request: EncodedRequest
  /** For a request that is not always the same. */
  readonly own = emptyRequest()
  /** Its connection was opened for it. */
  isNew = false
  /** Something of an answer has come. */
  isAnswered = false
  isRetried = false
  dispatchedAt = 0
  user = 0

  constructor() {
    this.request = this.own
  }

  start(exchange: Exchange): void {
    this.exchange = exchange
    this.dispatchedAt = exchange.dispatchedAt
    this.user = exchange.user
    this.isNew = false
    this.isRetried = false
    this.isAnswered = false
  }

  /** The exchange, which is the engine's again. */
  finish(): Exchange {
    const exchange = this.exchange as Exchange
    this.exchange = null
    this.connection = null
    return exchange
  }
}
