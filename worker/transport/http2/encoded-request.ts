import { flags, frameBytes, frameHeaderBytes, frameTypes, writeFrameHeader } from './frame.ts'

/** A request as it goes out; made once where nothing in it varies. */
export interface EncodedRequest {
  /** Header block. */
  readonly block: Buffer
  /** In pieces, none of them empty. */
  readonly body: readonly Uint8Array[]
  readonly bodyBytes: number
  /** Of all frames, as far as the windows let them be whole. */
  readonly bytes: number
  /** HEADERS and DATA as they are written where the windows allow, but for the stream's id. Null: too large for one frame of each. */
  readonly frames: Buffer | null
  /** Where in `frames` the DATA begins; 0: there is none. */
  readonly dataAt: number
}

export function encodedRequest(block: Buffer, pieces: readonly Uint8Array[]): EncodedRequest {
  const body = pieces.filter(({ length }) => length > 0)
  const bodyBytes = body.reduce((sum, { length }) => sum + length, 0)
  const count = Math.max(1, Math.ceil(block.length / frameBytes)) + Math.ceil(bodyBytes / frameBytes)
  const bytes = block.length + bodyBytes + count * frameHeaderBytes
  if (block.length > frameBytes || bodyBytes > frameBytes) {
    return { block, body, bodyBytes, bytes, frames: null, dataAt: 0 }
  }
  const headers = frameHeaderBytes + block.length
  const hasBody = bodyBytes > 0
  const frames = Buffer.allocUnsafe(hasBody ? headers + frameHeaderBytes + bodyBytes : headers)
  const headerFlags = hasBody ? flags.endHeaders : flags.endHeaders | flags.endStream
  writeFrameHeader(frames, 0, block.length, frameTypes.headers, headerFlags, 0)
  frames.set(block, frameHeaderBytes)
  if (!hasBody) return { block, body, bodyBytes, bytes, frames, dataAt: 0 }
  writeFrameHeader(frames, headers, bodyBytes, frameTypes.data, flags.endStream, 0)
  let at = headers + frameHeaderBytes
  for (const piece of body) {
    frames.set(piece, at)
    at += piece.length
  }
  return { block, body, bodyBytes, bytes, frames, dataAt: headers }
}
