import type { ServerResponse } from 'node:http'

export function answer(response: ServerResponse, status: number, body: string, type: string): void {
  // RFC 9110, 8.6: no content-length in a 204; in a 304 it would be that of the 200.
  if (status === 204 || status === 304) response.writeHead(status)
  else response.writeHead(status, { 'content-type': type, 'content-length': Buffer.byteLength(body) })
  response.end(body)
}

const chunk = Buffer.alloc(64 * 1024, 'x')

/** Waits while the client does not read; ends where it goes away. */
export function answerBytes(response: ServerResponse, bytes: number): void {
  response.writeHead(200, { 'content-type': 'application/octet-stream', 'content-length': bytes })
  let rest = bytes
  const write = () => {
    while (rest > 0 && !response.destroyed) {
      const part = rest >= chunk.length ? chunk : chunk.subarray(0, rest)
      rest -= part.length
      if (!response.write(part) && rest > 0) {
        response.once('drain', write)
        return
      }
    }
    response.end()
  }
  write()
}
