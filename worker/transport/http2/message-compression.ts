import { gunzipSync, inflateSync } from 'node:zlib'

/** What we say that we take: `grpc-accept-encoding`. */
export type Decompressed = { readonly bytes: Buffer } | { readonly fault: 'unknown' | 'broken' | 'tooLong' }

/** A message whose prefix says that it is compressed; `encoding`: the answer's `grpc-encoding`. */
export function decompressed(bytes: Buffer, encoding: string | undefined, mostBytes: number): Decompressed {
  const options = { maxOutputLength: Math.max(1, mostBytes) }
  try {
    if (encoding === 'gzip') return { bytes: gunzipSync(bytes, options) }
    if (encoding === 'deflate') return { bytes: inflateSync(bytes, options) }
    return { fault: 'unknown' }
  } catch (error) {
    return { fault: (error as { code?: unknown }).code === 'ERR_BUFFER_TOO_LARGE' ? 'tooLong' : 'broken' }
  }
}
