import type { LoadTest, OpenPhase, Phase } from '../spec/load-test.ts'
import type { RosterEntry, RunPlan } from './plan.ts'
import { type PlanDocument, planDocument } from './plan-document.ts'
import { count, duration, percent, plural, rate } from './plan-format.ts'

/** What `breakwater plan` prints. */
export function planText(test: LoadTest, plan: RunPlan, roster: readonly RosterEntry[]): string {
  const document = planDocument(test, plan, roster)
  const sections = [
    headline(document),
    phaseTable(test, document),
    shardTable(document),
    drawCurve(document.curve.rates, document, 'arrivals per second'),
    drawCurve(document.curve.users, document, 'users'),
    bounds(document),
    warnings(document),
  ]
  return `${sections.filter((section) => section !== '').join('\n\n')}\n`
}

function headline({ name, planned, peakRate, durationMs, drainMs, workers, phases }: PlanDocument): string {
  const open = phases.some((phase) => phase.kind === 'open')
  const load = open ? `${count(planned)} arrivals, up to ${rate(peakRate)}, ` : ''
  return `${name}: ${load}${duration(durationMs)} plus up to ${duration(drainMs)} of drain, ${plural(workers.length, 'worker')}`
}

function phaseTable(test: LoadTest, document: PlanDocument): string {
  const rows = document.phases.map((phase, index) => [
    phase.name,
    duration(phase.startMs),
    duration(phase.durationMs),
    loadOf(test.load[index] as Phase),
    phase.kind === 'open' ? count(phase.planned) : '–',
    phase.recorded ? '' : 'not recorded',
  ])
  return table(['phase', 'starts', 'lasts', 'load', 'arrivals', ''], ['l', 'r', 'r', 'l', 'r', 'l'], rows)
}

/** One column a worker while they fit on a line; else how far the shards are apart. */
function shardTable({ workers, phases }: PlanDocument): string {
  if (workers.length === 1) return ''
  const name = ({ name, kind }: PlanDocument['phases'][number]) =>
    kind === 'open' ? name : `${name} (users)`
  if (workers.length > 8) {
    const rows = phases.map((phase) => [
      name(phase),
      count(Math.min(...phase.shards)),
      count(Math.max(...phase.shards)),
    ])
    return table(['shards', 'smallest', 'largest'], ['l', 'r', 'r'], rows)
  }
  const total = workers.reduce((sum, worker) => sum + worker.weight, 0)
  return table(
    ['shards', ...workers.map((worker) => worker.id)],
    ['l', ...workers.map(() => 'r' as const)],
    [
      ...phases.map((phase) => [name(phase), ...phase.shards.map(count)]),
      ['share', ...workers.map((worker) => percent(worker.weight / total))],
    ],
  )
}

function loadOf(phase: Phase): string {
  if (phase.loop === 'open') return `${rateOf(phase)}${phase.arrivals === 'poisson' ? ', Poisson' : ''}`
  const { from, to, overMs } = phase.users
  const users =
    overMs === 0 || from === to
      ? plural(to, 'user')
      : `${count(from)} → ${count(to)} users over ${duration(overMs)}`
  const pace = phase.paceMs === null ? '' : `, one iteration every ${duration(phase.paceMs)}`
  return `${users}${pace}${phase.iterations === null ? '' : `, ${plural(phase.iterations, 'iteration')}`}`
}

function rateOf({ rate: shape }: OpenPhase): string {
  if (shape.kind === 'sine') {
    return `sine ${count(shape.mean)} ± ${rate(shape.amplitude)}, period ${duration(shape.periodMs)}`
  }
  const rates = shape.points.map((point) => point.perSecond)
  const lowest = rate(Math.min(...rates))
  const highest = rate(Math.max(...rates))
  switch (shape.label) {
    case 'constant':
      return highest
    case 'ramp':
      return `${rate(rates[0] ?? 0)} → ${rate(rates.at(-1) ?? 0)}`
    case 'steps':
    case 'spike':
    case 'replay':
      return `${shape.label} ${lowest} … ${highest}`
    default:
      return shape.label satisfies never
  }
}

const curveRows = 6
const eighths = ' ▁▂▃▄▅▆▇█'

/** One column a step; a cell is filled from below in eighths. Empty where there is nothing to draw. */
function drawCurve(values: readonly number[], { durationMs }: PlanDocument, title: string): string {
  const highest = Math.max(0, ...values)
  if (highest === 0) return ''
  const top = rate(highest).replace('/s', '')
  const rows = Array.from({ length: curveRows }, (_, fromTop) => {
    const below = curveRows - 1 - fromTop
    const cells = values.map((value) => {
      // Some load is never drawn as none.
      const filled = Math.max(value > 0 ? 1 : 0, Math.round((8 * curveRows * value) / highest))
      return eighths[Math.min(8, Math.max(0, filled - 8 * below))]
    })
    const label = fromTop === 0 ? top : below === 0 ? '0' : ''
    return `  ${label.padStart(top.length)} │${cells.join('')}`.trimEnd()
  })
  const end = duration(durationMs)
  const indent = ' '.repeat(top.length + 3)
  return [
    title,
    ...rows,
    `${indent}└${'─'.repeat(values.length)}`,
    `${indent} 0s${end.padStart(values.length - 2)}`,
  ].join('\n')
}

function bounds({ connections, inFlightPerWorker, phases }: PlanDocument): string {
  const hosts = connections.map(({ url, share, perWorker }, index) => {
    const most =
      perWorker === null
        ? 'one for each arrival'
        : `up to ${count(perWorker)} per worker, ${share === 'pool' ? 'shared' : 'one for each user'}`
    return [index === 0 ? 'connections' : '', connections.length === 1 ? most : `${most}, to ${url}`]
  })
  const inFlight = phases.some((phase) => phase.kind === 'open')
    ? [['in flight', `up to ${plural(inFlightPerWorker, 'iteration')} per worker`]]
    : []
  return table(['', ''], ['l', 'l'], [...hosts, ...inFlight]).trimStart()
}

function warnings({ warnings }: PlanDocument): string {
  return warnings.map(({ message, hint }) => `warning: ${message}\n         ${hint}`).join('\n')
}

function table(
  heads: readonly string[],
  alignments: readonly ('l' | 'r')[],
  rows: readonly (readonly string[])[],
): string {
  const widths = heads.map((head, column) =>
    Math.max(...[head, ...rows.map((row) => row[column] ?? '')].map((cell) => cell.length)),
  )
  return [heads, ...rows]
    .map((row) =>
      row
        .map((cell, column) => {
          const width = widths[column] ?? 0
          return alignments[column] === 'r' ? cell.padStart(width) : cell.padEnd(width)
        })
        .join('  ')
        .trimEnd(),
    )
    .join('\n')
}
