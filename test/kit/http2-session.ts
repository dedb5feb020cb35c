import type { Socket } from 'node:net'
import { Duplex } from 'node:stream'
import { type EncodedRequest, encodedRequest } from '../../worker/transport/http2/encoded-request.ts'
import type { ReceivedHeaders } from '../../worker/transport/http2/received-headers.ts'
import { Session } from '../../worker/transport/http2/session.ts'
import { Stream } from '../../worker/transport/http2/stream.ts'
import { Turn } from '../../worker/transport/http2/turn.ts'
import { block } from './http2-frames.ts'

/** A stream that writes down what it is told. */
export class WatchedStream extends Stream {
  readonly name: string
  readonly #log: string[]
  readonly #onOver: () => void
  sentAt = Number.NaN

  constructor(name: string, log: string[], onOver: () => void) {
    super()
    this.name = name
    this.#log = log
    this.#onOver = onOver
  }

  sent(now: number): void {
    this.sentAt = now
  }
  headers({ list }: ReceivedHeaders, isTrailers: boolean): void {
    this.#log.push(`${this.name} ${isTrailers ? 'trailers' : 'head'} ${JSON.stringify(list)}`)
  }
  data(bytes: Buffer, at: number, end: number): void {
    this.#log.push(`${this.name} data ${bytes.toString('latin1', at, end)}`)
  }
  ended(): void {
    this.#over('ended')
  }
  wasReset(code: number): void {
    this.#over(`reset ${code}`)
  }
  notProcessed(): void {
    this.#over('not processed')
  }
  broke(detail: string): void {
    this.#over(`broke: ${detail}`)
  }
  lost(error: Error): void {
    this.#over(`lost: ${error.message}`)
  }
  #over(how: string): void {
    this.#log.push(`${this.name} ${how}`)
    this.#onOver()
  }
}

const plain = encodedRequest(block(':method', 'GET', ':path', '/'), [])

/** A session whose peer is the test: what it writes is kept, what it hears is fed to it. */
export class WatchedSession {
  readonly session: Session
  readonly turn: Turn
  /** What streams and listener were told, in order. */
  readonly log: string[] = []
  readonly streams: WatchedStream[] = []
  readonly #written: Buffer[] = []
  /** Not taken by the socket yet, where it is told to wait. */
  #held: (() => void) | null = null
  isSocketBusy = false
  now = 0

  constructor(firstStreamId = 1) {
    this.turn = new Turn({ nowMicros: () => ++this.now })
    const socket = new Duplex({
      read() {},
      write: (bytes: Buffer, _coding, done) => {
        // The session uses its memory again.
        this.#written.push(Buffer.from(bytes))
        if (this.isSocketBusy) this.#held = done
        else done()
      },
    })
    Object.assign(socket, { destroySoon: () => socket.destroy() })
    this.session = new Session(
      this.turn,
      {
        ready: () => this.log.push('ready'),
        retiring: () => {},
        left: () => {},
        changed: () => {},
        gone: (_session, error) => this.log.push(`gone: ${error.message}`),
      },
      { socket: socket as unknown as Socket, isTls: false, connectMicros: 0, tlsMicros: 0, firstStreamId },
    )
    this.turn.flush()
  }

  /** All that was written since the last call. */
  takeWritten(): Buffer {
    return Buffer.concat(this.#written.splice(0))
  }

  get writes(): number {
    return this.#written.length
  }

  socketIsFree(): void {
    this.isSocketBusy = false
    const held = this.#held
    this.#held = null
    held?.()
  }

  /** `again`: how many others follow it, each when the one before is over, as the engine's do. */
  begin(request: EncodedRequest = plain, again = 0): WatchedStream {
    const stream = new WatchedStream(`#${this.streams.length}`, this.log, () => {
      if (again > 0 && !this.session.isEnding) this.begin(request, again - 1)
    })
    this.streams.push(stream)
    this.session.begin(stream, request)
    return stream
  }

  /** As one read for each piece. */
  hear(...pieces: readonly Uint8Array[]): this {
    for (const piece of pieces) this.session.read(Buffer.from(piece), piece.length)
    return this
  }
}
