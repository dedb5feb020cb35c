import { BreakwaterError } from '../../core/error.ts'
import type { Files } from '../../core/spec/files.ts'
import type { Dns, LoadTest, Tls } from '../../core/spec/load-test.ts'
import { targetsOf } from '../../core/spec/targets.ts'
import type { TokenAnswer } from './token-answer.ts'
import type { OAuth2 } from './token-request.ts'
import { pauseAfterMs, refreshAfterMs } from './token-timing.ts'

export interface TokenKeeperOptions {
  readonly test: LoadTest
  readonly files: Files
  /** A monotonic clock, ms. */
  readonly nowMs: () => number
  /** Each new token, by the number of its target. It is a secret. */
  readonly onToken: (target: number, token: string) => void
  /** A sentence with the remedy; may hold secrets that a server repeated. */
  readonly onWarning: (message: string) => void
}

/**
 * The tokens of one process, for all its threads: one for each way in which targets ask for one. A token is replaced before it expires; as long as that
 * fails the old one stays in use, and the target says what it thinks of it.
 */
export interface TokenKeeper {
  /** Gets the first tokens. Rejects with a BreakwaterError `prepare-failed`. */
  start(): Promise<void>
  /** The target did not take its token: another one is asked for, at most once in ten seconds. */
  refused(target: number): void
  /** No token is replaced until `resume`, which first replaces those that are due. */
  pause(): void
  resume(): Promise<void>
  /** Requests so far that were written to an open connection. */
  readonly sent: number
  close(): void
}

const firstTries = 3
const refusalPauseMs = 10_000

export function createTokenKeeper(options: TokenKeeperOptions): TokenKeeper {
  const closing = new AbortController()
  let sent = 0
  const kept = kindsOf(options.test).map(
    (kind) =>
      new KeptToken(kind, options, closing.signal, () => {
        sent++
      }),
  )
  return {
    async start() {
      await Promise.all(kept.map((token) => token.start()))
    },
    refused: (target) => kept.find((token) => token.targets.includes(target))?.refused(),
    pause: () => {
      for (const token of kept) token.pause()
    },
    async resume() {
      await Promise.all(kept.map((token) => token.resume()))
    },
    get sent() {
      return sent
    },
    close() {
      closing.abort()
      for (const token of kept) token.pause()
    },
  }
}

/** Targets that ask for a token alike share it. */
interface TokenKind {
  readonly auth: OAuth2
  readonly tls: Tls
  readonly dns: Dns
  readonly userAgent: string
  readonly targets: readonly number[]
}

function kindsOf(test: LoadTest): readonly TokenKind[] {
  const kinds = new Map<string, TokenKind>()
  for (const [number, { auth, tls, dns, userAgent }] of targetsOf(test).entries()) {
    if (auth?.kind !== 'oauth2') continue
    const key = JSON.stringify([auth, tls, dns])
    const known = kinds.get(key)
    kinds.set(key, { auth, tls, dns, userAgent, targets: [...(known?.targets ?? []), number] })
  }
  return [...kinds.values()]
}

class KeptToken {
  readonly targets: readonly number[]
  readonly #kind: TokenKind
  readonly #options: TokenKeeperOptions
  readonly #signal: AbortSignal
  readonly #onSent: () => void
  #timer: NodeJS.Timeout | undefined
  #paused = false
  #asking: Promise<void> | null = null
  /** In a row. */
  #failures = 0
  #dueAtMs = Number.POSITIVE_INFINITY
  #expiresAtMs = Number.POSITIVE_INFINITY
  #refusedAtMs = Number.NEGATIVE_INFINITY

  constructor(kind: TokenKind, options: TokenKeeperOptions, signal: AbortSignal, onSent: () => void) {
    this.targets = kind.targets
    this.#kind = kind
    this.#options = options
    this.#signal = signal
    this.#onSent = onSent
  }

  async start(): Promise<void> {
    for (let tries = 1; ; tries++) {
      const askedAtMs = this.#options.nowMs()
      const answer = await this.#ask()
      if (answer.ok) {
        this.#take(answer, askedAtMs)
        return
      }
      if (!answer.retryable || tries === firstTries || this.#signal.aborted) throw this.#noToken(answer.why)
      await new Promise((resolve) => setTimeout(resolve, pauseAfterMs(tries)))
    }
  }

  refused(): void {
    const nowMs = this.#options.nowMs()
    if (this.#failures > 0 || this.#asking !== null || nowMs - this.#refusedAtMs < refusalPauseMs) return
    this.#refusedAtMs = nowMs
    if (!this.#paused) void this.#renew()
  }

  pause(): void {
    this.#paused = true
    clearTimeout(this.#timer)
  }

  async resume(): Promise<void> {
    this.#paused = false
    if (this.#options.nowMs() >= this.#dueAtMs) await this.#renew()
    else this.#schedule(this.#dueAtMs - this.#options.nowMs())
  }

  #renew(): Promise<void> {
    clearTimeout(this.#timer)
    this.#asking ??= this.#renewOnce().finally(() => {
      this.#asking = null
    })
    return this.#asking
  }

  async #renewOnce(): Promise<void> {
    const askedAtMs = this.#options.nowMs()
    const answer = await this.#ask()
    if (this.#signal.aborted) return
    if (answer.ok) {
      this.#failures = 0
      this.#take(answer, askedAtMs)
      return
    }
    this.#failures++
    if (this.#failures === 1) this.#warn(answer.why)
    const pauseMs = pauseAfterMs(this.#failures)
    this.#dueAtMs = this.#options.nowMs() + pauseMs
    this.#schedule(pauseMs)
  }

  async #ask(): Promise<TokenAnswer> {
    const { auth, tls, dns, userAgent } = this.#kind
    const { files } = this.#options
    // Few tests have tokens, and what asks for them takes a while to load.
    const { requestToken } = await import('./token-request.ts')
    return requestToken({ auth, tls, dns, files, userAgent, signal: this.#signal, onSent: this.#onSent })
  }

  #take({ token, lifeMs }: Extract<TokenAnswer, { ok: true }>, askedAtMs: number): void {
    const afterMs = refreshAfterMs(lifeMs, this.#kind.auth.refreshBeforeMs)
    this.#expiresAtMs = askedAtMs + (lifeMs ?? Number.POSITIVE_INFINITY)
    this.#dueAtMs = askedAtMs + (afterMs ?? Number.POSITIVE_INFINITY)
    for (const target of this.targets) this.#options.onToken(target, token)
    if (afterMs !== null) this.#schedule(Math.max(0, this.#dueAtMs - this.#options.nowMs()))
  }

  #schedule(afterMs: number): void {
    if (this.#paused || !Number.isFinite(afterMs)) return
    clearTimeout(this.#timer)
    this.#timer = setTimeout(() => void this.#renew(), afterMs)
  }

  #warn(why: string): void {
    const leftMs = this.#expiresAtMs - this.#options.nowMs()
    const old =
      leftMs === Number.POSITIVE_INFINITY
        ? 'Requests go on with the one before.'
        : leftMs > 0
          ? `Requests go on with the one before, which expires ${(leftMs / 1000).toFixed(1)} s later, and fail with 401 from then on.`
          : 'The one before has expired: requests fail with 401.'
    this.#options.onWarning(
      `A new token could not be had from ${this.#kind.auth.tokenUrl}: ${why}. ${old} It is asked for again and again; look at the token server.`,
    )
  }

  #noToken(why: string): BreakwaterError {
    return new BreakwaterError(
      'prepare-failed',
      `there is no token from ${this.#kind.auth.tokenUrl}: ${why}`,
      {
        hint: 'Look at auth.oauth2 of the target (tokenUrl, clientId, clientSecret, scope), and at the token server.',
      },
    )
  }
}

export type OpenTokens = (onToken: TokenKeeperOptions['onToken']) => Promise<{ readonly close: () => void }>

/** For who has no session: the tokens are there when the promise resolves. It rejects with a BreakwaterError `prepare-failed`. */
export function tokensOf(options: Omit<TokenKeeperOptions, 'onToken'>): OpenTokens {
  return async (onToken) => {
    const keeper = createTokenKeeper({ ...options, onToken })
    try {
      await keeper.start()
    } catch (error) {
      keeper.close()
      throw error
    }
    return keeper
  }
}
