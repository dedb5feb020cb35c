import type { Socket } from 'node:net'
import type { Clock } from '../engine/clock.ts'
import type { SendGate } from '../engine/fence.ts'
import { type IdleConnections, IdlePerUser, SharedIdle } from './idle-connections.ts'
import { type Endpoint, type OnRead, type Opening as OpeningSocket, openSocket } from './open-socket.ts'
import { type Opened, type PooledConnection, streamsPerSession } from './pooled-connection.ts'
import { type InLine, WaitingLine } from './waiting-line.ts'

export interface PoolSettings {
  readonly endpoint: Endpoint
  readonly share: 'pool' | 'user'
  /** Connections at most, of this thread. */
  readonly max: number
  readonly lifetimeMs: number | null
  readonly connectTimeoutMs: number
  /** Asked before one who has waited is served; absent: always. */
  readonly gate?: SendGate | undefined
}

/** What waits for a connection. */
export interface Waiter extends InLine {
  /** The thread's clock, µs. */
  readonly dispatchedAt: number
  /** A user has one request at a time. */
  readonly user: number
}

/** Of a socket that is to be opened. */
export interface Reader {
  readonly onread: OnRead
}

export interface PoolListener<W extends Waiter, C extends PooledConnection, R extends Reader> {
  /** Who reads from a socket from its opening on; null: whoever speaks on it reads as it likes. */
  readonly reader: (() => R) | null
  /** Makes of an open socket what speaks on it. */
  connected(opened: Opened, reader: R | null): C
  /** `isNew`: it was opened for those who waited. May be called from within `acquire`. */
  granted(waiter: W, connection: C, isNew: boolean): void
  /** Null: the connect timeout, counted from the waiter's dispatch. Never from within `acquire`. */
  refused(waiter: W, error: Error | null): void
}

interface Opening {
  readonly socket: OpeningSocket
  readonly user: number | null
  readonly startedAt: number
  readonly isWarm: boolean
}

/** The connections of one thread to one target; who waits for one is served first come, first served. */
export class ConnectionPool<W extends Waiter, C extends PooledConnection, R extends Reader = Reader> {
  readonly #settings: PoolSettings
  readonly #clock: Clock
  readonly #listener: PoolListener<W, C, R>
  readonly #connectTimeoutMicros: number
  readonly #idle: IdleConnections<C>
  readonly #connections = new Set<C>()
  readonly #openings = new Set<Opening>()
  readonly #line = new WaitingLine<W>()
  /** With `share: user`: who waits, and for whom of them no connection is being opened. */
  readonly #waitingUsers = new Map<number, W>()
  readonly #unserved = new Set<W>()
  /** Null: not known before the first connection has agreed on a protocol. */
  #streams: number | null
  #openSockets = 0
  #timer: NodeJS.Timeout | null = null
  #isClosing = false
  #closed: (() => void) | null = null
  #warming: { left: number; error: Error | null; done: () => void } | null = null

  constructor(settings: PoolSettings, clock: Clock, listener: PoolListener<W, C, R>) {
    this.#settings = settings
    this.#clock = clock
    this.#listener = listener
    this.#connectTimeoutMicros = settings.connectTimeoutMs * 1000
    this.#idle = settings.share === 'pool' ? new SharedIdle() : new IdlePerUser()
    const { protocols } = settings.endpoint
    if (settings.share === 'user' || !protocols.includes('h2')) this.#streams = 1
    else this.#streams = protocols.length === 1 ? streamsPerSession : null
  }

  get max(): number {
    return this.#settings.max
  }

  get openSockets(): number {
    return this.#openSockets
  }

  /** Opens that many. Rejects with the last failure, where one fails or takes longer than the connect timeout. */
  warm(count: number): Promise<void> {
    if (count === 0) return Promise.resolve()
    return new Promise((resolve, reject) => {
      const warming = {
        left: count,
        error: null as Error | null,
        done: () => {
          this.#warming = null
          if (warming.error === null) resolve()
          else reject(warming.error)
        },
      }
      this.#warming = warming
      for (let n = 0; n < count; n++) this.#open(null, true)
      this.#armTimer()
    })
  }

  /** Grants at once where one is to spare, else when one is. `fresh`: not one that is idle now, and before all others. */
  acquire(waiter: W, fresh: boolean): void {
    if (fresh) {
      this.#makeRoomFor(waiter)
      this.#line.joinInFront(waiter)
    } else {
      const connection = this.#line.length === 0 || this.#isPerUser ? this.#takeIdle(waiter.user) : undefined
      if (connection !== undefined) {
        this.#grant(waiter, connection, false)
        return
      }
      this.#line.join(waiter)
    }
    if (this.#isPerUser) {
      this.#waitingUsers.set(waiter.user, waiter)
      this.#unserved.add(waiter)
    }
    this.#openMore()
    this.#armTimer()
  }

  /** It waits no longer. Nothing happens where it doesn't wait. */
  leave(waiter: W): void {
    if (!waiter.inLine) return
    this.#line.leave(waiter)
    if (this.#isPerUser) {
      this.#waitingUsers.delete(waiter.user)
      this.#unserved.delete(waiter)
    }
  }

  /** Serves those who have waited while nobody might be. */
  resume(): void {
    if (!this.#isPerUser) {
      this.#serve()
      return
    }
    for (const [user, waiter] of this.#waitingUsers) {
      const connection = this.#takeIdle(user)
      if (connection !== undefined) this.#grant(waiter, connection, false)
    }
    this.#openMore()
  }

  /** The request on it is over. */
  release(connection: C): void {
    connection.inFlight--
    if (connection.isEnding || this.#isTooOld(connection)) {
      this.retire(connection)
      this.#openMore()
    } else {
      this.#idle.add(connection)
      this.#serve()
    }
  }

  /** The request on it is over, and so is the connection: its place is free at once. */
  discard(connection: C): void {
    connection.inFlight--
    this.#forget(connection)
    connection.destroy()
    this.#openMore()
  }

  /** Destroys every connection; resolves when every socket is closed. By then nobody may wait. */
  close(): Promise<void> {
    this.#isClosing = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const { socket } of this.#openings) socket.destroy()
    for (const connection of this.#connections) connection.destroy()
    if (this.#openSockets === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#closed = resolve
    })
  }

  get #isPerUser(): boolean {
    return this.#settings.share === 'user'
  }

  get #mayWrite(): boolean {
    return this.#settings.gate?.mayWrite() !== false
  }

  get #isFull(): boolean {
    return this.#connections.size + this.#openings.size >= this.#settings.max
  }

  #grant(waiter: W, connection: C, isNew: boolean): void {
    this.leave(waiter)
    if (this.#isPerUser && connection.user === null) {
      this.#idle.remove(connection)
      connection.user = waiter.user
    }
    connection.inFlight++
    if (connection.inFlight >= connection.capacity) this.#idle.remove(connection)
    if (Number.isNaN(connection.usedSince)) connection.usedSince = this.#clock.nowMicros()
    this.#listener.granted(waiter, connection, isNew)
  }

  #takeIdle(user: number): C | undefined {
    for (;;) {
      const connection = this.#idle.find(user)
      if (connection === undefined) return undefined
      if (!connection.isEnding && !this.#isTooOld(connection)) return connection
      this.retire(connection)
    }
  }

  /** Gets no further request, and ends with the last one on it. */
  retire(connection: C): void {
    connection.isEnding = true
    this.#idle.remove(connection)
    if (connection.inFlight > 0) return
    this.#forget(connection)
    connection.destroy()
  }

  #forget(connection: C): void {
    this.#idle.remove(connection)
    this.#connections.delete(connection)
  }

  #isTooOld(connection: C): boolean {
    const { lifetimeMs } = this.#settings
    return lifetimeMs !== null && this.#clock.nowMicros() - connection.usedSince > lifetimeMs * 1000
  }

  #serve(): void {
    if (this.#isPerUser) {
      // Somebody else's connection helps who waits by making room for theirs alone.
      this.#openMore()
      return
    }
    for (let waiter = this.#line.first; waiter !== null; waiter = this.#line.first) {
      if (!this.#mayWrite) return
      const connection = this.#takeIdle(waiter.user)
      if (connection === undefined) return
      this.#grant(waiter, connection, false)
    }
  }

  #makeRoomFor(waiter: W): void {
    if (this.#isPerUser) this.#evict(this.#idle.find(waiter.user))
    else if (this.#isFull) this.#evict(this.#idle.oldest())
  }

  #evict(connection: C | undefined): boolean {
    if (connection === undefined || connection.inFlight > 0) return false
    this.retire(connection)
    return true
  }

  #openMore(): void {
    if (this.#isClosing) return
    if (this.#isPerUser) {
      // One that was opened for who waits looks idle meanwhile, and must not make room for others.
      if (!this.#mayWrite) return
      for (const waiter of this.#unserved) {
        if (this.#isFull && !this.#evict(this.#idle.oldest())) return
        this.#unserved.delete(waiter)
        this.#open(waiter.user, false)
      }
      return
    }
    const waiting = this.#line.length
    // One connection finds out what the target speaks before others are opened.
    const wanted = this.#streams === null ? Math.min(1, waiting) : Math.ceil(waiting / this.#streams)
    while (this.#openings.size < wanted && !this.#isFull) this.#open(null, false)
  }

  #open(user: number | null, isWarm: boolean): void {
    const reader = this.#listener.reader?.() ?? null
    const opening: Opening = {
      user,
      startedAt: this.#clock.nowMicros(),
      isWarm,
      socket: openSocket(
        this.#settings.endpoint,
        this.#clock,
        {
          opened: (socket, protocol, connectMicros, tlsMicros) => {
            this.#openings.delete(opening)
            this.#streams = protocol === 'h2' && !this.#isPerUser ? streamsPerSession : 1
            const capacity = this.#streams
            const connection = this.#listener.connected(
              { socket, protocol, user, capacity, connectMicros, tlsMicros },
              reader,
            )
            this.#connections.add(connection)
            socket.once('close', () => this.#lost(connection))
            if (isWarm) this.#warmed(null)
            this.#opened(connection)
          },
          failed: (error) => {
            this.#openings.delete(opening)
            if (isWarm) this.#warmed(error)
            else this.#failed(opening, error)
          },
          closed: () => this.#socketClosed(),
        },
        reader?.onread,
      ),
    }
    this.#openings.add(opening)
    this.#openSockets++
  }

  #opened(connection: C): void {
    this.#idle.add(connection)
    if (this.#isPerUser) {
      const waiter = connection.user === null ? undefined : this.#waitingUsers.get(connection.user)
      if (waiter !== undefined && this.#mayWrite) this.#grant(waiter, connection, true)
    } else {
      for (let n = 0; n < connection.capacity && this.#line.first !== null && this.#mayWrite; n++) {
        this.#grant(this.#line.first, connection, n === 0)
      }
    }
    this.#openMore()
  }

  /** Each failed opening is the failure of one who waits. */
  #failed(opening: Opening, error: Error): void {
    const waiter = opening.user === null ? this.#line.first : this.#waitingUsers.get(opening.user)
    if (waiter !== null && waiter !== undefined) {
      this.leave(waiter)
      this.#listener.refused(waiter, error)
    }
    this.#openMore()
  }

  #warmed(error: Error | null): void {
    const warming = this.#warming
    if (warming === null) return
    warming.error = error ?? warming.error
    warming.left--
    if (warming.left === 0) warming.done()
  }

  #lost(connection: C): void {
    connection.isEnding = true
    // With requests still on it, undici reports them next; each is then released.
    if (connection.inFlight === 0) this.retire(connection)
    this.#openMore()
  }

  /** Another socket for a connection that goes on with it: the pool doesn't count it as one more, but as an open socket. */
  reopen(done: (error: Error | null, socket: Socket | null) => void): void {
    let isOver = false
    const socket = openSocket(this.#settings.endpoint, this.#clock, {
      opened: (opened) => {
        isOver = true
        clearTimeout(timer)
        done(null, opened)
      },
      failed: (error) => {
        isOver = true
        clearTimeout(timer)
        done(error, null)
      },
      closed: () => {
        this.#socketClosed()
        if (!isOver) done(new Error('the connection was given up'), null)
        clearTimeout(timer)
      },
    })
    const timer = setTimeout(() => socket.destroy(), this.#settings.connectTimeoutMs)
    this.#openSockets++
  }

  #socketClosed(): void {
    this.#openSockets--
    if (this.#openSockets === 0) this.#closed?.()
  }

  #armTimer(): void {
    if (this.#timer !== null || this.#isClosing) return
    const [opening] = this.#openings
    const since = Math.min(
      this.#line.first?.dispatchedAt ?? Number.POSITIVE_INFINITY,
      opening?.startedAt ?? Number.POSITIVE_INFINITY,
    )
    if (since === Number.POSITIVE_INFINITY) return
    const inMs = (since + this.#connectTimeoutMicros - this.#clock.nowMicros()) / 1000
    this.#timer = setTimeout(
      () => {
        this.#timer = null
        this.#giveUpLate()
        this.#armTimer()
      },
      Math.max(1, Math.ceil(inMs)),
    )
  }

  #giveUpLate(): void {
    const due = this.#clock.nowMicros() - this.#connectTimeoutMicros
    for (
      let waiter = this.#line.first;
      waiter !== null && waiter.dispatchedAt <= due;
      waiter = this.#line.first
    ) {
      this.leave(waiter)
      this.#listener.refused(waiter, null)
    }
    for (const opening of this.#openings) {
      if (opening.startedAt > due) break
      this.#openings.delete(opening)
      opening.socket.destroy()
      if (opening.isWarm)
        this.#warmed(new Error(`no connection within ${this.#settings.connectTimeoutMs} ms`))
    }
    this.#openMore()
  }
}
