import { bytes, count, milliseconds, none, percent, plural, quantity } from '../number-format.ts'
import type { ResultDocument, ValidityResult } from '../result.ts'
import { healthCharts } from './health-chart.ts'
import { html, type Markup } from './markup.ts'
import { badge, list, section, table } from './parts.ts'

/** Whether the measuring instrument itself was sound. */
export function healthSection(document: ResultDocument): Markup {
  const { workers, merge, warnings } = document
  const skews = workers.flatMap((worker) => (worker.startSkewMs === null ? [] : [worker.startSkewMs]))
  const skew = skews.length === 0 ? null : skews.reduce((a, b) => Math.max(a, b))
  return section({
    id: 'health',
    title: 'Generator health',
    intro: `${plural(merge.received, 'snapshot')} of ${count(merge.expected)} were merged${merge.missing > 0 ? `, ${count(merge.missing)} are missing` : ''}${merge.duplicates > 0 ? `; ${count(merge.duplicates)} came twice and counted once` : ''}.${skew === null ? '' : ` The last worker started ${milliseconds(skew)} ms after the start instant.`}`,
    content: html`${warnings.length === 0 ? null : html`<div class="warnings"><h3>Worth knowing</h3>${list(warnings)}</div>`}
${healthCharts(document)}
${table({
  caption:
    workers.length <= mostWorkers
      ? 'Workers'
      : `Workers: of ${count(workers.length)} those that did not drain, and then those with the highest CPU; result.json has all of them`,
  dense: true,
  columns: [
    { head: 'Worker' },
    { head: 'State' },
    { head: 'Threads', numeric: true },
    { head: 'Iterations started', numeric: true },
    { head: 'mean', numeric: true, group: 'CPU, of one core' },
    { head: 'highest', numeric: true, group: 'CPU, of one core' },
    { head: 'pacer lag', numeric: true, group: 'p99 (ms)' },
    { head: 'send lag', numeric: true, group: 'p99 (ms)' },
    { head: 'loop delay', numeric: true, group: 'p99 (ms)' },
    { head: 'Start skew (ms)', numeric: true },
    { head: 'Clock ± (ms)', numeric: true },
    { head: 'Memory', numeric: true },
    { head: 'Snapshots', numeric: true },
  ],
  rows: shownWorkers(workers).map((worker) => [
    html`${worker.id} <span class="note">${worker.host}</span>`,
    html`${badge(worker.state === 'drained' || worker.state === 'left' ? 'pass' : 'fail', worker.state)}${worker.why === null ? null : html`<p class="why">${worker.why}</p>`}`,
    count(worker.threads),
    count(worker.started),
    percent(worker.cpu),
    percent(worker.cpuMax),
    milliseconds(worker.pacerLagP99Ms),
    milliseconds(worker.sendLagP99Ms),
    milliseconds(worker.loopDelayP99Ms),
    milliseconds(worker.startSkewMs),
    milliseconds(worker.clockUncertaintyMs),
    worker.rssMaxBytes === 0 ? none : bytes(worker.rssMaxBytes),
    count(worker.snapshots),
  ]),
})}`,
  })
}

/** A page with more rows is not read. */
const mostWorkers = 100

function shownWorkers(workers: ResultDocument['workers']): ResultDocument['workers'] {
  if (workers.length <= mostWorkers) return workers
  const rank = ({ state, cpuMax }: ResultDocument['workers'][number]) =>
    (state === 'drained' ? 0 : 1000) + (cpuMax ?? 0)
  return workers.toSorted((a, b) => rank(b) - rank(a)).slice(0, mostWorkers)
}

const ruleNames: Readonly<Record<ValidityResult['rule'], string>> = {
  'generator-late': 'The generator was in time',
  'generator-short': 'The generator sent all it should',
  samples: 'There are enough samples',
  'missing-data': 'No data is missing',
  clock: 'The clocks agree',
  health: 'The workers were not overloaded',
}

export function validitySection({ validity }: ResultDocument): Markup | null {
  if (validity.length === 0) return null
  return section({
    id: 'validity',
    title: 'Validity',
    intro: 'What must hold for the figures to speak of the target, and not of the instrument.',
    content: table({
      caption: 'Validity rules',
      quiet: true,
      columns: [
        { head: 'Rule' },
        { head: 'Result' },
        { head: 'Actual', numeric: true },
        { head: 'Limit', numeric: true },
        { head: 'What it means' },
      ],
      rows: validity.map(({ rule, ok, actual, limit, unit, message }) => [
        html`${ruleNames[rule]} <span class="note">${rule}</span>`,
        badge(ok ? 'pass' : 'unknown', ok ? 'holds' : 'in doubt'),
        quantity(actual, unit),
        quantity(limit, unit),
        message,
      ]),
    }),
  })
}
