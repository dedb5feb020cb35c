const chunkBytes = 1 << 20

/** In pieces: a data file may be longer than a string can be. */
export function isUtf8(bytes: Uint8Array): boolean {
  const decoder = new TextDecoder('utf-8', { fatal: true })
  try {
    for (let at = 0; at < bytes.length; at += chunkBytes)
      decoder.decode(bytes.subarray(at, at + chunkBytes), { stream: true })
    decoder.decode()
    return true
  } catch {
    return false
  }
}
