import type { Clock } from '../../engine/clock.ts'
import type { SendGate } from '../../engine/fence.ts'
import { type Endpoint, type OnRead, type OpenListener, openSocket } from '../open-socket.ts'
import { type InLine, WaitingLine } from '../waiting-line.ts'
import { Session, type SessionListener } from './session.ts'
import type { Turn } from './turn.ts'

export interface SessionPoolSettings {
  readonly endpoint: Endpoint
  /** Connections at most, of this thread. */
  readonly max: number
  /** Streams on one before another is opened, as long as there may be one more. */
  readonly streamsEach: number
  /** All of `max` are used in turn; else no more than the load needs. */
  readonly isSpread: boolean
  /** `user`: each has a connection of their own. */
  readonly share: 'pool' | 'user'
  readonly idleMs: number
  /** Null: a connection may become as old as it will. */
  readonly lifetimeMs: number | null
  readonly connectTimeoutMs: number
  /** Asked before one who has waited is served; absent: always. */
  readonly gate?: SendGate | undefined
}

/** What waits for a connection. */
export interface SessionWaiter extends InLine {
  /** The thread's clock, µs. */
  readonly dispatchedAt: number
  /** A user has one request at a time. */
  readonly user: number
}

export interface SessionPoolListener<W extends SessionWaiter> {
  /** May be called from within `acquire`. `isNew`: it was opened for those who waited. */
  granted(waiter: W, session: Session, isNew: boolean): void
  /** Null: the connect timeout, counted from the waiter's dispatch. Never from within `acquire`. */
  refused(waiter: W, error: Error | null): void
}

/** A connection that is not ready yet. */
interface Opening {
  destroy(): void
}

/** From an opening that failed to the next one for which nobody waits: where some addresses are dead, each call would try them. */
const spreadAgainMicros = 1_000_000

/** All connections of a thread read into the same memory: nothing keeps it beyond a read. */
const readBuffer = Buffer.allocUnsafeSlow(64 * 1024)

/** The HTTP/2 connections of one thread to one target; who finds no room on any is served first come, first served. */
export class SessionPool<W extends SessionWaiter> {
  readonly #settings: SessionPoolSettings
  readonly #clock: Clock
  readonly #turn: Turn
  readonly #listener: SessionPoolListener<W>
  /** That take streams. */
  readonly #sessions: Session[] = []
  readonly #ending = new Set<Session>()
  readonly #openings = new Set<Opening>()
  readonly #line = new WaitingLine<W>()
  /** With `share: user`: who waits, for whom of them no connection is being opened, and whose connection is idle. */
  readonly #waitingUsers = new Map<number, W>()
  readonly #unserved = new Set<W>()
  readonly #idle = new Map<number, Session>()
  /** Warm, and still nobody's. */
  readonly #nobodys = new Set<Session>()
  #next = 0
  /** That a stream has just left. */
  #left: Session | null = null
  /** No connection is opened before that for which nobody waits, µs of the thread's clock. */
  #spreadAt = Number.NEGATIVE_INFINITY
  #inFlight = 0
  #openSockets = 0
  #timer: NodeJS.Timeout | null = null
  #isClosing = false
  #closed: (() => void) | null = null

  constructor(settings: SessionPoolSettings, clock: Clock, turn: Turn, listener: SessionPoolListener<W>) {
    this.#settings = settings
    this.#clock = clock
    this.#turn = turn
    this.#listener = listener
  }

  get openSockets(): number {
    return this.#openSockets
  }

  /** Opens that many. Rejects with a failure, where one fails or takes longer than the connect timeout. */
  async warm(count: number): Promise<void> {
    const opened = Array.from(
      { length: count },
      () =>
        new Promise<void>((resolve, reject) => {
          this.#open(null, (error) => (error === null ? resolve() : reject(error)))
        }),
    )
    const results = await Promise.allSettled(opened)
    for (const result of results) if (result.status === 'rejected') throw result.reason
  }

  /** Grants at once where there is room, else when there is. `first`: before all others; `fresh`: so too, but on no connection that is open now. */
  acquire(waiter: W, order: 'last' | 'first' | 'fresh'): void {
    const session = order === 'fresh' ? null : this.#roomFor(waiter, order)
    if (session !== null) {
      if (this.#settings.isSpread && !this.#isFull && this.#turn.instant() >= this.#spreadAt)
        this.#open(null, null)
      this.#grant(waiter, session, false)
      return
    }
    if (this.#isPerUser) {
      this.#waitingUsers.set(waiter.user, waiter)
      this.#unserved.add(waiter)
    }
    if (order === 'last') this.#line.join(waiter)
    else this.#line.joinInFront(waiter)
    this.#openMore()
    this.#armTimer()
  }

  /** It waits no longer. Nothing happens where it doesn't wait. */
  leave(waiter: W): void {
    if (!waiter.inLine) return
    this.#line.leave(waiter)
    if (!this.#isPerUser) return
    this.#waitingUsers.delete(waiter.user)
    this.#unserved.delete(waiter)
  }

  /** Serves those who have waited while nobody might be. */
  resume(): void {
    if (!this.#isPerUser) {
      this.#serve()
      return
    }
    for (const waiter of [...this.#waitingUsers.values()]) {
      const session = this.#roomFor(waiter, 'first')
      if (session === null) continue
      this.leave(waiter)
      this.#grant(waiter, session, false)
    }
    this.#openMore()
  }

  /** Destroys every connection; resolves when every socket is closed. By then nobody may wait. */
  close(): Promise<void> {
    this.#isClosing = true
    if (this.#timer !== null) clearTimeout(this.#timer)
    for (const opening of this.#openings) opening.destroy()
    for (const session of [...this.#sessions, ...this.#ending])
      session.destroy(new Error('the run has ended'))
    if (this.#openSockets === 0) return Promise.resolve()
    return new Promise((resolve) => {
      this.#closed = resolve
    })
  }

  get #isPerUser(): boolean {
    return this.#settings.share === 'user'
  }

  get #isFull(): boolean {
    return this.#sessions.length + this.#openings.size >= this.#settings.max
  }

  #roomFor({ user }: W, order: 'last' | 'first'): Session | null {
    const { lifetimeMs } = this.#settings
    if (lifetimeMs !== null) this.#retireOld(lifetimeMs)
    if (this.#isPerUser) {
      const own = this.#idle.get(user) ?? this.#nobodys.values().next().value
      return own !== undefined && own.mostStreams > 0 ? own : null
    }
    return order === 'first' || this.#line.length === 0 ? this.#pick() : null
  }

  #grant(waiter: W, session: Session, isNew: boolean): void {
    if (this.#isPerUser) {
      session.user = waiter.user
      this.#idle.delete(waiter.user)
      this.#nobodys.delete(session)
    }
    if (Number.isNaN(session.usedSince)) session.usedSince = this.#turn.instant()
    this.#inFlight++
    this.#listener.granted(waiter, session, isNew)
  }

  /**
   * One that has less than its share: ⌈streams / connections⌉, those that wait and those that are being opened counted in. The one that a stream has just
   * left is looked at first, so that what follows the answers of one read goes out by one write. Null: none has room.
   */
  #pick(): Session | null {
    const { isSpread } = this.#settings
    const sessions = this.#sessions
    const { length } = sessions
    if (length === 0) return null
    const openings = this.#openings.size
    const streams = this.#inFlight + Math.max(1, this.#line.length)
    const share = isSpread ? Math.ceil(streams / (length + openings)) : Number.POSITIVE_INFINITY
    const left = this.#left
    if (left !== null && left.inFlight < share && left.inFlight < this.#room(left)) return left
    let fallback: Session | null = null
    for (let n = 0; n < length; n++) {
      if (this.#next >= length) this.#next = 0
      const session = sessions[this.#next] as Session
      if (session.inFlight < this.#room(session)) {
        if (session.inFlight < share) return session
        if (openings === 0) fallback ??= session
      }
      this.#next++
    }
    return fallback
  }

  #room(session: Session): number {
    const { streamsEach } = this.#settings
    return this.#isFull ? session.mostStreams : Math.min(streamsEach, session.mostStreams)
  }

  #retireOld(lifetimeMs: number): void {
    const due = this.#turn.instant() - lifetimeMs * 1000
    // From behind, because who retires leaves the list.
    for (let n = this.#sessions.length - 1; n >= 0; n--) {
      const session = this.#sessions[n] as Session
      if (session.usedSince < due) session.retire()
    }
  }

  #serve(): void {
    if (this.#isPerUser) {
      this.#openMore()
      return
    }
    let waiter = this.#line.first
    while (waiter !== null && this.#mayWrite) {
      const session = this.#pick()
      if (session === null) break
      this.#line.leave(waiter)
      this.#grant(waiter, session, false)
      waiter = this.#line.first
    }
    if (waiter !== null) this.#openMore()
  }

  get #mayWrite(): boolean {
    return this.#settings.gate?.mayWrite() !== false
  }

  #openMore(): void {
    if (this.#isClosing) return
    const { isSpread, streamsEach } = this.#settings
    if (this.#isPerUser) {
      this.#openForUsers()
      return
    }
    const waiting = this.#line.length
    const wanted = isSpread ? waiting : Math.ceil(waiting / streamsEach)
    while (this.#openings.size < wanted && !this.#isFull) this.#open(null, null)
  }

  /** Where all places are taken, somebody else's connection that is idle makes room. */
  #openForUsers(): void {
    // One that was opened for who waits looks idle meanwhile, and must not make room for others.
    if (!this.#mayWrite) return
    for (const waiter of this.#unserved) {
      if (this.#isFull) {
        const idle = this.#nobodys.values().next().value ?? this.#idle.values().next().value
        if (idle === undefined) return
        idle.retire()
        // Its place may have been taken for this one by now.
        if (!this.#unserved.has(waiter)) continue
      }
      this.#unserved.delete(waiter)
      this.#open(waiter.user, null)
    }
  }

  /** `told`: of a warm one, whose failure is nobody's who waits. */
  #open(user: number | null, told: ((error: Error | null) => void) | null): void {
    const { endpoint, connectTimeoutMs, idleMs } = this.#settings
    let session: Session | null = null
    const finish = (error: Error | null) => {
      if (!this.#openings.delete(opening)) return
      clearTimeout(timer)
      if (told !== null) told(error)
      else if (error !== null) this.#failed(user, error)
    }
    // What a tunnel is asked for is read by others.
    const isTunnel = endpoint.proxy !== null
    const onread: OnRead = {
      buffer: readBuffer,
      callback: (size, bytes) => {
        session?.read(bytes as Buffer, size)
        return true
      },
    }
    const listener: OpenListener = {
      opened: (socket, _protocol, connectMicros, tlsMicros) => {
        const isTls = endpoint.tls !== null
        const opened = { socket, isTls, connectMicros, tlsMicros }
        const made = new Session(this.#turn, this.#listenerOf(finish, told === null), opened)
        made.user = user
        session = made
        // One that is not ready is not idle either, and what was busy then may be idle the next time.
        socket.setTimeout(Math.max(1, idleMs))
        socket.on('timeout', () => {
          if (made.isReady && made.inFlight === 0) socket.destroy()
        })
        if (isTunnel) socket.on('data', (bytes) => made.read(bytes, bytes.length))
      },
      failed: finish,
      closed: () => {
        this.#openSockets--
        // Else the session knows why.
        if (session === null) finish(new Error('the connection was given up'))
        if (this.#openSockets === 0) this.#closed?.()
      },
    }
    const socket = openSocket(endpoint, this.#clock, listener, isTunnel ? undefined : onread)
    const opening: Opening = { destroy: () => socket.destroy() }
    const timer = setTimeout(() => {
      socket.destroy()
      finish(new LateError(connectTimeoutMs))
    }, connectTimeoutMs)
    this.#openings.add(opening)
    this.#openSockets++
  }

  #listenerOf(finish: (error: Error | null) => void, isWaitedFor: boolean): SessionListener {
    return {
      ready: (session) => {
        this.#sessions.push(session)
        finish(null)
        const first = this.#firstFor(session.user)
        if (first !== null && isWaitedFor && session.mostStreams > 0 && this.#mayWrite) {
          this.leave(first)
          this.#grant(first, session, true)
        } else if (session.user !== null) this.#idle.set(session.user, session)
        else if (this.#isPerUser) this.#nobodys.add(session)
        this.#serve()
      },
      left: (session) => {
        this.#inFlight--
        if (!session.isEnding) {
          this.#left = session
          if (session.user !== null) this.#idle.set(session.user, session)
        }
        if (this.#line.length > 0) this.#serve()
      },
      changed: () => this.#serve(),
      retiring: (session) => {
        if (this.#left === session) this.#left = null
        this.#nobodys.delete(session)
        if (session.user !== null && this.#idle.get(session.user) === session) this.#idle.delete(session.user)
        const index = this.#sessions.indexOf(session)
        if (index < 0) return
        this.#sessions.splice(index, 1)
        this.#ending.add(session)
        this.#openMore()
      },
      gone: (session, error) => {
        this.#ending.delete(session)
        finish(error)
      },
    }
  }

  #firstFor(user: number | null): W | null {
    if (!this.#isPerUser) return this.#line.first
    return user === null ? null : (this.#waitingUsers.get(user) ?? null)
  }

  /** An opening fails for those whom it was for: its share of those who wait. */
  #failed(user: number | null, error: Error): void {
    this.#spreadAt = this.#clock.nowMicros() + spreadAgainMicros
    if (this.#isPerUser) {
      const waiter = this.#firstFor(user)
      if (waiter !== null) this.#refuse(waiter, error)
    } else {
      const share = Math.ceil(this.#line.length / (this.#openings.size + 1))
      for (let n = 0; n < share && this.#line.first !== null; n++) this.#refuse(this.#line.first, error)
    }
    this.#openMore()
  }

  #refuse(waiter: W, error: Error | null): void {
    this.leave(waiter)
    this.#listener.refused(waiter, error)
  }

  #armTimer(): void {
    const { first } = this.#line
    if (this.#timer !== null || first === null || this.#isClosing) return
    const { connectTimeoutMs } = this.#settings
    const inMs = connectTimeoutMs - (this.#clock.nowMicros() - first.dispatchedAt) / 1000
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
    const due = this.#clock.nowMicros() - this.#settings.connectTimeoutMs * 1000
    for (let waiter = this.#line.first; waiter !== null; waiter = this.#line.first) {
      if (waiter.dispatchedAt > due) return
      this.#refuse(waiter, null)
    }
  }
}

class LateError extends Error {
  readonly code = 'ETIMEDOUT'
  constructor(connectTimeoutMs: number) {
    super(`no connection within ${connectTimeoutMs} ms`)
  }
}
