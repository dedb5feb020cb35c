import { objectiveView } from '../objective-view.ts'
import type { ObjectiveResult, ResultDocument } from '../result.ts'
import { round } from './chart.ts'
import { html, type Markup } from './markup.ts'
import { badge, section, type TableParts, table } from './parts.ts'

export function objectivesSection({ objectives }: ResultDocument): Markup {
  if (objectives.length === 0) {
    return section({
      id: 'objectives',
      title: 'Objectives',
      content: html`<p>The LoadTest states no objectives, so nothing was judged but the run itself. Add some, such as <code>p95 &lt; 500ms</code>.</p>`,
    })
  }
  const views = objectives.map(objectiveView)
  const ranged = views.some((view) => view.range !== null)
  const columns: TableParts['columns'] = [
    { head: 'Objective' },
    { head: 'Result' },
    { head: 'Actual', numeric: true },
    { head: 'Limit', numeric: true },
    ...(ranged ? [{ head: 'Best … worst case', numeric: true }] : []),
    { head: 'Distance' },
    { head: 'Samples', numeric: true },
  ]
  return section({
    id: 'objectives',
    title: 'Objectives',
    content: table({
      caption: 'Objectives with limit, actual value and distance',
      quiet: true,
      columns,
      rowClass: (row) => `objective ${views[row]?.result ?? ''}`,
      rows: views.map((view, index) => [
        html`<code>${view.that}</code>${view.implied ? html` <span class="note">implied</span>` : null}<p class="why">${view.message}</p>`,
        badge(view.result, view.result),
        view.actual,
        view.limit,
        ...(ranged ? [view.range ?? ''] : []),
        html`${bar(objectives[index] as ObjectiveResult)}<span class="distance">${view.distance}</span>`,
        view.samples,
      ]),
    }),
  })
}

const barWidth = 150
const limitAt = 100

/** The actual as a bar, the limit as a mark at two thirds, best to worst case as a whisker. Beyond one and a half times the limit it is cut off. */
function bar({ actual, best, worst, limit, result }: ObjectiveResult): Markup | null {
  if (actual === null) return null
  const at = (value: number) =>
    limit === 0
      ? value > 0
        ? barWidth
        : 0
      : Math.max(0, Math.min(barWidth, round((value / limit) * limitAt)))
  const mark = limit === 0 ? 1 : limitAt
  const differ = best !== null && worst !== null && best !== worst
  const [low, high] = differ ? [Math.min(best, worst), Math.max(best, worst)] : [0, 0]
  return html`<svg class="bar ${result}" viewBox="0 0 ${barWidth + 4} 18" aria-hidden="true" focusable="false"><rect class="room" x="0" y="5" width="${barWidth}" height="8" rx="2"/><rect class="value" x="0" y="5" width="${at(actual)}" height="8" rx="2"/>${
    at(actual) === barWidth && limit !== 0
      ? html`<path class="cut" d="M${barWidth - 9} 3l-4 12M${barWidth - 5} 3l-4 12"/>`
      : null
  }${differ ? html`<path class="whisker" d="M${at(low)} 9H${at(high)}M${at(low)} 6v6M${at(high)} 6v6"/>` : null}<path class="mark" d="M${mark} 1v16"/></svg>`
}
