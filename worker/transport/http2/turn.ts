import type { Clock } from '../../engine/clock.ts'
import { Chunks } from './frame-writer.ts'

/** What has something to write. */
export interface Flushing {
  isDirty: boolean
  flush(now: number): void
}

/**
 * One turn of the event loop, for all connections of a thread. All frames that come up in it go out at its end: by one write for each connection, however
 * many requests were begun. The clock is read once for what was received and once for what is sent.
 */
export class Turn {
  readonly chunks = new Chunks()
  /** Of the read under way, µs of the thread's clock: when all that it brought has come. */
  now = Number.NaN
  #isReading = false
  #isScheduled = false
  #dirty: Flushing[] = []
  #flushed: Flushing[] = []
  readonly #clock: Clock

  constructor(clock: Clock) {
    this.#clock = clock
  }

  get isReading(): boolean {
    return this.#isReading
  }

  beginRead(): void {
    this.#isReading = true
    this.now = this.#clock.nowMicros()
  }

  endRead(): void {
    this.#isReading = false
    if (this.#dirty.length > 0) this.flush()
  }

  /** The instant of the read under way, or of now. */
  instant(): number {
    return this.#isReading ? this.now : this.#clock.nowMicros()
  }

  flushLater(connection: Flushing): void {
    if (connection.isDirty) return
    connection.isDirty = true
    this.#dirty.push(connection)
    if (this.#isReading || this.#isScheduled) return
    this.#isScheduled = true
    queueMicrotask(this.#flushScheduled)
  }

  flush(): void {
    const dirty = this.#dirty
    this.#dirty = this.#flushed
    this.#flushed = dirty
    const now = this.#clock.nowMicros()
    for (let n = 0; n < dirty.length; n++) {
      const connection = dirty[n] as Flushing
      connection.isDirty = false
      connection.flush(now)
    }
    dirty.length = 0
  }

  readonly #flushScheduled = (): void => {
    this.#isScheduled = false
    // A read ends with a flush of its own.
    if (!this.#isReading && this.#dirty.length > 0) this.flush()
  }
}
