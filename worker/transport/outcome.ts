import type { Exchange } from '../engine/transport-port.ts'

/** Bytes of the body of an answer that may be shown as a failure: so many are kept where nobody wants it. */
export const excerptBytes = 4096

/** The exchange was another one before. */
export function clearOutcome(exchange: Exchange): void {
  exchange.sentAt = Number.NaN
  exchange.firstByteAt = Number.NaN
  exchange.doneAt = Number.NaN
  exchange.connectMicros = Number.NaN
  exchange.tlsMicros = Number.NaN
  exchange.status = 0
  exchange.error = null
  exchange.errorDetail = null
  exchange.sends = 0
  exchange.bytesIn = 0
  exchange.bytesOut = 0
  exchange.bodyBytes = 0
  exchange.headers = null
  exchange.setCookies = null
  exchange.body = null
  exchange.encoding = null
  exchange.message = null
}
