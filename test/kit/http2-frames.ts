import { flags, frameTypes } from '../../worker/transport/http2/frame.ts'
import { HeaderBlock } from '../../worker/transport/http2/header-encoder.ts'

/** A frame as a server writes it; `length` where it lies about it. */
export function frame(
  type: number,
  flagBits: number,
  id: number,
  payload: Uint8Array = Buffer.alloc(0),
  length = payload.length,
): Buffer {
  const header = Buffer.alloc(9)
  header.writeUIntBE(length, 0, 3)
  header[3] = type
  header[4] = flagBits
  header.writeUInt32BE(id, 5)
  return Buffer.concat([header, payload])
}

export function uint32(...values: readonly number[]): Buffer {
  const bytes = Buffer.alloc(values.length * 4)
  values.forEach((value, index) => {
    bytes.writeUInt32BE(value, index * 4)
  })
  return bytes
}

/** Identifier, value, identifier, value …. */
export function settings(...pairs: readonly number[]): Buffer {
  const payload = Buffer.alloc(pairs.length * 3)
  for (let n = 0; n < pairs.length; n += 2) {
    payload.writeUInt16BE(pairs[n] as number, n * 3)
    payload.writeUInt32BE(pairs[n + 1] as number, n * 3 + 2)
  }
  return frame(frameTypes.settings, 0, 0, payload)
}

export function block(...list: readonly string[]): Buffer {
  return new HeaderBlock().addList(list).bytes()
}

export function headers(id: number, list: readonly string[], isLast = false): Buffer {
  return frame(frameTypes.headers, flags.endHeaders | (isLast ? flags.endStream : 0), id, block(...list))
}

export function data(id: number, bytes: Uint8Array | string, isLast = false): Buffer {
  return frame(frameTypes.data, isLast ? flags.endStream : 0, id, Buffer.from(bytes))
}

export function reset(id: number, code: number): Buffer {
  return frame(frameTypes.rstStream, 0, id, uint32(code))
}

export function windowUpdate(id: number, more: number): Buffer {
  return frame(frameTypes.windowUpdate, 0, id, uint32(more))
}

export function goaway(last: number, code: number): Buffer {
  return frame(frameTypes.goaway, 0, 0, uint32(last, code))
}

export interface SeenFrame {
  readonly type: number
  readonly flags: number
  readonly id: number
  readonly payload: Buffer
}

/** What a client wrote, without the preface; the last frame may be cut short. */
export function framesIn(bytes: Buffer): SeenFrame[] {
  const seen: SeenFrame[] = []
  for (let at = bytes.toString('latin1', 0, 3) === 'PRI' ? 24 : 0; at + 9 <= bytes.length; ) {
    const length = bytes.readUIntBE(at, 3)
    seen.push({
      type: bytes[at + 3] as number,
      flags: bytes[at + 4] as number,
      id: bytes.readUInt32BE(at + 5),
      payload: bytes.subarray(at + 9, at + 9 + length),
    })
    at += 9 + length
  }
  return seen
}
