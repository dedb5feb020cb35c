import type { Clock } from '../engine/clock.ts'
import type { GrpcConnection, GrpcWaiter } from './grpc-connection.ts'

export interface GrpcPoolSettings<W extends GrpcWaiter> {
  /** Connections at most. */
  readonly max: number
  /** As many as keep each below a hundred calls; else all of `max` from the start. */
  readonly isAutomatic: boolean
  /** Null: a connection may become as old as it will. */
  readonly lifetimeMs: number | null
  readonly clock: Clock
  connect(): GrpcConnection<W>
}

/** Calls on one connection before another one is opened, where the LoadTest names no number of them; servers often allow 100. */
const callsPerConnection = 100

/** Connections used in turn, each for many calls at once. One that is too old takes no more calls, and is closed with its last one. */
export class GrpcPool<W extends GrpcWaiter> {
  readonly #settings: GrpcPoolSettings<W>
  readonly #connections: GrpcConnection<W>[] = []
  readonly #retired = new Set<GrpcConnection<W>>()
  #turn = 0

  constructor(settings: GrpcPoolSettings<W>) {
    this.#settings = settings
  }

  get openSockets(): number {
    let open = 0
    for (const connection of [...this.#connections, ...this.#retired]) if (connection.isOpen) open++
    return open
  }

  /** Makes the first connections, and opens `warm` of them. Rejects where one isn't open within the connect timeout. */
  async open(warm: number): Promise<void> {
    const { max, isAutomatic } = this.#settings
    const first = isAutomatic ? Math.min(max, Math.max(1, warm)) : max
    while (this.#connections.length < first) this.#connections.push(this.#settings.connect())
    await Promise.all(this.#connections.slice(0, warm).map((connection) => connection.open()))
  }

  /** One that is open. Rejects where it isn't within the connect timeout. */
  async opened(): Promise<GrpcConnection<W>> {
    const [first] = this.#connections
    if (first === undefined) throw new Error('a pool has a connection once it is open')
    await first.open()
    return first
  }

  /** The connection for one call more; `release` is to follow. */
  take(): GrpcConnection<W> {
    const connection = this.#pick()
    connection.inFlight++
    return connection
  }

  release(connection: GrpcConnection<W>): void {
    connection.inFlight--
    if (connection.isRetired && connection.inFlight === 0) {
      this.#retired.delete(connection)
      connection.close()
    }
  }

  close(): void {
    for (const connection of [...this.#connections, ...this.#retired]) connection.close()
  }

  #pick(): GrpcConnection<W> {
    const { max, isAutomatic, connect } = this.#settings
    const room = isAutomatic ? callsPerConnection : Number.POSITIVE_INFINITY
    const { length } = this.#connections
    for (let n = 0; n < length; n++) {
      const connection = this.#inTurn()
      if (connection.inFlight < room) return connection
    }
    if (length < max) this.#connections.push(connect())
    return this.#connections[this.#connections.length - 1] as GrpcConnection<W>
  }

  #inTurn(): GrpcConnection<W> {
    const { lifetimeMs, clock, connect } = this.#settings
    const now = clock.nowMicros()
    const index = this.#turn++ % this.#connections.length
    let connection = this.#connections[index] as GrpcConnection<W>
    if (lifetimeMs !== null && now - connection.usedSince > lifetimeMs * 1000) {
      this.#retire(connection)
      connection = connect()
      this.#connections[index] = connection
    }
    if (Number.isNaN(connection.usedSince)) connection.usedSince = now
    return connection
  }

  #retire(connection: GrpcConnection<W>): void {
    connection.isRetired = true
    if (connection.inFlight === 0) connection.close()
    else this.#retired.add(connection)
  }
}
