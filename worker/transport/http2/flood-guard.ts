import { errorCodes, Http2Error } from './protocol-error.ts'

/** Frames a second that bring nothing forward. */
const mostIdleFrames = 10_000
const periodMicros = 1_000_000

/** Counts what a peer sends that brings no answer forward: RFC 9113 §10.5 leaves it to us how much of that is too much. */
export class FloodGuard {
  #idleFrames = 0
  #since = 0

  /** `now`: the thread's clock, µs. */
  beginRead(now: number): void {
    if (now - this.#since > periodMicros) this.forward(now)
  }

  /** Something of an answer has come. */
  forward(now: number): void {
    this.#idleFrames = 0
    this.#since = now
  }

  /** Throws Http2Error where it is a flood. */
  nothing(): void {
    this.#idleFrames++
    if (this.#idleFrames > mostIdleFrames)
      throw new Http2Error('a flood of frames that bring nothing forward', errorCodes.enhanceYourCalm)
  }
}
