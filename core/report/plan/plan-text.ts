import type { RosterEntry, RunPlan } from '../../plan/plan.ts'
import { type PlanDocument, planDocument } from '../../plan/plan-document.ts'
import { count, duration, percent, plural, rate } from '../../plan/plan-format.ts'
import type { PlanFacts } from '../../plan/plan-warning.ts'
import type { RequestCount } from '../../plan/request-count.ts'
import type { LoadTest, OpenPhase, Phase, Step } from '../../spec/load-test.ts'
import { targetPaths, targetsOf } from '../../spec/targets.ts'
import { printable } from '../printable.ts'
import { length, textTable, wrap } from '../text-layout.ts'
import { fitted, type Glyphs, spelt } from './glyphs.ts'
import { loadChart } from './load-chart.ts'
import { share, stepNodes } from './step-words.ts'
import { thinkWords } from './think-words.ts'
import { type TreeNode, treeText } from './tree-text.ts'

export interface PlanTextOptions {
  /** Of the terminal; used between 40 and 120. */
  readonly columns: number
  readonly glyphs: Glyphs
  /** How headings and warnings look; the text says the same without. */
  readonly paint: { strong(text: string): string; doubtful(text: string): string }
}

interface Page extends PlanTextOptions {
  readonly test: LoadTest
  readonly plan: RunPlan
  readonly document: PlanDocument
}

const narrowest = 40
const widest = 120

/** What `breakwater plan` prints. */
export function planText(
  test: LoadTest,
  plan: RunPlan,
  roster: readonly RosterEntry[],
  facts: PlanFacts,
  options: PlanTextOptions,
): string {
  const columns = Math.max(narrowest, Math.min(widest, options.columns))
  const page: Page = { ...options, columns, test, plan, document: planDocument(test, plan, roster, facts) }
  const sections = [
    headline(page),
    loadChart(test, plan, columns, page.glyphs),
    titled(page, 'Phases', phases(page)),
    titled(page, 'Shards', shards(page)),
    titled(page, 'Set-up, once before the load', steps(page, test.setup)),
    ...test.scenarios.map((_, index) => scenario(page, index)),
    titled(page, 'Teardown, once after the load', steps(page, test.teardown)),
    titled(page, 'Data', data(page)),
    titled(page, 'Targets', targets(page)),
    titled(page, 'Objectives', objectives(page)),
    warnings(page),
  ]
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.map((line) => line.trimEnd()).join('\n'))
    .join('\n\n')}\n`
}

function titled({ paint }: Page, title: string, lines: readonly string[]): readonly string[] {
  return lines.length === 0 ? [] : [paint.strong(title), ...lines]
}

function headline({ document, columns, glyphs, paint }: Page): readonly string[] {
  const { name, planned, peakRate, durationMs, drainMs, workers, phases } = document
  const open = phases.some((phase) => phase.kind === 'open')
  const facts = [
    ...(open ? [`${plural(planned, 'arrival')}, up to ${rate(peakRate)}`] : []),
    requestWords(document.requests),
    `${duration(durationMs)} plus up to ${duration(drainMs)} of drain`,
    plural(workers.length, 'worker'),
  ]
  return [paint.strong(fitted(printable(name), columns, glyphs)), ...wrap(facts.join(', '), columns)]
}

/** 3,000 requests; about 4,200 requests; 3,000 to 9,000 requests; at least 3,000 requests */
function requestWords({ least, most, expected }: RequestCount): string {
  if (most === least) return plural(least, 'request')
  if (expected !== null) return `about ${plural(Math.round(expected), 'request')}`
  if (most !== null) return `${count(least)} to ${plural(most, 'request')}`
  return least === 0 ? 'as many requests as the target allows' : `at least ${plural(least, 'request')}`
}

function phases(page: Page): readonly string[] {
  const { test, document, columns, glyphs } = page
  const rows = document.phases.map((phase, index) => {
    const { iterations } = phase
    const many = iterations.most === null ? '' : iterations.least === iterations.most ? '' : '≤ '
    return {
      name: printable(phase.name),
      when: [duration(phase.startMs), duration(phase.durationMs)],
      load: loadOf(test.load[index] as Phase),
      iterations: iterations.most === null ? '–' : `${many}${count(iterations.most)}`,
      notes: [...(phase.recorded ? [] : ['not recorded']), ...mixOf(test, index)],
    }
  })
  const heads = ['phase', 'starts', 'lasts', 'load', 'iterations']
  const cells = rows.map(({ name, when, load, iterations }) => [name, ...when, load, iterations])
  const isWide = [heads, ...cells][0] !== undefined && tableWidth([heads, ...cells]) <= columns
  if (isWide) {
    const table = textTable(
      heads.map((head, at) => ({ head, align: at === 0 || at === 3 ? 'left' : 'right' })),
      cells,
      columns,
    )
    return table
      .flatMap((line, at) => [line, ...(rows[at - 1]?.notes ?? []).flatMap((note) => indented(note, page))])
      .map((line) => spelt(line, glyphs))
  }
  return rows.flatMap(({ name, when, load, iterations, notes }) => [
    fitted(name, columns, glyphs),
    ...[
      `at ${when[0]} for ${when[1]}`,
      load,
      ...(iterations === '–' ? [] : [`${iterations} iterations`]),
      ...notes,
    ].flatMap((fact) => indented(fact, page)),
  ])
}

function indented(text: string, { columns, glyphs }: Page): readonly string[] {
  return wrap(spelt(text, glyphs), columns - 2).map((line) => `  ${line}`)
}

function tableWidth(rows: readonly (readonly string[])[]): number {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => length(row[at] ?? ''))))
  return widths.reduce((sum, one) => sum + one + 2, -2)
}

function mixOf({ load, scenarios }: LoadTest, index: number): readonly string[] {
  const mix = load[index]?.mix
  if (mix === null || mix === undefined) return []
  const sum = Object.values(mix).reduce((total, weight) => total + weight, 0)
  const shares = scenarios.flatMap(({ name }) => {
    const weight = Object.hasOwn(mix, name) ? (mix[name] ?? 0) : 0
    return weight === 0 ? [] : `${printable(name)} ${share(weight / sum)}`
  })
  return [`of ${shares.join(', ')}`]
}

function loadOf(phase: Phase): string {
  if (phase.loop === 'open') return `${rateOf(phase)}${phase.arrivals === 'poisson' ? ', Poisson' : ''}`
  const { from, to, overMs } = phase.users
  const users =
    overMs === 0 || from === to
      ? plural(to, 'user')
      : `${count(from)} → ${count(to)} users over ${duration(overMs)}`
  const pace = phase.paceMs === null ? '' : `, each every ${duration(phase.paceMs)}`
  return `${users}${pace}`
}

function rateOf({ rate: shape }: OpenPhase): string {
  if (shape.kind === 'sine') {
    return `sine ${count(shape.mean)} ± ${rate(shape.amplitude)}, period ${duration(shape.periodMs)}`
  }
  const rates = shape.points.map((point) => point.perSecond)
  const lowest = rate(rates.reduce((least, one) => Math.min(least, one), Number.POSITIVE_INFINITY))
  const highest = rate(rates.reduce((most, one) => Math.max(most, one), 0))
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

/** One column a worker while they fit on a line; else how far the shards are apart. */
function shards({ document: { workers, phases }, columns }: Page): readonly string[] {
  if (workers.length === 1) return []
  const names = phases.map(({ name, kind }) => `${printable(name)}${kind === 'open' ? '' : ' (users)'}`)
  const total = workers.reduce((sum, worker) => sum + worker.weight, 0)
  const heads = ['phase', ...workers.map((worker) => printable(worker.id))]
  const rows = [
    ...phases.map((phase, index) => [names[index] ?? '', ...phase.shards.map(count)]),
    ['share', ...workers.map((worker) => percent(worker.weight / total))],
  ]
  const right = (head: string, at: number) => ({
    head,
    align: at === 0 ? ('left' as const) : ('right' as const),
  })
  if (tableWidth([heads, ...rows]) <= columns) return textTable(heads.map(right), rows, columns)
  const extremes = phases.map(({ shards }, index) => [
    names[index] ?? '',
    count(Math.min(...shards)),
    count(Math.max(...shards)),
  ])
  return textTable(['phase', 'smallest', 'largest'].map(right), extremes, columns)
}

function steps({ columns, glyphs }: Page, list: readonly Step[]): readonly string[] {
  return treeText(stepNodes(list), columns, glyphs)
}

function scenario(page: Page, index: number): readonly string[] {
  const { test, document, columns, glyphs, paint } = page
  const { name, onStart, think, steps } = test.scenarios[index] as LoadTest['scenarios'][number]
  const planned = document.scenarios[index] as PlanDocument['scenarios'][number]
  const facts = [
    ...(test.scenarios.length === 1
      ? []
      : [planned.share === 0 ? 'only where a phase names it' : share(planned.share)]),
    `${requestWords(planned.requests)} an iteration`,
    ...(think === null ? [] : [`think ${thinkWords(think)} between the steps`]),
  ]
  const nodes: readonly TreeNode[] = [
    ...(onStart.length === 0 ? [] : [{ text: 'once per user', children: stepNodes(onStart) }]),
    ...stepNodes(steps),
  ]
  const title = fitted(`Scenario ${printable(name)}`, columns, glyphs)
  return [
    paint.strong(title),
    ...wrap(spelt(facts.join(', '), glyphs), columns),
    ...treeText(nodes, columns, glyphs),
  ]
}

function data(page: Page): readonly string[] {
  return page.document.data.flatMap(({ name, rows, file, pick, onEnd }) => {
    const end = {
      stop: 'then the phase stops',
      recycle: 'then from the start again',
      error: 'then the run ends',
    }
    const from = file === null ? '' : ` from ${file}`
    const facts =
      rows !== null
        ? `${plural(rows, 'row')}${from}, ${pick}${pick === 'unique' ? `, ${end[onEnd]}` : ''}`
        : `no template reads it${from}`
    return entry(page, printable(name), printable(facts))
  })
}

function targets(page: Page): readonly string[] {
  const { test, document } = page
  const names = targetPaths(test)
  const hosts = targetsOf(test).flatMap((target, index) =>
    entry(
      page,
      index === 0 ? 'target' : (names[index]?.replace(/^targets\.?/, '') ?? ''),
      printable(target.url),
    ),
  )
  const connections = document.connections.flatMap(({ url, share, perWorker }) => {
    const most =
      perWorker === null
        ? `one for each ${share === 'stream' ? 'stream' : 'arrival'}`
        : `up to ${count(perWorker)} per worker, ${shareWords[share]}`
    return entry(
      page,
      'connections',
      document.connections.length === 1 ? most : `${most}, to ${printable(url)}`,
    )
  })
  const inFlight = document.phases.some((phase) => phase.kind === 'open')
    ? entry(page, 'in flight', `up to ${plural(document.inFlightPerWorker, 'iteration')} per worker`)
    : []
  return [...hosts, ...connections, ...inFlight]
}

function objectives(page: Page): readonly string[] {
  return page.test.objectives.flatMap(({ that, overMs, abort }) => {
    const facts = [...(overMs === null ? [] : [`over ${duration(overMs)}`]), ...(abort ? ['aborts'] : [])]
    return indented(`${printable(that)}${facts.length === 0 ? '' : `  (${facts.join(', ')})`}`, page)
  })
}

const shareWords = { pool: 'shared', user: 'one for each user', stream: 'one for each stream' } as const

const labelWidth = 13

/** A label and what it is, in lines of the page's width. */
function entry({ columns, glyphs }: Page, label: string, text: string): readonly string[] {
  const room = columns - labelWidth - 2
  const [first = '', ...more] = wrap(spelt(text, glyphs), room)
  return [
    `  ${fitted(label, labelWidth - 1, glyphs).padEnd(labelWidth)}${first}`,
    ...more.map((line) => `  ${' '.repeat(labelWidth)}${line}`),
  ]
}

function warnings({ document, columns, glyphs, paint }: Page): readonly string[] {
  const lead = 'warning: '
  return document.warnings.flatMap(({ message, hint }) => {
    const lines = [message, hint].flatMap((text) =>
      wrap(spelt(printable(text), glyphs), columns - lead.length),
    )
    return lines.map((line, at) => (at === 0 ? paint.doubtful(lead) : ' '.repeat(lead.length)) + line)
  })
}
