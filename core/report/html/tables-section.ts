import { intendedStart } from '../intended-start.ts'
import { count, milliseconds, none, percent, perSecond } from '../number-format.ts'
import type { Distribution, MetricRow, ResultDocument } from '../result.ts'
import { type Content, html, type Markup } from './markup.ts'
import { type Column, section, table } from './parts.ts'

/** Beyond so many rows the phases' own tables are folded in. */
const mostOpenRows = 40

const measured: readonly Column[] = [
  { head: 'Requests', numeric: true },
  { head: 'Rate (/s)', numeric: true },
  { head: 'Failed', numeric: true },
  ...['p50', 'p90', 'p95', 'p99', 'max'].map((head) => ({
    head,
    numeric: true,
    group: 'Response time, all (ms)',
  })),
  ...['p50', 'p95', 'p99'].map((head) => ({ head, numeric: true, group: 'Good responses (ms)' })),
  ...['p50', 'p95', 'p99'].map((head) => ({ head, numeric: true, group: 'Service time (ms)' })),
]

export function tablesSection(document: ResultDocument): Markup {
  const phases = document.metrics.filter((row) => row.scope === 'phase')
  const totals = document.metrics.filter((row) => row.scope === 'total')
  const steps = (phase: string | null) =>
    document.metrics.filter((row) => row.phase === phase && row.scope !== 'total' && row.scope !== 'phase')
  const overall = steps(null)
  const folded = phases.flatMap((phase) => steps(phase.phase)).length > mostOpenRows
  return section({
    id: 'tables',
    title: 'Phases, scenarios and steps',
    intro: `Response time counts ${intendedStart(document)}. Service time counts from the actual send. Good responses are those that did not fail.`,
    content: html`
${table({
  caption: 'By phase',
  dense: true,
  columns: [{ head: 'Phase' }, ...measured],
  rows: [
    ...phases.map((row) => [html`${row.phase ?? ''} <span class="note">${row.loop}</span>`, ...cells(row)]),
    ...totals.map((row) => [
      totals.length > 1 ? `All ${row.loop} phases` : 'All recorded phases',
      ...cells(row),
    ]),
  ],
  rowClass: (row) => (row >= phases.length ? 'sum' : ''),
})}
${scopeTable(`By scenario and step, ${phases.length === 1 ? 'all of it' : 'all phases'}`, overall, totals.length > 1)}
${
  phases.length < 2
    ? null
    : phases.map((phase) => {
        const caption = `By scenario and step, phase ${phase.phase ?? ''}`
        const rows = steps(phase.phase)
        return html`<details class="fold"${folded ? null : html` open`}><summary>${caption}</summary>${scopeTable(caption, rows, false, true)}</details>`
      })
}`,
  })
}

function scopeTable(caption: string, rows: readonly MetricRow[], apart: boolean, quiet = false): Markup {
  return table({
    caption,
    quiet,
    columns: [{ head: 'Scenario and step' }, ...measured],
    rows: rows.map((row) => [nameOf(row, apart), ...cells(row)]),
    dense: true,
    rowClass: (row) => `scope-${rows[row]?.scope ?? ''}`,
    sortable: rows.length > 3,
  })
}

function nameOf(row: MetricRow, apart: boolean): Content {
  const loop = apart ? html` <span class="note">${row.loop}</span>` : null
  switch (row.scope) {
    case 'scenario':
      return html`${row.scenario ?? ''}${loop}`
    case 'iteration':
      return html`<span class="inner">whole iteration${loop}</span>`
    case 'group':
      return html`<span class="inner">group ${row.group ?? ''}${loop}</span>`
    case 'step':
      return html`<span class="inner">${row.step ?? ''}${loop}</span>`
    case 'total':
    case 'phase':
      return row.phase ?? ''
    default:
      return row.scope satisfies never
  }
}

function cells(row: MetricRow): readonly Content[] {
  const { responseMs, responseOkMs, serviceMs } = row
  return [
    count(row.count),
    perSecond(row.rate),
    row.errors === 0 ? '0' : html`<b>${count(row.errors)}</b> (${percent(row.errorRate)})`,
    ...times(responseMs, ['p50', 'p90', 'p95', 'p99', 'max']),
    ...times(responseOkMs, ['p50', 'p95', 'p99']),
    ...(row.scope === 'iteration' || row.scope === 'group'
      ? [none, none, none]
      : times(serviceMs, ['p50', 'p95', 'p99'])),
  ]
}

function times(of: Distribution, keys: readonly (keyof Distribution)[]): readonly string[] {
  return keys.map((key) => milliseconds(of[key]))
}
