import { Channel, type ChannelCredentials, type ChannelOptions, connectivityState } from '@grpc/grpc-js'
import type { Clock } from '../engine/clock.ts'
import { type InLine, WaitingLine } from './waiting-line.ts'

/** What waits for the connection. */
export interface GrpcWaiter extends InLine {
  /** The thread's clock, µs. */
  readonly dispatchedAt: number
}

export interface GrpcConnectionSettings<W extends GrpcWaiter> {
  readonly address: string
  readonly credentials: ChannelCredentials
  readonly options: ChannelOptions
  readonly connectTimeoutMs: number
  readonly clock: Clock
  /** It may be written now; `isOpen` false: there is no connection, and the call will say why. */
  ready(flight: W, isOpen: boolean): void
  /** No connection within the connect timeout, counted from dispatch. */
  late(flight: W): void
}

/**
 * One channel of grpc-js with a subchannel pool of its own, that is one HTTP/2 connection. Calls are held back here until it is open, because
 * grpc-js doesn't say when it writes a call that it holds back itself.
 */
export class GrpcConnection<W extends GrpcWaiter> {
  readonly channel: Channel
  inFlight = 0
  /** The thread's clock, µs: when the first call took it. */
  usedSince = Number.NaN
  /** Too old: closed with its last call. */
  isRetired = false
  readonly #settings: GrpcConnectionSettings<W>
  readonly #line = new WaitingLine<W>()
  #isWatching = false
  #timer: NodeJS.Timeout | null = null

  constructor(settings: GrpcConnectionSettings<W>) {
    this.#settings = settings
    this.channel = new Channel(settings.address, settings.credentials, settings.options)
  }

  get isOpen(): boolean {
    return this.channel.getConnectivityState(false) === connectivityState.READY
  }

  /** Calls `ready` at once where the connection is open, or known not to come. */
  board(flight: W): void {
    const state = this.channel.getConnectivityState(true)
    if (state === connectivityState.READY) this.#settings.ready(flight, true)
    else if (state === connectivityState.TRANSIENT_FAILURE) this.#settings.ready(flight, false)
    else {
      this.#line.join(flight)
      this.#watch(state)
      this.#armTimer()
    }
  }

  leave(flight: W): void {
    this.#line.leave(flight)
  }

  /** Resolves when the connection is open; rejects where it isn't within the connect timeout. */
  async open(): Promise<void> {
    const deadline = Date.now() + this.#settings.connectTimeoutMs
    for (;;) {
      const state = this.channel.getConnectivityState(true)
      if (state === connectivityState.READY) return
      if (state === connectivityState.TRANSIENT_FAILURE)
        throw new Error('the connection was refused or broke')
      await new Promise<void>((resolve, reject) => {
        this.channel.watchConnectivityState(state, deadline, (late) => (late ? reject(late) : resolve()))
      })
    }
  }

  close(): void {
    if (this.#timer !== null) clearTimeout(this.#timer)
    this.channel.close()
  }

  #watch(state: connectivityState): void {
    if (this.#isWatching) return
    this.#isWatching = true
    this.channel.watchConnectivityState(state, Number.POSITIVE_INFINITY, () => {
      this.#isWatching = false
      if (this.#line.first === null) return
      const next = this.channel.getConnectivityState(true)
      if (next === connectivityState.READY || next === connectivityState.TRANSIENT_FAILURE) {
        this.#release(next === connectivityState.READY)
      } else if (next !== connectivityState.SHUTDOWN) {
        this.#watch(next)
      }
    })
  }

  #release(isOpen: boolean): void {
    for (let flight = this.#line.first; flight !== null; flight = this.#line.first) {
      this.#line.leave(flight)
      this.#settings.ready(flight, isOpen)
    }
  }

  #armTimer(): void {
    const { first } = this.#line
    if (this.#timer !== null || first === null) return
    const { connectTimeoutMs, clock } = this.#settings
    const inMs = connectTimeoutMs - (clock.nowMicros() - first.dispatchedAt) / 1000
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
    const due = this.#settings.clock.nowMicros() - this.#settings.connectTimeoutMs * 1000
    for (
      let flight = this.#line.first;
      flight !== null && flight.dispatchedAt <= due;
      flight = this.#line.first
    ) {
      this.#line.leave(flight)
      this.#settings.late(flight)
    }
  }
}
