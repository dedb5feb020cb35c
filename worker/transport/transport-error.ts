import type { RequestError } from '../../core/measure/request-error.ts'

/** What is wrong where HTTP/2 is asked for and ALPN does not agree on it. */
export const noHttp2 =
  'the target does not offer HTTP/2 by ALPN; leave out `protocol: http2`, or switch it on there'

/**
 * The stable name of what a socket, TLS, undici or node:http2 raised. `refused`: nobody listens or no route; `reset`: the connection broke, also
 * in the middle of an answer; `protocol`: what came (or what was to be sent) is not HTTP; `ports`, `files`: this machine has no local port, this process no descriptor left.
 * What is not known by its code is a `reset`: the exchange ended without an answer, and `errorDetailOf` says why.
 */
export function requestErrorOf(error: unknown): RequestError {
  const code = codeOf(error)
  const named = byCode[code]
  if (named !== undefined) return named
  if (code === 'UND_ERR_SOCKET') return messageOf(error).startsWith('bad ') ? 'protocol' : 'reset'
  if (code === 'UND_ERR_RES_CONTENT_LENGTH_MISMATCH')
    return endedByPeersProtocolError(error) ? 'protocol' : 'reset'
  if (code.startsWith('HPE_')) return cutShort.has(code) ? 'reset' : 'protocol'
  if (isParserError(error)) return isCutShort(error) ? 'reset' : 'protocol'
  if (code.startsWith('ERR_TLS_') || code.startsWith('ERR_SSL_') || code.startsWith('CERT_')) return 'tls'
  if (certificateCodes.has(code)) return 'tls'
  return 'reset'
}

/** A sentence for the failure sample. What OpenSSL says carries addresses and line numbers of its source; its reason is enough. */
export function errorDetailOf(error: unknown): string {
  const code = codeOf(error)
  const known = detailByCode[code]
  if (known !== undefined) return known
  const { reason } = (error ?? {}) as { readonly reason?: unknown }
  if (typeof reason === 'string' && (code === 'EPROTO' || code.startsWith('ERR_SSL_')))
    return `the TLS handshake failed: ${reason}`
  if (unknownAuthority.has(code))
    return `the certificate is signed by an authority that is not trusted here (${code}); name its file in target.tls.ca`
  if (error instanceof AggregateError && error.message === '') {
    return error.errors.map(messageOf).join('; ')
  }
  return messageOf(error)
}

const detailByCode: Readonly<Record<string, string>> = {
  ERR_SSL_WRONG_VERSION_NUMBER:
    'what answers on this port does not speak TLS; write http:// in target.url, or the port that does',
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: noHttp2,
  ERR_SSL_TLSV13_ALERT_CERTIFICATE_REQUIRED:
    'the target wants a certificate of who calls; give target.tls.cert and target.tls.key',
  ERR_TLS_CERT_ALTNAME_INVALID:
    'the certificate is for another name than that of target.url; write its name there, or in target.tls.serverName',
}

const unknownAuthority: ReadonlySet<string> = new Set([
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
])

const byCode: Readonly<Record<string, RequestError>> = {
  ECONNREFUSED: 'refused',
  EHOSTUNREACH: 'refused',
  ENETUNREACH: 'refused',
  EHOSTDOWN: 'refused',
  ECONNRESET: 'reset',
  ECONNABORTED: 'reset',
  EPIPE: 'reset',
  ERR_STREAM_PREMATURE_CLOSE: 'reset',
  ETIMEDOUT: 'timeout',
  UND_ERR_CONNECT_TIMEOUT: 'timeout',
  UND_ERR_HEADERS_TIMEOUT: 'timeout',
  UND_ERR_BODY_TIMEOUT: 'timeout',
  ENOTFOUND: 'dns',
  EAI_AGAIN: 'dns',
  EAI_FAIL: 'dns',
  EAI_NODATA: 'dns',
  ENODATA: 'dns',
  ESERVFAIL: 'dns',
  // OpenSSL refused the handshake, or what came is not TLS.
  EPROTO: 'tls',
  EADDRNOTAVAIL: 'ports',
  EADDRINUSE: 'ports',
  EMFILE: 'files',
  ENFILE: 'files',
  UND_ERR_HEADERS_OVERFLOW: 'protocol',
  UND_ERR_REQ_CONTENT_LENGTH_MISMATCH: 'protocol',
  UND_ERR_INVALID_ARG: 'protocol',
  UND_ERR_NOT_SUPPORTED: 'protocol',
  ERR_HTTP2_ERROR: 'protocol',
  ERR_HTTP2_SESSION_ERROR: 'protocol',
  ERR_BREAKWATER_ALPN: 'protocol',
  ERR_BREAKWATER_HTTP2: 'protocol',
  ERR_BREAKWATER_PROXY_REFUSED: 'refused',
  ERR_BREAKWATER_PROXY_ANSWER: 'protocol',
  ERR_BREAKWATER_UPGRADE: 'protocol',
  ERR_BREAKWATER_TOO_LARGE: 'too_large',
  // The same, told by the target.
  ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL: 'protocol',
  UND_ERR_RES_EXCEEDED_MAX_SIZE: 'too_large',
}

/** What the parser of node:http calls an answer that ended too early. */
const cutShort: ReadonlySet<string> = new Set(['HPE_INVALID_EOF_STATE', 'HPE_CLOSED_CONNECTION'])

/** X509 verification, as node:tls names it (https://nodejs.org/api/tls.html#x509-certificate-error-codes); those that begin with CERT_ are not repeated. */
const certificateCodes: ReadonlySet<string> = new Set([
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_GET_CRL',
  'UNABLE_TO_DECRYPT_CERT_SIGNATURE',
  'UNABLE_TO_DECODE_ISSUER_PUBLIC_KEY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'ERROR_IN_CERT_NOT_BEFORE_FIELD',
  'ERROR_IN_CERT_NOT_AFTER_FIELD',
  'INVALID_CA',
  'INVALID_PURPOSE',
  'PATH_LENGTH_EXCEEDED',
  'HOSTNAME_MISMATCH',
])

/** RFC 9113 §7: PROTOCOL_ERROR. Over HTTP/1.1 a short answer can only come of a closed connection. */
const http2ProtocolError = 1

function endedByPeersProtocolError(error: unknown): boolean {
  return (error as { http2ErrorCode?: number }).http2ErrorCode === http2ProtocolError
}

/** Of undici, which is not loaded for it: its code may be missing. */
function isParserError(error: unknown): error is Error {
  return error instanceof Error && error.name === 'HTTPParserError'
}

/** The answer ended in its middle because the connection did. undici 8 leaves the parser's code out, its reason stands in the message. */
function isCutShort(error: Error): boolean {
  return error.message.includes('Invalid EOF state')
}

function codeOf(error: unknown): string {
  const code = (error as { code?: unknown } | null)?.code
  return typeof code === 'string' ? code : ''
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
