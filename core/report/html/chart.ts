import { clock } from '../number-format.ts'
import type { ResultDocument } from '../result.ts'
import { html, type Markup } from './markup.ts'
import { type Scale, timeScale } from './scale.ts'

/** Pixels of the drawing; it grows and shrinks with the page. */
export const width = 1040
export const plot = { left: 64, right: 1024, bottom: 36 } as const
const phaseRowHeight = 18

export interface LegendEntry {
  /** Class of the swatch: the same as of what it stands for. */
  readonly swatch: string
  readonly kind: 'area' | 'line'
  readonly label: string
}

export interface ChartParts {
  readonly id: string
  readonly title: string
  /** What the picture shows, for those who do not see it. */
  readonly description: string
  readonly legend: readonly LegendEntry[]
  readonly svg: Markup
  readonly height: number
  /** The numbers behind the picture. */
  readonly data: Markup
  /** Rows of `data` along the x axis, for the pointer. */
  readonly pointer?: { readonly rows: number; readonly span: number }
}

export function chart({ id, title, description, legend, svg, height, data, pointer }: ChartParts): Markup {
  const attributes =
    pointer === undefined
      ? null
      : html` data-left="${plot.left}" data-right="${round(plot.left + (plot.right - plot.left) * pointer.span)}" data-rows="${pointer.rows}"`
  return html`
<figure class="chart" id="${id}"${attributes}>
<figcaption><h3>${title}</h3>${legendOf(legend)}</figcaption>
<div class="scroll drawing" role="group" tabindex="0" aria-label="${title}">
<svg viewBox="0 0 ${width} ${height}" role="img" aria-labelledby="${id}-title ${id}-text">
<title id="${id}-title">${title}</title><desc id="${id}-text">${description}</desc>
${svg}
</svg>
</div>
<details class="data"><summary>${title}: data</summary>${data}</details>
</figure>`
}

function legendOf(entries: readonly LegendEntry[]): Markup | null {
  if (entries.length === 0) return null
  return html`<ul class="legend">${entries.map(
    ({ swatch, kind, label }) =>
      html`<li><svg viewBox="0 0 22 12" aria-hidden="true" focusable="false">${
        kind === 'area'
          ? html`<rect class="${swatch}" width="22" height="12" rx="2"/>`
          : html`<path class="${swatch}" d="M0 6H22"/>`
      }</svg>${label}</li>`,
  )}</ul>`
}

/** A vertical axis: grid lines with their values, and what they are of. */
export function yAxis(scale: Scale, format: (value: number) => string, label: string, top: number): Markup {
  return html`<g class="axis">${scale.ticks.map((tick) => {
    const y = round(scale.at(tick))
    return html`<path class="grid" d="M${plot.left} ${y}H${plot.right}"/><text x="${plot.left - 8}" y="${y + 4}" class="end">${format(tick)}</text>`
  })}<text class="label" x="4" y="${top - 11}">${label}</text></g>`
}

export interface TimeFrame {
  readonly x: Scale
  readonly lengthS: number
  readonly stepS: number
  /** Pixels between which the y axis runs. */
  readonly top: number
  readonly bottom: number
  readonly height: number
  /** Axis, phases, and what happened to the roster. Stands behind the data. */
  readonly back: Markup
}

/** A time axis with the phases marked on it: all charts over time share it. */
export function timeFrame(document: ResultDocument, plotHeight: number): TimeFrame {
  const { stepS, atS } = document.timeline
  const ran = (Date.parse(document.endedAt) - Date.parse(document.startedAt)) / 1000
  const lengthS = Math.max(stepS, Math.min((atS.at(-1) ?? 0) + stepS, Math.max(ran, atS.at(-1) ?? 0)))
  const x = timeScale(lengthS, { from: plot.left, to: plot.right })
  const rows = phaseRows(document.phases)
  const top = 30 + phaseRowHeight * (1 + Math.max(0, ...rows))
  const bottom = top + plotHeight
  const back = html`${phaseMarks(document, x, rows, { top, bottom, lengthS })}
<g class="axis">${x.ticks.map((tick) => {
    const at = round(x.at(tick))
    return html`<path class="tick" d="M${at} ${bottom}v5"/><text x="${at}" y="${bottom + 20}" class="middle">${clock(tick)}</text>`
  })}</g>${epochMarks(document, x, top, bottom)}`
  return { x, lengthS, stepS, top, bottom, height: bottom + plot.bottom, back }
}

/** Phases that run side by side get a row each. */
function phaseRows(phases: ResultDocument['phases']): readonly number[] {
  const until: number[] = []
  return phases.map(({ offsetMs, durationMs }) => {
    const free = until.findIndex((end) => end <= offsetMs)
    const row = free === -1 ? until.length : free
    until[row] = offsetMs + durationMs
    return row
  })
}

function phaseMarks(
  { phases }: ResultDocument,
  x: Scale,
  rows: readonly number[],
  { top, bottom, lengthS }: { readonly top: number; readonly bottom: number; readonly lengthS: number },
): readonly (Markup | null)[] {
  const lastEndS = phases.reduce((end, phase) => Math.max(end, (phase.offsetMs + phase.durationMs) / 1000), 0)
  const marks = phases.map((phase, index) => {
    const from = round(x.at(phase.offsetMs / 1000))
    const to = round(x.at((phase.offsetMs + phase.durationMs) / 1000))
    const y = phaseRowHeight * (rows[index] ?? 0)
    const name = phase.recorded ? phase.name : `${phase.name} (not recorded)`
    return html`<g class="phase"><title>${name}</title>${
      phase.recorded ? null : shade(from, to, top, bottom)
    }<path class="edge" d="M${from} ${y}V${bottom}"/><rect class="name" x="${from}" y="${y}" width="${Math.max(1, round(to - from - 2))}" height="15" rx="3"/><text x="${from + 6}" y="${y + 11.5}">${labelFor([name, phase.name], to - from)}</text></g>`
  })
  const [from, to] = [round(x.at(lastEndS)), round(x.at(lengthS))]
  const drain =
    to - from < 3
      ? null
      : html`<g class="phase"><title>drain</title>${shade(from, to, top, bottom)}<text x="${from + 6}" y="11.5">${labelFor(['drain'], to - from)}</text></g>`
  return [...marks, drain]
}

function shade(from: number, to: number, top: number, bottom: number): Markup {
  return html`<rect class="shade" x="${from}" y="${top}" width="${Math.max(0, round(to - from))}" height="${round(bottom - top)}"/>`
}

/** The first that fits, or the last one cut short. */
function labelFor(names: readonly string[], pixels: number): string {
  const room = Math.floor((pixels - 10) / 6.4)
  const shortest = names.at(-1) ?? ''
  return names.find((name) => name.length <= room) ?? (room >= 4 ? `${shortest.slice(0, room - 1)}…` : '')
}

function epochMarks(document: ResultDocument, x: Scale, top: number, bottom: number): readonly Markup[] {
  const start = Date.parse(document.startedAt)
  return document.epochs
    .filter((epoch) => epoch.number > 1)
    .map((epoch) => {
      const at = round(x.at((Date.parse(epoch.at) - start) / 1000))
      return html`<g class="epoch"><path d="M${at} ${top}V${bottom}"/><text x="${at + 4}" y="${top + 11}">${epoch.cause === 'steer' ? `× ${epoch.rateFactor ?? 1}` : epoch.cause}</text></g>`
    })
}

/** SVG path through the points; null breaks the line, and a point alone becomes a short dash of `dash` pixels. */
export function linePath(points: readonly (readonly [number, number] | null)[], dash: number): string {
  let path = ''
  for (const [index, point] of points.entries()) {
    if (point === null) continue
    const [x, y] = point
    const begins = index === 0 || points[index - 1] === null
    const ends = index === points.length - 1 || points[index + 1] === null
    if (begins && ends) path += `M${round(x - dash / 2)} ${round(y)}H${round(x + dash / 2)}`
    else path += `${begins ? 'M' : 'L'}${round(x)} ${round(y)}`
  }
  return path
}

/** The area between two lines over the same x; stretches apart become areas apart. */
export function bandPath(
  points: readonly (readonly [x: number, low: number, high: number] | null)[],
  dash: number,
): string {
  let path = ''
  let stretch: (readonly [number, number, number])[] = []
  const close = () => {
    const [only] = stretch
    if (stretch.length === 1 && only !== undefined) {
      const [x, low, high] = only
      stretch = [
        [x - dash / 2, low, high],
        [x + dash / 2, low, high],
      ]
    }
    if (stretch.length > 0) {
      const up = stretch.map(([x, , high]) => `${round(x)} ${round(high)}`)
      const down = stretch.toReversed().map(([x, low]) => `${round(x)} ${round(low)}`)
      path += `M${up.join('L')}L${down.join('L')}Z`
    }
    stretch = []
  }
  for (const point of points) {
    if (point === null) close()
    else stretch.push(point)
  }
  close()
  return path
}

export function round(pixels: number): number {
  return Math.round(pixels * 10) / 10
}

/**
 * Middle of each row of the timeline, in pixels; the last one ends with the run. Null for a last row that the run hardly touched: what ended in it is
 * in the data, but a line to a few stragglers would say too much.
 */
export function rowMiddles(
  document: ResultDocument,
  { x, stepS, lengthS }: TimeFrame,
): readonly (number | null)[] {
  return document.timeline.atS.map((at) =>
    lengthS - at < stepS / 4 ? null : (x.at(at) + x.at(Math.min(at + stepS, lengthS))) / 2,
  )
}

/** Rows of the timeline along the axis; the last may be cut short by the run's end. */
export function pointerOf(
  document: ResultDocument,
  { stepS, lengthS }: TimeFrame,
): { readonly rows: number; readonly span: number } {
  const rows = document.timeline.atS.length
  return { rows, span: (rows * stepS) / lengthS }
}

/** Rows that a recorded phase of this loop touches: where nothing was measured, a line at zero would say too much. */
export function recordedRows(document: ResultDocument, loop: 'open' | 'closed'): readonly boolean[] {
  const { atS, stepS } = document.timeline
  const recorded = document.phases.filter((phase) => phase.recorded && phase.kind === loop)
  return atS.map((at) =>
    recorded.some(
      ({ offsetMs, durationMs }) => offsetMs < (at + stepS) * 1000 && offsetMs + durationMs > at * 1000,
    ),
  )
}
