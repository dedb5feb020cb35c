import type { RequestError } from '../../core/measure/request-error.ts'
import type {
  CompiledRequest,
  Files,
  Judgement,
  Op,
  Program,
  Scope,
  StreamWatch,
} from '../../core/scenario/compiled.ts'
import { follow } from '../../core/scenario/follow.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import { Answer, askFor, failureDetail, missedText } from './answer.ts'
import { createClock } from './clock.ts'
import { ContentDecoding } from './content-decoding.ts'
import { PooledExchange } from './exchange.ts'
import { Redirects } from './redirects.ts'
import { thinkMs } from './think.ts'
import type { CreateTransport, Transport } from './transport-port.ts'

export interface WalkerOptions {
  readonly test: LoadTest
  readonly files: Files
  readonly createTransport: CreateTransport
  /** Keeps headers and bodies that no check or capture looks at: a body above `maxBody` is `too_large` then. */
  readonly trace: boolean
  /** Waits for `think` steps. */
  readonly thinks: boolean
}

/** Operations without a request before a walk lets other work have its turn. */
const operationsPerTurn = 10_000

/** A request that was made. The exchange is used again by the next one. */
export interface Performed {
  readonly request: CompiledRequest
  readonly exchange: PooledExchange
  readonly judgement: Judgement | null
  /** Null: good. */
  readonly error: RequestError | null
  readonly detail: string | null
}

/**
 * Goes through programs one request at a time, outside of any load: for `run --once`, set-up and teardown. It ends at the
 * first failure that its step does not go on from. Connections are its own.
 */
export class Walker {
  readonly #trace: boolean
  readonly #thinks: boolean
  readonly #clock = createClock()
  readonly #transport: Transport
  readonly #exchange = new PooledExchange(0)
  readonly #answer = new Answer()
  readonly #redirects: Redirects
  readonly #decoding: ContentDecoding
  #onDone: () => void = () => {}
  #openStream: () => StreamWatch | null = () => null

  constructor({ test, files, createTransport, trace, thinks }: WalkerOptions) {
    this.#trace = trace
    this.#thinks = thinks
    this.#transport = createTransport({
      threads: 1,
      thread: 0,
      detail: trace,
      files,
      clock: this.#clock,
      sink: { done: () => this.#onDone(), openStream: () => this.#openStream() },
    })
    this.#decoding = new ContentDecoding(test)
    this.#redirects = new Redirects(test, this.#transport)
  }

  /** @throws BreakwaterError where the target cannot be prepared. */
  prepare(): Promise<void> {
    return this.#transport.prepare()
  }

  /** Requests that preparing took. */
  get setupSends(): number {
    return this.#transport.setupSends ?? 0
  }

  close(): Promise<void> {
    return this.#transport.close()
  }

  /** The user leaves: what is still open is closed. */
  leave(): void {
    this.#transport.leave?.(this.#exchange.slot, 'user')
  }

  async *walk(program: Program, scope: Scope, user: number): AsyncGenerator<Performed> {
    let tries = 0
    for (let at = 0, steps = 1; at < program.length; steps++) {
      if (steps % operationsPerTurn === 0) await elapsed(0)
      const op = program[at++] as Op
      switch (op.kind) {
        case 'think':
          if (this.#thinks) await elapsed(thinkMs(op.think, scope))
          break
        case 'pause':
        case 'enter':
        case 'leave':
          break
        case 'request': {
          const performed = await this.#perform(op, scope, user, tries + 1)
          const { error, judgement, request } = performed
          const isMissed = error === null ? judgement?.again !== undefined : request.onError === 'continue'
          const asksAgain = op.poll !== null && isMissed && tries + 1 < op.poll.max
          yield performed
          if (asksAgain) {
            tries++
            at--
            await elapsed(op.poll?.everyMs ?? 0)
            break
          }
          tries = 0
          if (error !== null && request.onError === 'stop') return
          break
        }
        default:
          at = follow(op, scope, at)
      }
    }
  }

  async #perform(
    { request, poll }: Extract<Op, { kind: 'request' }>,
    scope: Scope,
    user: number,
    time: number,
  ): Promise<Performed> {
    const exchange = await this.#send(request, scope, user)
    if (exchange.encoding !== null && exchange.wantBody) this.#decoding.decode(exchange)
    if (exchange.error === null && exchange.setCookies !== null && exchange.request.kind !== 'grpc')
      scope.storeCookies(exchange.setCookies, exchange.request)
    const judgement = exchange.error === null ? request.judge(scope, this.#answer.of(exchange)) : null
    const error = exchange.error ?? judgement?.error ?? null
    const awaited = judgement?.again
    if (error === null && awaited !== undefined && poll !== null && time >= poll.max)
      return { request, exchange, judgement, error: 'check', detail: missedText(awaited, time) }
    return { request, exchange, judgement, error, detail: error && failureDetail(judgement, exchange) }
  }

  #send(request: CompiledRequest, scope: Scope, user: number): Promise<PooledExchange> {
    const exchange = this.#exchange
    return new Promise((resolve) => {
      exchange.reset()
      exchange.request = request.constant ?? request.render(scope)
      exchange.requestIndex = request.index
      exchange.user = user
      exchange.dispatchedAt = this.#clock.nowMicros()
      if (exchange.request === request.unsendable) {
        exchange.refuse(exchange.dispatchedAt)
        resolve(exchange)
        return
      }
      askFor(request, exchange)
      exchange.wantHeaders ||= this.#trace
      exchange.wantBody ||= this.#trace
      this.#openStream = () => request.openStream?.(scope) ?? null
      const timeout = setTimeout(() => this.#transport.cancel(exchange, 'timeout'), request.timeoutMs)
      this.#onDone = () => {
        if (this.#redirects.follow(exchange, request, scope)) return
        clearTimeout(timeout)
        resolve(exchange)
      }
      this.#transport.send(exchange)
    })
  }
}

function elapsed(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms))
}
