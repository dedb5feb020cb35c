import type { Socket } from 'node:net'
import type { EncodedRequest } from './encoded-request.ts'
import { FloodGuard } from './flood-guard.ts'
import {
  defaultWindow,
  flags,
  frameBytes,
  frameHeaderBytes,
  frameTypes,
  mostFrameBytes,
  mostStreamId,
  mostWindow,
  readUint31,
  readUint32,
  settingIds,
} from './frame.ts'
import { type FrameListener, FrameReader } from './frame-reader.ts'
import { HeaderAssembly, type HeaderAssemblyListener } from './header-assembly.ts'
import { HeaderDecoder } from './header-decoder.ts'
import { Outgoing, UnreadError } from './outgoing.ts'
import { ConnectionEndedError, errorCodes, GoawayError, Http2Error } from './protocol-error.ts'
import { HeaderCache } from './received-headers.ts'
import type { Stream, StreamOwner } from './stream.ts'
import { StreamTable } from './stream-table.ts'
import type { Turn } from './turn.ts'

/** Bytes that may come before we say that there is room again, which is said when half of them have come: nobody can see a peer send more. */
const streamWindow = 1024 * 1024
const connectionWindow = 16 * 1024 * 1024
/** As undici's clients allow. */
const mostHeaderBytes = 256 * 1024
const headerTableBytes = 4096

const ourSettings = [
  ...[settingIds.enablePush, 0],
  ...[settingIds.initialWindowSize, streamWindow],
  ...[settingIds.maxHeaderListSize, mostHeaderBytes],
]

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

export interface OpenedSocket {
  readonly socket: Socket
  readonly isTls: boolean
  readonly connectMicros: number
  readonly tlsMicros: number
  /** 1 where it isn't given. */
  readonly firstStreamId?: number
}

/**
 * One HTTP/2 connection, seen from the client (RFC 9113). Whatever breaks the rules ends the connection, and so does a peer that keeps it busy with frames
 * that bring nothing forward; what is wrong with one answer alone ends its stream.
 */
export class Session implements StreamOwner, FrameListener, HeaderAssemblyListener {
  /** Whose it is, with `connections.share: user`; null: anybody's, or nobody's yet. */
  user: number | null = null
  /** The thread's clock, µs: when the first stream began. */
  usedSince = Number.NaN
  /** Answers that were whole. */
  served = 0
  readonly connectMicros: number
  readonly tlsMicros: number
  readonly #turn: Turn
  readonly #listener: SessionListener
  readonly #socket: Socket
  readonly #out: Outgoing
  readonly #reader = new FrameReader(this)
  readonly #assembly = new HeaderAssembly(mostHeaderBytes, this)
  readonly #decoder = new HeaderDecoder({ tableBytes: headerTableBytes, listBytes: mostHeaderBytes })
  readonly #heads = new HeaderCache(this.#decoder)
  readonly #trailers = new HeaderCache(this.#decoder)
  readonly #streams = new StreamTable<Stream>()
  readonly #guard = new FloodGuard()
  #nextId: number
  #isReady = false
  #isRetiring = false
  #isGone = false
  #failure: Error | null = null
  #mostStreams = Number.POSITIVE_INFINITY
  /** Bytes that came since the connection's window was last widened. */
  #received = 0

  constructor(
    turn: Turn,
    listener: SessionListener,
    { socket, isTls, connectMicros, tlsMicros, firstStreamId = 1 }: OpenedSocket,
  ) {
    this.#turn = turn
    this.#listener = listener
    this.#socket = socket
    this.#nextId = firstStreamId
    this.connectMicros = connectMicros
    this.tlsMicros = tlsMicros
    this.#out = new Outgoing(turn, socket, isTls, () => this.#endIfDone())
    socket.once('error', (error) => {
      this.#failure ??= error
    })
    socket.once('close', () => this.#lose())
    this.#out.greet(ourSettings)
    this.#out.widen(0, connectionWindow - defaultWindow)
  }

  /** The peer has said what it allows. */
  get isReady(): boolean {
    return this.#isReady
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

  get isGone(): boolean {
    return this.#isGone
  }

  /** Begins a stream: written at the end of this turn, its body as far as the windows let it. */
  begin(stream: Stream, request: EncodedRequest): void {
    stream.id = this.#nextId
    this.#nextId += 2
    stream.owner = this
    stream.received = 0
    stream.bytesIn = 0
    stream.hasHead = false
    this.#streams.add(stream)
    this.#out.begin(stream, request)
    if (this.#nextId > mostStreamId) this.retire()
  }

  cancel(stream: Stream): void {
    if (this.#out.isUnsent(stream)) this.#out.commit(this.#turn.instant())
    this.#out.reset(stream.id, errorCodes.cancel)
    this.#leave(stream)
    if (this.#out.isUnread) setImmediate(() => this.destroy(new UnreadError()))
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

  /** `size` bytes have come. The memory is used again after the call. */
  read(bytes: Buffer, size: number): void {
    if (this.#isGone) return
    this.#turn.beginRead()
    try {
      this.#guard.beginRead(this.#turn.now)
      this.#reader.read(bytes, size)
    } catch (error) {
      if (!(error instanceof Http2Error)) throw error
      this.#fail(error)
    } finally {
      this.#turn.endRead()
    }
  }

  frame(type: number, flagBits: number, id: number, bytes: Buffer, at: number, length: number): void {
    const { stream } = this.#assembly
    if (stream !== 0 && (type !== frameTypes.continuation || id !== stream))
      throw new Http2Error('another frame within a header block')
    switch (type) {
      case frameTypes.data:
        this.#data(bytes, at, length, flagBits, id)
        return
      case frameTypes.headers:
        this.#assembly.headers(bytes, at, length, flagBits, id)
        return
      case frameTypes.continuation:
        if (length === 0) this.#guard.nothing()
        this.#assembly.continuation(bytes, at, length, flagBits)
        return
      case frameTypes.rstStream:
        requireSize('RST_STREAM', length, 4)
        this.#reset(readUint32(bytes, at), id)
        return
      case frameTypes.windowUpdate:
        requireSize('WINDOW_UPDATE', length, 4)
        this.#windowUpdate(readUint31(bytes, at), id)
        return
      case frameTypes.settings:
        requireNoStream('SETTINGS', id)
        this.#settings(bytes, at, length, flagBits)
        return
      case frameTypes.ping:
        requireNoStream('a PING', id)
        requireSize('PING', length, 8)
        this.#guard.nothing()
        if ((flagBits & flags.ack) === 0) this.#out.pong(bytes, at)
        return
      case frameTypes.goaway:
        requireNoStream('a GOAWAY', id)
        if (length < 8) throw new Http2Error('a GOAWAY that is cut short', errorCodes.frameSize)
        this.#goaway(readUint31(bytes, at), readUint32(bytes, at + 4))
        return
      case frameTypes.pushPromise:
        throw new Http2Error('a push, which our settings forbid')
      case frameTypes.priority:
        requireSize('PRIORITY', length, 5)
        if (id === 0) throw new Http2Error('a PRIORITY of no stream')
        this.#guard.nothing()
        return
      default:
        this.#guard.nothing()
    }
  }

  /** A whole header block. It is decoded whosever it is: the next one may build upon it. */
  block(bytes: Buffer, at: number, end: number, flagBits: number, id: number): void {
    const isLast = (flagBits & flags.endStream) !== 0
    const stream = this.#streamOf(id)
    const cache = stream?.hasHead === true ? this.#trailers : this.#heads
    const headers = cache.decode(bytes, at, end)
    if (stream === undefined) {
      this.#guard.nothing()
      return
    }
    stream.bytesIn += end - at + frameHeaderBytes
    const { fault, status } = headers
    if (fault !== null) this.#break(stream, `its headers have ${fault}`)
    else if (stream.hasHead) {
      if (status !== 0 || !isLast) {
        this.#break(stream, 'headers came behind the headers')
        return
      }
      this.#guard.forward(this.#turn.now)
      stream.headers(headers, true)
      if (isOn(stream, this, id)) this.#end(stream)
    } else if (status === 0) this.#break(stream, 'its headers have no :status')
    else if (status < 200) {
      if (isLast || status === 101) this.#break(stream, `it ended with the status ${status}`)
      else this.#guard.nothing()
    } else {
      this.#guard.forward(this.#turn.now)
      stream.hasHead = true
      stream.headers(headers, false)
      if (isLast && isOn(stream, this, id)) this.#end(stream)
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
      this.#out.widen(0, this.#received)
      this.#received = 0
    }
    const isLast = (flagBits & flags.endStream) !== 0
    const stream = this.#streamOf(id)
    if (stream !== undefined && (end > from || isLast)) this.#guard.forward(this.#turn.now)
    else this.#guard.nothing()
    if (stream === undefined) return
    stream.received += length
    stream.bytesIn += length + frameHeaderBytes
    if (!stream.hasHead) {
      this.#break(stream, 'a body came before its headers')
      return
    }
    if (end > from) {
      stream.data(bytes, from, end)
      if (!isOn(stream, this, id)) return
    }
    if (isLast) this.#end(stream)
    else if (stream.received * 2 >= streamWindow) {
      this.#out.widen(id, stream.received)
      stream.received = 0
    }
  }

  #reset(code: number, id: number): void {
    const stream = this.#streamOf(id)
    if (stream === undefined) {
      this.#guard.nothing()
      return
    }
    this.#leave(stream)
    if (code === errorCodes.refusedStream) stream.notProcessed()
    else stream.wasReset(code)
    this.#endIfDone()
  }

  #windowUpdate(more: number, id: number): void {
    this.#guard.nothing()
    if (id === 0) {
      if (more === 0) throw new Http2Error('a WINDOW_UPDATE by nothing')
      this.#out.addWindow(more)
    } else {
      const stream = this.#streamOf(id)
      if (stream === undefined) return
      stream.sendWindow += more
      if (more === 0 || stream.sendWindow > mostWindow) {
        this.#break(stream, more === 0 ? 'a WINDOW_UPDATE by nothing' : 'a window too large')
        return
      }
    }
    this.#out.goOn()
  }

  #settings(bytes: Buffer, at: number, length: number, flagBits: number): void {
    this.#guard.nothing()
    if ((flagBits & flags.ack) !== 0) {
      requireSize('acknowledgement of SETTINGS', length, 0)
      return
    }
    if (length % 6 !== 0) throw new Http2Error('SETTINGS that are cut short', errorCodes.frameSize)
    for (let n = at; n < at + length; n += 6) {
      this.#setting(((bytes[n] as number) << 8) | (bytes[n + 1] as number), readUint32(bytes, n + 2))
    }
    this.#out.acknowledge()
    if (this.#isReady) this.#listener.changed(this)
    else {
      this.#isReady = true
      this.#listener.ready(this)
    }
    this.#out.goOn()
  }

  #setting(setting: number, value: number): void {
    switch (setting) {
      case settingIds.maxConcurrentStreams:
        this.#mostStreams = value
        return
      case settingIds.initialWindowSize:
        this.#out.setInitialWindow(value, this.#streams.all())
        return
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

  #goaway(last: number, code: number): void {
    this.#guard.nothing()
    if (code !== errorCodes.noError) this.#failure ??= new GoawayError(code)
    this.#isRetiring = true
    this.#listener.retiring(this)
    this.#out.commit(this.#turn.now)
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
    if (stream === undefined && (id >= this.#nextId || (id & 1) === 0))
      throw new Http2Error(`a frame for the stream ${id}, which nobody began`)
    return stream
  }

  #end(stream: Stream): void {
    // The answer needed no more of the request.
    if (!stream.isWhole) this.#out.reset(stream.id, errorCodes.noError)
    this.served++
    this.#leave(stream)
    stream.ended()
    if (this.#isRetiring) this.#endIfDone()
  }

  #break(stream: Stream, detail: string): void {
    this.#out.reset(stream.id, errorCodes.protocol)
    this.#leave(stream)
    stream.broke(detail)
    this.#endIfDone()
    this.#guard.nothing()
  }

  #leave(stream: Stream): void {
    this.#streams.remove(stream.id)
    this.#out.leave(stream)
    stream.owner = null
    stream.request = null
    stream.id = 0
    this.#listener.left(this)
  }

  #endIfDone(): void {
    if (!this.#isRetiring || this.#streams.size > 0 || this.#isGone || this.#out.isWriting) return
    this.#out.flush(this.#turn.instant())
    this.#socket.destroySoon()
  }

  #fail(error: Http2Error): void {
    if (this.#isGone) return
    this.#failure = error
    this.#out.goaway(error.http2Code)
    this.#out.flush(this.#turn.instant())
    // What the system has not taken by now is not waited for: such a peer may never read it.
    this.#socket.destroy()
    this.#lose()
  }

  #lose(): void {
    if (this.#isGone) return
    this.#isGone = true
    const unsent = this.#out.end()
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
}

/** Who was told may have left it, and may be on another one by now. */
function isOn(stream: Stream, session: Session, id: number): boolean {
  return stream.owner === session && stream.id === id
}

function requireSize(what: string, length: number, size: number): void {
  if (length !== size) throw new Http2Error(`a ${what} of ${length} bytes`, errorCodes.frameSize)
}

function requireNoStream(what: string, id: number): void {
  if (id !== 0) throw new Http2Error(`${what} of a stream`)
}
