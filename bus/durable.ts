import type { Subscription } from './subscription.ts'

/**
 * What a server with storage keeps for whoever is not there just now. It stands beside the bus: not every server does it, storage can be full and can be
 * lost, a user may lack the permission. So every call may reject with BreakwaterError `bus-not-kept`, whose message says why, and whoever calls has
 * another way. Nothing here is the truth.
 */
export interface Durable {
  /** The server says that it has storage; not that this user may use it, nor that there is room. */
  readonly isOffered: boolean
  /** Resolves when it is in the storage of whatever stream has the subject. What comes twice under one id within two minutes is there once. */
  keep(subject: string, payload: Uint8Array, options: { id: string; timeoutMs: number }): Promise<void>
  /** The stream is there, as it is described or larger; it is made where there is none. */
  openStream(stream: StreamSpec): Promise<void>
  /** From now on hears what is kept and what comes. Whoever consumed that subject before has it no more, and gets what it has taken not counted. */
  consume(consumer: ConsumerSpec, listen: KeptListener): Promise<Subscription>
  /** Nobody wants what is kept of that subject any more. */
  forget(stream: string, subject: string): Promise<void>
  /** A bucket of values by key; made where there is none. */
  openBucket(bucket: BucketSpec): Promise<Bucket>
  /** The same, of whoever may read there and no more; asks nothing. */
  readBucket(bucket: string): Pick<Bucket, 'get'>
}

/** A stream of messages, each kept until somebody has taken it. When it is full, what is new is refused: it never loses silently. */
export interface StreamSpec {
  readonly name: string
  readonly subjects: string
  readonly maxBytes: number
  readonly maxAgeMs: number
}

export interface ConsumerSpec {
  readonly stream: string
  /** Consumers of this name go on where they were, unless nobody asked for so long. */
  readonly name: string
  readonly maxIdleMs: number
  /** Of the stream; nobody else's consumers are touched. */
  readonly subject: string
}

export interface KeptListener {
  readonly handle: (message: KeptMessage) => void
  /** Once: it hears nothing more, because storage, stream or consumer are gone, or the connection was closed. */
  readonly onLost: (why: string) => void
}

export interface KeptMessage {
  readonly subject: string
  readonly payload: Uint8Array
  /** It need not be kept any longer. Not called, it comes again. */
  taken(): void
}

export interface BucketSpec {
  readonly name: string
  /** A value is gone so long after it was written. Null: never. */
  readonly maxAgeMs: number | null
}

export interface Bucket {
  /** Null: nothing was ever written there, or it is gone. */
  get(key: string): Promise<BucketEntry | null>
  /**
   * Writes where the newest revision of the key is still `over` (0: there is none), and gives the new one; null: it is not.
   */
  put(key: string, value: Uint8Array, over: number): Promise<number | null>
  /** Nobody can read it any more. Nothing happens where the newest revision of the key is no longer `over`. */
  remove(key: string, over: number): Promise<void>
}

export interface BucketEntry {
  readonly value: Uint8Array
  /** Higher for each write in the bucket. */
  readonly revision: number
}
