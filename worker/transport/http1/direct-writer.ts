import type { Socket } from 'node:net'
import { getSystemErrorName } from 'node:util'

/**
 * Writes to a TCP socket below its stream. The stream has nothing to hold back here, one write being under way at a time, and takes a third of the time that
 * JavaScript takes for a request. What this uses of Node is not promised: where it isn't as expected, or the socket encrypts, the stream does it.
 * The kernel takes a small write at once; then the same request object serves for the next one.
 */
export class DirectWriter {
  readonly #socket: Socket
  readonly #handle: Handle | null
  #request: WriteRequest | null = null

  constructor(socket: Socket) {
    this.#socket = socket
    this.#handle = 'encrypted' in socket ? null : handleOf(socket)
  }

  write(bytes: Buffer): void {
    const handle = this.#handle
    if (handle === null || this.#socket.destroyed || this.#socket.writableLength > 0) {
      this.#socket.write(bytes)
      return
    }
    if (requestType === null) {
      learnRequestType(this.#socket, handle, bytes)
      return
    }
    this.#request ??= this.#newRequest(requestType)
    const request = this.#request
    const error = handle.writeBuffer(request, bytes)
    if (error !== 0) this.#failed(error)
    else if (handle.writeQueueSize > 0) {
      // The kernel has not taken all of it: the request is under way, and needs the bytes until it is complete.
      request.buffer = bytes
      this.#request = null
    }
  }

  /** Nothing waits to be taken by the kernel. */
  get isDrained(): boolean {
    return this.#socket.writableLength === 0 && (this.#handle === null || this.#handle.writeQueueSize === 0)
  }

  #newRequest(type: RequestType): WriteRequest {
    const request = new type()
    request.oncomplete = (status) => {
      request.buffer = null
      if (status < 0) this.#failed(status)
    }
    return request
  }

  #failed(errno: number): void {
    const code = getSystemErrorName(errno)
    this.#socket.destroy(Object.assign(new Error(`write ${code}`), { code, errno, syscall: 'write' }))
  }
}

/** node:internal/stream_base_commons. */
interface WriteRequest {
  oncomplete: (status: number) => void
  buffer: Buffer | null
}

type RequestType = new () => WriteRequest

interface Handle {
  writeBuffer(request: WriteRequest, bytes: Buffer): number
  /** Bytes that the kernel has not taken. */
  readonly writeQueueSize: number
}

/** Null: not known yet. */
let requestType: RequestType | null = null

function handleOf(socket: Socket): Handle | null {
  const { _handle: handle } = socket as { readonly _handle?: Partial<Handle> | null }
  const isKnown = typeof handle?.writeBuffer === 'function' && typeof handle.writeQueueSize === 'number'
  return isKnown ? (handle as Handle) : null
}

/** Node gives its type of a request away with the first one. */
function learnRequestType(socket: Socket, handle: Handle, bytes: Buffer): void {
  const { writeBuffer } = handle
  handle.writeBuffer = (request, buffer) => {
    requestType = request.constructor as RequestType
    return writeBuffer.call(handle, request, buffer)
  }
  socket.write(bytes)
  Reflect.deleteProperty(handle, 'writeBuffer')
}
