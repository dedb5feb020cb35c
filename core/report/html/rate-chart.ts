import { clock, count, none, perSecond } from '../number-format.ts'
import type { ResultDocument, Timeline } from '../result.ts'
import { chart, linePath, plot, pointerOf, recordedRows, rowMiddles, timeFrame, yAxis } from './chart.ts'
import { html, type Markup } from './markup.ts'
import { table } from './parts.ts'
import { linearScale } from './scale.ts'

/** Iterations: what was planned in open phases against what was completed, by the second of completion. One chart a loop. */
export function rateCharts(document: ResultDocument): readonly Markup[] {
  const { timeline } = document
  const both = timeline.closed !== null
  const first = rateChart(document, timeline.loop, timeline.loopIterationRate, both)
  return both ? [first, rateChart(document, 'closed', closedRates(timeline), both)] : [first]
}

/** `loopIterationRate` is of the open phases where there are both. */
function closedRates({ iterationRate, loopIterationRate }: Timeline): readonly number[] {
  return iterationRate.map((rate, row) => rate - (loopIterationRate[row] ?? 0))
}

function rateChart(
  document: ResultDocument,
  loop: Timeline['loop'],
  rates: readonly number[],
  apart: boolean,
): Markup {
  const { timeline } = document
  const open = loop === 'open'
  const frame = timeFrame(document, 200)
  const recorded = recordedRows(document, loop)
  const shown = rates.map((rate, row) => (recorded[row] ? rate : null))
  const planned = timeline.plannedRate.map((rate) => (open ? rate : null))
  const highest = [...shown, ...planned].reduce<number>((high, rate) => Math.max(high, rate ?? 0), 0)
  const y = linearScale(highest, { from: frame.bottom, to: frame.top })
  const xs = rowMiddles(document, frame)
  const line = (of: readonly (number | null)[]) =>
    linePath(
      xs.map((x, row) => {
        const rate = of[row] ?? null
        return x === null || rate === null ? null : [x, y.at(rate)]
      }),
      ((plot.right - plot.left) * frame.stepS) / frame.lengthS,
    )
  const title = `${open ? 'Planned and actual rate' : 'Rate'}${apart ? `, ${loop} phases` : ''}`
  return chart({
    id: `rate-${loop}`,
    title,
    description: describe(document),
    legend: [
      ...(open ? [{ swatch: 'line-planned', kind: 'line', label: 'planned arrivals' } as const] : []),
      { swatch: `curve ${loop}`, kind: 'line', label: 'completed iterations' },
    ],
    height: frame.height,
    svg: html`${frame.back}${yAxis(y, perSecond, 'iterations per second', frame.top)}
<path class="curve ${loop}" d="${line(shown)}"/>${open ? html`<path class="line-planned" d="${line(planned)}"/>` : null}`,
    pointer: pointerOf(document, frame),
    data: table({
      caption: title,
      quiet: true,
      columns: [
        { head: 'Time' },
        ...(open ? [{ head: 'planned arrivals (/s)', numeric: true }] : []),
        { head: 'iterations (/s)', numeric: true },
        { head: `requests${apart ? ', all phases' : ''} (/s)`, numeric: true },
      ],
      rows: timeline.atS.map((at, row) => {
        const due = planned[row] ?? null
        return [
          clock(at),
          ...(open ? [due === null ? none : perSecond(due)] : []),
          perSecond(rates[row] ?? 0),
          perSecond(timeline.requestRate[row] ?? 0),
        ]
      }),
    }),
  })
}

function describe({ ledger, iterations }: ResultDocument): string {
  return `${count(ledger.planned)} iterations were planned, ${count(ledger.started)} started, ${count(iterations.completed + iterations.failed)} ended.`
}
