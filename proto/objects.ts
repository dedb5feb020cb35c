import { createHash } from 'node:crypto'
import { setTimeout as sleep } from 'node:timers/promises'
import { BreakwaterError } from '../core/error.ts'
import { decodeObjectReply, decodeObjectRequest, encodeObjectReply, encodeObjectRequest } from './codec.ts'
import type { ObjectRef, ObjectReply } from './messages.ts'
import { createReception, type HeardBus, type Reception } from './reception.ts'

/**
 * Large things (data files, protos) by digest, in chunks by request/reply. Any chunk may be asked for again, so a transfer survives lost
 * messages and a controller that restarts.
 */

/** What the two ends need of a Bus, which proto may not import. */
export interface AnsweringBus extends HeardBus {
  readonly maxPayload: number
}

export interface AskingBus {
  request(subject: string, payload: Uint8Array, options: { timeoutMs: number }): Promise<Uint8Array>
}

const largestChunkBytes = 524_288
/** What a message adds to its chunk, rounded up. */
const overheadBytes = 256

export function objectRef(bytes: Uint8Array): ObjectRef {
  return { digest: `sha256:${createHash('sha256').update(bytes).digest('hex')}`, bytes: bytes.byteLength }
}

/** Answers from `store`, by digest, until it is unsubscribed. What is no request stays unanswered. */
export function serveObjects(
  bus: AnsweringBus,
  subject: string,
  store: ReadonlyMap<string, Uint8Array>,
  reception: Reception = createReception(bus, () => {}),
): { unsubscribe(): void } {
  const chunkBytes = Math.min(largestChunkBytes, bus.maxPayload - overheadBytes)
  return reception.listen(subject, 'object', decodeObjectRequest, (request, message) => {
    const object = store.get(request.digest)
    message.respond(
      encodeObjectReply(object === undefined ? { type: 'unknown' } : chunkOf(object, request.offset)),
    )
  })

  function chunkOf(object: Uint8Array, offset: number): ObjectReply {
    return {
      type: 'chunk',
      bytes: object.subarray(offset, offset + chunkBytes),
      total: object.byteLength,
    }
  }
}

export interface FetchOptions {
  readonly signal?: AbortSignal
  /** Per chunk. */
  readonly timeoutMs?: number
  /** In a row, for one chunk. */
  readonly attempts?: number
  readonly maxBytes?: number
}

/**
 * The object, its digest verified.
 * @throws BreakwaterError `bus-too-large` above `maxBytes` (1 GiB unless set), `file-unreadable` where the other side does not have it or has
 * something else, and what the bus throws once all attempts are used up; the signal's reason when it is aborted.
 */
export async function fetchObject(
  bus: AskingBus,
  subject: string,
  ref: ObjectRef,
  { signal, timeoutMs = 5_000, attempts = 6, maxBytes = 1_073_741_824 }: FetchOptions = {},
): Promise<Uint8Array> {
  if (ref.bytes > maxBytes) {
    throw new BreakwaterError('bus-too-large', `A file of ${ref.bytes} bytes is over ${maxBytes} bytes.`, {
      hint: 'Split the file, or draw its rows from a smaller one.',
    })
  }
  const aborted = Promise.withResolvers<never>()
  aborted.promise.catch(() => {})
  const abort = () => aborted.reject(signal?.reason)
  signal?.addEventListener('abort', abort)
  try {
    // In memory that threads share: each of them reads the same.
    const object = new Uint8Array(new SharedArrayBuffer(ref.bytes))
    const hash = createHash('sha256')
    for (let offset = 0; offset < ref.bytes; ) {
      signal?.throwIfAborted()
      const chunk = await Promise.race([fetchChunk(offset), aborted.promise])
      object.set(chunk, offset)
      hash.update(chunk)
      offset += chunk.byteLength
    }
    if (`sha256:${hash.digest('hex')}` !== ref.digest) throw otherContent(ref)
    return object
  } finally {
    signal?.removeEventListener('abort', abort)
  }

  async function fetchChunk(offset: number): Promise<Uint8Array> {
    const request = encodeObjectRequest({ digest: ref.digest, offset })
    for (let attempt = 1; ; attempt++) {
      signal?.throwIfAborted()
      try {
        return checkedChunk(
          ref,
          offset,
          decodeObjectReply(await bus.request(subject, request, { timeoutMs })),
        )
      } catch (error) {
        if (!(error instanceof BreakwaterError) || !error.retryable || attempt >= attempts) throw error
        // A controller that restarts is not there for a moment; a lost message needs no wait, but bears one.
        await sleep(Math.min(50 * 2 ** attempt, 1_000), undefined, signal && { signal })
      }
    }
  }
}

function checkedChunk(ref: ObjectRef, offset: number, reply: ObjectReply): Uint8Array {
  switch (reply.type) {
    case 'unknown':
      throw new BreakwaterError('file-unreadable', `The controller does not have the file ${ref.digest}.`, {
        hint: 'It may have been replaced by another; start the run again.',
      })
    case 'chunk':
      if (reply.total !== ref.bytes || reply.bytes.byteLength === 0) throw otherContent(ref)
      if (offset + reply.bytes.byteLength > ref.bytes) throw otherContent(ref)
      return reply.bytes
    default:
      return reply satisfies never
  }
}

function otherContent(ref: ObjectRef): BreakwaterError {
  return new BreakwaterError(
    'file-unreadable',
    `What came for the file ${ref.digest} has another size or digest.`,
    {
      hint: 'Leave the files of a LoadTest alone while it is being prepared; start the run again.',
    },
  )
}
