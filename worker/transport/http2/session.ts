import type { Socket } from 'node:net'
import type { EncodedRequest } from './encoded-request.ts'
import {
  defaultWindow,
  flags,
  frameBytes,
  frameHeaderBytes,
  frameTypes,
  mostFrameBytes,
  mostStreamId,
  mostWindow,
  preface,
  readUint31,
  readUint32,
  settingIds,
  writeFrameHeader,
  writeUint32,
} from './frame.ts'
import { FrameWriter } from './frame-writer.ts'
import { HeaderDecoder } from './header-decoder.ts'
import { errorCodeName, errorCodes, Http2Error } from './protocol-error.ts'
import { HeaderCache, type ReceivedHeaders } from './received-headers.ts'
import type { Stream, StreamOwner } from './stream.ts'
import { StreamTable } from './stream-table.ts'
import type { Flushing, Turn } from './turn.ts'

/** Bytes that may come before we say that there is room again, which is said when half of them have come. */
const streamWindow = 1024 * 1024
const connectionWindow = 16 * 1024 * 1024
/** As undici's clients allow. */
const mostHeaderBytes = 256 * 1024
const headerTableBytes = 4096
/** Frames a second that bring nothing forward. */
const mostIdleFrames = 10_000
const idlePeriodMicros = 1_000_000
/** Of bodies that wait for the socket; more of them is fetched when it has taken these. */
const mostWaitingBytes = 256 * 1024
/** Nobody who reads lets that much pile up. */
const mostUnreadBytes = 8 * 1024 * 1024

export interface SessionListener {
  /** The peer has said what it allows; streams may begin. Once, before all others. */
  ready(session: Session): void
  /** No stream may begin any more: it ends with the last one, or has ended. Maybe more than once. */
  retiring(session: Session): void
  /** A stream has left its place, and has not heard of its end yet. */
  left(session: Session): void
  /** Another number of streams is allowed. */
  changed(session: Session): void
  /** Last, when its streams have heard of it; `error`: why. */
  gone(session: Session, error: Error): void
}

/**
 * One HTTP/2 connection, seen from the client (RFC 9113). Frames are read as they come, and written at the end of a turn. Whatever breaks the rules ends
 * the connection, and so does a peer that keeps it busy with frames that bring nothing forward.
 */
export class Session implements Flushing, StreamOwner {
  isDirty = false
  /** Of the user, with `connections.share: user`; null: anybody's, or nobody's yet. */
  user: number | null = null
  /** The thread's clock, µs: when the first stream began. */
  usedSince = Number.NaN
  /** Answers that were whole. */
  served = 0
  /** NaN after the first request that took it has them. */
  connectMicros: number
  tlsMicros: number
  readonly #turn: Turn
  readonly #listener: SessionListener
  readonly #socket: Socket
  readonly #isTls: boolean
  readonly #writer: FrameWriter
  readonly #decoder = new HeaderDecoder({ tableBytes: headerTableBytes, listBytes: mostHeaderBytes })
  readonly #heads = new HeaderCache(this.#decoder)
  readonly #trailers = new HeaderCache(this.#decoder)
  readonly #streams = new StreamTable<Stream>()
  #nextId = 1
  #isReady = false
  #isRetiring = false
  #isGone = false
  #failure: Error | null = null

  /** Begun in this turn, and not handed to the socket. */
  readonly #unsent: Stream[] = []
  /** Their bodies wait for a window or the socket, first come, first served. */
  #heldBack: Stream[] = []
  #isWriting = false
  #mostStreams = Number.POSITIVE_INFINITY
  #sendWindow = defaultWindow
  #initialWindow = defaultWindow
  #hasSentBlock = false

  /** A frame that has not come whole. */
  #held: Buffer | null = null
  #heldBytes = 0
  #received = 0
  /** Of a header block that goes on: its stream and its first frame's flags. */
  #blockStream = 0
  #blockFlags = 0
  #blockParts: Buffer[] = []
  #blockBytes = 0
  #idleFrames = 0
  #idleSince = 0

  constructor(
    turn: Turn,
    listener: SessionListener,
    opened: {
      readonly socket: Socket
      readonly isTls: boolean
      readonly connectMicros: number
      readonly tlsMicros: number
    },
  ) {
    this.#turn = turn
    this.#listener = listener
    this.#socket = opened.socket
    this.#isTls = opened.isTls
    this.connectMicros = opened.connectMicros
    this.tlsMicros = opened.tlsMicros
    this.#writer = new FrameWriter(turn.chunks)
    opened.socket.once('error', (error) => {
      this.#failure ??= error
    })
    opened.socket.once('close', () => this.#lose())
    this.#greet()
  }

  /** Streams under way. */
  get inFlight(): number {
    return this.#streams.size
  }

  /** How many the peer allows at a time. */
  get mostStreams(): number {
    return this.#mostStreams
  }

  /** No stream may begin. */
  get isEnding(): boolean {
    return this.#isRetiring || this.#isGone
  }

  /** Begins a stream: written at the end of this turn, its body as far as the windows let it. */
  begin(stream: Stream, request: EncodedRequest): void {
    const id = this.#nextId
    this.#nextId += 2
    stream.id = id
    stream.owner = this
    stream.request = request
    stream.sendWindow = this.#initialWindow
    stream.received = 0
    stream.hasHead = false
    stream.isHeldBack = false
    this.#streams.add(stream)
    this.#unsent.push(stream)
    const { frames, bodyBytes, dataAt } = request
    if (
      frames !== null &&
      this.#hasSentBlock &&
      bodyBytes <= this.#sendWindow &&
      bodyBytes <= stream.sendWindow
    ) {
      const at = this.#writer.reserve(frames.length)
      const { chunk } = this.#writer
      chunk.set(frames, at)
      writeUint32(chunk, at + 5, id)
      if (dataAt > 0) writeUint32(chunk, at + dataAt + 5, id)
      this.#sendWindow -= bodyBytes
      stream.isWhole = true
    } else {
      this.#writeHead(id, request)
      stream.piece = 0
      stream.pieceAt = 0
      stream.isWhole = bodyBytes === 0
      if (!stream.isWhole) this.#writeBody(stream)
    }
    this.#turn.flushLater(this)
    if (this.#nextId > mostStreamId) this.retire()
  }

  cancel(stream: Stream): void {
    // What is on its way can't be called back.
    if (this.#unsent.includes(stream)) this.#commit()
    this.#writeReset(stream.id, errorCodes.cancel)
    if (this.#writer.bytes > mostUnreadBytes) setImmediate(() => this.destroy(new UnreadError()))
    this.#leave(stream)
    this.#endIfDone()
  }

  /** No stream more; the connection ends with the last one. */
  retire(): void {
    if (this.#isRetiring) return
    this.#isRetiring = true
    this.#listener.retiring(this)
    this.#endIfDone()
  }

  /** Ends it now. */
  destroy(error: Error): void {
    this.#failure ??= error
    this.#socket.destroy()
    this.#lose()
  }

  /** All that was written has gone to the socket, as far as it takes it. */
  flush(now: number): void {
    if (this.#isWriting || this.#isGone || this.#writer.bytes === 0) return
    this.#commit(now)
    const socket = this.#socket
    const isLarge = this.#writer.bytes > 2 * frameBytes
    if (isLarge) socket.cork()
    this.#writer.drain(this.#write)
    if (isLarge) socket.uncork()
    if (socket.writableLength === 0 && !this.#isTls) {
      this.#writer.recycle()
      this.#goOn()
      return
    }
    this.#isWriting = true
    // Written behind all of it, so that it is known when that is done.
    if (!this.#isTls) socket.write(nothing, this.#written)
  }

  readonly #write = (bytes: Buffer): void => {
    // What TLS has encrypted is never written at once.
    if (this.#isTls) this.#socket.write(bytes, this.#written)
    else this.#socket.write(bytes)
  }

  readonly #written = (): void => {
    if (this.#socket.writableLength > 0 || this.#isGone) return
    this.#isWriting = false
    this.#writer.recycle()
    this.#goOn()
    if (this.#writer.bytes > 0) this.#turn.flushLater(this)
    this.#endIfDone()
  }

  #commit(now = this.#turn.instant()): void {
    for (let n = 0; n < this.#unsent.length; n++) this.#unsent[n]?.sent(now)
    this.#unsent.length = 0
  }

  /** `size` bytes have come. The memory is used again after the call. */
  read(bytes: Buffer, size: number): void {
    if (this.#isGone) return
    this.#turn.beginRead()
    try {
      if (this.#turn.now - this.#idleSince > idlePeriodMicros) this.#broughtForward()
      this.#readFrames(bytes, size)
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error
      this.#fail(error)
    } finally {
      this.#turn.endRead()
    }
  }

  #readFrames(bytes: Buffer, size: number): void {
    let at = this.#heldBytes > 0 ? this.#completeHeld(bytes, size) : 0
    while (size - at >= frameHeaderBytes && !this.#isGone) {
      const length = this.#lengthAt(bytes, at)
      const end = at + frameHeaderBytes + length
      if (end > size) break
      this.#frame(bytes, at, length)
      at = end
    }
    if (at < size && !this.#isGone) this.#hold(bytes, at, size)
  }

  #lengthAt(bytes: Buffer, at: number): number {
    const length =
      ((bytes[at] as number) << 16) | ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)
    if (!this.#isReady && bytes[at + 3] !== frameTypes.settings) throw new Http2Error(notHttp2(bytes, at))
    if (length > frameBytes) throw new Http2Error(`a frame of ${length} bytes`, errorCodes.frameSize)
    return length
  }

  /** Of a frame whose beginning is held: takes what it lacks, and reads it where it is whole then. How much was taken. */
  #completeHeld(bytes: Buffer, size: number): number {
    let at = 0
    let held = this.#held as Buffer
    while (this.#heldBytes < frameHeaderBytes && at < size) held[this.#heldBytes++] = bytes[at++] as number
    if (this.#heldBytes < frameHeaderBytes) return at
    const length = this.#lengthAt(held, 0)
    const whole = frameHeaderBytes + length
    if (held.length < whole) {
      const larger = Buffer.allocUnsafe(whole)
      held.copy(larger, 0, 0, this.#heldBytes)
      this.#held = larger
      held = larger
    }
    const taken = Math.min(whole - this.#heldBytes, size - at)
    bytes.copy(held, this.#heldBytes, at, at + taken)
    this.#heldBytes += taken
    if (this.#heldBytes < whole) return size
    this.#held = null
    this.#heldBytes = 0
    this.#frame(held, 0, length)
    return at + taken
  }

  #hold(bytes: Buffer, at: number, size: number): void {
    const length = size - at
    const whole = length < frameHeaderBytes ? frameHeaderBytes : frameHeaderBytes + this.#lengthAt(bytes, at)
    this.#held = Buffer.allocUnsafe(whole)
    bytes.copy(this.#held, 0, at, size)
    this.#heldBytes = length
  }

  /** A whole frame; `at` is where its header begins. */
  #frame(bytes: Buffer, at: number, length: number): void {
    const type = bytes[at + 3] as number
    const flagBits = bytes[at + 4] as number
    const id = readUint31(bytes, at + 5)
    const from = at + frameHeaderBytes
    if (this.#blockStream !== 0 && (type !== frameTypes.continuation || id !== this.#blockStream)) {
      throw new Http2Error('another frame within a header block')
    }
    switch (type) {
      case frameTypes.data:
        this.#data(bytes, from, length, flagBits, id)
        return
      case frameTypes.headers:
        this.#headers(bytes, from, length, flagBits, id)
        return
      case frameTypes.continuation:
        this.#continuation(bytes, from, length, flagBits)
        return
      case frameTypes.rstStream:
        this.#reset(bytes, from, length, id)
        return
      case frameTypes.windowUpdate:
        this.#windowUpdate(bytes, from, length, id)
        return
      case frameTypes.settings:
        this.#settings(bytes, from, length, flagBits, id)
        return
      case frameTypes.ping:
        this.#ping(bytes, from, length, flagBits, id)
        return
      case frameTypes.goaway:
        this.#goaway(bytes, from, length, id)
        return
      case frameTypes.pushPromise:
        throw new Http2Error('a push, which our settings forbid')
      case frameTypes.priority:
        if (length !== 5) throw new Http2Error('a PRIORITY of another size than 5', errorCodes.frameSize)
        if (id === 0) throw new Http2Error('a PRIORITY of no stream')
        this.#broughtNothing()
        return
      default:
        this.#broughtNothing()
    }
  }

  #data(bytes: Buffer, payload: number, length: number, flagBits: number, id: number): void {
    let from = payload
    let end = payload + length
    if ((flagBits & flags.padded) !== 0) {
      const padding = length === 0 ? 0 : (bytes[from] as number)
      if (padding >= length) throw new Http2Error('more padding than frame')
      from++
      end -= padding
    }
    this.#received += length
    if (this.#received > connectionWindow)
      throw new Http2Error('more than the window', errorCodes.flowControl)
    if (this.#received * 2 >= connectionWindow) {
      this.#writeWindowUpdate(0, this.#received)
      this.#received = 0
    }
    const isLast = (flagBits & flags.endStream) !== 0
    const stream = this.#streamOf(id)
    if (stream !== undefined && (end > from || isLast)) this.#broughtForward()
    else this.#broughtNothing()
    if (stream === undefined) return
    stream.received += length
    if (stream.received > streamWindow) throw new Http2Error('more than the window', errorCodes.flowControl)
    if (!stream.hasHead) {
      this.#break(stream, 'a body came before its headers')
      return
    }
    if (end > from) {
      stream.data(bytes, from, end)
      if (!this.#isOn(stream, id)) return
    }
    if (isLast) this.#end(stream)
    else if (stream.received * 2 >= streamWindow) {
      this.#writeWindowUpdate(id, stream.received)
      stream.received = 0
    }
  }

  #headers(bytes: Buffer, payload: number, length: number, flagBits: number, id: number): void {
    let from = payload
    let end = payload + length
    if ((flagBits & flags.padded) !== 0) {
      if (from >= end) throw new Http2Error('a HEADERS that is too short', errorCodes.frameSize)
      end -= bytes[from] as number
      from++
    }
    if ((flagBits & flags.priority) !== 0) from += 5
    if (from > end) throw new Http2Error('more padding than frame')
    if (id === 0) throw new Http2Error('headers of no stream')
    if ((flagBits & flags.endHeaders) !== 0) {
      this.#block(bytes, from, end, flagBits, id)
      return
    }
    this.#blockStream = id
    this.#blockFlags = flagBits
    this.#blockPart(bytes, from, end)
  }

  #continuation(bytes: Buffer, from: number, length: number, flagBits: number): void {
    if (this.#blockStream === 0) throw new Http2Error('a CONTINUATION of nothing')
    if (length === 0) this.#broughtNothing()
    this.#blockPart(bytes, from, from + length)
    if ((flagBits & flags.endHeaders) === 0) return
    const block = Buffer.concat(this.#blockParts, this.#blockBytes)
    const id = this.#blockStream
    this.#blockStream = 0
    this.#blockParts = []
    this.#blockBytes = 0
    this.#block(block, 0, block.length, this.#blockFlags, id)
  }

  #blockPart(bytes: Buffer, from: number, end: number): void {
    this.#blockBytes += end - from
    if (this.#blockBytes > mostHeaderBytes) {
      throw new Http2Error(`headers of more than ${mostHeaderBytes} bytes`, errorCodes.enhanceYourCalm)
    }
    if (end > from) this.#blockParts.push(Buffer.from(bytes.subarray(from, end)))
  }

  /** A whole header block. It is decoded whosever it is: the next one may build upon it. */
  #block(bytes: Buffer, at: number, end: number, flagBits: number, id: number): void {
    const isLast = (flagBits & flags.endStream) !== 0
    const stream = this.#streamOf(id)
    const cache = stream?.hasHead === true ? this.#trailers : this.#heads
    const headers: ReceivedHeaders = cache.decode(bytes, at, end)
    if (stream === undefined) {
      this.#broughtNothing()
      return
    }
    const { fault, status } = headers
    if (fault !== null) this.#break(stream, `its headers have ${fault}`)
    else if (stream.hasHead) {
      if (status !== 0 || !isLast) {
        this.#break(stream, 'headers came behind the headers')
        return
      }
      this.#broughtForward()
      stream.headers(headers, true)
      if (this.#isOn(stream, id)) this.#end(stream)
    } else if (status === 0) this.#break(stream, 'its headers have no :status')
    else if (status < 200) {
      if (isLast || status === 101) this.#break(stream, `it ended with the status ${status}`)
      else this.#broughtNothing()
    } else {
      this.#broughtForward()
      stream.hasHead = true
      stream.headers(headers, false)
      if (isLast && this.#isOn(stream, id)) this.#end(stream)
    }
  }

  #reset(bytes: Buffer, at: number, length: number, id: number): void {
    if (length !== 4) throw new Http2Error('a RST_STREAM of another size than 4', errorCodes.frameSize)
    const stream = this.#streamOf(id)
    if (stream === undefined) {
      this.#broughtNothing()
      return
    }
    const code = readUint32(bytes, at)
    this.#leave(stream)
    if (code === errorCodes.refusedStream) stream.notProcessed()
    else stream.wasReset(code)
    this.#endIfDone()
  }

  #windowUpdate(bytes: Buffer, at: number, length: number, id: number): void {
    if (length !== 4) throw new Http2Error('a WINDOW_UPDATE of another size than 4', errorCodes.frameSize)
    this.#broughtNothing()
    const more = readUint31(bytes, at)
    if (id === 0) {
      if (more === 0) throw new Http2Error('a WINDOW_UPDATE by nothing')
      this.#sendWindow += more
      if (this.#sendWindow > mostWindow) throw new Http2Error('a window too large', errorCodes.flowControl)
    } else {
      const stream = this.#streamOf(id)
      if (stream === undefined) return
      stream.sendWindow += more
      if (more === 0 || stream.sendWindow > mostWindow) {
        this.#break(stream, more === 0 ? 'a WINDOW_UPDATE by nothing' : 'a window too large')
        return
      }
    }
    this.#goOn()
  }

  #settings(bytes: Buffer, at: number, length: number, flagBits: number, id: number): void {
    if (id !== 0) throw new Http2Error('SETTINGS of a stream')
    this.#broughtNothing()
    if ((flagBits & flags.ack) !== 0) {
      if (length !== 0) throw new Http2Error('a SETTINGS acknowledgement with settings', errorCodes.frameSize)
      return
    }
    if (length % 6 !== 0) throw new Http2Error('SETTINGS that are cut short', errorCodes.frameSize)
    for (let n = at; n < at + length; n += 6) {
      const setting = ((bytes[n] as number) << 8) | (bytes[n + 1] as number)
      this.#setting(setting, readUint32(bytes, n + 2))
    }
    writeFrameHeader(...this.#control(0), frameTypes.settings, flags.ack, 0)
    if (!this.#isReady) {
      this.#isReady = true
      this.#listener.ready(this)
    } else this.#listener.changed(this)
    this.#goOn()
  }

  #setting(setting: number, value: number): void {
    switch (setting) {
      case settingIds.maxConcurrentStreams:
        this.#mostStreams = value
        return
      case settingIds.initialWindowSize: {
        if (value > mostWindow) throw new Http2Error('a window too large', errorCodes.flowControl)
        const more = value - this.#initialWindow
        this.#initialWindow = value
        for (const stream of this.#streams.all()) {
          stream.sendWindow += more
          if (stream.sendWindow > mostWindow)
            throw new Http2Error('a window too large', errorCodes.flowControl)
        }
        return
      }
      case settingIds.maxFrameSize:
        // Ours are never larger than the least that may be set.
        if (value < frameBytes || value > mostFrameBytes)
          throw new Http2Error(`a largest frame of ${value} bytes`)
        return
      case settingIds.enablePush:
        if (value !== 0) throw new Http2Error('a server that allows pushes to itself')
        return
      default:
      // HEADER_TABLE_SIZE bounds a table that we don't use; a longer header list than allowed is refused by whom it is too long for.
    }
  }

  #ping(bytes: Buffer, at: number, length: number, flagBits: number, id: number): void {
    if (length !== 8) throw new Http2Error('a PING of another size than 8', errorCodes.frameSize)
    if (id !== 0) throw new Http2Error('a PING of a stream')
    this.#broughtNothing()
    if ((flagBits & flags.ack) !== 0) return
    const [chunk, to] = this.#control(8)
    writeFrameHeader(chunk, to, 8, frameTypes.ping, flags.ack, 0)
    bytes.copy(chunk, to + frameHeaderBytes, at, at + 8)
  }

  #goaway(bytes: Buffer, at: number, length: number, id: number): void {
    if (length < 8) throw new Http2Error('a GOAWAY that is cut short', errorCodes.frameSize)
    if (id !== 0) throw new Http2Error('a GOAWAY of a stream')
    this.#broughtNothing()
    const last = readUint31(bytes, at)
    const code = readUint32(bytes, at + 4)
    if (code !== errorCodes.noError) this.#failure ??= new GoawayError(code)
    this.#isRetiring = true
    this.#listener.retiring(this)
    this.#commit()
    for (const stream of this.#streams.all()) {
      if (stream.id <= last || stream.owner !== this) continue
      this.#leave(stream)
      stream.notProcessed()
    }
    this.#endIfDone()
  }

  /** Undefined: it is over. Throws where it never began. */
  #streamOf(id: number): Stream | undefined {
    const stream = this.#streams.get(id)
    if (stream === undefined && (id >= this.#nextId || (id & 1) === 0)) {
      throw new Http2Error(`a frame for the stream ${id}, which nobody began`)
    }
    return stream
  }

  /** Who was told may have left it, and may be on another one by now. */
  #isOn(stream: Stream, id: number): boolean {
    return stream.owner === this && stream.id === id
  }

  #end(stream: Stream): void {
    // The answer needed no more of the request.
    if (!stream.isWhole) this.#writeReset(stream.id, errorCodes.noError)
    this.served++
    this.#leave(stream)
    stream.ended()
    if (this.#isRetiring) this.#endIfDone()
  }

  #break(stream: Stream, detail: string): void {
    this.#writeReset(stream.id, errorCodes.protocol)
    this.#leave(stream)
    stream.broke(detail)
    this.#endIfDone()
    this.#broughtNothing()
  }

  #leave(stream: Stream): void {
    this.#streams.remove(stream.id)
    if (stream.isHeldBack) this.#heldBack = this.#heldBack.filter((held) => held !== stream)
    stream.isHeldBack = false
    stream.owner = null
    stream.request = null
    stream.id = 0
    this.#listener.left(this)
  }

  #endIfDone(): void {
    if (!this.#isRetiring || this.#streams.size > 0 || this.#isGone || this.#isWriting) return
    if (this.#writer.bytes > 0) this.flush(this.#turn.instant())
    this.#socket.destroySoon()
  }

  #fail(error: Http2Error): void {
    if (this.#isGone) return
    this.#failure = error
    const at = this.#writer.reserve(frameHeaderBytes + 8)
    const { chunk } = this.#writer
    writeFrameHeader(chunk, at, 8, frameTypes.goaway, 0, 0)
    writeUint32(chunk, at + frameHeaderBytes, 0)
    writeUint32(chunk, at + frameHeaderBytes + 4, error.http2Code)
    // Who does not read what was written before will not read this.
    if (this.#isWriting) this.#socket.destroy()
    else {
      this.flush(this.#turn.instant())
      this.#socket.destroySoon()
    }
    this.#lose()
  }

  #lose(): void {
    if (this.#isGone) return
    this.#isGone = true
    const unsent = new Set(this.#unsent)
    this.#unsent.length = 0
    this.#listener.retiring(this)
    const error = this.#failure ?? new ConnectionEndedError()
    for (const stream of this.#streams.all()) {
      if (stream.owner !== this) continue
      this.#leave(stream)
      if (unsent.has(stream)) stream.notProcessed()
      else stream.lost(error)
    }
    this.#listener.gone(this, error)
  }

  #greet(): void {
    const at = this.#writer.reserve(preface.length)
    preface.copy(this.#writer.chunk, at)
    const settings = [
      [settingIds.enablePush, 0],
      [settingIds.initialWindowSize, streamWindow],
      [settingIds.maxHeaderListSize, mostHeaderBytes],
    ] as const
    const [chunk, to] = this.#control(settings.length * 6)
    writeFrameHeader(chunk, to, settings.length * 6, frameTypes.settings, 0, 0)
    settings.forEach(([setting, value], index) => {
      const place = to + frameHeaderBytes + index * 6
      chunk[place] = 0
      chunk[place + 1] = setting
      writeUint32(chunk, place + 2, value)
    })
    this.#writeWindowUpdate(0, connectionWindow - defaultWindow)
    this.#turn.flushLater(this)
  }

  /** Room for a frame with that much payload, written at the end of the turn. */
  #control(payload: number): [chunk: Buffer, at: number, length: number] {
    if (this.#writer.bytes > mostUnreadBytes) {
      throw new UnreadError()
    }
    const at = this.#writer.reserve(frameHeaderBytes + payload)
    this.#turn.flushLater(this)
    return [this.#writer.chunk, at, payload]
  }

  #writeReset(id: number, code: number): void {
    if (this.#isGone) return
    const at = this.#writer.reserve(frameHeaderBytes + 4)
    const { chunk } = this.#writer
    writeFrameHeader(chunk, at, 4, frameTypes.rstStream, 0, id)
    writeUint32(chunk, at + frameHeaderBytes, code)
    this.#turn.flushLater(this)
  }

  #writeWindowUpdate(id: number, more: number): void {
    const [chunk, at] = this.#control(4)
    writeFrameHeader(chunk, at, 4, frameTypes.windowUpdate, 0, id)
    writeUint32(chunk, at + frameHeaderBytes, more)
  }

  #writeHead(id: number, { block, bodyBytes }: EncodedRequest): void {
    // The first block says that we use no table, whatever size the peer allows one to have (RFC 7541 §4.2).
    const prefix = this.#hasSentBlock ? 0 : 1
    this.#hasSentBlock = true
    const first = Math.min(block.length, frameBytes - prefix)
    const isLast = bodyBytes === 0 ? flags.endStream : 0
    const isWhole = first === block.length ? flags.endHeaders : 0
    const at = this.#writer.reserve(frameHeaderBytes + prefix + first)
    const { chunk } = this.#writer
    writeFrameHeader(chunk, at, prefix + first, frameTypes.headers, isLast | isWhole, id)
    if (prefix === 1) chunk[at + frameHeaderBytes] = 0x20
    block.copy(chunk, at + frameHeaderBytes + prefix, 0, first)
    for (let from = first; from < block.length; from += frameBytes) {
      const end = Math.min(block.length, from + frameBytes)
      const to = this.#writer.reserve(frameHeaderBytes + end - from)
      const last = end === block.length ? flags.endHeaders : 0
      writeFrameHeader(this.#writer.chunk, to, end - from, frameTypes.continuation, last, id)
      block.copy(this.#writer.chunk, to + frameHeaderBytes, from, end)
    }
  }

  /** As much of the body as both windows and the socket take; the rest waits. */
  #writeBody(stream: Stream): void {
    const { body } = stream.request as EncodedRequest
    while (stream.piece < body.length) {
      const piece = body[stream.piece] as Uint8Array
      const length = Math.min(piece.length - stream.pieceAt, frameBytes, stream.sendWindow, this.#sendWindow)
      if (length <= 0 || this.#writer.bytes > mostWaitingBytes) {
        if (!stream.isHeldBack) this.#heldBack.push(stream)
        stream.isHeldBack = true
        return
      }
      const end = stream.pieceAt + length
      const isPieceDone = end === piece.length
      const isLast = isPieceDone && stream.piece === body.length - 1
      const at = this.#writer.reserve(frameHeaderBytes + length)
      const { chunk } = this.#writer
      writeFrameHeader(chunk, at, length, frameTypes.data, isLast ? flags.endStream : 0, stream.id)
      chunk.set(piece.subarray(stream.pieceAt, end), at + frameHeaderBytes)
      stream.sendWindow -= length
      this.#sendWindow -= length
      stream.pieceAt = isPieceDone ? 0 : end
      if (isPieceDone) stream.piece++
    }
    stream.isWhole = true
    stream.isHeldBack = false
  }

  /** Bodies that waited, as far as they may go now. */
  #goOn(): void {
    if (this.#heldBack.length === 0 || this.#isGone) return
    const held = this.#heldBack
    this.#heldBack = []
    for (const stream of held) {
      stream.isHeldBack = false
      this.#writeBody(stream)
    }
    if (this.#writer.bytes > 0) this.#turn.flushLater(this)
  }

  #broughtForward(): void {
    this.#idleFrames = 0
    this.#idleSince = this.#turn.now
  }

  #broughtNothing(): void {
    this.#idleFrames++
    if (this.#idleFrames > mostIdleFrames)
      throw new Http2Error('a flood of frames that bring nothing forward', errorCodes.enhanceYourCalm)
  }
}

const nothing = Buffer.alloc(0)

/** A server of HTTP/1.1 answers the preface by an error, in plain text. */
function notHttp2(bytes: Buffer, at: number): string {
  return bytes.toString('latin1', at, at + 5) === 'HTTP/'
    ? 'it speaks HTTP/1.1; leave out `protocol: http2`, or switch HTTP/2 on there'
    : 'its first frame is no SETTINGS'
}

class UnreadError extends Http2Error {
  constructor() {
    super('it reads nothing of what is sent', errorCodes.enhanceYourCalm)
  }
}

/** It came for streams of which nothing more is known. */
export class ConnectionEndedError extends Error {
  readonly code = 'ECONNRESET'
  constructor() {
    super('the connection was closed before the answer was whole')
  }
}

/** The peer said why it ends the connection. */
export class GoawayError extends Error {
  readonly code = 'ECONNRESET'
  constructor(code: number) {
    super(`the target ended the connection by GOAWAY with ${errorCodeName(code)}`)
  }
}
