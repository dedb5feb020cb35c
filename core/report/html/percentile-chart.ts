import { milliseconds, time } from '../number-format.ts'
import { percentileLimits } from '../objective-view.ts'
import type { ResultDocument } from '../result.ts'
import { chart, type LegendEntry, linePath, plot, round, yAxis } from './chart.ts'
import { html, type Markup } from './markup.ts'
import { table } from './parts.ts'
import { linearScale, logScale, percentileScale } from './scale.ts'

type Curve = ResultDocument['curves'][number]

const frame = { top: 34, bottom: 314, height: 366 } as const

/** Response time by percentile on an axis that gives each nine the same room. */
export function percentileChart(document: ResultDocument): Markup {
  const { curves } = document
  const limits = percentileLimits(document.objectives)
  const points = curves.flatMap((curve) => curve.points)
  const lowest = points.reduce((low, point) => Math.min(low, point.ms), Number.POSITIVE_INFINITY)
  const highest = points.reduce((high, point) => Math.max(high, point.ms), 0)
  const near = limits.map((limit) => limit.limitMs).filter((limit) => limit < 20 * highest)
  const logarithmic = points.length > 0 && highest / lowest > 25
  const range = { from: frame.bottom, to: frame.top }
  const y = logarithmic
    ? logScale(lowest, Math.max(highest, ...near), range)
    : linearScale(Math.max(highest, ...near.filter((limit) => limit < 2.5 * highest)), range)
  const samples = curves.map((curve) => samplesOf(document, curve.loop)).reduce((a, b) => Math.max(a, b), 1)
  const x = percentileScale(samples, { from: plot.left, to: plot.right })
  const highestTick = y.ticks.at(-1) ?? 0
  return chart({
    id: 'percentiles',
    title: 'Response time by percentile',
    description: describe(curves),
    legend: curves.flatMap((curve) => legendOf(curve, curves.length > 1)),
    height: frame.height,
    svg: html`<g class="axis">${x.ticks.map((tick) => {
      const at = round(x.at(tick))
      return html`<path class="grid" d="M${at} ${frame.top}V${frame.bottom}"/><text x="${at}" y="${frame.bottom + 20}" class="middle">${tick} %</text>`
    })}<text class="label" x="${plot.right}" y="${frame.bottom + 42}" text-anchor="end">share of requests that were at least so fast</text></g>
${yAxis(y, time, logarithmic ? 'response time, logarithmic' : 'response time', frame.top)}
${curves.map((curve) => {
  const line = (of: (point: Curve['points'][number]) => number | null) =>
    linePath(
      curve.points.map((point) => {
        const value = of(point)
        return value === null ? null : [x.at(point.percentile), y.at(value)]
      }),
      4,
    )
  const goodDiffers = curve.points.some((point) => point.okMs !== point.ms)
  return html`${goodDiffers ? html`<path class="curve-ok ${curve.loop}" d="${line((point) => point.okMs)}"/>` : null}<path class="curve ${curve.loop}" d="${line((point) => point.ms)}"/>`
})}
${limits
  .filter((limit) => limit.limitMs <= highestTick)
  .map(({ percentile, limitMs, label }) => {
    const [atX, atY] = [round(x.at(percentile)), round(y.at(limitMs))]
    return html`<g class="gate"><path d="M${atX - 26} ${atY}H${atX + 26}M${atX} ${atY - 6}v12"/><text x="${atX}" y="${atY - 9}" class="middle">${label}</text></g>`
  })}`,
    data: table({
      caption: 'Response time by percentile',
      quiet: true,
      columns: [
        { head: 'Percentile' },
        ...curves.flatMap(({ loop }) => [
          { head: `all${curves.length > 1 ? `, ${loop}` : ''} (ms)`, numeric: true },
          { head: `good${curves.length > 1 ? `, ${loop}` : ''} (ms)`, numeric: true },
        ]),
      ],
      rows: longest(curves).map(({ percentile }) => [
        `${Number(percentile.toPrecision(6))} %`,
        ...curves.flatMap((curve) => {
          const point = curve.points.find((one) => one.percentile === percentile)
          return [milliseconds(point?.ms ?? null), milliseconds(point?.okMs ?? null)]
        }),
      ]),
    }),
  })
}

function legendOf({ loop, points }: Curve, apart: boolean): readonly LegendEntry[] {
  const who = apart ? `, ${loop} phases` : ''
  const all: LegendEntry = { swatch: `curve ${loop}`, kind: 'line', label: `all responses${who}` }
  if (points.every((point) => point.okMs === point.ms)) return [all]
  return [all, { swatch: `curve-ok ${loop}`, kind: 'line', label: `good responses${who}` }]
}

function samplesOf(document: ResultDocument, loop: Curve['loop']): number {
  return document.metrics.find((row) => row.scope === 'total' && row.loop === loop)?.count ?? 1
}

function longest(curves: readonly Curve[]): Curve['points'] {
  return curves.reduce<Curve['points']>(
    (most, { points }) => (points.length > most.length ? points : most),
    [],
  )
}

function describe(curves: readonly Curve[]): string {
  if (curves.length === 0) return 'No request was measured.'
  return curves
    .map(({ loop, points }) => {
      const at = (p: number) => time(points.find((point) => point.percentile >= p)?.ms ?? null)
      return `${loop} phases: ${at(50)} at 50 percent, ${at(90)} at 90, ${at(99)} at 99, ${at(100)} at most.`
    })
    .join(' ')
}
