import { BreakwaterError } from '../../core/error.ts'
import type { CompiledTest } from '../../core/scenario/compiled.ts'
import type { Redactor } from '../../core/scenario/redact.ts'
import type { OnceStage, StageResult } from './thread-protocol.ts'
import { Walker, type WalkerOptions } from './walker.ts'

/** Of all captures together, as JSON. */
const mostCharacters = 1024 * 1024

export interface StageOptions extends Omit<WalkerOptions, 'trace' | 'thinks'> {
  readonly compiled: CompiledTest
  readonly seed: number
  readonly redactor: Redactor
}

/** Ends at the first failure that its step does not go on from. Never rejects: what keeps it from being done is its failure. */
export async function performStage(stage: OnceStage, options: StageOptions): Promise<StageResult> {
  const { compiled, seed, redactor } = options
  const scenario = compiled[stage]
  const failures: string[] = []
  let sent = 0
  if (scenario === null) return { sent, auth: 0, values: {}, failure: null }
  const walker = new Walker({ ...options, trace: false, thinks: true })
  const scope = compiled.createScope()
  scope.begin(seed, 0, scenario.index, 0, 0)
  try {
    await walker.prepare()
    sent += walker.setupSends
    for await (const { request, exchange, error, detail } of walker.walk(scenario.program, scope, 0)) {
      sent += exchange.sends
      // Set-up that goes on is done all the same; what teardown left behind is told.
      const counts = stage === 'teardown' || request.onError === 'stop'
      if (error === null || !counts) continue
      const why = detail === null ? '' : `, ${redactor.knowing(exchange.request).text(detail)}`
      failures.push(`${request.name}: ${error}${why}`)
    }
  } catch (error) {
    if (!(error instanceof BreakwaterError)) throw error
    failures.push(error.message)
  } finally {
    await walker.close()
  }
  const values = scope.captured()
  const tooLarge = JSON.stringify(values).length > mostCharacters
  if (tooLarge) failures.push(`what it captured is larger than ${mostCharacters} characters of JSON`)
  return {
    sent,
    auth: 0,
    values: tooLarge ? {} : values,
    failure: failures.length === 0 ? null : redactor.text(failures.join('; ')),
  }
}
