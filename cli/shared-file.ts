import { open } from 'node:fs/promises'

const chunkBytes = 8 << 20

/** A file's bytes in memory that threads share, so that each of them reads the same. Throws what opening and reading throw. */
export async function readShared(file: string): Promise<Uint8Array> {
  const handle = await open(file)
  try {
    const { size } = await handle.stat()
    const bytes = new Uint8Array(new SharedArrayBuffer(size))
    let at = 0
    while (at < size) {
      const { bytesRead } = await handle.read(bytes, at, Math.min(chunkBytes, size - at), at)
      if (bytesRead === 0) break
      at += bytesRead
    }
    // It may have become shorter while it was read.
    return bytes.subarray(0, at)
  } finally {
    await handle.close()
  }
}
