import test from 'ava'
import { errors } from 'undici'
import type { RequestError } from '../../../../core/measure/request-error.ts'
import { StaleConnectionError } from '../../../../worker/transport/connection.ts'
import { errorDetailOf, requestErrorOf } from '../../../../worker/transport/transport-error.ts'

function coded(code: string, message = code): Error {
  return Object.assign(new Error(message), { code })
}

const names: readonly (readonly [RequestError, unknown])[] = [
  ['refused', coded('ECONNREFUSED')],
  ['refused', coded('EHOSTUNREACH')],
  ['refused', coded('ENETUNREACH')],
  ['refused', Object.assign(new AggregateError([coded('ECONNREFUSED')]), { code: 'ECONNREFUSED' })],
  ['reset', coded('ECONNRESET')],
  ['reset', coded('EPIPE')],
  ['reset', new errors.SocketError('other side closed')],
  ['reset', new errors.SocketError('closed')],
  ['reset', new errors.InformationalError('HTTP/2: stream half-closed (remote)')],
  ['reset', coded('ERR_HTTP2_STREAM_ERROR', 'Stream closed with error code NGHTTP2_INTERNAL_ERROR')],
  ['reset', new errors.ResponseContentLengthMismatchError()],
  ['reset', new errors.HTTPParserError('Response does not match the HTTP/1.1 protocol (Invalid EOF state)')],
  ['reset', new errors.ClientDestroyedError()],
  ['reset', new StaleConnectionError()],
  ['reset', new Error('of an unknown kind')],
  ['reset', null],
  ['timeout', coded('ETIMEDOUT')],
  ['timeout', new errors.ConnectTimeoutError()],
  ['timeout', new errors.HeadersTimeoutError()],
  ['dns', coded('ENOTFOUND')],
  ['dns', coded('EAI_AGAIN')],
  ['tls', coded('DEPTH_ZERO_SELF_SIGNED_CERT')],
  ['tls', coded('SELF_SIGNED_CERT_IN_CHAIN')],
  ['tls', coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE')],
  ['tls', coded('CERT_HAS_EXPIRED')],
  ['tls', coded('ERR_TLS_CERT_ALTNAME_INVALID')],
  ['tls', coded('ERR_SSL_WRONG_VERSION_NUMBER')],
  ['tls', coded('EPROTO')],
  ['protocol', new errors.HTTPParserError('Response does not match the HTTP/1.1 protocol (Expected HTTP/)')],
  ['protocol', new errors.HeadersOverflowError()],
  ['protocol', new errors.SocketError('bad response')],
  ['protocol', new errors.InvalidArgumentError('invalid header key')],
  ['protocol', Object.assign(new errors.ResponseContentLengthMismatchError(), { http2ErrorCode: 1 })],
  ['protocol', coded('ERR_HTTP2_ERROR')],
  ['protocol', coded('ERR_SSL_TLSV1_ALERT_NO_APPLICATION_PROTOCOL')],
  ['ports', coded('EADDRNOTAVAIL')],
  ['files', coded('EMFILE')],
  ['files', coded('ENFILE')],
  ['too_large', new errors.ResponseExceededMaxSizeError()],
]

for (const [name, error] of names) {
  const { code, message } = (error ?? {}) as { code?: string; message?: string }
  test(`${name} is the name of ${code ?? 'no code'}: ${message ?? 'nothing'}`, (t) => {
    t.is(requestErrorOf(error), name)
  })
}

test('the detail of a failed handshake says what to do, without OpenSSL at work', (t) => {
  const raw = '408DA9C8667F0000:error:0A00010B:SSL routines:tls_validate_record_header:tlsany_meth.c:77:\n'
  t.regex(errorDetailOf(coded('ERR_SSL_WRONG_VERSION_NUMBER', raw)), /does not speak TLS/)
  t.regex(errorDetailOf(coded('UNABLE_TO_VERIFY_LEAF_SIGNATURE', 'use Node.js')), /target\.tls\.ca$/)
  t.regex(errorDetailOf(coded('ERR_TLS_CERT_ALTNAME_INVALID')), /target\.tls\.serverName$/)
  const other = Object.assign(coded('ERR_SSL_UNSUPPORTED_PROTOCOL', raw), { reason: 'unsupported protocol' })
  t.is(errorDetailOf(other), 'the TLS handshake failed: unsupported protocol')
})

test('the detail of several attempts names each', (t) => {
  const error = new AggregateError([new Error('connect ::1'), new Error('connect 127.0.0.1')])
  t.is(errorDetailOf(error), 'connect ::1; connect 127.0.0.1')
  t.is(errorDetailOf(new Error('read ECONNRESET')), 'read ECONNRESET')
})
