import { errorCodeName, errorCodes } from './protocol-error.ts'

/** https://grpc.github.io/grpc/core/md_doc_statuscodes.html, those that a client itself gives. */
export const grpcCodes = {
  ok: 0,
  cancelled: 1,
  unknown: 2,
  deadlineExceeded: 4,
  permissionDenied: 7,
  resourceExhausted: 8,
  unimplemented: 12,
  internal: 13,
  unavailable: 14,
  unauthenticated: 16,
} as const

/** https://grpc.github.io/grpc/core/md_doc_http-grpc-status-mapping.html */
export function codeOfHttpStatus(status: number): number {
  switch (status) {
    case 400:
      return grpcCodes.internal
    case 401:
      return grpcCodes.unauthenticated
    case 403:
      return grpcCodes.permissionDenied
    case 404:
      return grpcCodes.unimplemented
    case 429:
    case 502:
    case 503:
    case 504:
      return grpcCodes.unavailable
    default:
      return grpcCodes.unknown
  }
}

/** What a stream that the server reset means (“Errors” of https://github.com/grpc/grpc/blob/master/doc/PROTOCOL-HTTP2.md). */
export function codeOfReset(code: number): number {
  switch (code) {
    case errorCodes.refusedStream:
      return grpcCodes.unavailable
    case errorCodes.cancel:
      return grpcCodes.cancelled
    case errorCodes.enhanceYourCalm:
      return grpcCodes.resourceExhausted
    case errorCodes.inadequateSecurity:
      return grpcCodes.permissionDenied
    default:
      return grpcCodes.internal
  }
}

export function resetText(code: number): string {
  return `the server reset the stream with ${errorCodeName(code)}`
}

/** `grpc-message` is percent-encoded UTF-8. */
export function messageText(encoded: string | undefined): string {
  if (encoded === undefined) return ''
  try {
    return decodeURIComponent(encoded)
  } catch {
    return encoded
  }
}
