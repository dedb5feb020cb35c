import { Metadata } from '@grpc/grpc-js'

/** Of name, value, name, value …; values of names that end in `-bin` are base64. Throws where gRPC allows no such name or value. */
export function metadataOf(pairs: readonly string[]): Metadata {
  const metadata = new Metadata()
  for (let n = 0; n + 1 < pairs.length; n += 2) {
    const name = pairs[n] as string
    const value = pairs[n + 1] as string
    metadata.add(name, name.endsWith('-bin') ? Buffer.from(value, 'base64') : value)
  }
  return metadata
}

/** Headers and trailers as one list of name, value, name, value …; bytes in base64. */
export function flatMetadata(...parts: readonly (Metadata | null)[]): string[] {
  return parts.flatMap((metadata) =>
    Object.entries(metadata?.toJSON() ?? {}).flatMap(([name, values]) =>
      values.flatMap((value) => [name, typeof value === 'string' ? value : value.toString('base64')]),
    ),
  )
}
