import type { FailureSample } from '../../measure/request-error.ts'
import { answerWord } from '../answer-word.ts'
import { clock, count, percent } from '../number-format.ts'
import type { ResultDocument } from '../result.ts'
import { errorChart, recordedErrors } from './error-chart.ts'
import { html, type Markup } from './markup.ts'
import { section, table } from './parts.ts'

/** Samples shown in full; failures.ndjson has all that were kept. */
const mostSamples = 30

export function errorsSection(document: ResultDocument): Markup {
  const recorded = Object.entries(recordedErrors(document)).toSorted(([, a], [, b]) => b - a)
  const all = document.requests.errors
  const failed = recorded.reduce((sum, [, times]) => sum + times, 0)
  if (recorded.length === 0) {
    const others = Object.values(all).reduce((sum, times) => sum + times, 0)
    return section({
      id: 'errors',
      title: 'Errors',
      content: html`<p>${others === 0 ? 'No request failed.' : `No request of a recorded phase failed; ${count(others)} did in the others.`}</p>`,
    })
  }
  return section({
    id: 'errors',
    title: 'Errors',
    content: html`${errorChart(document)}
${table({
  caption: 'Failed requests by kind',
  columns: [
    { head: 'Error' },
    { head: 'Requests', numeric: true },
    { head: 'Share of failures', numeric: true },
    { head: 'Where most of them were' },
  ],
  rows: recorded.map(([name, times]) => [
    html`<code>${name}</code>`,
    count(times),
    percent(times / failed),
    worstPlace(document, name),
  ]),
})}`,
  })
}

function worstPlace({ metrics }: ResultDocument, error: string): string {
  const steps = metrics.filter((row) => row.scope === 'step' && row.phase !== null && error in row.errorsBy)
  const [worst] = steps.toSorted((a, b) => (b.errorsBy[error] ?? 0) - (a.errorsBy[error] ?? 0))
  if (worst === undefined) return ''
  return `${worst.scenario}/${worst.step} @${worst.phase}: ${count(worst.errorsBy[error] ?? 0)}`
}

export function samplesSection(failures: readonly FailureSample[]): Markup | null {
  if (failures.length === 0) return null
  const shown = oneOfEach(failures).slice(0, mostSamples)
  return section({
    id: 'samples',
    title: 'Samples of failures',
    intro: `The first of each step and error, secrets removed. ${failures.length > shown.length ? `failures.ndjson holds ${count(failures.length)}.` : ''}`,
    content: shown.map(sample),
  })
}

/** The first of each kind before the second of any. */
function oneOfEach(failures: readonly FailureSample[]): readonly FailureSample[] {
  const seen = new Map<string, number>()
  const ranked = failures.map((failure) => {
    const key = JSON.stringify([failure.scenario, failure.step, failure.error])
    const rank = seen.get(key) ?? 0
    seen.set(key, rank + 1)
    return { failure, rank }
  })
  return ranked.filter(({ rank }) => rank === 0).map(({ failure }) => failure)
}

/** Name, value, name, value … */
function headerLines(headers: readonly string[]): string {
  return headers.flatMap((name, at) => (at % 2 === 0 ? [`${name}: ${headers[at + 1] ?? ''}`] : [])).join('\n')
}

function sample(failure: FailureSample): Markup {
  const { request, response } = failure
  return html`<details class="sample"><summary><code>${failure.error}</code> ${failure.scenario}/${failure.step} <span class="note">${failure.phase}, at ${clock(failure.at / 1_000_000)}, ${failure.worker}</span><span class="detail">${failure.detail}</span></summary>
<div class="exchange"><div><h3>Request</h3><pre tabindex="0">${request.method} ${request.url}
${headerLines(request.headers)}${request.body === null ? '' : `\n\n${request.body}`}</pre></div>
<div><h3>Response</h3><pre tabindex="0">${
    response === null
      ? 'none'
      : `${answerWord(failure, false)}\n${headerLines(response.headers)}${response.body === null ? '' : `\n\n${response.body}`}`
  }</pre></div></div></details>`
}
