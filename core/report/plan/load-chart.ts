import { peaksOver } from '../../plan/peak-rate.ts'
import type { PlannedPhase, RunPlan } from '../../plan/plan.ts'
import { count, duration } from '../../plan/plan-format.ts'
import { usersAt } from '../../schedule/users.ts'
import type { LoadTest } from '../../spec/load-test.ts'
import { printable } from '../printable.ts'
import { length } from '../text-layout.ts'
import { fitted, type Glyphs } from './glyphs.ts'
import { niceScale, niceTimes } from './nice-scale.ts'

const mostColumns = 100
const fewestColumns = 10

/**
 * The load over time, with phases in lanes beneath, all on one time axis. A column shows the most there is within it, so that a burst shorter than a
 * column is seen. Empty where nothing is planned.
 *
 *     arrivals per second
 *       20 ┤      ▃▆█
 *          │   ▃▆████
 *       10 ┤▃▆███████
 *          │█████████
 *        0 └┬────┬───
 *     ramp │█████
 *     peak │     ████
 *          └┬────┬───
 *           0s   10s
 */
export function loadChart(test: LoadTest, plan: RunPlan, width: number, glyphs: Glyphs): readonly string[] {
  const { endAt, phases } = plan
  if (endAt === 0) return []
  const most = (values: readonly number[]) => values.reduce((highest, value) => Math.max(highest, value), 0)
  const names = phases.map(({ name }) => printable(name))
  const highest = [most(peaksOver(test, phases, endAt, 1)), most(phases.map(({ peakUsers }) => peakUsers))]
  const scales = [niceScale(highest[0] ?? 0, false), niceScale(highest[1] ?? 0, true)]
  const labels = scales.flatMap(({ ticks }) => ticks.map(axisLabel))
  const lanes = phases.length > 1 ? names : []
  const mostGutter = Math.max(6, Math.floor(width / 4))
  const gutter = most([...labels.map(length), ...lanes.map((name) => Math.min(length(name), mostGutter))]) + 1
  const columns = Math.max(fewestColumns, Math.min(mostColumns, width - gutter - 1))
  const times = niceTimes(endAt / 1000, columns)
  const axis = timeAxis(times, gutter, columns, glyphs)
  const panels = [
    panel('arrivals per second', peaksOver(test, phases, endAt, columns), scales[0], gutter, glyphs, axis),
    panel('users', mostUsers(test, plan, columns), scales[1], gutter, glyphs, axis),
  ].flat()
  if (lanes.length > 0) {
    panels.push(
      laneTitle(phases, glyphs),
      ...phases.map((phase, index) => lane(phase, names[index] ?? '', endAt, gutter, columns, glyphs)),
    )
    panels.push(axis.line(''))
  }
  return panels.length === 0 ? [] : [...panels, axis.labels]
}

function panel(
  title: string,
  values: readonly number[],
  scale: ReturnType<typeof niceScale> | undefined,
  gutter: number,
  glyphs: Glyphs,
  axis: TimeAxis,
): readonly string[] {
  if (scale === undefined || scale.top === 0) return []
  const { ticks, rows, top } = scale
  const { levels } = glyphs
  const levelsInCell = levels.length - 1
  const perTick = rows / (ticks.length - 1)
  const lines = Array.from({ length: rows }, (_, fromTop) => {
    const below = rows - 1 - fromTop
    const cells = values.map((value) => {
      // Some load is never drawn as none.
      const filled = Math.max(value > 0 ? 1 : 0, Math.round((levelsInCell * rows * value) / top))
      return levels[Math.min(levelsInCell, Math.max(0, filled - levelsInCell * below))]
    })
    const isTick = (below + 1) % perTick === 0
    const label = isTick ? axisLabel(ticks[(below + 1) / perTick] ?? 0) : ''
    const line = isTick ? glyphs.axis.mark : glyphs.axis.up
    return `${label.padStart(gutter - 1)} ${line}${cells.join('')}`.trimEnd()
  })
  return [title, ...lines, axis.line('0')]
}

/** Most users at once within each column. */
function mostUsers(test: LoadTest, { phases, endAt }: RunPlan, columns: number): readonly number[] {
  const closed = phases.flatMap((planned) => {
    const phase = test.load[planned.index]
    return phase?.loop === 'closed' ? [{ phase, startAt: planned.startAt, endAt: planned.endAt }] : []
  })
  const instants = closed.flatMap(({ phase, startAt, endAt }) => [
    startAt,
    startAt + phase.users.overMs * 1000,
    endAt,
  ])
  const sumAt = (at: number) =>
    closed.reduce((sum, { phase, startAt }) => sum + usersAt(phase, (at - startAt) / 1000), 0)
  return Array.from({ length: columns }, (_, column) => {
    const from = (column * endAt) / columns
    const to = ((column + 1) * endAt) / columns
    const within = instants.filter((at) => at > from && at < to)
    return Math.max(...[from, to - 1, ...within.flatMap((at) => [at - 1, at])].map(sumAt))
  })
}

/** What the fillings mean, where there is more than one. */
function laneTitle(phases: readonly PlannedPhase[], { lanes }: Glyphs): string {
  const kinds = new Set(
    phases.map(({ recorded, loop }) => (!recorded ? 'unrecorded' : loop === 'open' ? 'rate' : 'users')),
  )
  if (kinds.size < 2) return 'phases'
  const legend = (['rate', 'users', 'unrecorded'] as const).filter((kind) => kinds.has(kind))
  return `phases  ${legend.map((kind) => `${lanes[kind]} ${kind}`).join('  ')}`
}

function lane(
  { startAt, endAt: phaseEnd, recorded, loop }: PlannedPhase,
  name: string,
  endAt: number,
  gutter: number,
  columns: number,
  glyphs: Glyphs,
): string {
  const { lanes, axis } = glyphs
  const from = Math.min(columns - 1, Math.round((startAt / endAt) * columns))
  const to = Math.max(from + 1, Math.round((phaseEnd / endAt) * columns))
  const fill = !recorded ? lanes.unrecorded : loop === 'open' ? lanes.rate : lanes.users
  const label = fitted(name, gutter - 1, glyphs).padStart(gutter - 1)
  return `${label} ${axis.up}${' '.repeat(from)}${fill.repeat(to - from)}`
}

interface TimeAxis {
  line(label: string): string
  readonly labels: string
}

function timeAxis(
  { ticks, endMs }: ReturnType<typeof niceTimes>,
  gutter: number,
  columns: number,
  { axis }: Glyphs,
): TimeAxis {
  const columnOf = (ms: number) => Math.round((ms / endMs) * columns)
  const at = new Set(ticks.map(columnOf))
  const cells = Array.from({ length: columns }, (_, column) => (at.has(column) ? axis.tick : axis.along))
  let labels = ' '.repeat(gutter + 1)
  for (const ms of ticks) {
    const label = duration(ms)
    const column = gutter + 1 + columnOf(ms)
    if (column + label.length <= gutter + 1 + columns) labels = labels.padEnd(column) + label
  }
  const end = duration(endMs)
  const room = gutter + 1 + columns - end.length
  if (!labels.endsWith(` ${end}`) && room >= labels.length + 2) labels = labels.padEnd(room) + end
  return { line: (label) => `${label.padStart(gutter - 1)} ${axis.corner}${cells.join('')}`, labels }
}

/** 0.05, 2.5, 1,000 */
function axisLabel(value: number): string {
  const [whole = '', fraction] = `${Number(value.toPrecision(6))}`.split('.')
  return fraction === undefined ? count(Number(whole)) : `${count(Number(whole))}.${fraction}`
}
