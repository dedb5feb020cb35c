import type { StandingReply } from '../../proto/messages.ts'

export interface StandingDependencies {
  readonly ask: () => Promise<StandingReply>
  /** Of the newest coordinator that has spoken: an older one knows nothing. */
  readonly term: () => number
  /** Before any thread is confirmed, which has to know of the newest epoch. */
  readonly onReply: (reply: StandingReply) => void
  readonly confirm: (thread: number, question: number) => void
  /** This machine's monotonic clock, ms. */
  readonly localNowMs: () => number
  /** Waits before it is asked again, ms. */
  readonly pause: (attempt: number) => Promise<void>
  readonly onTrouble: (error: unknown) => void
}

/** Whether a worker's share is still its own: asked of the controller until it is known, for threads that were stopped, or because an epoch was missed. */
export interface Standing {
  fenced(thread: number, question: number): void
  ask(): void
  close(): void
}

/** An answer that took longer may be older than a loss: it is asked for again. Loss and lead time together are two seconds. */
const freshMs = 1_000

export function createStanding(dependencies: StandingDependencies): Standing {
  const { ask, term, onReply, confirm, localNowMs, pause, onTrouble } = dependencies
  /** By thread, its last question. */
  const questions = new Map<number, number>()
  let isWanted = false
  let working = false
  let closed = false

  async function work(): Promise<void> {
    working = true
    for (let attempt = 0; !closed && (isWanted || questions.size > 0); ) {
      const asked = [...questions]
      const askedMs = localNowMs()
      try {
        const reply = await ask()
        if (closed) break
        if (reply.term < term())
          throw new Error('it was answered by a controller that was taken the place of')
        isWanted = false
        attempt = 0
        onReply(reply)
        if (reply.standing === 'replaced') closed = true
        else if (localNowMs() - askedMs <= freshMs) answer(asked)
      } catch (error) {
        if (closed) break
        onTrouble(error)
        attempt++
        await pause(attempt)
      }
    }
    working = false
  }

  function answer(asked: readonly (readonly [thread: number, question: number])[]): void {
    for (const [thread, question] of asked) {
      if (questions.get(thread) === question) questions.delete(thread)
      confirm(thread, question)
    }
  }

  function begin(): void {
    if (!working && !closed) void work()
  }

  return {
    fenced(thread, question) {
      questions.set(thread, question)
      begin()
    },
    ask() {
      isWanted = true
      begin()
    },
    close() {
      closed = true
    },
  }
}
