import type { RequestError } from '../measure/request-error.ts'
import { grpcCodes } from '../spec/grpc-codes.ts'
import type { Check, RequestStep, StatusRange } from '../spec/load-test.ts'
import { isOpening } from '../spec/step-tree.ts'
import { type CompiledCapture, compileCapture } from './capture.ts'
import { type CompiledCheck, compileCheck } from './check.ts'
import type { CompiledRequest, Judgement, ReceivedResponse } from './compiled.ts'
import type { MarkupWish } from './markup.ts'
import type { Names } from './names.ts'
import { ResponseView } from './response-view.ts'
import { attempt, type MessageLooks, StreamJudge } from './stream-judge.ts'
import type { UserScope } from './user-scope.ts'

interface PlacedCapture {
  readonly capture: CompiledCapture
  /** Of `MessageLooks.captures`; −1: it doesn't look into messages. */
  readonly inMessages: number
}

interface PlacedCheck {
  readonly check: CompiledCheck
  /** Of `MessageLooks.checks`; −1: it doesn't look into messages. */
  readonly inMessages: number
}

export interface CompiledJudge {
  /** Null: nothing looks into the messages of a stream. */
  readonly openStream: ((scope: UserScope) => StreamJudge) | null
  judge(scope: UserScope, response: ReceivedResponse): Judgement
}

/**
 * Captures and checks of one step. All of them are always looked at, so that counts of checks compare; the error is the first of: status,
 * check, capture. Captures that come later on the path see the names from here on. What looks into the messages of a stream has done so when
 * the stream is judged.
 */
export function compileJudge(step: RequestStep, names: Names, until: readonly Check[] = []): CompiledJudge {
  const grpc = step.kind === 'grpc'
  const [isRight, rightStatus] = statusRule(step)
  const statusChecks = step.checks.filter((check) => check.kind === 'status')
  const wishes: MarkupWish[] = []
  const enough = grpc ? step.until.map((check) => compileCheck(check, names, wishes)) : []
  const looks = {
    checks: [] as CompiledCheck[],
    captures: [] as CompiledCapture[],
    until: enough,
  }
  const compileChecks = (all: readonly Check[]) =>
    all
      .filter((check) => check.kind !== 'status')
      .map((check): PlacedCheck => {
        const compiled = compileCheck(check, names, wishes)
        const looksInside = grpc && check.kind === 'json'
        return { check: compiled, inMessages: looksInside ? looks.checks.push(compiled) - 1 : -1 }
      })
  const checks = compileChecks(step.checks)
  const untilStatus = until.filter((check) => check.kind === 'status')
  const untilChecks = compileChecks(until)
  const captures = step.captures.map((capture): PlacedCapture => {
    const compiled = compileCapture(capture, names, wishes)
    const looksInside = grpc && capture.from === 'json'
    return { capture: compiled, inMessages: looksInside ? looks.captures.push(compiled) - 1 : -1 }
  })
  const good: Judgement = Object.freeze({
    error: null,
    detail: null,
    checksPassed: step.checks.length,
    checksFailed: 0,
  })
  const looksInside = checks.length + captures.length + untilChecks.length > 0

  return { openStream: streamOf(looks), judge }

  function judge(scope: UserScope, response: ReceivedResponse): Judgement {
    const { status } = response
    const stream = response.stream === null ? null : own(response.stream)
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
    if (statusChecks.length === 0 && !isRight(status)) {
      error = statusError(status, grpc)
      detail = `expected ${rightStatus}, got ${statusText(status, grpc)}`
    }
    const view = looksInside ? new ResponseView(response, grpc, wishes) : null
    if (view !== null) {
      for (const placed of checks) {
        const problem = problemOf(placed, scope, view, stream)
        if (problem === null) continue
        failed++
        error ??= 'check'
        detail ??= problem
      }
    }
    if (error === null && until.length > 0) {
      const again =
        missedStatus(untilStatus, status, grpc) ??
        (view === null ? null : firstProblem(untilChecks, scope, view, stream))
      // What is captured is captured from the answer that was waited for.
      if (again !== null) return { ...good, again }
    }
    if (view !== null) {
      for (const { capture, inMessages } of captures) {
        const caught = stream !== null && inMessages >= 0 ? stream.caught[inMessages] : undefined
        const problem = capture.keep(scope, caught ?? capture.read(view, scope))
        if (problem === null) continue
        error ??= 'capture'
        detail ??= problem
      }
    }
    if (error === null) return good
    return { error, detail, checksPassed: step.checks.length - failed, checksFailed: failed }
  }
}

/** Which status is right where no check says so. A message of a stream has none. */
function statusRule(step: RequestStep): readonly [(status: number) => boolean, string] {
  switch (step.kind) {
    case 'grpc':
      return [(status) => status === 0, 'status OK']
    case 'http':
      return [(status) => status < 400, 'a status below 400']
    case 'ws':
    case 'sse': {
      const opened = step.kind === 'ws' ? 101 : 200
      if (isOpening(step)) return [(status) => status === opened, `status ${opened}`]
      return [() => true, '']
    }
    default:
      return step satisfies never
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

function firstProblem(
  checks: readonly PlacedCheck[],
  scope: UserScope,
  view: ResponseView,
  stream: StreamJudge | null,
): string | null {
  for (const check of checks) {
    const problem = problemOf(check, scope, view, stream)
    if (problem !== null) return problem
  }
  return null
}

function problemOf(
  { check, inMessages }: PlacedCheck,
  scope: UserScope,
  view: ResponseView,
  stream: StreamJudge | null,
): string | null {
  if (stream !== null && inMessages >= 0) return stream.problems[inMessages] ?? null
  return attempt(check, scope, view)
}

function streamOf(looks: MessageLooks): CompiledJudge['openStream'] {
  if (looks.checks.length + looks.captures.length + looks.until.length === 0) return null
  return (scope) => new StreamJudge(looks, scope)
}

/** Streams of a compiled test come from its own openStream. */
function own(stream: NonNullable<ReceivedResponse['stream']>): StreamJudge {
  return stream as StreamJudge
}

const inHeaders: ReadonlySet<string> = new Set(['header', 'cookie', 'css'])
const inBody: ReadonlySet<string> = new Set(['json', 'regex', 'css', 'body'])

/** What a transport has to keep for these captures and checks, those that a poll waits for, and those that end a stream. */
export function responseNeeds(
  step: RequestStep,
  until: readonly Check[] = [],
  compression = false,
): Pick<CompiledRequest['needs'], 'headers' | 'body'> {
  const enough = step.kind === 'grpc' ? step.until : []
  const looks = [
    ...step.captures.map(({ from }) => from),
    ...[...step.checks, ...until, ...enough].map(({ kind }) => kind),
  ]
  return {
    headers: looks.some((at) => inHeaders.has(at)),
    // The size of a compressed body is known when it is decompressed.
    body: looks.some((at) => inBody.has(at) || (compression && at === 'size')),
  }
}

function statusError(status: number, grpc: boolean): RequestError {
  if (grpc) return status === 0 ? 'status' : `grpc_${grpcCodes[status] ?? 'UNKNOWN'}`
  if (status >= 400 && status < 500) return 'status_4xx'
  return status >= 500 && status < 600 ? 'status_5xx' : 'status'
}

function statusText(status: number, grpc: boolean): string {
  if (grpc) return `${grpcCodes[status] ?? 'UNKNOWN'} (${status})`
  // RFC 9110 §15.5.8: no other server says it.
  return status === 407 ? '407, by which a proxy asks for target.proxy.auth' : String(status)
}

function rangesText(ranges: readonly StatusRange[], grpc: boolean): string {
  return ranges
    .map(({ from, to }) =>
      from === to ? statusText(from, grpc) : `${statusText(from, grpc)} to ${statusText(to, grpc)}`,
    )
    .join(' or ')
}
