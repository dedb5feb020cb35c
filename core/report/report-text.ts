import { count, longTime, milliseconds, percent, perSecond, plural } from './number-format.ts'
import { objectiveView } from './objective-view.ts'
import { printable } from './printable.ts'
import type { MetricRow, ObjectiveResult, ResultDocument, Verdict } from './result.ts'
import { steeringText } from './steering-text.ts'
import { type TextColumn, textTable, wrap } from './text-layout.ts'

export interface TextOptions {
  /** Of the terminal; used between 60 and 120. */
  readonly columns: number
  /** ANSI colours; without them the text says the same. */
  readonly colour: boolean
  /** Where the report lies; null: none was written. */
  readonly reportPath: string | null
}

const narrowest = 60
const widest = 120
const indent = '  '
const labelWidth = 10
/** Rows of the table of steps; the report has them all. */
const mostSteps = 24

/** What `run` prints at its end: verdict, objectives, ledger, steps, errors, and where the report is. */
export function textReport(document: ResultDocument, options: TextOptions): string {
  const width = Math.max(narrowest, Math.min(widest, options.columns)) - indent.length
  const paint = options.colour ? coloured : plain
  const sections = [
    heading(document, width, paint),
    objectives(document, width, paint),
    accounts(document, width, paint),
    stepTable(document, width),
    errors(document, width, paint),
    warnings(document, width, paint),
    options.reportPath === null ? [] : [`${'Report'.padEnd(labelWidth)}${printable(options.reportPath)}`],
  ]
  const lines = sections
    .filter((section) => section.length > 0)
    .map((section) => section.map((line) => `${indent}${line}`.trimEnd()).join('\n'))
  return `\n${lines.join('\n\n')}\n`
}

type Tone = 'good' | 'bad' | 'doubtful' | 'quiet' | 'strong'
type Paint = (text: string, tone: Tone) => string

const codes: Readonly<Record<Tone, string>> = {
  good: '32',
  bad: '31',
  doubtful: '33',
  quiet: '2',
  strong: '1',
}

const coloured: Paint = (text, tone) => `\u001b[${codes[tone]}m${text}\u001b[0m`
const plain: Paint = (text) => text

const verdictLook: Readonly<Record<Verdict, readonly [word: string, tone: Tone]>> = {
  pass: ['✓ PASS', 'good'],
  fail: ['✗ FAIL', 'bad'],
  inconclusive: ['? INCONCLUSIVE', 'doubtful'],
}

const resultLook: Readonly<Record<ObjectiveResult['result'], readonly [word: string, tone: Tone]>> = {
  pass: ['✓ pass', 'good'],
  fail: ['✗ fail', 'bad'],
  unknown: ['? unknown', 'doubtful'],
}

function heading(document: ResultDocument, width: number, paint: Paint): readonly string[] {
  const { verdict, reasons, name, startedAt, endedAt, workers, ended } = document
  const [word, tone] = verdictLook[verdict]
  const lasted = longTime((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)
  const facts = [
    printable(name),
    ended === 'finished' ? lasted : `${ended} after ${lasted}`,
    plural(workers.length, 'worker'),
    `run ${document.run}`,
  ].join(' · ')
  const [headline = '', ...others] = reasons.map(printable)
  const [first = '', ...more] = wrap(`${word}  ${facts}`, width)
  return [
    paint(word, tone) + first.slice(word.length),
    ...more,
    ...wrap(headline, width).map((line) => paint(line, 'strong')),
    ...others.flatMap((reason) => wrap(`- ${reason}`, width, '  ')),
  ]
}

function objectives(document: ResultDocument, width: number, paint: Paint): readonly string[] {
  if (document.objectives.length === 0) return []
  const views = document.objectives.map(objectiveView)
  const ranged = views.some((view) => view.range !== null)
  const columns: readonly TextColumn[] = [
    { head: 'Objective', align: 'left' },
    { head: 'Result', align: 'left' },
    { head: 'Actual', align: 'right' },
    { head: 'Limit', align: 'right' },
    { head: 'Distance', align: 'left' },
    ...(ranged ? [{ head: 'Best … worst', align: 'left' } as const] : []),
  ]
  const lines = textTable(
    columns,
    views.map((view) => [
      printable(view.that) + (view.implied ? ' (implied)' : ''),
      resultLook[view.result][0],
      view.actual,
      view.limit,
      view.distance,
      ...(ranged ? [view.range ?? ''] : []),
    ]),
    width,
  )
  return lines.map((line, at) => {
    const view = views[at - 1]
    if (view === undefined) return paint(line, 'quiet')
    const [word, tone] = resultLook[view.result]
    return line.replace(word, () => paint(word, tone))
  })
}

function accounts(document: ResultDocument, width: number, paint: Paint): readonly string[] {
  const { ledger, requests } = document
  const steering = steeringText(document)
  const balance = ledger.balanced ? paint('✓ balanced', 'good') : paint('✗ does not balance', 'bad')
  const equation = `${count(ledger.planned)} planned = ${count(ledger.started)} started + ${count(ledger.skipped)} skipped + ${count(ledger.lost)} lost + ${count(ledger.unstarted)} unstarted`
  const sent = `${count(requests.attempted)} attempted = ${count(requests.ok)} good + ${count(requests.failed)} failed + ${count(requests.interrupted)} interrupted; ${count(requests.sent)} sent`
  return [
    ...labelled('Ledger', equation, width),
    ' '.repeat(labelWidth) + balance,
    ...labelled('Requests', sent, width),
    ...(steering === null ? [] : labelled('Steered', steering, width)),
  ]
}

function labelled(label: string, text: string, width: number): readonly string[] {
  const [first = '', ...rest] = wrap(text, width - labelWidth)
  return [label.padEnd(labelWidth) + first, ...rest.map((line) => ' '.repeat(labelWidth) + line)]
}

function stepTable({ metrics }: ResultDocument, width: number): readonly string[] {
  const totals = metrics.filter((row) => row.scope === 'total')
  const rows = metrics.filter(
    (row) =>
      row.phase === null && (row.scope === 'scenario' || row.scope === 'step' || row.scope === 'group'),
  )
  // Where nothing was requested there are no times to show.
  if (totals.every((row) => row.count === 0)) return []
  const apart = totals.length > 1
  const shown = rows.slice(0, mostSteps)
  const columns: readonly TextColumn[] = [
    { head: 'Response times (ms)', align: 'left' },
    ...['requests', 'rate/s', 'failed', 'p50', 'p95', 'p99', 'max', 'good p95', 'service p95'].map(
      (head): TextColumn => ({ head, align: 'right' }),
    ),
  ]
  const lines = textTable(
    columns,
    [
      ...shown.map((row) => [nameOf(row, apart), ...cells(row)]),
      ...totals.map((row) => [nameOf(row, apart), ...cells(row)]),
    ],
    width,
  )
  const more = rows.length - shown.length
  return more > 0 ? [...lines, `… and ${plural(more, 'more row')} in the report`] : lines
}

function nameOf(row: MetricRow, apart: boolean): string {
  const loop = apart ? ` (${row.loop})` : ''
  if (row.scope === 'total') return `all requests${loop}`
  if (row.scope === 'scenario') return `${printable(row.scenario ?? '')}${loop}`
  return row.scope === 'group'
    ? `  group ${printable(row.group ?? '')}${loop}`
    : `  ${printable(row.step ?? '')}${loop}`
}

function cells(row: MetricRow): readonly string[] {
  return [
    count(row.count),
    perSecond(row.rate),
    row.errors === 0 ? '0' : percent(row.errorRate),
    milliseconds(row.responseMs.p50),
    milliseconds(row.responseMs.p95),
    milliseconds(row.responseMs.p99),
    milliseconds(row.responseMs.max),
    milliseconds(row.responseOkMs.p95),
    milliseconds(row.serviceMs.p95),
  ]
}

function errors({ requests }: ResultDocument, width: number, paint: Paint): readonly string[] {
  const kinds = Object.entries(requests.errors).toSorted(([, a], [, b]) => b - a)
  if (kinds.length === 0) return []
  const text = kinds.map(([name, times]) => `${name} ${count(times)}`).join(', ')
  return labelled('Errors', printable(text), width).map((line) => paint(line, 'bad'))
}

function warnings(document: ResultDocument, width: number, paint: Paint): readonly string[] {
  return document.warnings
    .flatMap((warning) => labelled('Warning', printable(warning), width))
    .map((line) => paint(line, 'doubtful'))
}
