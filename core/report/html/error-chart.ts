import { clock, count, perSecond } from '../number-format.ts'
import type { ResultDocument } from '../result.ts'
import { chart, pointerOf, round, timeFrame, yAxis } from './chart.ts'
import { html, type Markup } from './markup.ts'
import { table } from './parts.ts'
import { linearScale } from './scale.ts'

/** Kinds that get a colour of their own; the rest are drawn as one. */
const mostKinds = 5
const rest = 'other kinds'

/** Failed requests by kind, stacked, by the second in which they ended. */
export function errorChart(document: ResultDocument): Markup {
  const { timeline } = document
  const kinds = drawnKinds(document)
  const frame = timeFrame(document, 170)
  const sums = timeline.atS.map((_, row) => kinds.reduce((sum, kind) => sum + (kind.rates[row] ?? 0), 0))
  const highest = sums.reduce((high, sum) => Math.max(high, sum), 0)
  const y = linearScale(highest, { from: frame.bottom, to: frame.top }, 4)
  const bars = timeline.atS.map((at, row) => {
    const from = frame.x.at(at)
    const to = frame.x.at(Math.min(at + timeline.stepS, frame.lengthS))
    let below = 0
    return kinds.map(({ rates }, kind) => {
      const rate = rates[row] ?? 0
      if (rate === 0) return null
      const [low, high] = [y.at(below), y.at(below + rate)]
      below += rate
      return html`<rect class="kind${kind}" x="${round(from + 0.3)}" y="${round(high)}" width="${Math.max(1, round(to - from - 0.6))}" height="${Math.max(0.5, round(low - high))}"/>`
    })
  })
  return chart({
    id: 'error-chart',
    title: 'Failed requests over time',
    description: kinds.map(({ name, total }) => `${name}: ${count(total)}`).join('; '),
    legend: kinds.map(({ name, total }, kind) => ({
      swatch: `kind${kind}`,
      kind: 'area',
      label: `${name} · ${count(total)}`,
    })),
    height: frame.height,
    svg: html`${frame.back}${yAxis(y, perSecond, 'failed requests per second', frame.top)}${bars}`,
    pointer: pointerOf(document, frame),
    data: table({
      caption: 'Failed requests per second, by kind',
      quiet: true,
      columns: [{ head: 'Time' }, ...kinds.map(({ name }) => ({ head: `${name} (/s)`, numeric: true }))],
      rows: timeline.atS.map((at, row) => [
        clock(at),
        ...kinds.map(({ rates }) => perSecond(rates[row] ?? 0)),
      ]),
    }),
  })
}

interface Kind {
  readonly name: string
  /** In recorded phases. */
  readonly total: number
  readonly rates: readonly number[]
}

/** The most frequent first. */
function drawnKinds(document: ResultDocument): readonly Kind[] {
  const totals = recordedErrors(document)
  const kinds = Object.entries(document.timeline.errors)
    .map(([name, rates]): Kind => ({ name, total: totals[name] ?? 0, rates }))
    .toSorted((a, b) => b.total - a.total)
  if (kinds.length <= mostKinds + 1) return kinds
  const others = kinds.slice(mostKinds)
  return [
    ...kinds.slice(0, mostKinds),
    {
      name: rest,
      total: others.reduce((sum, kind) => sum + kind.total, 0),
      rates: document.timeline.atS.map((_, row) =>
        others.reduce((sum, kind) => sum + (kind.rates[row] ?? 0), 0),
      ),
    },
  ]
}

/** Failed requests of recorded phases by kind. */
export function recordedErrors({ metrics }: ResultDocument): Readonly<Record<string, number>> {
  const totals: Record<string, number> = {}
  for (const row of metrics) {
    if (row.scope !== 'total') continue
    for (const [name, times] of Object.entries(row.errorsBy)) totals[name] = (totals[name] ?? 0) + times
  }
  return totals
}
