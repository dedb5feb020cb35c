import { count, none, percent, plural } from '../number-format.ts'
import type { Ledger, ResultDocument } from '../result.ts'
import { steeringText } from '../steering-text.ts'
import { round } from './chart.ts'
import { type Content, html, type Markup } from './markup.ts'
import { badge, section, table } from './parts.ts'

/** Where every planned arrival went, drawn and counted; then what became of iterations and requests. */
export function ledgerSection(document: ResultDocument): Markup {
  const { ledger, iterations, requests, phases } = document
  const { planned, started, skipped, lost, unstarted } = ledger
  const steering = steeringText(document)
  return section({
    id: 'ledger',
    title: 'Ledger',
    intro: html`<span class="equation">${count(planned)} planned = ${count(started)} started + ${count(skipped)} skipped + ${count(lost)} lost + ${count(unstarted)} unstarted</span> ${badge(ledger.balanced ? 'pass' : 'fail', ledger.balanced ? 'balanced' : 'does not balance')}`,
    content: html`${drawn(ledger)}
${table({
  caption: 'Arrivals and iterations by phase',
  columns: [
    { head: 'Phase' },
    { head: 'Loop' },
    ...['Planned', 'Started', 'Skipped, in flight', 'Skipped, late', 'Lost', 'Unstarted'].map((head) => ({
      head,
      numeric: true,
      group: 'Arrivals',
    })),
    ...['Completed', 'Failed', 'Interrupted'].map((head) => ({ head, numeric: true, group: 'Iterations' })),
  ],
  rows: [
    ...phases.map((phase) => [
      html`${phase.name}${phase.recorded ? null : html` <span class="note">not recorded</span>`}`,
      phase.kind,
      ...arrivalCells(phase.ledger, phase.kind === 'closed'),
      ...[phase.iterations.completed, phase.iterations.failed, phase.iterations.interrupted].map(count),
    ]),
    [
      'All phases',
      '',
      ...arrivalCells(ledger, false),
      ...[iterations.completed, iterations.failed, iterations.interrupted].map(count),
    ],
  ],
  rowClass: (row) => (row === phases.length ? 'sum' : ''),
})}
<p class="account">${requestSentence(requests)}</p>
${steering === null ? null : html`<p class="account">Steered: ${steering}</p>`}
${gaps(document)}`,
  })
}

/** Closed phases have no plan: what was started was planned. */
function arrivalCells(
  { planned, started, skippedBy, lost, unstarted }: Ledger,
  closed: boolean,
): readonly Content[] {
  const cells = [planned, started, skippedBy.in_flight, skippedBy.late, lost, unstarted]
  return cells.map((value, index) => (closed && index !== 1 ? none : count(value)))
}

const parts = [
  ['started', 'started'],
  ['skipped, in flight', 'waiting'],
  ['skipped, late', 'late'],
  ['lost', 'lost'],
  ['unstarted', 'unstarted'],
] as const

/** A stacked bar; what is something is never drawn as nothing. */
function drawn(ledger: Ledger): Markup | null {
  if (ledger.planned === 0) return null
  const values = [
    ledger.started,
    ledger.skippedBy.in_flight,
    ledger.skippedBy.late,
    ledger.lost,
    ledger.unstarted,
  ]
  const length = 1040
  const least = 6
  const widths = values.map((value) => (value === 0 ? 0 : Math.max(least, (value / ledger.planned) * length)))
  const excess = widths.reduce((sum, width) => sum + width, 0) - length
  const widest = widths.indexOf(widths.reduce((a, b) => Math.max(a, b), 0))
  let x = 0
  const pieces = parts.map(([, cls], index) => {
    const width = (widths[index] ?? 0) - (index === widest ? Math.max(0, excess) : 0)
    const from = x
    x += width
    return width <= 0
      ? null
      : html`<rect class="ledger-${cls}" x="${round(from)}" y="0" width="${round(width - 1)}" height="26"/>`
  })
  const shown = parts
    .map(([label, cls], index) => ({ label, cls, value: values[index] ?? 0 }))
    .filter(({ value, cls }) => value > 0 || cls === 'started')
  return html`<figure class="ledger-bar">
<svg viewBox="0 0 ${length} 26" preserveAspectRatio="none" role="img" aria-label="${shown.map(({ label, value }) => `${label}: ${count(value)}`).join(', ')}"><defs><pattern id="hatch" width="7" height="7" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect class="hatch-ground" width="7" height="7"/><rect class="hatch-line" width="3" height="7"/></pattern></defs>${pieces}</svg>
<figcaption><ul class="legend">${shown.map(
    ({ label, cls, value }) =>
      html`<li><svg viewBox="0 0 22 12" aria-hidden="true" focusable="false"><rect class="ledger-${cls}" width="22" height="12" rx="2"/></svg>${label} · ${count(value)} (${percent(value / ledger.planned)})</li>`,
  )}</ul></figcaption>
</figure>`
}

function requestSentence(requests: ResultDocument['requests']): Content {
  const { attempted, ok, failed, interrupted, sent, overrun, other, unknown } = requests
  const others = other.setup + other.teardown + other.auth
  const details = [
    others > 0 ? `${count(others)} of them for set-up, teardown and sign-in` : null,
    overrun > 0 ? `${count(overrun)} by workers that no longer owned them` : null,
  ].filter((detail) => detail !== null)
  return html`Requests: ${count(attempted)} attempted = ${count(ok)} good + ${count(failed)} failed + ${count(interrupted)} interrupted. ${count(sent)} were written to the target${details.length === 0 ? '' : `, ${details.join(', ')}`}.${
    unknown.max === 0
      ? null
      : ` Dead workers may have sent ${unknown.max === null ? 'any number' : `up to ${count(unknown.max)}`} more.`
  }`
}

function gaps({ phases }: ResultDocument): readonly Markup[] {
  const moved = phases
    .filter((phase) => phase.movedUsers > 0)
    .map(
      (phase) =>
        html`<p class="account">In <b>${phase.name}</b>, ${plural(phase.movedUsers, 'user')} began anew on another worker or thread when shares changed.</p>`,
    )
  const stoodStill = phases
    .filter((phase) => phase.gapUserSeconds > 0)
    .map(
      (phase) =>
        html`<p class="account">In <b>${phase.name}</b>, the users of dead workers stood still for ${count(Math.round(phase.gapUserSeconds))} user-seconds.</p>`,
    )
  return [...stoodStill, ...moved]
}
