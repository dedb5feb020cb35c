import { type Content, html, type Markup } from './markup.ts'

/** The pieces that sections are made of. */

export type Status = 'pass' | 'fail' | 'unknown'

const shapes: Readonly<Record<Status, Markup>> = {
  pass: html`<circle cx="10" cy="10" r="9"/><path d="M5.6 10.4l3 3 5.8-6.4"/>`,
  fail: html`<path class="body" d="M6.2 1h7.6L19 6.2v7.6L13.8 19H6.2L1 13.8V6.2z"/><path d="M6.6 6.6l6.8 6.8M13.4 6.6l-6.8 6.8"/>`,
  unknown: html`<path class="body" d="M4 1h12a3 3 0 0 1 3 3v12a3 3 0 0 1-3 3H4a3 3 0 0 1-3-3V4a3 3 0 0 1 3-3z"/><path d="M7.3 7.3a2.7 2.7 0 1 1 4 2.4c-.9.5-1.3 1-1.3 2M10 15v.1"/>`,
}

/** A shape of its own for each status, so that colour never says it alone. Hidden from readers: a word stands beside it. */
export function icon(status: Status): Markup {
  return html`<svg class="icon ${status}" viewBox="0 0 20 20" aria-hidden="true" focusable="false">${shapes[status]}</svg>`
}

export function badge(status: Status, word: string): Markup {
  return html`<span class="badge ${status}">${icon(status)}<span>${word}</span></span>`
}

export interface SectionParts {
  readonly id: string
  readonly title: string
  readonly intro?: Content
  readonly content: Content
}

export function section({ id, title, intro, content }: SectionParts): Markup {
  return html`
<section id="${id}" aria-labelledby="${id}-title">
<h2 id="${id}-title">${title}</h2>
${intro === undefined ? null : html`<p class="intro">${intro}</p>`}
${content}
</section>`
}

export interface Column {
  readonly head: string
  /** Numbers stand right; the text of the others reads left. */
  readonly numeric?: boolean
  /** Columns with one group share a head above theirs. */
  readonly group?: string
}

export interface TableParts {
  readonly caption: string
  /** The caption is there for those who hear the page; the heading above says the same to the others. */
  readonly quiet?: boolean
  readonly columns: readonly Column[]
  /** The first cell heads its row. */
  readonly rows: readonly (readonly Content[])[]
  readonly rowClass?: (row: number) => string
  readonly sortable?: boolean
  /** Many columns. */
  readonly dense?: boolean
}

/** Tables up to here are not cut on paper. */
const mostWholeRows = 16

export function table({ caption, quiet, columns, rows, rowClass, sortable, dense }: TableParts): Markup {
  const cls = (column: Column | undefined) => (column?.numeric ? html` class="number"` : null)
  return html`
<div class="scroll${rows.length <= mostWholeRows ? ' whole' : ''}" role="group" tabindex="0" aria-label="${caption}">
<table${dense ? html` class="dense"` : null}${sortable ? html` data-sortable` : null}>
<caption${quiet ? html` class="heard"` : null}>${caption}</caption>
<thead>${groupRow(columns)}<tr>${columns.map((column) => html`<th scope="col"${cls(column)}>${column.head}</th>`)}</tr></thead>
<tbody>${rows.map(
    (cells, row) => html`
<tr${rowClass === undefined ? null : html` class="${rowClass(row)}"`}>${cells.map((cell, at) =>
      at === 0
        ? html`<th scope="row"${cls(columns[0])}>${cell}</th>`
        : html`<td${cls(columns[at])}>${cell}</td>`,
    )}</tr>`,
  )}
</tbody>
</table>
</div>`
}

function groupRow(columns: readonly Column[]): Markup | null {
  if (columns.every((column) => column.group === undefined)) return null
  const groups: { name: string; span: number }[] = []
  for (const { group = '' } of columns) {
    const last = groups.at(-1)
    if (last !== undefined && last.name === group && group !== '') last.span++
    else groups.push({ name: group, span: 1 })
  }
  return html`<tr class="groups">${groups.map(({ name, span }) =>
    name === '' ? html`<td></td>` : html`<th scope="colgroup" colspan="${span}">${name}</th>`,
  )}</tr>`
}

export function facts(entries: readonly (readonly [string, Content])[]): Markup {
  return html`<dl class="facts">${entries.map(
    ([name, value]) => html`<div><dt>${name}</dt><dd>${value}</dd></div>`,
  )}</dl>`
}

export function list(items: readonly Content[], cls = 'sentences'): Markup | null {
  if (items.length === 0) return null
  return html`<ul class="${cls}">${items.map((item) => html`<li>${item}</li>`)}</ul>`
}
