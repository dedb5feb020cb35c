import type { Socket } from 'node:net'
import { Client } from 'undici'
import { keepAliveMarginMs } from './http-pool.ts'
import { type Opened, type PooledConnection, streamsPerSession } from './pooled-connection.ts'

export interface ConnectionSettings {
  readonly origin: string
  readonly idleMs: number
  /** Opens another socket for the same client, where the server ended a session by GOAWAY with requests left. */
  reopen(done: (error: Error | null, socket: Socket | null) => void): void
}

/**
 * One open connection: a socket that was opened by the pool, and the undici client that speaks on it. The client is made at the first request,
 * because undici offers no way to hand it a socket without one; until then the socket waits here.
 */
export class Connection implements PooledConnection {
  readonly protocol: 'h2' | 'http/1.1'
  /** Whose it is with `share: user`; null: nobody's yet, or anybody's. */
  user: number | null
  /** Requests it takes at a time. */
  readonly capacity: number
  /** NaN after the first request that took it has them. */
  connectMicros: number
  tlsMicros: number
  inFlight = 0
  served = 0
  /** Clock of the thread, µs: when the first request took it. */
  usedSince = Number.NaN
  /** The server ends it after this answer, or it was discarded: no request more. */
  isEnding = false
  isDestroyed = false
  /** What the socket itself broke of; undici may see no more than its end. */
  brokenBy: Error | null = null
  idleIndex = -1
  readonly #settings: ConnectionSettings
  #socket: Socket
  /** Of a session that the server has ended, and that still finishes the streams it took. */
  #endedSocket: Socket | null = null
  #client: Client | null = null
  #countedIn = 0
  #countedOut = 0

  constructor(settings: ConnectionSettings, opened: Opened) {
    this.#settings = settings
    this.#socket = opened.socket
    this.protocol = opened.protocol
    this.user = opened.user
    this.connectMicros = opened.connectMicros
    this.tlsMicros = opened.tlsMicros
    this.capacity = opened.capacity
    // What a proxy was asked for its tunnel is none of any request.
    this.#countedIn = opened.socket.bytesRead
    this.#countedOut = opened.socket.bytesWritten
    opened.socket.once('error', (error) => {
      this.brokenBy = error
    })
    this.#watchUnused()
  }

  get client(): Client {
    this.#client ??= this.#createClient()
    return this.#client
  }

  /**
   * Bytes since the last call, of the socket: exact for one request at a time; the sum is exact for HTTP/2, where neighbours are counted to whichever
   * ends first. Within TLS, without its records.
   */
  takeBytesIn(): number {
    const bytes = this.#socket.bytesRead - this.#countedIn
    this.#countedIn += bytes
    return bytes
  }

  takeBytesOut(): number {
    const bytes = this.#socket.bytesWritten - this.#countedOut
    this.#countedOut += bytes
    return bytes
  }

  destroy(): void {
    this.isEnding = true
    this.isDestroyed = true
    this.#endedSocket?.destroy()
    this.#socket.destroy()
    this.#client?.destroy(null, ignore)
  }

  /**
   * A socket without a client reads nothing, so it would not notice that the server closed it. HTTP/2 servers speak first: their
   * settings are left for the client to read.
   */
  #watchUnused(): void {
    const socket = this.#socket
    socket.setTimeout(Math.max(1, this.#settings.idleMs), () => socket.destroy())
    if (this.protocol === 'http/1.1') socket.on('readable', readToEnd)
  }

  #createClient(): Client {
    const { origin, idleMs } = this.#settings
    let handedOver = false
    const client = new Client(origin, {
      pipelining: 1,
      headersTimeout: 0,
      bodyTimeout: 0,
      keepAliveTimeout: Math.max(1, idleMs),
      keepAliveMaxTimeout: Math.max(1, idleMs),
      keepAliveTimeoutThreshold: keepAliveMarginMs,
      maxHeaderSize: 256 * 1024,
      h2Options: { maxConcurrentStreams: streamsPerSession, pingInterval: 0 },
      connect: (_options, done) => {
        // Asynchronously each time: undici's queue doesn't go on after an answer from within the call.
        if (!handedOver) {
          handedOver = true
          this.#handOver()
          queueMicrotask(() => done(null, this.#socket))
        } else if (this.protocol === 'h2' && !this.#socket.destroyed && !this.isDestroyed) {
          this.isEnding = true
          this.#settings.reopen((error, socket) => {
            if (socket === null) {
              setImmediate(done, error ?? new StaleConnectionError(), null)
              return
            }
            this.#endedSocket = this.#socket
            this.#socket = socket
            this.#countedIn = 0
            this.#countedOut = 0
            done(null, socket)
          })
        } else {
          setImmediate(done, new StaleConnectionError(), null)
        }
      },
    })
    client.on('disconnect', () => {
      this.isEnding = true
    })
    return client
  }

  #handOver(): void {
    this.#socket.off('readable', readToEnd)
    this.#socket.setTimeout(0)
    this.#socket.removeAllListeners('timeout')
  }
}

/** The connection closed before the request was written to it: the request can go elsewhere. */
export class StaleConnectionError extends Error {
  readonly code = 'ERR_BREAKWATER_STALE'
  constructor() {
    super('the connection closed before the request was written')
  }
}

function ignore(): void {}

/** Reads nothing but the end: bytes that come unasked stay for the client, which refuses them. */
function readToEnd(this: Socket): void {
  if (this.readableLength === 0) this.read()
}
