import type { Socket } from 'node:net'

/** Counts what goes over a socket; within TLS, without its records. */
export class SocketBytes {
  readonly #socket: Socket
  #countedIn = 0
  #countedOut = 0

  constructor(socket: Socket) {
    this.#socket = socket
  }

  /** Since the last call. */
  takeIn(): number {
    const bytes = this.#socket.bytesRead - this.#countedIn
    this.#countedIn += bytes
    return bytes
  }

  takeOut(): number {
    const bytes = this.#socket.bytesWritten - this.#countedOut
    this.#countedOut += bytes
    return bytes
  }
}
