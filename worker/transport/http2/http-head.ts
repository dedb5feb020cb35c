import type { RenderedRequest } from '../../../core/scenario/compiled.ts'
import { type EncodedRequest, encodedRequest } from './encoded-request.ts'
import { HeaderBlock } from './header-encoder.ts'

export type HttpRequest = Extract<RenderedRequest, { kind: 'http' }>

export interface HttpHead {
  readonly authority: string
  readonly scheme: 'http' | 'https'
}

/** RFC 9113 §8.2.2: what says how HTTP/1.1 is sent. `connection` is left out in silence: recorded requests have it. */
const forbidden: ReadonlySet<string> = new Set([
  'keep-alive',
  'proxy-connection',
  'transfer-encoding',
  'upgrade',
])

const block = new HeaderBlock()
const nothing = Buffer.alloc(0)

/** Throws where HTTP/2 has no place for a header. */
export function encodedHttp({ method, path, headers, body }: HttpRequest, head: HttpHead): EncodedRequest {
  const pieces = body === null ? [] : typeof body === 'string' ? [Buffer.from(body)] : piecesOf(body)
  const bytes = pieces.reduce((sum, { length }) => sum + length, 0)
  let { authority } = head
  for (let n = 0; n < headers.length; n += 2) if (headers[n] === 'host') authority = headers[n + 1] as string
  block.restart(nothing)
  block.add(':method', method).add(':scheme', head.scheme).add(':authority', authority).add(':path', path)
  for (let n = 0; n + 1 < headers.length; n += 2) {
    const name = headers[n] as string
    const value = headers[n + 1] as string
    if (name === 'host' || name === 'connection') continue
    if (forbidden.has(name) || (name === 'te' && value !== 'trailers')) {
      throw new Error(`HTTP/2 has no header ${name}: ${value}`)
    }
    block.add(name, value)
  }
  if (bytes > 0) block.add('content-length', String(bytes))
  return encodedRequest(block.bytes(), pieces)
}

function piecesOf(body: Uint8Array | readonly Uint8Array[]): readonly Uint8Array[] {
  return body instanceof Uint8Array ? [body] : body
}
