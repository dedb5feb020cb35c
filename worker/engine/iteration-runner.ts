import type { Recorder, RequestSample } from '../../core/measure/recorder.ts'
import type { RequestError } from '../../core/measure/request-error.ts'
import type { Micros } from '../../core/plan/plan.ts'
import type { CompiledRequest, Judgement } from '../../core/scenario/compiled.ts'
import { Answer, askFor, failureDetail } from './answer.ts'
import type { FailureSamples } from './failure-samples.ts'
import type { Iteration, IterationPool } from './iteration.ts'
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
  /** Something became due before everything that was due so far. */
  readonly onSooner: (at: Micros) => void
}

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
  readonly #onSooner: (at: Micros) => void
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

  constructor({ pool, requests, transport, recorder, failures, onSooner }: RunnerDependencies) {
    this.#pool = pool
    this.#requests = requests
    this.#transport = transport
    this.#recorder = recorder
    this.#failures = failures
    this.#onSooner = onSooner
  }

  /** Starts an idle iteration whose phase, scenario and scope are set. `intendedAt` is at most `now`. */
  begin(iteration: Iteration, intendedAt: Micros, now: Micros): void {
    const { scenario, phase } = iteration
    iteration.intendedAt = intendedAt
    iteration.failed = false
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
    else iteration.phase.wake(iteration, now)
  }

  /** A request's time is up. */
  onTimeout(iteration: Iteration): void {
    this.#transport.cancel(iteration.exchange, 'timeout')
  }

  done(exchange: Exchange): void {
    const iteration = this.#pool.at(exchange.slot)
    const { phase } = iteration
    const request = this.#requests[exchange.requestIndex] as CompiledRequest
    const now = exchange.doneAt
    this.timeouts.remove(exchange.slot)
    this.tally.sent += exchange.sends
    if (iteration.interrupted) {
      this.tally.interrupted++
      this.#end(iteration, now)
      return
    }
    let error: RequestError | null = exchange.error
    let judgement: Judgement | null = null
    if (error === null) {
      if (exchange.setCookies !== null && exchange.request.kind === 'http') {
        iteration.scope.storeCookies(exchange.setCookies, exchange.request.path)
      }
      judgement = request.judge(iteration.scope, this.#answer.of(exchange))
      error = judgement.error
    }
    if (error === null) {
      this.tally.ok++
    } else {
      this.tally.fail(error)
      iteration.failed = true
      this.#failures.offer(phase.index, request, exchange, error, failureDetail(judgement, exchange))
    }
    if (phase.series !== null) this.#record(iteration, exchange, error, judgement)
    if (error !== null && request.onError === 'stop') this.#end(iteration, now)
    else this.#proceed(iteration, now, now, false)
  }

  /** Ends an iteration that is under way, at once or as soon as the transport has let go of its exchange. */
  interrupt(iteration: Iteration, now: Micros): void {
    iteration.interrupted = true
    if (iteration.state === 'requesting') {
      this.#transport.cancel(iteration.exchange, 'reset')
    } else {
      this.#end(iteration, now)
    }
  }

  /** `intendedAt` is the next request's, unless a think time comes before it. `paced`: the pacer chose the instant, not an answer. */
  #proceed(iteration: Iteration, intendedAt: Micros, now: Micros, paced: boolean): void {
    for (;;) {
      const op = iteration.program[iteration.counter]
      if (op === undefined) {
        if (!iteration.inOnStart) {
          this.#end(iteration, now)
          return
        }
        iteration.inOnStart = false
        iteration.greeted = !iteration.failed
        iteration.program = iteration.scenario.program
        iteration.counter = 0
        continue
      }
      iteration.counter++
      switch (op.kind) {
        case 'request':
          this.#dispatch(iteration, op.request, intendedAt, now, paced)
          return
        case 'think': {
          const ms = thinkMs(op.think, iteration.scope)
          if (ms <= 0) continue
          iteration.stepIntendedAt = intendedAt + ms * 1000
          iteration.state = 'thinking'
          this.wake(iteration, iteration.stepIntendedAt, now)
          return
        }
        default:
          op satisfies never
      }
    }
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
    iteration.stepIntendedAt = isOpen ? intendedAt : now
    if (paced && isOpen && phase.series !== null) {
      this.#recorder.pacerLag(phase.index, now, now - intendedAt)
    }
    exchange.reset()
    exchange.request = request.constant ?? request.render(iteration.scope)
    exchange.requestIndex = request.index
    exchange.user = iteration.user
    exchange.dispatchedAt = now
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
    sample.inWindow = doneAt < phase.endAt
    sample.connectMicros = exchange.connectMicros
    sample.tlsMicros = exchange.tlsMicros
    sample.ttfbMicros = exchange.firstByteAt - sentAt
    this.#recorder.request(sample)
    if (exchange.sends > 0) this.#recorder.sendLag(phase.index, sentAt, sentAt - stepIntendedAt)
  }

  #end(iteration: Iteration, at: Micros): void {
    const { phase, scenario, failed, interrupted } = iteration
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
        at < phase.endAt,
      )
    }
    phase.iterationEnded(iteration, at)
  }
}
