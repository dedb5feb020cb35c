import type { Catch, CompiledCapture } from './capture.ts'
import type { CompiledCheck } from './check.ts'
import type { ReceivedResponse, StreamWatch } from './compiled.ts'
import { TooLargeError } from './rendered-size.ts'
import { ResponseView } from './response-view.ts'
import type { UserScope } from './user-scope.ts'

/** What is looked for in each message of a stream. */
export interface MessageLooks {
  readonly checks: readonly CompiledCheck[]
  readonly captures: readonly CompiledCapture[]
  /** The stream may end when all of them hold; empty: it goes on. */
  readonly until: readonly CompiledCheck[]
}

/**
 * Judges the messages of one stream as they come: of each check its first failure is kept, of each capture what the first message gave that has
 * it. So a stream may be endless, and every message of it is checked.
 */
export class StreamJudge implements StreamWatch {
  /** By check; null: it has held for each message so far. */
  readonly problems: (string | null)[]
  /** By capture. */
  readonly caught: Catch[]
  readonly #looks: MessageLooks
  readonly #scope: UserScope
  readonly #message = {
    status: 0,
    headers: null,
    body: null,
    message: null as unknown,
    messages: 0,
    stream: null,
    serviceMs: 0,
    bodyBytes: 0,
  } satisfies ReceivedResponse

  constructor(looks: MessageLooks, scope: UserScope) {
    this.#looks = looks
    this.#scope = scope
    this.problems = looks.checks.map(() => null)
    this.caught = looks.captures.map(() => ({ value: undefined, problem: 'it is in no message' }))
  }

  take(message: unknown): boolean {
    const { checks, captures, until } = this.#looks
    this.#message.message = message
    this.#message.messages++
    const view = new ResponseView(this.#message, true)
    for (const [index, check] of checks.entries()) {
      if (this.problems[index] !== null) continue
      const problem = attempt(check, this.#scope, view)
      if (problem !== null) this.problems[index] = `message ${this.#message.messages}: ${problem}`
    }
    for (const [index, { read }] of captures.entries()) {
      if (this.caught[index]?.value !== undefined) continue
      const caught = read(view, this.#scope)
      if (caught.value !== undefined || caught.problem !== null) this.caught[index] = caught
    }
    const isEnough = until.length > 0 && until.every((check) => attempt(check, this.#scope, view) === null)
    this.#message.message = null
    return isEnough
  }
}

/** Values nested so deeply that comparing them exhausts the stack fail the check: the answer is at fault, not the run. */
export function attempt(check: CompiledCheck, scope: UserScope, view: ResponseView): string | null {
  try {
    return check(scope, view)
  } catch (error) {
    if (error instanceof TooLargeError) return `the check compares with ${error.message}`
    if (error instanceof RangeError) return 'the answer is nested too deeply to check'
    throw error
  }
}
