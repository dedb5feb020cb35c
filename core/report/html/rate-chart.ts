import { clock, count, none, perSecond } from '../number-format.ts'
import type { ResultDocument } from '../result.ts'
import { chart, linePath, plot, pointerOf, recordedRows, rowMiddles, timeFrame, yAxis } from './chart.ts'
import { html, type Markup } from './markup.ts'
import { table } from './parts.ts'
import { linearScale } from './scale.ts'

/** Iterations: what was planned in open phases against what was completed, by the second of completion. */
export function rateChart(document: ResultDocument): Markup {
  const { timeline } = document
  const { plannedRate, closed } = timeline
  const frame = timeFrame(document, 200)
  const openRate = timeline.loop === 'open' ? timeline.loopIterationRate : null
  const closedRate =
    timeline.loop === 'closed'
      ? timeline.loopIterationRate
      : closed === null
        ? null
        : timeline.iterationRate.map((rate, row) => rate - (timeline.loopIterationRate[row] ?? 0))
  const highest = [...plannedRate, ...(openRate ?? []), ...(closedRate ?? [])].reduce<number>(
    (high, rate) => Math.max(high, rate ?? 0),
    0,
  )
  const y = linearScale(highest, { from: frame.bottom, to: frame.top })
  const xs = rowMiddles(document, frame)
  const dash = ((plot.right - plot.left) * frame.stepS) / frame.lengthS
  const line = (rates: readonly (number | null)[], loop: 'open' | 'closed') => {
    const recorded = recordedRows(document, loop)
    return linePath(
      xs.map((x, row) => {
        const rate = recorded[row] || (rates[row] ?? 0) > 0 ? (rates[row] ?? null) : null
        return rate === null ? null : [x, y.at(rate)]
      }),
      dash,
    )
  }
  const hasPlan = plannedRate.some((rate) => rate !== null)
  return chart({
    id: 'rate-chart',
    title: hasPlan ? 'Planned and actual rate' : 'Rate',
    description: describe(document),
    legend: [
      ...(hasPlan ? [{ swatch: 'line-planned', kind: 'line', label: 'planned arrivals' } as const] : []),
      ...(openRate === null
        ? []
        : [{ swatch: 'curve open', kind: 'line', label: 'completed iterations' } as const]),
      ...(closedRate === null
        ? []
        : [{ swatch: 'curve closed', kind: 'line', label: 'completed iterations, closed phases' } as const]),
    ],
    height: frame.height,
    svg: html`${frame.back}${yAxis(y, perSecond, 'iterations per second', frame.top)}
${openRate === null ? null : html`<path class="curve open" d="${line(openRate, 'open')}"/>`}
${closedRate === null ? null : html`<path class="curve closed" d="${line(closedRate, 'closed')}"/>`}
${hasPlan ? html`<path class="line-planned" d="${line(plannedRate, 'open')}"/>` : null}`,
    pointer: pointerOf(document, frame),
    data: table({
      caption: 'Rates per second',
      quiet: true,
      columns: [
        { head: 'Time' },
        { head: 'planned arrivals (/s)', numeric: true },
        { head: 'iterations (/s)', numeric: true },
        { head: 'requests (/s)', numeric: true },
      ],
      rows: timeline.atS.map((at, row) => {
        const planned = plannedRate[row] ?? null
        return [
          clock(at),
          planned === null ? none : perSecond(planned),
          perSecond(timeline.iterationRate[row] ?? 0),
          perSecond(timeline.requestRate[row] ?? 0),
        ]
      }),
    }),
  })
}

function describe({ ledger, iterations }: ResultDocument): string {
  return `${count(ledger.planned)} iterations were planned, ${count(ledger.started)} started, ${count(iterations.completed + iterations.failed)} ended.`
}
