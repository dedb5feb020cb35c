import { markdownTable } from '../markdown.ts'
import { type Sample, samplesOf } from '../race.ts'
import { sectionText } from '../section.ts'
import { spreadText } from '../statistics.ts'
import { type PacingFigures, sendLagKeys } from './pacing-bench.ts'

export function pacingSection({
  wish: { rate, seconds, rounds },
  samples,
  schedules,
}: PacingFigures): string {
  return sectionText({
    title: 'Pacing',
    what: `\`get: /\` of a static answer by nginx at ${rate.toLocaleString('en-US')}/s on one core, ${seconds} s each, rounds by turns: ${rounds}. Pacer lag is what the engine was late to send, send lag that and the wait for a connection, both of every arrival, as result.json has them; CPU time is of the whole run. Below, how send lag is distributed, and the schedule alone: the arrivals of one of four threads, as the engine asks for them.`,
    samples,
    versions: [],
    missing: [],
    tables: [pacingTable(samples), sendLagTable(samples), scheduleTable(schedules)],
  })
}

export function scheduleTable(schedules: PacingFigures['schedules']): string {
  const rows = Object.entries(schedules).map(([shape, perSecond]) => [
    shape,
    spreadText(
      perSecond.map((figure) => figure / 1e6),
      1,
    ),
  ])
  return markdownTable([['schedule', 'million arrivals per CPU second'], ...rows])
}

/** How late arrivals were sent: the share of them that was so late at most, ms. */
export function sendLagTable(samples: readonly Sample[]): string {
  const modes = [...new Set(samples.map(({ contender }) => contender))]
  const rows = modes.map((mode) => [
    mode,
    ...sendLagKeys.map((key) =>
      spreadText(
        samplesOf(samples, mode).map(({ extra }) => extra[`send ${key}`] ?? Number.NaN),
        2,
      ),
    ),
  ])
  const shares = sendLagKeys.map((key) => key.replace('p999', 'p99.9').replace('max', 'at most'))
  return markdownTable([['send lag (ms)', ...shares], ...rows])
}

export function pacingTable(samples: readonly Sample[]): string {
  const modes = [...new Set(samples.map(({ contender }) => contender))]
  const rows = modes.map((mode) => {
    const own = samplesOf(samples, mode)
    const column = (name: string, digits: number) =>
      spreadText(
        own.map(({ extra }) => extra[name] ?? Number.NaN),
        digits,
      )
    return [
      mode,
      ...['pacerP50', 'pacerP99', 'send p50', 'send p99'].map((name) => column(name, 2)),
      spreadText(
        own.map(({ cpuS }) => cpuS),
        2,
      ),
      spreadText(own.map(({ extra }) => 100 * (extra.workerCpu ?? Number.NaN))),
      column('planned', 0),
      spreadText(own.map(({ ok }) => ok)),
      column('notStarted', 0),
    ]
  })
  const lags = ['pacer lag p50 (ms)', 'p99', 'send lag p50 (ms)', 'p99']
  return markdownTable([
    ['pace', ...lags, 'CPU seconds', 'worker CPU (%)', 'planned', 'good', 'not started'],
    ...rows,
  ])
}
