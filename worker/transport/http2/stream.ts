import type { EncodedRequest } from './encoded-request.ts'
import type { ReceivedHeaders } from './received-headers.ts'

/** The connection that a stream is on. */
export interface StreamOwner {
  /** The peer is told that nobody waits for it any more. Nothing more is told to the stream. */
  cancel(stream: Stream): void
}

/**
 * One exchange's place on a connection, used again by the next exchange of its slot. The connection writes the fields; what comes is told to the methods,
 * of which one of `ended`, `wasReset`, `notProcessed`, `broke` and `lost` is the last for each stream, and none follows where it was cancelled.
 */
export abstract class Stream {
  /** On `owner`; 0: on none. */
  id = 0
  owner: StreamOwner | null = null
  request: EncodedRequest | null = null
  /** What of the body is written: whole pieces, and bytes of the next one. */
  piece = 0
  pieceAt = 0
  /** All of the request is written, or waits for the socket alone. */
  isWhole = false
  /** Waits for a window, or for the socket to take more of its body. */
  isHeldBack = false
  /** What the peer will take more of the body; may be negative (RFC 9113 §6.9.2). */
  sendWindow = 0
  /** Bytes that came since the last WINDOW_UPDATE. */
  received = 0
  /** Bytes of its frames, as they came. */
  bytesIn = 0
  /** The final head has come. */
  hasHead = false

  /** Written, or taken by the socket to be; µs of the thread's clock. */
  abstract sent(now: number): void
  /** The head of the final answer, or its trailers. */
  abstract headers(headers: ReceivedHeaders, isTrailers: boolean): void
  /** A part of the body; the memory is used again after the call. */
  abstract data(bytes: Buffer, at: number, end: number): void
  /** The answer is whole. */
  abstract ended(): void
  /** By the peer, with an error code of RFC 9113 §7. */
  abstract wasReset(code: number): void
  /** The peer says that it did nothing for it: safe to send again. */
  abstract notProcessed(): void
  /** What came for it is no answer; it has been reset. */
  abstract broke(detail: string): void
  /** The connection is gone. */
  abstract lost(error: Error): void
}
