/** RFC 9113 §7. */
export const errorCodes = {
  noError: 0,
  protocol: 1,
  internal: 2,
  flowControl: 3,
  settingsTimeout: 4,
  streamClosed: 5,
  frameSize: 6,
  refusedStream: 7,
  cancel: 8,
  compression: 9,
  connect: 10,
  enhanceYourCalm: 11,
  inadequateSecurity: 12,
  http11Required: 13,
} as const

const codeNames: readonly string[] = [
  'NO_ERROR',
  'PROTOCOL_ERROR',
  'INTERNAL_ERROR',
  'FLOW_CONTROL_ERROR',
  'SETTINGS_TIMEOUT',
  'STREAM_CLOSED',
  'FRAME_SIZE_ERROR',
  'REFUSED_STREAM',
  'CANCEL',
  'COMPRESSION_ERROR',
  'CONNECT_ERROR',
  'ENHANCE_YOUR_CALM',
  'INADEQUATE_SECURITY',
  'HTTP_1_1_REQUIRED',
]

/** As people know it. */
export function errorCodeName(code: number): string {
  return codeNames[code] ?? `code ${code}`
}

/** What the peer sent is not HTTP/2: the connection is over. */
export class Http2Error extends Error {
  readonly code = 'ERR_BREAKWATER_HTTP2'
  /** Told to the peer by GOAWAY. */
  readonly http2Code: number
  constructor(message: string, http2Code: number = errorCodes.protocol) {
    super(`the target broke the rules of HTTP/2: ${message}`)
    this.http2Code = http2Code
  }
}

/** A header block that can't be decoded: nothing after it on the connection could be. */
export class HpackError extends Http2Error {
  constructor(message: string) {
    super(message, errorCodes.compression)
  }
}

/** It came for streams of which nothing more is known. */
export class ConnectionEndedError extends Error {
  readonly code = 'ECONNRESET'
  constructor() {
    super('the connection was closed before the answer was whole')
  }
}

/** The peer said why it ends the connection. */
export class GoawayError extends Error {
  readonly code = 'ECONNRESET'
  constructor(code: number) {
    super(`the target ended the connection by GOAWAY with ${errorCodeName(code)}`)
  }
}
