import type { FailureSample } from '../../core/measure/request-error.ts'
import type { RenderedBody, RenderedRequest, StreamRequest } from '../../core/scenario/compiled.ts'
import type { Redactor } from '../../core/scenario/redact.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import { endpointUrl, targetsOf } from '../../core/spec/targets.ts'
import { decodedExcerpt } from './content-decoding.ts'
import type { Exchange } from './transport-port.ts'

const bodyCharacters = 2048
/** Looked at for secrets, so that one at the cut isn't left half hidden. */
const bodyBytesSeen = 4096
const mostMessagesShown = 100

/** Scheme, host and port of where a request goes; its path has the rest. */
export function originsOf(test: LoadTest): (request: RenderedRequest) => string {
  const targets = targetsOf(test)
  const origins = {
    http: targets.map((target) => originOf(endpointUrl(target, 'http'))),
    grpc: targets.map((target) => originOf(endpointUrl(target, 'grpc'))),
    ws: targets.map((target) => originOf(endpointUrl(target, 'ws'))),
    sse: targets.map((target) => originOf(endpointUrl(target, 'sse'))),
  }
  return ({ kind, target }) => origins[kind][target] ?? ''
}

/** `URL.origin` is null for the schemes of gRPC. */
function originOf(url: string): string {
  const { protocol, host } = new URL(url)
  return `${protocol}//${host}`
}

/** As a person reads it; secrets are ***. */
export function requestShown(
  request: RenderedRequest,
  origin: string,
  redactor: Redactor,
): FailureSample['request'] {
  const url = redactor.text(`${origin}${request.path}`)
  switch (request.kind) {
    case 'http': {
      const { method, headers, body } = request
      return {
        method,
        url,
        headers: redactor.headers(headers),
        body: body === null ? null : bodyShown(body, redactor),
      }
    }
    case 'grpc':
      return {
        method: 'POST',
        url,
        headers: redactor.headers(request.metadata),
        body: bodyShown(messagesText(request.messages), redactor),
      }
    case 'ws':
    case 'sse':
      return streamStepShown(request, origin, redactor)
    default:
      return request satisfies never
  }
}

/** What follows the opening of a stream has no path: the stream's name stands in its place. */
function streamStepShown(
  { name, path, headers, operation }: StreamRequest,
  origin: string,
  redactor: Redactor,
): FailureSample['request'] {
  const isOpening = operation.kind === 'open'
  return {
    method: isOpening ? 'GET' : operation.kind.toUpperCase(),
    url: redactor.text(isOpening ? `${origin}${path}` : `${origin} (${name})`),
    headers: redactor.headers(headers),
    body: operation.kind === 'send' ? bodyShown(operation.data, redactor) : null,
  }
}

/** Null where no answer came. What the transport was not asked to keep is not there. */
export function responseShown(exchange: Exchange, redactor: Redactor): FailureSample['response'] {
  const { status, headers, encoding, message, request } = exchange
  // Bodies that nothing looked into are still as they came.
  const body =
    exchange.body !== null && encoding !== null ? decodedExcerpt(exchange.body, encoding) : exchange.body
  const isAnswered =
    request.kind === 'grpc' ? exchange.error === null : status !== 0 || body !== null || message !== null
  if (!isAnswered) return null
  const shown = body !== null ? bodyShown(body, redactor) : message ? messageShown(message, redactor) : null
  return { status, headers: redactor.headers(headers ?? []), body: shown }
}

/** Of a stream: the beginnings of the last that came, one a line. */
function messageShown(message: unknown, redactor: Redactor): string {
  const isList = Array.isArray(message) && message.every((one) => typeof one === 'string')
  if (!isList) return bodyShown(JSON.stringify(message), redactor)
  return message
    .map((one: string) => redactor.cut(one))
    .join('\n')
    .slice(0, bodyCharacters)
}

/** One message as it is, several as a list. */
function messagesText(messages: readonly unknown[]): string {
  const shown = messages.slice(0, mostMessagesShown)
  return JSON.stringify(messages.length === 1 ? shown[0] : shown) ?? ''
}

/** A transport may have kept the beginning alone, and no more than that is looked at: either way the end is a cut. */
function bodyShown(body: NonNullable<RenderedBody>, redactor: Redactor): string {
  const text = typeof body === 'string' ? body.slice(0, bodyBytesSeen) : bytesShown(body)
  return redactor.cut(text).slice(0, bodyCharacters)
}

/** Of a body in pieces, those that are files are large. */
function bytesShown(body: Uint8Array | readonly Uint8Array[]): string {
  // As a stream: a character that the cut goes through is left out, and not shown as a broken one.
  if (body instanceof Uint8Array)
    return new TextDecoder().decode(body.subarray(0, bodyBytesSeen), { stream: true })
  const pieces = body.map((piece) =>
    piece.length > bodyBytesSeen ? `[${piece.length} bytes]` : new TextDecoder().decode(piece),
  )
  return pieces.join('').slice(0, bodyBytesSeen)
}
