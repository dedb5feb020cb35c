import {
  brotliDecompressSync,
  constants,
  gunzipSync,
  inflateRawSync,
  inflateSync,
  zstdDecompressSync,
} from 'node:zlib'
import type { RequestError } from '../../core/measure/request-error.ts'
import type { LoadTest, Target } from '../../core/spec/load-test.ts'
import { targetsOf } from '../../core/spec/targets.ts'
import type { Exchange } from './transport-port.ts'

type Decoder = (bytes: Uint8Array, most: number) => Uint8Array

/** More than one is rare, and more than a few are an attack. */
const mostCodings = 3

const decoders: Readonly<Record<string, Decoder>> = {
  gzip: (bytes, most) => gunzipSync(bytes, { maxOutputLength: most }),
  'x-gzip': (bytes, most) => gunzipSync(bytes, { maxOutputLength: most }),
  // RFC 9110 §8.4.1.2 means zlib's format, and tells of servers that send the bare stream.
  deflate: (bytes, most) =>
    isZlib(bytes)
      ? inflateSync(bytes, { maxOutputLength: most })
      : inflateRawSync(bytes, { maxOutputLength: most }),
  br: (bytes, most) => brotliDecompressSync(bytes, { maxOutputLength: most }),
  zstd: (bytes, most) => zstdDecompressSync(bytes, { maxOutputLength: most }),
  identity: (bytes) => bytes,
}

/** RFC 1950 §2.2: the first two bytes are a multiple of 31, and name the method 8. */
function isZlib(bytes: Uint8Array): boolean {
  const [first = 0, second = 0] = bytes
  return (first & 0x0f) === 8 && ((first << 8) | second) % 31 === 0
}

/**
 * Undoes the content codings of bodies that a check or a capture looks into. At once and in this thread: `maxBody` bounds what comes out, and so the
 * time too; 10 MiB take about 20 ms. A size is that of the decoded body where the LoadTest asks for compression, and else what came.
 */
export class ContentDecoding {
  readonly #targets: readonly Target[]

  constructor(test: Pick<LoadTest, 'target' | 'targets'>) {
    this.#targets = targetsOf(test)
  }

  /** Where it can't be undone, the exchange has an error: `too_large` or `protocol`. */
  decode(exchange: Exchange): void {
    const { body, request } = exchange
    const encoding = exchange.encoding?.slice(0, 100) ?? null
    if (body === null || encoding === null || body.length === 0) return
    const target = this.#targets[request.target]
    const most = target?.maxBodyBytes ?? 0
    const codings = codingsOf(encoding)
    if (codings.length > mostCodings) {
      fail(exchange, 'protocol', `the body has ${codings.length} content codings`)
      return
    }
    try {
      exchange.body = codings.reduceRight((bytes, coding) => decoderOf(coding)(bytes, most), body)
      exchange.encoding = null
      if (target?.compression === true) exchange.bodyBytes = exchange.body.length
    } catch (error) {
      const code = (error as { code?: unknown }).code
      if (code === 'ERR_BUFFER_TOO_LARGE') {
        fail(
          exchange,
          'too_large',
          `the body has more than ${most} bytes when it is decompressed (${encoding})`,
        )
      } else {
        fail(
          exchange,
          'protocol',
          `the body is not ${encoding}: ${error instanceof Error ? error.message : error}`,
        )
      }
    }
  }
}

/** The beginning of a body, as far as it can be read. */
export function decodedExcerpt(body: Uint8Array, encoding: string): Uint8Array | null {
  const [coding, ...others] = codingsOf(encoding)
  const decode = coding === undefined || others.length > 0 ? undefined : beginnings[coding]
  try {
    return decode?.(body) ?? null
  } catch {
    return null
  }
}

const excerptBytes = 64 * 1024
const open = { finishFlush: constants.Z_SYNC_FLUSH, maxOutputLength: excerptBytes }

/** Streams that end too early. */
const beginnings: Readonly<Record<string, (bytes: Uint8Array) => Uint8Array>> = {
  gzip: (bytes) => gunzipSync(bytes, open),
  'x-gzip': (bytes) => gunzipSync(bytes, open),
  deflate: (bytes) => (isZlib(bytes) ? inflateSync(bytes, open) : inflateRawSync(bytes, open)),
  br: (bytes) =>
    brotliDecompressSync(bytes, {
      finishFlush: constants.BROTLI_OPERATION_FLUSH,
      maxOutputLength: excerptBytes,
    }),
  zstd: (bytes) =>
    zstdDecompressSync(bytes, { finishFlush: constants.ZSTD_e_flush, maxOutputLength: excerptBytes }),
  identity: (bytes) => bytes,
}

function codingsOf(encoding: string): readonly string[] {
  return encoding
    .toLowerCase()
    .split(',')
    .map((coding) => coding.trim())
    .filter((coding) => coding !== '')
}

function decoderOf(coding: string): Decoder {
  const decoder = Object.hasOwn(decoders, coding) ? decoders[coding] : undefined
  if (decoder === undefined)
    throw new Error(`${JSON.stringify(coding.slice(0, 40))} is no content coding that is known`)
  return decoder
}

function fail(exchange: Exchange, error: RequestError, detail: string): void {
  exchange.error = error
  exchange.errorDetail = detail
}
