import type { Socket } from 'node:net'
import type { Protocol } from './open-socket.ts'

/** Streams of one HTTP/2 session; the server's SETTINGS may lower it, then who speaks on it holds the rest back. */
export const streamsPerSession = 100

/** What a pool keeps of a connection; who makes it speaks on it. */
export interface PooledConnection {
  /** Whose it is with `share: user`; null: nobody's yet, or anybody's. */
  user: number | null
  /** Requests it takes at a time. */
  readonly capacity: number
  inFlight: number
  /** Clock of the thread, µs: when the first request took it; NaN: none has. */
  usedSince: number
  /** It ends after this answer, or was discarded: no request more. */
  isEnding: boolean
  /** Its place among the idle ones; -1: it isn't. */
  idleIndex: number
  destroy(): void
}

/** A socket that a pool has opened. */
export interface Opened {
  readonly socket: Socket
  readonly protocol: Protocol
  readonly user: number | null
  readonly capacity: number
  readonly connectMicros: number
  readonly tlsMicros: number
}
