import { count, none, percent, perSecond, time } from '../number-format.ts'
import { promises } from '../promises.ts'
import type { MetricRow, ResultDocument, Verdict } from '../result.ts'
import { type Content, html, type Markup } from './markup.ts'
import { badge, icon, list, type Status } from './parts.ts'

export const verdictStatus: Readonly<Record<Verdict, Status>> = {
  pass: 'pass',
  fail: 'fail',
  inconclusive: 'unknown',
}

const verdictTitle: Readonly<Record<Verdict, string>> = {
  pass: 'Pass',
  fail: 'Fail',
  inconclusive: 'Inconclusive',
}

export function verdictSection(document: ResultDocument): Markup {
  const { verdict, reasons } = document
  const status = verdictStatus[verdict]
  const [headline, ...others] = reasons
  const totals = document.metrics.filter((row) => row.scope === 'total')
  return html`
<section id="verdict" class="verdict ${status}" aria-labelledby="verdict-title">
<h2 id="verdict-title">${icon(status)}${verdictTitle[verdict]}</h2>
<p class="headline">${headline ?? ''}</p>
${list(others)}
</section>
<div class="figures">${totals.map((row) => figures(row, totals.length > 1))}</div>
<section class="promises" aria-label="What can be relied on">
${promises(document).map(
  ({ name, kept, sentence }) =>
    html`<div class="promise"><h3>${name}${badge(kept ? 'pass' : 'unknown', kept ? 'kept' : 'in doubt')}</h3><p>${sentence}</p></div>`,
)}
</section>`
}

/** The few numbers that people ask for first. */
function figures(row: MetricRow, apart: boolean): Markup {
  const { p50, p95, p99 } = row.responseMs
  const tiles: readonly (readonly [string, Content])[] = [
    ['p50', time(p50)],
    ['p95', time(p95)],
    ['p99', time(p99)],
    ['Failed requests', row.errorRate === null ? none : percent(row.errorRate)],
    ['Requests per second', perSecond(row.rate)],
    ['Requests', count(row.count)],
  ]
  return html`<dl class="tiles"${apart ? html` data-loop="${row.loop}"` : null}>${
    apart ? html`<div class="tile loop"><dt>Phases</dt><dd>${row.loop}</dd></div>` : null
  }${tiles.map(([name, value]) => html`<div class="tile"><dt>${name}</dt><dd>${value}</dd></div>`)}</dl>`
}
