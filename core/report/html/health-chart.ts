import { clock, milliseconds, percent, time } from '../number-format.ts'
import type { ResultDocument } from '../result.ts'
import { chart, linePath, plot, pointerOf, round, rowMiddles, timeFrame, yAxis } from './chart.ts'
import { html, type Markup } from './markup.ts'
import { table } from './parts.ts'
import { linearScale, type Scale } from './scale.ts'

interface Line {
  readonly id: string
  readonly title: string
  readonly label: string
  readonly values: readonly (number | null)[]
  /** A dashed line at what is tolerated; null: there is none. */
  readonly limit: { readonly at: number; readonly label: string } | null
  readonly format: (value: number) => string
  readonly head: string
  readonly cell: (value: number | null) => string
}

/** What the generator itself was like: how late it sent, and how busy its busiest thread was. */
export function healthCharts(document: ResultDocument): readonly Markup[] {
  const late = document.validity.find((rule) => rule.rule === 'generator-late')
  return [
    lineChart(document, {
      id: 'pacer-chart',
      title: 'Pacer lag, 99th percentile of the cluster',
      label: 'pacer lag',
      values: document.timeline.pacerLagP99,
      limit:
        late === undefined || late.limit === null
          ? null
          : { at: late.limit, label: `limit ${time(late.limit)}` },
      format: time,
      head: 'pacer lag p99 (ms)',
      cell: milliseconds,
    }),
    lineChart(document, {
      id: 'cpu-chart',
      title: 'CPU of the busiest thread',
      label: 'of one core',
      values: document.timeline.cpuMax,
      limit: { at: 0.8, label: '80 %' },
      format: percent,
      head: 'CPU of the busiest thread',
      cell: percent,
    }),
  ]
}

function lineChart(document: ResultDocument, line: Line): Markup {
  const frame = timeFrame(document, 110)
  const known = line.values.filter((value) => value !== null)
  const highest = known.reduce((high, value) => Math.max(high, value), 0)
  const top = line.limit === null ? highest : Math.max(highest, line.limit.at * 1.15)
  const y = linearScale(top, { from: frame.bottom, to: frame.top }, 3)
  const xs = rowMiddles(document, frame)
  const path = linePath(
    xs.map((x, row) => {
      const value = line.values[row] ?? null
      return x === null || value === null ? null : [x, y.at(value)]
    }),
    ((plot.right - plot.left) * frame.stepS) / frame.lengthS,
  )
  return chart({
    id: line.id,
    title: line.title,
    description: `At most ${line.cell(known.length === 0 ? null : highest)}.`,
    legend: [],
    height: frame.height,
    svg: html`${frame.back}${yAxis(y, line.format, line.label, frame.top)}<path class="curve open" d="${path}"/>${limitOf(line, y)}`,
    pointer: pointerOf(document, frame),
    data: table({
      caption: line.title,
      quiet: true,
      columns: [{ head: 'Time' }, { head: line.head, numeric: true }],
      rows: document.timeline.atS.map((at, row) => [clock(at), line.cell(line.values[row] ?? null)]),
    }),
  })
}

function limitOf({ limit }: Line, y: Scale): Markup | null {
  if (limit === null) return null
  const at = round(y.at(limit.at))
  return html`<path class="line-limit" d="M${plot.left} ${at}H${plot.right}"/><text class="limit" x="${plot.right - 4}" y="${at - 4}">${limit.label}</text>`
}
