import type { Socket } from 'node:net'
import type { OnRead } from '../open-socket.ts'
import type { WireConnection } from './wire-connection.ts'

/** A read fills it at most; within TLS it is a record, of 16 KiB at most. */
const bytes = 64 * 1024

/**
 * One buffer for all connections of a thread: node reads into it and calls back at once, and nothing keeps it after that. So 10,000 idle connections
 * cost none each.
 */
export class ReadBuffer {
  readonly #buffer = Buffer.from(new ArrayBuffer(bytes))
  readonly #words = new Int32Array(this.#buffer.buffer)

  /** For a socket that is to be opened. */
  reader(): SocketReader {
    const reader: SocketReader = {
      connection: null,
      hasHeard: false,
      onread: {
        buffer: this.#buffer,
        callback: (length) => {
          if (reader.connection === null) reader.hasHeard = true
          else reader.connection.read(this.#buffer, length, this.#words)
          return true
        },
      },
    }
    return reader
  }

  /** For a socket that somebody else has read from before: TLS inside a tunnel. */
  static attach(socket: Socket, connection: WireConnection): void {
    socket.on('data', (chunk: Buffer) => connection.read(chunk, chunk.length, null))
  }
}

export interface SocketReader {
  readonly onread: OnRead
  /** Null: it is not open yet. */
  connection: WireConnection | null
  /** The target spoke before it was open. */
  hasHeard: boolean
}
