import type { RequestError } from '../measure/request-error.ts'
import { grpcCodes } from '../spec/grpc-codes.ts'
import type { Check, RequestStep, StatusRange } from '../spec/load-test.ts'
import { compileCapture } from './capture.ts'
import { type CompiledCheck, compileCheck } from './check.ts'
import type { CompiledRequest, Judgement, ReceivedResponse } from './compiled.ts'
import type { Names } from './names.ts'
import { ResponseView } from './response-view.ts'
import type { UserScope } from './user-scope.ts'

/**
 * Captures and checks of one step. All of them are always looked at, so that counts of checks compare; the error is the first of: status,
 * check, capture. Captures that come later on the path see the names from here on.
 */
export function compileJudge(
  step: RequestStep,
  names: Names,
  until: readonly Check[] = [],
): (scope: UserScope, response: ReceivedResponse) => Judgement {
  const grpc = step.kind === 'grpc'
  const statusChecks = step.checks.filter((check) => check.kind === 'status')
  const compileChecks = (all: readonly Check[]) =>
    all.filter((check) => check.kind !== 'status').map((check) => compileCheck(check, names))
  const checks = compileChecks(step.checks)
  const untilStatus = until.filter((check) => check.kind === 'status')
  const untilChecks = compileChecks(until)
  const captures = step.captures.map((capture) => compileCapture(capture, names))
  const good: Judgement = Object.freeze({
    error: null,
    detail: null,
    checksPassed: step.checks.length,
    checksFailed: 0,
  })
  const looksInside = checks.length + captures.length + untilChecks.length > 0

  return (scope, response) => {
    const { status } = response
    let failed = 0
    let error: RequestError | null = null
    let detail: string | null = null

    for (const check of statusChecks) {
      const missed = missedStatus([check], status, grpc)
      if (missed === null) continue
      failed++
      error = statusError(status, grpc)
      detail ??= missed
    }
    if (statusChecks.length === 0 && (grpc ? status !== 0 : status >= 400)) {
      error = statusError(status, grpc)
      detail = `expected ${grpc ? 'status OK' : 'a status below 400'}, got ${statusText(status, grpc)}`
    }
    const view = looksInside ? new ResponseView(response, grpc) : null
    if (view !== null) {
      for (const check of checks) {
        const problem = attempt(check, scope, view)
        if (problem === null) continue
        failed++
        error ??= 'check'
        detail ??= problem
      }
    }
    if (error === null && until.length > 0) {
      const again =
        missedStatus(untilStatus, status, grpc) ??
        (view === null ? null : firstProblem(untilChecks, scope, view))
      // What is captured is captured from the answer that was waited for.
      if (again !== null) return { ...good, again }
    }
    if (view !== null) {
      for (const capture of captures) {
        const problem = capture(scope, view)
        if (problem === null) continue
        error ??= 'capture'
        detail ??= problem
      }
    }
    if (error === null) return good
    return { error, detail, checksPassed: step.checks.length - failed, checksFailed: failed }
  }
}

type StatusCheck = Extract<Check, { readonly kind: 'status' }>

/** What a status is not, as a sentence; null: it is in each of them. */
function missedStatus(checks: readonly StatusCheck[], status: number, grpc: boolean): string | null {
  for (const { anyOf } of checks) {
    if (anyOf.some(({ from, to }) => status >= from && status <= to)) continue
    return `expected status ${rangesText(anyOf, grpc)}, got ${statusText(status, grpc)}`
  }
  return null
}

function firstProblem(checks: readonly CompiledCheck[], scope: UserScope, view: ResponseView): string | null {
  for (const check of checks) {
    const problem = attempt(check, scope, view)
    if (problem !== null) return problem
  }
  return null
}

/** What a transport has to keep for these captures and checks, and those that a poll waits for. */
export function responseNeeds(
  step: RequestStep,
  until: readonly Check[] = [],
): Pick<CompiledRequest['needs'], 'headers' | 'body'> {
  const looks = [
    ...step.captures.map(({ from }) => from),
    ...[...step.checks, ...until].map(({ kind }) => kind),
  ]
  return {
    headers: looks.some((at) => at === 'header' || at === 'cookie'),
    body: looks.some((at) => at === 'json' || at === 'body' || at === 'regex'),
  }
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
