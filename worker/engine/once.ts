import type { FailureSample, RequestError } from '../../core/measure/request-error.ts'
import { compileTest } from '../../core/scenario/compile.ts'
import type { CompiledScenario, CompiledTest, Scope } from '../../core/scenario/compiled.ts'
import { createRedactor, type Redactor } from '../../core/scenario/redact.ts'
import type { LoadTest } from '../../core/spec/load-test.ts'
import { originsOf, requestShown, responseShown } from './shown-exchange.ts'
import { type Performed, Walker, type WalkerOptions } from './walker.ts'

/** Of a capture or a variable. */
const valueCharacters = 200

export interface OnceOptions extends Omit<WalkerOptions, 'thinks'> {
  readonly seed: number
  readonly secrets: readonly string[]
  /** Gets the tokens of targets that need some, each before the promise resolves, and keeps them up to date until `close`. */
  readonly openTokens: (
    onToken: (target: number, token: string) => void,
  ) => Promise<{ readonly close: () => void }>
}

/** One request of `run --once`. Secrets are ***, bodies bounded to 2 KB. */
export interface TraceRecord {
  /** Set-up and teardown by these names. */
  readonly scenario: string
  readonly stage: 'setup' | 'onStart' | 'steps' | 'teardown'
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
  /** URLs of redirects that were followed before. */
  readonly redirectedFrom: readonly string[]
  readonly sends: number
  readonly bytesIn: number
  readonly bytesOut: number
}

/**
 * Set-up, one iteration of each scenario in turn, and teardown, in this thread and without think times; scenario i draws the row i of its data. Where
 * set-up fails nothing follows. Throws BreakwaterError where it cannot be prepared.
 */
export async function* runOnce(options: OnceOptions): AsyncGenerator<TraceRecord> {
  const { test, files, seed, secrets } = options
  const compiled = compileTest(test, files, Date.now)
  const walker = new Walker({ ...options, thinks: false })
  const redactor = createRedactor(secrets)
  const record = createTracer(test, redactor)
  let tokens: { readonly close: () => void } | null = null
  try {
    tokens = await options.openTokens((target, token) => {
      redactor.add(token)
      compiled.provideToken(target, token)
    })
    await walker.prepare()
    for (const { scenario, stage } of journeys(compiled)) {
      const scope = scopeOf(compiled, scenario, seed)
      let failed = false
      for (const part of scenario.onStart.length > 0
        ? (['onStart', 'steps'] as const)
        : (['steps'] as const)) {
        const program = part === 'onStart' ? scenario.onStart : scenario.program
        for await (const performed of walker.walk(program, scope, scenario.index)) {
          failed ||= performed.error !== null && performed.request.onError === 'stop'
          yield record(scenario, stage === 'scenario' ? part : stage, scope, performed)
        }
        if (failed) break
      }
      walker.leave()
      if (stage !== 'setup') continue
      if (failed) return
      compiled.provideSetup(scope.captured())
    }
  } finally {
    tokens?.close()
    await walker.close()
  }
}

function* journeys({ setup, scenarios, teardown }: CompiledTest): Generator<{
  readonly scenario: CompiledScenario
  readonly stage: 'setup' | 'scenario' | 'teardown'
}> {
  if (setup !== null) yield { scenario: setup, stage: 'setup' }
  for (const scenario of scenarios) yield { scenario, stage: 'scenario' }
  if (teardown !== null) yield { scenario: teardown, stage: 'teardown' }
}

function scopeOf(compiled: CompiledTest, scenario: CompiledScenario, seed: number): Scope {
  const scope = compiled.createScope()
  scope.begin(seed, 0, scenario.index, 0, 0)
  for (const source of scenario.draws) {
    const rows = compiled.sources[source]?.rows ?? 0
    if (rows > 0) scope.drawRow(source, scenario.index % rows)
  }
  return scope
}

function createTracer(test: LoadTest, secrets: Redactor) {
  const originOf = originsOf(test)
  return (
    scenario: CompiledScenario,
    stage: TraceRecord['stage'],
    scope: Scope,
    { request, exchange, judgement, error, detail }: Performed,
  ): TraceRecord => {
    const { dispatchedAt, sentAt, firstByteAt, doneAt } = exchange
    const redactor = secrets.knowing(exchange.request)
    return {
      scenario: scenario.name,
      stage,
      step: request.name,
      path: request.path,
      request: requestShown(exchange.request, originOf(exchange.request), redactor),
      response: responseShown(exchange, redactor),
      error,
      detail: error === null ? null : redactor.text(detail ?? error),
      checks: { passed: judgement?.checksPassed ?? 0, failed: judgement?.checksFailed ?? 0 },
      values: valuesShown(scope.describe(), redactor),
      timings: {
        connectionWait: millis(sentAt - dispatchedAt),
        firstByte: millis(firstByteAt - sentAt),
        service: millis(doneAt - sentAt),
        response: (doneAt - dispatchedAt) / 1000,
      },
      redirectedFrom: (exchange.redirectedFrom ?? []).map((url) => redactor.text(url)),
      sends: exchange.sends,
      bytesIn: exchange.bytesIn,
      bytesOut: exchange.bytesOut,
    }
  }
}

function valuesShown(
  values: Readonly<Record<string, unknown>>,
  redactor: Redactor,
): Readonly<Record<string, unknown>> {
  return Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, valueShown(value, redactor)]),
  )
}

function valueShown(value: unknown, redactor: Redactor): unknown {
  if (typeof value === 'string') return redactor.cut(value).slice(0, valueCharacters)
  if (typeof value !== 'number') return value
  const text = String(value)
  const safe = redactor.text(text)
  return safe === text ? value : safe
}

function millis(micros: number): number | null {
  return Number.isNaN(micros) ? null : micros / 1000
}
