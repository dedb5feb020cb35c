import { answerWord } from '../core/report/answer-word.ts'
import { bytes, time } from '../core/report/number-format.ts'
import { printable } from '../core/report/printable.ts'
import type { TraceRecord } from '../worker/engine/once.ts'
import type { Paint } from './console.ts'

export interface TraceTextOptions {
  /** The first request of its scenario. */
  readonly isNew: boolean
  /** Headers and bodies too. */
  readonly trace: boolean
  readonly paint: Paint
}

/**
 * One request of `run --once`.
 *
 *     browse
 *       ✔ home  GET http://127.0.0.1:8080/  200  5.1 ms  1 check
 *       ✘ product  GET http://127.0.0.1:8080/p/7  503  0.4 ms  status_5xx: expected status 200, got 503
 */
export function traceText(record: TraceRecord, { isNew, trace, paint }: TraceTextOptions): string {
  const { request, error, detail, checks, timings, stage } = record
  const mark = error === null ? paint.good('✔') : paint.bad('✘')
  const facts = [
    `${mark} ${paint.strong(printable(record.step))}${stage === 'onStart' ? ' (onStart)' : ''}`,
    printable(`${request.method} ${request.url}`),
    answerWord(record, error === null),
    time(timings.response),
    ...(checks.passed > 0 ? [`${checks.passed} ${checks.passed === 1 ? 'check' : 'checks'} passed`] : []),
    ...(error === null ? [] : [paint.bad(printable(`${error}: ${detail ?? error}`))]),
  ]
  const lines = [`  ${facts.join('  ')}`]
  if (isNew) lines.unshift('', paint.strong(printable(record.scenario)))
  if (trace) lines.push(...traceLines(record, paint))
  return lines.join('\n')
}

function traceLines(record: TraceRecord, paint: Paint): readonly string[] {
  const { request, response, timings, values, bytesIn, bytesOut } = record
  const waits = [
    timings.connectionWait === null ? null : `connection ${time(timings.connectionWait)}`,
    timings.firstByte === null ? null : `first byte ${time(timings.firstByte)}`,
    timings.service === null ? null : `service ${time(timings.service)}`,
    `sent ${bytes(bytesOut)}, received ${bytes(bytesIn)}`,
    record.sends > 1 ? `${record.sends} sends` : null,
  ]
  return [
    ...record.redirectedFrom.map((url) => `redirected from ${url}`),
    ...message('>', request.headers, request.body),
    ...(response === null ? [] : message('<', response.headers, response.body)),
    ...Object.entries(values).map(([name, value]) => `$ ${name} = ${JSON.stringify(value)}`),
    waits.filter((part) => part !== null).join(', '),
  ].map((line) => `      ${paint.faint(printable(line))}`)
}

function message(mark: '>' | '<', headers: readonly string[], body: string | null): readonly string[] {
  const lines: string[] = []
  for (let at = 0; at < headers.length; at += 2)
    lines.push(`${mark} ${headers[at]}: ${headers[at + 1] ?? ''}`)
  if (body !== null && body !== '') {
    lines.push(
      mark,
      ...body
        .trimEnd()
        .split(/\r?\n/)
        .map((line) => `${mark} ${line}`),
    )
  }
  return lines
}
