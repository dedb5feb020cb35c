import type { RequestError } from '../measure/request-error.ts'
import { grpcCodes } from '../spec/grpc-codes.ts'
import type { Capture, GrpcStep, HttpStep, StatusRange } from '../spec/load-test.ts'
import { type CompiledCheck, compileCheck, jsonPathOf, look } from './check.ts'
import type { CompiledRequest, Judgement, ReceivedResponse } from './compiled.ts'
import type { Names } from './names.ts'
import { ResponseView } from './response-view.ts'
import type { UserScope } from './user-scope.ts'

interface CompiledCapture {
  readonly slot: number
  /** Undefined: nothing to capture. */
  read(view: ResponseView): { readonly value: unknown; readonly problem: string | null }
  readonly from: string
}

/**
 * Captures and checks of one step. All of them are always looked at, so that counts of checks compare; the error is the first of: status,
 * check, capture. Captures that come later on the path see the names from here on.
 */
export function compileJudge(
  step: HttpStep | GrpcStep,
  names: Names,
): (scope: UserScope, response: ReceivedResponse) => Judgement {
  const grpc = step.kind === 'grpc'
  const statusChecks = step.checks.filter((check) => check.kind === 'status')
  const checks = step.checks
    .filter((check) => check.kind !== 'status')
    .map((check) => compileCheck(check, names))
  const captures = step.captures.map((capture) => compileCapture(capture, names))
  const good: Judgement = Object.freeze({
    error: null,
    detail: null,
    checksPassed: step.checks.length,
    checksFailed: 0,
  })
  const looksInside = checks.length + captures.length > 0

  return (scope, response) => {
    const { status } = response
    let failed = 0
    let error: RequestError | null = null
    let detail: string | null = null

    for (const { anyOf } of statusChecks) {
      if (anyOf.some(({ from, to }) => status >= from && status <= to)) continue
      failed++
      error = statusError(status, grpc)
      detail ??= `expected status ${rangesText(anyOf, grpc)}, got ${statusText(status, grpc)}`
    }
    if (statusChecks.length === 0 && (grpc ? status !== 0 : status >= 400)) {
      error = statusError(status, grpc)
      detail = `expected ${grpc ? 'status OK' : 'a status below 400'}, got ${statusText(status, grpc)}`
    }
    if (looksInside) {
      const view = new ResponseView(response, grpc)
      for (const check of checks) {
        const problem = attempt(check, scope, view)
        if (problem === null) continue
        failed++
        error ??= 'check'
        detail ??= problem
      }
      for (const capture of captures) {
        const problem = take(capture, scope, view)
        if (problem === null) continue
        error ??= 'capture'
        detail ??= problem
      }
    }
    if (error === null) return good
    return { error, detail, checksPassed: step.checks.length - failed, checksFailed: failed }
  }
}

/** What a transport has to keep for these captures and checks. */
export function responseNeeds(step: HttpStep | GrpcStep): Pick<CompiledRequest['needs'], 'headers' | 'body'> {
  const looks = [...step.captures.map(({ from }) => from), ...step.checks.map(({ kind }) => kind)]
  return { headers: looks.includes('header'), body: looks.some((at) => at === 'json' || at === 'body') }
}

function compileCapture(capture: Capture, names: Names): CompiledCapture {
  const slot = names.capture(capture.name)
  switch (capture.from) {
    case 'json': {
      const path = jsonPathOf(capture.expression)
      return { slot, from: path.text, read: (view) => look(path, view) }
    }
    case 'header': {
      const name = capture.header.toLowerCase()
      return {
        slot,
        from: `the header ${name}`,
        read: (view) => ({ value: view.header(name), problem: null }),
      }
    }
    case 'status':
      return { slot, from: 'the status', read: (view) => ({ value: view.response.status, problem: null }) }
    default:
      return capture satisfies never
  }
}

/** A capture that finds nothing leaves nothing: not what an earlier iteration found. */
function take({ slot, from, read }: CompiledCapture, scope: UserScope, view: ResponseView): string | null {
  const { value, problem } = read(view)
  scope.slots[slot] = value
  if (value !== undefined) return null
  return `expected ${from} to capture, but ${problem ?? 'it is not in the answer'}`
}

/** Values nested so deeply that comparing them exhausts the stack fail the check: the answer is at fault, not the run. */
function attempt(check: CompiledCheck, scope: UserScope, view: ResponseView): string | null {
  try {
    return check(scope, view)
  } catch (error) {
    if (error instanceof RangeError) return 'the answer is nested too deeply to check'
    throw error
  }
}

function statusError(status: number, grpc: boolean): RequestError {
  if (grpc) return status === 0 ? 'status' : `grpc_${grpcCodes[status] ?? 'UNKNOWN'}`
  if (status >= 400 && status < 500) return 'status_4xx'
  return status >= 500 && status < 600 ? 'status_5xx' : 'status'
}

function statusText(status: number, grpc: boolean): string {
  return grpc ? `${grpcCodes[status] ?? 'UNKNOWN'} (${status})` : String(status)
}

function rangesText(ranges: readonly StatusRange[], grpc: boolean): string {
  return ranges
    .map(({ from, to }) =>
      from === to ? statusText(from, grpc) : `${statusText(from, grpc)} to ${statusText(to, grpc)}`,
    )
    .join(' or ')
}
