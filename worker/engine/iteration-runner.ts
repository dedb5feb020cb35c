import type { Recorder, RequestSample } from '../../core/measure/recorder.ts'
import type { RequestError } from '../../core/measure/request-error.ts'
import type { Micros } from '../../core/plan/plan.ts'
import type { CompiledRequest, Judgement, StreamWatch } from '../../core/scenario/compiled.ts'
import { follow } from '../../core/scenario/follow.ts'
import { isRedirect } from '../../core/scenario/redirect.ts'
import type { Think } from '../../core/spec/load-test.ts'
import { Answer, askFor, failureDetail, missedText } from './answer.ts'
import type { ContentDecoding } from './content-decoding.ts'
import type { FailureSamples } from './failure-samples.ts'
import type { Fence } from './fence.ts'
import type { Iteration, IterationPool } from './iteration.ts'
import type { Redirects } from './redirects.ts'
import { RequestTally } from './request-tally.ts'
import { thinkMs } from './think.ts'
import { Timeouts } from './timeouts.ts'
import type { Exchange, Transport, TransportSink } from './transport-port.ts'
import { Wakeups } from './wakeups.ts'

export interface RunnerDependencies {
  readonly pool: IterationPool
  /** Of the compiled test, by index. */
  readonly requests: readonly CompiledRequest[]
  readonly transport: Transport
  readonly recorder: Recorder
  readonly failures: FailureSamples
  /** Null: no step follows any. */
  readonly redirects: Redirects | null
  readonly decoding: ContentDecoding
  /** Null: nothing is ever held back. */
  readonly fence: Fence | null
  /** Something became due before everything that was due so far. */
  readonly onSooner: (at: Micros) => void
  /** A target did not take its token (CompiledRequest.token). */
  readonly onTokenRefused: (target: number) => void
}

/** Of one iteration before it lets others have their turn: a loop that requests nothing would go on for ever. */
const operationsPerTurn = 10_000

/**
 * Takes iterations through their programs: a request, its answer, its judgement, the next request. One step follows
 * the other in the transport's callback; thinking alone waits for a turn.
 */
export class IterationRunner implements TransportSink {
  readonly tally = new RequestTally()
  readonly timeouts = new Timeouts()
  readonly wakeups = new Wakeups()
  /** Iterations under way. */
  inFlight = 0
  readonly #pool: IterationPool
  readonly #requests: readonly CompiledRequest[]
  readonly #transport: Transport
  readonly #recorder: Recorder
  readonly #failures: FailureSamples
  readonly #redirects: Redirects | null
  readonly #decoding: ContentDecoding
  readonly #fence: Fence | null
  /** Answers that may send their request on to somewhere else. */
  readonly #held: Exchange[] = []
  readonly #onSooner: (at: Micros) => void
  readonly #onTokenRefused: (target: number) => void
  readonly #onList = (path: string, items: number): void => this.tally.goesRound(path, items)
  readonly #answer = new Answer()
  readonly #sample: RequestSample = {
    series: -1,
    at: 0,
    responseMicros: 0,
    serviceMicros: Number.NaN,
    error: null,
    bytesIn: 0,
    bytesOut: 0,
    checksPassed: 0,
    checksFailed: 0,
    inWindow: false,
    connectMicros: Number.NaN,
    tlsMicros: Number.NaN,
    ttfbMicros: Number.NaN,
  }

  constructor(dependencies: RunnerDependencies) {
    const { pool, requests, transport, recorder, failures, redirects } = dependencies
    const { decoding, fence, onSooner, onTokenRefused } = dependencies
    this.#pool = pool
    this.#requests = requests
    this.#transport = transport
    this.#recorder = recorder
    this.#failures = failures
    this.#redirects = redirects
    this.#decoding = decoding
    this.#fence = fence
    this.#onSooner = onSooner
    this.#onTokenRefused = onTokenRefused
  }

  /** Starts an idle iteration whose phase, scenario and scope are set. `intendedAt` is at most `now`. */
  begin(iteration: Iteration, intendedAt: Micros, now: Micros): void {
    const { scenario, phase } = iteration
    iteration.intendedAt = intendedAt
    iteration.failures = 0
    iteration.rested = true
    iteration.tries = 0
    iteration.counter = 0
    iteration.inOnStart = scenario.onStart.length > 0 && !iteration.greeted
    iteration.program = iteration.inOnStart ? scenario.onStart : scenario.program
    this.inFlight++
    phase.counts.start(scenario.index)
    this.#proceed(iteration, intendedAt, now, true)
  }

  /** Wakes an iteration up at the instant it asked for, or the next turn after it. */
  wake(iteration: Iteration, at: Micros, now: Micros): void {
    this.wakeups.add(iteration.slot, at)
    if (at > now) this.#onSooner(at)
  }

  /** A wake-up has come. */
  onWake(iteration: Iteration, now: Micros): void {
    if (iteration.state === 'thinking') this.#proceed(iteration, iteration.stepIntendedAt, now, true)
    else if (iteration.state === 'refused') {
      iteration.exchange.doneAt = now
      this.done(iteration.exchange)
    } else iteration.phase.wake(iteration, now)
  }

  /** Nothing may be sent: whatever would be, waits for `resume`. */
  get isHeld(): boolean {
    return this.#fence?.isOpen === false
  }

  resume(): void {
    for (const exchange of this.#held.splice(0)) this.done(exchange)
  }

  /** A request's time is up. */
  onTimeout(iteration: Iteration): void {
    if (this.#letGo(iteration, 'timeout')) return
    this.#transport.cancel(iteration.exchange, 'timeout')
  }

  done(exchange: Exchange): void {
    const iteration = this.#pool.at(exchange.slot)
    const { phase } = iteration
    const request = this.#requests[exchange.requestIndex] as CompiledRequest
    if (this.#redirects !== null && this.isHeld && exchange.error === null && isRedirect(exchange.status)) {
      this.#held.push(exchange)
      return
    }
    if (this.#redirects?.follow(iteration.exchange, request, iteration.scope) === true) return
    const now = exchange.doneAt
    this.timeouts.remove(exchange.slot)
    this.tally.sent += exchange.sends
    if (iteration.interrupted) {
      this.tally.interrupted++
      this.#end(iteration, now)
      return
    }
    if (exchange.encoding !== null && exchange.wantBody) this.#decoding.decode(exchange)
    let error: RequestError | null = exchange.error
    let judgement: Judgement | null = null
    if (error === null) {
      if (exchange.setCookies !== null && exchange.request.kind !== 'grpc') {
        iteration.scope.storeCookies(exchange.setCookies, exchange.request)
      }
      judgement = request.judge(iteration.scope, this.#answer.of(exchange))
      error = judgement.error
    }
    const asksAgain = this.#asksAgain(iteration, request, error, judgement)
    const awaited = judgement?.again ?? null
    if (awaited !== null && !asksAgain) error = 'check'
    if (error === null) {
      this.tally.ok++
      if (!request.expectsRedirects && isRedirect(exchange.status)) this.tally.redirected++
    } else {
      this.tally.fail(error)
      iteration.failures++
      if (request.token !== null && isRefusal(request, exchange)) this.#onTokenRefused(request.token)
      const detail =
        awaited === null ? failureDetail(judgement, iteration.exchange) : missedText(awaited, iteration.tries)
      this.#failures.offer(phase.index, request, exchange, error, detail)
    }
    if (phase.series !== null) this.#record(iteration, exchange, error, judgement)
    if (asksAgain) {
      this.#askAgain(iteration, now)
      return
    }
    iteration.tries = 0
    if (error !== null && request.onError === 'stop') this.#end(iteration, now)
    else this.#proceed(iteration, now, now, false)
  }

  /** Not counted where the iteration it was in has no series, or was cut off. */
  streamEnded(slot: number, stream: number, openedAt: Micros, at: Micros, ok: boolean): void {
    const { phase, scenario, interrupted } = this.#pool.at(slot)
    const series = phase.series?.ofGroup[scenario.index]?.[stream]
    if (interrupted || series === undefined) return
    this.#recorder.group(series, at, at - openedAt, ok, at < phase.windowEndAt)
  }

  /** The user of an iteration that is idle leaves for good. */
  leaveStreams({ slot, scenario }: Iteration): void {
    if (scenario.hasStreams) this.#transport.leave?.(slot, 'user')
  }

  /** Whether a poll goes on: after an answer that it does not wait for, or a failure that it may have. */
  #asksAgain(
    iteration: Iteration,
    request: CompiledRequest,
    error: RequestError | null,
    judgement: Judgement | null,
  ): boolean {
    const op = iteration.program[iteration.counter - 1]
    if (op?.kind !== 'request' || op.poll === null) return false
    const isMissed = error === null ? judgement?.again !== undefined : request.onError === 'continue'
    iteration.tries = isMissed ? iteration.tries + 1 : 0
    return isMissed && iteration.tries < op.poll.max
  }

  #askAgain(iteration: Iteration, now: Micros): void {
    iteration.counter--
    const op = iteration.program[iteration.counter]
    const everyMs = op?.kind === 'request' ? (op.poll?.everyMs ?? 0) : 0
    this.#rest(iteration, now + everyMs * 1000, now)
  }

  openStream(exchange: Exchange): StreamWatch | null {
    const { openStream } = this.#requests[exchange.requestIndex] as CompiledRequest
    return openStream === null ? null : openStream(this.#pool.at(exchange.slot).scope)
  }

  /** Ends an iteration that is under way, at once or as soon as the transport has let go of its exchange. */
  interrupt(iteration: Iteration, now: Micros): void {
    iteration.interrupted = true
    if (iteration.state === 'requesting') {
      if (!this.#letGo(iteration, 'reset')) this.#transport.cancel(iteration.exchange, 'reset')
    } else {
      this.#end(iteration, now)
    }
  }

  /** True: its answer was held, and is now the failure of its request. */
  #letGo({ exchange }: Iteration, error: RequestError): boolean {
    const at = this.#held.indexOf(exchange)
    if (at < 0) return false
    this.#held.splice(at, 1)
    exchange.error = error
    this.done(exchange)
    return true
  }

  /** `intendedAt` is the next request's, unless a think time comes before it. `paced`: the pacer chose the instant, not an answer. */
  #proceed(iteration: Iteration, intendedAt: Micros, now: Micros, paced: boolean): void {
    for (let steps = 0; steps < operationsPerTurn; steps++) {
      const op = iteration.program[iteration.counter]
      if (op === undefined) {
        if (!iteration.inOnStart) {
          this.#end(iteration, now)
          return
        }
        iteration.inOnStart = false
        iteration.greeted = iteration.failures === 0
        iteration.program = iteration.scenario.program
        iteration.counter = 0
        continue
      }
      iteration.counter++
      switch (op.kind) {
        case 'request':
          if (this.isHeld) {
            iteration.counter--
            this.#rest(iteration, intendedAt, now)
            return
          }
          this.#dispatch(iteration, op.request, intendedAt, now, paced)
          return
        case 'pause':
          if (iteration.rested) continue
          if (this.#think(iteration, op.think, intendedAt, now)) return
          continue
        case 'think':
          if (this.#think(iteration, op.think, intendedAt, now)) return
          continue
        case 'enter': {
          const startedAt = iteration.phase.loop === 'open' ? intendedAt : now
          iteration.groups.push({ group: op.group, startedAt, failures: iteration.failures })
          continue
        }
        case 'leave':
          this.#leave(iteration, now)
          continue
        default:
          iteration.counter = follow(op, iteration.scope, iteration.counter, this.#onList)
      }
    }
    // Loops that request nothing must not hold up the others, and what they take is not thinking.
    iteration.stepIntendedAt = intendedAt
    iteration.state = 'thinking'
    this.wake(iteration, now + 1, now)
  }

  /** True: it waits. */
  #think(iteration: Iteration, think: Think, intendedAt: Micros, now: Micros): boolean {
    iteration.rested = true
    const ms = thinkMs(think, iteration.scope)
    if (ms <= 0) return false
    this.#rest(iteration, intendedAt + ms * 1000, now)
    return true
  }

  #rest(iteration: Iteration, until: Micros, now: Micros): void {
    iteration.stepIntendedAt = until
    iteration.state = 'thinking'
    this.wake(iteration, until, now)
  }

  /** Its duration, think times inside included. */
  #leave(iteration: Iteration, at: Micros): void {
    const left = iteration.groups.pop()
    const { phase, scenario } = iteration
    const series = left === undefined ? undefined : phase.series?.ofGroup[scenario.index]?.[left.group]
    if (left === undefined || series === undefined) return
    const ok = iteration.failures === left.failures
    this.#recorder.group(series, at, at - left.startedAt, ok, at < phase.windowEndAt)
  }

  #dispatch(
    iteration: Iteration,
    request: CompiledRequest,
    intendedAt: Micros,
    now: Micros,
    paced: boolean,
  ): void {
    const { exchange, phase } = iteration
    const isOpen = phase.loop === 'open'
    iteration.state = 'requesting'
    iteration.rested = false
    iteration.stepIntendedAt = isOpen ? intendedAt : now
    if (paced && isOpen && phase.series !== null) {
      this.#recorder.pacerLag(phase.index, now, now - intendedAt)
    }
    exchange.reset()
    exchange.request = request.constant ?? request.render(iteration.scope)
    exchange.requestIndex = request.index
    exchange.user = iteration.user
    exchange.dispatchedAt = now
    if (exchange.request === request.unsendable) {
      exchange.refuse(now)
      iteration.state = 'refused'
      // In a turn of its own, so that steps which nobody can send let others have theirs.
      this.wake(iteration, now + 1, now)
      return
    }
    askFor(request, exchange)
    const timeoutMicros = request.timeoutMs * 1000
    this.timeouts.add(iteration.slot, now, timeoutMicros)
    this.#onSooner(now + timeoutMicros)
    this.#transport.send(exchange)
  }

  #record(
    iteration: Iteration,
    exchange: Exchange,
    error: RequestError | null,
    judgement: Judgement | null,
  ): void {
    const { phase, stepIntendedAt } = iteration
    const { doneAt, sentAt } = exchange
    const sample = this.#sample
    sample.series = phase.series?.ofRequest[exchange.requestIndex] as number
    sample.at = doneAt
    sample.responseMicros = doneAt - stepIntendedAt
    sample.serviceMicros = doneAt - sentAt
    sample.error = error
    sample.bytesIn = exchange.bytesIn
    sample.bytesOut = exchange.bytesOut
    sample.checksPassed = judgement?.checksPassed ?? 0
    sample.checksFailed = judgement?.checksFailed ?? 0
    sample.inWindow = doneAt < phase.windowEndAt
    sample.connectMicros = exchange.connectMicros
    sample.tlsMicros = exchange.tlsMicros
    sample.ttfbMicros = exchange.firstByteAt - sentAt
    this.#recorder.request(sample)
    if (exchange.sends > 0) this.#recorder.sendLag(phase.index, sentAt, sentAt - stepIntendedAt)
  }

  #end(iteration: Iteration, at: Micros): void {
    const { phase, scenario, interrupted } = iteration
    const failed = iteration.failures > 0
    // Where a failure ended it, groups are left by it.
    if (interrupted) iteration.groups.length = 0
    while (iteration.groups.length > 0) this.#leave(iteration, at)
    if (scenario.hasStreams) {
      const isUsersLast = phase.loop === 'open' || interrupted || !iteration.greeted
      this.#transport.leave?.(iteration.slot, isUsersLast ? 'user' : 'iteration')
    }
    iteration.state = 'idle'
    iteration.interrupted = false
    this.inFlight--
    phase.counts.end(scenario.index, interrupted ? 'interrupted' : failed ? 'failed' : 'completed')
    if (!interrupted && phase.series !== null) {
      this.#recorder.iteration(
        phase.series.ofIteration[scenario.index] as number,
        at,
        at - iteration.intendedAt,
        !failed,
        at < phase.windowEndAt,
      )
    }
    phase.iterationEnded(iteration, at)
  }
}

/** The target says that it doesn't know who asks: 401, and UNAUTHENTICATED of gRPC. */
function isRefusal({ protocol }: CompiledRequest, { status }: Exchange): boolean {
  return status === (protocol === 'grpc' ? 16 : 401)
}
