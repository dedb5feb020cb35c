import type { FailureSample, RequestError } from '../../core/measure/request-error.ts'
import { compileTest } from '../../core/scenario/compile.ts'
import type { CompiledRequest, CompiledScenario, Files, Scope } from '../../core/scenario/compiled.ts'
import { createRedactor } from '../../core/scenario/redact.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import { Answer, askFor, failureDetail } from './answer.ts'
import { createClock } from './clock.ts'
import { PooledExchange } from './exchange.ts'
import { originsOf, requestShown, responseShown } from './shown-exchange.ts'
import type { CreateTransport } from './thread.ts'
import type { Exchange } from './transport-port.ts'

export interface OnceOptions {
  readonly test: LoadTest
  readonly files: Files
  readonly seed: number
  readonly secrets: readonly string[]
  readonly engine: 'auto' | 'wire' | 'undici'
  readonly createTransport: CreateTransport
  /** Keeps headers and bodies that no check or capture looks at: a body above `maxBody` is `too_large` then. */
  readonly trace: boolean
}

/** One request of `run --once`. Secrets are ***, bodies bounded to 2 KB. */
export interface TraceRecord {
  readonly scenario: string
  readonly stage: 'onStart' | 'steps'
  readonly step: string
  /** Where it stands in the file. */
  readonly path: string
  readonly request: FailureSample['request']
  /** Null: none came. */
  readonly response: FailureSample['response']
  /** Null: good. */
  readonly error: RequestError | null
  readonly detail: string | null
  readonly checks: { readonly passed: number; readonly failed: number }
  /** Captures and variables behind it. */
  readonly values: Readonly<Record<string, unknown>>
  /** ms; null: did not happen. `response` counts from the dispatch, `service` and `firstByte` from the send. */
  readonly timings: {
    readonly connectionWait: number | null
    readonly firstByte: number | null
    readonly service: number | null
    readonly response: number
  }
  readonly sends: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/**
 * One iteration of each scenario in turn, in this thread and without think times; scenario i draws the row i of its data. Throws BreakwaterError
 * where it cannot be prepared.
 */
export async function* runOnce(options: OnceOptions): AsyncGenerator<TraceRecord> {
  const { test, files, seed, secrets, engine, createTransport } = options
  const compiled = compileTest(test, files, Date.now)
  const clock = createClock()
  let onDone: (exchange: Exchange) => void = () => {}
  const transport = createTransport({
    test,
    threads: 1,
    thread: 0,
    detail: true,
    files,
    clock,
    sink: { done: (exchange) => onDone(exchange) },
    engine,
  })
  const exchange = new PooledExchange(0)
  const send = (request: CompiledRequest, scope: Scope, user: number): Promise<Exchange> =>
    new Promise((resolve) => {
      exchange.reset()
      exchange.request = request.constant ?? request.render(scope)
      exchange.requestIndex = request.index
      exchange.user = user
      exchange.dispatchedAt = clock.nowMicros()
      askFor(request, exchange)
      exchange.wantHeaders ||= options.trace
      exchange.wantBody ||= options.trace
      const timeout = setTimeout(() => transport.cancel(exchange, 'timeout'), request.timeoutMs)
      onDone = (done) => {
        clearTimeout(timeout)
        resolve(done)
      }
      transport.send(exchange)
    })
  const record = createTracer(test, createRedactor(secrets))
  try {
    await transport.prepare()
    for (const scenario of compiled.scenarios) {
      const scope = compiled.createScope()
      scope.begin(seed, 0, scenario.index, 0, 0)
      for (const source of scenario.draws) {
        const rows = compiled.sources[source]?.rows ?? 0
        if (rows > 0) scope.drawRow(source, scenario.index % rows)
      }
      for (const { request, stage } of requestsOf(scenario)) {
        const traced = record(scenario, stage, request, scope, await send(request, scope, scenario.index))
        yield traced
        if (traced.error !== null && request.onError === 'stop') break
      }
    }
  } finally {
    await transport.close()
  }
}

function* requestsOf(
  scenario: CompiledScenario,
): Generator<{ readonly request: CompiledRequest; readonly stage: TraceRecord['stage'] }> {
  for (const [stage, program] of [
    ['onStart', scenario.onStart],
    ['steps', scenario.program],
  ] as const) {
    for (const op of program) if (op.kind === 'request') yield { request: op.request, stage }
  }
}

function createTracer(test: LoadTest, redact: (text: string) => string) {
  const originOf = originsOf(test)
  const answer = new Answer()
  return (
    scenario: CompiledScenario,
    stage: TraceRecord['stage'],
    request: CompiledRequest,
    scope: Scope,
    exchange: Exchange,
  ): TraceRecord => {
    const { dispatchedAt, sentAt, firstByteAt, doneAt, setCookies } = exchange
    if (exchange.error === null && setCookies !== null) scope.storeCookies(setCookies, exchange.request)
    const judgement = exchange.error === null ? request.judge(scope, answer.of(exchange)) : null
    const error = exchange.error ?? judgement?.error ?? null
    const detail = error === null ? null : failureDetail(judgement, exchange)
    return {
      scenario: scenario.name,
      stage,
      step: request.name,
      path: request.path,
      request: requestShown(exchange.request, originOf(exchange.request), redact),
      response: responseShown(exchange, redact),
      error,
      detail: error === null ? null : redact(detail ?? error),
      checks: { passed: judgement?.checksPassed ?? 0, failed: judgement?.checksFailed ?? 0 },
      values: redactValues(scope.describe(), redact),
      timings: {
        connectionWait: millis(sentAt - dispatchedAt),
        firstByte: millis(firstByteAt - sentAt),
        service: millis(doneAt - sentAt),
        response: (doneAt - dispatchedAt) / 1000,
      },
      sends: exchange.sends,
      bytesIn: exchange.bytesIn,
      bytesOut: exchange.bytesOut,
    }
  }
}

function redactValues(
  values: Readonly<Record<string, unknown>>,
  redact: (text: string) => string,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, typeof value === 'string' ? redact(value) : value]),
  )
}

function millis(micros: number): number | null {
  return Number.isNaN(micros) ? null : micros / 1000
}
