import type { Socket } from 'node:net'
import type { EncodedRequest } from './encoded-request.ts'
import {
  defaultWindow,
  flags,
  frameBytes,
  frameHeaderBytes,
  frameTypes,
  mostWindow,
  preface,
  writeFrameHeader,
  writeUint32,
} from './frame.ts'
import { FrameWriter } from './frame-writer.ts'
import { errorCodes, Http2Error } from './protocol-error.ts'
import type { Stream } from './stream.ts'
import type { Flushing, Turn } from './turn.ts'

/** Of bodies that wait for the socket; more of them is fetched when it has taken these. */
const mostWaitingBytes = 256 * 1024
/** Nobody who reads lets that much pile up. */
const mostUnreadBytes = 8 * 1024 * 1024

/**
 * What goes out on one connection: frames are gathered and written at the end of a turn, bodies as far as the windows of RFC 9113 §5.2 and the socket
 * take them. One write is under way at a time; what comes up meanwhile goes with the next.
 */
export class Outgoing implements Flushing {
  isDirty = false
  readonly #turn: Turn
  readonly #socket: Socket
  readonly #isTls: boolean
  readonly #onWritten: () => void
  readonly #writer: FrameWriter
  /** Begun in this turn, and not handed to the socket. */
  readonly #unsent: Stream[] = []
  /** Their bodies wait for a window or the socket, first come, first served. */
  #heldBack: Stream[] = []
  #isWriting = false
  #isOver = false
  #window = defaultWindow
  #initialWindow = defaultWindow
  #hasSentBlock = false

  /** `onWritten`: after a write that the socket did not take at once. */
  constructor(turn: Turn, socket: Socket, isTls: boolean, onWritten: () => void) {
    this.#turn = turn
    this.#socket = socket
    this.#isTls = isTls
    this.#onWritten = onWritten
    this.#writer = new FrameWriter(turn.chunks)
  }

  /** The socket has not taken all that was written. */
  get isWriting(): boolean {
    return this.#isWriting
  }

  /** Who is sent to reads nothing of it. */
  get isUnread(): boolean {
    return this.#writer.bytes > mostUnreadBytes
  }

  /** The preface and our SETTINGS: identifier, value, identifier, value …. */
  greet(settings: readonly number[]): void {
    const at = this.#writer.reserve(preface.length)
    preface.copy(this.#writer.chunk, at)
    const length = settings.length * 3
    const to = this.#frame(frameTypes.settings, 0, 0, length)
    const { chunk } = this.#writer
    for (let n = 0; n < settings.length; n += 2) {
      chunk[to + n * 3] = 0
      chunk[to + n * 3 + 1] = settings[n] as number
      writeUint32(chunk, to + n * 3 + 2, settings[n + 1] as number)
    }
  }

  /** The stream has its id. */
  begin(stream: Stream, request: EncodedRequest): void {
    stream.request = request
    stream.sendWindow = this.#initialWindow
    stream.isHeldBack = false
    this.#unsent.push(stream)
    const { frames, bodyBytes, dataAt } = request
    if (
      frames !== null &&
      this.#hasSentBlock &&
      bodyBytes <= this.#window &&
      bodyBytes <= this.#initialWindow
    ) {
      const at = this.#writer.reserve(frames.length)
      const { chunk } = this.#writer
      chunk.set(frames, at)
      writeUint32(chunk, at + 5, stream.id)
      if (dataAt > 0) writeUint32(chunk, at + dataAt + 5, stream.id)
      this.#window -= bodyBytes
      stream.isWhole = true
    } else {
      this.#writeHead(stream.id, request)
      stream.piece = 0
      stream.pieceAt = 0
      stream.isWhole = bodyBytes === 0
      if (!stream.isWhole) this.#writeBody(stream)
    }
    this.#turn.flushLater(this)
  }

  /** Nothing more of its body. What is on its way can't be called back. */
  leave(stream: Stream): void {
    if (!stream.isWhole) this.#heldBack = this.#heldBack.filter((held) => held !== stream)
    stream.isHeldBack = false
  }

  isUnsent(stream: Stream): boolean {
    return this.#unsent.includes(stream)
  }

  reset(id: number, code: number): void {
    const at = this.#frame(frameTypes.rstStream, 0, id, 4)
    writeUint32(this.#writer.chunk, at, code)
  }

  /** `id` 0: of the connection. */
  widen(id: number, more: number): void {
    this.#checkRead()
    const at = this.#frame(frameTypes.windowUpdate, 0, id, 4)
    writeUint32(this.#writer.chunk, at, more)
  }

  acknowledge(): void {
    this.#checkRead()
    this.#frame(frameTypes.settings, flags.ack, 0, 0)
  }

  pong(bytes: Buffer, at: number): void {
    this.#checkRead()
    const to = this.#frame(frameTypes.ping, flags.ack, 0, 8)
    bytes.copy(this.#writer.chunk, to, at, at + 8)
  }

  goaway(code: number): void {
    const at = this.#frame(frameTypes.goaway, 0, 0, 8)
    writeUint32(this.#writer.chunk, at, 0)
    writeUint32(this.#writer.chunk, at + 4, code)
  }

  /** The peer's windows of streams begin with that size; those that are open change by as much. */
  setInitialWindow(bytes: number, open: readonly Stream[]): void {
    if (bytes > mostWindow) throw new Http2Error('a window too large', errorCodes.flowControl)
    const more = bytes - this.#initialWindow
    this.#initialWindow = bytes
    for (const stream of open) {
      stream.sendWindow += more
      if (stream.sendWindow > mostWindow) throw new Http2Error('a window too large', errorCodes.flowControl)
    }
  }

  /** Of the connection. */
  addWindow(more: number): void {
    this.#window += more
    if (this.#window > mostWindow) throw new Http2Error('a window too large', errorCodes.flowControl)
  }

  /** Bodies that waited, as far as they may go now. */
  goOn(): void {
    if (this.#heldBack.length === 0 || this.#isOver) return
    const held = this.#heldBack
    this.#heldBack = []
    for (const stream of held) {
      stream.isHeldBack = false
      this.#writeBody(stream)
    }
    if (this.#writer.bytes > 0) this.#turn.flushLater(this)
  }

  /** Hands everything to the socket, unless it is still busy with what came before. */
  flush(now: number): void {
    if (this.#isWriting || this.#isOver || this.#writer.bytes === 0) return
    this.commit(now)
    const socket = this.#socket
    const isLarge = this.#writer.bytes > frameBytes
    if (isLarge) socket.cork()
    this.#writer.drain(this.#write)
    if (isLarge) socket.uncork()
    if (socket.writableLength === 0 && !this.#isTls) {
      this.#writer.recycle()
      this.goOn()
      return
    }
    this.#isWriting = true
    // Written behind all of it, so that it is known when that is done.
    if (!this.#isTls) socket.write(nothing, this.#written)
  }

  /** Those that were begun count as sent. */
  commit(now: number): void {
    const unsent = this.#unsent
    for (let n = 0; n < unsent.length; n++) (unsent[n] as Stream).sent(now)
    unsent.length = 0
  }

  /** Nothing goes out any more. Those that were begun, and of which nothing was written. */
  end(): ReadonlySet<Stream> {
    this.#isOver = true
    const unsent = new Set(this.#unsent)
    this.#unsent.length = 0
    return unsent
  }

  readonly #write = (bytes: Buffer): void => {
    // What TLS has encrypted is never written at once.
    if (this.#isTls) this.#socket.write(bytes, this.#written)
    else this.#socket.write(bytes)
  }

  readonly #written = (): void => {
    if (this.#socket.writableLength > 0 || this.#isOver) return
    this.#isWriting = false
    this.#writer.recycle()
    this.goOn()
    if (this.#writer.bytes > 0) this.#turn.flushLater(this)
    this.#onWritten()
  }

  #checkRead(): void {
    if (this.isUnread) throw new UnreadError()
  }

  /** Where its payload begins in the writer's chunk. */
  #frame(type: number, flagBits: number, id: number, length: number): number {
    const at = this.#writer.reserve(frameHeaderBytes + length)
    writeFrameHeader(this.#writer.chunk, at, length, type, flagBits, id)
    this.#turn.flushLater(this)
    return at + frameHeaderBytes
  }

  #writeHead(id: number, { block, bodyBytes }: EncodedRequest): void {
    // The first block says that we use no table, whatever size the peer allows one to have (RFC 7541 §4.2).
    const prefix = this.#hasSentBlock ? 0 : 1
    this.#hasSentBlock = true
    const first = Math.min(block.length, frameBytes - prefix)
    const isLast = bodyBytes === 0 ? flags.endStream : 0
    const isWhole = first === block.length ? flags.endHeaders : 0
    let to = this.#frame(frameTypes.headers, isLast | isWhole, id, prefix + first)
    if (prefix === 1) this.#writer.chunk[to] = 0x20
    block.copy(this.#writer.chunk, to + prefix, 0, first)
    for (let from = first; from < block.length; from += frameBytes) {
      const end = Math.min(block.length, from + frameBytes)
      const flagBits = end === block.length ? flags.endHeaders : 0
      to = this.#frame(frameTypes.continuation, flagBits, id, end - from)
      block.copy(this.#writer.chunk, to, from, end)
    }
  }

  /** As much of the body as both windows and the socket take; the rest waits. */
  #writeBody(stream: Stream): void {
    const { body } = stream.request as EncodedRequest
    while (stream.piece < body.length) {
      const piece = body[stream.piece] as Uint8Array
      const length = Math.min(piece.length - stream.pieceAt, frameBytes, stream.sendWindow, this.#window)
      if (length <= 0 || this.#writer.bytes > mostWaitingBytes) {
        if (!stream.isHeldBack) this.#heldBack.push(stream)
        stream.isHeldBack = true
        return
      }
      const end = stream.pieceAt + length
      const isPieceDone = end === piece.length
      const isLast = isPieceDone && stream.piece === body.length - 1
      const at = this.#frame(frameTypes.data, isLast ? flags.endStream : 0, stream.id, length)
      this.#writer.chunk.set(piece.subarray(stream.pieceAt, end), at)
      stream.sendWindow -= length
      this.#window -= length
      stream.pieceAt = isPieceDone ? 0 : end
      if (isPieceDone) stream.piece++
    }
    stream.isWhole = true
    stream.isHeldBack = false
  }
}

const nothing = Buffer.alloc(0)

export class UnreadError extends Http2Error {
  constructor() {
    super('it reads nothing of what is sent', errorCodes.enhanceYourCalm)
  }
}
