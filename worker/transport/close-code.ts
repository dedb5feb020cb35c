import type { RequestError } from '../../core/measure/request-error.ts'
import { endOf, type StreamEnd } from './stream-link.ts'

/** RFC 6455 §7.4.1, and the registry it founded. */
const meanings: Readonly<Record<number, string>> = {
  1000: 'normal closure',
  1001: 'going away',
  1002: 'protocol error',
  1003: 'unsupported data',
  1005: 'no code',
  1006: 'no close frame',
  1007: 'invalid data',
  1008: 'policy violation',
  1009: 'message too big',
  1010: 'extension wanted',
  1011: 'internal error',
  1012: 'service restart',
  1013: 'try again later',
  1014: 'bad gateway',
}

const clean: ReadonlySet<number> = new Set([1000, 1001, 1005])

/** The server found what we sent wrong. */
const blaming: Readonly<Record<number, RequestError>> = {
  1002: 'protocol',
  1003: 'protocol',
  1007: 'protocol',
  1009: 'too_large',
}

const lost = 1006

/** A WebSocket that was closed with that code; `isOurs`: we began to close it. */
export function websocketEnd(code: number, reason: string, isOurs: boolean): StreamEnd {
  const meaning = meanings[code]
  const text = `${code}${meaning === undefined ? '' : ` ${meaning}`}${reason === '' ? '' : `: ${reason}`}`
  return {
    error: blaming[code] ?? 'reset',
    detail: code === lost ? `the connection was lost (${text})` : `the server closed the stream (${text})`,
    isClean: clean.has(code) || (isOurs && code !== lost),
  }
}

/** What the library, or node:http for it, raised. */
export function websocketFailure(error: Error): StreamEnd {
  const code = (error as { readonly code?: unknown }).code
  if (typeof code !== 'string') return { error: 'protocol', detail: error.message, isClean: false }
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH')
    return { error: 'too_large', detail: 'a message has more bytes than target.http.maxBody', isClean: false }
  if (code === 'WS_ERR_TOO_MANY_BUFFERED_PARTS')
    return { error: 'too_large', detail: error.message, isClean: false }
  if (code.startsWith('WS_ERR_')) return { error: 'protocol', detail: error.message, isClean: false }
  return endOf(error)
}
