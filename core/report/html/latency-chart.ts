import { clock, milliseconds, time } from '../number-format.ts'
import { type PercentileLimit, percentileLimits } from '../objective-view.ts'
import type { LatencyBands, ResultDocument } from '../result.ts'
import {
  bandPath,
  chart,
  linePath,
  plot,
  pointerOf,
  round,
  rowMiddles,
  type TimeFrame,
  timeFrame,
  yAxis,
} from './chart.ts'
import { html, type Markup } from './markup.ts'
import { table } from './parts.ts'
import { linearScale, logScale, type Scale } from './scale.ts'

const bands = [
  ['p95', 'p99', 'band4'],
  ['p90', 'p95', 'band3'],
  ['p75', 'p90', 'band2'],
  ['p50', 'p75', 'band1'],
] as const satisfies readonly (readonly [keyof LatencyBands, keyof LatencyBands, string])[]

/** Response time over time: percentiles as bands, the slowest request of each interval above them. One chart a loop. */
export function latencyCharts(document: ResultDocument): readonly Markup[] {
  const { timeline } = document
  const first = latencyChart(document, timeline, timeline.loop, timeline.closed !== null)
  return timeline.closed === null ? [first] : [first, latencyChart(document, timeline.closed, 'closed', true)]
}

function latencyChart(document: ResultDocument, columns: LatencyBands, loop: string, apart: boolean): Markup {
  const frame = timeFrame(document, 280)
  const limits = percentileLimits(document.objectives)
  const { scale: y, logarithmic } = latencyScale(columns, limits, frame)
  const title = `Response time over time${apart ? `, ${loop} phases` : ''}`
  const xs = rowMiddles(document, frame)
  const dash = Math.max(3, ((plot.right - plot.left) * frame.stepS) / frame.lengthS)
  const line = (of: keyof LatencyBands) =>
    linePath(
      xs.map((x, row) => {
        const value = columns[of][row] ?? null
        return x === null || value === null ? null : [x, y.at(value)]
      }),
      dash,
    )
  const area = (low: keyof LatencyBands, high: keyof LatencyBands) =>
    bandPath(
      xs.map((x, row) => {
        const [from, to] = [columns[low][row] ?? null, columns[high][row] ?? null]
        return x === null || from === null || to === null ? null : [x, y.at(from), y.at(to)]
      }),
      dash,
    )
  return chart({
    id: `latency-${loop}`,
    title,
    description: describe(columns),
    legend: [
      { swatch: 'line-p50', kind: 'line', label: 'p50' },
      { swatch: 'band1', kind: 'area', label: 'p50–p75' },
      { swatch: 'band2', kind: 'area', label: 'p75–p90' },
      { swatch: 'band3', kind: 'area', label: 'p90–p95' },
      { swatch: 'band4', kind: 'area', label: 'p95–p99' },
      { swatch: 'line-max', kind: 'line', label: 'slowest' },
      ...(limits.length > 0 ? [{ swatch: 'line-limit', kind: 'line', label: 'limit' } as const] : []),
    ],
    height: frame.height,
    svg: html`${frame.back}${yAxis(y, time, logarithmic ? 'response time, logarithmic' : 'response time', frame.top)}
${bands.map(([low, high, cls]) => html`<path class="${cls}" d="${area(low, high)}"/>`)}
<path class="line-max" d="${line('max')}"/><path class="line-p50" d="${line('p50')}"/>
${limitLines(limits, y)}`,
    pointer: pointerOf(document, frame),
    data: table({
      caption: title,
      quiet: true,
      columns: [
        { head: 'Time' },
        ...['p50', 'p75', 'p90', 'p95', 'p99', 'max'].map((head) => ({
          head: `${head} (ms)`,
          numeric: true,
        })),
      ],
      rows: document.timeline.atS.map((at, row) => [
        clock(at),
        ...(['p50', 'p75', 'p90', 'p95', 'p99', 'max'] as const).map((of) =>
          milliseconds(columns[of][row] ?? null),
        ),
      ]),
    }),
  })
}

/** Logarithmic where the slowest would press everything else flat. */
function latencyScale(
  columns: LatencyBands,
  limits: readonly PercentileLimit[],
  { top, bottom }: TimeFrame,
): { readonly scale: Scale; readonly logarithmic: boolean } {
  const lows = columns.p50.filter((value) => value !== null)
  const highs = columns.max.filter((value) => value !== null)
  const lowest = lows.reduce((low, value) => Math.min(low, value), Number.POSITIVE_INFINITY)
  const highest = highs.reduce((high, value) => Math.max(high, value), 0)
  const range = { from: bottom, to: top }
  const within = limits.map((limit) => limit.limitMs).filter((limit) => limit < 20 * highest)
  if (lows.length > 0 && lowest > 0 && highest / lowest > 25) {
    return { scale: logScale(lowest, Math.max(highest, ...within), range), logarithmic: true }
  }
  const near = within.filter((limit) => limit < 2.5 * highest)
  return { scale: linearScale(Math.max(highest, ...near), range), logarithmic: false }
}

function limitLines(limits: readonly PercentileLimit[], y: Scale): readonly Markup[] {
  const highest = y.ticks.at(-1) ?? 0
  return limits
    .filter((limit) => limit.limitMs <= highest)
    .map(({ limitMs, label }) => {
      const at = round(y.at(limitMs))
      return html`<path class="line-limit" d="M${plot.left} ${at}H${plot.right}"/><text class="limit" x="${plot.right - 4}" y="${at - 4}">${label}</text>`
    })
}

function describe(columns: LatencyBands): string {
  const values = (of: keyof LatencyBands) => columns[of].filter((value) => value !== null)
  const [p50, p95] = [values('p50'), values('p95')]
  if (p50.length === 0) return 'No request was measured.'
  const span = (of: readonly number[]) =>
    `${time(of.reduce((a, b) => Math.min(a, b)))} and ${time(of.reduce((a, b) => Math.max(a, b)))}`
  const max = values('max').reduce((a, b) => Math.max(a, b), 0)
  return `The median was between ${span(p50)}, the 95th percentile between ${span(p95)}; the slowest request took ${time(max)}.`
}
