import cliTruncate from 'cli-truncate'
import stringWidth from 'string-width'
import { clock, count, none, percent, perSecond, plural, time } from '../../core/report/number-format.ts'
import type { Paint } from '../console.ts'
import type { LiveFigures, LiveLatency, LiveView } from './live-view.ts'

const labelWidth = 11
const widestBar = 32
const mostPhases = 4

/** The view, one string a line, none wider than `width` columns: the terminal must not wrap what is drawn over again. */
export function renderLive(view: LiveView, width: number, paint: Paint): string[] {
  const { run } = view
  const head =
    run === null
      ? `${paint.strong(view.name)}  ${view.state}`
      : `${paint.strong(view.name)}  ${view.state}  ${clock(run.elapsedMs / 1000)} of ${clock(run.lengthMs / 1000)}`
  const lines = run === null ? [head] : [head, ...phaseLines(run, width, paint), ...figureLines(run, paint)]
  return lines.map((line) => (width < 2 ? '' : cliTruncate(line, width)))
}

/** The same on one line, for a log. */
export function renderPlain({ name, state, run }: LiveView): string {
  if (run === null) return `${name}: ${state}`
  const phases = run.phases.map(
    (phase) => `${phase.name} ${percent(Math.floor((100 * phase.elapsedMs) / phase.lengthMs) / 100)}`,
  )
  return [
    `${clock(run.elapsedMs / 1000)} of ${clock(run.lengthMs / 1000)}`,
    phases.length === 0 ? state : phases.join(' + '),
    rateText(run),
    ...run.latencies.map((latency) => `${latencyLabel(latency, run)} ${latencyText(latency)}`),
    loadText(run),
    `errors ${errorText(run)}`,
    workersText(run),
    `generator ${generatorText(run)}`,
  ].join(' | ')
}

function phaseLines(run: LiveFigures, width: number, paint: Paint): readonly string[] {
  const shown = run.phases.slice(0, mostPhases)
  const nameWidth = Math.min(24, Math.max(labelWidth - 1, ...shown.map(({ name }) => stringWidth(name))))
  const lines = shown.map(({ name, elapsedMs, lengthMs, recorded }) => {
    const left = `${clock(Math.ceil((lengthMs - elapsedMs) / 1000))} left${recorded ? '' : ', not recorded'}`
    const room = width - nameWidth - left.length - 9
    const bar = progressBar(elapsedMs / lengthMs, Math.min(widestBar, room), paint)
    const done = `${Math.floor((100 * elapsedMs) / lengthMs)} %`.padStart(5)
    return ` ${padded(cliTruncate(name, nameWidth), nameWidth)} ${bar}${done} ${left}`
  })
  const more = run.phases.length - shown.length
  return more > 0 ? [...lines, ` and ${plural(more, 'phase')} more`] : lines
}

/** Filled in eighths of a column. */
function progressBar(fraction: number, columns: number, paint: Paint): string {
  if (columns < 4) return ''
  const eighths = Math.floor(Math.min(1, Math.max(0, fraction)) * columns * 8)
  const rest = ' ▏▎▍▌▋▊▉'.charAt(eighths % 8).trim()
  const filled = '█'.repeat(Math.floor(eighths / 8)) + rest
  return `${paint.good(filled)}${paint.faint('·'.repeat(columns - filled.length))}`
}

function figureLines(run: LiveFigures, paint: Paint): readonly string[] {
  const errors = errorText(run)
  const workers = workersText(run)
  const rows: readonly (readonly [string, string])[] = [
    ['rate', rateText(run)],
    ...run.latencies.map((latency) => [latencyLabel(latency, run), latencyText(latency)] as const),
    ['load', loadText(run)],
    ['errors', run.failed > 0 ? paint.bad(errors) : errors],
    ['workers', run.workersAtWork < run.workers ? paint.bad(workers) : `${run.workers}`],
    ['generator', isBusy(run) ? paint.doubtful(generatorText(run)) : generatorText(run)],
  ]
  return rows.map(([name, text]) => ` ${paint.faint(name.padEnd(labelWidth))}${text}`)
}

function rateText({ openRate, closedRate, requestRate, rateFactor, paused }: LiveFigures): string {
  const parts = [`${perSecond(requestRate)} requests/s`]
  if (rateFactor !== 1) parts.push(`rate × ${rateFactor}`)
  if (paused) parts.push('paused')
  if (closedRate !== null) parts.unshift(`${perSecond(closedRate)}/s by users`)
  if (openRate !== null)
    parts.unshift(`${perSecond(openRate.started)}/s of ${perSecond(openRate.planned)} planned`)
  return parts.join(', ')
}

function latencyLabel({ loop }: LiveLatency, { latencies }: LiveFigures): string {
  return latencies.length > 1 ? `p95 ${loop}` : 'p95'
}

function latencyText({ recentP95Ms, p95Ms }: LiveLatency): string {
  return p95Ms === null ? none : `${time(recentP95Ms)} (10 s), ${time(p95Ms)} (all)`
}

function loadText({ inFlight, users, skipped }: LiveFigures): string {
  const parts = [`${count(inFlight)} in flight`]
  if (users !== null) parts.push(plural(users, 'user'))
  if (skipped > 0) parts.push(`${count(skipped)} skipped`)
  return parts.join(', ')
}

function errorText({ failed, finished, mostFrequentError }: LiveFigures): string {
  if (failed === 0) return '0'
  const most =
    mostFrequentError === null ? '' : `, most ${mostFrequentError.name} (${count(mostFrequentError.count)})`
  return `${count(failed)} (${percent(failed / finished)})${most}`
}

function workersText({ workersAtWork, workers }: LiveFigures): string {
  return workersAtWork === workers
    ? plural(workers, 'worker')
    : `${workersAtWork} of ${plural(workers, 'worker')}, ${workers - workersAtWork} gone`
}

/** Late by the measure of semantics.md, or near the end of its thread. */
function isBusy({ pacerLagP99Ms, busiestCpu }: LiveFigures): boolean {
  return (pacerLagP99Ms ?? 0) > 5 || (busiestCpu ?? 0) > 0.8
}

function generatorText({ pacerLagP99Ms, busiestCpu }: LiveFigures): string {
  const cpu = busiestCpu === null ? '' : `, CPU ${Math.round(100 * busiestCpu)} % of a core`
  return `lag p99 ${time(pacerLagP99Ms)}${cpu}`
}

function padded(text: string, width: number): string {
  return text + ' '.repeat(Math.max(0, width - stringWidth(text)))
}
