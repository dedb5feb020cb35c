import { intendedStart } from './intended-start.ts'
import { count, instant, longTime, percent, perSecond, plural, time } from './number-format.ts'
import { objectiveView } from './objective-view.ts'
import { printable } from './printable.ts'
import { promises } from './promises.ts'
import type { MetricRow, ObjectiveResult, ResultDocument, Verdict } from './result.ts'
import { steeringText } from './steering-text.ts'

const verdictMarks: Readonly<Record<Verdict, string>> = {
  pass: '✅ Pass',
  fail: '❌ Fail',
  inconclusive: '❔ Inconclusive',
}

const resultMarks: Readonly<Record<ObjectiveResult['result'], string>> = {
  pass: '✅ pass',
  fail: '❌ fail',
  unknown: '❔ unknown',
}

/** Rows of the step table: a comment has 65,536 characters, and nobody reads so far. */
const mostSteps = 20

/** `report.md`: fits a comment of a pull request. */
export function markdownReport(document: ResultDocument): string {
  const parts = [
    `## ${verdictMarks[document.verdict]} · ${escapeMarkdown(document.name)}`,
    reasons(document),
    objectives(document),
    ledger(document),
    steering(document),
    keyMetrics(document),
    steps(document),
    errors(document),
    reliance(document),
    reproduce(document),
  ]
  return `${parts.filter((part) => part !== '').join('\n\n')}\n`
}

function reasons({ reasons: [headline, ...others] }: ResultDocument): string {
  const rest = others.map((reason) => `- ${escapeMarkdown(reason)}`).join('\n')
  return `**${escapeMarkdown(headline ?? '')}**${rest === '' ? '' : `\n\n${rest}`}`
}

function objectives(document: ResultDocument): string {
  if (document.objectives.length === 0) return 'No objectives: nothing was judged but the run itself.'
  const views = document.objectives.map(objectiveView)
  const ranged = views.some((view) => view.range !== null)
  return table(
    ['Objective', 'Result', 'Actual', 'Limit', ...(ranged ? ['Best … worst case'] : []), 'Distance'],
    ['l', 'l', 'r', 'r', ...(ranged ? (['r'] as const) : []), 'l'],
    views.map((view) => [
      code(view.that) + (view.implied ? ' (implied)' : ''),
      resultMarks[view.result],
      view.actual,
      view.limit,
      ...(ranged ? [view.range ?? ''] : []),
      view.distance,
    ]),
  )
}

function ledger({ ledger: of, requests }: ResultDocument): string {
  const balance = of.balanced ? 'balanced' : '**does not balance**'
  return `**Ledger** (${balance}): ${count(of.planned)} planned = ${count(of.started)} started + ${count(of.skipped)} skipped + ${count(of.lost)} lost + ${count(of.unstarted)} unstarted. **Requests**: ${count(requests.attempted)} attempted, ${count(requests.ok)} good, ${count(requests.failed)} failed, ${count(requests.interrupted)} interrupted, ${count(requests.sent)} sent.`
}

function steering(document: ResultDocument): string {
  const text = steeringText(document)
  return text === null ? '' : `**Steered**: ${text}`
}

const metricHeads = ['Requests', 'Rate', 'Failed', 'p50', 'p95', 'p99', 'max', 'p95 good', 'p95 service']

function metricCells(row: MetricRow): readonly string[] {
  return [
    count(row.count),
    `${perSecond(row.rate)}/s`,
    row.errors === 0 ? '0' : `${count(row.errors)} (${percent(row.errorRate)})`,
    time(row.responseMs.p50),
    time(row.responseMs.p95),
    time(row.responseMs.p99),
    time(row.responseMs.max),
    time(row.responseOkMs.p95),
    time(row.serviceMs.p95),
  ]
}

function keyMetrics({ metrics }: ResultDocument): string {
  const totals = metrics.filter((row) => row.scope === 'total')
  const phases = metrics.filter((row) => row.scope === 'phase')
  const rows = [
    ...totals.map((row) => [
      totals.length > 1 ? `all ${row.loop} phases` : 'all phases',
      ...metricCells(row),
    ]),
    ...(phases.length > 1 ? phases.map((row) => [code(row.phase ?? ''), ...metricCells(row)]) : []),
  ]
  const figures = table(['', ...metricHeads], ['l', ...metricHeads.map(() => 'r' as const)], rows)
  return totals.some((row) => row.loop === 'closed')
    ? `${figures}\n\nResponse times count ${intendedStart({ metrics })}.`
    : figures
}

function steps({ metrics }: ResultDocument): string {
  const rows = metrics.filter((row) => row.scope === 'step' && row.phase === null)
  if (rows.length < 2) return ''
  const shown = rows.slice(0, mostSteps)
  const more =
    rows.length > shown.length
      ? `\n\n${plural(rows.length - shown.length, 'more step')} in the full report.`
      : ''
  const loops = new Set(rows.map((row) => row.loop)).size
  return `<details><summary>${plural(rows.length, 'step')}</summary>\n\n${table(
    ['Step', ...metricHeads],
    ['l', ...metricHeads.map(() => 'r' as const)],
    shown.map((row) => [
      `${code(`${row.scenario}/${row.step}`)}${loops > 1 ? ` ${row.loop}` : ''}`,
      ...metricCells(row),
    ]),
  )}${more}\n\n</details>`
}

function errors({ requests }: ResultDocument): string {
  const kinds = Object.entries(requests.errors).toSorted(([, a], [, b]) => b - a)
  if (kinds.length === 0) return ''
  return `**Errors**: ${kinds.map(([name, times]) => `${code(name)} ${count(times)}`).join(', ')}`
}

function reliance(document: ResultDocument): string {
  const lines = promises(document).map(
    ({ name, kept, sentence }) => `- ${kept ? '✅' : '❔'} **${name}**: ${escapeMarkdown(sentence)}`,
  )
  const warnings = document.warnings.map((warning) => `- ⚠️ ${escapeMarkdown(warning)}`)
  return [...lines, ...warnings].join('\n')
}

function reproduce({
  reproduce: commands,
  run,
  seed,
  startedAt,
  endedAt,
  workers,
  environment,
}: ResultDocument): string {
  const urls = [...new Set([environment.target, ...Object.values(environment.targets ?? {})])]
  const targets = `${urls.length === 1 ? 'target' : 'targets'} ${urls.map(code).join(', ')}`
  const lasted = longTime((Date.parse(endedAt) - Date.parse(startedAt)) / 1000)
  const text = commands.join('\n')
  const fence = '`'.repeat(Math.max(3, longestTicks(text) + 1))
  return `<details><summary>Run it again</summary>\n\n${fence}sh\n${text}\n${fence}\n\nRun ${code(run)}, seed ${seed}, ${instant(startedAt)}, ${lasted}, ${plural(workers.length, 'worker')}, Breakwater ${environment.breakwater} on Node ${environment.node}, ${targets}.\n\n</details>`
}

function table(
  heads: readonly string[],
  alignments: readonly ('l' | 'r')[],
  rows: readonly (readonly string[])[],
): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [
    line(heads),
    line(alignments.map((side) => (side === 'r' ? '--:' : ':--'))),
    ...rows.map(line),
  ].join('\n')
}

/** A name as code: nothing in it is markup, a mention or the end of a table's cell. */
function code(text: string): string {
  const flat = oneLine(text).replaceAll('|', '\\|')
  if (flat === '') return '` `'
  const fence = '`'.repeat(longestTicks(flat) + 1)
  const pad = flat.startsWith('`') || flat.endsWith('`') ? ' ' : ''
  return `${fence}${pad}${flat}${pad}${fence}`
}

function oneLine(text: string): string {
  return printable(text.replaceAll(/\s+/g, ' ').trim())
}

function longestTicks(text: string): number {
  return [...text.matchAll(/`+/g)].reduce((longest, [ticks]) => Math.max(longest, ticks.length), 0)
}

/** A sentence as it stands: markup characters lose their meaning, an @ its mention. */
function escapeMarkdown(text: string): string {
  return oneLine(text)
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll(/[\\`*_[\]|#~]/g, (character) => `\\${character}`)
    .replaceAll(/(?<!\w)@/g, '@\u200b')
}
