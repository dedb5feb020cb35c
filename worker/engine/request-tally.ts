import type { RequestError } from '../../core/measure/request-error.ts'
import type { RequestCounts } from '../../core/measure/snapshot.ts'

/** The requests of one thread, cumulative since the run's start. */
export class RequestTally {
  sent = 0
  /** Of those, what preparing took. */
  setup = 0
  ok = 0
  interrupted = 0
  /** Good answers that are redirects which nobody follows or asks for. */
  redirected = 0
  #failed = 0
  readonly #errors = new Map<RequestError, number>()
  readonly #passes = new Map<string, number>()

  fail(error: RequestError): void {
    this.#failed++
    this.#errors.set(error, (this.#errors.get(error) ?? 0) + 1)
  }

  /** A forEach begins to go round a list. */
  goesRound(path: string, times: number): void {
    if (times > (this.#passes.get(path) ?? 0)) this.#passes.set(path, times)
  }

  /** attempted = ok + failed + interrupted: what is under way is in none of them. */
  counts(thread: number): RequestCounts {
    const { sent, setup, ok, interrupted, redirected } = this
    const failed = this.#failed
    return {
      thread,
      attempted: ok + failed + interrupted,
      sent,
      ok,
      failed,
      interrupted,
      redirected,
      overrun: 0,
      setup,
      teardown: 0,
      auth: 0,
      errors: Object.fromEntries(this.#errors) as Partial<Record<RequestError, number>>,
      passes: Object.fromEntries(this.#passes),
    }
  }
}
