import type { RenderedRequest } from '../../../core/scenario/compiled.ts'
import { isIdempotent } from '../http-pool.ts'
import type { ProxyServer } from '../proxy.ts'

export type HttpRequest = Extract<RenderedRequest, { kind: 'http' }>

/** A request as it is written. */
export interface EncodedRequest {
  /** The head, and a body that is small. */
  bytes: Buffer
  /** A body that is not; null: there is none behind `bytes`. */
  pieces: readonly Uint8Array[] | null
  /** Of both. */
  length: number
  isHead: boolean
  isIdempotent: boolean
  /** It says itself that the connection ends. */
  closes: boolean
  /** Why it cannot be written; null: it can. */
  problem: string | null
}

/** Up to here a body is copied behind its head, so that both are one write. */
const mostCopied = 32 * 1024

export function emptyRequest(): EncodedRequest {
  return {
    bytes: Buffer.alloc(0),
    pieces: null,
    length: 0,
    isHead: false,
    isIdempotent: false,
    closes: false,
    problem: null,
  }
}

/**
 * Writes requests as bytes. A request that is always the same is written once, the headers of one of which they alone are always the same, too: what varies is
 * put around them.
 */
export class RequestEncoder {
  readonly #host: string
  /** Before each path: a proxy without a tunnel is told where to go in full (RFC 9112 §3.2.2). */
  readonly #prefix: string
  readonly #authorization: string | null
  readonly #constants: ({ readonly request: HttpRequest; readonly encoded: EncodedRequest } | undefined)[] =
    []
  readonly #blocks: (HeaderBlock | undefined)[] = []

  constructor(origin: URL, proxy: ProxyServer | null) {
    const isForwarded = proxy !== null && proxy.tunnel === null
    this.#host = origin.host
    this.#prefix = isForwarded ? origin.origin : ''
    this.#authorization = isForwarded ? proxy.authorization : null
  }

  /** `into`: filled where the request is not always the same. */
  encode(index: number, request: HttpRequest, into: EncodedRequest): EncodedRequest {
    const known = this.#constants[index]
    if (known !== undefined && known.request === request) return known.encoded
    if (!Object.isFrozen(request)) return this.#fill(into, this.#blockOf(index, request.headers), request)
    const encoded = this.#fill(emptyRequest(), this.#blockOf(index, request.headers), request)
    this.#constants[index] = { request, encoded }
    return encoded
  }

  #fill(into: EncodedRequest, block: HeaderBlock, { method, path, body }: HttpRequest): EncodedRequest {
    into.isHead = method === 'HEAD'
    into.isIdempotent = isIdempotent(method)
    into.closes = block.closes
    into.pieces = null
    into.problem = block.problem ?? (noMethod.test(method) ? 'the method is none' : null)
    if (noPath.test(path)) into.problem = 'the path has characters that no path may have'
    const bodyLength = lengthOf(body)
    const length =
      bodyLength > 0 || expectsBody.has(method) ? `content-length: ${bodyLength}\r\n\r\n` : '\r\n'
    const head = `${method} ${this.#prefix}${path} HTTP/1.1\r\n${block.text}${length}`
    const copied = bodyLength <= mostCopied ? bodyLength : 0
    const bytes = Buffer.allocUnsafe(head.length + copied)
    bytes.write(head, 0, 'latin1')
    if (body !== null && copied > 0) copyBody(body, bytes, head.length)
    else if (body !== null && bodyLength > 0) into.pieces = piecesOf(body)
    into.bytes = bytes
    into.length = head.length + bodyLength
    return into
  }

  #blockOf(index: number, headers: readonly string[]): HeaderBlock {
    const known = this.#blocks[index]
    if (known !== undefined && known.headers === headers) return known
    const block = this.#write(headers)
    if (Object.isFrozen(headers)) this.#blocks[index] = block
    return block
  }

  #write(headers: readonly string[]): HeaderBlock {
    let host = this.#host
    let text = ''
    let closes = false
    let problem: string | null = null
    for (let i = 0; i < headers.length; i += 2) {
      const name = headers[i] as string
      const value = headers[i + 1] as string
      if (name === 'host') {
        host = value
        continue
      }
      if (unwritable.has(name)) problem = `the header ${name} is not one that a request here can have`
      else if (name === 'connection') closes ||= /(?:^|,)\s*close\s*(?:,|$)/i.test(value)
      text += `${name}: ${value}\r\n`
    }
    if (this.#authorization !== null) text += `proxy-authorization: ${this.#authorization}\r\n`
    return { headers, text: `host: ${host}\r\n${text}`, closes, problem }
  }
}

interface HeaderBlock {
  readonly headers: readonly string[]
  readonly text: string
  readonly closes: boolean
  readonly problem: string | null
}

/** They say how a message is framed or what else than an answer may follow; that is not the LoadTest's to say. */
const unwritable: ReadonlySet<string> = new Set([
  'transfer-encoding',
  'content-length',
  'keep-alive',
  'upgrade',
  'expect',
])

/** RFC 9110 §8.6: without a body, they say that it has no bytes. */
const expectsBody: ReadonlySet<string> = new Set(['POST', 'PUT', 'PATCH'])

const noMethod = /[^\w!#$%&'*+.^`|~-]/
const noPath = /[^\x21-\xff]/

function lengthOf(body: HttpRequest['body']): number {
  if (body === null) return 0
  if (typeof body === 'string') return Buffer.byteLength(body)
  if (body instanceof Uint8Array) return body.length
  return body.reduce((sum, piece) => sum + piece.length, 0)
}

function copyBody(body: NonNullable<HttpRequest['body']>, into: Buffer, at: number): void {
  if (typeof body === 'string') into.write(body, at, 'utf8')
  else if (body instanceof Uint8Array) into.set(body, at)
  else {
    let next = at
    for (const piece of body) {
      into.set(piece, next)
      next += piece.length
    }
  }
}

function piecesOf(body: NonNullable<HttpRequest['body']>): readonly Uint8Array[] {
  if (typeof body === 'string') return [Buffer.from(body)]
  return body instanceof Uint8Array ? [body] : body
}
